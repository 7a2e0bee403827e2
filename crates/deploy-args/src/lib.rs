//! The arguments of the commands that call AWS: `cargo xtask create` and its like.
//!
//! `xtask` parses them first, so that a mistake and `--help` are answered at once. Only then is the program `deploy` built,
//! which takes minutes because of the AWS SDK. It parses the same arguments again, with the same definitions. Therefore this
//! crate must not depend on the AWS SDK.

mod database;
mod event;
mod probe;
mod role;
mod verify;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use config::Config;
use protocol::Region;

pub use database::DatabaseName;
pub use event::{Event, EventKind, OfSnapshot};
pub use probe::Probe;
pub use role::Role;
pub use verify::Verify;

/// The command line of the program `deploy`, which runs on behalf of `cargo xtask`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct CommandLine {
    /// The command.
    #[command(subcommand)]
    pub task: Task,
}

/// A command that calls AWS.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Create the bucket for the functions' code in the DR account, or correct its settings
    ///
    /// Settings that are right already are not changed.
    SetupBucket(SetupBucket),
    /// Upload the built code to the bucket; files that have not changed are skipped
    Upload(Upload),
    /// Create the stack of the producer, the consumer, the second region or the verifier
    ///
    /// Shows the change set, asks, follows the progress, and ends with the next steps. With the consumer, a stack for each
    /// source account is created in DR. Before the second region is created, the command shows how many of the existing copies
    /// are copied to it, and what that costs.
    Create(Create),
    /// Update a stack to the current templates, uploaded code and configuration
    ///
    /// Shows the change set and explains replacements, asks, and follows the progress. With the consumer, the stacks of the
    /// source accounts in DR are updated, and those of new accounts are created.
    Update(Update),
    /// Delete a stack; the copies in DR and their key are kept
    ///
    /// With the consumer, the stacks of the source accounts in DR are deleted.
    Delete(Delete),
    /// Show the stacks: status, code, whether copies are deleted, the last copy, quotas, dead letters
    ///
    /// An account without credentials is reported as not readable; the other one is shown all the same.
    Status(Status),
    /// Invoke a function by hand, with the payload of SNS, the timer or the schedule, and print its log
    ///
    /// Each of these can be repeated without harm: the function looks at the current state and takes the next step.
    Event(Event),
    /// Retire a database: DR no longer reports that its new copies are missing
    ///
    /// Tags the copy that arrived last. The copies stay, by their lifecycle.
    Retire(Retire),
    /// Accept the current lifecycle of a database: it takes effect at once
    ///
    /// A lifecycle that keeps fewer copies takes effect 35 days after the last copy with the old one, because a source account
    /// could change it to have copies deleted. This command shows which copies would expire, asks, and tags the copy that
    /// arrived last.
    Accept(Accept),
    /// Check the deployment, and report how to fix each problem
    ///
    /// Checks tools, credentials, bucket, stacks, topics, keys, databases and their tags, and quotas. Changes nothing. The
    /// exit code is 1 if there is an error.
    Doctor(Doctor),
    /// Find out how AWS behaves where its texts are silent, with the smallest database in two accounts
    ///
    /// Runs experiments: the open questions of the simulated AWS, and the facts on which Draco relies. Shows the accounts, the
    /// time and the cost first, and asks. Everything that it creates has a name and a tag of its own and is removed at the end,
    /// also after a failure or Ctrl-C. `doc/simulation.md` explains the report.
    Probe(Box<Probe>),
}

impl Task {
    /// Checks the arguments, and reads the configuration that they name.
    ///
    /// # Errors
    ///
    /// If the arguments contradict each other, the configuration cannot be read, or a command that sets Draco up lacks a required
    /// key: that is reported before anything is built.
    pub fn configuration(&self) -> anyhow::Result<Config> {
        match self {
            Self::Update(update) => update.check()?,
            Self::Event(event) => event.check()?,
            _ => {}
        }
        let config = self.config_file().read()?;
        if matches!(self, Self::SetupBucket(_) | Self::Upload(_) | Self::Create(_))
            && let Some(key) = config.missing_keys().next()
        {
            config.need(&None::<String>, key.name)?;
        }
        Ok(config)
    }

