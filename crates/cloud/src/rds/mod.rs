//! RDS has two sets of operations with the same meaning: one for instances, one for clusters. This module maps them to one. Each
//! method matches on the kind once. The rest of Draco does not tell the two apart.
//!
//! Reading order: `snapshots` and `databases`; then, for bringing databases back, `observed` with `spec` (descriptions), `restore` and
//! `changes` with `settings` (requests), and `facts` (what a restore depends on).

mod changes;
mod databases;
mod facts;
mod observed;
mod restore;
mod settings;
mod snapshots;
mod spec;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::Tag;
use chrono::{DateTime, Utc};
use protocol::{Place, Tags};

use crate::error::Failure;
use crate::{Quota, Quotas};

pub(crate) use observed::Which;

/// The maximum page size of RDS.
const PAGE_SIZE: i32 = 100;

/// RDS in one region of an account.
#[derive(Clone, Debug)]
pub(crate) struct Rds {
    client: Client,
    here: Place,
}

impl Rds {
    pub(crate) fn new(client: Client, here: Place) -> Self {
        Self { client, here }
    }

    /// RDS has one operation for all.
    pub(crate) async fn quotas(&self) -> Result<Quotas, Failure> {
        let described = self.client.describe_account_attributes().send().await?;
        let number = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok());
        let of = |name: &str| {
            let quota = described.account_quotas().iter().find(|quota| quota.account_quota_name() == Some(name))?;
            Some(Quota { used: number(quota.used())?, most: number(quota.max())? })
        };
        Ok(Quotas {
            snapshots: of("ManualSnapshots"),
            cluster_snapshots: of("ManualClusterSnapshots"),
            instances: of("DBInstances"),
            clusters: of("DBClusters"),
            gib: of("AllocatedStorage"),
        })
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub(crate) fn time(value: Option<&aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    value.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()))
}

fn tags(list: &[Tag]) -> Tags {
    list.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))).collect()
}
