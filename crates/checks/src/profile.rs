//! What the data of a server look like, and how that changed since the last verification.
//!
//! A mass deletion, a dropped column and a column that an attacker has encrypted can be in a copy that is intact. They
//! show in the change. A profile contains names and figures, and no values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Column, ObjectName, Part, Sample, hash};

/// What the data of a server look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The tables, in the order of their names. The partitions of a table are one table.
    pub tables: Vec<TableProfile>,
    /// A hash of the names and types of all columns.
    pub schema: String,
    /// Whether all tables are in it.
    pub complete: bool,
}

/// What a table looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    /// Its name.
    #[serde(flatten)]
    pub name: ObjectName,
    /// The number of rows, if all were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The bytes that were read.
    pub bytes: u64,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl Profile {
    /// The profile of a verification, merged from all its parts.
    #[must_use]
    pub fn of(part: &Part) -> Self {
        let mut tables: BTreeMap<&ObjectName, TableProfile> = BTreeMap::new();
        for table in &part.tables {
            let name = table.partition_of.as_ref().unwrap_or(&table.name);
            let empty = || TableProfile { name: name.clone(), rows: Some(0), bytes: 0, columns: table.columns.clone() };
            let profile = tables.entry(name).or_insert_with(empty);
            profile.rows = profile.rows.filter(|_| table.unread.is_none()).map(|rows| rows + table.rows);
            profile.bytes += table.bytes;
        }
        let tables: Vec<_> = tables.into_values().collect();
        Self { schema: schema(&tables), tables, complete: part.complete }
    }
}

fn schema(tables: &[TableProfile]) -> String {
    let texts = |table: &TableProfile| {
        let columns = table.columns.iter().flat_map(|column| [column.name.clone(), column.kind.clone()]);
        [table.name.to_string()].into_iter().chain(columns).collect::<Vec<_>>()
    };
    let texts: Vec<String> = tables.iter().flat_map(texts).collect();
    hash(texts.iter().map(String::as_str))
}

/// How large a change has to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// The percentage of rows lost. A table that has become empty is always a change.
    pub rows_lost_percent: u8,
    /// From this entropy on, in bits per byte, a column is random.
    pub random_entropy: f64,
    /// An increase of the entropy by this much, in bits per byte.
    pub entropy_jump: f64,
    /// The percentage of distinct values that a column must have stayed below.
    pub few_distinct_percent: u8,
    /// The percentage of distinct values from which nearly all are distinct.
    pub many_distinct_percent: u8,
    /// How many times as long the values of a column have become on average, while nearly all are distinct.
    pub length_factor: u64,
    /// Columns with fewer bytes in their sample are not compared: small samples of random bytes do not look random.
    pub sample_bytes: u64,
    /// Columns with fewer values in their sample are not compared.
    pub sample_values: u64,
}

impl Thresholds {
    /// Whether they can be met.
    ///
    /// # Errors
    /// The first that cannot, and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        let percents = [
            ("rows_lost_percent", self.rows_lost_percent),
            ("few_distinct_percent", self.few_distinct_percent),
            ("many_distinct_percent", self.many_distinct_percent),
        ];
        let entropies = [("random_entropy", self.random_entropy), ("entropy_jump", self.entropy_jump)];
        if let Some((name, percent)) = percents.into_iter().find(|(_, percent)| *percent > 100) {
            return Err(format!("{name} is {percent}, and a percentage is at most 100"));
        }
        // A byte has eight bits. Not a number is in no range.
        if let Some((name, bits)) = entropies.into_iter().find(|(_, bits)| !(0.1..=8.0).contains(bits)) {
            return Err(format!("{name} is {bits}, and is from 0.1 to 8 bits per byte"));
        }
        if self.few_distinct_percent >= self.many_distinct_percent {
            return Err("few_distinct_percent is not less than many_distinct_percent".to_owned());
        }
        match self.length_factor {
            0 | 1 => Err("length_factor is less than 2: each column is as long as it was".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            rows_lost_percent: 50,
            random_entropy: 7.5,
            entropy_jump: 1.0,
            few_distinct_percent: 50,
            many_distinct_percent: 98,
            length_factor: 2,
            sample_bytes: 1024,
            sample_values: 50,
        }
    }
}

