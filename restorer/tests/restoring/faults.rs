//! Faults at the calls of a job.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use cloud::RDS_ATTEMPTS;
use sim::fault::{Action, Fault, Plan, Point};

use super::*;

/// A call of the job: the n-th of its operation.
#[derive(Clone, Debug)]
pub(crate) struct CallPoint {
    pub(crate) operation: String,
    pub(crate) nth: u32,
    is_error: bool,
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The program stops before the call.
    StopBefore,
    /// The program stops after the effect of the call, before its response.
    StopAfter,
    /// The program stops before the call, and the next step is made an hour later.
    Outage,
    /// The next calls of the operation fail, this many.
    Calls(Action, u32),
}

const TROUBLES: [Trouble; 6] = [
    Trouble::StopBefore,
    Trouble::StopAfter,
    Trouble::Outage,
    Trouble::Calls(Action::FailBefore, RDS_ATTEMPTS),
    Trouble::Calls(Action::FailAfter, RDS_ATTEMPTS),
    Trouble::Calls(Action::Throttle, RDS_ATTEMPTS + 1),
];

/// A delay at which the program stops.
const STOP: Duration = Duration::from_secs(7 * 3600);

/// The next database that enters a status has another one instead.
pub(crate) fn becomes(status: &str, other: &'static str) -> Plan {
    Plan::List(vec![Fault { at: Point::Status(status.to_owned()), nth: 1, action: Action::Become(other) }])
}

/// Whether all cases are to be run. That takes minutes, so the usual run has a sample.
pub(crate) fn is_exhaustive() -> bool {
    std::env::var("RESTORING").is_ok_and(|which| which == "all")
}

impl CallPoint {
    /// A call that AWS refuses has no effect, so nothing can happen after it.
    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        let is_after = |trouble: &Trouble| matches!(trouble, Trouble::StopAfter | Trouble::Calls(Action::FailAfter, _));
        TROUBLES.into_iter().filter(|trouble| !(self.is_error && is_after(trouble))).collect()
    }

    pub(crate) fn plan(&self, trouble: Trouble) -> Plan {
        let (action, times) = match trouble {
            Trouble::StopBefore | Trouble::Outage => (Action::Delay(STOP), 1),
            Trouble::StopAfter => (Action::FailAfter, 1),
            Trouble::Calls(action, times) => (action, times),
        };
        let at = Point::Call(self.operation.clone());
        Plan::List((self.nth..self.nth + times).map(|nth| Fault { at: at.clone(), nth, action }).collect())
    }

    pub(crate) fn is_look(&self) -> bool {
        self.operation.starts_with("Describe")
    }
}

/// The calls of a job.
pub(crate) fn points(fixture: &Fixture) -> Vec<CallPoint> {
    let mut counts = BTreeMap::<String, u32>::new();
    let numbered = fixture.calls().into_iter().map(|(_, operation, is_error)| {
        let nth = counts.entry(operation.clone()).or_default();
        *nth += 1;
        CallPoint { operation, nth: *nth, is_error }
    });
    numbered.collect()
}

/// Runs a step until it ends, or until the program is stopped.
pub(crate) async fn until_stopped<T>(
    fixture: &Fixture,
    trouble: Option<Trouble>,
    step: impl Future<Output = T>,
) -> Option<T> {
    let failures = || {
        fixture.world.journal(|journal| {
            let is_failure =
                |event: &Event| matches!(event, Event::Call { error: Some(error), .. } if error == "InternalFailure");
            journal.entries().iter().filter(|entry| is_failure(&entry.event)).count()
        })
    };
    let known = failures();
    let stop = async {
        match trouble {
            // No other call takes minutes, with all its attempts.
            Some(Trouble::StopBefore) => fixture.world.sleep(Duration::from_secs(600)).await,
            Some(Trouble::Outage) => fixture.world.sleep(Duration::from_secs(3600)).await,
            // It is asked whenever the step goes on.
            Some(Trouble::StopAfter) => {
                poll_fn(|_| if failures() == known { Poll::Pending } else { Poll::Ready(()) }).await;
            }
            None | Some(Trouble::Calls(..)) => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = stop => None,
        result = step => Some(result),
    }
}
