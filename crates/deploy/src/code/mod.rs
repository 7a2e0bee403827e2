//! The artifacts that the templates refer to: the zip of the functions, and the definition of the timer. They are local
//! files, and objects in the bucket whose metadata has the hash of their content.

mod upload;

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail};
use config::{Architecture, Config};
use sha2::{Digest, Sha256};

use crate::Account;
use crate::aws_error::{Explain, bucket_region, http_status};
use crate::files::Files;

pub use upload::{run, upload};

/// The metadata key for the hash of an object's content. S3's ETag is not a hash of the content for every upload.
const HASH: &str = "sha256";

/// An artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The zip of the functions, for a processor.
    Functions(Architecture),
    /// The definition of the state machine that waits for copies.
    Timer,
}

impl Artifact {
    /// All artifacts. Both stacks use them.
    #[must_use]
    pub fn all(architecture: Architecture) -> [Self; 2] {
        [Self::Functions(architecture), Self::Timer]
    }

    /// The key of the object. The source accounts may read only keys with this prefix.
    #[must_use]
    pub fn key(self) -> String {
        format!("draco/{self}")
    }

    fn file(self, files: &Files) -> PathBuf {
        let folder = match self {
            Self::Functions(_) => &files.built,
            Self::Timer => &files.cfn,
        };
        folder.join(self.to_string())
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Functions(_) => "application/zip",
            Self::Timer => "application/json",
        }
    }
}

/// The name of the file.
impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Functions(architecture) => write!(f, "functions-{architecture}.zip"),
            Self::Timer => f.write_str("wait4copy.asl.json"),
        }
    }
}

/// A local artifact.
pub struct Local {
    content: Vec<u8>,
    /// The hash of its content, in hex.
    pub hash: String,
}

impl Local {
    /// `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(artifact: Artifact, files: &Files) -> anyhow::Result<Option<Self>> {
        let path = artifact.file(files);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let hash = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Self { content, hash }))
    }
}

/// An artifact in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its version in S3.
    pub version: String,
    /// The hash of its content, if Draco uploaded it.
    pub hash: Option<String>,
}

impl Uploaded {
    /// `None` if there is no such object.
    ///
    /// # Errors
    ///
    /// If the call fails, this account may not read the object, or the bucket is not versioned.
    pub async fn look(account: &Account, config: &Config, artifact: Artifact) -> anyhow::Result<Option<Self>> {
        Self::look_at(account, config, artifact, None).await
    }

    /// As [`Uploaded::look`], at this version of the object in place of the newest.
    ///
    /// # Errors
    ///
    /// As [`Uploaded::look`].
    pub async fn look_at(
        account: &Account,
        config: &Config,
        artifact: Artifact,
        version: Option<String>,
    ) -> anyhow::Result<Option<Self>> {
        let (bucket, key) = (config.bucket_in(&account.place.region)?, artifact.key());
        let owner = config.need(&config.dr_acct, "DR_ACCT")?.as_str();
        let call = account.s3().head_object().bucket(&bucket).key(&key).set_version_id(version);
        // A bucket that was deleted can be created again by any other account, with other code.
        let answer = match call.expected_bucket_owner(owner).send().await {
            Ok(answer) => answer,
            Err(error) if http_status(&error) == Some(404) => return Ok(None),
            Err(error) if let Some(region) = bucket_region(&error, &account.place.region) => bail!(
                "bucket {bucket} (CODE_BUCKET) is in {region}, but Lambda loads code only from a bucket in its own region, {}; choose \
                 another name",
                account.place.region
            ),
            // Without the right to list the bucket, S3 returns 403 for a missing object too.
            Err(error) if http_status(&error) == Some(403) => bail!(
                "{account} may not read {key} in bucket {bucket}, or there is no such object, or the bucket does not belong to \
                 {owner} (DR_ACCT); run `cargo xtask setup-bucket` (after each change of SOURCE_ACCTS) and `cargo xtask upload`, \
                 and check that {} may read S3",
                account.caller
            ),
            Err(error) => {
                return Err(error).explain(account.credentials(), format_args!("looking for {key} in bucket {bucket}"));
            }
        };
        let hash = answer.metadata().and_then(|metadata| metadata.get(HASH)).cloned();
        // Without versioning there is no version, or the version "null".
        let version = answer.version_id.filter(|version| version != "null");
        let version = version.with_context(|| {
            format!("{key} in bucket {bucket} has no version; run `cargo xtask setup-bucket`, then upload it again")
        })?;
        Ok(Some(Self { version, hash }))
    }
}

/// The start of a hash or version, which is enough to compare by eye.
#[must_use]
pub fn shortened(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_keys_are_the_defaults_of_the_templates() {
        let keys = Artifact::all(Architecture::Arm64).map(Artifact::key);
        assert_eq!(keys, ["draco/functions-arm64.zip", "draco/wait4copy.asl.json"]);
        for template in [include_str!("../../../../cfn/producer.yaml"), include_str!("../../../../cfn/consumer.yaml")] {
            for key in &keys {
                assert!(template.contains(&format!("Default: {key}\n")), "{key}");
            }
        }
    }
}
