//! Snapshots without a lifecycle take that of their database. RDS does not give a snapshot the tags of its database if
//! `CopyTagsToSnapshot` is off, or if the request that creates the snapshot has tags.

use aws_sdk_rds::types::Tag;
use protocol::{DatabaseArn, Kind, Snapshot, Tags, tags};
use rehearsal::{Database, Setup};
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::questions::OtherEnginesEvents;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

/// A database whose snapshots do not get its tags, and that is not snapshotted by itself during the test.
fn database(kind: Kind, name: &str) -> Database {
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance(name) };
    database.without_tags_on_snapshots()
}

fn sdk_tags(tags: &[(&str, &str)]) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect()
}

/// Takes a manual snapshot with these tags.
async fn take(fixture: &Fixture, database: &DatabaseArn, id: &str, tags: &[(&str, &str)]) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    match database.kind {
        Kind::Instance => {
            let call = rds.create_db_snapshot().db_instance_identifier(database.id()).db_snapshot_identifier(id);
            call.set_tags(Some(sdk_tags(tags))).send().await?;
        }
        Kind::Cluster => {
            let call = rds.create_db_cluster_snapshot().db_cluster_identifier(database.id());
            call.db_cluster_snapshot_identifier(id).set_tags(Some(sdk_tags(tags))).send().await?;
        }
    }
    Ok(())
}

/// Deletes the database with a final snapshot.
pub(crate) async fn delete(fixture: &Fixture, database: &DatabaseArn, last: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    match database.kind {
        Kind::Instance => {
            let call = rds.delete_db_instance().db_instance_identifier(database.id());
            call.final_db_snapshot_identifier(last).send().await?;
        }
        Kind::Cluster => {
            let call = rds.delete_db_cluster().db_cluster_identifier(database.id());
            call.final_db_snapshot_identifier(last).send().await?;
        }
    }
    Ok(())
}

pub(crate) async fn delete_without_snapshot(fixture: &Fixture, database: &DatabaseArn) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    match database.kind {
        Kind::Instance => {
            let call = rds.delete_db_instance().db_instance_identifier(database.id());
            call.skip_final_snapshot(true).send().await?;
        }
        Kind::Cluster => {
            rds.delete_db_cluster().db_cluster_identifier(database.id()).skip_final_snapshot(true).send().await?;
        }
    }
    Ok(())
}

async fn set_tag(fixture: &Fixture, arn: &str, key: &str, value: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    rds.add_tags_to_resource().resource_name(arn).set_tags(Some(sdk_tags(&[(key, value)]))).send().await?;
    Ok(())
}

/// The snapshots in DR: the database, and the tags that are not about one snapshot.
async fn copies(fixture: &Fixture) -> anyhow::Result<Vec<(String, Tags)>> {
    let plain = |copy: &Snapshot| {
        let tags = copy.tags.iter().filter(|(key, _)| !key.starts_with(tags::PREFIX) || *key == tags::LIFECYCLE);
        tags.collect::<Tags>()
    };
    Ok(fixture.snapshots(DR).await?.iter().map(|copy| (copy.database.to_string(), plain(copy))).collect())
}

/// The number of calls of the producer with this name.
pub(crate) fn producer_calls(fixture: &Fixture, operation: &str) -> usize {
    fixture.rehearsal.world().journal(|journal| {
        let is_one = |entry: &&sim::journal::Entry| {
            matches!(&entry.event, sim::journal::Event::Call { role: Some(role), operation: called, .. }
                if role.starts_with("draco-producer") && called == operation)
        };
        journal.entries().iter().filter(is_one).count()
    })
}

