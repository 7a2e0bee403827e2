//! A rule: one line of a lifecycle.
//!
//! All rules but `within` count periods, and one table is everything that tells them apart. To add one, add a row.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use crate::reason::Reason;

/// One line of a lifecycle: which snapshots it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Snapshots of the most recent periods that have one, this many periods.
    Counted(Counted, u32),
    /// Every snapshot younger than this, measured from the newest one.
    Within(Span),
}

/// The rules that count periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The newest snapshots, whenever they were taken.
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

/// What tells one counted rule from another.
struct Row {
    rule: Counted,
    name: &'static str,
    unit: &'static str,
    period: Period,
    holds: Holds,
}

/// How snapshots fall into periods.
#[derive(Clone, Copy)]
enum Period {
    /// Each snapshot is a period of its own.
    Snapshot,
    /// Two of which this is true are of one period.
    Calendar(fn(NaiveDateTime, NaiveDateTime) -> bool),
}

/// Which snapshots of a period that counts are held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Newest,
    All,
}

const WITHIN: &str = "within";

/// In the order of [`Counted`].
const TABLE: [Row; 8] = [
    row(Counted::Last, "last", "snapshot", Period::Snapshot, Holds::Newest),
    row(Counted::WholeDays, "whole_days", "day", Period::Calendar(same_day), Holds::All),
    row(Counted::Hourly, "hourly", "hour", Period::Calendar(same_hour), Holds::Newest),
    row(Counted::Daily, "daily", "day", Period::Calendar(same_day), Holds::Newest),
    row(Counted::Weekly, "weekly", "week", Period::Calendar(same_week), Holds::Newest),
    row(Counted::Monthly, "monthly", "month", Period::Calendar(same_month), Holds::Newest),
    row(Counted::Quarterly, "quarterly", "quarter", Period::Calendar(same_quarter), Holds::Newest),
    row(Counted::Yearly, "yearly", "year", Period::Calendar(same_year), Holds::Newest),
];

const fn row(rule: Counted, name: &'static str, unit: &'static str, period: Period, holds: Holds) -> Row {
    Row { rule, name, unit, period, holds }
}

// In a long history most neighbours are of one day, and then of one week, month and quarter too: that is asked first.

fn same_hour(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    same_day(a, b) && a.hour() == b.hour()
}

fn same_day(a: NaiveDateTime, b: NaiveDateTime) -> bool {
    a.date() == b.date()
}

/// An ISO week is of one ISO week-year, whatever the calendar years of its days.
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
    /// The rule of this count.
    #[must_use]
    pub const fn keep(self, count: u32) -> Rule {
        Rule::Counted(self, count)
    }

    /// Its name in a lifecycle: `whole_days`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What one of its periods is called: `day`.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.row().unit
    }

    /// The rule of that name.
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

    /// Its name in a lifecycle.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counted(rule, _) => rule.name(),
            Self::Within(_) => WITHIN,
        }
    }

    /// Whether it holds a snapshot of this standing.
    pub(crate) fn holds(self, standing: Standing) -> bool {
        match self {
            Self::Counted(_, count) => standing.stands() && standing.nth() <= count,
            Self::Within(_) => standing.stands(),
        }
    }

    /// Why it holds, or does not hold, a snapshot of this standing.
    pub(crate) fn reason(self, standing: Standing) -> Reason<'static> {
        let (nth, stands) = (standing.nth(), standing.stands());
        match (self, self.holds(standing)) {
            (Self::Counted(rule, of), true) => Reason::Nth { rule, nth, of },
            (Self::Counted(rule, of), false) => Reason::Needs { rule, of, nth, newest: stands },
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

/// What a rule sees of one snapshot, in four bytes, since a plan holds one for every snapshot and rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing(u32);

impl Standing {
    fn new(nth: u32, stands: bool) -> Self {
        Self((nth << 1) + u32::from(stands))
    }

    /// Its period is the nth most recent that has a snapshot.
    fn nth(self) -> u32 {
        self.0 >> 1
    }

    /// It is one that the rule holds if its period counts: the newest of it, or any where the rule holds all. Of a span:
    /// it is younger.
    fn stands(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A rule on its way from the newest snapshot to the oldest.
pub(crate) struct Walk {
    rule: Rule,
    newest: DateTime<Utc>,
    nth: u32,
    /// When the last snapshot was taken that it met.
    newer: Option<NaiveDateTime>,
}

impl Walk {
    pub(crate) fn from_newest(rule: Rule, newest: DateTime<Utc>) -> Self {
        Self { rule, newest, nth: 0, newer: None }
    }

    /// The next older snapshot.
    pub(crate) fn meet(&mut self, taken: DateTime<Utc>) -> Standing {
        let rule = match self.rule {
            Rule::Counted(rule, _) => rule.row(),
            Rule::Within(span) => return Standing::new(0, span.reaches(self.newest, taken)),
        };
        let taken = taken.naive_utc();
        let first = match (rule.period, self.newer.replace(taken)) {
            (Period::Calendar(same), Some(newer)) => !same(newer, taken),
            (Period::Calendar(_), None) | (Period::Snapshot, _) => true,
        };
        self.nth += u32::from(first);
        Standing::new(self.nth, first || rule.holds == Holds::All)
    }
}

/// A length of time in whole hours, written `36h`, `14d` or `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    hours: u32,
}

impl Span {
    /// A span of so many hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self { hours }
    }

    /// Whether it reaches back from the newer time to the older, and beyond.
    fn reaches(self, newer: DateTime<Utc>, older: DateTime<Utc>) -> bool {
        nanoseconds(newer) - nanoseconds(older) < i128::from(self.hours) * 3600 * NANOSECONDS
    }
}

const NANOSECONDS: i128 = 1_000_000_000;

/// A leap second is the last moment of the second before it. Times subtracted as they are can be less apart than others
/// that lie between them, and then thinning would depend on the order of arrival.
fn nanoseconds(time: DateTime<Utc>) -> i128 {
    i128::from(time.timestamp()) * NANOSECONDS + i128::from(time.timestamp_subsec_nanos()).min(NANOSECONDS - 1)
}

/// In the order in which they are looked for when a span is written: the largest that fits.
const UNITS: [(char, u32); 3] = [('w', 7 * 24), ('d', 24), ('h', 1)];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, hours) = if self.hours.is_multiple_of(24) { UNITS[1] } else { UNITS[2] };
        write!(f, "{}{unit}", self.hours / hours)
    }
}

/// This is not a [`Span`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; it is written as a number and h, d or w: 36h, 14d, 2w")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        UNITS
            .iter()
            .find_map(|(unit, hours)| text.strip_suffix(*unit)?.parse::<u32>().ok()?.checked_mul(*hours))
            .filter(|hours| *hours > 0)
            .map(Self::hours)
            .ok_or_else(|| NotASpan(text.to_owned()))
    }
}
