//! Step Functions: standard workflows, which are state machines that wait, call functions and publish messages.
//!
//! ```text
//!   machines ──► language (what a definition says: fields, choice, path, template, task)
//!   executions ──► run ──► execution (which state it is in; advance: what comes next; values, history)
//!                   └─► the agenda, functions, topics
//! ```
//!
//! A definition is read and checked when a machine is made. An [`execution::Execution`] is told what happened and says
//! what it waits for; `run` does that. Between two states no time passes.
//!
//! Not here: express workflows, `Map` and `Parallel`, JSONata and variables, activities and task tokens, versions and
//! aliases. Logging, tracing and tags are taken and have no effect.

mod advance;
mod choice;
mod execution;
mod executions;
mod fields;
mod history;
mod language;
mod machines;
mod path;
mod run;
mod task;
mod template;
mod values;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::{Answer, Call, Caller, Error, run};
use crate::iam::Need;
use crate::world::State;

/// What there is in one region of one account.
#[derive(Default)]
pub(crate) struct States {
    machines: BTreeMap<String, machines::Machine>,
    /// How many executions were started so far.
    started: u64,
}

pub(crate) fn serve(state: &mut State, call: Call) -> Answer {
    let Call { caller, region, operation, input, .. } = call;
    let at = &Here { caller, region };
    match operation.as_str() {
        "CreateStateMachine" => run(input, |input| machines::create(state, at, input)),
        "DescribeStateMachine" => run(input, |input| machines::describe(state, at, input)),
        "UpdateStateMachine" => run(input, |input| machines::update(state, at, input)),
        "DeleteStateMachine" => run(input, |input| machines::delete(state, at, input)),
        "ListStateMachines" => run(input, |input| machines::list(state, at, input)),
        "StartExecution" => run(input, |input| executions::start(state, at, input)),
        "DescribeExecution" => run(input, |input| executions::describe(state, at, input)),
        "ListExecutions" => run(input, |input| executions::list(state, at, input)),
        "StopExecution" => run(input, |input| executions::stop(state, at, input)),
        "GetExecutionHistory" => run(input, |input| executions::history(state, at, input)),
        _ => Err(Error::no_such_operation(&operation)),
    }
}

/// What a call needs its role to be allowed: the permission of its name on the machine or execution, and to pass on the
/// role that a machine is given.
pub(crate) fn needs(call: &Call) -> Result<Vec<Need>, Error> {
    let Call { caller, region, operation, input, .. } = call;
    let text = |member| input.text(member).unwrap_or_default();
    let at = Here { caller: caller.clone(), region: region.clone() };
    let resource = match operation.as_str() {
        "CreateStateMachine" => at.arn("stateMachine", text("name")),
        "DescribeStateMachine" | "UpdateStateMachine" | "DeleteStateMachine" | "StartExecution" | "ListExecutions" => {
            text("stateMachineArn").to_owned()
        }
        "DescribeExecution" | "StopExecution" | "GetExecutionHistory" => text("executionArn").to_owned(),
        "ListStateMachines" => "*".to_owned(),
        _ => return Err(Error::no_such_operation(operation)),
    };
    let mut needs = vec![Need::new(format!("states:{operation}"), resource)];
    if let Some(role) = input.text("roleArn") {
        let mut pass = Need::new("iam:PassRole", role);
        pass.context.push(("iam:PassedToService".to_owned(), "states.amazonaws.com".to_owned()));
        needs.push(pass);
    }
    Ok(needs)
}

/// Who calls, and where.
struct Here {
    caller: Caller,
    region: String,
}

impl Here {
    fn states<'a>(&self, state: &'a mut State) -> &'a mut States {
        &mut state.place(&self.caller.account, &self.region).states
    }

    fn arn(&self, of: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:{of}:{name}", self.region, self.caller.account)
    }

    /// What comes after `stateMachine:` or `execution:` in an ARN that belongs here. One of another region or account
    /// gives `None`: there is no such thing here.
    fn name_in<'a>(&self, arn: &'a str, of: &str) -> Result<Option<&'a str>, Error> {
        let invalid = |why: String| Err(Error::new("InvalidArn", format!("Invalid Arn: '{why}'")));
        let mut parts = arn.splitn(7, ':');
        let Some("arn") = parts.next() else { return invalid(format!("Invalid ARN prefix: {arn}")) };
        let (Some(_), Some("states"), Some(region), Some(account), Some(kind), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return invalid(format!("Not a Step Functions ARN: {arn}"));
        };
        if kind != of {
            return invalid(format!("Resource type not valid in this context: {kind}"));
        }
        Ok((region == self.region && account == self.caller.account).then_some(name))
    }
}

/// A time, as this service writes it: seconds with milliseconds.
fn seconds(time: DateTime<Utc>) -> Value {
    (time.timestamp_millis() as f64 / 1000.0).into()
}

/// How many results a page has.
fn page_size(asked: Option<i64>) -> Result<usize, Error> {
    match usize::try_from(asked.unwrap_or_default()) {
        Ok(0) => Ok(100),
        Ok(size @ ..=1000) => Ok(size),
        _ => Err(Error::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value '{}' at 'maxResults' failed to satisfy constraint: Member must \
                 have value less than or equal to 1000",
                asked.unwrap_or_default()
            ),
        )),
    }
}

fn invalid_token(token: &str) -> Error {
    Error::new("InvalidToken", format!("Invalid Token: '{token}'"))
}

/// Names of machines and executions: 1 to 80 characters, none of them white space, a control or a special one.
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
