//! The operations on state machines: create, describe, update, delete and list.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::execution::{Execution, Status};
use super::language::Definition;
use super::{States, arn, check_name, invalid_token, name_in, page_size};
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::page;
use crate::world::State;

/// A state machine and its executions, by name.
pub(super) struct Machine {
    pub(super) text: String,
    pub(super) definition: Arc<Definition>,
    pub(super) role_arn: String,
    created: DateTime<Utc>,
    revision: Option<String>,
    /// Deletion was requested. The machine is removed after its last execution has ended.
    pub(super) deleting: bool,
    pub(super) executions: BTreeMap<String, Execution>,
}

impl Machine {
    pub(super) fn is_running(&self) -> bool {
        self.executions.values().any(|execution| execution.status == Status::Running)
    }
}

impl States {
    /// The state machine of this ARN, and its name.
    pub(super) fn machine<'a>(&mut self, ctx: &CallContext, arn: &'a str) -> Result<(&mut Machine, &'a str), Error> {
        let name = name_in(ctx, arn, "stateMachine")?;
        name.and_then(|name| Some((self.machines.get_mut(name)?, name)))
            .ok_or_else(|| Error::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    definition: String,
    role_arn: String,
    r#type: Option<String>,
    publish: Option<bool>,
}

pub(super) fn create(state: &mut State, ctx: &CallContext, input: Create) -> Result<Value, Error> {
    let Create { name, definition: text, role_arn, r#type, publish } = input;
    check_name(&name)?;
    if r#type.is_some_and(|kind| kind != "STANDARD") {
        return Err(Error::new("StateMachineTypeNotSupported", "This simulation has only standard workflows."));
    }
    refuse_versions(publish)?;
    check_role(ctx, &role_arn)?;
    let definition = parse(&text)?;
    let now = state.now;
    let arn = arn(ctx, "stateMachine", &name);
    let machine = ctx.region_state(state).states.machines.entry(name).or_insert_with(|| Machine {
        text: text.clone(),
        definition,
        role_arn,
        created: now,
        revision: None,
        deleting: false,
        executions: BTreeMap::new(),
    });
    if machine.deleting {
        return Err(being_deleted(&arn));
    }
    // "CreateStateMachine is an idempotent API": the definition must be the same. The role may differ and is not
    // updated.
    if machine.text != text {
        return Err(Error::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'")));
    }
    Ok(json!({ "stateMachineArn": arn, "creationDate": seconds(machine.created) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MachineInput {
    state_machine_arn: String,
}

pub(super) fn describe(state: &mut State, ctx: &CallContext, input: MachineInput) -> Result<Value, Error> {
    let arn = input.state_machine_arn;
    let (machine, name) = ctx.region_state(state).states.machine(ctx, &arn)?;
    Ok(json!({
        "stateMachineArn": arn,
        "name": name,
        "status": if machine.deleting { "DELETING" } else { "ACTIVE" },
        "definition": machine.text,
        "roleArn": machine.role_arn,
        "type": "STANDARD",
        "creationDate": seconds(machine.created),
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        // Missing until the first update.
        "revisionId": machine.revision,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    publish: Option<bool>,
}

/// "Running executions will continue to use the previous definition and roleArn": each execution has its own copy.
pub(super) fn update(state: &mut State, ctx: &CallContext, input: Update) -> Result<Value, Error> {
    let Update { state_machine_arn: arn, definition: text, role_arn, publish } = input;
    refuse_versions(publish)?;
    let (now, revision) = (state.now, state.new_uuid());
    let (machine, _) = ctx.region_state(state).states.machine(ctx, &arn)?;
    if machine.deleting {
        return Err(being_deleted(&arn));
    }
    if text.is_none() && role_arn.is_none() {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be \
                   specified";
        return Err(Error::new("MissingRequiredParameter", message));
    }
    role_arn.as_deref().map_or(Ok(()), |role| check_role(ctx, role))?;
    if let Some(text) = text {
        machine.definition = parse(&text)?;
        machine.text = text;
    }
    machine.role_arn = role_arn.unwrap_or_else(|| std::mem::take(&mut machine.role_arn));
    machine.revision = Some(revision.clone());
    Ok(json!({ "updateDate": seconds(now), "revisionId": revision }))
}

/// "A state machine is deleted only when all its executions are completed. On the next state transition, the state
/// machine's executions are terminated." Succeeds for a machine that does not exist.
pub(super) fn delete(state: &mut State, ctx: &CallContext, input: MachineInput) -> Result<Value, Error> {
    let states = &mut ctx.region_state(state).states;
    if let Some(name) = name_in(ctx, &input.state_machine_arn, "stateMachine")? {
        if let Some(machine) = states.machines.get_mut(name) {
            machine.deleting = true;
        }
        states.remove_if_idle(name);
    }
    Ok(json!({}))
}

impl States {
    /// Removes a machine and its executions, if its deletion was requested and no execution is running.
    pub(super) fn remove_if_idle(&mut self, name: &str) {
        if self.machines.get(name).is_some_and(|machine| machine.deleting && !machine.is_running()) {
            self.machines.remove(name);
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Lists the machines by name. The token is the name of the last one.
pub(super) fn list(state: &mut State, ctx: &CallContext, input: List) -> Result<Value, Error> {
    let size = page_size(input.max_results)?;
    if let Some(token) = &input.next_token {
        check_name(token).map_err(|_| invalid_token(token))?;
    }
    let left = page::after(input.next_token.as_ref(), &ctx.region_state(state).states.machines);
    let shown = left.map(|(name, machine)| {
        let shown = json!({
            "stateMachineArn": arn(ctx, "stateMachine", name),
            "name": name,
            "type": "STANDARD",
            "creationDate": seconds(machine.created),
        });
        (name, shown)
    });
    let (shown, token) = page::cut(shown, size);
    Ok(json!({ "stateMachines": shown, "nextToken": token }))
}

pub(super) fn being_deleted(arn: &str) -> Error {
    Error::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"))
}

fn parse(text: &str) -> Result<Arc<Definition>, Error> {
    let refused = |error| Error::new("InvalidDefinition", format!("Invalid State Machine Definition: '{error}'"));
    Definition::parse(text).map(Arc::new).map_err(refused)
}

/// Checks that the role belongs to the caller's account.
fn check_role(ctx: &CallContext, arn: &str) -> Result<(), Error> {
    let rest = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    match rest {
        Some((account, name)) if !name.is_empty() && account == ctx.caller.account => Ok(()),
        Some((_, name)) if !name.is_empty() => {
            Err(Error::new("AccessDeniedException", "Cross-account pass role is not allowed."))
        }
        _ => Err(Error::new("InvalidArn", format!("Invalid Role Arn: '{arn}'"))),
    }
}

fn refuse_versions(publish: Option<bool>) -> Result<(), Error> {
    match publish {
        Some(true) => Err(Error::new("ValidationException", "This simulation has no versions of state machines.")),
        _ => Ok(()),
    }
}
