//! The checker's answers about a database of 100 GiB. It reads as fast as the verifier estimates, and hands on to the next run as the real
//! checker does. What it finds is good.

use checks::{Answer, Facts, Marker, ObjectName, Part, Spent, Stage, Table, Task};
use chrono::TimeDelta;

/// The size of the data.
pub(crate) const GIB: u32 = 100;
/// The estimate of `verifier::plan`, per hour.
const GIB_AN_HOUR: u32 = 100;
/// The real checker ends so long before its deadline.
const MARGIN: TimeDelta = TimeDelta::seconds(8);
const ROWS: u64 = 500_000_000;

/// A run of the checker, and its time.
pub(crate) fn answer(task: &Task, time: TimeDelta) -> (Answer, TimeDelta) {
    let before = task.marker.as_ref().map(|marker| marker.spent).unwrap_or_default();
    let whole = TimeDelta::hours(1) * i32::try_from(GIB / GIB_AN_HOUR).unwrap_or(1);
    let left = whole - milliseconds(before.milliseconds);
    let run = time.min(TimeDelta::seconds(task.limits.run_seconds.into())) - MARGIN;
    let (takes, is_last) = if left <= run { (left, true) } else { (run, false) };
    let bytes = u64::from(GIB) << 30;
    let share = |of: u64| of * u64::try_from(takes.num_milliseconds()).unwrap_or_default() / 3_600_000;
    let spent = Spent {
        milliseconds: before.milliseconds + u64::try_from(takes.num_milliseconds()).unwrap_or_default(),
        bytes: if is_last { bytes } else { before.bytes + share(bytes) },
    };
    let table = Table {
        name: ObjectName::in_schema("shop", "public", "orders"),
        partition_of: None,
        rows: if is_last { ROWS } else { share(ROWS) },
        bytes: spent.bytes,
        milliseconds: spent.milliseconds,
        unread: (!is_last).then(|| "it was not read to its end yet".to_owned()),
        columns: Vec::new(),
    };
    let part = Part {
        complete: is_last,
        facts: Some(Facts { version: "scripted".to_owned(), databases: vec!["shop".to_owned()] }),
        tables: vec![table],
        spent,
        ..Part::default()
    };
    let marker = Marker { stage: Stage::Tables, database: Some("shop".to_owned()), spent, ..Marker::default() };
    (Answer { part, next: (!is_last).then_some(marker) }, takes)
}

fn milliseconds(number: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(number).unwrap_or(i64::MAX))
}
