//! Schedules: what EventBridge does for `rate(1 hour)`. There is no wire for them; a deployment makes them.
//!
//! There are two kinds. A *rule* of EventBridge invokes a function that lets it in. A schedule of *EventBridge Scheduler*
//! takes up a role that may invoke the function.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::{Caller, Role};
use crate::iam::{self, RequiredPermission};
use crate::journal::{DeliveryOutcome, Event};
use crate::lambda;
use crate::world::{State, World};

/// What there is in one region of one account: of each schedule's name, which one bears it now.
#[derive(Default)]
pub(crate) struct Schedules(BTreeMap<String, String>);

impl World {
    /// Invokes a function asynchronously again and again, first after one interval; in place of a schedule of that name.
    ///
    /// AWS has no interval under a minute: what is shorter becomes one.
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

/// What is done how often.
pub(crate) struct Schedule {
    pub(crate) name: String,
    pub(crate) every: Duration,
    pub(crate) function_arn: String,
    pub(crate) payload: Value,
    /// The name of the role that it takes up; without one, it is a rule.
    pub(crate) role: Option<String>,
}

/// Makes a schedule, or another one in its place.
pub(crate) fn add(state: &mut State, account: &str, region: &str, schedule: Schedule) {
    let id = state.new_uuid();
    let schedule = Schedule { every: schedule.every.max(Duration::from_secs(60)), ..schedule };
    state.region_state(account, region).schedules.0.insert(schedule.name.clone(), id.clone());
    // "If you do not provide a StartDate for a rate-based schedule, your schedule starts invoking the target immediately"
    // (EventBridge Scheduler's guide, *Schedule types*). A rule waits for its interval.
    let first = if schedule.role.is_some() { state.now } else { state.now + schedule.every };
    let occurrence = Occurrence { account: account.to_owned(), region: region.to_owned(), id, schedule };
    state.agenda.at(first, move |state| occurrence.run(state, first));
}

/// One turn after the other of a schedule.
struct Occurrence {
    account: String,
    region: String,
    id: String,
    schedule: Schedule,
}

impl Occurrence {
    /// Ends by itself when its name is gone or another's.
    fn run(self, state: &mut State, due: DateTime<Utc>) {
        let Schedule { name, every, function_arn, payload, .. } = &self.schedule;
        if state.region_state(&self.account, &self.region).schedules.0.get(name) != Some(&self.id) {
            return;
        }
        match self.may_invoke(state) {
            Ok(()) => lambda::invoke(state, function_arn, payload.clone()),
            Err(topic) => {
                let (now, message_id, to) = (state.now, state.new_uuid(), function_arn.clone());
                state.journal.write(now, Event::Delivery { topic, to, message_id, outcome: DeliveryOutcome::Failed });
            }
        }
        let next = due + *every;
        state.agenda.at(next, move |state| self.run(state, next));
    }

    /// Whether it may; else, its ARN.
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
