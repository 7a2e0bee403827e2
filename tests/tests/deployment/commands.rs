//! Runs `cargo xtask` commands as a user types them at the root of the repository.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::ministack::SECRET;
use crate::{BUILT, DR, OTHER, REGION, SOURCE};

pub(crate) struct Commands {
    root: PathBuf,
    config: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

/// The result of a command.
pub(crate) struct Ran {
    pub(crate) succeeded: bool,
    /// Standard output and standard error.
    pub(crate) output: String,
}

impl Commands {
    /// Writes a configuration to this folder, and AWS profiles for three accounts at these endpoints.
    pub(crate) fn new(folder: &Path, ministack: &str, behind: &str, architecture: &str) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?.to_owned();
        let config = folder.join("config.yaml");
        let [source, other, dr] = [SOURCE, OTHER, DR].map(|place| place.account);
        let settings = format!(
            "AWS_REGION: {REGION}\n\
             SOURCE_ACCTS: [\"{source}\", \"{other}\"]\n\
             DR_ACCT: \"{dr}\"\n\
             SOURCE_PROFILE: source\n\
             DR_PROFILE: dr\n\
             CODE_BUCKET: draco-code-{dr}\n\
             ARCHITECTURE: {architecture}\n\
             FLOOR: {{ last: 1 }}\n\
             RDS_ROOTS: {root}/crates/deploy/tests/aftercare/roots.pem\n\
             checks:\n  \
               orders: [{{ sql: select count(*) from orders, at_least: 1 }}]\n\
             lifecycles:\n  \
               Newest: {{ last: 1 }}\n",
            root = root.display()
        );
        fs::write(&config, settings)?;
        let (profiles, built) = (folder.join("aws"), folder.join(BUILT));
        let profile = |name, account| {
            format!("[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = {SECRET}\n")
        };
        fs::write(&profiles, profile("source", source) + &profile("other", other) + &profile("dr", dr))?;

        // No AWS settings of the user, and none of the variables that Cargo sets for tests, which would cause a rebuild. So would another
        // value of the last one.
        let kept =
            ["PATH", "HOME", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_INCREMENTAL"];
        let kept = kept.into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let set = [
            ("AWS_CONFIG_FILE", profiles.as_os_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".as_ref()),
            ("AWS_EC2_METADATA_DISABLED", "true".as_ref()),
            ("AWS_ENDPOINT_URL", ministack.as_ref()),
            ("DRACO_BUILT", built.as_os_str()),
            // The commands use the same RDS as the functions.
            ("AWS_ENDPOINT_URL_RDS", behind.as_ref()),
        ];
        let set = set.into_iter().map(|(name, value)| (name.into(), value.into()));
        Ok(Self { root, config, environment: kept.chain(set).collect() })
    }

    /// These commands with another value of a configuration key, in the environment.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        let mut environment = self.environment.clone();
        environment.push((key.into(), value.into()));
        Self { root: self.root.clone(), config: self.config.clone(), environment }
    }

    /// Runs `cargo xtask …`, which must succeed, and returns its output.
    pub(crate) async fn xtask(&self, typed: &str) -> anyhow::Result<String> {
        let Ran { succeeded, output } = self.run(typed).await?;
        ensure!(succeeded, "`cargo xtask {typed}` failed");
        Ok(output)
    }

    /// Runs `cargo xtask …`, which may fail.
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
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        print!("{text}");
        Ok(Ran { succeeded: output.status.success(), output: text.into_owned() })
    }
}
