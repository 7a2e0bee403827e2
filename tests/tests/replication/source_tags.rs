//! Invariants 3 and 10: a copy has the tags of its source that DR allows, and no tag of a source account counts as one of Draco's.

use chrono::DateTime;
use protocol::{Kind, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use sim::questions::ClusterCopies;
use tests::{DR, Fixture, MINUTE, REGION, SOURCE, settings, settings_where};

use crate::attacker;

/// A database with tags for people and programs, whose next automated snapshot is 21 hours away.
fn database(kind: Kind) -> Database {
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    database.lifecycle("Standard").tag("team", "data").tag("delete-after", "2026-12-01")
}

/// The tags of the only copy, without those that Draco sets.
async fn tags_of_source(fixture: &Fixture) -> anyhow::Result<Vec<String>> {
    let copies = fixture.snapshots(DR).await?;
    assert_eq!(copies.len(), 1);
    let is_own = |key: &str| key.starts_with(tags::PREFIX) && key != tags::LIFECYCLE;
    let tags = copies.iter().flat_map(|copy| copy.tags.iter()).filter(|(key, _)| !is_own(key));
    Ok(tags.map(|(key, value)| format!("{key}={value}")).collect())
}

// Invariant 3.
// Invariant 10.
#[tokio::test(start_paused = true)]
async fn dr_decides_which_tags_of_the_source_its_copies_get() -> anyhow::Result<()> {
    let rules: [(&str, &[&str]); 3] = [
        ("keep", &["Draco_Lifecycle=Standard", "delete-after=2026-12-01", "team=data"]),
        ("prefix", &["Draco_Lifecycle=Standard", "origin:delete-after=2026-12-01", "origin:team=data"]),
        ("owner,team", &["Draco_Lifecycle=Standard", "team=data"]),
    ];
    for (rule, expected) in rules {
        let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("SourceTags", rule);
        let mut fixture = Fixture::with(settings(), setup).await?;
        let arn = fixture.create_database(&database(Kind::Instance)).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&arn, "mine").await?;
        fixture.pass_hours(4).await?;
        assert_eq!(tags_of_source(&fixture).await?, expected, "{rule}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn tags_of_a_source_account_never_count_as_dracos() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("AllowPlaintextClusters", "true");
        let settings = settings_where(|answers| answers.cluster_copies = ClusterCopies::TakeTime);
        let fixture = Fixture::with(settings, setup).await?;
        let database = fixture.create_database(&database(kind).encryption(Encryption::None)).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        let forged = Tags::from_iter([
            (tags::LIFECYCLE, "Standard"),
            (tags::REPORTED, "2020-01-01T00:00:00Z"),
            (tags::TRANSIT_CREATED, "2020-01-01T00:00:00Z"),
            ("Draco_Unknown", "forged"),
            ("draco_sourcesnapshot", "forged"),
            ("team", "data"),
        ]);
        let transit = attacker::share_snapshot(&fixture, &database, 1).await?;
        attacker::announce(&fixture, attacker::announcement(&database, 1, &transit, forged)?);
        fixture.rehearsal.world().sleep(5 * MINUTE).await;
        let copies = fixture.snapshots(DR).await?;
        let [copy] = &copies[..] else { panic!("one copy: {copies:#?}") };
        let of_source: Vec<_> = copy.tags.iter().filter(|(_, value)| ["forged", "data"].contains(value)).collect();
        assert_eq!(of_source, [("team", "data")]);
        assert_eq!(copy.tags.get(tags::REPORTED), None, "the copy is not completed yet");
        let created = copy.tags.get(tags::TRANSIT_CREATED).and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        assert_eq!(created.map(|time| time.timestamp()), transit.created.map(|time| time.timestamp()));
    }
    Ok(())
}
