//! `upload`: what has changed, into the bucket.

use anyhow::{Context, bail};
use aws_sdk_s3::primitives::ByteStream;
use config::Config;

use super::{HASH, Local, Piece, Uploaded, shortened};
use crate::aws_error::{Explain, error_code};
use crate::files::Files;
use crate::terminal::{FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

/// Put what was built into the bucket; only what has changed
#[derive(clap::Args)]
pub struct Upload {}

impl Upload {
    /// Connects, and does it.
    ///
    /// # Errors
    ///
    /// If something is not built, or AWS refuses.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        config.need(&config.code_bucket, "CODE_BUCKET")?;
        let files = Files::of_workspace()?;
        let pieces = built(config, &files)?;
        let dr = Account::reach(Role::Consumer, config).await?;
        upload(&dr, config, &pieces, &mut Terminal::new(true)).await
    }
}

/// Every piece, as it was built for the processor that the configuration names.
fn built(config: &Config, files: &Files) -> anyhow::Result<Vec<(Piece, Local)>> {
    let read = |piece| match Local::read(piece, files)? {
        Some(local) => Ok((piece, local)),
        None => bail!("{} is not there: run `cargo xtask build`", piece.file(files).display()),
    };
    Piece::all(config.architecture).into_iter().map(read).collect()
}

/// Uploads the pieces whose content the bucket does not have as their newest version.
///
/// # Errors
///
/// If AWS refuses, or the bucket keeps no versions.
pub async fn upload(
    dr: &Account,
    config: &Config,
    pieces: &[(Piece, Local)],
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let bucket = config.need(&config.code_bucket, "CODE_BUCKET")?;
    terminal.say(format_args!("{TITLE}Upload to bucket {bucket}{TITLE:#} of {dr}"));
    for (piece, local) in pieces {
        let there = Uploaded::look(dr, config, *piece).await?;
        let key = piece.key();
        let hash = shortened(&local.hash);
        match there.filter(|there| there.hash.as_ref() == Some(&local.hash)) {
            Some(there) => {
                let version = there.version;
                terminal.say(format_args!("  {key:<28} {FAINT}is there, version {version} (sha256 {hash}){FAINT:#}"));
            }
            None => {
                terminal.say(format_args!("  {key:<28} {} KiB, sha256 {hash}", local.content.len().div_ceil(1024)));
                let version = put(dr, bucket, *piece, local).await?;
                terminal.say(format_args!("  {:<28} {GOOD}uploaded{GOOD:#}, version {version}", ""));
            }
        }
    }
    Ok(())
}

async fn put(dr: &Account, bucket: &str, piece: Piece, local: &Local) -> anyhow::Result<String> {
    let key = piece.key();
    let call = dr.s3().put_object().bucket(bucket).key(&key).expected_bucket_owner(dr.place.account.as_str());
    let call = call.content_type(piece.content_type()).metadata(HASH, &local.hash);
    let put = match call.body(ByteStream::from(local.content.clone())).send().await {
        Err(error) if error_code(&error) == Some("NoSuchBucket") => {
            bail!("there is no bucket {bucket} (CODE_BUCKET) in {dr}: run `cargo xtask setup-bucket`")
        }
        answer => answer.explain(dr.credentials(), format_args!("uploading {key} to bucket {bucket}"))?,
    };
    let version = put.version_id.filter(|version| version != "null");
    version.with_context(|| format!("bucket {bucket} keeps no versions: run `cargo xtask setup-bucket`"))
}
