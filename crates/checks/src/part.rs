//! A part of a report: what one run found.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Decimal, Fault, ObjectName, Spent, Verdict};

/// What one run of the checker found, or several runs together.
///
/// The figures of a table are those from its beginning, also if several runs read it. So a later part replaces the
/// earlier one, and a run that is repeated changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// Whether all stages came to their end. They do not if the server became of no use.
    pub complete: bool,
    /// What the server is. Missing if it was not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// All tables that were come to, in the order of their names.
    pub tables: Vec<Table>,
    /// What is wrong.
    pub faults: BTreeSet<Fault>,
    /// What was not checked, except for tables.
    pub not_checked: BTreeSet<NotChecked>,
    /// The user's checks, by their position in the task.
    pub checks: BTreeMap<u32, CheckResult>,
    /// The number of indexes that agree with their tables. Those of one database.
    pub indexes: BTreeMap<String, u64>,
    /// What was spent so far.
    pub spent: Spent,
}

/// What a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its version.
    pub version: String,
    /// The user's databases.
    pub databases: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    #[serde(flatten)]
    pub name: ObjectName,
    /// The table that it is a partition of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<ObjectName>,
    /// The rows that were read.
    pub rows: u64,
    /// Their bytes, as the server sends them.
    pub bytes: u64,
    /// The time of reading.
    pub milliseconds: u64,
    /// Why it was not read to its end. Missing if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Its columns.
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the server writes it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What a sample of its values looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// What the values of a column look like. It contains none of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The number of values that are not NULL.
    pub values: u64,
    /// How many of them are distinct.
    pub distinct: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The entropy of these bytes, in bits per byte: 0 if all are equal, 8 if they are random.
    pub entropy: f64,
}

/// Something that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotChecked {
    /// What: an object, or a kind of check in a database.
    pub what: String,
    /// The reason.
    pub why: String,
}

/// What one of the user's checks found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The name under which its value is kept.
    pub id: String,
    /// The query, on one line.
    pub sql: String,
    /// The database.
    pub database: String,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The number for the next verification to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    /// The time of the query.
    pub milliseconds: u64,
}

impl Part {
    /// This part and a later one. It is associative, an empty part changes nothing, and so does the same part again.
    #[must_use]
    pub fn merge(self, later: Self) -> Self {
        let mut tables: BTreeMap<ObjectName, Table> = BTreeMap::new();
        for mut table in self.tables.into_iter().chain(later.tables) {
            // The columns come with the first piece of a table.
            if let Some(earlier) = tables.get_mut(&table.name).filter(|_| table.columns.is_empty()) {
                table.columns = std::mem::take(&mut earlier.columns);
            }
            tables.insert(table.name.clone(), table);
        }
        Self {
            complete: self.complete || later.complete,
            facts: later.facts.or(self.facts),
            tables: tables.into_values().collect(),
            faults: &self.faults | &later.faults,
            not_checked: &self.not_checked | &later.not_checked,
            checks: self.checks.into_iter().chain(later.checks).collect(),
            indexes: self.indexes.into_iter().chain(later.indexes).collect(),
            spent: Spent {
                milliseconds: self.spent.milliseconds.max(later.spent.milliseconds),
                bytes: self.spent.bytes.max(later.spent.bytes),
            },
        }
    }
}
