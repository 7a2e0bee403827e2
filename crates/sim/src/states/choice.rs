//! The rules of a `Choice`.

use std::cmp::Ordering;

use serde_json::Value;

use super::fields::{DefinitionError, Fields};
use super::language::{Failure, timestamp};
use super::path::{Path, Scope};

/// A choice rule: a condition on the input.
#[derive(Debug)]
pub(super) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    /// `IsPresent`
    Present(Path, bool),
    /// `IsNull`, `IsString`, …
    Is(Path, TypeTest, bool),
    /// `StringMatches`
    Matches(Path, Vec<String>),
    /// `NumericLessThanEquals`, `StringEqualsPath`, …
    Compare(Path, Type, OrderingTest, Operand),
}

/// The type of the values that are compared. A comparison with a value of another type is false.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Debug)]
pub(super) enum Operand {
    Fixed(Value),
    At(Path),
}

/// Tests the type of a value.
type TypeTest = fn(&Value) -> bool;
/// Tests the result of a comparison.
type OrderingTest = fn(Ordering) -> bool;

/// The type tests, by operator.
const TYPE_TESTS: [(&str, TypeTest); 5] = [
    ("IsNull", Value::is_null),
    ("IsString", Value::is_string),
    ("IsNumeric", Value::is_number),
    ("IsBoolean", Value::is_boolean),
    ("IsTimestamp", |value| value.as_str().and_then(timestamp).is_some()),
];

const TYPES: [(&str, Type); 4] =
    [("String", Type::String), ("Numeric", Type::Numeric), ("Boolean", Type::Boolean), ("Timestamp", Type::Timestamp)];

const COMPARISONS: [(&str, OrderingTest); 5] = [
    ("Equals", Ordering::is_eq),
    ("LessThan", Ordering::is_lt),
    ("LessThanEquals", Ordering::is_le),
    ("GreaterThan", Ordering::is_gt),
    ("GreaterThanEquals", Ordering::is_ge),
];

impl Rule {
    /// Reads an element of `Choices`.
    pub(super) fn read_with_next(fields: &mut Fields<'_>, _last: bool) -> Result<(Self, String), DefinitionError> {
        Ok((Self::read(fields)?, fields.text("Next")?))
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, DefinitionError> {
        let inner = |fields: &mut Fields<'_>, _: bool| Self::read(fields);
        let mut operators = fields.names().filter(|name| !matches!(*name, "Variable" | "Next" | "Comment"));
        let (Some(operator), None) = (operators.next(), operators.next()) else {
            return fields.refuse("", "Exactly one operator is required");
        };
        match operator {
            "And" | "Or" => match fields.list(operator, inner)?.unwrap_or_default() {
                rules if rules.is_empty() => fields.refuse(operator, "A non-empty array of rules is required"),
                rules if operator == "And" => Ok(Self::And(rules)),
                rules => Ok(Self::Or(rules)),
            },
            "Not" => {
                let mut negated = fields.object("Not")?;
                let rule = Self::read(&mut negated)?;
                negated.end()?;
                Ok(Self::Not(Box::new(rule)))
            }
            test => Self::read_test(fields, test),
        }
    }

    fn read_test(fields: &mut Fields<'_>, operator: &str) -> Result<Self, DefinitionError> {
        let Some(variable) = fields.path("Variable")? else {
            return fields.refuse("", "These fields are required: [Variable]");
        };
        let Some(operand) = fields.take(operator) else { return fields.refuse(operator, "A value is required") };
        if operator == "IsPresent" || TYPE_TESTS.iter().any(|(name, _)| *name == operator) {
            let Some(wanted) = operand.as_bool() else { return fields.refuse(operator, "A boolean is expected") };
            let is = TYPE_TESTS.iter().find(|(name, _)| *name == operator);
            return Ok(is.map_or(Self::Present(variable.clone(), wanted), |(_, is)| Self::Is(variable, *is, wanted)));
        }
        if operator == "StringMatches" {
            return match operand.as_str().and_then(pieces) {
                Some(pattern) => Ok(Self::Matches(variable, pattern)),
                None => fields.refuse(operator, "A string is expected, with backslashes only before * and \\"),
            };
        }
        let Some((of, how)) = comparison(operator.strip_suffix("Path").unwrap_or(operator)) else {
            return fields.refuse("", &format!("This simulation has no operator '{operator}'"));
        };
        let operand = match operand.as_str() {
            Some(path) if operator.ends_with("Path") => {
                Operand::At(Path::parse(path).or_else(|error| fields.refuse(operator, &error))?)
            }
            _ if operator.ends_with("Path") || compare(of, operand, operand).is_none() => {
                return fields.refuse(operator, "The value is not of the operator's type");
            }
            _ => Operand::Fixed(operand.clone()),
        };
        Ok(Self::Compare(variable, of, how, operand))
    }

    pub(super) fn holds(&self, scope: Scope<'_>) -> Result<bool, Failure> {
        Ok(match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(rule) => !rule.holds(scope)?,
            Self::Present(path, wanted) => path.find(scope).is_some() == *wanted,
            Self::Is(path, is, wanted) => is(find(path, scope)?) == *wanted,
            Self::Matches(path, pattern) => find(path, scope)?.as_str().is_some_and(|text| matches(pattern, text)),
            Self::Compare(path, of, how, operand) => {
                let value = find(path, scope)?;
                let operand = match operand {
                    Operand::Fixed(operand) => operand,
                    Operand::At(path) => find(path, scope)?,
                };
                compare(*of, value, operand).is_some_and(how)
            }
        })
    }
}

