//! Connections, what the server is, and queries of the catalog.

use std::time::Duration;

use checks::{Facts, Fault, Product};
use sql::{Connection, Error, Limits, Login, Password, ReadOnly, Row, Rows};
use tokio::time::{Instant, sleep};

use crate::quote;
use crate::run::{Run, Step, Stop};
use crate::{mysql, postgres, values};

/// The time of a query of the catalog.
const CATALOG: Duration = Duration::from_secs(60);
/// A login gets this much time, also at the end of a run.
const LOGIN: Duration = Duration::from_secs(5);
/// The most rows of the catalog at once.
pub(crate) const MOST_ROWS: u64 = 20_000;
/// Their most bytes.
pub(crate) const MOST_BYTES: u64 = 16 << 20;
/// A server that ended while it was read is given this many times the time of a login to start again.
const RESTART: u32 = 5;
/// The time between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);

impl Run {
    pub(crate) fn product(&self) -> Product {
        self.task.server.product
    }

    /// Connects for the first time, and lists the databases in the order of their names.
    pub(crate) async fn facts(&mut self) -> Step<Vec<String>> {
        let candidates: &[&str] = match self.product() {
            Product::Postgres => &["postgres", "template1"],
            Product::Mysql => &["information_schema"],
        };
        let wanted = self.task.database.clone();
        let candidates = wanted.iter().map(String::as_str).chain(candidates.iter().copied());
        let mut opened = None;
        for database in candidates {
            // A missing default database is a fault, and others may be there.
            if self.try_open(database, wanted.as_deref() == Some(database)).await? {
                opened = Some(database.to_owned());
                break;
            }
        }
        let Some(database) = opened else {
            self.fault(Fault::MissingDatabase { database: wanted.unwrap_or_else(|| "postgres".to_owned()) });
            return Err(Stop::End);
        };
        let sql = match self.product() {
            Product::Postgres => postgres::FACTS,
            Product::Mysql => mysql::FACTS,
        };
        let facts = self.ask(&database, sql, "the list of databases").await?.ok_or(Stop::End)?;
        let mut databases: Vec<String> = facts.iter().filter_map(|row| values::optional(row, 2)).collect();
        databases.sort();
        self.has_page_ranges = facts.first().is_some_and(|row| values::is_true(row, 1));
        let version = facts.first().map(|row| values::text(row, 0)).unwrap_or_default();
        self.part.facts = Some(Facts { version, databases: databases.clone() });
        Ok(databases)
    }

    /// Makes sure that there is a connection to a database. If it cannot be opened, that is a fault, and `false`.
    pub(crate) async fn open(&mut self, database: &str) -> Step<bool> {
        self.try_open(database, true).await
    }

    async fn try_open(&mut self, database: &str, is_required: bool) -> Step<bool> {
        if self.connection.as_ref().is_some_and(|(current, open)| current == database && open.is_open()) {
            return Ok(true);
        }
        // A server that ended in the middle starts again. One that was never reached is not waited for.
        let was_reached = self.part.facts.is_some();
        self.connection = None;
        let since = Instant::now();
        let limit = Duration::from_secs(self.task.limits.connect_seconds.into());
        let patience = if was_reached { limit * RESTART } else { limit };
        loop {
            let time = limit.min(self.left().max(LOGIN));
            let error = match self.connect(database, time).await {
                Ok(connection) => {
                    self.connection = Some((database.to_owned(), connection));
                    return Ok(true);
                }
                Err(error) => error,
            };
            if matches!(error, Error::TimedOut(_)) && time < limit && self.has_begun() {
                return Err(Stop::Pause);
            }
            let may_start = match error {
                Error::Unreachable { step: sql::Step::Accept, .. } => true,
                Error::Unreachable { step: sql::Step::Connect, .. } | Error::Lost => was_reached,
                _ => false,
            };
            if may_start && since.elapsed() + PAUSE < patience {
                if self.left() < PAUSE && self.has_begun() {
                    return Err(Stop::Pause);
                }
                if self.left() >= PAUSE {
                    sleep(PAUSE).await;
                    continue;
                }
            }
            return self.not_opened(database, is_required, error);
        }
    }

