//! The simulated part of the Amazon States Language, in JSONPath mode. A definition is parsed and checked when the
//! state machine is created. A feature that is not simulated is an error then; it is never ignored.
//!
//! The specification is <https://states-language.net/spec.html>.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::choice::Rule;
use super::execution::MAX_EXECUTION_SECONDS;
use super::fields::{DefinitionError, Fields};
use super::path::Path;
use super::task::Resource;
use super::template::{Expression, Template};

/// The maximum of fields in seconds.
const MAX_SECONDS: u64 = 99_999_999;

/// The definition of a state machine.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) start_at: String,
    pub(super) states: BTreeMap<String, Step>,
    pub(super) timeout: Option<u64>,
}

/// A state. The name `Step`, from AWS's console, avoids a conflict with the world's `State`.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) kind: Kind,
    pub(super) filters: Filters,
}

/// The type of a state, with its own fields.
#[derive(Debug)]
pub(super) enum Kind {
    Task { resource: Resource, timeout: Option<u64>, retry: Vec<Retrier>, catch: Vec<Catcher>, next: Next },
    Wait { until: WaitUntil, next: Next },
    Choice { rules: Vec<(Rule, String)>, default: Option<String> },
    Pass { result: Option<Value>, next: Next },
    Succeed,
    Fail { error: Option<TextField>, cause: Option<TextField> },
}

/// The transition after a state.
#[derive(Debug)]
pub(super) enum Next {
    State(String),
    End,
}

/// The input and output processing of a state, in order.
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub(super) input: Selection,
    pub(super) parameters: Option<Template>,
    pub(super) selector: Option<Template>,
    pub(super) result: Placement,
    pub(super) output: Selection,
}

/// `InputPath`, `OutputPath`
#[derive(Debug, Default)]
pub(super) enum Selection {
    #[default]
    Everything,
    /// `null`: an empty object.
    Nothing,
    At(Path),
}

/// `ResultPath`
#[derive(Debug, Default)]
pub(super) enum Placement {
    #[default]
    Replace,
    /// `null`: the result is discarded and the input is the output.
    Discard,
    At(Path),
}

/// The end of a `Wait`.
#[derive(Debug)]
pub(super) enum WaitUntil {
    Seconds(u64),
    SecondsAt(Path),
    Time(DateTime<Utc>),
    TimeAt(Path),
}

/// `Error` and `Cause` of a `Fail`.
#[derive(Debug)]
pub(super) enum TextField {
    Fixed(String),
    Computed(Expression),
}

/// One element of `Retry`.
#[derive(Debug)]
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    interval: u64,
    pub(super) max_attempts: u64,
    backoff: f64,
    max_delay: Option<u64>,
}

/// One element of `Catch`.
#[derive(Debug)]
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) next: String,
    pub(super) result: Placement,
}

/// The failure of a state or an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
}

impl Failure {
    pub(super) fn new(error: &str, cause: impl Into<String>) -> Self {
        Self { error: Some(error.to_owned()), cause: Some(cause.into()) }
    }

    /// A runtime error, such as a path without a value. It is neither retried nor caught.
    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }

    /// A timeout. AWS gives no cause.
    pub(super) fn timeout() -> Self {
        Self { error: Some("States.Timeout".to_owned()), cause: None }
    }

    /// Whether `ErrorEquals` matches. `States.TaskFailed` matches every error but a timeout.
    pub(super) fn matches_any(&self, errors: &[String]) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        error != "States.Runtime"
            && errors.iter().any(|named| match named.as_str() {
                "States.ALL" => true,
                "States.TaskFailed" => error != "States.Timeout",
                named => named == error,
            })
    }
}

impl Retrier {
    /// Seconds to wait before retry number `nth`, from 0: the interval, multiplied by the backoff rate each time, and
    /// at most the maximum duration of an execution.
    pub(super) fn delay(&self, nth: u64) -> f64 {
        let (interval, most) = (self.interval as f64, self.max_delay.unwrap_or(MAX_EXECUTION_SECONDS) as f64);
        (interval * self.backoff.powi(i32::try_from(nth).unwrap_or(i32::MAX))).min(most)
    }
}

/// The reason why a definition is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// With AWS's message.
    Invalid(String),
    NotSimulated(String),
}

