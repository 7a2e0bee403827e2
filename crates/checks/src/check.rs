//! A check that a user configures: a query, and what its result has to be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Decimal, Pattern, Percent, Scalar, Span, hash};

/// A query and its expectations. An invalid one cannot exist.
///
/// ```yaml
/// sql: select max(placed_at) from orders
/// database: shop
/// within: 26h
/// time: 5m
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Check {
    sql: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Span>,
    #[serde(flatten)]
    expect: Expect,
}

/// What a result has to be. Several expectations of the same type of value may be combined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expect {
    /// One number, which is not less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// One number, which is not more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// One value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<Scalar>,
    /// Times, of which the newest is at most this much older than the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// One number, which differs at most so much from that of the last verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by_at_most: Option<Percent>,
    /// A column in which every value matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<Pattern>,
}

/// The shape of a check in YAML and JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    sql: String,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    time: Option<Span>,
    #[serde(default)]
    at_least: Option<Decimal>,
    #[serde(default)]
    at_most: Option<Decimal>,
    #[serde(default)]
    equals: Option<Scalar>,
    #[serde(default)]
    within: Option<Span>,
    #[serde(default)]
    changed_by_at_most: Option<Percent>,
    #[serde(default)]
    matches: Option<Pattern>,
}

/// Why the parts of a check do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheck {
    /// No query.
    #[error("the check has no query: sql is empty")]
    NoQuery,
    /// An empty name.
    #[error("the name of the database is empty")]
    NoDatabase,
    /// More time than a run has.
    #[error("a check has at most {most}, so that a run of the checker has time for it; time is {0}", most = MOST_TIME)]
    TooLong(Span),
    /// Nothing is expected.
    #[error("the check expects nothing: add at_least, at_most, equals, within, changed_by_at_most or matches")]
    NoExpectation,
    /// No value can meet both.
    #[error("no number is at_least and at_most: at_least is larger")]
    Impossible,
    /// Numbers, times and texts at once.
    #[error("{0} and {1} expect different types of values; use two checks")]
    Mixed(&'static str, &'static str),
}

/// The most time of a check. A run of the checker has 14 minutes.
pub(crate) const MOST_TIME: Span = Span::from_seconds(600);

impl Check {
    /// A check whose parts fit.
    pub fn new(
        sql: impl Into<String>,
        database: Option<String>,
        time: Option<Span>,
        expect: Expect,
    ) -> Result<Self, InvalidCheck> {
        let sql = sql.into();
        if sql.trim().is_empty() {
            return Err(InvalidCheck::NoQuery);
        }
        if database.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(InvalidCheck::NoDatabase);
        }
        if let Some(time) = time.filter(|time| *time > MOST_TIME) {
            return Err(InvalidCheck::TooLong(time));
        }
        expect.validate()?;
        Ok(Self { sql, database, time, expect })
    }

    /// The query.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The database that it is for. Without one, the default database of the server.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The time that it has. Without one, the usual time.
    #[must_use]
    pub fn time(&self) -> Option<Span> {
        self.time
    }

    /// What is expected.
    #[must_use]
    pub fn expect(&self) -> &Expect {
        &self.expect
    }

    /// The name under which its last value is kept: a hash of the query and its database.
    ///
    /// White space and the expectations do not count. An edited query is another one, whose value cannot be compared
    /// with the earlier one, so it begins anew.
    #[must_use]
    pub fn id(&self) -> String {
        let words = self.sql.trim_end_matches([';', ' ', '\n']).split_whitespace();
        hash([self.database.as_deref().unwrap_or_default()].into_iter().chain(words))
    }
}

/// The query on one line.
impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sql.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl TryFrom<Unchecked> for Check {
    type Error = InvalidCheck;

    fn try_from(raw: Unchecked) -> Result<Self, InvalidCheck> {
        let Unchecked { sql, database, time, at_least, at_most, equals, within, changed_by_at_most, matches } = raw;
        Self::new(sql, database, time, Expect { at_least, at_most, equals, within, changed_by_at_most, matches })
    }
}

impl Expect {
    fn validate(&self) -> Result<(), InvalidCheck> {
        let numbers = [
            self.at_least.as_ref().map(|_| "at_least"),
            self.at_most.as_ref().map(|_| "at_most"),
            self.changed_by_at_most.as_ref().map(|_| "changed_by_at_most"),
        ];
        let number = numbers.into_iter().flatten().next();
        let others = [
            self.equals.as_ref().map(|_| "equals"),
            self.within.as_ref().map(|_| "within"),
            self.matches.as_ref().map(|_| "matches"),
        ];
        let mut kinds = number.into_iter().chain(others.into_iter().flatten());
        let first = kinds.next().ok_or(InvalidCheck::NoExpectation)?;
        if let Some(second) = kinds.next() {
            return Err(InvalidCheck::Mixed(first, second));
        }
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least > most => Err(InvalidCheck::Impossible),
            _ => Ok(()),
        }
    }
}
