//! What the verifier hands to the checker, and what the checker answers. Both travel as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Check, Decimal, ObjectName, Part};

/// One run of the checker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Where the server is, and as whom to connect.
    pub server: Server,
    /// The database for checks that name none, if the server was created with one. It must exist.
    #[serde(default)]
    pub database: Option<String>,
    /// The user's checks.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// The values of the last verification, by [`Check::id`].
    #[serde(default)]
    pub last: BTreeMap<String, Decimal>,
    /// When the snapshot was taken.
    pub taken: DateTime<Utc>,
    /// How much the checker may take.
    #[serde(default)]
    pub limits: Limits,
    /// Where an earlier run of the same verification stopped.
    #[serde(default)]
    pub marker: Option<Marker>,
}

/// The answer of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What this run found.
    pub part: Part,
    /// Where the next run continues. Without it, the verification is at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Marker>,
}

/// A server, and the login of its master user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The protocol.
    pub product: Product,
    /// The name of the host, as in the certificate of the server.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where to connect if the name is not to be resolved, as in a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// The user.
    pub user: String,
    /// The password of the user.
    pub password: Secret,
    /// The certificates that the server's certificate must be signed by, in PEM.
    pub roots: String,
}

/// A product, and so a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// PostgreSQL, and Aurora PostgreSQL.
    Postgres,
    /// MySQL, MariaDB and Aurora MySQL.
    Mysql,
}

/// A password. It travels in the payload of one invocation, and is in no log: it has no `Display`, and its `Debug` is
/// redacted (invariant 26).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The password with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the login alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// How much the checker may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The time to connect, and to wait for a server that starts again.
    pub connect_seconds: u32,
    /// The time of each of the user's checks that has no time of its own.
    pub check_seconds: u32,
    /// The time of this run.
    pub run_seconds: u32,
    /// The time of reading tables and checking indexes, over all runs.
    pub read_seconds: u32,
    /// The bytes of tables to read, over all runs.
    pub read_bytes: u64,
    /// The rows of a table that the profile is computed of.
    pub sample_rows: u32,
    /// A larger table is read in pieces of about this size.
    pub piece_bytes: u64,
    /// The most steps of a run: tables, pieces of tables, indexes, sequences and checks. It bounds the size of an answer.
    pub steps: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_seconds: 30,
            check_seconds: 60,
            run_seconds: 840,
            read_seconds: 4 * 3600,
            read_bytes: 1 << 40,
            sample_rows: 500,
            piece_bytes: 256 << 20,
            steps: 1000,
        }
    }
}

/// The stages of a verification, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Invalid indexes, unlogged tables, and sequences behind their keys.
    #[default]
    Structure,
    /// Each index agrees with its table.
    Indexes,
    /// Each table is read to its end, and sampled.
    Tables,
    /// The user's checks.
    Checks,
}

/// Where a run stopped. All before it is done, and nothing after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The stage.
    pub stage: Stage,
    /// The database. Databases are in the order of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The last object of the database that is done. Objects are in the order of their schemas and names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ObjectName>,
    /// How far the next table was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The number of indexes of this database that agree with their tables.
    #[serde(default)]
    pub indexes: u64,
    /// The number of checks that are done.
    #[serde(default)]
    pub checks: u32,
    /// What was spent so far.
    pub spent: Spent,
}

/// A table that was read in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The table.
    pub table: ObjectName,
    /// The first page of PostgreSQL or the first key of MySQL that was not read.
    pub next: i128,
    /// The rows that were read.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The time that it took.
    pub milliseconds: u64,
}

/// What reading tables and checking indexes took, over all runs up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The time.
    pub milliseconds: u64,
    /// The bytes of tables that were read.
    pub bytes: u64,
}
