//! The keeper: silent databases are reported (invariant 15), deletions are bounded and delayed (17), and no role can delete in a
//! dry run (6).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::Tag;
use cloud::{Cloud, Function as _};
use protocol::{Status, tags};
use rehearsal::{Database, Line, Setup};
use serde_json::json;
use tests::{DR, Fixture, HOUR, OTHER, REGION, SOURCE, settings};

/// These databases, each with a lifecycle.
async fn start(setup: Setup, databases: &[(&str, &str)]) -> anyhow::Result<Fixture> {
    let fixture = Fixture::with(settings(), setup).await?;
    for (name, lifecycle) in databases {
        fixture.create_database(&Database::instance(name).lifecycle(lifecycle)).await?;
    }
    // The keeper runs every day at two, and RDS takes a snapshot at five past three.
    fixture.rehearsal.world().sleep(HOUR).await;
    Ok(fixture)
}

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)
}

async fn pass_days(fixture: &mut Fixture, days: u32) -> anyhow::Result<()> {
    fixture.rehearsal.world().sleep(24 * HOUR * days).await;
    fixture.ledger.observe(&fixture.rehearsal).await
}

fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

/// The databases that were reported as silent, and how often.
fn silent(fixture: &Fixture) -> BTreeMap<String, usize> {
    let mut silent = BTreeMap::new();
    for line in lines(fixture, "database_silent") {
        assert_eq!((line.text("level"), line.text("account"), &line.json["Silent"]), ("ERROR", SOURCE, &json!(1)));
        let database = line.text("database").rsplit(':').next().unwrap_or_default().to_owned();
        *silent.entry(database).or_default() += 1;
    }
    silent
}

/// Replaces the lifecycle of a database, or removes it.
async fn set_lifecycle(fixture: &Fixture, name: &str, lifecycle: Option<&str>) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let arn = format!("arn:aws:rds:{REGION}:{SOURCE}:db:{name}");
    match lifecycle {
        Some(value) => {
            let tag = Tag::builder().key(tags::LIFECYCLE).value(value).build();
            rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await?;
        }
        None => drop(rds.remove_tags_from_resource().resource_name(arn).tag_keys(tags::LIFECYCLE).send().await?),
    }
    Ok(())
}

async fn tag_newest_copy(fixture: &Fixture, database: &str, key: &str) -> anyhow::Result<()> {
    let copies = fixture.snapshots(DR).await?.into_iter().filter(|copy| &*copy.database == database);
    let newest = copies.max_by_key(|copy| copy.created).map(|copy| copy.arn.to_string()).unwrap_or_default();
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    let tag = Tag::builder().key(key).value("by hand").build();
    rds.add_tags_to_resource().resource_name(newest).tags(tag).send().await?;
    Ok(())
}

// Invariant 15.
#[tokio::test(start_paused = true)]
async fn a_database_whose_copies_stop_is_reported_every_day_and_the_others_are_not() -> anyhow::Result<()> {
    let names = [("orders", "Standard"), ("stopped", "Standard"), ("ignored", "Standard")];
    let mut fixture = start(setup()?, &names).await?;
    pass_days(&mut fixture, 5).await?;
    set_lifecycle(&fixture, "stopped", None).await?;
    set_lifecycle(&fixture, "ignored", Some("Ignore")).await?;
    // The newest copies are of the fifth day.
    pass_days(&mut fixture, 2).await?;
    assert_eq!(silent(&fixture), BTreeMap::new());
    pass_days(&mut fixture, 5).await?;
    assert_eq!(silent(&fixture), [("ignored".to_owned(), 5), ("stopped".to_owned(), 5)].into());
    tag_newest_copy(&fixture, "stopped", tags::RETIRED).await?;
    pass_days(&mut fixture, 2).await?;
    assert_eq!(silent(&fixture), [("ignored".to_owned(), 7), ("stopped".to_owned(), 5)].into());
    Ok(())
}

// Invariant 15.
#[tokio::test(start_paused = true)]
async fn an_account_that_falls_silent_is_reported_for_each_database_that_is_not_retired() -> anyhow::Result<()> {
    let setup = setup()?.consumer_parameter("Retired", &format!("{SOURCE}/ledger"));
    let names = [("orders", "Standard"), ("customers", "Standard"), ("ledger", "Standard")];
    let mut fixture = start(setup, &names).await?;
    pass_days(&mut fixture, 3).await?;
    fixture.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    pass_days(&mut fixture, 5).await?;
    let reported: BTreeSet<_> = silent(&fixture).into_keys().collect();
    assert_eq!(reported, ["customers".to_owned(), "orders".to_owned()].into());
    Ok(())
}

