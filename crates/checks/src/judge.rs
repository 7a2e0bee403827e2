//! What the result of a check's query means.
//!
//! Bad data and a broken check are told apart, because another person repairs each. A result without a value is bad data:
//! `sum` and `max` have the value NULL if their table is empty.
//!
//! | result                    | numbers, `equals` | `within`               | `matches`   |
//! |---------------------------|-------------------|------------------------|-------------|
//! | no column, or several     | broken            | broken                 | broken      |
//! | no row, or NULL alone     | failed            | failed                 | failed      |
//! | several rows              | broken            | the newest             | every one   |
//! | NULL among others         | –                 | ignored                | failed      |
//! | NaN, infinity, 0000-00-00 | failed            | failed                 | as its text |
//! | another type              | broken            | broken                 | as its text |
//! | bytes                     | broken            | broken                 | broken      |
//! | later than the snapshot   | –                 | failed, beyond a skew  | –           |

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::decimal::InvalidDecimal;
use crate::{Check, Decimal, Pattern, Percent, Scalar, Span};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The result is as expected.
    Passed {
        /// What was not compared, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The data are not as expected.
    Failed {
        /// What was expected.
        expected: String,
        /// What was found.
        actual: String,
    },
    /// The check itself has an error, so it has no result.
    Broken {
        /// The error.
        why: String,
    },
}

impl Verdict {
    /// A verdict about a check that has an error.
    #[must_use]
    pub fn broken(why: impl Into<String>) -> Self {
        Self::Broken { why: why.into() }
    }
}

/// A verdict, and the value for the next verification to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The number that the query returned, if the check compares it with that of the last verification. No other value is kept.
    pub value: Option<Decimal>,
}

/// The result of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The number of columns.
    pub columns: usize,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A number that is not finite: `NaN` or an infinity.
    NotFinite(String),
    /// A number of more than 38 digits.
    TooLong,
    /// A text.
    Text(String),
    /// Bytes, of which only the number is known.
    Bytes(usize),
    /// A date.
    Date(NaiveDate),
    /// A time. One without a zone is taken as UTC.
    Time(DateTime<Utc>),
}

impl Value {
    /// The number with these digits.
    #[must_use]
    pub fn number(text: &str) -> Self {
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(InvalidDecimal::TooLong) => Self::TooLong,
            Err(InvalidDecimal::NotANumber) => Self::NotFinite(text.to_owned()),
        }
    }

    /// The number that a float is shown as.
    #[must_use]
    pub fn float(number: f64) -> Self {
        Self::number(&number.to_string())
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "a boolean",
            Self::Number(_) | Self::NotFinite(_) => "a number",
            Self::TooLong => "a number of more than 38 digits",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
        }
    }

    /// As text, for patterns and reports.
    fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::NotFinite(text) | Self::Text(text) => text.clone(),
            Self::Date(date) => date.to_string(),
            Self::Time(time) => rfc3339(*time),
            Self::TooLong | Self::Bytes(_) => return None,
        })
    }
}

/// How much later than the snapshot a time may be: clocks of servers differ.
const SKEW: TimeDelta = TimeDelta::minutes(10);
/// The same for dates, which begin earlier in the east.
const SKEW_OF_DATES: TimeDelta = TimeDelta::days(1);

/// The most characters of a value that a report shows.
const MOST_SHOWN: usize = 100;

/// The verdict about the result of a check's query. `taken` is when the snapshot was taken, and `last` the value of the
/// last verification.
#[must_use]
pub fn judge(check: &Check, rows: &Rows, taken: DateTime<Utc>, last: Option<Decimal>) -> Judged {
    let value = match only(rows, String::new) {
        Ok(Value::Number(number)) if check.expect().changed_by_at_most.is_some() => Some(*number),
        _ => None,
    };
    let verdict = verdict(check, rows, taken, last).unwrap_or_else(|other| other);
    Judged { verdict, value }
}

/// A verdict, or an earlier one that decides.
type Decided<T> = Result<T, Verdict>;

const PASSED: Verdict = Verdict::Passed { why: None };

fn verdict(check: &Check, rows: &Rows, taken: DateTime<Utc>, last: Option<Decimal>) -> Decided<Verdict> {
    if rows.columns != 1 {
        return Err(Verdict::broken(format!("the query returns {} columns; it has to return one", rows.columns)));
    }
    let expect = check.expect();
    if let Some(least) = expect.at_least {
        let expected = || format!("at least {least}");
        let number = number(rows, expected)?;
        require(number >= least, expected, || number.to_string())?;
    }
    if let Some(most) = expect.at_most {
        let expected = || format!("at most {most}");
        let number = number(rows, expected)?;
        require(number <= most, expected, || number.to_string())?;
    }
    if let Some(wanted) = &expect.equals {
        equals(rows, wanted)?;
    }
    if let Some(span) = expect.within {
        within(rows, span, taken)?;
    }
    if let Some(pattern) = &expect.matches {
        matches(rows, pattern)?;
    }
    match expect.changed_by_at_most {
        Some(percent) => changed(rows, percent, last),
        None => Ok(PASSED),
    }
}

