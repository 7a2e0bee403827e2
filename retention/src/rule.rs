//! A rule: one line of a lifecycle.
//!
//! All rules but `within` count periods. One table defines these; a new rule is a new row.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use crate::reason::Reason;

/// One line of a lifecycle: which snapshots it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Keeps snapshots of this many periods: the most recent ones that have a snapshot.
    Counted(Counted, u32),
    /// Keeps every snapshot younger than this, measured from the newest snapshot.
    Within(Span),
}

/// The rules that count periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The newest snapshots, independent of time.
    Last,
    /// Every snapshot of the most recent days.
    WholeDays,
    /// The newest snapshot of each hour.
    Hourly,
    /// The newest snapshot of each day.
    Daily,
    /// The newest snapshot of each ISO week.
    Weekly,
    /// The newest snapshot of each month.
    Monthly,
    /// The newest snapshot of each quarter.
    Quarterly,
    /// The newest snapshot of each year.
    Yearly,
}

/// The definition of a counted rule.
struct Row {
    rule: Counted,
    name: &'static str,
    unit: &'static str,
    period: Period,
    kept: Kept,
}

/// How snapshots are grouped into periods.
#[derive(Clone, Copy)]
enum Period {
    /// Each snapshot is its own period.
    Snapshot,
    /// Two snapshots are in the same period if this function returns true.
    Calendar(fn(NaiveDateTime, NaiveDateTime) -> bool),
}

/// Which snapshots of a period are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Newest,
    All,
}

const WITHIN: &str = "within";

/// In the order of the variants of [`Counted`].
const TABLE: [Row; 8] = [
    row(Counted::Last, "last", "snapshot", Period::Snapshot, Kept::Newest),
    row(Counted::WholeDays, "whole_days", "day", Period::Calendar(same_day), Kept::All),
    row(Counted::Hourly, "hourly", "hour", Period::Calendar(same_hour), Kept::Newest),
    row(Counted::Daily, "daily", "day", Period::Calendar(same_day), Kept::Newest),
    row(Counted::Weekly, "weekly", "week", Period::Calendar(same_week), Kept::Newest),
    row(Counted::Monthly, "monthly", "month", Period::Calendar(same_month), Kept::Newest),
    row(Counted::Quarterly, "quarterly", "quarter", Period::Calendar(same_quarter), Kept::Newest),
    row(Counted::Yearly, "yearly", "year", Period::Calendar(same_year), Kept::Newest),
];

const fn row(rule: Counted, name: &'static str, unit: &'static str, period: Period, kept: Kept) -> Row {
    Row { rule, name, unit, period, kept }
}

// In a long history most adjacent snapshots are of one day, and so of one week, month and quarter. The day is compared
// first because that is fast.

fn same_hour(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    same_day(a, b) && a.hour() == b.hour()
}

fn same_day(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    a.date() == b.date()
}

/// `iso_week` includes the ISO year, so a week that spans New Year is one week.
fn same_week(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    same_day(a, b) || a.iso_week() == b.iso_week()
}

fn same_month(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    same_day(a, b) || same_year(a, b) && a.month() == b.month()
}

fn same_quarter(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    same_day(a, b) || same_year(a, b) && a.quarter() == b.quarter()
}

fn same_year(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    a.year() == b.year()
}

impl Counted {
    /// The rule that keeps this many periods.
    #[must_use]
    pub const fn keep(self, count: u32) -> Rule {
        Rule::Counted(self, count)
    }

    /// The name in a lifecycle: `whole_days`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name of one period: `day`.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.row().unit
    }

    /// The rule with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.rule)
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl Rule {
    /// The names of all rules.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.name).chain([WITHIN])
    }

    /// The name in a lifecycle.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counted(rule, _) => rule.name(),
            Self::Within(_) => WITHIN,
        }
    }

    /// Whether the rule keeps a snapshot of this rank.
    pub(crate) fn keeps(self, rank: Rank) -> bool {
        match self {
            Self::Counted(_, count) => rank.is_eligible() && rank.nth() <= count,
            Self::Within(_) => rank.is_eligible(),
        }
    }

    /// Why the rule keeps, or does not keep, a snapshot of this rank.
    pub(crate) fn reason(self, rank: Rank) -> Reason<'static> {
        let nth = rank.nth();
        match (self, self.keeps(rank)) {
            (Self::Counted(rule, of), true) => Reason::Nth { rule, nth, of },
            (Self::Counted(rule, of), false) => Reason::Needs { rule, of, nth, newest: rank.is_eligible() },
            (Self::Within(span), true) => Reason::Within(span),
            (Self::Within(span), false) => Reason::NeedsWithin(span),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counted(_, count) => write!(f, "{} {count}", self.name()),
            Self::Within(span) => write!(f, "{} {span}", self.name()),
        }
    }
}

