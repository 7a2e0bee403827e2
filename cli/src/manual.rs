//! Shell completions and man pages, generated from the same definitions as `--help`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

use crate::Failure;

/// Print completions for a shell
///
///     draco completions bash > ~/.local/share/bash-completion/completions/draco
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut command: clap::Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "draco", &mut script);
        Ok(io::stdout().write_all(&script)?)
    }
}

/// Write the man pages into a folder
///
///     draco man man && man ./man/draco-plan.1
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Man {
    /// The folder for the pages; created if it is missing
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Man {
    pub(crate) fn run(self, command: clap::Command) -> Result<(), Failure> {
        fs::create_dir_all(&self.folder)
            .and_then(|()| clap_mangen::generate_to(command, &self.folder))
            .with_context(|| format!("writing man pages into {}", self.folder.display()))
            .map_err(Failure::Output)
    }
}
