//! Step Functions: standard workflows, that is, state machines that wait, invoke functions and publish messages.
//!
//! ```text
//!   machines ──► language (the definition: fields, choice, path, template, task)
//!   executions ──► run ──► execution (the current state: advance, values, history)
//!                   └─► the agenda, functions, topics
//! ```
//!
//! A definition is parsed and checked when a machine is created. An [`execution::Execution`] advances until it has to
//! wait; `run` starts the timer or task that it waits for. A transition between two states takes no time.
//!
//! Not simulated: express workflows, `Map` and `Parallel`, JSONata and variables, activities and task tokens, versions
//! and aliases. Logging and tracing are stored, and have no effect.

mod advance;
mod choice;
mod configuration;
mod execution;
mod executions;
mod fields;
mod history;
mod language;
mod machines;
mod path;
mod run;
mod tags;
mod task;
mod template;
mod values;

use std::collections::BTreeMap;

use crate::arn::Arn;
use crate::call::{Call, CallResult, Error, Service, run};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::page;
use crate::world::State;

/// The state machines of one region of one account.
#[derive(Default)]
pub(crate) struct States {
    machines: BTreeMap<String, machines::Machine>,
    /// The number of executions started so far.
    started: u64,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateStateMachine" => run(call, |input| machines::create(state, ctx, input)),
        "DescribeStateMachine" => run(call, |input| machines::describe(state, ctx, input)),
        "UpdateStateMachine" => run(call, |input| machines::update(state, ctx, input)),
        "DeleteStateMachine" => run(call, |input| machines::delete(state, ctx, input)),
        "ListStateMachines" => run(call, |input| machines::list(state, ctx, input)),
        "StartExecution" => run(call, |input| executions::start(state, ctx, input)),
        "DescribeExecution" => run(call, |input| executions::describe(state, ctx, input)),
        "ListExecutions" => run(call, |input| executions::list(state, ctx, input)),
        "StopExecution" => run(call, |input| executions::stop(state, ctx, input)),
        "GetExecutionHistory" => run(call, |input| executions::history(state, ctx, input)),
        "TagResource" => run(call, |input| tags::add(state, ctx, input)),
        "UntagResource" => run(call, |input| tags::remove(state, ctx, input)),
        "ListTagsForResource" => run(call, |input| tags::list(state, ctx, input)),
        operation => Err(Error::unknown_operation(Service::States, operation)),
    }
}

/// The permissions that a call requires: the action of the same name on the machine or execution, and `iam:PassRole`
/// for the role of a machine.
pub(crate) fn required_permissions(call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let Call { caller, region, operation, input, .. } = call;
    let text = |member| input.text(member).unwrap_or_default();
    let ctx = CallContext { caller: caller.clone(), region: region.clone() };
    let resource = match operation.as_str() {
        "CreateStateMachine" => arn(&ctx, "stateMachine", text("name")),
        "DescribeStateMachine" | "UpdateStateMachine" | "DeleteStateMachine" | "StartExecution" | "ListExecutions" => {
            text("stateMachineArn").to_owned()
        }
        "DescribeExecution" | "StopExecution" | "GetExecutionHistory" => text("executionArn").to_owned(),
        "ListStateMachines" => "*".to_owned(),
        "TagResource" | "UntagResource" | "ListTagsForResource" => text("resourceArn").to_owned(),
        _ => return Err(Error::unknown_operation(Service::States, operation)),
    };
    let mut needs = vec![tags::tagged(RequiredPermission::new(format!("states:{operation}"), &resource), call)];
    // *Service Authorization Reference*, API operations of Step Functions.
    if operation == "CreateStateMachine" && tags::has_tags(call) {
        needs.push(tags::tagged(RequiredPermission::new("states:TagResource", &resource), call));
    }
    if let Some(role) = input.text("roleArn") {
        let mut pass = RequiredPermission::new("iam:PassRole", role);
        pass.context.push(("iam:PassedToService".to_owned(), "states.amazonaws.com".to_owned()));
        needs.push(pass);
    }
    Ok(needs)
}

/// The ARN of a `stateMachine` or an `execution` of this name.
fn arn(ctx: &CallContext, of: &str, name: &str) -> String {
    ctx.arn("states", &format!("{of}:{name}"))
}

/// The part after `stateMachine:` or `execution:` in an ARN. `None` if the ARN belongs to another region or account,
/// whose machines are not visible.
fn name_in<'a>(ctx: &CallContext, arn: &'a str, of: &str) -> Result<Option<&'a str>, Error> {
    let invalid = |message: &str| Err(Error::new("InvalidArn", format!("Invalid Arn: '{message}: {arn}'")));
    if !arn.starts_with("arn:") {
        return invalid("Invalid ARN prefix");
    }
    let Some((arn, (kind, name))) = Arn::of("states", arn).and_then(|arn| Some((arn, arn.resource.split_once(':')?)))
    else {
        return invalid("Not a Step Functions ARN");
    };
    if kind != of {
        return Err(Error::new(
            "InvalidArn",
            format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"),
        ));
    }
    Ok((arn.region == ctx.region && arn.account == ctx.caller.account).then_some(name))
}

/// The number of results on a page.
fn page_size(requested: Option<i64>) -> Result<usize, Error> {
    match requested.map(usize::try_from) {
        None | Some(Ok(0)) => Ok(100),
        Some(Ok(size @ ..=1000)) => Ok(size),
        Some(_) => {
            let requested = requested.unwrap_or_default().to_string();
            Err(Error::invalid_member(&requested, "maxResults", "have value less than or equal to 1000"))
        }
    }
}

/// The last item before a page, from its token.
fn last_of(list: &str, token: Option<String>) -> Result<Option<String>, Error> {
    let invalid = |token: &str| Error::new("InvalidToken", format!("Invalid Token: '{token}'"));
    token.map(|token| page::read_marker(list, &token).ok_or_else(|| invalid(&token))).transpose()
}

/// Checks the name of a machine or execution: 1 to 80 characters without white space, control and special characters.
fn check_name(name: &str) -> Result<(), Error> {
    let bad = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
            || matches!(c, '\u{fffe}'..='\u{ffff}')
    };
    if name.is_empty() || name.chars().count() > 80 || name.contains(bad) {
        return Err(Error::new("InvalidName", format!("Invalid Name: '{name}'")));
    }
    Ok(())
}
