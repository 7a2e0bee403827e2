//! `upload`: uploads the artifacts that have changed.

use anyhow::{Context, bail};
use aws_sdk_s3::primitives::ByteStream;
use config::Config;

use super::{Artifact, HASH, Local, Uploaded, shortened};
use crate::aws_error::{Explain, error_code};
use crate::files::Files;
use crate::terminal::{Answers, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal, bucket};

/// Connects to the DR account, and uploads the artifacts to the bucket of each region.
///
/// # Errors
///
/// If an artifact is not built, or a call fails.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    config.need(&config.code_bucket, "CODE_BUCKET")?;
    let mut terminal = Terminal::new(Answers::default());
    let files = Files::of_workspace()?;
    let artifacts = built(config, &files)?;
    bucket::in_each(&config.all_regions(), async |region| {
        let dr = Account::connect_in(Role::Consumer, region, config).await?;
        upload(&dr, config, &artifacts, &mut terminal).await
    })
    .await
}

/// All artifacts, as they were built for the configured processor.
fn built(config: &Config, files: &Files) -> anyhow::Result<Vec<(Artifact, Local)>> {
    let read = |artifact| match Local::read(artifact, files)? {
        Some(local) => Ok((artifact, local)),
        None => bail!("{} does not exist; run `cargo xtask build`", artifact.file(files).display()),
    };
    Artifact::all(config.architecture).into_iter().map(read).collect()
}

/// Uploads the artifacts whose content differs from their newest version in the bucket.
///
/// # Errors
///
/// If a call fails, or the bucket is not versioned.
pub async fn upload(
    dr: &Account,
    config: &Config,
    artifacts: &[(Artifact, Local)],
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let bucket = &config.bucket_in(&dr.place.region)?;
    terminal.print(format_args!("{TITLE}Upload to bucket {bucket}{TITLE:#} of {dr}"));
    for (artifact, local) in artifacts {
        let uploaded = Uploaded::look(dr, config, *artifact).await?;
        let key = artifact.key();
        let hash = shortened(&local.hash);
        match uploaded.filter(|uploaded| uploaded.hash.as_ref() == Some(&local.hash)) {
            Some(Uploaded { version, .. }) => {
                terminal
                    .print(format_args!("  {key:<28} {FAINT}unchanged, version {version} (sha256 {hash}){FAINT:#}"));
            }
            None => {
                terminal.print(format_args!("  {key:<28} {} KiB, sha256 {hash}", local.content.len().div_ceil(1024)));
                let version = put(dr, bucket, *artifact, local).await?;
                terminal.print(format_args!("  {:<28} {GOOD}uploaded{GOOD:#}, version {version}", ""));
            }
        }
    }
    Ok(())
}

async fn put(dr: &Account, bucket: &str, artifact: Artifact, local: &Local) -> anyhow::Result<String> {
    let key = artifact.key();
    let call = dr.s3().put_object().bucket(bucket).key(&key).expected_bucket_owner(dr.place.account.as_str());
    let call = call.content_type(artifact.content_type()).metadata(HASH, &local.hash);
    let put = match call.body(ByteStream::from(local.content.clone())).send().await {
        Err(error) if error_code(&error) == Some("NoSuchBucket") => {
            bail!("there is no bucket {bucket} (CODE_BUCKET) in {dr}; run `cargo xtask setup-bucket`")
        }
        answer => answer.explain(dr.credentials(), format_args!("uploading {key} to bucket {bucket}"))?,
    };
    let version = put.version_id.filter(|version| version != "null");
    version.with_context(|| format!("bucket {bucket} is not versioned; run `cargo xtask setup-bucket`"))
}
