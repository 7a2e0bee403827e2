//! The function in the DR account that watches over the copies, once a day.
//!
//! It lists all copies page by page into an [`Archive`], which decides. Then it
//! - reports databases whose copies have stopped arriving (invariant 15),
//! - reports complete copies that AWS shows as failed,
//! - deletes expired copies, old failed ones, and those from another region that never end, within limits (invariants 6, 7 and 17).
//!
//! The consumer cannot delete, and the keeper can do nothing but describe and delete. In a dry run it cannot delete either: its role
//! then has no permission for it.
//!
//! A listing is a few minutes old when a copy is deleted, so each copy is looked at again directly before.

mod act;
mod settings;

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use archive::Archive;
use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Function};
use protocol::event::{Event, Keep, Trigger};
use protocol::settings::SettingsError;
use protocol::wait::Answer;
use protocol::{Kind, Snapshot};
use serde_json::Value;

use settings::Settings;

/// The time that is left for the rest of a run when the listing ends at the latest.
const RESERVE: TimeDelta = TimeDelta::seconds(60);

/// The keeper, with its clients and settings.
pub struct Keeper {
    cloud: Cloud,
    settings: Settings,
}

impl Keeper {
    /// Reads the settings.
    ///
    /// # Errors
    /// All settings that are missing or invalid.
    pub fn new(cloud: Cloud, environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        Ok(Self { cloud, settings: Settings::read(environment)? })
    }

    /// All copies of this account, and the number of snapshots that were listed.
    async fn list(&self, deadline: DateTime<Utc>) -> anyhow::Result<(Archive, usize)> {
        let (mut archive, mut snapshots) =
            (Archive::new(self.cloud.here().clone()).with_second(self.settings.second.clone()), 0);
        for kind in Kind::ALL {
            let add = |snapshot: Snapshot| {
                ensure!(
                    self.cloud.now() + RESERVE < deadline,
                    "time is up after listing {snapshots} snapshots; a run has to list all: see doc/performance.md"
                );
                snapshots += 1;
                archive.add(&snapshot);
                Ok(())
            };
            self.cloud.try_for_each(kind, None, add).await?;
        }
        Ok((archive, snapshots))
    }
}

impl Function for Keeper {
    async fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> anyhow::Result<Value> {
        match Event::parse(payload)? {
            Event::Trigger(Trigger::Keep(Keep { limit })) => {
                let (archive, snapshots) = self.list(deadline).await?;
                self.keep(&archive, snapshots, limit, deadline).await?;
                Ok(serde_json::to_value(Answer::Done)?)
            }
            _ => bail!("the keeper handles only its schedule, {{\"keep\":{{…}}}}"),
        }
    }
}
