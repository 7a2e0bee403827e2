//! The certificate authority of the servers, in place of Amazon's own RDS roots.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use sim::servers::Failure;

use crate::folder::Owner;
use crate::programs::failure;

/// An authority. Its key is only in memory.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Failure> {
        let make = || {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params.distinguished_name.push(DnType::CommonName, "Simulated Amazon RDS Root CA");
            let key = KeyPair::generate()?;
            let pem = params.self_signed(&key)?.pem();
            Ok(Self { issuer: Issuer::new(params, key), pem })
        };
        make().map_err(tls_failure)
    }

    /// Its certificate, for clients.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes a new key, and its certificate for these hosts: `server.key` and `server.crt`, readable by the servers alone.
    pub(crate) fn write(&self, hosts: &[String], folder: &Path, owner: &Owner) -> Result<(), Failure> {
        let make = || {
            let mut params = CertificateParams::new(hosts)?;
            params.distinguished_name.push(DnType::CommonName, "Simulated Amazon RDS");
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok((certificate.pem(), key.serialize_pem()))
        };
        let (certificate, key) = make().map_err(tls_failure)?;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = folder.join(name);
            fs::write(&path, text)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
                .and_then(|()| owner.give(&path))
                .map_err(|error| failure(format!("writing {}: {error}", path.display())))?;
        }
        Ok(())
    }
}

fn tls_failure(error: rcgen::Error) -> Failure {
    failure(format!("making a certificate: {error}"))
}
