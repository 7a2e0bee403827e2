//! Draco deployed into the simulated AWS, in one process: for the demo, and for every test that needs both accounts.
//!
//! The functions run unchanged. [`deploy`] creates the stacks from the templates in `cfn/`, [`database`] creates databases
//! and their snapshots, [`ledger`] records the snapshots in both accounts over time, and [`invariants`] checks them. `verification` has
//! the files and records of the verifier.

mod alarms;
mod database;
mod deploy;
pub mod invariants;
mod ledger;
mod logs;
mod totals;
#[cfg(feature = "verify")]
mod verification;

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{AccountId, Place, Region};
use sim::World;

pub use alarms::Notification;
pub use database::{Database, Encryption};
pub use ledger::{Ledger, Source};
pub use logs::{Line, Logs};
pub use totals::{Overhead, Totals};
#[cfg(feature = "verify")]
pub use verification::{Scripted, UNUSED_ROOTS, Verification};

/// The accounts, and the parameters of their stacks.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The source accounts.
    pub sources: Vec<AccountId>,
    /// The DR account.
    pub dr: AccountId,
    /// The region of the source accounts, and of DR if it has no other.
    pub region: Region,
    /// Other regions of the source accounts. Each account has a producer in every region.
    pub more_regions: Vec<Region>,
    /// The region of DR, if it is another one.
    pub dr_region: Option<Region>,
    /// The region to which DR copies its copies onward.
    pub second_region: Option<Region>,
    /// How much the clocks of the functions in a region are ahead of AWS's other clocks.
    pub clocks: BTreeMap<Region, TimeDelta>,
    /// Whether processes have one invocation each, or many.
    pub processes: Processes,
    /// Optional parameters of the producers' template, such as `WaitLimitHours`.
    pub producer_parameters: BTreeMap<String, String>,
    /// Optional parameters of the consumer's template, such as `NoDryRun`.
    pub consumer_parameters: BTreeMap<String, String>,
    /// The same for the stack in the second region.
    pub second_parameters: BTreeMap<String, String>,
    /// Optional parameters of the template for each source account in DR, such as `NoCopyHours`.
    pub source_parameters: BTreeMap<String, String>,
    /// Whether DR verifies its copies: optional parameters of the verifier's template.
    pub verifier_parameters: Option<BTreeMap<String, String>>,
    /// The checker's answers about databases without a server.
    #[cfg(feature = "verify")]
    pub scripted: Option<Scripted>,
}

/// The processes of functions. Lambda decides when it starts a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// Each invocation has its own.
    New,
    /// An invocation has one that is idle, if there is one, as on Lambda while a function is busy.
    Reused,
}

/// Draco, deployed into a simulated AWS.
#[derive(Clone)]
pub struct Rehearsal {
    world: World,
    setup: Setup,
    /// When the stack in the second region was created.
    second_since: Option<DateTime<Utc>>,
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
            more_regions: Vec::new(),
            dr_region: None,
            second_region: None,
            clocks: BTreeMap::new(),
            processes: Processes::New,
            producer_parameters: BTreeMap::new(),
            consumer_parameters: BTreeMap::new(),
            second_parameters: BTreeMap::new(),
            source_parameters: BTreeMap::new(),
            verifier_parameters: None,
            #[cfg(feature = "verify")]
            scripted: None,
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

    /// Adds a region of the source accounts.
    ///
    /// # Errors
    /// If the region is invalid.
    pub fn and_region(mut self, region: &str) -> anyhow::Result<Self> {
        self.more_regions.push(region.parse()?);
        Ok(self)
    }

    /// Sets the region of DR.
    ///
    /// # Errors
    /// If the region is invalid.
    pub fn dr_region(self, region: &str) -> anyhow::Result<Self> {
        Ok(Self { dr_region: Some(region.parse()?), ..self })
    }

    /// Sets the region to which DR copies its copies onward.
    ///
    /// # Errors
    /// If the region is invalid.
    pub fn second_region(self, region: &str) -> anyhow::Result<Self> {
        Ok(Self { second_region: Some(region.parse()?), ..self })
    }

