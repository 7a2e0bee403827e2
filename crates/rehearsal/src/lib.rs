//! Draco deployed into the simulated AWS, in one process: for the demo, and for every test that needs both accounts.
//!
//! The functions run unchanged, on what the templates in `cfn/` make. [`deploy`] makes it, [`database`] what there is to be replicated, [`ledger`] remembers what was seen over time, and [`invariants`]
//! says whether what must always hold did.

mod database;
mod deploy;
pub mod invariants;
mod ledger;
mod logs;
mod sums;

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use protocol::{AccountId, Place, Region};
use sim::World;

pub use database::{Database, Encryption};
pub use ledger::{Ledger, Taken};
pub use logs::{Line, Logs};
pub use sums::Sums;

/// Who plays, and how they are set up.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The source accounts.
    pub sources: Vec<AccountId>,
    /// The DR account.
    pub dr: AccountId,
    /// Where all of it happens.
    pub region: Region,
    /// What the producers' template is given besides what it has to be given: `WaitLimitHours`.
    pub producer: BTreeMap<String, String>,
    /// The same for the consumer's: `NoDryRun`.
    pub consumer: BTreeMap<String, String>,
}

/// Draco, deployed.
#[derive(Clone)]
pub struct Rehearsal {
    world: World,
    cast: Cast,
    logs: Logs,
}

impl Cast {
    /// One source account and DR.
    ///
    /// # Errors
    /// If one of them is no account, or the region is none.
    pub fn of(source: &str, dr: &str, region: &str) -> anyhow::Result<Self> {
        Ok(Self {
            sources: vec![source.parse()?],
            dr: dr.parse()?,
            region: region.parse()?,
            producer: BTreeMap::new(),
            consumer: BTreeMap::new(),
        })
    }

    /// With this parameter for the consumer's template.
    #[must_use]
    pub fn consumer(mut self, name: &str, value: &str) -> Self {
        self.consumer.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With this parameter for the producers' template.
    #[must_use]
    pub fn producer(mut self, name: &str, value: &str) -> Self {
        self.producer.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Whether nothing is deleted in DR.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        !self.consumer_has("NoDryRun")
    }

    /// Whether this parameter of the consumer's template is true.
    pub(crate) fn consumer_has(&self, parameter: &str) -> bool {
        self.consumer.get(parameter).is_some_and(|value| value == "true")
    }

    /// The name of a function's role, by which calls in the journal tell who made them.
    #[must_use]
    pub fn role(&self, function: &str) -> String {
        format!("{function}-{}", self.region.as_str())
    }

    /// Where this account's things are.
    #[must_use]
    pub fn place(&self, account: &AccountId) -> Place {
        Place { account: account.clone(), region: self.region.clone() }
    }

    /// Where copies are.
    #[must_use]
    pub fn dr(&self) -> Place {
        self.place(&self.dr)
    }

    /// Where sources are.
    pub fn sources(&self) -> impl Iterator<Item = Place> {
        self.sources.iter().map(|account| self.place(account))
    }
}

impl Rehearsal {
    /// The world in which all of it happens.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Who plays.
    #[must_use]
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// What the functions have logged.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// For clients that act as the account's owner.
    fn owner(&self, place: &Place) -> SdkConfig {
        self.world.sdk_config(place.account.as_str(), place.region.as_str())
    }
}
