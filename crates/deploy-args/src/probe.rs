//! The arguments of `cargo xtask probe`.

use std::path::PathBuf;

use clap::Args;
use protocol::Region;

use crate::ConfigFile;

/// The arguments of `probe`.
#[derive(Args, Debug)]
pub struct Probe {
    /// The AWS profile for the source account [default: SOURCE_PROFILE, or the default credentials]
    #[arg(long, value_name = "PROFILE")]
    pub source_profile: Option<String>,
    /// The AWS profile for the DR account [default: DR_PROFILE, or the default credentials]
    #[arg(long, value_name = "PROFILE")]
    pub dr_profile: Option<String>,
    /// The region [default: AWS_REGION]
    #[arg(long)]
    pub region: Option<Region>,
    /// Another endpoint than AWS's, for example that of `draco sim`
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Only these experiments, separated by commas [default: all that need no cluster]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Also those that need an Aurora cluster
    #[arg(long)]
    pub clusters: bool,
    /// Compare the times of copies of this instance's snapshots, in the source account. It is not changed. Alone, only the experiments
    /// that need it run
    #[arg(long, value_name = "ID")]
    pub database: Option<String>,
    /// List the experiments, and the questions that are not probed, with the reason
    #[arg(long)]
    pub list: bool,
    /// Show the accounts, the time and the cost, and stop
    #[arg(long)]
    pub plan: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Continue the run of this journal: first remove what is left of it, then run what is not decided
    #[arg(long, value_name = "JOURNAL")]
    pub resume: Option<PathBuf>,
    /// Only remove what is left of the run of this journal: shows it, and asks
    #[arg(long, value_name = "JOURNAL", conflicts_with = "resume")]
    pub cleanup: Option<PathBuf>,
    /// Write the report to this file, as Markdown; it names no account and no key
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub(super) config: ConfigFile,
}
