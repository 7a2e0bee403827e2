//! Faults: what goes wrong, decided at one seam through which every call, delivery and invocation passes.
//!
//! A plan is a value: a list (the third `CopyDBSnapshot` fails after its effect), or rates with a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::Call;

/// What becomes of something that passes the seam.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing special.
    #[default]
    Pass,
    /// A call fails, and nothing has happened. An invocation fails before the function's first line.
    FailBefore,
    /// A call fails, but it has happened: only the answer was lost. An invocation counts as failed though the function
    /// succeeded.
    FailAfter,
    /// A call or an invocation is refused because there were too many.
    Throttle,
    /// It takes so much longer. A delivery that is late may arrive after ones that were sent later.
    Delay(Duration),
    /// A delivery never arrives; an event is forgotten instead of invoking its function.
    Lose,
    /// A delivery arrives twice, a function is invoked twice; what comes of the first counts for nothing.
    Duplicate,
    /// The function that makes the call dies instead of making it. Calls that no function makes pass.
    Crash,
}

/// What passes the seam.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A call of this operation.
    Call(String),
    /// A message on its way from the topic of this name.
    Delivery(String),
    /// An invocation of the function of this name.
    Invocation(String),
}

impl Point {
    pub(crate) fn call(call: &Call) -> Self {
        Self::Call(call.operation.clone())
    }
}

/// What goes wrong in a world.
#[derive(Clone, Debug, Default)]
pub enum Plan {
    /// Nothing.
    #[default]
    NoFaults,
    /// Just these.
    List(Vec<Fault>),
    /// So many of a thousand, chosen by this seed.
    Rates {
        /// The same seed chooses the same.
        seed: u64,
        /// Of a thousand calls, deliveries and invocations each, how many meet which action.
        per_mille: Vec<(PointKind, Action, u32)>,
    },
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: Point,
    /// The how-manyth to pass there, from 1.
    pub nth: u32,
    /// What becomes of it.
    pub action: Action,
}

/// What kind of thing passes the seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// A call.
    Call,
    /// A delivery.
    Delivery,
    /// An invocation.
    Invocation,
}

impl Point {
    fn kind(&self) -> PointKind {
        match self {
            Self::Call(_) => PointKind::Call,
            Self::Delivery(_) => PointKind::Delivery,
            Self::Invocation(_) => PointKind::Invocation,
        }
    }
}

/// A plan, and how much of it has come to pass.
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

    /// What becomes of the next one at this point.
    pub(crate) fn next_action(&mut self, point: &Point) -> Action {
        match &self.plan {
            Plan::NoFaults => Action::Pass,
            Plan::List(faults) => {
                let nth = self.counts.entry(point.clone()).or_default();
                *nth += 1;
                faults
                    .iter()
                    .find(|fault| fault.at == *point && fault.nth == *nth)
                    .map_or(Action::Pass, |fault| fault.action)
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
