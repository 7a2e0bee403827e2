//! Counts that are used again. A count of many snapshots takes many calls, and a source account could cause one with each
//! announcement (invariant 11). So each process counts many snapshots only once in some minutes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use protocol::{Kind, Origin};

use super::DrUse;

/// How long a count is used.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// Up to this number of snapshots (three pages), each count is new.
const FEW: usize = 300;

/// The last counts, by kind.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<Kind, (DateTime<Utc>, DrUse)>>);

impl Counts {
    /// The last count, if it is recent.
    pub(crate) fn recent(&self, kind: Kind, now: DateTime<Utc>) -> Option<DrUse> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, dr) = counts.get(&kind)?;
        (now - *counted < LIFETIME).then(|| dr.clone())
    }

    /// Keeps a count that took many calls.
    pub(crate) fn keep(&self, kind: Kind, now: DateTime<Utc>, dr: &DrUse) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if dr.snapshots() > FEW {
            counts.insert(kind, (now, dr.clone()));
        } else {
            counts.remove(&kind);
        }
    }

    /// Adds a copy that was started since.
    pub(crate) fn add_copy(&self, origin: &Origin) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, dr)) = counts.get_mut(&origin.snapshot.kind) {
            dr.add_copy(origin);
        }
    }
}