impl Definition {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| Refusal::Invalid(format!("INVALID_JSON_DESCRIPTION: {error}")))?;
        Self::read(&json).map_err(|DefinitionError { at, message }| {
            let at = if at.is_empty() { "/" } else { &at };
            // The messages about parts of the language that are not simulated name the simulation.
            if message.contains("his simulation") {
                Refusal::NotSimulated(format!("{message} at {at}"))
            } else {
                Refusal::Invalid(format!("SCHEMA_VALIDATION_FAILED: {message} at {at}"))
            }
        })
    }

    fn read(json: &Value) -> Result<Self, DefinitionError> {
        let mut fields = Fields::of(json, String::new())?;
        fields.only("Version", "1.0")?;
        let timeout = fields.count("TimeoutSeconds", 1..=MAX_SECONDS)?;
        let start_at = fields.text("StartAt")?;
        let Some(Value::Object(named)) = fields.take("States") else {
            return fields.refuse("States", "These fields are required: [States]");
        };
        let states = named.iter().map(|(name, json)| Ok((name.clone(), Step::read(name, json)?)));
        let states = states.collect::<Result<BTreeMap<_, _>, DefinitionError>>()?;
        fields.end()?;
        let definition = Self { start_at, states, timeout };
        definition.check_targets(named)?;
        Ok(definition)
    }

    /// Checks that each target exists and that each state can be reached.
    fn check_targets(&self, named: &Map<String, Value>) -> Result<(), DefinitionError> {
        let missing = |at: String, target: &str| DefinitionError {
            at,
            message: format!("MISSING_TRANSITION_TARGET: there is no state '{target}'"),
        };
        if !self.states.contains_key(&self.start_at) {
            return Err(missing("/StartAt".to_owned(), &self.start_at));
        }
        let mut reached = BTreeSet::from([self.start_at.as_str()]);
        let mut ahead = vec![self.start_at.as_str()];
        while let Some(name) = ahead.pop() {
            for target in self.states.get(name).into_iter().flat_map(Step::targets) {
                if !self.states.contains_key(target) {
                    return Err(missing(format!("/States/{name}"), target));
                }
                if reached.insert(target) {
                    ahead.push(target);
                }
            }
        }
        match named.keys().find(|name| !reached.contains(name.as_str())) {
            None => Ok(()),
            Some(name) => Err(DefinitionError {
                at: format!("/States/{name}"),
                message: "MISSING_TRANSITION_TARGET: the state cannot be reached".to_owned(),
            }),
        }
    }
}

impl Step {
    fn read(name: &str, json: &Value) -> Result<Self, DefinitionError> {
        let mut fields = Fields::of(json, format!("/States/{name}"))?;
        if name.is_empty() || name.chars().count() > 80 {
            return fields.refuse("", "A state's name has 1 to 80 characters");
        }
        let kind = fields.text("Type")?;
        let mut filters = Filters::default();
        let kind = match kind.as_str() {
            "Task" => {
                filters = Filters::read(&mut fields)?;
                filters.selector = fields.template("ResultSelector")?;
                let resource = fields.text("Resource")?;
                let resource = Resource::parse(&resource, filters.parameters.as_ref());
                Kind::Task {
                    resource: resource.or_else(|error| fields.refuse("Resource", &error))?,
                    timeout: fields.count("TimeoutSeconds", 1..=MAX_SECONDS)?,
                    retry: fields.list("Retry", Retrier::read)?.unwrap_or_default(),
                    catch: fields.list("Catch", Catcher::read)?.unwrap_or_default(),
                    next: next(&mut fields)?,
                }
            }
            "Pass" => {
                filters = Filters::read(&mut fields)?;
                Kind::Pass { result: fields.take("Result").cloned(), next: next(&mut fields)? }
            }
            "Wait" => {
                filters.read_selections(&mut fields)?;
                Kind::Wait { until: WaitUntil::read(&mut fields)?, next: next(&mut fields)? }
            }
            "Choice" => {
                filters.read_selections(&mut fields)?;
                let rules = fields.list("Choices", Rule::read_with_next)?.unwrap_or_default();
                if rules.is_empty() {
                    return fields.refuse("Choices", "A non-empty array of choice rules is required");
                }
                Kind::Choice { rules, default: fields.text_if("Default")? }
            }
            "Succeed" => {
                filters.read_selections(&mut fields)?;
                Kind::Succeed
            }
            "Fail" => Kind::Fail { error: text_field(&mut fields, "Error")?, cause: text_field(&mut fields, "Cause")? },
            other => return fields.refuse("Type", &format!("This simulation has no states of the type '{other}'")),
        };
        fields.end()?;
        Ok(Self { kind, filters })
    }

    fn targets(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Task { catch, next, .. } => {
                catch.iter().map(|catcher| catcher.next.as_str()).chain(next.state()).collect()
            }
            Kind::Choice { rules, default } => {
                rules.iter().map(|(_, next)| next).chain(default).map(String::as_str).collect()
            }
            Kind::Wait { next, .. } | Kind::Pass { next, .. } => next.state().into_iter().collect(),
            Kind::Succeed | Kind::Fail { .. } => Vec::new(),
        }
    }
}

