//! From the name of a host to a TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::{Error, Login, Step};

/// The addresses of the server, of which there is at least one.
pub(crate) async fn resolve(login: &Login) -> Result<Vec<SocketAddr>, Error> {
    if let Some(address) = login.address {
        return Ok(vec![address]);
    }
    let failed = |reason: String| Error::Unreachable { step: Step::Resolve, reason };
    let found = lookup_host((login.host.as_str(), login.port)).await.map_err(|error| failed(error.to_string()))?;
    let found: Vec<_> = found.collect();
    if found.is_empty() { Err(failed("no address".to_owned())) } else { Ok(found) }
}

/// Connects to the first address that answers.
pub(crate) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(addresses).await.map_err(|error| unreachable(&error))?;
    // A query is several small messages, of which each is waited for.
    stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
    Ok(stream)
}

/// Why there is no connection.
pub(crate) fn unreachable(error: &io::Error) -> Error {
    Error::Unreachable { step: Step::Connect, reason: error.kind().to_string() }
}

/// Whether a TCP connection is possible within a second.
pub(crate) async fn is_reachable(login: &Login) -> bool {
    let attempt = async { connect(&resolve(login).await?).await };
    timeout(Duration::from_secs(1), attempt).await.is_ok_and(|result| result.is_ok())
}

/// No address answered at all.
pub(crate) fn silent(limit: Duration) -> Error {
    let reason = format!("no answer within {} s", limit.as_secs_f64());
    Error::Unreachable { step: Step::Connect, reason }
}
