//! The operations on state machines: create, describe, update, delete and list.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::configuration::{Logging, Tracing};
use super::execution::{Execution, Status};
use super::language::{Definition, Refusal};
use super::tags::{self, Tag};
use super::{States, arn, check_name, last_of, name_in, page_size};
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
    logging: Logging,
    tracing: Tracing,
    pub(super) tags: BTreeMap<String, String>,
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
    ///
    /// "If you provide a qualified state machine ARN that refers to a Distributed Map state, the request fails with
    /// ValidationException." (API reference, StartExecution)
    pub(super) fn machine<'a>(&mut self, ctx: &CallContext, arn: &'a str) -> Result<(&mut Machine, &'a str), Error> {
        let name = name_in(ctx, arn, "stateMachine")?;
        if name.is_some_and(|name| name.contains('/')) {
            let message = format!("The ARN of a Distributed Map state is not valid here: '{arn}'");
            return Err(Error::new("ValidationException", message));
        }
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
    #[serde(default)]
    logging_configuration: Logging,
    #[serde(default)]
    tracing_configuration: Tracing,
    #[serde(default)]
    tags: Vec<Tag>,
    publish: Option<bool>,
    version_description: Option<String>,
}

/// "CreateStateMachine's idempotency check is based on the state machine name, definition, type, LoggingConfiguration,
/// TracingConfiguration, and EncryptionConfiguration. … If a following request has a different roleArn or tags, Step
/// Functions will ignore these differences and treat it as an idempotent request of the previous. In this case, roleArn and
/// tags will not be updated, even if they are different." (API reference)
pub(super) fn create(state: &mut State, ctx: &CallContext, input: Create) -> Result<Value, Error> {
    let Create { name, definition: text, role_arn, r#type, logging_configuration: logging, .. } = input;
    check_name(&name)?;
    match r#type.as_deref() {
        None | Some("STANDARD") => {}
        Some("EXPRESS") => return Err(Error::not_simulated("express workflows".to_owned())),
        Some(other) => return Err(Error::invalid_member(other, "type", "satisfy enum value set: [STANDARD, EXPRESS]")),
    }
    refuse_versions(input.publish, input.version_description.as_ref())?;
    check_role(ctx, &role_arn)?;
    logging.check()?;
    let definition = parse(&text)?;
    let mut tags = BTreeMap::new();
    tags::add_to(&mut tags, input.tags)?;
    let now = state.now;
    let arn = arn(ctx, "stateMachine", &name);
    let machine = ctx.region_state(state).states.machines.entry(name).or_insert_with(|| Machine {
        text: text.clone(),
        definition,
        role_arn,
        logging: logging.clone(),
        tracing: input.tracing_configuration.clone(),
        tags,
        created: now,
        revision: None,
        deleting: false,
        executions: BTreeMap::new(),
    });
    if machine.deleting {
        return Err(being_deleted(&arn));
    }
    if (&machine.text, &machine.logging, &machine.tracing) != (&text, &logging, &input.tracing_configuration) {
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
        "loggingConfiguration": machine.logging,
        "tracingConfiguration": machine.tracing,
        // Missing until the first change.
        "revisionId": machine.revision,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<Logging>,
    tracing_configuration: Option<Tracing>,
    publish: Option<bool>,
    version_description: Option<String>,
}

/// "Running executions will continue to use the previous definition and roleArn": each execution has its own copy.
///
/// The API reference says that the definition or the role must be given. AWS's error and LocalStack's
/// test_update_logging_configuration, which was recorded from AWS, show that the logging or tracing is enough. The recorded
/// responses also show that the revision is new only if something is different.
pub(super) fn update(state: &mut State, ctx: &CallContext, input: Update) -> Result<Value, Error> {
    let Update { definition: text, role_arn, logging_configuration, tracing_configuration, .. } = input;
    refuse_versions(input.publish, input.version_description.as_ref())?;
    let (now, revision) = (state.now, state.new_uuid());
    let (machine, _) = ctx.region_state(state).states.machine(ctx, &input.state_machine_arn)?;
    if machine.deleting {
        return Err(being_deleted(&input.state_machine_arn));
    }
    if text.is_none() && role_arn.is_none() && logging_configuration.is_none() && tracing_configuration.is_none() {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be \
                       specified";
        return Err(Error::new("MissingRequiredParameter", message));
    }
    role_arn.as_deref().map_or(Ok(()), |role| check_role(ctx, role))?;
    logging_configuration.as_ref().map_or(Ok(()), Logging::check)?;
    let definition = text.as_deref().map(parse).transpose()?;
    let differs = set(&mut machine.text, text)
        | set(&mut machine.role_arn, role_arn)
        | set(&mut machine.logging, logging_configuration)
        | set(&mut machine.tracing, tracing_configuration);
    machine.definition = definition.unwrap_or_else(|| Arc::clone(&machine.definition));
    if differs {
        machine.revision = Some(revision);
    }
    Ok(json!({ "updateDate": seconds(now), "revisionId": machine.revision }))
}

/// Sets a value, if one is given. Returns whether it is different.
fn set<T: PartialEq>(value: &mut T, new: Option<T>) -> bool {
    new.is_some_and(|new| std::mem::replace(value, new) != *value)
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

/// Lists the machines by name.
pub(super) fn list(state: &mut State, ctx: &CallContext, input: List) -> Result<Value, Error> {
    let size = page_size(input.max_results)?;
    let last = last_of("stateMachines", input.next_token)?;
    let left = page::after(last.as_ref(), &ctx.region_state(state).states.machines);
    let shown = left.map(|(name, machine)| {
        let shown = json!({
            "stateMachineArn": arn(ctx, "stateMachine", name),
            "name": name,
            "type": "STANDARD",
            "creationDate": seconds(machine.created),
        });
        (name, shown)
    });
    let (shown, last) = page::cut(shown, size);
    Ok(json!({ "stateMachines": shown, "nextToken": last.map(|name| page::marker("stateMachines", name)) }))
}

pub(super) fn being_deleted(arn: &str) -> Error {
    Error::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"))
}

fn parse(text: &str) -> Result<Arc<Definition>, Error> {
    if !(1..=1_048_576).contains(&text.len()) {
        let must = "have length between 1 and 1048576";
        return Err(Error::invalid_member("…", "definition", must));
    }
    Definition::parse(text).map(Arc::new).map_err(|error| match error {
        Refusal::Invalid(why) => Error::new("InvalidDefinition", format!("Invalid State Machine Definition: '{why}'")),
        Refusal::NotSimulated(why) => Error::not_simulated(format!("this definition: {why}")),
    })
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

/// "You can only set the description if the publish parameter is set to true. Otherwise, …, this API action throws
/// ValidationException." (API reference, CreateStateMachine)
fn refuse_versions(publish: Option<bool>, description: Option<&String>) -> Result<(), Error> {
    match (publish, description) {
        (Some(true), _) => Err(Error::not_simulated("versions of state machines".to_owned())),
        (_, Some(_)) => {
            Err(Error::new("ValidationException", "Version description can only be set when publish is true"))
        }
        (_, None) => Ok(()),
    }
}
