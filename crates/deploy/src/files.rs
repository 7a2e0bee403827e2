//! Where on this machine things are that are deployed.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The folders.
#[derive(Clone, Debug)]
pub struct Files {
    /// Where `cargo xtask build` puts the zips.
    pub built: PathBuf,
    /// The templates, and the definition of the timer.
    pub cfn: PathBuf,
}

impl Files {
    /// Those of the workspace that this program was built in. It stands in `target/debug`.
    ///
    /// # Errors
    ///
    /// If this program does not know where it stands.
    pub fn of_workspace() -> anyhow::Result<Self> {
        let here = std::env::current_exe().context("where this program stands")?;
        let target = here.ancestors().nth(2).context("no target folder")?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no workspace")?;
        Ok(Self { built: target.join("draco"), cfn: root.join("cfn") })
    }
}