fn describe_databases(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "DescribeDBInstances",
        Kind::Cluster => "DescribeDBClusters",
    }
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_without_a_lifecycle_takes_that_of_its_database_once() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind, "orders").lifecycle("Standard").tag("team", "shop")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        take(&fixture, &arn, "mine", &[("why", "release")]).await?;
        fixture.pass_hours(5).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard"), ("why", "release")]);
        assert_eq!(copies(&fixture).await?, [("orders".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
        // When its creation starts, and for the spec. The finished snapshot has the tag.
        assert_eq!(producer_calls(&fixture, describe_databases(kind)), 2);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn an_automated_snapshot_without_tags_takes_the_lifecycle_of_its_database() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let automated = Database { kind, ..Database::instance("orders") }.without_tags_on_snapshots();
        fixture.create_database(&automated.lifecycle("Standard")).await?;
        fixture.pass_hours(24).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
        assert_eq!(copies(&fixture).await?, [("orders".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
        assert_eq!(producer_calls(&fixture, describe_databases(kind)), 1);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn the_sweep_finds_a_snapshot_that_takes_the_lifecycle_of_its_database() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        // No event arrives.
        let lost = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
        fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
        let arn = fixture.create_database(&database(kind, "orders").lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&arn, "mine").await?;
        fixture.pass_hours(2).await?;
        fixture.rehearsal.world().plan_faults(Plan::NoFaults);
        fixture.pass_hours(5).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
        assert_eq!(copies(&fixture).await?, [("orders".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_of_the_snapshot_itself_wins() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind, "orders").lifecycle("Standard")).await?;
        let ignored = fixture.create_database(&database(kind, "ignored").lifecycle("Ignore")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        take(&fixture, &arn, "not-this", &[(tags::LIFECYCLE, "ignore")]).await?;
        take(&fixture, &ignored, "but-this", &[(tags::LIFECYCLE, "Test")]).await?;
        take(&fixture, &ignored, "nor-this", &[("why", "release")]).await?;
        fixture.pass_hours(6).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Test")]);
        assert_eq!(copies(&fixture).await?, [("ignored".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_later_database_of_the_same_name_is_another_one() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let first = fixture.create_database(&database(kind, "orders")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        delete(&fixture, &first, "last").await?;
        fixture.rehearsal.world().sleep(2 * HOUR).await;
        fixture.create_database(&database(kind, "orders").lifecycle("Standard")).await?;
        fixture.pass_hours(6).await?;
        assert_eq!(copies(&fixture).await?, []);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn the_final_snapshot_takes_the_lifecycle_before_its_database_is_gone() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind, "orders").lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.ledger.observe(&fixture.rehearsal).await?;
        delete(&fixture, &arn, "last").await?;
        fixture.pass_hours(5).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
        assert_eq!(copies(&fixture).await?, [("orders".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_tags_of_its_own_is_copied_although_its_database_is_deleted_meanwhile() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind, "orders").lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        take(&fixture, &arn, "mine", &[("why", "decommission")]).await?;
        fixture.rehearsal.world().sleep(2 * MINUTE).await;
        delete_without_snapshot(&fixture, &arn).await?;
        fixture.pass_hours(5).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard"), ("why", "decommission")]);
        assert_eq!(copies(&fixture).await?, [("orders".to_owned(), tags)], "{kind:?}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_database_that_gets_a_lifecycle_later_has_its_older_snapshots_copied() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let arn = fixture.create_database(&database(Kind::Instance, "orders")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&arn, "older").await?;
    fixture.pass_hours(3).await?;
    assert_eq!(copies(&fixture).await?, []);
    set_tag(&fixture, &arn.to_string(), tags::LIFECYCLE, "Standard").await?;
    fixture.pass_hours(5).await?;
    assert_eq!(copies(&fixture).await?.len(), 1);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_with_fifty_tags_raises_an_alarm_and_is_not_copied_again_and_again() -> anyhow::Result<()> {
    for (own, is_copied) in [(49, true), (50, false)] {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(Kind::Instance, "orders").lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        let own: Vec<_> = (0..own).map(|nth| format!("tag-{nth}")).collect();
        let own: Vec<_> = own.iter().map(|key| (key.as_str(), "value")).collect();
        take(&fixture, &arn, "full", &own).await?;
        fixture.pass_hours(12).await?;
        assert_eq!(copies(&fixture).await?.len(), usize::from(is_copied));
        let copies_started = producer_calls(&fixture, "CopyDBSnapshot");
        assert_eq!(copies_started, usize::from(is_copied), "{} tags", own.len());
        let lines = fixture.rehearsal.logs().lines();
        assert_eq!(lines.iter().any(|line| line.text("step") == "tags_full"), !is_copied);
        // With 49 tags, the lifecycle is the fiftieth, and says at the end that the snapshot is done.
        assert_eq!(lines.iter().any(|line| line.text("step") == "marked_ignored"), is_copied);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
// Invariant 2.
// Invariant 3.
#[tokio::test(start_paused = true)]
async fn clusters_of_documentdb_and_neptune_are_copied_whether_rds_reports_their_events_or_not() -> anyhow::Result<()> {
    for events in OtherEnginesEvents::ALL {
        let mut settings = settings();
        settings.answers.other_engines_events = *events;
        let mut fixture = Fixture::with(settings, Setup::new(SOURCE, DR, REGION)?).await?;
        for engine in ["docdb", "neptune"] {
            let tagged = Database::cluster(engine).engine(engine).lifecycle("Standard").tag("team", "shop");
            fixture.create_database(&tagged).await?;
            fixture.create_database(&Database::cluster(&format!("{engine}-untagged")).engine(engine)).await?;
        }
        fixture.pass_hours(6).await?;
        let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard"), ("team", "shop")]);
        assert_eq!(copies(&fixture).await?, [("docdb".to_owned(), tags.clone()), ("neptune".to_owned(), tags)]);
        assert_eq!(fixture.violations(), []);
        let lines = fixture.rehearsal.logs().lines();
        let engines: std::collections::BTreeSet<_> =
            lines.iter().filter_map(|line| line.json["engine"].as_str()).collect();
        assert_eq!(engines.into_iter().collect::<Vec<_>>(), ["docdb", "neptune"]);
    }
    Ok(())
}

// Invariant 11.
#[tokio::test(start_paused = true)]
async fn unprotected_databases_cost_a_sweep_one_list() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for nth in 1..=3 {
        fixture.create_database(&Database::instance(&format!("db-{nth}"))).await?;
    }
    fixture.pass_hours(3).await?;
    let before = producer_calls(&fixture, "DescribeDBInstances");
    fixture.pass_hours(4).await?;
    assert_eq!(producer_calls(&fixture, "DescribeDBInstances") - before, 4);
    assert_eq!(producer_calls(&fixture, "DescribeDBClusters"), 0, "there are no cluster snapshots");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_with_a_lifecycle_needs_a_look_at_its_database_for_the_spec_only() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn =
            fixture.create_database(&Database { kind, ..Database::instance("orders") }.lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&arn, "mine").await?;
        fixture.pass_hours(6).await?;
        assert_eq!(copies(&fixture).await?.len(), 2);
        assert_eq!(producer_calls(&fixture, describe_databases(kind)), 2, "one for each of the two snapshots");
    }
    Ok(())
}
