//! The objects that the verifier reads from its bucket: the user's checks, and the root certificates of RDS.

use std::fs;

use anyhow::{Context, bail, ensure};
use aws_smithy_types::base64;
use cloud::Version;
use config::Config;
use protocol::job::Role;
use protocol::{DatabaseArn, Job, Place};
use provision::sweep::Due;
use provision::{Begin, teardown};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::terminal::{GOOD, TITLE};
use crate::{Account, Terminal};

/// The key of the object with the user's checks.
const CHECKS_KEY: &str = "checks.json";
/// The key of the object with the user's thresholds.
const THRESHOLDS_KEY: &str = "thresholds.json";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// The root certificates of all regions.
pub(crate) const GLOBAL_BUNDLE: &str = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";
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
    /// Its key.
    pub key: &'static str,
    content: Vec<u8>,
    /// What the verifier takes if there is no object.
    missing: Vec<u8>,
    description: String,
}

/// What the configuration has: `checks:`, `thresholds:` and `RDS_ROOTS`. Without `RDS_ROOTS`, the certificates stay as they are.
///
/// # Errors
///
/// If the file with the certificates cannot be read, or has none.
pub fn wanted(config: &Config) -> anyhow::Result<Vec<Wanted>> {
    let (databases, checks) = (config.checks.len(), config.checks.values().map(Vec::len).sum::<usize>());
    let description = match databases {
        0 => "no checks of your own".to_owned(),
        _ => format!("{} of {}", counted(checks, "check"), counted(databases, "database")),
    };
    let (content, default) = (config.checks_json().into_bytes(), Config::default());
    let mut wanted =
        vec![Wanted { key: CHECKS_KEY, content, missing: default.checks_json().into_bytes(), description }];
    let (content, missing) = (config.thresholds_json().into_bytes(), default.thresholds_json().into_bytes());
    let description = if content == missing { "the usual thresholds" } else { "your own thresholds" }.to_owned();
    wanted.push(Wanted { key: THRESHOLDS_KEY, content, missing, description });
    if let Some(path) = &config.rds_roots {
        let content =
            fs::read(path).with_context(|| format!("reading the root certificates {} (RDS_ROOTS)", path.display()))?;
        let content = certificates(&content)
            .with_context(|| format!("{} (RDS_ROOTS) has no certificates; download {GLOBAL_BUNDLE}", path.display()))?;
        let description = counted(content.matches(BEGIN).count(), "root certificate");
        wanted.push(Wanted { key: ROOTS_KEY, content: content.into_bytes(), missing: Vec::new(), description });
    }
    Ok(wanted)
}

