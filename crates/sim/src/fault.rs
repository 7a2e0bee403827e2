//! Fault injection. Every call, delivery and invocation passes [`Faults::next_action`], which chooses a fault or none.
//!
//! A plan is either a list of faults (the third `CopyDBSnapshot` fails after its effect) or rates with a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::Call;

/// The effect of a fault on a call, delivery or invocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// No fault.
    #[default]
    Pass,
    /// A call fails and has no effect. An invocation fails before the function starts.
    FailBefore,
    /// AWS refuses a call with this error code and status 400, and it has no effect. An invocation fails as with `FailBefore`.
    Refuse(&'static str),
    /// The same with status 500: a failure of AWS with this error code.
    Break(&'static str),
    /// A call has its effect, but its response is an error. A function succeeds, but its invocation counts as failed.
    FailAfter,
    /// A call or an invocation is throttled.
    Throttle,
    /// It takes this much longer. A delayed delivery may arrive after later ones.
    Delay(Duration),
    /// A delivery never arrives. An event is dropped and its function is not invoked.
    Lose,
    /// A delivery arrives twice. A function is invoked twice, and the result of the first invocation is ignored.
    Duplicate,
    /// A database has this status (`failed`, `backing-up`) instead of the one that it enters. If the status passes, the database
    /// then enters the other one. If it does not, all that the database was to go through is cancelled.
    Become(&'static str),
    /// The function that makes the call is killed before the call. Calls from outside a function are not affected.
    Crash,
}

/// A point at which a fault can be injected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A call to this operation.
    Call(String),
    /// The delivery of a message from the topic of this name.
    Delivery(String),
    /// An invocation of the function of this name.
    Invocation(String),
    /// A database of RDS enters the status of this name: `available`.
    Status(String),
}

impl Point {
    pub(crate) fn call(call: &Call) -> Self {
        Self::Call(call.operation.clone())
    }
}

/// The faults to inject.
#[derive(Clone, Debug, Default)]
pub enum Plan {
    /// No faults.
    #[default]
    NoFaults,
    /// These faults.
    List(Vec<Fault>),
    /// Random faults at fixed rates.
    Rates {
        /// The same seed chooses the same faults.
        seed: u64,
        /// The number of faults per thousand calls, deliveries or invocations.
        per_mille: Vec<(PointKind, Action, u32)>,
    },
}

/// Every passage of a point.
pub const EVERY: u32 = 0;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The point of the fault.
    pub at: Point,
    /// Which passage of the point is affected, from 1, or [`EVERY`].
    pub nth: u32,
    /// The effect.
    pub action: Action,
}

/// The kind of an injection point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// Calls.
    Call,
    /// Deliveries.
    Delivery,
    /// Invocations.
    Invocation,
    /// Statuses of databases.
    Status,
}

impl Point {
    fn kind(&self) -> PointKind {
        match self {
            Self::Call(_) => PointKind::Call,
            Self::Delivery(_) => PointKind::Delivery,
            Self::Invocation(_) => PointKind::Invocation,
            Self::Status(_) => PointKind::Status,
        }
    }
}

/// A plan and its progress.
#[derive(Debug)]
pub(crate) struct Faults {
    plan: Plan,
    counts: BTreeMap<Point, u32>,
    rng: fastrand::Rng,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new(Plan::NoFaults)
    }
}

impl Faults {
    pub(crate) fn new(plan: Plan) -> Self {
        let seed = if let Plan::Rates { seed, .. } = plan { seed } else { 0 };
        Self { plan, counts: BTreeMap::new(), rng: fastrand::Rng::with_seed(seed) }
    }

    /// The action for the next passage of this point.
    pub(crate) fn next_action(&mut self, point: &Point) -> Action {
        match &self.plan {
            Plan::NoFaults => Action::Pass,
            Plan::List(faults) => {
                let nth = self.counts.entry(point.clone()).or_default();
                *nth += 1;
                faults
                    .iter()
                    .find(|fault| fault.at == *point && (fault.nth == *nth || fault.nth == EVERY))
                    .map_or(Action::Pass, |fault| fault.action)
            }
            // A plan without faults for statuses chooses the same faults whatever databases do.
            Plan::Rates { per_mille, .. }
                if point.kind() == PointKind::Status
                    && per_mille.iter().all(|(kind, ..)| *kind != PointKind::Status) =>
            {
                Action::Pass
            }
            Plan::Rates { per_mille, .. } => {
                let mut roll = self.rng.u32(..1000);
                for (_, action, rate) in per_mille.iter().filter(|(kind, ..)| *kind == point.kind()) {
                    match roll.checked_sub(*rate) {
                        Some(left) => roll = left,
                        None => return *action,
                    }
                }
                Action::Pass
            }
        }
    }
}