    /// Sets the clocks of the functions in a region ahead, or behind.
    ///
    /// # Errors
    /// If the region is invalid.
    pub fn clock(mut self, region: &str, ahead: TimeDelta) -> anyhow::Result<Self> {
        self.clocks.insert(region.parse()?, ahead);
        Ok(self)
    }

    /// Sets how many invocations a process has.
    #[must_use]
    pub fn processes(self, processes: Processes) -> Self {
        Self { processes, ..self }
    }

    /// Adds a parameter of the consumer's template for the second region.
    #[must_use]
    pub fn second_parameter(mut self, name: &str, value: &str) -> Self {
        self.second_parameters.insert(name.to_owned(), value.to_owned());
        self
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

    /// Lets DR verify its copies, with these parameters of the verifier's template.
    #[cfg(feature = "verify")]
    #[must_use]
    pub fn verified(self, parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { verifier_parameters: Some(parameters), ..self }
    }

    /// Answers in place of the checker where a database has no server. Without this, such a server refuses all connections.
    #[cfg(feature = "verify")]
    #[must_use]
    pub fn scripted(self, answers: Scripted) -> Self {
        Self { scripted: Some(answers), ..self }
    }

    /// Adds a parameter of the producers' template.
    #[must_use]
    pub fn producer_parameter(mut self, name: &str, value: &str) -> Self {
        self.producer_parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Whether the keeper in DR's region reports deletions without making them.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        !is_set(&self.consumer_parameters, "NoDryRun")
    }

    /// Whether this parameter of the producers' template is `true`.
    pub(crate) fn is_producer_flag_set(&self, parameter: &str) -> bool {
        is_set(&self.producer_parameters, parameter)
    }

    /// The name of a function's role. The journal has it for each call of the function. That of the producer is for the
    /// first region, those of the others are for DR's.
    #[must_use]
    pub fn role_name(&self, function: &str) -> String {
        let region = if function == "draco-producer" { &self.region } else { self.region_of_dr() };
        format!("{function}-{region}")
    }

    /// The account, with the region: of the source accounts the first one.
    #[must_use]
    pub fn place(&self, account: &AccountId) -> Place {
        let region = if *account == self.dr { self.region_of_dr() } else { &self.region };
        Place { account: account.clone(), region: region.clone() }
    }

    fn region_of_dr(&self) -> &Region {
        self.dr_region.as_ref().unwrap_or(&self.region)
    }

    /// The DR account, with the region.
    #[must_use]
    pub fn dr(&self) -> Place {
        self.place(&self.dr)
    }

    /// The DR account, with the second region.
    #[must_use]
    pub fn second(&self) -> Option<Place> {
        Some(Place { account: self.dr.clone(), region: self.second_region.clone()? })
    }

    /// The source accounts, with each of their regions.
    pub fn sources(&self) -> impl Iterator<Item = Place> {
        self.source_regions().flat_map(|region| {
            self.sources.iter().map(|account| Place { account: account.clone(), region: region.clone() })
        })
    }

    /// The regions of the source accounts.
    pub fn source_regions(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.region).chain(&self.more_regions)
    }

    /// The DR account with each region that has copies, with the parameters of the consumer's template there.
    pub(crate) fn archives(&self) -> impl Iterator<Item = (Place, &BTreeMap<String, String>)> {
        let second = self.second().map(|second| (second, &self.second_parameters));
        std::iter::once((self.dr(), &self.consumer_parameters)).chain(second)
    }
}

/// Whether this parameter of a template is `true`.
pub(crate) fn is_set(parameters: &BTreeMap<String, String>, name: &str) -> bool {
    parameters.get(name).is_some_and(|value| value == "true")
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

    /// When the second region was added, if there is one. Copies that arrived in DR's region before are its backfill.
    #[must_use]
    pub fn second_since(&self) -> Option<DateTime<Utc>> {
        self.second_since
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
