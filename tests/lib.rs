//! What all whole-system tests need: a stage with both accounts on it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_types::SdkConfig;
use protocol::{AccountId, DatabaseArn, Kind, Place, Snapshot};
use rehearsal::invariants::{self, Broken};
use rehearsal::{Cast, Database, Ledger, Rehearsal};
use sim::{Settings, World};

/// The source account.
pub const SOURCE: &str = "111111111111";
/// The DR account.
pub const DR: &str = "222222222222";
/// Where all of it happens.
pub const REGION: &str = "eu-west-1";

/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// Both accounts with Draco deployed, and what was seen of them.
pub struct Stage {
    /// Draco.
    pub rehearsal: Rehearsal,
    /// What was seen so far.
    pub ledger: Ledger,
}

/// The world that most tests play in: it begins at two in the morning.
///
/// # Panics
/// Never: the time is one.
#[must_use]
pub fn settings() -> Settings {
    let epoch = chrono::DateTime::from_timestamp(1_795_226_400, 0).unwrap_or_default();
    Settings { epoch, snapshot_quota: 10_000, ..Settings::default() }
}

impl Stage {
    /// One source account and DR.
    ///
    /// # Errors
    /// If Draco cannot be deployed.
    pub async fn new() -> anyhow::Result<Self> {
        Self::with(settings(), Cast::of(SOURCE, DR, REGION)?).await
    }

    /// Set up like this.
    ///
    /// # Errors
    /// If Draco cannot be deployed.
    pub async fn with(settings: Settings, cast: Cast) -> anyhow::Result<Self> {
        let rehearsal = Rehearsal::deploy(World::with_settings(settings), cast)?;
        Ok(Self { rehearsal, ledger: Ledger::default() })
    }

    /// The source account's place.
    #[must_use]
    pub fn source(&self) -> Place {
        let cast = self.rehearsal.cast();
        cast.place(cast.sources.first().unwrap_or(&cast.dr))
    }

    /// A place of the cast's region.
    ///
    /// # Errors
    /// If it is no account.
    pub fn place(&self, account: &str) -> anyhow::Result<Place> {
        Ok(self.rehearsal.cast().place(&account.parse::<AccountId>()?))
    }

    /// Creates a database in the source account.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn create(&self, database: &Database) -> anyhow::Result<DatabaseArn> {
        self.rehearsal.create(&self.source(), database).await
    }

    /// Lets so many hours pass, and looks at everything each hour.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn hours(&mut self, hours: u32) -> anyhow::Result<()> {
        for _ in 0..hours {
            self.rehearsal.world().sleep(HOUR).await;
            self.ledger.observe(&self.rehearsal).await?;
        }
        Ok(())
    }

    /// Every snapshot that an account has now, with its owner's eyes.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn all(&self, account: &str) -> anyhow::Result<Vec<Snapshot>> {
        self.rehearsal.snapshots(&self.place(account)?).await
    }

    /// How many keys copies in DR are under.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn keys_in_use(&self) -> anyhow::Result<usize> {
        let keys: BTreeSet<_> = self.all(DR).await?.into_iter().map(|copy| copy.key).collect();
        Ok(keys.len())
    }

    /// The ARN of a function.
    #[must_use]
    pub fn function(&self, account: &str, name: &str) -> String {
        format!("arn:aws:lambda:{REGION}:{account}:function:{name}")
    }

    /// A database of the source account.
    ///
    /// # Errors
    /// If RDS would not have such a name.
    pub fn database(&self, kind: Kind, name: &str) -> anyhow::Result<DatabaseArn> {
        Ok(DatabaseArn::new(kind, self.source(), name)?)
    }

    /// For clients that act as the account's owner.
    #[must_use]
    pub fn owner(&self, account: &str) -> SdkConfig {
        self.rehearsal.world().sdk_config(account, REGION)
    }

    /// What does not hold.
    #[must_use]
    pub fn broken(&self) -> Vec<Broken> {
        invariants::check(&self.rehearsal, &self.ledger)
    }

    /// The steps that were logged about a snapshot: `producer copy`.
    #[must_use]
    pub fn steps(&self, snapshot: &str) -> Vec<String> {
        let lines = self.rehearsal.logs().lines();
        let about = lines.iter().filter(|line| line.text("snapshot").contains(snapshot));
        about.map(|line| format!("{} {}", line.text("function"), line.text("step"))).collect()
    }
}
