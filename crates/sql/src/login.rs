//! Which server, and as whom.

use std::fmt;
use std::net::SocketAddr;

/// A product, and so a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// PostgreSQL, and Aurora PostgreSQL.
    Postgres,
    /// MySQL, MariaDB and Aurora MySQL.
    Mysql,
}

/// A password. It is written to no log: it has no `Display`, and its `Debug` is redacted.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// The password with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

/// Where a server is, and as whom to connect.
#[derive(Clone, Debug)]
pub struct Login {
    /// The protocol.
    pub product: Product,
    /// The name of the host, as in the certificate of the server.
    pub host: String,
    /// The port. With an `address`, its port is used.
    pub port: u16,
    /// Where to connect if the name is not to be resolved, as in a simulation or through a tunnel.
    pub address: Option<SocketAddr>,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// The password of the user.
    pub password: Password,
}
