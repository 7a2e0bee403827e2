//! Schedules of EventBridge at a fixed rate, such as `rate(1 hour)`. They have no API here: stacks and
//! [`World::add_schedule`] create them.
//!
//! There are two kinds. A *rule* of EventBridge needs a permission of the function that it invokes. A schedule of
//! *EventBridge Scheduler* assumes a role that may invoke the function.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::{Caller, Role};
use crate::iam::{self, RequiredPermission};
use crate::journal::{DeliveryOutcome, Event};
use crate::lambda;
use crate::world::{State, World};

/// The schedules of one region of one account: the current ID of each name.
#[derive(Default)]
pub(crate) struct Schedules(BTreeMap<String, String>);

impl World {
    /// Adds a rule that invokes a function asynchronously at a fixed interval, first after one interval. Replaces an
    /// existing schedule of that name.
    ///
    /// The shortest interval is one minute, as on AWS. A shorter one is rounded up.
    pub fn add_schedule(
        &self,
        account: &str,
        region: &str,
        name: &str,
        every: Duration,
        function_arn: &str,
        payload: Value,
    ) {
        let (name, function_arn) = (name.to_owned(), function_arn.to_owned());
        self.change(|state| add(state, account, region, Schedule { name, every, function_arn, payload, role: None }));
    }

    /// Removes a schedule.
    pub fn remove_schedule(&self, account: &str, region: &str, name: &str) {
        self.change(|state| state.region_state(account, region).schedules.0.remove(name));
    }
}

/// A schedule.
pub(crate) struct Schedule {
    pub(crate) name: String,
    pub(crate) every: Duration,
    pub(crate) function_arn: String,
    pub(crate) payload: Value,
    /// The name of the role to assume. `None`: an EventBridge rule.
    pub(crate) role: Option<String>,
}

/// Adds or replaces a schedule.
pub(crate) fn add(state: &mut State, account: &str, region: &str, schedule: Schedule) {
    let id = state.new_uuid();
    let schedule = Schedule { every: schedule.every.max(Duration::from_secs(60)), ..schedule };
    state.region_state(account, region).schedules.0.insert(schedule.name.clone(), id.clone());
    // "If you do not provide a StartDate for a rate-based schedule, your schedule starts invoking the target
    // immediately" (EventBridge Scheduler's guide, *Schedule types*). A rule waits for its interval.
    let first = if schedule.role.is_some() { state.now } else { state.now + schedule.every };
    let occurrence = Occurrence { account: account.to_owned(), region: region.to_owned(), id, schedule };
    state.agenda.at(first, move |state| occurrence.run(state, first));
}

/// The next run of a schedule.
struct Occurrence {
    account: String,
    region: String,
    id: String,
    schedule: Schedule,
}

impl Occurrence {
    /// Runs and schedules the next run, unless the schedule was removed or replaced.
    fn run(self, state: &mut State, due: DateTime<Utc>) {
        let Schedule { name, every, function_arn, payload, .. } = &self.schedule;
        if state.region_state(&self.account, &self.region).schedules.0.get(name) != Some(&self.id) {
            return;
        }
        match self.may_invoke(state) {
            // A run that is missed is not made up.
            _ if state.is_cut(&self.region) => {}
            Ok(()) => lambda::invoke(state, function_arn, payload.clone()),
            Err(topic) => {
                let (now, message_id, to) = (state.now, state.new_uuid(), function_arn.clone());
                state.journal.write(now, Event::Delivery { topic, to, message_id, outcome: DeliveryOutcome::Failed });
            }
        }
        let next = due + *every;
        state.agenda.at(next, move |state| self.run(state, next));
    }

    /// Whether the schedule may invoke its function. The error is the schedule's ARN.
    fn may_invoke(&self, state: &mut State) -> Result<(), String> {
        let Self { account, region, schedule: Schedule { name, function_arn, role, .. }, .. } = self;
        let (allowed, arn) = match role {
            None => {
                let arn = format!("arn:aws:events:{region}:{account}:rule/{name}");
                (lambda::may_invoke(state, function_arn, "events.amazonaws.com", &arn), arn)
            }
            Some(role) => {
                let role = Role { name: role.clone(), session: name.clone() };
                let caller = Caller { account: account.clone(), role: Some(role) };
                let allowed = iam::check_caller_policies(
                    state,
                    &caller,
                    &RequiredPermission::new("lambda:InvokeFunction", function_arn),
                )
                .is_ok();
                (allowed, format!("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"))
            }
        };
        if allowed { Ok(()) } else { Err(arn) }
    }
}
