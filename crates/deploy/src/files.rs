//! The local files that are deployed.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The variable with another folder for the zips.
const BUILT: &str = "DRACO_BUILT";

/// The folders with them.
#[derive(Clone, Debug)]
pub struct Files {
    /// The zips that `cargo xtask build` makes.
    pub built: PathBuf,
    /// The templates, and the definition of the timer.
    pub cfn: PathBuf,
}

impl Files {
    /// Those of the workspace that this program was built in. The program is in `target/debug`.
    ///
    /// # Errors
    ///
    /// If the path of this program is unknown.
    pub fn of_workspace() -> anyhow::Result<Self> {
        let here = std::env::current_exe().context("finding the path of this program")?;
        let target = here.ancestors().nth(2).context("no target folder")?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no workspace")?;
        // The deployment test has a folder of its own.
        let built = std::env::var_os(BUILT).map_or_else(|| target.join("draco"), PathBuf::from);
        Ok(Self { built, cfn: root.join("cfn") })
    }
}
