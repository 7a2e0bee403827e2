//! Why a server was not reached, or a query has no result.

use std::fmt;
use std::time::Duration;

/// What failed. The variant decides what a caller does, and the text is one line for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server was not reached. It may be started, or a security group may be wrong.
    #[error("{step}: {reason}")]
    Unreachable {
        /// How far it came.
        step: Step,
        /// The reason of the operating system or the server's code.
        reason: String,
    },
    /// There is no connection that can be trusted.
    #[error("TLS: {0}")]
    Tls(TlsFault),
    /// The server does not accept this user with this password.
    #[error("the server rejected the user name or the password")]
    Credentials,
    /// The database does not exist.
    #[error("the server has no such database, or the user has no access to it")]
    NoSuchDatabase,
    /// No answer in time. After a query that the server ended itself, the connection can be used further.
    #[error("no result within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The server refused the statement. The connection can be used further.
    #[error("the server refused the statement: {class} ({code}){}", At(*.position))]
    Refused {
        /// What is wrong with the statement.
        class: Refusal,
        /// SQLSTATE of PostgreSQL, or the number of MySQL's error.
        code: String,
        /// The character of the statement at which PostgreSQL found the error. The first one is 1.
        position: Option<u32>,
    },
    /// The connection ended, now or earlier.
    #[error("the connection to the server ended")]
    Lost,
    /// The result is larger than the caller allowed. The connection is closed.
    #[error("the result has {0}")]
    TooMuch(Excess),
    /// The server did something that this program does not understand. The connection is closed.
    #[error("unexpected answer of the server: {0}")]
    Protocol(&'static str),
}

/// A step of reaching a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The name of the host to an address.
    Resolve,
    /// A TCP connection to the address.
    Connect,
    /// The server answers, and takes no connections now: it starts or stops, or has too many.
    Accept,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Resolve => "the host name cannot be resolved",
            Self::Connect => "the server cannot be reached",
            Self::Accept => "the server takes no connections now",
        })
    }
}

/// Why a connection cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The server does not offer TLS.
    NotOffered,
    /// No given root has signed the certificate.
    Untrusted,
    /// The certificate is for another host.
    WrongName,
    /// The certificate is not valid now.
    Expired,
    /// The name cannot be the name of a host.
    InvalidName,
    /// The two sides could not agree.
    Handshake,
}

impl fmt::Display for TlsFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotOffered => "the server does not offer it",
            Self::Untrusted => "the certificate of the server is not signed by a trusted root",
            Self::WrongName => "the certificate of the server is for another host name",
            Self::Expired => "the certificate of the server is not valid at this time",
            Self::InvalidName => "the host name is invalid",
            Self::Handshake => "the handshake failed",
        })
    }
}

/// What is wrong with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The statement is not valid SQL, is several statements or has parameters.
    Syntax,
    /// It names a table, column, function or other object that does not exist.
    MissingObject,
    /// The user may not do it.
    Privilege,
    /// A value or an operation has the wrong type.
    Type,
    /// It would write.
    ReadOnly,
    /// The server found that its files are damaged.
    Damaged,
    /// Anything else.
    Other,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Syntax => "syntax error",
            Self::MissingObject => "a table, column or function does not exist",
            Self::Privilege => "missing privilege",
            Self::Type => "wrong type of a value",
            Self::ReadOnly => "it would write, and the session is read-only",
            Self::Damaged => "the data of the server are damaged",
            Self::Other => "other error",
        })
    }
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// More rows than this.
    Rows(u64),
    /// More bytes than this.
    Bytes(u64),
    /// One row with more bytes than this.
    Row(usize),
}

impl fmt::Display for Excess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(limit) => write!(out, "more than {limit} rows"),
            Self::Bytes(limit) => write!(out, "more than {limit} bytes"),
            Self::Row(limit) => write!(out, "a row of more than {limit} bytes"),
        }
    }
}

struct At(Option<u32>);

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |position| write!(out, " at character {position}"))
    }
}