fn require(holds: bool, expected: impl Fn() -> String, actual: impl Fn() -> String) -> Decided<()> {
    if holds { Ok(()) } else { Err(failed(expected(), &actual())) }
}

fn failed(expected: String, actual: &str) -> Verdict {
    Verdict::Failed { expected, actual: shortened(actual) }
}

/// The value of a database may have any characters, and a report is shown on terminals.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_SHOWN).collect();
    let is_whole = short.len() == text.len();
    short = short.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if !is_whole {
        short.push('…');
    }
    short
}

/// The only value, which is not NULL.
fn only(rows: &Rows, expected: impl Fn() -> String) -> Decided<&Value> {
    match &rows.rows[..] {
        [] => Err(failed(expected(), "no row")),
        [row] => match &row[..] {
            [Value::Null] => Err(failed(expected(), "NULL")),
            [value] => Ok(value),
            _ => Err(Verdict::broken("the query returns several columns; it has to return one")),
        },
        more => Err(Verdict::broken(format!("the query returns {} rows; it has to return one", more.len()))),
    }
}

fn number(rows: &Rows, expected: impl Fn() -> String) -> Decided<Decimal> {
    match only(rows, &expected)? {
        Value::Number(number) => Ok(*number),
        Value::NotFinite(text) => Err(failed(expected(), text)),
        other => Err(Verdict::broken(format!("the query returns {}; a number is needed", other.kind()))),
    }
}

fn equals(rows: &Rows, wanted: &Scalar) -> Decided<()> {
    let expected = || wanted.to_string();
    let value = only(rows, expected)?;
    let is_equal = match (wanted, value) {
        (Scalar::Number(wanted), Value::Number(number)) => wanted == number,
        (Scalar::Number(_) | Scalar::Text(_), Value::NotFinite(text)) => wanted == &Scalar::Text(text.clone()),
        (Scalar::Bool(wanted), Value::Bool(value)) => wanted == value,
        // MySQL's booleans are numbers.
        (Scalar::Bool(wanted), Value::Number(number)) if [0, 1].map(Decimal::from).contains(number) => {
            Decimal::from(i64::from(*wanted)) == *number
        }
        // A quoted number in YAML is a text.
        (Scalar::Text(wanted), Value::Number(number)) if wanted.parse::<Decimal>().is_ok() => {
            wanted.parse() == Ok(*number)
        }
        (Scalar::Text(wanted), Value::Text(text)) => wanted == text,
        (_, other) => {
            return Err(Verdict::broken(format!("the query returns {}, which cannot equal {wanted}", other.kind())));
        }
    };
    require(is_equal, expected, || value.text().unwrap_or_default())
}

fn within(rows: &Rows, span: Span, taken: DateTime<Utc>) -> Decided<()> {
    let expected = || format!("within {span} before {}", rfc3339(taken));
    let mut newest: Option<(DateTime<Utc>, TimeDelta)> = None;
    for value in rows.rows.iter().flatten() {
        let time = match value {
            Value::Null => continue,
            Value::Time(time) => (*time, SKEW),
            // A date is taken as its beginning.
            Value::Date(date) => (date.and_time(chrono::NaiveTime::MIN).and_utc(), SKEW_OF_DATES),
            // Values of the types for times that are no times.
            Value::Text(text) if text.ends_with("infinity") || text.starts_with("0000-00-00") => {
                return Err(failed(expected(), text));
            }
            other => return Err(Verdict::broken(format!("the query returns {}; a time is needed", other.kind()))),
        };
        newest = newest.max(Some(time));
    }
    let Some((newest, skew)) = newest else {
        return Err(failed(expected(), if rows.rows.is_empty() { "no row" } else { "NULL" }));
    };
    // A time in the future would hide that all newer rows are missing.
    let is_recent = taken.signed_duration_since(newest) <= TimeDelta::seconds(span.seconds().into());
    require(is_recent && newest <= taken + skew, expected, || rfc3339(newest))
}

fn matches(rows: &Rows, pattern: &Pattern) -> Decided<()> {
    let expected = || format!("every value matches {pattern}");
    if rows.rows.is_empty() {
        return Err(failed(expected(), "no row"));
    }
    for value in rows.rows.iter().flatten() {
        let Some(text) = value.text() else {
            return Err(Verdict::broken(format!("the query returns {}; a text is needed", value.kind())));
        };
        require(*value != Value::Null && pattern.is_in(&text), expected, || text.clone())?;
    }
    Ok(())
}

fn changed(rows: &Rows, percent: Percent, last: Option<Decimal>) -> Decided<Verdict> {
    let expected = || match last {
        Some(last) => format!("{last}, changed by at most {percent}"),
        None => "a number".to_owned(),
    };
    let number = number(rows, expected)?;
    let Some(last) = last else {
        let why = "no earlier value to compare with: the first verification of this query".to_owned();
        return Ok(Verdict::Passed { why: Some(why) });
    };
    // Without a division. From 0, every change is too much.
    let change = number.minus(last).and_then(|change| change.abs().times(100.into()));
    match (change, last.abs().times(percent.number())) {
        (Some(change), Some(most)) => require(change <= most, expected, || number.to_string()).map(|()| PASSED),
        _ => Err(Verdict::broken("the numbers have too many digits to compute their change")),
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
