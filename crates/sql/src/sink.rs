//! Where rows go, and how many.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::{Error, Excess, Row, Rows};

/// How much a query may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time until the last row is read. The server enforces it, to the millisecond.
    pub time: Duration,
    /// The number of rows.
    pub rows: u64,
    /// The bytes of all rows, as the server sends them.
    pub bytes: u64,
}

impl Limits {
    /// A limit of time alone, for results of which little is kept.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self { time, rows: u64::MAX, bytes: u64::MAX }
    }
}

/// The size of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The number of rows.
    pub rows: u64,
    /// Their bytes, as the server sends them.
    pub bytes: u64,
}

/// A row as it came from the server.
pub(crate) trait RawRow: Sync {
    fn bytes(&self) -> u64;
    fn decode(&self) -> Row;
}

/// Takes a result. An error ends the query.
pub(crate) trait Sink: Send {
    /// The columns, which come once, and before the first row.
    fn columns(&mut self, names: Vec<String>) -> impl Future<Output = Result<(), Error>> + Send;
    fn row(&mut self, row: &impl RawRow) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Counts what goes through it, up to the limits.
#[derive(Debug)]
pub(crate) struct Limited<S> {
    limits: Limits,
    pub(crate) total: Total,
    pub(crate) inner: S,
}

impl<S> Limited<S> {
    pub(crate) fn new(limits: Limits, inner: S) -> Self {
        Self { limits, total: Total::default(), inner }
    }
}

impl<S: Sink> Sink for Limited<S> {
    async fn columns(&mut self, names: Vec<String>) -> Result<(), Error> {
        self.inner.columns(names).await
    }

    async fn row(&mut self, row: &impl RawRow) -> Result<(), Error> {
        self.total.rows += 1;
        self.total.bytes += row.bytes();
        if self.total.rows > self.limits.rows {
            return Err(Error::TooMuch(Excess::Rows(self.limits.rows)));
        }
        if self.total.bytes > self.limits.bytes {
            return Err(Error::TooMuch(Excess::Bytes(self.limits.bytes)));
        }
        self.inner.row(row).await
    }
}

/// Keeps nothing.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Sink for Nothing {
    async fn columns(&mut self, _: Vec<String>) -> Result<(), Error> {
        Ok(())
    }

    async fn row(&mut self, _: &impl RawRow) -> Result<(), Error> {
        Ok(())
    }
}

impl Sink for Rows {
    async fn columns(&mut self, names: Vec<String>) -> Result<(), Error> {
        self.columns = names;
        Ok(())
    }

    async fn row(&mut self, row: &impl RawRow) -> Result<(), Error> {
        self.rows.push(row.decode());
        Ok(())
    }
}

/// What a stream receives.
#[derive(Debug)]
pub(crate) enum Item {
    Columns(Vec<String>),
    Row(Row),
}

impl Sink for mpsc::Sender<Item> {
    async fn columns(&mut self, names: Vec<String>) -> Result<(), Error> {
        self.send(Item::Columns(names)).await.map_err(|_| Error::Lost)
    }

    /// The receiver lives as long as the query.
    async fn row(&mut self, row: &impl RawRow) -> Result<(), Error> {
        self.send(Item::Row(row.decode())).await.map_err(|_| Error::Lost)
    }
}