impl Next {
    fn state(&self) -> Option<&str> {
        match self {
            Self::State(name) => Some(name),
            Self::End => None,
        }
    }
}

impl Filters {
    /// Reads the fields of `Task` and `Pass` states.
    fn read(fields: &mut Fields<'_>) -> Result<Self, DefinitionError> {
        let parameters = fields.template("Parameters")?;
        let mut filters = Self { parameters, result: fields.placement()?, ..Self::default() };
        filters.read_selections(fields)?;
        Ok(filters)
    }

    /// Reads the fields of all states but `Fail`.
    fn read_selections(&mut self, fields: &mut Fields<'_>) -> Result<(), DefinitionError> {
        self.input = fields.selection("InputPath")?;
        self.output = fields.selection("OutputPath")?;
        Ok(())
    }
}

impl WaitUntil {
    fn read(fields: &mut Fields<'_>) -> Result<Self, DefinitionError> {
        let seconds = fields.count("Seconds", 0..=MAX_SECONDS)?.map(Self::Seconds);
        let seconds_at = fields.path("SecondsPath")?.map(Self::SecondsAt);
        let time_at = fields.path("TimestampPath")?.map(Self::TimeAt);
        let time = match fields.text_if("Timestamp")? {
            None => None,
            Some(text) => match timestamp(&text) {
                Some(time) => Some(Self::Time(time)),
                None => return fields.refuse("Timestamp", "An RFC3339 timestamp is expected"),
            },
        };
        let mut given = [seconds, seconds_at, time, time_at].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(until), None) => Ok(until),
            _ => fields.refuse("", "Exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath] is required"),
        }
    }
}

impl Retrier {
    fn read(fields: &mut Fields<'_>, last: bool) -> Result<Self, DefinitionError> {
        let retrier = Self {
            errors: errors(fields, last)?,
            interval: fields.count("IntervalSeconds", 1..=MAX_SECONDS)?.unwrap_or(1),
            max_attempts: fields.count("MaxAttempts", 0..=MAX_SECONDS)?.unwrap_or(3),
            backoff: match fields.take("BackoffRate").map(Value::as_f64) {
                None => 2.0,
                Some(Some(rate)) if rate >= 1.0 => rate,
                Some(_) => return fields.refuse("BackoffRate", "A number of at least 1.0 is expected"),
            },
            max_delay: fields.count("MaxDelaySeconds", 1..=31_622_399)?,
        };
        // `FULL` (random delays) is not simulated.
        fields.only("JitterStrategy", "NONE")?;
        Ok(retrier)
    }
}

impl Catcher {
    fn read(fields: &mut Fields<'_>, last: bool) -> Result<Self, DefinitionError> {
        Ok(Self { errors: errors(fields, last)?, next: fields.text("Next")?, result: fields.placement()? })
    }
}

/// An RFC 3339 timestamp with an uppercase T, as the specification requires.
pub(super) fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    (text.as_bytes().get(10) == Some(&b'T')).then(|| time.to_utc())
}

fn next(fields: &mut Fields<'_>) -> Result<Next, DefinitionError> {
    match (fields.text_if("Next")?, fields.take("End")) {
        (Some(name), None) => Ok(Next::State(name)),
        (None, Some(Value::Bool(true))) => Ok(Next::End),
        _ => fields.refuse("", "Exactly one of [Next, End] is required, and End must be true"),
    }
}

fn errors(fields: &mut Fields<'_>, last: bool) -> Result<Vec<String>, DefinitionError> {
    let errors = match fields.take("ErrorEquals") {
        Some(Value::Array(names)) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let Some(errors) = errors.filter(|errors: &Vec<_>| !errors.is_empty()) else {
        return fields.refuse("ErrorEquals", "A non-empty array of error names is required");
    };
    if errors.iter().any(|name| name == "States.ALL") && !(last && errors.len() == 1) {
        return fields.refuse("ErrorEquals", "States.ALL must appear alone and in the last element");
    }
    Ok(errors)
}

fn text_field(fields: &mut Fields<'_>, name: &str) -> Result<Option<TextField>, DefinitionError> {
    let path = format!("{name}Path");
    match (fields.text_if(name)?, fields.text_if(&path)?) {
        (None, None) => Ok(None),
        (Some(fixed), None) => Ok(Some(TextField::Fixed(fixed))),
        (None, Some(text)) => match Expression::parse(&text) {
            Ok(expression) => Ok(Some(TextField::Computed(expression))),
            Err(error) => fields.refuse(&path, &error),
        },
        (Some(_), Some(_)) => fields.refuse(name, &format!("Only one of [{name}, {path}] can be given")),
    }
}
