//! The fixture of the whole-system tests: both accounts with Draco deployed.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_types::SdkConfig;
use protocol::{AccountId, DatabaseArn, Kind, Place, Snapshot, Status};
use rehearsal::invariants::{self, Violation};
use rehearsal::{Database, Ledger, Rehearsal, Setup};
use sim::questions::{Answers, FirstBackup};
use sim::{Quotas, Settings, World};

/// The source account.
pub const SOURCE: &str = "111111111111";
/// The DR account.
pub const DR: &str = "222222222222";
/// Another source account, in the tests that have two.
pub const OTHER: &str = "333333333333";
/// The region of both accounts.
pub const REGION: &str = "eu-west-1";
/// The region of DR, in the tests in which it is another one.
pub const DR_REGION: &str = "eu-central-1";
/// The region to which DR copies its copies onward, in the tests that have one.
pub const SECOND_REGION: &str = "eu-north-1";

/// One minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// One hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// Both accounts with Draco deployed.
pub struct Fixture {
    /// Draco in the simulated AWS.
    pub rehearsal: Rehearsal,
    /// The snapshots that were observed so far.
    pub ledger: Ledger,
}

/// The answers to the open questions about AWS, for all tests of this program: `copy-status=pending`, or `worst`.
/// `cargo xtask worlds` runs the tests under each.
const WORLD: &str = "SIM_WORLD";
/// If this variable is set, no test takes a sample. `cargo xtask worlds --every-case` sets it.
const EVERY_CASE: &str = "EVERY_CASE";
/// In other worlds than the default one, an exhaustive test runs one of this many cases.
const SAMPLE: usize = 4;

/// The settings of most tests: the simulation starts at 2026-11-21T02:00:00Z.
///
/// # Panics
/// If the variable with the answers to the open questions is invalid.
#[must_use]
#[allow(clippy::expect_used, reason = "a test may stop")]
pub fn settings() -> Settings {
    let epoch = chrono::DateTime::from_timestamp(1_795_226_400, 0).unwrap_or_default();
    let answers: Answers = std::env::var(WORLD).unwrap_or_default().parse().expect(WORLD);
    // Tests count the snapshots of their databases. Only `worlds` runs with a first backup at another time.
    let answers = Answers { first_backup: FirstBackup::InTheWindow, ..answers };
    // Fleets are larger than AWS's default quotas allow.
    let quotas = Quotas { instances: 100_000, clusters: 100_000, storage_gib: 100_000_000, ..Quotas::default() };
    Settings { epoch, answers, snapshot_quota: 10_000, quotas, ..Settings::default() }
}

/// The cases of an exhaustive test: all of them in the default world, a sample in the others. Worlds differ in their samples.
pub fn sample<T>(cases: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let world = std::env::var(WORLD).unwrap_or_default();
    let is_default = world.is_empty() || world == "default";
    let (first, step) = if is_default || std::env::var_os(EVERY_CASE).is_some() {
        (0, 1)
    } else {
        (world.bytes().map(usize::from).sum::<usize>() % SAMPLE, SAMPLE)
    };
    cases.skip(first).step_by(step)
}

/// The same with some answers fixed, for a test whose story would have another course under other answers. The test of the
/// worlds has all of them.
#[must_use]
pub fn settings_where(fix: impl FnOnce(&mut Answers)) -> Settings {
    let mut settings = settings();
    fix(&mut settings.answers);
    settings
}

/// The status of a copy, with one value while it is in progress: AWS may call that `creating`, `pending` or `copying`.
#[must_use]
pub fn copy_status(status: Status) -> Status {
    if status == Status::Creating { Status::Copying } else { status }
}

impl Fixture {
    /// One source account and DR.
    ///
    /// # Errors
    /// If Draco cannot be deployed.
    pub async fn new() -> anyhow::Result<Self> {
        Self::with(settings(), Setup::new(SOURCE, DR, REGION)?).await
    }

    /// These settings of the simulation and these accounts.
    ///
    /// # Errors
    /// If Draco cannot be deployed.
    pub async fn with(settings: Settings, setup: Setup) -> anyhow::Result<Self> {
        let rehearsal = Rehearsal::deploy(World::with_settings(settings), setup)?;
        Ok(Self { rehearsal, ledger: Ledger::default() })
    }

    /// The first source account, with the region.
    #[must_use]
    pub fn source(&self) -> Place {
        let setup = self.rehearsal.setup();
        setup.place(setup.sources.first().unwrap_or(&setup.dr))
    }

    /// An account, with the region.
    ///
    /// # Errors
    /// If the account is invalid.
    pub fn place(&self, account: &str) -> anyhow::Result<Place> {
        Ok(self.rehearsal.setup().place(&account.parse::<AccountId>()?))
    }

    /// Creates a database in the source account.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn create_database(&self, database: &Database) -> anyhow::Result<DatabaseArn> {
        self.rehearsal.create_database(&self.source(), database).await
    }

    /// Lets hours pass, and lists all snapshots after each.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn pass_hours(&mut self, hours: u32) -> anyhow::Result<()> {
        for _ in 0..hours {
            self.rehearsal.world().sleep(HOUR).await;
            self.ledger.observe(&self.rehearsal).await?;
        }
        Ok(())
    }

    /// All snapshots of an account, as its root user sees them.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn snapshots(&self, account: &str) -> anyhow::Result<Vec<Snapshot>> {
        self.rehearsal.snapshots(&self.place(account)?).await
    }

    /// All snapshots of all accounts and regions, as their root users see them.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn all_snapshots(&self) -> anyhow::Result<Vec<Snapshot>> {
        let setup = self.rehearsal.setup();
        let mut all = Vec::new();
        for place in setup.sources().chain([setup.dr()]).chain(setup.second()) {
            all.extend(self.rehearsal.snapshots(&place).await?);
        }
        Ok(all)
    }

    /// The copies in the second region, as DR's root user sees them.
    ///
    /// # Errors
    /// If a call fails, or there is no second region.
    pub async fn second_copies(&self) -> anyhow::Result<Vec<Snapshot>> {
        let second = self.rehearsal.setup().second().ok_or_else(|| anyhow::anyhow!("no second region"))?;
        self.rehearsal.snapshots(&second).await
    }

    /// The number of keys that encrypt copies in DR.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn keys_in_use(&self) -> anyhow::Result<usize> {
        let keys: BTreeSet<_> = self.snapshots(DR).await?.into_iter().map(|copy| copy.key).collect();
        Ok(keys.len())
    }

    /// The ARN of a function, in DR of that in DR's region.
    #[must_use]
    pub fn function_arn(&self, account: &str, name: &str) -> String {
        self.place(account).map(|place| place.arn("lambda", &format!("function:{name}"))).unwrap_or_default()
    }

    /// The ARN of a database in the source account.
    ///
    /// # Errors
    /// If the name is invalid.
    pub fn database(&self, kind: Kind, name: &str) -> anyhow::Result<DatabaseArn> {
        Ok(DatabaseArn::new(kind, self.source(), name)?)
    }

    /// The configuration of clients that act as the root user of the account, in DR in DR's region.
    #[must_use]
    pub fn owner_config(&self, account: &str) -> SdkConfig {
        let region = self.place(account).map_or(REGION.to_owned(), |place| place.region.to_string());
        self.rehearsal.world().sdk_config(account, &region)
    }

    /// The invariants that do not hold.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        invariants::check(&self.rehearsal, &self.ledger)
    }
}