// Invariant 17.
#[tokio::test(start_paused = true)]
async fn a_lifecycle_that_keeps_less_is_reported_at_once_and_takes_effect_after_35_days() -> anyhow::Result<()> {
    let setup = setup()?
        .consumer_parameter("NoDryRun", "true")
        .consumer_parameter("Lifecycles", r#"{"Month": {"daily": 60}, "Last": {"last": 1}}"#)
        .consumer_parameter("Floor", r#"{"daily": 3}"#)
        .consumer_parameter("MaxDeletionShare", "100");
    let mut fixture = start(setup, &[("orders", "Month")]).await?;
    pass_days(&mut fixture, 10).await?;
    assert_eq!(lines(&fixture, "lifecycle_reduced").len(), 0);
    set_lifecycle(&fixture, "orders", Some("Last")).await?;
    pass_days(&mut fixture, 1).await?;
    let reported = lines(&fixture, "lifecycle_reduced");
    assert_eq!(
        reported.iter().map(|line| (line.text("level"), line.text("account"))).collect::<Vec<_>>(),
        [("ERROR", SOURCE)]
    );
    pass_days(&mut fixture, 34).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 45, "the old lifecycle is in force");
    assert_eq!(lines(&fixture, "lifecycle_reduced").len(), 1, "it is reported once");
    pass_days(&mut fixture, 3).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 3, "the floor");
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 17.
#[tokio::test(start_paused = true)]
async fn an_accepted_lifecycle_takes_effect_at_once() -> anyhow::Result<()> {
    let setup = setup()?
        .consumer_parameter("NoDryRun", "true")
        .consumer_parameter("Lifecycles", r#"{"Month": {"daily": 60}, "Last": {"last": 1}}"#)
        .consumer_parameter("Floor", r#"{"daily": 3}"#)
        .consumer_parameter("MaxDeletionShare", "100");
    let mut fixture = start(setup, &[("orders", "Month")]).await?;
    pass_days(&mut fixture, 10).await?;
    set_lifecycle(&fixture, "orders", Some("Last")).await?;
    pass_days(&mut fixture, 2).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 12);
    tag_newest_copy(&fixture, "orders", tags::ACCEPTED).await?;
    pass_days(&mut fixture, 1).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 3);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// Runs the keeper once, with deletion enabled, as the owner of DR would.
pub(crate) async fn keep(fixture: &Fixture, limit: Option<u32>, settings: &[(&str, &str)]) -> anyhow::Result<()> {
    let environment = [
        ("SOURCE_ACCTS", SOURCE),
        ("NO_DRY_RUN", "1"),
        ("LIFECYCLES", r#"{"Last": {"last": 1}}"#),
        ("FLOOR", r#"{"last": 1}"#),
    ];
    let environment = environment.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let cloud = Cloud::new(&fixture.owner_config(DR), fixture.place(DR)?);
    let deadline = cloud.now() + chrono::TimeDelta::minutes(15);
    let keeper = keeper::Keeper::new(cloud, &environment.collect())?;
    let event = limit.map_or(json!({ "keep": {} }), |limit| json!({ "keep": { "limit": limit } }));
    keeper.handle(event, deadline).await?;
    Ok(())
}

// Invariant 17.
#[tokio::test(start_paused = true)]
async fn unusually_many_deletions_wait_for_a_person() -> anyhow::Result<()> {
    let mut fixture = start(
        setup()?.consumer_parameter("Lifecycles", r#"{"Last": {"last": 1}}"#),
        &[("orders", "Last"), ("new", "Last")],
    )
    .await?;
    pass_days(&mut fixture, 10).await?;
    let count = async || anyhow::Ok(fixture.snapshots(DR).await?.len());
    assert_eq!(count().await?, 20, "a dry run");
    // Of each database nine of ten copies have expired, which is more than its share.
    keep(&fixture, None, &[]).await?;
    assert_eq!(count().await?, 20);
    // Without that limit, the limit of a run holds all.
    keep(&fixture, None, &[("MAX_DELETION_SHARE", "100"), ("MAX_DELETIONS", "17")]).await?;
    assert_eq!(count().await?, 20);
    keep(&fixture, Some(17), &[]).await?;
    assert_eq!(count().await?, 20);
    keep(&fixture, Some(18), &[]).await?;
    assert_eq!(count().await?, 2);
    Ok(())
}

/// An account whose lifecycle suddenly keeps less cannot stop the thinning of the others, until DR's quota is used up.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_over_the_limit_does_not_hold_the_deletions_of_another() -> anyhow::Result<()> {
    let setup = setup()?.and_source(OTHER)?.consumer_parameter("Lifecycles", r#"{"Last": {"last": 1}}"#);
    let mut fixture = start(setup, &[("orders", "Last")]).await?;
    for name in ["one", "two"] {
        let database = Database::instance(name).lifecycle("Last");
        fixture.rehearsal.create_database(&fixture.place(OTHER)?, &database).await?;
    }
    pass_days(&mut fixture, 10).await?;
    let both = format!("{SOURCE},{OTHER}");
    let settings = [("SOURCE_ACCTS", both.as_str()), ("MAX_DELETION_SHARE", "100"), ("MAX_DELETIONS", "10")];
    keep(&fixture, None, &settings).await?;
    let copies = fixture.snapshots(DR).await?;
    let of = |account: &str| copies.iter().filter(|it| it.arn.id().starts_with(&format!("draco-{account}-"))).count();
    assert_eq!((of(SOURCE), of(OTHER)), (1, 18));
    // A person accepts a number for all.
    keep(&fixture, Some(15), &settings).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 19);
    keep(&fixture, Some(16), &settings).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 3);
    Ok(())
}

/// The error code when a role deletes a copy.
async fn delete_as(fixture: &Fixture, role: &str) -> anyhow::Result<String> {
    let role = fixture.rehearsal.setup().role_name(role);
    let rds = aws_sdk_rds::Client::new(&fixture.rehearsal.world().sdk_config_for_role(DR, REGION, &role));
    let copy = fixture.snapshots(DR).await?.into_iter().find(|copy| copy.status == Status::Available);
    let id = copy.map(|copy| copy.arn.id().to_owned()).unwrap_or_default();
    let deleted = rds.delete_db_snapshot().db_snapshot_identifier(id).send().await;
    Ok(crate::permissions::code(deleted))
}

// Invariant 6.
#[tokio::test(start_paused = true)]
async fn only_the_keeper_may_delete_and_only_if_deletion_is_enabled() -> anyhow::Result<()> {
    for (no_dry_run, expected) in [("false", "AccessDenied"), ("true", "")] {
        let mut fixture = start(setup()?.consumer_parameter("NoDryRun", no_dry_run), &[("orders", "Standard")]).await?;
        pass_days(&mut fixture, 1).await?;
        assert_eq!(delete_as(&fixture, "draco-consumer").await?, "AccessDenied");
        assert_eq!(delete_as(&fixture, "draco-keeper").await?, expected);
    }
    Ok(())
}

// Invariant 5.
#[tokio::test(start_paused = true)]
async fn the_keepers_role_cannot_tag_share_copy_or_delete_foreign_snapshots() -> anyhow::Result<()> {
    let mut fixture = start(setup()?.consumer_parameter("NoDryRun", "true"), &[("orders", "Standard")]).await?;
    let own = fixture.rehearsal.create_database(&fixture.place(DR)?, &Database::instance("own")).await?;
    pass_days(&mut fixture, 1).await?;
    fixture.rehearsal.take_snapshot(&own, "draco-by-hand").await?;
    fixture.rehearsal.world().sleep(HOUR).await;
    let role = fixture.rehearsal.setup().role_name("draco-keeper");
    let rds = aws_sdk_rds::Client::new(&fixture.rehearsal.world().sdk_config_for_role(DR, REGION, &role));
    let copy = "draco-111111111111-rds-orders-2026-11-21-03-05";
    let tag = Tag::builder().key(tags::REPORTED).value("mine").build();
    let arn = format!("arn:aws:rds:{REGION}:{DR}:snapshot:{copy}");
    let share = rds.modify_db_snapshot_attribute().db_snapshot_identifier(copy).attribute_name("restore");
    let again = rds.copy_db_snapshot().source_db_snapshot_identifier(copy).target_db_snapshot_identifier("draco-2");
    let codes = [
        crate::permissions::code(rds.delete_db_snapshot().db_snapshot_identifier("draco-by-hand").send().await),
        crate::permissions::code(rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await),
        crate::permissions::code(share.values_to_add("333333333333").send().await),
        crate::permissions::code(again.send().await),
    ];
    assert_eq!(codes, ["AccessDenied"; 4]);
    Ok(())
}