    fn config_file(&self) -> &ConfigFile {
        match self {
            Self::SetupBucket(args) => &args.config,
            Self::Upload(args) => &args.config,
            Self::Create(args) => &args.config,
            Self::Update(args) => &args.config,
            Self::Delete(args) => &args.config,
            Self::Status(args) => &args.config,
            Self::Event(args) => &args.config,
            Self::Retire(args) => &args.config,
            Self::Accept(args) => &args.config,
            Self::Doctor(args) => &args.config,
            Self::Probe(args) => &args.config,
        }
    }
}

/// The location of the configuration.
#[derive(Args, Debug)]
pub struct ConfigFile {
    /// The configuration file [default: config.yaml]; environment variables take precedence over it
    // Global, so that it may follow the name of an event.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a value is invalid.
    pub fn read(&self) -> anyhow::Result<Config> {
        Config::read(self.config.as_deref(), &config::environment())
    }
}

/// The arguments of `setup-bucket`.
#[derive(Args, Debug)]
pub struct SetupBucket {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `upload`.
#[derive(Args, Debug)]
pub struct Upload {
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `create`.
#[derive(Args, Debug)]
pub struct Create {
    /// Which stack
    pub role: Role,
    /// Producer: a region of SOURCE_REGIONS [default: AWS_REGION]; verifier: the region of its copies [default: DR_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<Region>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Consumer and verifier: accept that alarms have no recipient
    #[arg(long)]
    pub no_alarms: bool,
    /// The folder with the templates [default: cfn/]
    #[arg(long, value_name = "FOLDER")]
    pub templates: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `update`.
#[derive(Args, Debug)]
pub struct Update {
    /// Which stack
    pub role: Role,
    /// Producer: a region of SOURCE_REGIONS [default: AWS_REGION]; verifier: the region of its copies [default: DR_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<Region>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// The folder with the templates [default: cfn/]
    #[arg(long, value_name = "FOLDER")]
    pub templates: Option<PathBuf>,
    /// Switch deletion on: the keeper deletes expired copies, once a day. The command first lists those that would be deleted now
    #[arg(long, conflicts_with = "dry_run")]
    pub no_dry_run: bool,
    /// Switch deletion off: the keeper keeps all copies and logs those that it would have deleted
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Update {
    fn check(&self) -> anyhow::Result<()> {
        if !self.role.keeps_copies() && (self.no_dry_run || self.dry_run) {
            bail!(
                "the {role} deletes no copies: --no-dry-run and --dry-run are for `cargo xtask update consumer`",
                role = self.role
            );
        }
        Ok(())
    }
}

/// The arguments of `delete`.
#[derive(Args, Debug)]
pub struct Delete {
    /// Which stack
    pub role: Role,
    /// A region of SOURCE_REGIONS [default: AWS_REGION], or the region of a second stack that is no longer configured
    #[arg(long, value_name = "REGION")]
    pub region: Option<Region>,
    /// Do not ask; does not lift termination protection, see --confirm
    #[arg(long)]
    pub yes: bool,
    /// Confirm the deletion by the stack's name, for example draco-consumer; this lifts termination protection
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `status`.
#[derive(Args, Debug)]
pub struct Status {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `retire`.
#[derive(Args, Debug)]
pub struct Retire {
    /// The database: its account and its identifier, like 111111111111/orders, or 111111111111/eu-west-1/orders
    #[arg(value_name = "ACCOUNT/DATABASE")]
    pub database: DatabaseName,
    /// Expect copies of it again
    #[arg(long)]
    pub undo: bool,
    /// In the second region
    #[arg(long)]
    pub second: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON array, with an object for each database; requires --yes
    #[arg(long, requires = "yes")]
    pub json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `accept`.
#[derive(Args, Debug)]
pub struct Accept {
    /// The database: its account and its identifier, like 111111111111/orders, or 111111111111/eu-west-1/orders
    #[arg(value_name = "ACCOUNT/DATABASE")]
    pub database: DatabaseName,
    /// In the second region
    #[arg(long)]
    pub second: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON array, with an object for each database; requires --yes
    #[arg(long, requires = "yes")]
    pub json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The arguments of `doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(["cargo xtask"].iter().chain(args))
    }

    fn help(args: &[&str]) -> String {
        parse(args).unwrap_err().to_string()
    }

    #[test]
    fn definitions_are_consistent() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn unknown_role_is_refused_with_the_known_ones() {
        let message = help(&["create", "prod"]);
        assert!(message.contains("invalid value 'prod' for '<ROLE>'"), "{message}");
        assert!(message.contains("[possible values: producer, consumer, second, verifier]"), "{message}");
    }

    #[test]
    fn help_describes_the_command() {
        let create = help(&["create", "--help"]);
        assert!(
            create.starts_with(
                "Create the stack of the producer, the consumer, the second region or the verifier\n\nShows the change set"
            ),
            "{create}"
        );
        let look = help(&["event", "look", "--help"]);
        assert!(look.starts_with("Producer: an RDS event for a snapshot"), "{look}");
        assert!(look.contains("Usage: cargo xtask event look [OPTIONS] <SNAPSHOT>"), "{look}");
    }

    #[test]
    fn configuration_file_may_be_named_after_any_command() {
        for args in [&["upload", "--config", "x"][..], &["event", "look", "orders", "--config", "x"]] {
            let CommandLine { task } = parse(args).unwrap();
            assert_eq!(task.config_file().config, Some(PathBuf::from("x")), "{args:?}");
        }
    }

    #[test]
    fn regions_without_effect_on_an_event_are_refused() {
        let error = |args: &str| {
            let args: Vec<&str> = ["event"].into_iter().chain(args.split(' ')).collect();
            match parse(&args).unwrap().task {
                Task::Event(event) => event.check().map_or_else(|why| why.to_string(), |()| String::new()),
                other => format!("{other:?}"),
            }
        };
        let copies = "it is for look-copy, check-copy, keep and verify";
        for (args, why) in [
            ("sweep consumer --second", "--second has no effect on `event sweep consumer`; use `event sweep second`"),
            ("look orders --second", &format!("--second has no effect on `event look`; {copies}")),
            ("announce orders --second", &format!("--second has no effect on `event announce`; {copies}")),
            (
                "keep --second --region eu-north-1",
                "--region has no effect on `event keep`: its region is DR_REGION, or SECOND_REGION",
            ),
        ] {
            assert_eq!(error(args), why, "{args}");
        }
        for args in ["keep --second", "look-copy orders --second", "check-copy orders --second"] {
            assert_eq!(error(args), "", "{args}");
        }
        for args in
            ["sweep producer", "look orders", "audit", "completed orders", "check-shared orders", "announce orders"]
        {
            assert_eq!(error(&format!("{args} --region eu-north-1")), "", "{args}");
        }
        for args in ["sweep second", "sweep consumer", "keep", "look-copy orders"] {
            assert_eq!(error(args), "", "{args}");
            assert!(error(&format!("{args} --region eu-north-1")).starts_with("--region has no effect"), "{args}");
        }
    }

    #[test]
    fn only_the_keeper_has_a_dry_run() {
        for (role, flag) in [("producer", "--no-dry-run"), ("producer", "--dry-run"), ("verifier", "--dry-run")] {
            let CommandLine { task } = parse(&["update", role, flag]).unwrap();
            let why = task.configuration().unwrap_err().to_string();
            assert!(why.starts_with(&format!("the {role} deletes no copies")), "{why}");
        }
    }
}
