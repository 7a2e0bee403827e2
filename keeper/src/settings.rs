//! The keeper's settings, from environment variables.

use std::collections::{BTreeMap, BTreeSet};

use archive::expired::expired;
use archive::{Copy, Expired, History, Limits, SilencePolicy};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::settings::{
    DEFAULT_WAIT_LIMIT_HOURS, Retired, SettingsError, SettingsReader, parse_accounts, parse_number, parse_regions,
    parse_retired, parse_wait_limit,
};
use protocol::{AccountId, DatabaseArn, Region};
use retention::{Lifecycle, Lifecycles, Rules};

/// How long a copy stays for the second region, after its arrival. If the second region is gone for longer, or has no use for the
/// copy, the lifecycle decides again.
const STAYS_FOR_SECOND: TimeDelta = TimeDelta::days(14);

/// After this time, or WAIT_LIMIT_HOURS if that is longer, a copy from another region is stalled: its region is probably lost. It
/// holds one of the places that AWS has for copies in progress from other regions.
const STALLED_AFTER: TimeDelta = TimeDelta::days(7);

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
    /// In a second region, the first one (`FIRST_REGION`).
    first: Option<Region>,
    /// A copy from another region that is in progress for longer is stalled.
    pub(crate) stalled_after: TimeDelta,
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
        let wait_limit = reader.optional("WAIT_LIMIT_HOURS", parse_wait_limit).unwrap_or(DEFAULT_WAIT_LIMIT_HOURS);
        let retired = reader.optional("RETIRED", parse_retired).unwrap_or_default();
        let settings = sources.map(|sources| Self {
            sources,
            regions: regions.filter(|_| first.is_none()),
            second,
            first,
            deletion,
            lifecycles: lifecycles.unwrap_or_else(Lifecycles::built_in),
            floor: floor.unwrap_or_else(Rules::default_floor).named("Floor"),
            limits: Limits { per_run: per_run as usize, share: u8::try_from(share).unwrap_or(100) },
            silence: SilencePolicy { max_age: TimeDelta::days(max_age_days.into()) },
            stalled_after: STALLED_AFTER.max(TimeDelta::hours(wait_limit.into())),
            retired,
        });
        reader.finish(settings)
    }

    /// The expired copies of a database, without those that the second region does not have yet.
    pub(crate) fn expired<'h>(&self, history: &'h History, now: DateTime<Utc>) -> Vec<Expired<'h>> {
        let mut expired = expired(history, &self.lifecycles, &self.floor);
        let stays = |copy: &Copy| copy.is_second_pending && now - copy.arrived < STAYS_FOR_SECOND;
        expired.retain(|expired| !stays(expired.copy));
        expired
    }

    /// Whether DR serves the account of a database (invariant 10).
    pub(crate) fn serves_account(&self, database: &DatabaseArn) -> bool {
        self.sources.contains(&database.place.account)
    }

    /// Whether DR serves the account and the region of a database (invariant 10).
    pub(crate) fn serves(&self, database: &DatabaseArn) -> bool {
        let region = &database.place.region;
        self.serves_account(database) && self.regions.as_ref().is_none_or(|regions| regions.contains(region))
    }

    /// The command that runs this keeper with another limit. Without `--second`, it would run the one of the first region.
    pub(crate) fn command(&self, limit: usize) -> String {
        let region = if self.first.is_some() { " --second" } else { "" };
        format!("cargo xtask event keep{region} --limit {limit}")
    }

    /// Whether the configuration says that no further copies are expected.
    pub(crate) fn is_retired(&self, database: &DatabaseArn) -> bool {
        self.retired.iter().any(|retired| retired.is(database))
    }
}

#[cfg(test)]
mod tests {
    use archive::Archive;
    use protocol::{Engine, Kind, Origin, Place, Snapshot, SnapshotArn, Status, tags};

    use super::*;

