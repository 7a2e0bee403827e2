//! MySQL and MariaDB: `mysql_async`, with TLS by the same library.

mod errors;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, QueryResult, SslOpts, Value as MysqlValue};

use crate::session::{Failure, MAX_ROW_BYTES};
use crate::sink::{RawRow, Sink};
use crate::{Error, Login, Refusal, Roots, Row, network, tls};

/// A session.
pub(crate) struct Mysql {
    /// Missing only while it is dropped.
    conn: Option<Conn>,
    product: Flavor,
}

/// The setting that limits the time of a statement differs.
#[derive(Clone, Copy)]
enum Flavor {
    Mysql,
    MariaDb,
}

impl fmt::Debug for Mysql {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Mysql").finish_non_exhaustive()
    }
}

impl Drop for Mysql {
    /// Closes the socket at once. Dropping the connection alone would read the result to its end in the background.
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = conn.disconnect().now_or_never();
        }
    }
}

impl Mysql {
    pub(crate) async fn open(login: &Login, roots: &Roots) -> Result<Self, Error> {
        let addresses = network::resolve(login).await?;
        tls::server_name(&login.host)?;
        let mut conn = Conn::new(options(login, roots, &addresses)).await.map_err(|error| errors::of_login(&error))?;
        let version: Option<String> =
            conn.query_first("SELECT VERSION()").await.map_err(|error| errors::of_login(&error))?;
        let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
        Ok(Self { conn: Some(conn), product: if is_mariadb { Flavor::MariaDb } else { Flavor::Mysql } })
    }

    pub(crate) async fn set_read_only(&mut self) -> Result<(), Error> {
        self.command("SET SESSION TRANSACTION READ ONLY").await?;
        // So that timestamps are those of UTC.
        self.command("SET SESSION time_zone = '+00:00'").await
    }

    pub(crate) async fn execute(&mut self, sql: &str, time: Duration) -> Result<(), Error> {
        self.limit(time).await?;
        let conn = self.conn.as_mut().ok_or(Error::Lost)?;
        // The server refuses several statements when one is prepared.
        conn.exec_drop(sql, ()).await.map_err(|error| errors::of_statement(&error, time))
    }

    /// MySQL's limit is for statements that read.
    async fn limit(&mut self, time: Duration) -> Result<(), Error> {
        let milliseconds = time.as_millis().clamp(1, u32::MAX.into());
        let limit = match self.product {
            Flavor::Mysql => format!("SET SESSION max_execution_time = {milliseconds}"),
            Flavor::MariaDb => {
                format!("SET SESSION max_statement_time = {}.{:03}", milliseconds / 1000, milliseconds % 1000)
            }
        };
        self.command(&limit).await
    }

    pub(crate) async fn run(&mut self, sql: &str, time: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        self.limit(time).await.map_err(Failure::Session)?;
        self.command("START TRANSACTION READ ONLY").await.map_err(Failure::Session)?;
        let result = self.read(sql, time, sink).await;
        if let Err(failure @ Failure::Session(_)) = result {
            return Err(failure);
        }
        self.command("ROLLBACK").await.map_err(Failure::Session)?;
        result
    }

    /// Reads the result of one statement.
    ///
    /// It is prepared, because the server refuses several statements only there. A statement that cannot be prepared,
    /// as `CHECK TABLE`, was parsed by the server and is a single one, so it can be sent as text.
    async fn read(&mut self, sql: &str, time: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        let failed = |error: mysql_async::Error| errors::of_statement(&error, time).of_statement();
        let conn = self.conn.as_mut().ok_or(Failure::Session(Error::Lost))?;
        let statement = match conn.prep(sql).await {
            Ok(statement) => statement,
            Err(mysql_async::Error::Server(error)) if error.code == errors::CANNOT_BE_PREPARED => {
                let result = conn.query_iter(sql).await.map_err(failed)?;
                return read_result(result, failed, sink).await;
            }
            Err(error) => return Err(failed(error)),
        };
        if statement.num_params() > 0 {
            // Incorrect arguments to EXECUTE.
            let refused = Error::Refused { class: Refusal::Syntax, code: "error 1210".to_owned(), position: None };
            return Err(Failure::Query(refused));
        }
        let read = match conn.exec_iter(&statement, ()).await {
            Ok(result) => read_result(result, failed, sink).await,
            Err(error) => Err(failed(error)),
        };
        if let Err(Failure::Session(_)) = read {
            return read;
        }
        conn.close(statement).await.map_err(failed)?;
        read
    }

    async fn command(&mut self, sql: &str) -> Result<(), Error> {
        let conn = self.conn.as_mut().ok_or(Error::Lost)?;
        conn.query_drop(sql).await.map_err(|error| errors::of_statement(&error, Duration::ZERO))
    }
}

fn options(login: &Login, roots: &Roots, addresses: &[SocketAddr]) -> OptsBuilder {
    let certificates = roots.certificates.iter().map(|certificate| certificate.to_vec().into()).collect();
    let tls = SslOpts::default().with_disable_built_in_roots(true).with_root_certs(certificates);
    OptsBuilder::default()
        .ip_or_hostname(&login.host)
        .resolved_ips(Some(addresses.iter().map(SocketAddr::ip).collect::<Vec<_>>()))
        .tcp_port(addresses.first().map_or(login.port, SocketAddr::port))
        .user(Some(&login.user))
        .pass(Some(login.password.reveal()))
        .db_name(Some(&login.database))
        .ssl_opts(tls)
        // It would leave TLS for the socket of a server on this machine.
        .prefer_socket(false)
        .stmt_cache_size(0)
        // Both are read from the server otherwise.
        .max_allowed_packet(Some(MAX_ROW_BYTES))
        .wait_timeout(Some(28_800))
}

/// Reads the first result. A procedure may have more of them, which are skipped.
async fn read_result<P: mysql_async::prelude::Protocol>(
    mut result: QueryResult<'_, '_, P>,
    failed: impl Fn(mysql_async::Error) -> Failure,
    sink: &mut impl Sink,
) -> Result<(), Failure> {
    let names = result.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
    sink.columns(names).await.map_err(Failure::Session)?;
    while let Some(row) = result.next().await.map_err(&failed)? {
        sink.row(&row).await.map_err(Failure::Session)?;
    }
    result.drop_result().await.map_err(failed)
}

impl RawRow for mysql_async::Row {
    fn bytes(&self) -> u64 {
        (0..self.len()).filter_map(|at| self.as_ref(at)).map(values::bytes).sum()
    }

    fn decode(&self) -> Row {
        let columns = self.columns_ref().iter().enumerate();
        columns.map(|(at, column)| values::decode(column, self.as_ref(at).unwrap_or(&MysqlValue::NULL))).collect()
    }
}
