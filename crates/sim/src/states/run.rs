//! Running executions: does what they wait for, and tells them when it is done.

use chrono::TimeDelta;

use super::execution::{Awaits, Execution, LONGEST_SECONDS, News, Status};
use super::language::Failure;
use super::machines::Machine;
use super::task::{Order, refused_by_lambda, refused_by_sns};
use crate::call::{Caller, Role};
use crate::iam::{self, Principal, RequiredPermission};
use crate::journal::Event;
use crate::world::State;
use crate::{lambda, sns};

/// "Maximum execution history retention time: 90 days" (quotas). The name is free again then.
const REMEMBERED: TimeDelta = TimeDelta::days(90);

/// Which execution.
#[derive(Clone, Debug)]
pub(super) struct Which {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) machine: String,
    pub(super) name: String,
    /// A name is used again after 90 days, a number never.
    pub(super) number: u64,
}

impl Which {
    fn machine<'a>(&self, state: &'a mut State) -> Option<&'a mut Machine> {
        state.region_state(&self.account, &self.region).states.machines.get_mut(&self.machine)
    }

    fn find<'a>(&self, state: &'a mut State) -> Option<&'a mut Execution> {
        self.machine(state)?.executions.get_mut(&self.name).filter(|execution| execution.number == self.number)
    }
}

pub(super) fn start_running(state: &mut State, which: Which, execution: Execution) {
    let longest = execution.definition.timeout.unwrap_or(LONGEST_SECONDS).min(LONGEST_SECONDS);
    let Some(machine) = which.machine(state) else { return };
    machine.executions.insert(which.name.clone(), execution);
    let ends = state.now + TimeDelta::seconds(i64::try_from(longest).unwrap_or(i64::MAX));
    let timed_out = which.clone();
    // AWS gives neither error nor cause for an execution that took too long.
    state.agenda.at(ends, move |state| stop_running(state, &timed_out, Status::TimedOut, Failure::default()));
    tell(state, &which, 0, News::Started);
}

/// Ends an execution, unless it has ended.
pub(super) fn stop_running(state: &mut State, which: &Which, status: Status, failure: Failure) {
    let now = state.now;
    if let Some(execution) = which.find(state).filter(|execution| execution.status == Status::Running) {
        execution.close(now, status, failure);
        forget_later(state, which.clone());
    }
}

/// Tells an execution what it waited for, unless something else has happened since that turn, and does what it waits
/// for next.
fn tell(state: &mut State, which: &Which, turn: u64, news: News) {
    let now = state.now;
    let deleting = which.machine(state).is_some_and(|machine| machine.deleting);
    let Some(execution) = which.find(state) else { return };
    if execution.status != Status::Running || execution.turn != turn {
        return;
    }
    if deleting {
        stop_running(state, which, Status::Aborted, Failure::default());
        return;
    }
    let awaits = execution.go_on(now, news);
    let (turn, role, arn) = (execution.turn, execution.role_arn.clone(), execution.arn.clone());
    for entered in std::mem::take(&mut execution.entered) {
        let (account, machine) = (which.account.clone(), which.machine.clone());
        state.write(Event::Transition { account, machine, execution: which.name.clone(), state: entered });
    }
    match awaits {
        Awaits::Nothing => forget_later(state, which.clone()),
        Awaits::Time(time) => {
            let which = which.clone();
            state.agenda.at(time, move |state| tell(state, &which, turn, News::Woken));
        }
        Awaits::Order(order, until) => {
            if let Some(until) = until {
                let which = which.clone();
                state.agenda.at(until, move |state| tell(state, &which, turn, News::TimedOut));
            }
            place(state, which.clone(), turn, order, &role, &arn);
        }
    }
}

/// Has an order done, by the machine's role, which must be allowed it. The answer comes through the agenda even if it is there at once, so that a machine that goes
/// round in circles does not go deeper and deeper.
fn place(state: &mut State, which: Which, turn: u64, order: Order, role: &str, execution: &str) {
    let name = role.rsplit('/').next().unwrap_or_default().to_owned();
    // A session's name has 2 to 64 characters.
    let session = execution.rsplit(':').next().unwrap_or_default().chars().take(64).collect();
    let caller = Caller { account: which.account.clone(), role: Some(Role { name, session }) };
    match order {
        Order::Invoke { function, payload } => {
            if let Err(why) =
                iam::check_caller_policies(state, &caller, &RequiredPermission::new("lambda:InvokeFunction", &function))
            {
                let request_id = state.new_uuid();
                return tell_soon(state, which, turn, Err(refused_by_lambda(&why, &request_id)));
            }
            lambda::call(state, &function, payload, move |state, answer| {
                let answer = answer.map_err(|failed| Failure::new(&failed.error, failed.cause));
                tell_soon(state, which, turn, answer);
            });
        }
        Order::Publish { topic, message } => {
            let answer = sns::publish(state, Principal::Caller(&caller), &topic, message);
            let request_id = state.new_uuid();
            let answer = answer.map(Into::into).map_err(|error| refused_by_sns(&error, &request_id));
            tell_soon(state, which, turn, answer);
        }
    }
}

fn tell_soon(state: &mut State, which: Which, turn: u64, answer: Result<serde_json::Value, Failure>) {
    let request_id = state.new_uuid();
    let news = News::Answered(answer, request_id);
    state.agenda.at(state.now, move |state| tell(state, &which, turn, news));
}

fn forget_later(state: &mut State, which: Which) {
    state.region_state(&which.account, &which.region).states.sweep(&which.machine);
    state.agenda.at(state.now + REMEMBERED, move |state| {
        if which.find(state).is_some()
            && let Some(machine) = which.machine(state)
        {
            machine.executions.remove(&which.name);
        }
    });
}
