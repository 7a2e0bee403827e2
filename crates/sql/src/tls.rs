//! Which certificates are trusted, and why one was not.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use crate::{Error, TlsFault};

/// The certificates that a server's certificate must be signed by. There are no others: the system's are not used.
#[derive(Clone)]
pub struct Roots {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    config: Arc<ClientConfig>,
}

impl fmt::Debug for Roots {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Roots({})", self.certificates.len())
    }
}

/// The text is not a list of certificates in PEM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid root certificates: {0}")]
pub struct InvalidRoots(String);

impl Roots {
    /// The certificates of a file in PEM. All must be valid, and there must be one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidRoots> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| InvalidRoots(format!("not in PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(InvalidRoots("the text contains no certificate".to_owned()));
        }
        let mut store = RootCertStore::empty();
        for (at, certificate) in certificates.iter().enumerate() {
            store
                .add(certificate.clone())
                .map_err(|_| InvalidRoots(format!("number {} is not a certificate", at + 1)))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| InvalidRoots(error.to_string()))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self { certificates, config: Arc::new(config) })
    }

    /// Begins TLS with a server of this name.
    pub(crate) async fn handshake(&self, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, Error> {
        let name = server_name(host)?;
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await.map_err(|error| io_error(&error))
    }
}

/// A host as a name that certificates are for.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned()).map_err(|_| Error::Tls(TlsFault::InvalidName))
}

/// The reason why a stream that becomes or is one of TLS failed. Without one of TLS, the connection is lost.
pub(crate) fn io_error(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => tls_error(error),
        None => Error::Lost,
    }
}

pub(crate) fn tls_error(error: &rustls::Error) -> Error {
    Error::Tls(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
            _ => TlsFault::Untrusted,
        },
        _ => TlsFault::Handshake,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(pem: &str) -> String {
        Roots::from_pem(pem.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn roots_are_certificates() {
        assert_eq!(reason(""), "invalid root certificates: the text contains no certificate");
        assert_eq!(reason("no PEM"), "invalid root certificates: the text contains no certificate");
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(reason(key), "invalid root certificates: the text contains no certificate");
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(reason(text), "invalid root certificates: number 1 is not a certificate");
        assert!(reason("-----BEGIN CERTIFICATE-----\nAAAA\n").starts_with("invalid root certificates: not in PEM: "));
    }

    #[test]
    fn a_fault_has_its_class() {
        let fault = |error: CertificateError| tls_error(&rustls::Error::InvalidCertificate(error));
        assert_eq!(fault(CertificateError::Expired), Error::Tls(TlsFault::Expired));
        assert_eq!(fault(CertificateError::NotValidYet), Error::Tls(TlsFault::Expired));
        assert_eq!(fault(CertificateError::NotValidForName), Error::Tls(TlsFault::WrongName));
        assert_eq!(fault(CertificateError::UnknownIssuer), Error::Tls(TlsFault::Untrusted));
        assert_eq!(fault(CertificateError::Revoked), Error::Tls(TlsFault::Untrusted));
        assert_eq!(tls_error(&rustls::Error::DecryptError), Error::Tls(TlsFault::Handshake));
    }
}
