//! The arguments of `draco verify`.

use anyhow::ensure;
use clap::Args;
use protocol::Region;

use crate::ConfigFile;

/// Restore copies in DR, check them, and report whether they are good
///
/// Verifies the newest copy of a database, or all copies that are due. Each copy is restored into the isolated network of the verifier's
/// stack, read and checked there, and its database is deleted. Shows the copies and the cost first, and asks. The exit code is 1 if a copy
/// is not verified.
#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub struct Verify {
    /// The database: its identifier, ACCOUNT/IDENTIFIER or ACCOUNT/REGION/IDENTIFIER [default: all that are due]
    pub database: Option<String>,
    /// This copy, by its identifier or ARN in DR, in place of the newest one
    #[arg(long, value_name = "ID", requires = "database")]
    pub copy: Option<String>,
    /// Show what is due, when and at what cost, and end
    #[arg(long, conflicts_with_all = ["once", "yes", "report"])]
    pub plan: bool,
    /// Show the last verdict on each database, or the whole report on one, and end
    #[arg(long, conflicts_with_all = ["once", "yes", "copy"])]
    pub report: bool,
    /// Make one step of each verification, start those that are due, and end; for a call every 15 minutes
    #[arg(long)]
    pub once: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print JSON; progress goes to standard error. Requires --yes, --once, --plan or --report
    #[arg(long)]
    pub json: bool,
    /// The region of the copies [default: DR_REGION, or AWS_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<Region>,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigFile,
}

const HELP: &str = "The credentials are those of the DR account, as for `cargo xtask`: the AWS profile DR_PROFILE,
or the default chain of the AWS command line. The stack must exist: `cargo xtask create verifier`.

If the command is interrupted, nothing is lost: the deployed verifier continues within 15 minutes,
and deletes each database by its deadline. `draco verify --once` continues, too.

doc/verifying.md explains the verdicts, and doc/json.md the keys of --json.";

impl Verify {
    /// Checks the arguments together.
    ///
    /// # Errors
    ///
    /// If JSON is asked for, and the command would have to ask.
    pub fn check(&self) -> anyhow::Result<()> {
        let asks = !(self.yes || self.once || self.plan || self.report);
        ensure!(!(self.json && asks), "--json cannot ask; add --yes, --once, --plan or --report");
        Ok(())
    }
}
