//! Connections, statements that write, and queries that read.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::session::{Failure, Session};
use crate::sink::{Item, Limited, Nothing, Sink};
use crate::{Error, Limits, Login, Roots, Row, Rows, Total, network};

/// The server ends a query at its limit. If there is no answer this much later, the connection is closed.
const GRACE: Duration = Duration::from_secs(1);

/// How many rows of a stream are read ahead.
const READ_AHEAD: usize = 64;

/// A connection to a server, encrypted and verified, as a user.
#[derive(Debug)]
pub struct Connection {
    session: Session,
}

impl Connection {
    /// Connects, and logs in. It takes at most `limit`, and after that a second to find out why.
    pub async fn open(login: &Login, roots: &Roots, limit: Duration) -> Result<Self, Error> {
        match timeout(limit, Session::open(login, roots)).await {
            Ok(session) => Ok(Self { session: session? }),
            // A security group drops what it forbids. A server that hangs is another problem.
            Err(_) if !network::is_reachable(login).await => Err(network::silent(limit)),
            Err(_) => Err(Error::TimedOut(limit)),
        }
    }

    /// Runs a statement that changes the server, and commits it. The server ends it after `limit`.
    pub async fn execute(&mut self, sql: &str, limit: Duration) -> Result<(), Error> {
        let executed = timeout(limit.saturating_add(GRACE), self.session.execute(sql, limit)).await;
        executed.map_err(|_| Error::TimedOut(limit))?
    }

    /// Lets the server refuse all writes from now on. It takes at most `limit`.
    ///
    /// The server cannot refuse what is no write to it: settings of the server that the user may change, locks, the
    /// end of other sessions, functions that write elsewhere.
    pub async fn read_only(mut self, limit: Duration) -> Result<ReadOnly, Error> {
        timeout(limit, self.session.set_read_only()).await.map_err(|_| Error::TimedOut(limit))??;
        Ok(ReadOnly { session: Some(self.session) })
    }
}

/// A connection that only reads. Each query is one statement, in a transaction of its own that the server knows as
/// read-only. No transaction is open between two queries.
#[derive(Debug)]
pub struct ReadOnly {
    /// Missing while a query runs. So the connection is closed if the query is given up: dropped, too slow or too large.
    session: Option<Session>,
}

impl ReadOnly {
    /// Whether further queries are possible.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// All rows of a small result.
    pub async fn query(&mut self, sql: &str, limits: Limits) -> Result<Rows, Error> {
        self.run(sql, limits, Rows::default()).await.map(|sink| sink.inner)
    }

    /// Reads a result to its end. It keeps nothing, and looks at no value.
    pub async fn measure(&mut self, sql: &str, limits: Limits) -> Result<Total, Error> {
        self.run(sql, limits, Nothing).await.map(|sink| sink.total)
    }

    /// The rows of a large result, one after the other. A few are read ahead. The caller's own time counts too.
    pub async fn stream(&mut self, sql: &str, limits: Limits) -> Result<RowStream<'_>, Error> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let sql = sql.to_owned();
        let query = async move { self.run(&sql, limits, sender).await.map(|sink| sink.total) };
        let mut stream = RowStream {
            columns: Vec::new(),
            query: Some(Box::pin(query)),
            total: Total::default(),
            error: None,
            receiver,
        };
        if let Some(Item::Columns(names)) = stream.item().await? {
            stream.columns = names;
        }
        Ok(stream)
    }

    async fn run<S: Sink>(&mut self, sql: &str, limits: Limits, sink: S) -> Result<Limited<S>, Error> {
        let mut session = self.session.take().ok_or(Error::Lost)?;
        let mut sink = Limited::new(limits, sink);
        let most = limits.time.saturating_add(GRACE);
        let error = match timeout(most, session.run(sql, limits.time, &mut sink)).await {
            Ok(Ok(())) => {
                self.session = Some(session);
                return Ok(sink);
            }
            Ok(Err(Failure::Query(error))) => {
                self.session = Some(session);
                error
            }
            Ok(Err(Failure::Session(error))) => error,
            Err(_) => Error::TimedOut(limits.time),
        };
        Err(error)
    }
}

/// A query that runs, up to the size of its result.
type Query<'a> = Pin<Box<dyn Future<Output = Result<Total, Error>> + Send + 'a>>;

/// A result that is read row by row. Dropping it before its end closes the connection.
pub struct RowStream<'a> {
    columns: Vec<String>,
    /// The query, until it ended. It makes progress while a row is waited for.
    query: Option<Query<'a>>,
    total: Total,
    /// Why it failed. The rows before the error come first.
    error: Option<Error>,
    receiver: mpsc::Receiver<Item>,
}

impl RowStream<'_> {
    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next row. `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Row>, Error> {
        match self.item().await? {
            Some(Item::Row(row)) => Ok(Some(row)),
            Some(Item::Columns(_)) => Err(Error::Protocol("columns after rows")),
            None => Ok(None),
        }
    }

    /// The size of the result, once its last row was read.
    #[must_use]
    pub fn total(&self) -> Total {
        self.total
    }

    async fn item(&mut self) -> Result<Option<Item>, Error> {
        while let Some(query) = &mut self.query {
            tokio::select! {
                biased;
                Some(item) = self.receiver.recv() => return Ok(Some(item)),
                ended = query => {
                    self.query = None;
                    match ended {
                        Ok(total) => self.total = total,
                        Err(error) => self.error = Some(error),
                    }
                }
            }
        }
        // What was sent before the query ended.
        match self.receiver.try_recv() {
            Ok(item) => Ok(Some(item)),
            Err(_) => self.error.take().map_or(Ok(None), Err),
        }
    }
}

impl std::fmt::Debug for RowStream<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RowStream").field("columns", &self.columns).finish_non_exhaustive()
    }
}
