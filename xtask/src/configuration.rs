//! `cargo xtask config`: what a user has decided, and where.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use config::{Config, report};

/// Print the configuration in force, and where each value came from
///
/// Each key with its value and the line of the file, `environment` or `default`. A variable in the environment of the
/// same name as a key wins over the file. config.yaml.sample says what each key is.
#[derive(Args)]
pub(crate) struct Show {
    /// Where the configuration is [default: config.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let config = Config::read(self.config.as_deref(), &config::environment())?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", report::as_json(&config))?;
        } else {
            write!(out, "{}", report::text(&config))?;
        }
        Ok(())
    }
}
