//! Schedules: what EventBridge does for `rate(1 hour)`. There is no wire for them; a deployment makes them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::journal::{Arrival, Event};
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
        self.change(|state| {
            let which = state.new_uuid();
            state.place(account, region).schedules.0.insert(name.to_owned(), which.clone());
            let schedule = Schedule {
                account: account.to_owned(),
                region: region.to_owned(),
                name: name.to_owned(),
                which,
                every: every.max(Duration::from_secs(60)),
                function_arn: function_arn.to_owned(),
                payload,
            };
            let first = state.now + schedule.every;
            state.agenda.at(first, move |state| schedule.fire(state, first));
        });
    }

    /// Removes a schedule.
    pub fn remove_schedule(&self, account: &str, region: &str, name: &str) {
        self.change(|state| state.place(account, region).schedules.0.remove(name));
    }
}

struct Schedule {
    account: String,
    region: String,
    name: String,
    which: String,
    every: Duration,
    function_arn: String,
    payload: Value,
}

impl Schedule {
    /// Ends by itself when its name is gone or another's.
    fn fire(self, state: &mut State, due: DateTime<Utc>) {
        if state.place(&self.account, &self.region).schedules.0.get(&self.name) != Some(&self.which) {
            return;
        }
        let rule = format!("arn:aws:events:{}:{}:rule/{}", self.region, self.account, self.name);
        if lambda::lets(state, &self.function_arn, "events.amazonaws.com", &rule) {
            lambda::invoke(state, &self.function_arn, self.payload.clone());
        } else {
            let (now, message_id, to) = (state.now, state.new_uuid(), self.function_arn.clone());
            state.journal.write(now, Event::Delivery { topic: rule, to, message_id, outcome: Arrival::Failed });
        }
        let next = due + self.every;
        state.agenda.at(next, move |state| self.fire(state, next));
    }
}
