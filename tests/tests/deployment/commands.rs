//! The commands, as somebody types them at the root of the sources.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::ministack::SECRET;
use crate::{DR, REGION, SOURCE};

pub(crate) struct Commands {
    root: PathBuf,
    config: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) held: bool,
    /// All that it has printed.
    pub(crate) said: String,
}

impl Commands {
    /// A configuration in this folder, and profiles for two accounts that are at these endpoints.
    pub(crate) fn new(folder: &Path, ministack: &str, behind: &str, architecture: &str) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?.to_owned();
        let config = folder.join("config.yaml");
        let said = format!(
            "AWS_REGION: {REGION}\n\
             SOURCE_ACCTS: [\"{SOURCE}\"]\n\
             DR_ACCT: \"{DR}\"\n\
             SOURCE_PROFILE: source\n\
             DR_PROFILE: dr\n\
             CODE_BUCKET: draco-code-{DR}\n\
             ARCHITECTURE: {architecture}\n\
             FLOOR: {{ last: 1 }}\n\
             lifecycles:\n  \
               Newest: {{ last: 1 }}\n"
        );
        fs::write(&config, said)?;
        let profiles = folder.join("aws");
        let profile = |name, account| {
            format!("[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = {SECRET}\n")
        };
        fs::write(&profiles, profile("source", SOURCE) + &profile("dr", DR))?;

        // Nothing of who runs the test, and nothing that Cargo sets for tests: it would build anew for it.
        let kept = ["PATH", "HOME", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
        let kept = kept.into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let set = [
            ("AWS_CONFIG_FILE", profiles.as_os_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".as_ref()),
            ("AWS_EC2_METADATA_DISABLED", "true".as_ref()),
            ("AWS_ENDPOINT_URL", ministack.as_ref()),
            // What the commands ask RDS, they ask the one behind the functions.
            ("AWS_ENDPOINT_URL_RDS", behind.as_ref()),
        ];
        let set = set.into_iter().map(|(name, value)| (name.into(), value.into()));
        Ok(Self { root, config, environment: kept.chain(set).collect() })
    }

    /// Runs `cargo xtask …`, which must succeed; what it has printed.
    pub(crate) async fn xtask(&self, typed: &str) -> anyhow::Result<String> {
        let Ran { held, said } = self.run(typed).await?;
        ensure!(held, "`cargo xtask {typed}` failed");
        Ok(said)
    }

    /// Runs `cargo xtask …`, whatever it may come to.
    pub(crate) async fn run(&self, typed: &str) -> anyhow::Result<Ran> {
        println!("\n$ cargo xtask {typed}");
        let mut command = Command::new(env!("CARGO"));
        command
            .arg("xtask")
            .args(typed.split(' '))
            .arg("--config")
            .arg(&self.config)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.root);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        print!("{said}");
        Ok(Ran { held: output.status.success(), said: said.into_owned() })
    }
}
