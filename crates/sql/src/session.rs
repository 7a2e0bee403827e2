//! What the two products have in common.

use std::time::Duration;

use crate::mysql::Mysql;
use crate::postgres::Postgres;
use crate::sink::Sink;
use crate::{Error, Login, Product, Roots};

/// A session with a server, between two queries. Dropping the session closes the connection at once.
#[derive(Debug)]
pub(crate) enum Session {
    Postgres(Postgres),
    Mysql(Mysql),
}

/// Why a query failed, and whether the session can be used further.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The query alone failed. No transaction is open.
    Query(Error),
    /// The session has to be dropped.
    Session(Error),
}

impl Session {
    pub(crate) async fn open(login: &Login, roots: &Roots) -> Result<Self, Error> {
        match login.product {
            Product::Postgres => Postgres::open(login, roots).await.map(Self::Postgres),
            Product::Mysql => Mysql::open(login, roots).await.map(Self::Mysql),
        }
    }

    /// Runs one statement in a transaction of its own, which is committed.
    pub(crate) async fn execute(&mut self, sql: &str, time: Duration) -> Result<(), Error> {
        match self {
            Self::Postgres(session) => session.execute(sql, time).await,
            Self::Mysql(session) => session.execute(sql, time).await,
        }
    }

    /// Lets the server refuse writes in transactions that do not say otherwise.
    pub(crate) async fn set_read_only(&mut self) -> Result<(), Error> {
        match self {
            Self::Postgres(session) => session.set_read_only().await,
            Self::Mysql(session) => session.set_read_only().await,
        }
    }

    /// Runs one statement in a read-only transaction of its own, which is rolled back in any case. The server ends it
    /// after `time`.
    pub(crate) async fn run(&mut self, sql: &str, time: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        match self {
            Self::Postgres(session) => session.run(sql, time, sink).await,
            Self::Mysql(session) => session.run(sql, time, sink).await,
        }
    }
}

impl Error {
    /// What an error of a statement means for the session.
    pub(crate) fn of_statement(self) -> Failure {
        match self {
            Self::Refused { .. } | Self::TimedOut(_) => Failure::Query(self),
            _ => Failure::Session(self),
        }
    }
}

/// The largest row that is read. A server would send rows of 1 GiB, which a function has no memory for.
pub(crate) const MAX_ROW_BYTES: usize = 64 << 20;
