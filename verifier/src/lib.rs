//! The function in the DR account that proves that copies can be restored.
//!
//! Once an hour, it chooses the copies that are due ([`plan`]). Each becomes a job with a timer, whose looks take it from step to step
//! ([`stage`]):
//!
//! ```text
//! restore the copy ──► have the checker read and check it ──► conclude: report, tag, message ──► tear the database down
//! provision::step      the checker is in the database's network                                   teardown::step
//! ```
//!
//! The database and its tags say how far it is ([`provision`]). What the checker has found so far, and the report, are an object in the
//! stack's bucket ([`record`]): they do not fit into tags. If that object is lost, the database is torn down without a verdict.
//!
//! A verdict is earned (invariant 27): only [`checks::Report`] decides, from queries that were answered. Each database is gone by its
//! deadline, in whatever status it is (invariant 22). The password of the database is read from Secrets Manager for each invocation of the
//! checker, and stored nowhere (invariant 26).

mod act;
pub mod command;
mod configured;
pub mod copies;
mod job;
pub mod plan;
pub mod record;
mod report;
mod run;
mod settings;
pub mod stage;
pub mod verified;

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::{DateTime, Utc};
use cloud::{Cloud, Function};
use protocol::event::{Event, Trigger};
use protocol::settings::SettingsError;
use protocol::wait::Answer;
use serde_json::Value;

use settings::Settings;

/// The verifier, with its clients and settings.
pub struct Verifier {
    cloud: Cloud,
    settings: Settings,
}

impl Verifier {
    /// Reads the settings.
    ///
    /// # Errors
    /// All settings that are missing or invalid.
    pub fn new(cloud: Cloud, environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let settings = Settings::read(environment, cloud.here())?;
        Ok(Self { cloud, settings })
    }
}

impl Function for Verifier {
    async fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> anyhow::Result<Value> {
        let answer = match Event::parse(payload)? {
            Event::Trigger(Trigger::Verify(_)) => {
                self.run(deadline).await?;
                Answer::Done
            }
            Event::Trigger(Trigger::Verifying(verifying)) => self.look(&verifying, deadline).await?,
            _ => bail!(
                "the verifier handles only its schedule and its timer, {{\"verify\":{{}}}} and {{\"verifying\":{{…}}}}"
            ),
        };
        Ok(serde_json::to_value(answer)?)
    }
}
