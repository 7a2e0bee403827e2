//! Draco deployed into the simulated AWS, in one process: for the demo, and for every test that needs both accounts.
//!
//! The functions run unchanged. [`deploy`] creates the stacks from the templates in `cfn/`, [`database`] creates databases
//! and their snapshots, [`ledger`] records the snapshots in both accounts over time, and [`invariants`] checks them.

mod alarms;
mod database;
mod deploy;
pub mod invariants;
mod ledger;
mod logs;
mod totals;

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use protocol::{AccountId, Place, Region};
use sim::World;

pub use alarms::Notification;
pub use database::{Database, Encryption};
pub use ledger::{Ledger, Source};
pub use logs::{Line, Logs};
pub use totals::{Overhead, Totals};

/// The accounts, and the parameters of their stacks.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The source accounts.
    pub sources: Vec<AccountId>,
    /// The DR account.
    pub dr: AccountId,
    /// The region of all of them.
    pub region: Region,
    /// Optional parameters of the producers' template, such as `WaitLimitHours`.
    pub producer_parameters: BTreeMap<String, String>,
    /// Optional parameters of the consumer's template, such as `NoDryRun`.
    pub consumer_parameters: BTreeMap<String, String>,
    /// Optional parameters of the template for each source account in DR, such as `NoCopyHours`.
    pub source_parameters: BTreeMap<String, String>,
}

/// Draco, deployed into a simulated AWS.
#[derive(Clone)]
pub struct Rehearsal {
    world: World,
    setup: Setup,
    logs: Logs,
}

impl Setup {
    /// One source account and DR.
    ///
    /// # Errors
    /// If an account or the region is invalid.
    pub fn new(source: &str, dr: &str, region: &str) -> anyhow::Result<Self> {
        Ok(Self {
            sources: vec![source.parse()?],
            dr: dr.parse()?,
            region: region.parse()?,
            producer_parameters: BTreeMap::new(),
            consumer_parameters: BTreeMap::new(),
            source_parameters: BTreeMap::new(),
        })
    }

    /// Adds a source account.
    ///
    /// # Errors
    /// If the account is invalid.
    pub fn and_source(mut self, account: &str) -> anyhow::Result<Self> {
        self.sources.push(account.parse()?);
        Ok(self)
    }

    /// Adds a parameter of the consumer's template.
    #[must_use]
    pub fn consumer_parameter(mut self, name: &str, value: &str) -> Self {
        self.consumer_parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a parameter of the template for each source account in DR.
    #[must_use]
    pub fn source_parameter(mut self, name: &str, value: &str) -> Self {
        self.source_parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a parameter of the producers' template.
    #[must_use]
    pub fn producer_parameter(mut self, name: &str, value: &str) -> Self {
        self.producer_parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Whether the consumer reports deletions without making them.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        !self.is_consumer_flag_set("NoDryRun")
    }

    /// Whether this parameter of the consumer's template is `true`.
    pub(crate) fn is_consumer_flag_set(&self, parameter: &str) -> bool {
        self.consumer_parameters.get(parameter).is_some_and(|value| value == "true")
    }

    /// The same for the producers' template.
    pub(crate) fn is_producer_flag_set(&self, parameter: &str) -> bool {
        self.producer_parameters.get(parameter).is_some_and(|value| value == "true")
    }

    /// The name of a function's role. The journal has it for each call of the function.
    #[must_use]
    pub fn role_name(&self, function: &str) -> String {
        format!("{function}-{}", self.region.as_str())
    }

    /// The account, with the region.
    #[must_use]
    pub fn place(&self, account: &AccountId) -> Place {
        Place { account: account.clone(), region: self.region.clone() }
    }

    /// The DR account, with the region.
    #[must_use]
    pub fn dr(&self) -> Place {
        self.place(&self.dr)
    }

    /// The source accounts, with the region.
    pub fn sources(&self) -> impl Iterator<Item = Place> {
        self.sources.iter().map(|account| self.place(account))
    }
}

impl Rehearsal {
    /// The simulated AWS.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The accounts, and the parameters of their stacks.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The log lines of the functions.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The configuration of clients that act as the root user of the account.
    fn owner_config(&self, place: &Place) -> SdkConfig {
        self.world.sdk_config(place.account.as_str(), place.region.as_str())
    }
}
