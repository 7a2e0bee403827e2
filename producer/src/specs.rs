//! The spec of a source's database, which is recorded in the tags of the transit copy.
//!
//! A copy without a spec is better than no copy: whatever fails here is reported, and the copy is made.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use cloud::Error;
use cloud::log::step;
use protocol::{Database, Origin, Snapshot, Spec, Tags};
use tracing::warn;

use crate::Producer;

/// How long a spec is not read again: snapshots of one database often come together, most of all in sweeps.
const FRESH: TimeDelta = TimeDelta::minutes(1);

/// The specs that were read a moment ago, by resource ID.
#[derive(Default)]
pub(crate) struct Specs(Mutex<BTreeMap<Box<str>, Read>>);

struct Read {
    at: DateTime<Utc>,
    spec: Spec,
}

impl Specs {
    fn get(&self, resource_id: &str, now: DateTime<Utc>) -> Option<Spec> {
        let mut specs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        specs.retain(|_, read| now - read.at < FRESH);
        specs.get(resource_id).map(|read| read.spec.clone())
    }

    fn set(&self, resource_id: &str, now: DateTime<Utc>, spec: Spec) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(resource_id.into(), Read { at: now, spec });
    }
}

impl Producer {
    /// The tags that record the spec of the source's database, and their state for the log: `complete`, `incomplete` or `none`.
    /// `database` is its description, if the step has it already.
    pub(crate) async fn spec_tags(
        &self,
        origin: &Origin,
        source: &Snapshot,
        database: Option<Database>,
    ) -> (Tags, &'static str) {
        let (spec, failures) = match self.read_spec(source, database).await {
            Ok(Some(read)) => read,
            Ok(None) => {
                warn!(snapshot = %origin.snapshot, step = step::SPEC_MISSING, reason = "database-gone", specs_incomplete = 1,
                    "the database does not exist any more, so its settings are not recorded with the copy");
                return (Tags::default(), "none");
            }
            Err(error) => {
                warn!(snapshot = %origin.snapshot, step = step::SPEC_MISSING, reason = %error, specs_incomplete = 1,
                    "the settings of the database cannot be read, so they are not recorded with the copy");
                return (Tags::default(), "none");
            }
        };
        let (tags, missing) = spec.to_tags();
        let mut reasons: Vec<String> = failures.iter().map(ToString::to_string).collect();
        if !missing.is_empty() {
            reasons.push(format!("no room for {missing}"));
        }
        if reasons.is_empty() {
            return (tags, "complete");
        }
        warn!(snapshot = %origin.snapshot, step = step::SPEC_INCOMPLETE, reason = reasons.join("; "), specs_incomplete = 1,
            "a part of the database's settings is not recorded with the copy");
        (tags, "incomplete")
    }

    /// `None` if the database does not exist, or cannot be known.
    async fn read_spec(
        &self,
        source: &Snapshot,
        database: Option<Database>,
    ) -> Result<Option<(Spec, Vec<Error>)>, Error> {
        let Some(resource_id) = &source.resource_id else { return Ok(None) };
        if let Some(spec) = self.specs.get(resource_id, self.cloud.now()) {
            return Ok(Some((spec, Vec::new())));
        }
        let database = match database {
            Some(database) => Some(database),
            None => self.find_database(source).await?,
        };
        let Some(database) = database else { return Ok(None) };
        let (spec, failures) = self.cloud.read_spec(&database).await;
        if failures.is_empty() {
            self.specs.set(resource_id, self.cloud.now(), spec.clone());
        }
        Ok(Some((spec, failures)))
    }
}
