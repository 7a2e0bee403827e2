//! Evaluates the fields of a state: selections, templates, placements, times and texts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::language::{Failure, Filters, Placement, Selection, TextField, WaitUntil, timestamp};
use super::path::Scope;

/// A `Wait` of more seconds is "too long". AWS takes 24855 days and refuses 24856.
const MAX_WAIT_SECONDS: i64 = i32::MAX as i64;

impl Filters {
    /// The effective input: `InputPath`, then `Parameters`.
    pub(super) fn input(&self, scope: Scope<'_>) -> Result<Value, Failure> {
        let input = self.input.of(scope)?;
        match &self.parameters {
            None => Ok(input),
            Some(template) => template.fill(Scope { input: &input, ..scope }),
        }
    }

    /// The output for this result: `ResultSelector`, `ResultPath`, then `OutputPath`.
    pub(super) fn output(&self, result: Value, scope: Scope<'_>) -> Result<Value, Failure> {
        let result = match &self.selector {
            None => result,
            Some(template) => template.fill(Scope { input: &result, ..scope })?,
        };
        // The result is placed in the raw input, before `InputPath`.
        let output = match &self.result {
            Placement::Replace => result,
            placement => placement.place(scope.input.clone(), result)?,
        };
        match &self.output {
            Selection::Everything => Ok(output),
            selection => selection.of(Scope { input: &output, ..scope }),
        }
    }
}

impl Selection {
    fn of(&self, scope: Scope<'_>) -> Result<Value, Failure> {
        match self {
            Self::Everything => Ok(scope.input.clone()),
            Self::Nothing => Ok(json!({})),
            Self::At(path) => path.get(scope).cloned().map_err(Failure::runtime),
        }
    }
}

impl Placement {
    pub(super) fn place(&self, input: Value, result: Value) -> Result<Value, Failure> {
        match self {
            Self::Replace => Ok(result),
            Self::Discard => Ok(input),
            Self::At(path) => {
                path.put(input, result).map_err(|error| Failure::new("States.ResultPathMatchFailure", error))
            }
        }
    }
}

impl WaitUntil {
    pub(super) fn time(&self, scope: Scope<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        let missing =
            |field, path| Failure::runtime(format!("The {field} parameter does not reference an input value: {path}"));
        let time = match self {
            Self::Seconds(seconds) => i64::try_from(*seconds).ok().and_then(|seconds| after(now, seconds)),
            Self::Time(time) => Some(*time),
            Self::SecondsAt(path) => {
                let value = path.find(scope).ok_or_else(|| missing("SecondsPath", path))?;
                let wrong = |error| Failure::runtime(format!("The SecondsPath parameter {error}: {path} == {value}"));
                match value.as_i64() {
                    None => return Err(wrong("cannot be parsed as a long value")),
                    Some(..0) => return Err(wrong("references a negative value")),
                    Some(seconds) => after(now, seconds),
                }
            }
            Self::TimeAt(path) => {
                let value = path.find(scope).ok_or_else(|| missing("TimestampPath", path))?;
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let time = timestamp(&text).ok_or_else(|| {
                    Failure::runtime(format!(
                        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time \
                         format string: {path} == {text}"
                    ))
                })?;
                Some(time)
            }
        };
        let time = time.filter(|time| (*time - now).num_seconds() <= MAX_WAIT_SECONDS);
        time.ok_or_else(|| Failure::runtime("Wait state delay is too long."))
    }
}

impl TextField {
    pub(super) fn evaluate(&self, field: &str, scope: Scope<'_>) -> Result<String, Failure> {
        match self {
            Self::Fixed(text) => Ok(text.clone()),
            Self::Computed(expression) => match expression.evaluate(field, scope)? {
                Value::String(text) => Ok(text),
                other => Err(Failure::runtime(format!("The {field} field must be a string, not {other}"))),
            },
        }
    }
}

/// The time after this many seconds, if it can be represented.
pub(super) fn after(now: DateTime<Utc>, seconds: i64) -> Option<DateTime<Utc>> {
    now.checked_add_signed(TimeDelta::try_seconds(seconds)?)
}