/// The value at a path. A missing value fails the execution, except in `IsPresent`, which does not use this function.
fn find<'a>(path: &Path, scope: Scope<'a>) -> Result<&'a Value, Failure> {
    path.find(scope).ok_or_else(|| {
        Failure::runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an invalid value."
        ))
    })
}

fn comparison(operator: &str) -> Option<(Type, OrderingTest)> {
    let (prefix, of) = TYPES.iter().find(|(prefix, _)| operator.starts_with(prefix))?;
    let rest = operator.strip_prefix(prefix)?;
    let (_, how) = COMPARISONS.iter().find(|(name, _)| *name == rest)?;
    (rest == "Equals" || !matches!(of, Type::Boolean)).then_some((*of, *how))
}

/// The order of two values, if both are of this type.
fn compare(of: Type, a: &Value, b: &Value) -> Option<Ordering> {
    match of {
        Type::String => Some(a.as_str()?.cmp(b.as_str()?)),
        Type::Boolean => Some(a.as_bool()?.cmp(&b.as_bool()?)),
        Type::Timestamp => Some(timestamp(a.as_str()?)?.cmp(&timestamp(b.as_str()?)?)),
        Type::Numeric => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
    }
}

/// The texts between the asterisks of a pattern. `\*` is a literal asterisk and `\\` a backslash.
fn pieces(pattern: &str) -> Option<Vec<String>> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => pieces.push(std::mem::take(&mut piece)),
            '\\' => piece.push(chars.next().filter(|c| matches!(c, '*' | '\\'))?),
            c => piece.push(c),
        }
    }
    pieces.push(piece);
    Some(pieces)
}

/// Whether the text starts with the first piece, ends with the last one, and contains the others in between, in order.
fn matches(pieces: &[String], text: &str) -> bool {
    let Some((first, others)) = pieces.split_first() else { return false };
    let Some(mut left) = text.strip_prefix(first.as_str()) else { return false };
    let Some((last, between)) = others.split_last() else { return left.is_empty() };
    for piece in between {
        let Some((_, after)) = left.split_once(piece.as_str()) else { return false };
        left = after;
    }
    left.ends_with(last.as_str())
}