/// The certificates of a PEM file, and nothing else that may be in it. `None` if there are none, or if one cannot be read.
fn certificates(pem: &[u8]) -> Option<String> {
    let all: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let text: String = all
        .iter()
        .map(|certificate| {
            let base64 = base64::encode(certificate);
            let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
            format!("{BEGIN}\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
        })
        .collect();
    (!text.is_empty()).then_some(text)
}

fn counted(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

/// Those that differ from the objects in the bucket, which may not be there yet.
///
/// # Errors
///
/// If a call fails.
pub async fn differing(account: &Account, wanted: Vec<Wanted>) -> anyhow::Result<Vec<Wanted>> {
    let (cloud, bucket) = (account.cloud(), bucket(&account.place));
    let (has_bucket, mut differing) = (bucket_exists(account).await?, Vec::new());
    for object in wanted {
        let found = if has_bucket { cloud.read_object(&bucket, object.key).await? } else { None };
        if found.as_ref().map_or(&object.missing, |found| &found.content) != &object.content {
            differing.push(object);
        }
    }
    Ok(differing)
}

/// Shows what is to be put into the bucket.
pub(crate) fn show(account: &Account, objects: &[Wanted], terminal: &mut Terminal) {
    let bucket = bucket(&account.place);
    for Wanted { key, description, .. } in objects {
        terminal.print(format_args!("{TITLE}put {key}{TITLE:#} into {bucket}: {description}"));
    }
}

/// Puts objects into the bucket.
///
/// # Errors
///
/// If a call fails.
pub async fn put(account: &Account, objects: &[Wanted], terminal: &mut Terminal) -> anyhow::Result<()> {
    let (cloud, bucket) = (account.cloud(), bucket(&account.place));
    for Wanted { key, content, description, .. } in objects {
        cloud.write_object(&bucket, key, content.clone(), &Version::Any).await?;
        terminal.print(format_args!("{GOOD}{key} is in {bucket}{GOOD:#}: {description}"));
    }
    Ok(())
}

/// Whether the bucket has root certificates.
///
/// # Errors
///
/// If the call fails.
pub async fn has_roots(account: &Account) -> anyhow::Result<bool> {
    let roots = account.cloud().read_object(&bucket(&account.place), ROOTS_KEY).await?;
    Ok(roots.is_some_and(|found| certificates(&found.content).is_some()))
}

/// Refuses a verifier that could not connect to any database.
///
/// # Errors
///
/// If neither the configuration nor the bucket has root certificates.
pub(crate) async fn ensure_roots(account: &Account, config: &Config) -> anyhow::Result<()> {
    ensure!(
        config.rds_roots.is_some() || (bucket_exists(account).await? && has_roots(account).await?),
        "RDS_ROOTS is not set: without the root certificates of RDS, no copy can be verified; download them with `curl -sSO \
         {GLOBAL_BUNDLE}`, and set RDS_ROOTS to the file"
    );
    Ok(())
}

/// The databases of verifications, with their jobs.
///
/// # Errors
///
/// If the databases cannot be listed.
pub(crate) async fn restored(account: &Account) -> anyhow::Result<Vec<(DatabaseArn, Box<Job>)>> {
    let cloud = account.cloud();
    let found = provision::sweep::sweep(&cloud, cloud.now()).await?.into_iter();
    let restored = found.filter_map(|found| match found.due {
        Due::Continue(job, Role::Verify) | Due::TearDown(job, Role::Verify) => Some((found.database, job)),
        Due::Continue(..) | Due::TearDown(..) | Due::Report(_) => None,
    });
    Ok(restored.collect())
}

/// Deletes the databases of verifications, and waits until they are gone.
///
/// # Errors
///
/// If a call fails, or a database needs a person.
pub(crate) async fn tear_down(
    account: &Account,
    restored: &[(DatabaseArn, Box<Job>)],
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let cloud = account.cloud();
    let mut left: Vec<&(DatabaseArn, Box<Job>)> = restored.iter().collect();
    while !left.is_empty() {
        let (mut still, mut wait) = (Vec::new(), None);
        for found in left {
            let (database, job) = found;
            // They were seen, so nothing more comes.
            match teardown::step(&cloud, job, Role::Verify, Begin::Allowed, None, cloud.now()).await? {
                teardown::Outcome::Again { after, .. } => {
                    wait = Some(wait.map_or(after, |wait: chrono::TimeDelta| wait.min(after)));
                    still.push(found);
                }
                teardown::Outcome::TornDown => {
                    terminal.print(format_args!("{GOOD}{} is deleted{GOOD:#}", database.id()));
                }
                teardown::Outcome::Refused { reason } => bail!("{database} needs a person: {reason}"),
            }
        }
        left = still;
        if let Some(wait) = wait {
            tokio::time::sleep(wait.to_std()?).await;
        }
    }
    Ok(())
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
        let of = |text: &str| {
            wanted_of(text).unwrap().into_iter().map(|(key, what)| format!("{key}: {what}")).collect::<Vec<_>>()
        };
        assert_eq!(of(""), ["checks.json: no checks of your own", "thresholds.json: the usual thresholds"]);
        let text =
            "checks: { orders: [{ sql: select 1, equals: 1 }], ledger: [] }\nthresholds: { rows_lost_percent: 30 }";
        assert_eq!(of(text), ["checks.json: 1 check of 2 databases", "thresholds.json: your own thresholds"]);
    }

    #[test]
    fn of_a_file_only_certificates_are_taken() {
        let roots = include_str!("../tests/aftercare/roots.pem");
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        assert_eq!(certificates(format!("a comment\n{key}{roots}").as_bytes()).unwrap(), roots);
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = std::env::temp_dir().join(format!("draco-roots-{}", std::process::id()));
        for content in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n", "<html>not found</html>"] {
            fs::write(&file, content).unwrap();
            let why = wanted_of(&format!("RDS_ROOTS: {}", file.display())).unwrap_err();
            assert!(why.contains("has no certificates; download https://truststore"), "{why}");
        }
        fs::remove_file(&file).unwrap();
        let why = wanted_of("RDS_ROOTS: not-there.pem").unwrap_err();
        assert!(why.starts_with("reading the root certificates not-there.pem (RDS_ROOTS)"), "{why}");
    }
}