    fn not_opened(&mut self, database: &str, is_required: bool, error: Error) -> Step<bool> {
        let fault = match error {
            Error::NoSuchDatabase if !is_required => return Ok(false),
            Error::NoSuchDatabase => {
                self.fault(Fault::MissingDatabase { database: database.to_owned() });
                return Ok(false);
            }
            Error::Refused { .. } => {
                self.fault(Fault::Unopened { database: database.to_owned(), why: error.to_string() });
                return Ok(false);
            }
            Error::Tls(_) => Fault::Tls { why: error.to_string() },
            Error::Credentials => Fault::Credentials,
            Error::TimedOut(_) => Fault::Hangs { during: checks::LOGIN.to_owned() },
            error => Fault::Unreachable { why: error.to_string() },
        };
        self.fault(fault);
        Err(Stop::End)
    }

    async fn connect(&self, database: &str, limit: Duration) -> Result<ReadOnly, Error> {
        self.login(database, limit).await?.read_only(limit).await
    }

    /// A connection that may write.
    pub(crate) async fn login(&self, database: &str, limit: Duration) -> Result<Connection, Error> {
        let server = &self.task.server;
        let login = Login {
            product: match server.product {
                Product::Postgres => sql::Product::Postgres,
                Product::Mysql => sql::Product::Mysql,
            },
            host: server.host.clone(),
            port: server.port,
            address: server.address,
            database: database.to_owned(),
            user: server.user.clone(),
            password: Password::new(server.password.reveal()),
        };
        Connection::open(&login, &self.roots, limit).await
    }

    /// The connection to a database. `None` if it cannot be opened.
    pub(crate) async fn connection(&mut self, database: &str) -> Step<Option<&mut ReadOnly>> {
        if !self.open(database).await? {
            return Ok(None);
        }
        Ok(self.connection.as_mut().map(|(_, connection)| connection))
    }

    /// Whether the server hangs, after a query that took too long.
    ///
    /// If it ended the query itself, it does not. Otherwise one session may be slow to end, as in a read of a disk that is
    /// still being loaded, and another login is possible.
    pub(crate) async fn hangs(&mut self, database: &str) -> bool {
        if self.connection.as_ref().is_some_and(|(_, connection)| connection.is_open()) {
            return false;
        }
        match self.connect(database, LOGIN).await {
            Ok(connection) => {
                self.connection = Some((database.to_owned(), connection));
                false
            }
            Err(error) => matches!(error, Error::TimedOut(_)),
        }
    }

    /// Runs a query, and once more if the connection ended: the server may have been restarted.
    pub(crate) async fn query(&mut self, database: &str, sql: &str, limits: Limits) -> Step<Result<Rows, Error>> {
        for _ in 0..2 {
            let Some(connection) = self.connection(database).await? else { return Ok(Err(Error::NoSuchDatabase)) };
            match connection.query(sql, limits).await {
                Err(Error::Lost) => {}
                result => return Ok(result),
            }
        }
        Ok(Err(Error::Lost))
    }

    /// Rows of the catalog. An error is a fault, and there are no rows.
    pub(crate) async fn ask(&mut self, database: &str, sql: &str, what: &str) -> Step<Option<Vec<Row>>> {
        let time = CATALOG.min(self.left()).max(Duration::from_secs(1));
        let error = match self.query(database, sql, Limits { time, rows: MOST_ROWS, bytes: MOST_BYTES }).await? {
            Ok(rows) => return Ok(Some(rows.rows)),
            Err(error) => error,
        };
        let is_late = matches!(error, Error::TimedOut(_));
        if is_late && time < CATALOG && !self.is_first_step() {
            return Err(Stop::Pause);
        }
        let during = format!("{what} of database {}", database.escape_debug());
        if is_late && self.hangs(database).await {
            self.fault(Fault::Hangs { during });
            return Err(Stop::End);
        }
        if is_late {
            // A large catalog on a small class says nothing about the copy. Without the list, nothing more can be said.
            self.not_checked(during, error.to_string());
            return Err(Stop::End);
        }
        self.fault(Fault::Unexpected { during, why: error.to_string() });
        Ok(None)
    }

    /// A name, quoted.
    pub(crate) fn quoted(&self, name: &str) -> String {
        quote::identifier(self.product(), name)
    }
}
