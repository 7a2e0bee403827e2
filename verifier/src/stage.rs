//! The decision: from the record of a verification, and the outcome of a step of its database, to what is done next. It is pure.

use checks::{Conclusion, Product};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::Observed;
use protocol::observed::Endpoint;
use provision::{Begin, Outcome};

use crate::record::{Concluded, Record};

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Make a step of the database ([`provision::step`]), then decide [`after`] it.
    Provision,
    /// Conclude: the time for checks is over.
    Conclude,
    /// Write the tag, the message and the log line.
    Announce,
    /// The database of a copy that is not good is kept for a person. Look again after this time.
    Keep(TimeDelta),
    /// Tear the database down.
    TearDown,
}

/// The times of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The database is gone after this time, whatever else happens.
    pub deadline: DateTime<Utc>,
    /// How long the database of a copy that is not good is kept. So long before the deadline, the checks end.
    pub keep: TimeDelta,
}

/// The first matching row applies:
///
/// | record                   | copy      | now                            | next        |
/// |--------------------------|-----------|--------------------------------|-------------|
/// | running                  | any       | before the end of the checks   | `Provision` |
/// | running                  | any       | after it                       | `Conclude`  |
/// | concluded, not announced | any       | any                            | `Announce`  |
/// | concluded                | not good  | kept, and before the deadline  | `Keep`      |
/// | concluded                | any       | any                            | `TearDown`  |
///
/// The verdict is announced before the database is torn down, so that a crash never loses it. After the deadline the database is torn down
/// in any case, also if the verdict cannot be announced: the caller does both.
#[must_use]
pub fn next(record: &Record, times: Times, now: DateTime<Utc>) -> Next {
    match &record.concluded {
        None if now < times.deadline - times.keep => Next::Provision,
        None => Next::Conclude,
        Some(Concluded { announced: false, .. }) => Next::Announce,
        Some(Concluded { at, report, .. }) => {
            let rest = (*at + times.keep).min(times.deadline) - now;
            match report.conclusion == Conclusion::Failed && rest > TimeDelta::zero() {
                true => Next::Keep(rest),
                false => Next::TearDown,
            }
        }
    }
}

/// What is done after a step of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Look again later.
    Wait {
        /// After this time.
        after: TimeDelta,
        /// Whether the restore has begun.
        begin: Begin,
    },
    /// Have it checked.
    Check(Box<Ready>),
    /// Conclude: nothing more can be found out.
    Conclude {
        /// The reason.
        why: String,
    },
}

/// A database that can be queried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The protocol.
    pub product: Product,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The ARN of the secret with its password.
    pub secret: String,
    /// What it does not have of the recorded settings.
    pub report: Vec<String>,
}

/// How long to wait for an address or a secret that AWS does not describe yet.
const SOON: TimeDelta = TimeDelta::seconds(30);

/// The first matching row applies:
///
/// | outcome of the step               | engine           | address and secret | after                  |
/// |-----------------------------------|------------------|--------------------|------------------------|
/// | again                             | any              | any                | `Wait`                 |
/// | provisioned                       | without queries  | any                | `Conclude`             |
/// | provisioned                       | any              | not there yet      | `Wait`                 |
/// | provisioned                       | any              | there              | `Check`                |
/// | failed, given up, refused         | any              | any                | `Conclude`             |
#[must_use]
pub fn after(outcome: Outcome, now: DateTime<Utc>) -> After {
    match outcome {
        Outcome::Again { after, begin, .. } => After::Wait { after, begin },
        Outcome::Provisioned { database, report } => provisioned(*database, report, now),
        Outcome::Failed { reason } | Outcome::GivenUp { reason } | Outcome::Refused { reason } => {
            After::Conclude { why: reason }
        }
    }
}

fn provisioned(database: Observed, report: Vec<String>, now: DateTime<Utc>) -> After {
    let engine = &database.spec.engine;
    let Some(product) = product(engine) else {
        return After::Conclude {
            why: format!("it was restored, and nothing was queried: Draco has no checks for {engine}"),
        };
    };
    match (database.endpoint, database.secret) {
        (Some(endpoint), Some(secret)) => After::Check(Box::new(Ready { product, endpoint, secret, report })),
        _ => After::Wait { after: SOON, begin: Begin::Begun(now) },
    }
}

/// The protocol of an engine, if there are checks for it.
#[must_use]
pub fn product(engine: &str) -> Option<Product> {
    match engine {
        "postgres" | "aurora-postgresql" => Some(Product::Postgres),
        "mysql" | "mariadb" | "aurora-mysql" => Some(Product::Mysql),
        _ => None,
    }
}
