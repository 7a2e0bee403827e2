//! Automated snapshots: one a day at the beginning of the database's backup window, for as long as it keeps them.

use std::fmt;
use std::ops::Bound;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::find_this_database;
use super::identifiers::Arn;
use super::lifecycle::{remove, take};
use super::snapshots::{Origin, This};
use crate::call::Error;
use crate::world::State;

/// The daily half hour in which a database is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    begins: NaiveTime,
    lasts: TimeDelta,
}

const SHORTEST: TimeDelta = TimeDelta::minutes(30);

impl Window {
    /// Reads `03:05-03:35`.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let window = text.split_once('-').and_then(|(begins, ends)| {
            let (begins, ends) = (time(begins)?, time(ends)?);
            let lasts = ends - begins;
            Some(Self { begins, lasts: if lasts < TimeDelta::zero() { lasts + TimeDelta::days(1) } else { lasts } })
        });
        window.filter(|window| window.lasts >= SHORTEST).ok_or_else(|| {
            let why = format!("Invalid backup window {text}: expected hh24:mi-hh24:mi, at least 30 minutes.");
            Error::new("InvalidParameterValue", why)
        })
    }

    /// AWS chooses half an hour of eight hours of the night when nobody does.
    pub(super) fn any(random: &mut fastrand::Rng) -> Self {
        Self { begins: NaiveTime::MIN + TimeDelta::minutes(random.i64(0..16 * 30)), lasts: SHORTEST }
    }

    fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = now.date_naive().and_time(self.begins).and_utc();
        if today > now { today } else { today + TimeDelta::days(1) }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.begins.format("%H:%M"), (self.begins + self.lasts).format("%H:%M"))
    }
}

/// Backs up a new database from now on. Another of its name has another resource identifier and a schedule of its own.
pub(super) fn schedule(state: &mut State, database: Arn, resource_id: String) {
    let now = state.now;
    let Some(found) = find_this_database(state, &database, &resource_id) else { return };
    let next = found.facts.window.next(now);
    state.agenda.at(next, move |state| {
        back_up(state, &database, &resource_id);
        schedule(state, database, resource_id);
    });
}

fn back_up(state: &mut State, database: &Arn, resource_id: &str) {
    let now = state.now;
    let id = format!("rds:{}-{}", database.id, now.format("%Y-%m-%d-%H-%M"));
    let Some(found) = find_this_database(state, database, resource_id) else { return };
    let (days, tags) = (found.facts.retention_days, found.tags_for_snapshots());
    if days == 0 || found.check_available(database.kind).is_err() {
        return;
    }
    // One that was kept when a database of this name was deleted may have the identifier.
    if state.region_state(&database.account, &database.region).rds.family(database.kind).snapshots.contains(&id) {
        return;
    }
    let Some(this) = take(state, database, &id, Origin::Automated, tags) else { return };
    expire(state, this, now + TimeDelta::days(i64::from(days)));
}

/// Ends a snapshot's retention. One more hour, so that there is never none: the next must have been taken.
fn expire(state: &mut State, this: This, at: DateTime<Utc>) {
    state.agenda.at(at + TimeDelta::hours(1), move |state| {
        remove(state, &this);
    });
}

/// Removes the automated snapshots of a database that goes.
pub(super) fn remove_all(state: &mut State, database: &Arn, resource_id: &str) {
    let family = state.region_state(&database.account, &database.region).rds.family(database.kind);
    let all: Vec<This> = family
        .snapshots
        .of_after(&database.id, Bound::Unbounded)
        .filter(|snapshot| snapshot.origin == Origin::Automated && snapshot.of.resource_id == resource_id)
        .map(|snapshot| snapshot.this.clone())
        .collect();
    for this in all {
        remove(state, &this);
    }
}
