//! PostgreSQL: `tokio-postgres`, over a connection that is encrypted before it begins.

mod errors;
mod rows;
mod values;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, Row as PostgresRow};

use self::rows::{Rejected, SmallRows};
use crate::session::{Failure, MAX_ROW_BYTES};
use crate::sink::{RawRow, Sink};
use crate::{Error, Excess, Login, Refusal, Roots, Row, TlsFault, network};

/// "SSLRequest" of PostgreSQL's protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A session.
pub(crate) struct Postgres {
    client: Client,
    /// Set when a row was too large.
    rejected: Arc<Rejected>,
    /// Reads and writes. The socket is closed when it is aborted.
    transport: JoinHandle<()>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.transport.abort();
    }
}

impl Postgres {
    pub(crate) async fn open(login: &Login, roots: &Roots) -> Result<Self, Error> {
        let mut stream = network::connect(&network::resolve(login).await?).await?;
        request_tls(&mut stream).await?;
        let stream = roots.handshake(stream, &login.host).await?;
        let rejected = Arc::new(Rejected::default());
        let stream = SmallRows::new(stream, MAX_ROW_BYTES, Arc::clone(&rejected));
        let mut config = Config::new();
        config.user(&login.user).password(login.password.reveal()).dbname(&login.database);
        // The stream is encrypted already.
        config.ssl_mode(SslMode::Disable).application_name("draco");
        let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(|error| errors::of_login(&error))?;
        let transport = tokio::spawn(async move {
            // The client reports the error too.
            let _ = connection.await;
        });
        Ok(Self { client, rejected, transport })
    }

    pub(crate) async fn execute(&mut self, sql: &str, time: Duration) -> Result<(), Error> {
        let milliseconds = time.as_millis().clamp(1, i32::MAX as u128);
        let limit = format!("set statement_timeout = {milliseconds}");
        self.client.batch_execute(&limit).await.map_err(|error| self.error(&error, time))?;
        // The extended protocol refuses several statements.
        self.client.execute(sql, &[]).await.map(drop).map_err(|error| self.error(&error, time))
    }

    pub(crate) async fn set_read_only(&mut self) -> Result<(), Error> {
        let settings = "set session characteristics as transaction read only; set timezone = 'UTC'";
        self.client.batch_execute(settings).await.map_err(|error| self.error(&error, Duration::ZERO))
    }

    pub(crate) async fn run(&mut self, sql: &str, time: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        let milliseconds = time.as_millis().clamp(1, i32::MAX as u128);
        let begin = format!("begin read only; set local statement_timeout = {milliseconds}");
        self.client.batch_execute(&begin).await.map_err(|error| Failure::Session(self.error(&error, time)))?;
        let result = self.read(sql, time, sink).await;
        if let Err(failure @ Failure::Session(_)) = result {
            return Err(failure);
        }
        // A statement that ended the transaction itself makes this a warning.
        self.client.batch_execute("rollback").await.map_err(|error| Failure::Session(self.error(&error, time)))?;
        result
    }

    /// Reads the result of one statement. The server refuses several in the extended protocol.
    async fn read(&self, sql: &str, time: Duration, sink: &mut impl Sink) -> Result<(), Failure> {
        let failed = |error: tokio_postgres::Error| self.error(&error, time).of_statement();
        let statement = self.client.prepare(sql).await.map_err(failed)?;
        if !statement.params().is_empty() {
            // Undefined parameter.
            let refused = Error::Refused { class: Refusal::Syntax, code: "SQLSTATE 42P02".to_owned(), position: None };
            return Err(Failure::Query(refused));
        }
        let names = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        sink.columns(names).await.map_err(Failure::Session)?;
        let rows = self.client.query_raw(&statement, std::iter::empty::<i32>()).await.map_err(failed)?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            sink.row(&row).await.map_err(Failure::Session)?;
        }
        Ok(())
    }

    /// The reason of an error after the login.
    fn error(&self, error: &tokio_postgres::Error, time: Duration) -> Error {
        if self.rejected.is_set() {
            return Error::TooMuch(Excess::Row(MAX_ROW_BYTES));
        }
        errors::of_statement(error, time)
    }
}

/// Asks for TLS. The answer is one byte. All that follows is encrypted.
async fn request_tls(stream: &mut TcpStream) -> Result<(), Error> {
    stream.write_all(&SSL_REQUEST).await.map_err(|_| Error::Lost)?;
    match stream.read_u8().await.map_err(|_| Error::Lost)? {
        b'S' => Ok(()),
        _ => Err(Error::Tls(TlsFault::NotOffered)),
    }
}

impl RawRow for PostgresRow {
    fn bytes(&self) -> u64 {
        self.raw_size_bytes() as u64
    }

    fn decode(&self) -> Row {
        (0..self.len()).map(|at| values::decode(self, at)).collect()
    }
}