/// The position of one snapshot under one rule. Packed into four bytes because a plan stores one for every snapshot and
/// rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rank(u32);

impl Rank {
    fn new(nth: u32, is_eligible: bool) -> Self {
        Self((nth << 1) + u32::from(is_eligible))
    }

    /// The number of its period among those that have a snapshot, counted from the newest. 0 under `within`.
    fn nth(self) -> u32 {
        self.0 >> 1
    }

    /// Whether the rule keeps it if its period is recent enough: the newest of the period, or any if the rule keeps all.
    /// Under `within`, whether it is young enough.
    fn is_eligible(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Ranks snapshots under one rule, from the newest to the oldest.
pub(crate) struct Ranker {
    rule: Rule,
    newest: DateTime<Utc>,
    nth: u32,
    /// The time of the previous snapshot.
    newer: Option<NaiveDateTime>,
}

impl Ranker {
    pub(crate) fn new(rule: Rule, newest: DateTime<Utc>) -> Self {
        Self { rule, newest, nth: 0, newer: None }
    }

    /// Ranks the next older snapshot.
    pub(crate) fn rank(&mut self, taken: DateTime<Utc>) -> Rank {
        let rule = match self.rule {
            Rule::Counted(rule, _) => rule.row(),
            Rule::Within(span) => return Rank::new(0, span.contains(self.newest, taken)),
        };
        let taken = taken.naive_utc();
        let first = match (rule.period, self.newer.replace(taken)) {
            (Period::Calendar(same), Some(newer)) => !same(newer, taken),
            (Period::Calendar(_), None) | (Period::Snapshot, _) => true,
        };
        self.nth += u32::from(first);
        Rank::new(self.nth, first || rule.kept == Kept::All)
    }
}

/// A length of time in whole hours, written `36h`, `14d` or `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    hours: u32,
}

impl Span {
    /// A span of this many hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self { hours }
    }

    /// The length in hours.
    #[must_use]
    pub const fn as_hours(self) -> u32 {
        self.hours
    }

    /// Whether the two times are less than this span apart.
    fn contains(self, newer: DateTime<Utc>, older: DateTime<Utc>) -> bool {
        nanoseconds(newer) - nanoseconds(older) < i128::from(self.hours) * 3600 * NANOSECONDS
    }
}

const NANOSECONDS: i128 = 1_000_000_000;

/// Nanoseconds since the epoch, in which a leap second counts as the last moment of the second before it. chrono's own
/// subtraction is not monotonic across a leap second, and the verdicts would depend on the order of arrival.
fn nanoseconds(time: DateTime<Utc>) -> i128 {
    i128::from(time.timestamp()) * NANOSECONDS + i128::from(time.timestamp_subsec_nanos()).min(NANOSECONDS - 1)
}

const UNITS: [(char, u32); 3] = [('w', 7 * 24), ('d', 24), ('h', 1)];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, hours) = if self.hours.is_multiple_of(24) { UNITS[1] } else { UNITS[2] };
        write!(f, "{}{unit}", self.hours / hours)
    }
}

/// The text is not a [`Span`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; expected a whole number followed by h, d or w, like 36h, 14d or 2w")]
pub struct ParseSpanError(String);

impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        UNITS
            .iter()
            .find_map(|(unit, hours)| text.strip_suffix(*unit)?.parse::<u32>().ok()?.checked_mul(*hours))
            .filter(|hours| *hours > 0)
            .map(Self::hours)
            .ok_or_else(|| ParseSpanError(text.to_owned()))
    }
}