/// A change since the last verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The table does not exist any more.
    TableGone {
        /// The table.
        table: ObjectName,
    },
    /// The table has lost its rows, or many of them.
    RowsLost {
        /// The table.
        table: ObjectName,
        /// The number of rows before.
        last: u64,
        /// The number of rows now.
        now: u64,
    },
    /// The column does not exist any more.
    ColumnGone {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
    },
    /// The column has another type.
    ColumnType {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// The type before.
        last: String,
        /// The type now.
        now: String,
    },
    /// The bytes of the column have become more random, as if they were encrypted.
    Random {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// The entropy before, in bits per byte.
        last: f64,
        /// The entropy now.
        now: f64,
    },
    /// Values that were often the same are now nearly all distinct, as if they were encrypted.
    Distinct {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// The percentage of distinct values before.
        last: u8,
        /// The percentage now.
        now: u8,
    },
    /// Distinct values have become much longer, as if they were encrypted and written in hexadecimal.
    Longer {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// The average number of bytes before.
        last: u64,
        /// The average number of bytes now.
        now: u64,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableGone { table } => write!(out, "table {table}: missing, and it was there before"),
            Self::RowsLost { table, last, now } => write!(out, "table {table}: {now} rows, and {last} before"),
            Self::ColumnGone { table, column } => {
                write!(out, "table {table}: column {} is missing", column.escape_debug())
            }
            Self::ColumnType { table, column, last, now } => {
                write!(out, "table {table}: column {} has type {now}, and {last} before", column.escape_debug())
            }
            Self::Random { table, column, last, now } => write!(
                out,
                "table {table}: column {} looks encrypted: {now:.1} bits of entropy per byte, and {last:.1} before",
                column.escape_debug()
            ),
            Self::Distinct { table, column, last, now } => write!(
                out,
                "table {table}: column {} looks encrypted: {now}% distinct values, and {last}% before",
                column.escape_debug()
            ),
            Self::Longer { table, column, last, now } => write!(
                out,
                "table {table}: column {} looks encrypted: values of {now} bytes on average, and {last} before",
                column.escape_debug()
            ),
        }
    }
}

/// The changes that exceed the thresholds, in the order of tables and columns. New tables and columns are none.
#[must_use]
pub fn compare(last: &Profile, now: &Profile, thresholds: &Thresholds) -> Vec<Change> {
    let tables: BTreeMap<&ObjectName, &TableProfile> = now.tables.iter().map(|table| (&table.name, table)).collect();
    let mut changes = Vec::new();
    for earlier in &last.tables {
        match tables.get(&earlier.name) {
            None if now.complete => changes.push(Change::TableGone { table: earlier.name.clone() }),
            None => {}
            Some(table) => {
                changes.extend(rows_lost(earlier, table, thresholds));
                changes.extend(columns(earlier, table, thresholds));
            }
        }
    }
    changes
}

fn rows_lost(last: &TableProfile, now: &TableProfile, thresholds: &Thresholds) -> Option<Change> {
    let (before, after) = (last.rows?, now.rows?);
    let lost = u128::from(before.saturating_sub(after));
    let is_much = lost * 100 > u128::from(before) * u128::from(thresholds.rows_lost_percent);
    let is_empty = before > 0 && after == 0;
    (is_much || is_empty).then(|| Change::RowsLost { table: now.name.clone(), last: before, now: after })
}

fn columns(last: &TableProfile, now: &TableProfile, thresholds: &Thresholds) -> Vec<Change> {
    // The columns of a table that was not come to, or may not be seen, are not known.
    if now.columns.is_empty() && now.rows.is_none() {
        return Vec::new();
    }
    let (table, mut changes) = (&now.name, Vec::new());
    for earlier in &last.columns {
        let column = earlier.name.clone();
        let Some(later) = now.columns.iter().find(|later| later.name == column) else {
            changes.push(Change::ColumnGone { table: table.clone(), column });
            continue;
        };
        if later.kind != earlier.kind {
            let (last, now) = (earlier.kind.clone(), later.kind.clone());
            changes.push(Change::ColumnType { table: table.clone(), column: column.clone(), last, now });
        }
        if let (Some(last), Some(now)) = (earlier.sample, later.sample) {
            changes.extend(encrypted(table, column, last, now, thresholds));
        }
    }
    changes
}

/// One sign is enough. Hexadecimal text is no more random than words are, so entropy is not the only one.
fn encrypted(table: &ObjectName, column: String, last: Sample, now: Sample, thresholds: &Thresholds) -> Option<Change> {
    let is_enough = |sample: Sample| sample.values >= thresholds.sample_values;
    if !is_enough(last) || !is_enough(now) {
        return None;
    }
    let table = table.clone();
    let has_bytes = last.bytes.min(now.bytes) >= thresholds.sample_bytes;
    let crossed = now.entropy >= thresholds.random_entropy && last.entropy < thresholds.random_entropy - 0.2;
    if has_bytes && (crossed || now.entropy - last.entropy >= thresholds.entropy_jump) {
        return Some(Change::Random { table, column, last: last.entropy, now: now.entropy });
    }
    let (before, after) = (distinct_percent(last), distinct_percent(now));
    let jumped = before <= thresholds.few_distinct_percent && after >= thresholds.many_distinct_percent;
    if jumped {
        return Some(Change::Distinct { table, column, last: before, now: after });
    }
    let length = |sample: Sample| sample.bytes / sample.values.max(1);
    let (before_length, after_length) = (length(last), length(now));
    let is_longer = before_length > 0 && after_length >= before_length.saturating_mul(thresholds.length_factor);
    (is_longer && after >= thresholds.many_distinct_percent).then_some(Change::Longer {
        table,
        column,
        last: before_length,
        now: after_length,
    })
}

fn distinct_percent(sample: Sample) -> u8 {
    let percent = u128::from(sample.distinct) * 100 / u128::from(sample.values.max(1));
    u8::try_from(percent.min(100)).unwrap_or(100)
}
