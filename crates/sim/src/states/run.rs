//! Running executions: starts the timers and tasks that they wait for, and signals their end.

use chrono::TimeDelta;

use super::execution::{Execution, MAX_EXECUTION_SECONDS, Signal, Status, Waiting};
use super::language::Failure;
use super::machines::Machine;
use super::task::{TaskRequest, lambda_access_denied, sns_error};
use crate::call::{Caller, Role};
use crate::iam::{self, Principal, RequiredPermission};
use crate::journal::Event;
use crate::world::State;
use crate::{lambda, sns};

/// "Maximum execution history retention time: 90 days" (quotas). The name can be reused then.
const EXECUTION_RETENTION: TimeDelta = TimeDelta::days(90);

/// Identifies an execution.
#[derive(Clone, Debug)]
pub(super) struct ExecutionId {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) machine: String,
    pub(super) name: String,
    /// A name can be reused after 90 days; a number is never reused.
    pub(super) number: u64,
}

impl ExecutionId {
    fn machine<'a>(&self, state: &'a mut State) -> Option<&'a mut Machine> {
        state.region_state(&self.account, &self.region).states.machines.get_mut(&self.machine)
    }

    fn find<'a>(&self, state: &'a mut State) -> Option<&'a mut Execution> {
        self.machine(state)?.executions.get_mut(&self.name).filter(|execution| execution.number == self.number)
    }
}

pub(super) fn start_running(state: &mut State, id: ExecutionId, execution: Execution) {
    let longest = execution.definition.timeout.unwrap_or(MAX_EXECUTION_SECONDS).min(MAX_EXECUTION_SECONDS);
    let Some(machine) = id.machine(state) else { return };
    machine.executions.insert(id.name.clone(), execution);
    let ends = state.now + TimeDelta::seconds(i64::try_from(longest).unwrap_or(i64::MAX));
    let timed_out = id.clone();
    // AWS gives neither error nor cause for an execution that timed out.
    state.at_in(&id.region, ends, move |state| stop_running(state, &timed_out, Status::TimedOut, Failure::default()));
    send_signal(state, &id, 0, Signal::Started);
}

/// Ends an execution, if it is running.
pub(super) fn stop_running(state: &mut State, id: &ExecutionId, status: Status, failure: Failure) {
    let now = state.now;
    if let Some(execution) = id.find(state).filter(|execution| execution.status == Status::Running) {
        execution.close(now, status, failure);
        forget_later(state, id.clone());
    }
}

/// Sends a signal to an execution, unless it has continued since that turn. Starts the timer or task that it waits for
/// next.
fn send_signal(state: &mut State, id: &ExecutionId, turn: u64, signal: Signal) {
    let now = state.now;
    let deleting = id.machine(state).is_some_and(|machine| machine.deleting);
    let Some(execution) = id.find(state) else { return };
    if execution.status != Status::Running || execution.turn != turn {
        return;
    }
    if deleting {
        stop_running(state, id, Status::Aborted, Failure::default());
        return;
    }
    let waiting = execution.advance(now, signal);
    let (turn, role, arn) = (execution.turn, execution.role_arn.clone(), execution.arn.clone());
    for entered in std::mem::take(&mut execution.entered) {
        let (account, region, machine) = (id.account.clone(), id.region.clone(), id.machine.clone());
        state.write(Event::Transition { account, region, machine, execution: id.name.clone(), state: entered });
    }
    match waiting {
        Waiting::Ended => forget_later(state, id.clone()),
        Waiting::Timer(time) => {
            let id = id.clone();
            state.at_in(&id.region.clone(), time, move |state| send_signal(state, &id, turn, Signal::TimerFired));
        }
        Waiting::Task(request, until) => {
            if let Some(until) = until {
                let id = id.clone();
                state
                    .at_in(&id.region.clone(), until, move |state| send_signal(state, &id, turn, Signal::TaskTimedOut));
            }
            start_task(state, id.clone(), turn, request, &role, &arn);
        }
    }
}

/// Starts a task as the machine's role, which needs the permission. The result always goes through the agenda, so that
/// a loop in a state machine does not become a deep recursion.
fn start_task(state: &mut State, id: ExecutionId, turn: u64, request: TaskRequest, role: &str, execution: &str) {
    let name = role.rsplit('/').next().unwrap_or_default().to_owned();
    // A session's name has 2 to 64 characters.
    let session = execution.rsplit(':').next().unwrap_or_default().chars().take(64).collect();
    let caller = Caller { account: id.account.clone(), role: Some(Role { name, session }) };
    match request {
        TaskRequest::Invoke { function, payload } => {
            if let Err(error) =
                iam::check_caller_policies(state, &caller, &RequiredPermission::new("lambda:InvokeFunction", &function))
            {
                let request_id = state.new_uuid();
                return send_signal_soon(state, id, turn, Err(lambda_access_denied(&error, &request_id)));
            }
            lambda::call(state, &function, payload, move |state, answer| {
                let answer = answer.map_err(|failed| Failure::new(&failed.error, failed.cause));
                send_signal_soon(state, id, turn, answer);
            });
        }
        TaskRequest::Publish { topic, message } => {
            let answer = sns::publish(state, Principal::Caller(&caller), &topic, message);
            let request_id = state.new_uuid();
            let answer = answer.map(Into::into).map_err(|error| sns_error(&error, &request_id));
            send_signal_soon(state, id, turn, answer);
        }
    }
}

fn send_signal_soon(state: &mut State, id: ExecutionId, turn: u64, answer: Result<serde_json::Value, Failure>) {
    let request_id = state.new_uuid();
    let signal = Signal::TaskEnded(answer, request_id);
    state.at_in(&id.region.clone(), state.now, move |state| send_signal(state, &id, turn, signal));
}

fn forget_later(state: &mut State, id: ExecutionId) {
    state.region_state(&id.account, &id.region).states.remove_if_idle(&id.machine);
    state.agenda.at(state.now + EXECUTION_RETENTION, move |state| {
        if id.find(state).is_some()
            && let Some(machine) = id.machine(state)
        {
            machine.executions.remove(&id.name);
        }
    });
}
