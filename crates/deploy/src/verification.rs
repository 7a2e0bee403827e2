//! The objects that the verifier reads from its bucket: the user's checks, and the root certificates of RDS.

use std::fs;

use anyhow::{Context, ensure};
use cloud::Version;
use config::Config;
use config::keys::CHECKS;
use protocol::Place;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::terminal::GOOD;
use crate::{Account, Terminal};

/// The key of the object with the user's checks.
const CHECKS_KEY: &str = "checks.json";
/// The key of the object with the root certificates.
pub(crate) const ROOTS_KEY: &str = "roots.pem";

/// The bucket of the verifier, by the name that its template gives it.
#[must_use]
pub fn bucket(place: &Place) -> String {
    format!("draco-verify-{}-{}", place.account, place.region)
}

/// An object that the configuration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    key: &'static str,
    content: Vec<u8>,
    description: String,
}

/// What the configuration has: `checks:` and `RDS_ROOTS`. Without a key, the object stays as it is.
///
/// # Errors
///
/// If the file with the certificates cannot be read, or has none.
pub fn wanted(config: &Config) -> anyhow::Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    if config.origin(CHECKS).is_some() {
        let (databases, checks) = (config.checks.len(), config.checks.values().map(Vec::len).sum::<usize>());
        let description = format!("{} of {}", counted(checks, "check"), counted(databases, "database"));
        wanted.push(Wanted { key: CHECKS_KEY, content: config.checks_json().into_bytes(), description });
    }
    if let Some(path) = &config.rds_roots {
        let content =
            fs::read(path).with_context(|| format!("reading the root certificates {} (RDS_ROOTS)", path.display()))?;
        let roots = certificates(&content).with_context(|| format!("{} (RDS_ROOTS)", path.display()))?;
        wanted.push(Wanted { key: ROOTS_KEY, content, description: counted(roots, "root certificate") });
    }
    Ok(wanted)
}

/// The number of certificates.
fn certificates(pem: &[u8]) -> anyhow::Result<usize> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.ok().filter(|all| !all.is_empty());
    let all = all.context("it has no certificates; download them from https://truststore.pki.rds.amazonaws.com")?;
    Ok(all.len())
}

fn counted(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

/// Puts the objects that differ into the bucket.
///
/// # Errors
///
/// If a call fails.
pub async fn put(account: &Account, wanted: &[Wanted], terminal: &mut Terminal) -> anyhow::Result<()> {
    let (cloud, bucket) = (account.cloud(), bucket(&account.place));
    for Wanted { key, content, description } in wanted {
        let found = cloud.read_object(&bucket, key).await?;
        if found.is_some_and(|found| found.content == *content) {
            terminal.print(format_args!("{GOOD}{key} is up to date{GOOD:#}: {description}"));
            continue;
        }
        cloud.write_object(&bucket, key, content.clone(), &Version::Any).await?;
        terminal.print(format_args!("{GOOD}{key} is in {bucket}{GOOD:#}: {description}"));
    }
    Ok(())
}

/// How the bucket compares with the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// The number of root certificates. `None` if there are none, or they cannot be read.
    pub roots: Option<usize>,
    /// The objects that differ from the configuration.
    pub differing: Vec<&'static str>,
}

impl Objects {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// If a call fails, or a file of the configuration cannot be read.
    pub async fn look(account: &Account, config: &Config) -> anyhow::Result<Self> {
        let (cloud, bucket) = (account.cloud(), bucket(&account.place));
        let roots = cloud.read_object(&bucket, ROOTS_KEY).await?;
        let mut objects =
            Self { roots: roots.and_then(|found| certificates(&found.content).ok()), differing: Vec::new() };
        for Wanted { key, content, .. } in wanted(config)? {
            let found = cloud.read_object(&bucket, key).await?;
            if found.is_none_or(|found| found.content != content) {
                objects.differing.push(key);
            }
        }
        Ok(objects)
    }
}

/// Whether the bucket is there: it stays when the stack is deleted.
///
/// # Errors
///
/// If it belongs to another account, or the call fails.
pub(crate) async fn bucket_exists(account: &Account) -> anyhow::Result<bool> {
    let bucket = bucket(&account.place);
    let call = account.s3().head_bucket().bucket(&bucket).expected_bucket_owner(account.place.account.as_str());
    match call.send().await {
        Ok(_) => Ok(true),
        Err(error) if crate::aws_error::http_status(&error) == Some(404) => Ok(false),
        Err(error) => {
            let status = crate::aws_error::http_status(&error);
            ensure!(
                status != Some(403),
                "the bucket {bucket} belongs to another account, or these credentials may not read it; the verifier needs it"
            );
            Err(error).context(format!("reading bucket {bucket}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn wanted_of(text: &str) -> Result<Vec<(&'static str, String)>, String> {
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let wanted = wanted(&config).map_err(|why| format!("{why:#}"))?;
        Ok(wanted.into_iter().map(|wanted| (wanted.key, wanted.description)).collect())
    }

    #[test]
    fn objects_come_from_the_configuration() {
        assert_eq!(wanted_of(""), Ok(Vec::new()));
        let checks = "checks: { orders: [{ sql: select 1, equals: 1 }], ledger: [] }";
        assert_eq!(wanted_of(checks), Ok(vec![("checks.json", "1 check of 2 databases".to_owned())]));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = std::env::temp_dir().join(format!("draco-roots-{}", std::process::id()));
        for content in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n", "<html>not found</html>"] {
            fs::write(&file, content).unwrap();
            let why = wanted_of(&format!("RDS_ROOTS: {}", file.display())).unwrap_err();
            assert!(why.contains("it has no certificates; download them from https://truststore"), "{why}");
        }
        fs::remove_file(&file).unwrap();
        let why = wanted_of("RDS_ROOTS: not-there.pem").unwrap_err();
        assert!(why.starts_with("reading the root certificates not-there.pem (RDS_ROOTS)"), "{why}");
    }
}
