//! The report of one verification.

use serde::{Deserialize, Serialize};

use crate::{Change, CheckResult, Facts, Fault, NotChecked, Part, Severity, Verdict};

/// What one verification found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The whole.
    pub conclusion: Conclusion,
    /// The server accepts connections over verified TLS, and has its databases.
    pub available: Grade,
    /// All tables were read to their end, and no damage was found.
    pub read: Grade,
    /// The user's checks passed.
    pub checked: Grade,
    /// What was not checked, and why (invariant 27). Tables are among it.
    pub not_checked: Vec<NotChecked>,
    /// What is wrong, the worst first.
    pub faults: Vec<Finding>,
    /// How the data changed since the last verification. It is no part of the conclusion: such a copy is intact.
    pub changes: Vec<Change>,
    /// The user's checks, in their order.
    pub checks: Vec<CheckResult>,
    /// What the server is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The size of all that was read.
    pub totals: Totals,
}

/// A fault with its severity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The conclusion of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Queries ran against the server, and nothing was found to be wrong. What was not checked is listed.
    Verified,
    /// The copy is not good.
    Failed,
    /// It is not known whether the copy is good: no query ran, or not all checks that were asked for.
    NotVerified,
}

impl Conclusion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Failed, Self::NotVerified];

    /// The word for it in tags, messages, log lines and on terminals.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::NotVerified => "not-verified",
        }
    }
}

/// One of the three grades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "grade", rename_all = "snake_case")]
pub enum Grade {
    /// It is so.
    Yes,
    /// It is not so.
    No {
        /// The first reason.
        why: String,
    },
    /// It is not known, or not for all.
    NotDone {
        /// The reason.
        why: String,
    },
}

/// The size of all that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The tables that were read to their end.
    pub tables: u64,
    /// The tables that were not.
    pub unread: u64,
    /// The rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The time of reading and of checking indexes.
    pub milliseconds: u64,
    /// The indexes that agree with their tables.
    pub indexes: u64,
}

/// How far a verification came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The last run named no next one.
    Finished,
    /// A run is missing.
    Unfinished,
}

impl Report {
    /// The report of the parts of all runs, merged. Parts that are not complete are unfinished in any case. `asked` is the number of the user's checks, and `changes` is empty
    /// if there is no earlier profile.
    #[must_use]
    pub fn of(part: &Part, progress: Progress, asked: usize, changes: Vec<Change>) -> Self {
        let progress = if part.complete { progress } else { Progress::Unfinished };
        let available = available(part);
        let read = read(part, progress);
        let checked = checked(part, asked);
        let mut faults: Vec<Finding> =
            part.faults.iter().map(|fault| Finding { severity: fault.severity(), fault: fault.clone() }).collect();
        faults.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self {
            conclusion: conclusion(part, progress, [&available, &read, &checked], asked),
            not_checked: not_checked(part, progress, asked),
            available,
            read,
            checked,
            faults,
            changes,
            checks: part.checks.values().cloned().collect(),
            facts: part.facts.clone(),
            totals: totals(part),
        }
    }
}

/// A verdict is earned (invariant 27): without a query that ran and returned something, there is none.
fn conclusion(part: &Part, progress: Progress, grades: [&Grade; 3], asked: usize) -> Conclusion {
    if grades.into_iter().any(|grade| matches!(grade, Grade::No { .. })) {
        return Conclusion::Failed;
    }
    let [available, _, checked] = grades;
    let has_read = part.tables.iter().any(|table| table.rows > 0 || table.unread.is_none());
    let has_passed = part.checks.values().any(|result| matches!(result.verdict, Verdict::Passed { .. }));
    let is_whole = progress == Progress::Finished && (asked == 0 || *checked == Grade::Yes);
    if *available == Grade::Yes && is_whole && (has_read || has_passed) {
        Conclusion::Verified
    } else {
        Conclusion::NotVerified
    }
}

fn available(part: &Part) -> Grade {
    let unknown = part.faults.iter().find(|fault| fault.severity() == Severity::Unknown);
    match (failures(part).find(|fault| fault.is_of_server()), unknown, &part.facts) {
        (Some(fault), ..) => Grade::No { why: fault.to_string() },
        (None, Some(fault), _) => Grade::NotDone { why: fault.to_string() },
        (None, None, Some(_)) => Grade::Yes,
        (None, None, None) => Grade::NotDone { why: "the server was not asked".to_owned() },
    }
}

fn read(part: &Part, progress: Progress) -> Grade {
    let Totals { tables, unread, .. } = totals(part);
    if let Some(fault) = failures(part).find(|fault| !fault.is_of_server()) {
        return Grade::No { why: fault.to_string() };
    }
    let why = match (progress, tables, unread) {
        (Progress::Unfinished, ..) => "the verification did not come to its end".to_owned(),
        (_, 0, 0) => "there is no table".to_owned(),
        (_, _, 0) => return Grade::Yes,
        (_, tables, unread) => format!("{unread} of {} tables were not read to their end", tables + unread),
    };
    Grade::NotDone { why }
}

fn checked(part: &Part, asked: usize) -> Grade {
    let failed = part.checks.values().find_map(|result| match &result.verdict {
        Verdict::Failed { expected, actual } => Some(format!("{}: expected {expected}, found {actual}", result.sql)),
        _ => None,
    });
    if let Some(why) = failed {
        return Grade::No { why };
    }
    let broken = part.checks.values().find_map(|result| match &result.verdict {
        Verdict::Broken { why } => Some(format!("{}: {why}", result.sql)),
        _ => None,
    });
    match broken {
        Some(why) => Grade::NotDone { why },
        None if asked == 0 => Grade::NotDone { why: "no checks are configured for this database".to_owned() },
        None if part.checks.len() < asked => {
            Grade::NotDone { why: format!("{} of {asked} checks did not run", asked - part.checks.len()) }
        }
        None => Grade::Yes,
    }
}

fn failures(part: &Part) -> impl Iterator<Item = &Fault> {
    part.faults.iter().filter(|fault| fault.severity() == Severity::Failed)
}

fn not_checked(part: &Part, progress: Progress, asked: usize) -> Vec<NotChecked> {
    let tables = part.tables.iter().filter_map(|table| {
        let why = table.unread.clone()?;
        Some(NotChecked { what: format!("table {}", table.name), why })
    });
    let broken = part.checks.values().filter_map(|result| match &result.verdict {
        Verdict::Broken { why } => Some(NotChecked { what: format!("check {}", result.sql), why: why.clone() }),
        _ => None,
    });
    let mut list: Vec<_> = part.not_checked.iter().cloned().chain(tables).chain(broken).collect();
    let mut add = |what: &str, why: &str| list.push(NotChecked { what: what.to_owned(), why: why.to_owned() });
    if asked == 0 {
        add("the contents", "no checks are configured for this database");
    } else if part.checks.len() < asked {
        add(&format!("{} checks", asked - part.checks.len()), "the verification ended before");
    }
    if progress == Progress::Unfinished {
        add("all further tables and indexes", "the verification ended before");
    }
    list
}

fn totals(part: &Part) -> Totals {
    let unread = part.tables.iter().filter(|table| table.unread.is_some()).count() as u64;
    Totals {
        tables: part.tables.len() as u64 - unread,
        unread,
        rows: part.tables.iter().map(|table| table.rows).sum(),
        bytes: part.tables.iter().map(|table| table.bytes).sum(),
        milliseconds: part.spent.milliseconds,
        indexes: part.indexes.values().sum(),
    }
}
