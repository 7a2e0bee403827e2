//! What the built-in checks find.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ObjectName;

/// A finding. It has names and codes, and neither data nor the text of a server's message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The server was not reached, or takes no connections.
    Unreachable {
        /// How far it came.
        why: String,
    },
    /// The server accepts connections and then does not answer.
    Hangs {
        /// What it was asked for.
        during: String,
    },
    /// The connection cannot be trusted, so the password was not sent.
    Tls {
        /// What is wrong with it.
        why: String,
    },
    /// The server rejects the user or the password.
    Credentials,
    /// The database of this name does not exist, or the user has no access to it.
    MissingDatabase {
        /// Its name.
        database: String,
    },
    /// A database exists and cannot be opened.
    Unopened {
        /// Its name.
        database: String,
        /// The error.
        why: String,
    },
    /// The connection ended while an object was read. Servers end when they read some damaged pages.
    Lost {
        /// What was read.
        object: ObjectName,
    },
    /// The table cannot be read.
    DamagedTable {
        /// The table.
        table: ObjectName,
        /// SQLSTATE of PostgreSQL, the number of MySQL's error, or the name of the check.
        code: String,
    },
    /// The index does not agree with its table, or one of them cannot be read. MySQL names the table alone.
    DamagedIndex {
        /// The index.
        index: ObjectName,
        /// As for tables.
        code: String,
    },
    /// The server does not use the index. It was not built to its end.
    InvalidIndex {
        /// The index.
        index: ObjectName,
    },
    /// The next value of a sequence is already a key of its table.
    SequenceBehind {
        /// The sequence.
        sequence: ObjectName,
    },
    /// The table is not in the log of changes, so it is empty after a restore.
    Unlogged {
        /// The table.
        table: ObjectName,
    },
    /// Another error of the server.
    Unexpected {
        /// What was done.
        during: String,
        /// The error.
        why: String,
    },
}

/// What a server hangs during, when it does not even let the user in.
pub const LOGIN: &str = "the login";

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The source has it too, and the data are complete.
    Warning,
    /// The server was not reached, so nothing is known of the copy: the network, the root certificates or the password may be wrong.
    Unknown,
    /// The copy is not good.
    Failed,
}

impl Fault {
    /// How bad it is. The warnings are states of the source that a snapshot takes along. With them, the copy is
    /// what the source was.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::InvalidIndex { .. } | Self::SequenceBehind { .. } | Self::Unlogged { .. } => Severity::Warning,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Credentials => Severity::Unknown,
            _ => Severity::Failed,
        }
    }

    /// Whether it may pass: the server was not reached, or it was too slow for a login, as its storage is still being loaded.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.severity() == Severity::Unknown || matches!(self, Self::Hangs { during } if during == LOGIN)
    }

    /// Whether it is about the server, and not about data.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Hangs { .. }
                | Self::Tls { .. }
                | Self::Credentials
                | Self::MissingDatabase { .. }
                | Self::Unopened { .. }
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { why } | Self::Tls { why } => out.write_str(why),
            Self::Hangs { during } => write!(out, "no answer of the server: {during}"),
            Self::Credentials => out.write_str("the server rejected the user name or the password"),
            Self::MissingDatabase { database } => {
                write!(out, "database {}: it does not exist, or the user has no access", database.escape_debug())
            }
            Self::Unopened { database, why } => write!(out, "database {}: {why}", database.escape_debug()),
            Self::Lost { object } => write!(out, "{object}: the connection ended while it was read"),
            Self::DamagedTable { table, code } => write!(out, "table {table}: damaged ({code})"),
            Self::DamagedIndex { index, code } => write!(out, "index {index}: damaged ({code})"),
            Self::InvalidIndex { index } => write!(out, "index {index}: invalid, so it is not used; build it again"),
            Self::SequenceBehind { sequence } => {
                write!(out, "sequence {sequence}: its next value is already in use as a key")
            }
            Self::Unlogged { table } => write!(out, "table {table}: unlogged, so it is empty after a restore"),
            Self::Unexpected { during, why } => write!(out, "{during}: {why}"),
        }
    }
}
