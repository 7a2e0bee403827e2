//! The addresses on which the simulation listens.

use std::io;
use std::net::Ipv6Addr;

use anyhow::{Context, anyhow};
use tokio::net::{TcpListener, lookup_host};

/// A host name or IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen {
    /// Without brackets.
    host: String,
    port: u16,
}

impl Listen {
    /// Parses `HOST:PORT`. An IPv6 address is in brackets.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected a host and a port, like localhost:4599 or [::1]:4599";
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let port = port.parse().map_err(|_| EXPECTED)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().map_err(|_| EXPECTED)?.to_string(),
            None if host.is_empty() || host.contains([':', '[', ']', '/', ' ']) => return Err(EXPECTED),
            None => host.to_owned(),
        };
        Ok(Self { host, port })
    }

    /// Listens on every address of the host, with the same port. Returns the URL, too.
    ///
    /// A name like `localhost` often has an IPv6 address on machines without IPv6. Such an address is left out.
    pub(super) async fn bind(&self) -> anyhow::Result<(String, Vec<TcpListener>)> {
        let (host, mut port) = (&self.host, self.port);
        let addresses = lookup_host((host.as_str(), port)).await.with_context(|| format!("resolving {host}"))?;
        let (mut listeners, mut unavailable) = (Vec::<TcpListener>::new(), None);
        for mut address in addresses {
            address.set_port(port);
            let is_bound = |listener: &TcpListener| listener.local_addr().is_ok_and(|bound| bound == address);
            if listeners.iter().any(is_bound) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    port = listener.local_addr().context("reading the port")?.port();
                    listeners.push(listener);
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                    return Err(error).with_context(|| format!("listening on {address}"));
                }
                Err(error) => unavailable = Some(anyhow!(error).context(format!("listening on {address}"))),
            }
        }
        if listeners.is_empty() {
            return Err(unavailable.unwrap_or_else(|| anyhow!("{host} has no addresses")));
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        Ok((format!("http://{host}:{port}"), listeners))
    }
}

/// The warnings about addresses that other machines can reach.
pub(super) fn warnings(listeners: &[TcpListener]) -> impl Iterator<Item = String> {
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
    let public = addresses.filter(|address| !address.ip().to_canonical().is_loopback());
    public.map(|address| format!("other machines can reach {address}, and requests are not authenticated"))
}

#[cfg(test)]
mod tests {
    use super::Listen;

    #[test]
    fn hosts_and_addresses_with_a_port_are_parsed() {
        for (text, host, port) in [
            ("localhost:4599", "localhost", 4599),
            ("127.0.0.1:0", "127.0.0.1", 0),
            ("[::1]:4599", "::1", 4599),
            ("draco.example.com:80", "draco.example.com", 80),
        ] {
            assert_eq!(Listen::parse(text), Ok(Listen { host: host.to_owned(), port }), "{text}");
        }
        for text in
            ["4599", "localhost", "localhost:http", "::1:4599", "[localhost]:4599", ":4599", "http://x:1", "a:99999"]
        {
            assert!(Listen::parse(text).is_err(), "{text}");
        }
    }
}
