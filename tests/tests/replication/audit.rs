//! The audit: each day, DR compares what a source account believes is copied with what it has. Invariants 1 and 13.

use anyhow::Context;
use protocol::audit::Sources;
use protocol::topic::consumer_topic;
use protocol::{Kind, Message, Origin, Snapshot, tags};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, OTHER, REGION, SOURCE, settings};

/// A source account with a manual snapshot that is copied, besides automated ones.
async fn copied(kind: Kind) -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Lifecycles", r#"{"Month": {"within": "30d"}}"#);
    let mut fixture = Fixture::with(settings(), setup).await?;
    let database = Database { kind, retention_days: 1, ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Month")).await?;
    fixture.rehearsal.world().sleep(10 * tests::MINUTE).await;
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    fixture.pass_hours(6).await?;
    assert_eq!(copies_of_mine(&fixture).await?.len(), 1);
    Ok(fixture)
}

/// The copies of the manual snapshot.
async fn copies_of_mine(fixture: &Fixture) -> anyhow::Result<Vec<Snapshot>> {
    Ok(fixture.snapshots(DR).await?.into_iter().filter(|copy| copy.arn.id().contains("-mine-")).collect())
}

async fn delete(fixture: &Fixture, account: &str, snapshot: &protocol::SnapshotArn) -> anyhow::Result<()> {
    let cloud = cloud::Cloud::new(&fixture.owner_config(account), snapshot.place.clone());
    cloud.delete(snapshot).await?;
    Ok(())
}

/// The steps of lines about the manual snapshot that raise an alarm.
fn alarms(fixture: &Fixture) -> Vec<String> {
    let lines = fixture.rehearsal.logs().lines();
    let failed = lines.iter().filter(|line| line.json["failed"] == 1 && line.text("snapshot").ends_with(":mine"));
    failed.map(|line| line.text("step").to_owned()).collect()
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_copy_that_was_deleted_by_hand_is_copied_again() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = copied(kind).await?;
        let copy = copies_of_mine(&fixture).await?.remove(0);
        delete(&fixture, DR, &copy.arn).await?;
        fixture.pass_hours(26).await?;
        let again = copies_of_mine(&fixture).await?;
        assert_eq!(again.iter().map(|copy| copy.status).collect::<Vec<_>>(), [protocol::Status::Available]);
        assert_eq!(alarms(&fixture), ["copy_missing"]);
        let mine = fixture.snapshots(SOURCE).await?.into_iter().find(|it| it.arn.id() == "mine");
        let marked = mine.and_then(|it| it.tags.get(tags::COPIED).map(str::to_owned));
        assert_eq!(marked, again.first().map(|copy| copy.arn.to_string()));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_missing_copy_whose_source_is_gone_is_reported_in_both_accounts() -> anyhow::Result<()> {
    let mut fixture = copied(Kind::Instance).await?;
    let copy = copies_of_mine(&fixture).await?.remove(0);
    let origin = Origin::from_tags(&copy.tags).context("no origin")?;
    delete(&fixture, DR, &copy.arn).await?;
    // The source account asks, and the source expires before the answer arrives.
    delete(&fixture, SOURCE, &origin.snapshot).await?;
    publish(&fixture, SOURCE, Message::Audit { sources: Sources::try_from(vec![origin])? });
    fixture.pass_hours(1).await?;
    assert_eq!(alarms(&fixture), ["copy_missing", "copy_lost"]);
    Ok(())
}

/// Delivers a message to DR through the topic of an account.
fn publish(fixture: &Fixture, through: &str, message: Message) {
    let dr = fixture.rehearsal.setup().dr();
    let topic = through.parse().map(|account| consumer_topic(&dr, &account));
    let event = topic.map(|topic| protocol::event::Delivery::of_message(&message, &topic).payload());
    let consumer = fixture.function_arn(DR, "draco-consumer");
    fixture.rehearsal.world().invoke_function(&consumer, event.unwrap_or_default());
}

// Invariant 7.
#[tokio::test(start_paused = true)]
async fn an_expired_copy_is_not_copied_again() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("NoDryRun", "true");
    let setup = setup
        .consumer_parameter("Lifecycles", r#"{"Hour": {"within": "1h"}}"#)
        .consumer_parameter("Floor", r#"{"last": 1}"#);
    let mut fixture = Fixture::with(settings(), setup).await?;
    // The sources are there for a week, and the copies of earlier days expire.
    fixture.create_database(&Database::instance("orders").lifecycle("Hour")).await?;
    fixture.pass_hours(6 * 24).await?;
    assert!(fixture.snapshots(DR).await?.len() <= 3);
    let copies = fixture.rehearsal.world().journal(|journal| journal.count_calls("CopyDBSnapshot"));
    let sources = fixture.ledger.sources.len();
    assert_eq!(copies, 2 * sources, "each source is copied once");
    let lines = fixture.rehearsal.logs().lines();
    assert!(lines.iter().any(|line| line.text("step") == "audit_sent" && line.json["snapshots"] == 5));
    assert!(lines.iter().all(|line| line.text("step") != "copy_missing"));
    Ok(())
}

// Invariant 13.
#[tokio::test(start_paused = true)]
async fn an_account_can_only_audit_its_own_snapshots() -> anyhow::Result<()> {
    let mut setup = Setup::new(SOURCE, DR, REGION)?;
    setup.sources.push(OTHER.parse()?);
    let fixture = Fixture::with(settings(), setup).await?;
    let snapshot = format!("arn:aws:rds:{REGION}:{SOURCE}:snapshot:mine").parse()?;
    let database = fixture.database(Kind::Instance, "orders")?;
    let origin = Origin { snapshot, database, taken: settings().epoch };
    publish(&fixture, OTHER, Message::Audit { sources: Sources::try_from(vec![origin])? });
    fixture.rehearsal.world().sleep(tests::MINUTE).await;
    assert_eq!(alarms(&fixture), [""; 0]);
    let lines = fixture.rehearsal.logs().lines();
    assert_eq!(lines.iter().filter(|line| line.text("step") == "message_rejected").count(), 1);
    Ok(())
}
