//! The operations on executions: start, describe, list, stop, and read the history.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::execution::{Execution, MAX_BYTES, Status};
use super::language::Failure;
use super::machines::being_deleted;
use super::run::{ExecutionId, start_running, stop_running};
use super::{States, arn, check_name, last_of, name_in, page_size};
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::page;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
}

/// "If you call StartExecution with the same name and input as a running execution, the call succeeds and return the
/// same response as the original request. If the execution is closed or if the input is different, it returns a 400
/// ExecutionAlreadyExists error. You can reuse the name 90 days after it closes": an execution is removed then.
pub(super) fn start(state: &mut State, ctx: &CallContext, input: Start) -> Result<Value, Error> {
    let Start { state_machine_arn, name, input, trace_header } = input;
    let (now, uuid) = (state.now, state.new_uuid());
    let states = &mut ctx.region_state(state).states;
    let (machine, machine_name) = states.machine(ctx, &state_machine_arn)?;
    if machine.deleting {
        return Err(being_deleted(&state_machine_arn));
    }
    let name = name.unwrap_or(uuid);
    check_name(&name)?;
    let input = input.unwrap_or_else(|| "{}".to_owned());
    check_input(&input)?;
    if trace_header.as_ref().is_some_and(|header| header.len() > 256 || !header.is_ascii()) {
        return Err(Error::invalid_member("…", "traceHeader", "have at most 256 ASCII characters"));
    }
    let arn = arn(ctx, "execution", &format!("{machine_name}:{name}"));
    if let Some(known) = machine.executions.get(&name) {
        if known.status == Status::Running {
            if *known.input == *input {
                return Ok(json!({ "executionArn": arn, "startDate": seconds(known.started) }));
            }
            // No text says if "the same input" is the same text or the same JSON.
            if json_of(&known.input) == json_of(&input) {
                return Err(Error::not_simulated("the same input of an execution in another form".to_owned()));
            }
        }
        return Err(Error::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'")));
    }
    let (definition, role_arn) = (Arc::clone(&machine.definition), machine.role_arn.clone());
    states.started += 1;
    let number = states.started;
    let mut execution =
        Execution::new(arn.clone(), state_machine_arn.clone(), role_arn, definition, (number, now), &input);
    execution.trace_header = trace_header;
    let id = ExecutionId {
        account: ctx.caller.account.clone(),
        region: ctx.region.clone(),
        machine: machine_name.to_owned(),
        name,
        number,
    };
    start_running(state, id, execution);
    Ok(json!({ "executionArn": arn, "startDate": seconds(now) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionInput {
    execution_arn: String,
}

pub(super) fn describe(state: &mut State, ctx: &CallContext, input: ExecutionInput) -> Result<Value, Error> {
    let (_, execution) = ctx.region_state(state).states.execution(ctx, &input.execution_arn)?;
    let mut described = summary(execution);
    let redrivable = matches!(execution.status, Status::Failed | Status::TimedOut | Status::Aborted);
    described["input"] = (*execution.input).into();
    described["traceHeader"] = execution.trace_header.as_deref().into();
    described["inputDetails"] = json!({ "included": true });
    described["redriveStatus"] = if redrivable { "REDRIVABLE" } else { "NOT_REDRIVABLE" }.into();
    if !redrivable {
        let status = described["status"].as_str().unwrap_or_default();
        described["redriveStatusReason"] = format!("Execution is {status} and cannot be redriven").into();
    }
    described["output"] = execution.output.as_deref().into();
    described["outputDetails"] = execution.output.as_ref().map(|_| json!({ "included": true })).into();
    described["error"] = execution.failure.error.as_deref().into();
    described["cause"] = execution.failure.cause.as_deref().into();
    Ok(described)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// "Results are sorted by time, with the most recent execution first. Running executions are sorted by their startDate
/// …, and other executions are sorted by their stopDate." The token is the sort key of the last one.
pub(super) fn list(state: &mut State, ctx: &CallContext, input: List) -> Result<Value, Error> {
    let List { state_machine_arn, status_filter, max_results, next_token } = input;
    let size = page_size(max_results)?;
    let Some(arn) = state_machine_arn else {
        // Of a Map Run, which is not simulated, or an error.
        return Err(Error::not_simulated("listing executions without stateMachineArn".to_owned()));
    };
    let status = status_filter.map(|name| parse_status(&name)).transpose()?;
    let list = format!("executions of {arn}");
    let before = last_of(&list, next_token)?.and_then(|last| parse_list_token(&last));
    let (machine, _) = ctx.region_state(state).states.machine(ctx, &arn)?;
    let mut found: Vec<_> = machine
        .executions
        .values()
        .filter(|execution| status.is_none_or(|status| status == Some(execution.status)))
        .map(|execution| {
            let time = execution.stopped.unwrap_or(execution.started);
            ((time.timestamp_millis(), execution.number), execution)
        })
        .filter(|(place, _)| before.is_none_or(|before| *place < before))
        .collect();
    found.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
    let shown = found.into_iter().map(|(place, execution)| (place, summary(execution)));
    let (shown, last) = page::cut(shown, size);
    Ok(
        json!({ "executions": shown, "nextToken": last.map(|(time, number)| page::marker(&list, &format!("{time}.{number}"))) }),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stop {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

/// Succeeds without effect for an execution that has ended.
pub(super) fn stop(state: &mut State, ctx: &CallContext, input: Stop) -> Result<Value, Error> {
    let Stop { execution_arn, error, cause } = input;
    let now = state.now;
    let (machine, execution) = ctx.region_state(state).states.execution(ctx, &execution_arn)?;
    let stopped = execution.stopped.unwrap_or(now);
    let id = ExecutionId {
        account: ctx.caller.account.clone(),
        region: ctx.region.clone(),
        machine: machine.to_owned(),
        name: execution.name.clone(),
        number: execution.number,
    };
    stop_running(state, &id, Status::Aborted, Failure { error, cause });
    Ok(json!({ "stopDate": seconds(stopped) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct History {
    execution_arn: String,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

/// The token is the number of events on earlier pages.
pub(super) fn history(state: &mut State, ctx: &CallContext, input: History) -> Result<Value, Error> {
    let size = page_size(input.max_results)?;
    let list = format!("events of {}", input.execution_arn);
    let skipped = last_of(&list, input.next_token)?.and_then(|last| last.parse().ok()).unwrap_or_default();
    let (_, execution) = ctx.region_state(state).states.execution(ctx, &input.execution_arn)?;
    let history = &execution.history;
    let end = history.len().min(skipped + size);
    let index = |n: usize| if input.reverse_order == Some(true) { history.len() - 1 - n } else { n };
    let with_data = input.include_execution_data.unwrap_or(true);
    let events: Vec<_> = (skipped..end).filter_map(|n| history.show(index(n), with_data)).collect();
    Ok(json!({ "events": events, "nextToken": (end < history.len()).then(|| page::marker(&list, &end.to_string())) }))
}

impl States {
    /// The execution of this ARN, and the name of its state machine.
    fn execution<'a>(&mut self, ctx: &CallContext, arn: &'a str) -> Result<(&'a str, &mut Execution), Error> {
        let names = name_in(ctx, arn, "execution")?.and_then(|names| names.split_once(':'));
        names
            .and_then(|(machine, name)| Some((machine, self.machines.get_mut(machine)?.executions.get_mut(name)?)))
            .ok_or_else(|| Error::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'")))
    }
}

/// The summary of an execution in lists.
fn summary(execution: &Execution) -> Value {
    json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": seconds(execution.started),
        "stopDate": execution.stopped.map(seconds),
        "redriveCount": 0,
    })
}

fn check_input(input: &str) -> Result<(), Error> {
    if input.len() > MAX_BYTES {
        let message = "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length \
                   less than or equal to 262144";
        return Err(Error::new("ValidationException", message));
    }
    let invalid = |message: String| {
        Error::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{message}'"))
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(input) {
        Ok(_) => Ok(()),
        Err(_) if input.is_empty() => Err(invalid("Invalid execution input.".to_owned())),
        Err(error) => Err(invalid(error.to_string())),
    }
}

fn json_of(input: &str) -> Option<Value> {
    serde_json::from_str(input).ok()
}

/// A status to filter by. `PENDING_REDRIVE` is valid but never occurs here.
fn parse_status(name: &str) -> Result<Option<Status>, Error> {
    match name {
        "RUNNING" => Ok(Some(Status::Running)),
        "SUCCEEDED" => Ok(Some(Status::Succeeded)),
        "FAILED" => Ok(Some(Status::Failed)),
        "TIMED_OUT" => Ok(Some(Status::TimedOut)),
        "ABORTED" => Ok(Some(Status::Aborted)),
        "PENDING_REDRIVE" => Ok(None),
        _ => {
            let known = "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]";
            Err(Error::invalid_member(name, "statusFilter", &format!("satisfy enum value set: {known}")))
        }
    }
}

/// The sort key in a list token.
fn parse_list_token(token: &str) -> Option<(i64, u64)> {
    let (time, number) = token.split_once('.')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}
