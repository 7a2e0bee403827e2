//! A second region is added to an installation that has copies already.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{SnapshotRole, tags};
use rehearsal::{Database, Ledger, Rehearsal};
use sim::World;
use tests::{Fixture, SOURCE, settings};

use super::Shape;

/// Five days of two instances of 100 GiB, without the second region. Then it is added.
async fn grow(parameters: &[(&str, &str)]) -> anyhow::Result<Fixture> {
    let mut setup = Shape::Second.setup()?;
    for (name, value) in parameters {
        setup = setup.second_parameter(name, value);
    }
    let rehearsal = Rehearsal::deploy_without_second(World::with_settings(settings()), setup)?;
    let mut fixture = Fixture { rehearsal, ledger: Ledger::default() };
    for name in ["orders", "customers"] {
        fixture.create_database(&Database::instance(name).lifecycle("Standard")).await?;
    }
    fixture.pass_hours(5 * 24).await?;
    fixture.rehearsal.create_second()?;
    Ok(fixture)
}

/// The days of the copies of each database in the second region.
async fn days(fixture: &Fixture) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut days = BTreeMap::<_, Vec<String>>::new();
    for copy in fixture.second_copies().await? {
        let name = copy.arn.id().strip_prefix(&format!("draco-eu-west-1-{SOURCE}-rds-")).unwrap_or_default();
        let (database, time) = name.split_once("-2026-11-").unwrap_or_default();
        days.entry(database.to_owned()).or_default().push(time[..2].to_owned());
    }
    days.values_mut().for_each(|days| days.sort());
    Ok(days)
}

fn each(days: &[&str]) -> BTreeMap<String, Vec<String>> {
    let days = days.iter().map(|day| (*day).to_owned()).collect::<Vec<_>>();
    ["customers", "orders"].map(|database| (database.to_owned(), days.clone())).into()
}

// Invariants 1, 3 and 11.
#[tokio::test(start_paused = true)]
async fn a_new_second_region_gets_the_newest_copies_and_older_ones_within_the_budget() -> anyhow::Result<()> {
    // The newest copies count, but always go: 200 GiB. Each day before has 200 GiB more.
    for (gib, older) in [("0", &["25"][..]), ("299", &["25"]), ("400", &["24", "25"]), ("600", &["23", "24", "25"])] {
        let mut fixture = grow(&[("BackfillGib", gib)]).await?;
        let before = fixture.snapshots(tests::DR).await?;
        fixture.pass_hours(6).await?;
        let expected: Vec<_> = older.iter().copied().chain(["26"]).collect();
        assert_eq!(days(&fixture).await?, each(&expected), "{gib} GiB");
        assert_eq!(fixture.violations(), [], "{gib} GiB");
        // The copies in the first region stay as they are, but for the mark.
        let after: BTreeMap<_, _> =
            fixture.snapshots(tests::DR).await?.into_iter().map(|copy| (copy.arn.clone(), copy)).collect();
        let second: BTreeSet<_> = fixture.second_copies().await?.into_iter().map(|copy| copy.arn.to_string()).collect();
        let mut marks = BTreeSet::new();
        for copy in &before {
            let now = &after[&copy.arn];
            let unmarked: protocol::Tags = now.tags.iter().filter(|(key, _)| *key != tags::SECOND).collect();
            assert_eq!((&unmarked, &now.key), (&copy.tags, &copy.key));
        }
        for copy in after.values() {
            marks.extend(copy.tags.get(tags::SECOND).map(str::to_owned));
        }
        assert_eq!(marks, second, "{gib} GiB");
        // Days later, the budget is still used up.
        fixture.pass_hours(48).await?;
        let expected: Vec<_> = older.iter().copied().chain(["26", "27", "28"]).collect();
        assert_eq!(days(&fixture).await?, each(&expected), "{gib} GiB");
    }
    Ok(())
}

// Invariants 3 and 7.
#[tokio::test(start_paused = true)]
async fn the_second_region_can_have_a_lifecycle_of_its_own() -> anyhow::Result<()> {
    let parameters = [
        ("SecondLifecycle", "Last"),
        ("Lifecycles", r#"{"Last": {"last": 1}}"#),
        ("Floor", r#"{"last": 2}"#),
        ("NoDryRun", "true"),
    ];
    let mut fixture = grow(&parameters).await?;
    fixture.pass_hours(5 * 24).await?;
    assert_eq!(fixture.violations(), []);
    for copy in fixture.second_copies().await? {
        assert_eq!(copy.tags.get(tags::LIFECYCLE), Some("Last"));
        assert!(matches!(SnapshotRole::of(&copy), SnapshotRole::Copy(_)));
    }
    assert!(fixture.second_copies().await?.len() <= 2 * 3, "{:?}", days(&fixture).await?);
    // The first region has all copies, because Standard keeps them.
    let first = fixture.snapshots(tests::DR).await?;
    assert_eq!(first.len(), 2 * 10);
    assert!(first.iter().all(|copy| copy.tags.get(tags::LIFECYCLE) == Some("Standard")));
    Ok(())
}

/// A copy that is deleted in the second region does not come back, and makes no room for another one.
#[tokio::test(start_paused = true)]
async fn a_copy_that_was_deleted_in_the_second_region_does_not_come_back() -> anyhow::Result<()> {
    let mut fixture = grow(&[("BackfillGib", "400")]).await?;
    fixture.pass_hours(6).await?;
    let second = fixture.rehearsal.setup().second().ok_or_else(|| anyhow::anyhow!("no second region"))?;
    let config = fixture.rehearsal.world().sdk_config(second.account.as_str(), second.region.as_str());
    let owner = cloud::Cloud::new(&config, second);
    for copy in fixture.second_copies().await? {
        if copy.arn.id().contains("-11-24-") {
            owner.delete(&copy.arn).await?;
        }
    }
    fixture.pass_hours(12).await?;
    assert_eq!(days(&fixture).await?, each(&["25", "26"]));
    Ok(())
}