    fn settings(others: &[(&str, &str)]) -> Settings {
        let keeps_little = [("LIFECYCLES", r#"{"Last":{"last":1}}"#), ("FLOOR", r#"{"last":1}"#)];
        let all = [("SOURCE_ACCTS", "111111111111")].into_iter().chain(keeps_little).chain(others.iter().copied());
        Settings::read(&all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()).unwrap()
    }

    fn database(region: &str) -> DatabaseArn {
        format!("arn:aws:rds:{region}:111111111111:db:orders").parse().unwrap()
    }

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-11-{day:02}T00:00:00Z").parse().unwrap()
    }

    /// A complete copy that arrived on this day, with these tags.
    fn copy(day: u32, more: &[(&str, &str)]) -> Snapshot {
        let database = database("eu-west-1");
        let snapshot = SnapshotArn::new(Kind::Instance, database.place.clone(), &format!("rds:orders-{day}")).unwrap();
        let origin = Origin { snapshot, database, taken: at(day) };
        let dr = Place { account: "222222222222".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let reported = at(day).to_rfc3339();
        let tags = origin.to_tags().with([(tags::LIFECYCLE, "Last"), (tags::REPORTED, reported.as_str())]);
        Snapshot {
            arn: origin.copy(&dr),
            database: "orders".into(),
            resource_id: None,
            engine: Engine::Rds,
            status: Status::Available,
            progress: 100,
            gib: 20,
            is_encrypted: true,
            key: None,
            created: Some(at(day)),
            original_created: None,
            copied_from: None,
            tags: tags.with(more.iter().copied()),
        }
    }

    /// The days of the expired copies on the 21st, of copies that arrived on these days.
    fn expired(settings: &Settings, copies: &[Snapshot]) -> Vec<String> {
        let mut archive = Archive::new(copies[0].arn.place.clone()).with_second(settings.second.clone());
        copies.iter().for_each(|copy| archive.add(copy));
        let history = archive.database(&database("eu-west-1"));
        let expired = settings.expired(&history, at(21));
        expired.iter().map(|expired| expired.copy.source.trim_start_matches("rds:orders-").to_owned()).collect()
    }

    #[test]
    fn a_copy_stays_until_the_second_region_has_it_for_two_weeks_at_most() {
        let there = (tags::SECOND, "arn:aws:rds:us-east-1:222222222222:snapshot:copy");
        let from = "arn:aws:rds:us-east-1:222222222222:snapshot:draco-eu-west-1-111111111111-rds-orders-8";
        let came_back = (tags::TRANSIT, from);
        let copies = [copy(1, &[]), copy(7, &[]), copy(8, &[]), copy(9, &[there]), copy(20, &[])];
        assert_eq!(expired(&settings(&[]), &copies), ["1", "7", "8", "9"]);
        let with_second = settings(&[("SECOND_REGION", "us-east-1")]);
        assert_eq!(expired(&with_second, &copies), ["1", "7", "9"]);
        // The second region has moved: it needs the copies that the former one has.
        assert_eq!(expired(&settings(&[("SECOND_REGION", "us-west-2")]), &copies), ["1", "7"]);
        assert_eq!(expired(&with_second, &[copy(8, &[came_back]), copy(20, &[])]), ["8"], "it does not go on");
    }

    /// The limit of the other region must not be raised by mistake.
    #[test]
    fn the_command_for_held_deletions_is_for_the_keeper_of_this_region() {
        assert_eq!(settings(&[]).command(250), "cargo xtask event keep --limit 250");
        let in_second = settings(&[("FIRST_REGION", "eu-west-1")]);
        assert_eq!(in_second.command(250), "cargo xtask event keep --second --limit 250");
    }

    /// Invariant 10. Copies of other accounts and regions are left alone.
    #[test]
    fn databases_of_the_configured_regions_are_served_and_in_a_second_region_those_of_all() {
        let serves = |others: &[(&str, &str)], region: &str| settings(others).serves(&database(region));
        let regions = ("SOURCE_REGIONS", "eu-west-1,us-east-1");
        assert!(serves(&[], "ap-south-1") && serves(&[regions], "us-east-1"));
        assert!(!serves(&[regions], "ap-south-1"));
        // A region can be removed because it is lost. Its copies in progress are cancelled all the same.
        assert!(settings(&[regions]).serves_account(&database("ap-south-1")));
        assert!(serves(&[regions, ("FIRST_REGION", "eu-west-1")], "ap-south-1"));
        let other: DatabaseArn = "arn:aws:rds:us-east-1:333333333333:db:orders".parse().unwrap();
        assert!(!settings(&[regions]).serves(&other) && !settings(&[regions]).serves_account(&other));
    }
}
