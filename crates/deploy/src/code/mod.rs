//! What the stacks are made of besides their templates: the two functions' zips, and the timer's definition. They are here
//! as files and in the bucket as objects, each with the hash of its content in its metadata.

mod upload;

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail};
use config::{Architecture, Config};
use sha2::{Digest, Sha256};

use crate::aws_error::{Explain, bucket_region, http_status};
use crate::files::Files;
use crate::{Account, Role};

pub use upload::{Upload, upload};

/// The metadata that has the hash of an object's content. S3's own tag of an object is no such hash for every upload.
const HASH: &str = "sha256";

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The function of a role, for a processor.
    Zip(Role, Architecture),
    /// The state machine that waits for copies.
    Timer,
}

impl Piece {
    /// All that both stacks need.
    #[must_use]
    pub fn all(architecture: Architecture) -> [Self; 3] {
        let [producer, consumer] = Role::BOTH.map(|role| Self::Zip(role, architecture));
        [producer, consumer, Self::Timer]
    }

    /// How the object is called. Source accounts may read what begins like this, and nothing else.
    #[must_use]
    pub fn key(self) -> String {
        format!("draco/{self}")
    }

    fn file(self, files: &Files) -> PathBuf {
        let folder = match self {
            Self::Zip(..) => &files.built,
            Self::Timer => &files.cfn,
        };
        folder.join(self.to_string())
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Zip(..) => "application/zip",
            Self::Timer => "application/json",
        }
    }
}

/// What the file is called.
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zip(role, architecture) => write!(f, "{role}-{architecture}.zip"),
            Self::Timer => f.write_str("wait4copy.asl.json"),
        }
    }
}

/// A piece as it is on this machine.
pub struct Local {
    content: Vec<u8>,
    /// The hash of its content, in hex.
    pub hash: String,
}

impl Local {
    /// Nothing, if it is not there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(piece: Piece, files: &Files) -> anyhow::Result<Option<Self>> {
        let path = piece.file(files);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let hash = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Self { content, hash }))
    }
}

/// A piece as it is in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The version that S3 gave it.
    pub version: String,
    /// The hash of its content, if it was Draco that uploaded it.
    pub hash: Option<String>,
}

impl Uploaded {
    /// Nothing, if it is not there.
    ///
    /// # Errors
    ///
    /// If the bucket cannot be asked, this account may not read from it, or it keeps no versions.
    pub async fn look(account: &Account, config: &Config, piece: Piece) -> anyhow::Result<Option<Self>> {
        let (bucket, key) = (config.need(&config.code_bucket, "CODE_BUCKET")?, piece.key());
        let answer = match account.s3().head_object().bucket(bucket).key(&key).send().await {
            Ok(answer) => answer,
            Err(error) if http_status(&error) == Some(404) => return Ok(None),
            Err(error) if let Some(region) = bucket_region(&error, &account.place.region) => bail!(
                "bucket {bucket} (CODE_BUCKET) is in {region}: Lambda takes code only from its own region, {}",
                account.place.region
            ),
            // Whoever may not list a bucket hears 403 of an object that is not there.
            Err(error) if http_status(&error) == Some(403) => bail!(
                "{account} may not read {key} in bucket {bucket}, or it is not there: has `cargo xtask setup-bucket` been \
                 run since SOURCE_ACCTS was set, and `cargo xtask upload`? May {} read S3?",
                account.caller
            ),
            Err(error) => {
                return Err(error).explain(account.credentials(), format_args!("looking for {key} in bucket {bucket}"));
            }
        };
        let hash = answer.metadata().and_then(|metadata| metadata.get(HASH)).cloned();
        // Without versioning there is none, or the version called null.
        let version = answer.version_id.filter(|version| version != "null");
        let version = version.with_context(|| {
            format!("{key} in bucket {bucket} has no version: run `cargo xtask setup-bucket`, then upload it again")
        })?;
        Ok(Some(Self { version, hash }))
    }
}

/// The start of a hash or version, which is enough for a person to compare.
#[must_use]
pub fn shortened(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_called_as_the_templates_expect() {
        let keys = Piece::all(Architecture::Arm64).map(Piece::key);
        assert_eq!(keys, ["draco/producer-arm64.zip", "draco/consumer-arm64.zip", "draco/wait4copy.asl.json"]);
        for (template, piece) in [
            (include_str!("../../../../cfn/producer.yaml"), &keys[0]),
            (include_str!("../../../../cfn/consumer.yaml"), &keys[1]),
        ] {
            for key in [piece, &keys[2]] {
                assert!(template.contains(&format!("Default: {key}\n")), "{key}");
            }
        }
    }
}
