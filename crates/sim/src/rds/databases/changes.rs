//! Changes of databases: a sequence of statuses, each of which lasts for some time.
//!
//! A database has at most one change in progress. Starting another one cancels it, and so does the end of the database. A rename
//! does not: changes refer to a database by its resource identifier.

use std::time::Duration;

use chrono::TimeDelta;

use super::super::volumes;
use super::store::DatabaseUid;
use super::{Class, Database, Status};
use crate::durations::{Bounds, Durations};
use crate::fault::{Action, Point};
use crate::world::State;

/// What happens when a step begins, besides the new status.
pub(in crate::rds) type Effect = Box<dyn FnOnce(&mut State, &DatabaseUid) + Send>;

/// A step of a change.
pub(in crate::rds) struct Step {
    /// `None`: the status stays what it is.
    status: Option<Status>,
    lasts: Lasts,
    effect: Option<Effect>,
}

/// How long a step lasts.
#[derive(Clone, Copy)]
enum Lasts {
    /// As the settings of the world have it.
    Drawn(fn(&Durations) -> Bounds),
    /// Exactly this long.
    Exactly(Duration),
    /// Until the next change.
    Rests,
}

impl Step {
    /// A status that lasts as long as a setting of the world has it.
    pub(in crate::rds) fn lasting(status: Status, bounds: fn(&Durations) -> Bounds) -> Self {
        Self { status: Some(status), lasts: Lasts::Drawn(bounds), effect: None }
    }

    /// The same, with a time that something else determines.
    pub(in crate::rds) fn lasting_exactly(status: Status, duration: Duration) -> Self {
        Self { status: Some(status), lasts: Lasts::Exactly(duration), effect: None }
    }

    /// The time before the first status of a change: AWS has accepted it and has not begun.
    pub(in crate::rds) fn lag() -> Self {
        Self { status: None, lasts: Lasts::Drawn(|durations| durations.lag), effect: None }
    }

    /// The last status of a change.
    pub(in crate::rds) fn resting(status: Status) -> Self {
        Self { status: Some(status), lasts: Lasts::Rests, effect: None }
    }

    /// The end of a change that has no status of its own: the database is gone, or it keeps the status that it has.
    pub(in crate::rds) fn end() -> Self {
        Self { status: None, lasts: Lasts::Rests, effect: None }
    }

    /// Has an effect when the step begins.
    pub(in crate::rds) fn with(self, effect: impl FnOnce(&mut State, &DatabaseUid) + Send + 'static) -> Self {
        Self { effect: Some(Box::new(effect)), ..self }
    }
}

/// Starts a change. The first step begins at once.
pub(in crate::rds) fn start(state: &mut State, database: &DatabaseUid, steps: Vec<Step>) {
    let Some(found) = database.find(state) else { return };
    found.change += 1;
    let number = found.change;
    begin_next(state, database.clone(), number, steps.into_iter());
}

fn begin_next(state: &mut State, database: DatabaseUid, number: u64, mut steps: std::vec::IntoIter<Step>) {
    if database.find(state).is_none_or(|found| found.change != number) {
        return;
    }
    let Some(Step { status, lasts, effect }) = steps.next() else { return };
    let (mut status, mut lasts, mut effect, mut delay) = (status, lasts, effect, Duration::ZERO);
    if let Some(entered) = status {
        match state.faults.next_action(&Point::Status(entered.name().to_owned())) {
            Action::Delay(longer) => delay = longer,
            Action::Become(other) => {
                let other = Status::named(other).unwrap_or(Status::Failed);
                if other.class() == Class::Halted {
                    steps = Vec::new().into_iter();
                    (status, lasts, effect) = (Some(other), Lasts::Rests, None);
                } else {
                    let postponed = Step { status, lasts, effect };
                    steps = [postponed].into_iter().chain(steps).collect::<Vec<_>>().into_iter();
                    (status, lasts, effect) = (Some(other), Lasts::Drawn(|durations| durations.backup), None);
                }
            }
            _ => {}
        }
    }
    let Some(found) = database.find(state) else { return };
    if let Some(status) = status {
        found.status = status;
    }
    found.rests = matches!(lasts, Lasts::Rests);
    let until = match lasts {
        Lasts::Drawn(bounds) => Some(draw(state, &database, bounds)),
        Lasts::Exactly(duration) => TimeDelta::from_std(duration.max(Duration::from_millis(1))).ok(),
        Lasts::Rests => None,
    };
    // The effect may start another change, or remove the database.
    if let Some(effect) = effect {
        effect(state, &database);
    }
    volumes::follow(state, &database);
    if let Some(duration) = until {
        let at = state.now + duration + TimeDelta::from_std(delay).unwrap_or_default();
        state.at_in(&database.region.clone(), at, move |state| begin_next(state, database, number, steps));
    }
}

/// Does something later, unless the database is gone then.
pub(in crate::rds) fn later(
    state: &mut State,
    database: &DatabaseUid,
    bounds: fn(&Durations) -> Bounds,
    effect: impl FnOnce(&mut State, &DatabaseUid) + Send + 'static,
) {
    let at = state.now + draw(state, database, bounds);
    let database = database.clone();
    state.at_in(&database.region.clone(), at, move |state| {
        if database.find(state).is_some() {
            effect(state, &database);
        }
    });
}

/// The next duration of a database. It depends on the seed and on the database alone.
pub(in crate::rds) fn draw(state: &mut State, database: &DatabaseUid, bounds: fn(&Durations) -> Bounds) -> TimeDelta {
    let bounds = bounds(&state.settings.durations);
    TimeDelta::from_std(bounds.draw(number(state, database))).unwrap_or_default()
}

/// The next random number of a database.
pub(super) fn number(state: &mut State, database: &DatabaseUid) -> u64 {
    let nth = database.find(state).map_or(0, Database::next_draw);
    nth_number(state.settings.seed, &database.resource_id, nth)
}

/// A number that depends on the seed and on the database alone.
pub(in crate::rds) fn nth_number(seed: u64, resource_id: &str, nth: u64) -> u64 {
    resource_id.bytes().fold(seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15), |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Database {
    fn next_draw(&mut self) -> u64 {
        self.draws += 1;
        self.draws
    }
}
