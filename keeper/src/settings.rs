//! The keeper's settings, from environment variables.

use std::collections::{BTreeMap, BTreeSet};

use archive::{Limits, SilencePolicy};
use chrono::TimeDelta;
use protocol::settings::{
    Retired, SettingsError, SettingsReader, parse_accounts, parse_number, parse_regions, parse_retired,
};
use protocol::{AccountId, DatabaseArn, Place, Region};
use retention::{Lifecycle, Lifecycles, Rules};

/// The keeper's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The source accounts that DR serves. Copies of others are left alone.
    sources: BTreeSet<AccountId>,
    /// The regions of their databases that DR serves. `None` means all.
    regions: Option<BTreeSet<Region>>,
    pub(crate) deletion: Deletion,
    pub(crate) lifecycles: Lifecycles,
    /// The rules for copies that are kept independently of their lifecycle.
    pub(crate) floor: Lifecycle,
    pub(crate) limits: Limits,
    pub(crate) silence: SilencePolicy,
    /// Whether copies go on to a second region (`SECOND_REGION`).
    pub(crate) second: Option<Region>,
    /// Databases of which no further copies are expected.
    retired: BTreeSet<Retired>,
}

/// Whether expired copies are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// No: the log states what would be deleted (invariant 6).
    DryRun,
    /// Yes.
    Enabled,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(environment);
        let sources = reader.required("SOURCE_ACCTS", "the IDs of the source accounts", parse_accounts);
        let regions = reader.optional("SOURCE_REGIONS", parse_regions);
        // Copies that come from DR's first region are of databases in any region.
        let first = reader.optional("FIRST_REGION", str::parse::<Region>);
        let second = reader.optional("SECOND_REGION", str::parse::<Region>);
        let deletion = if reader.switch("NO_DRY_RUN") { Deletion::Enabled } else { Deletion::DryRun };
        let lifecycles = reader.optional("LIFECYCLES", |text| serde_json::from_str::<Lifecycles>(text));
        let floor = reader.optional("FLOOR", |text| serde_json::from_str::<Rules>(text));
        let per_run = reader.optional("MAX_DELETIONS", |text| parse_number(text, 1..=1_000_000)).unwrap_or(100);
        let share = reader.optional("MAX_DELETION_SHARE", |text| parse_number(text, 1..=100)).unwrap_or(50);
        let max_age_days = reader.optional("MAX_AGE_DAYS", |text| parse_number(text, 1..=365)).unwrap_or(3);
        let retired = reader.optional("RETIRED", parse_retired).unwrap_or_default();
        let settings = sources.map(|sources| Self {
            sources,
            regions: regions.filter(|_| first.is_none()),
            second,
            deletion,
            lifecycles: lifecycles.unwrap_or_else(Lifecycles::built_in),
            floor: floor.unwrap_or_else(Rules::default_floor).named("Floor"),
            limits: Limits { per_run: per_run as usize, share: u8::try_from(share).unwrap_or(100) },
            silence: SilencePolicy { max_age: TimeDelta::days(max_age_days.into()) },
            retired,
        });
        reader.finish(settings)
    }

    /// Whether DR serves the account and the region of a database (invariant 10).
    pub(crate) fn serves(&self, database: &DatabaseArn) -> bool {
        let Place { account, region } = &database.place;
        self.sources.contains(account) && self.regions.as_ref().is_none_or(|regions| regions.contains(region))
    }

    /// Whether the configuration says that no further copies are expected.
    pub(crate) fn is_retired(&self, database: &DatabaseArn) -> bool {
        self.retired.iter().any(|retired| retired.is(database))
    }
}
