//! Quotas: of those that RDS reports, only the ones that are enforced here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::RdsContext;
use super::kind::Kind;
use crate::call::Error;
use crate::world::State;

/// With the names in the API reference (`AccountQuota`).
const NAMES: [(&str, Kind); 2] = [("ManualClusterSnapshots", Kind::Cluster), ("ManualSnapshots", Kind::Instance)];

/// The operation has no parameters.
#[derive(Deserialize)]
pub(super) struct DescribeRequest {}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, _: &DescribeRequest) -> Result<Value, Error> {
    let most = state.settings.snapshot_quota;
    let rds = ctx.rds(state);
    let quotas = NAMES.map(|(name, kind)| {
        let used = rds.family(kind).snapshots.manual_count();
        json!({ "AccountQuotaName": name, "Used": used, "Max": most })
    });
    Ok(json!({ "AccountQuotas": quotas }))
}
