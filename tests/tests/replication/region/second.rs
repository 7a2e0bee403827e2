//! DR's second region: what it refuses, and what it has lost.

use cloud::Cloud;
use protocol::{Kind, Place, Snapshot, tags};
use rehearsal::{Database, Encryption, Line};
use sim::Settings;
use tests::{DR, Fixture, OTHER, REGION, SECOND_REGION, SOURCE, settings};

use super::Shape;

fn place(region: &str) -> anyhow::Result<Place> {
    Ok(Place { account: DR.parse()?, region: region.parse()? })
}

async fn copies(fixture: &Fixture, region: &str) -> anyhow::Result<Vec<Snapshot>> {
    fixture.rehearsal.snapshots(&place(region)?).await
}

/// The lines of a step that the functions of the second region logged.
fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    let mut lines = fixture.rehearsal.logs().lines();
    lines.retain(|line| line.place.region.as_str() == SECOND_REGION && line.text("step") == step);
    lines
}

/// The sweep would try it again every hour, and the alarm would hide others.
#[tokio::test(start_paused = true)]
async fn a_copy_that_the_second_region_refuses_is_reported_once() -> anyhow::Result<()> {
    // Each region decides whether it has unencrypted copies.
    let setup = Shape::Second.setup()?.consumer_parameter("AllowPlaintextClusters", "true");
    let mut fixture = Fixture::with(settings(), setup).await?;
    let plain = Database::cluster("plain").encryption(Encryption::None).lifecycle("Standard");
    fixture.create_database(&plain).await?;
    fixture.pass_hours(24).await?;
    assert_eq!(copies(&fixture, SECOND_REGION).await?, []);
    let refused = lines(&fixture, "refused");
    let counted: Vec<_> = refused.iter().map(|line| (line.text("reason"), line.json["failed"].as_u64())).collect();
    assert_eq!(counted, [("plaintext-cluster", Some(1))]);
    let first = copies(&fixture, REGION).await?;
    let marks: Vec<_> = first.iter().filter_map(|copy| copy.tags.get(tags::SECOND)).collect();
    assert!(marks.len() == 1 && marks[0].ends_with(" plaintext-cluster"), "{marks:?}");
    // The alarms of the next tries, of the same snapshot, are warnings.
    fixture.pass_hours(3 * 24).await?;
    let of_first = first.iter().find(|copy| copy.tags.get(tags::SECOND).is_some()).map(|copy| copy.tags.clone());
    let source = of_first.as_ref().and_then(|tags| tags.get(tags::SOURCE_SNAPSHOT)).unwrap_or_default();
    let refused = lines(&fixture, "refused");
    let levels: Vec<_> =
        refused.iter().filter(|line| line.text("snapshot") == source).map(|line| line.text("level")).collect();
    assert_eq!(levels, ["ERROR", "WARN", "WARN", "WARN"], "once a day");
    Ok(())
}

/// The quota of the second region can be smaller, or be used by others.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_gets_no_more_than_its_part_of_the_quota_of_the_second_region() -> anyhow::Result<()> {
    // Both regions have the same quota. Only in the second one it is scarce.
    let setup = Shape::Second.setup()?.and_source(OTHER)?.second_parameter("QuotaShare", "10");
    let mut fixture = Fixture::with(Settings { snapshot_quota: 20, ..settings() }, setup).await?;
    let greedy = Database { retention_days: 0, ..Database::instance("greedy") };
    let greedy = fixture.create_database(&greedy.lifecycle("Standard")).await?;
    let modest = Database { retention_days: 0, ..Database::instance("modest") };
    let modest = fixture.rehearsal.create_database(&fixture.place(OTHER)?, &modest.lifecycle("Standard")).await?;
    fixture.pass_hours(1).await?;
    for nth in 0..12 {
        fixture.rehearsal.take_snapshot(&greedy, &format!("s-{nth:02}")).await?;
        fixture.pass_hours(1).await?;
    }
    fixture.rehearsal.take_snapshot(&modest, "one").await?;
    fixture.pass_hours(2).await?;
    let count = |copies: &[Snapshot], name: &str| copies.iter().filter(|copy| &*copy.database == name).count();
    let (first, second) = (copies(&fixture, REGION).await?, copies(&fixture, SECOND_REGION).await?);
    assert_eq!((count(&first, "greedy"), count(&first, "modest")), (12, 1));
    assert_eq!((count(&second, "greedy"), count(&second, "modest")), (10, 1), "half of the quota");
    let refused = lines(&fixture, "refused");
    assert!(refused.iter().all(|line| line.text("reason") == "too-many" && line.text("account") == SOURCE));
    assert_eq!(refused.iter().filter(|line| line.json["failed"] == 1).count(), 2);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// The tags in the first region tell that the copies are there.
#[tokio::test(start_paused = true)]
async fn a_database_of_which_the_second_region_has_lost_all_copies_gets_its_newest_again() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::with(settings(), Shape::Second.setup()?).await?;
        let database = match kind {
            Kind::Instance => Database::instance("orders"),
            Kind::Cluster => Database::cluster("orders"),
        };
        fixture.create_database(&database.lifecycle("Standard")).await?;
        // The snapshots of two days.
        fixture.pass_hours(30).await?;
        let before = copies(&fixture, SECOND_REGION).await?;
        assert_eq!(before.len(), 2);
        let second = place(SECOND_REGION)?;
        let config = fixture.rehearsal.world().sdk_config(DR, SECOND_REGION);
        let cloud = Cloud::new(&config, second);
        for copy in &before {
            cloud.delete(&copy.arn).await?;
        }
        fixture.pass_hours(3).await?;
        let newest = before.iter().map(|copy| copy.arn.clone()).max();
        let after: Vec<_> = copies(&fixture, SECOND_REGION).await?.into_iter().map(|copy| copy.arn).collect();
        assert_eq!(after, Vec::from_iter(newest));
        assert_eq!(lines(&fixture, "copy_missing").len(), 1, "reported once");
    }
    Ok(())
}
