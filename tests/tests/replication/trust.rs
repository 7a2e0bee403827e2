//! Invariant 10: DR serves only configured accounts, regardless of the messages, and DR's floor limits the deletions by a
//! lifecycle from a source account. The producer does not trust messages either. `senders.rs` has the attacks of one source
//! account on another.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::{Announcement, Kind, Message, NoCopy, Origin, RefusalReason, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use serde_json::{Value, json};
use tests::{DR, Fixture, MINUTE, OTHER, REGION, SOURCE, settings};

use crate::{PRODUCER_TOPIC, draco_event, sns_event};

/// The origin of a snapshot that does not exist.
fn forged_origin(account: &str, region: &str, taken: DateTime<Utc>) -> anyhow::Result<Origin> {
    Ok(Origin {
        snapshot: format!("arn:aws:rds:{region}:{account}:snapshot:mine").parse()?,
        database: format!("arn:aws:rds:{region}:{account}:db:orders").parse()?,
        taken,
    })
}

fn announcement(origin: &Origin) -> Message {
    let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
    Message::Shared(Announcement { transit: origin.transit(), origin: origin.clone(), tags })
}

/// The reason for which a function rejects an event. Checks that the function made no calls, and that the event succeeds:
/// AWS neither retries it nor sends it to the dead-letter queue.
async fn rejection(fixture: &Fixture, account: &str, function: &str, event: Value) -> anyhow::Result<String> {
    let world = fixture.rehearsal.world();
    let response = world.invoke_function_and_wait(&fixture.function_arn(account, function), event).await;
    assert_eq!(response.map_err(|failed| failed.cause), Ok(json!({ "timer": "done" })));
    let role = fixture.rehearsal.setup().role_name(function);
    let called = world.journal(|journal| journal.calls().filter(|(_, by, _)| *by == Some(&role)).count());
    assert_eq!(called, 0);
    let rejected = fixture.rehearsal.logs().drain().into_iter().rfind(|line| line.text("step") == "message_rejected");
    Ok(rejected.map(|line| line.text("reason").to_owned()).unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn dr_rejects_an_account_that_is_not_configured() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let origin = forged_origin(OTHER, REGION, settings().epoch)?;
    assert_eq!(
        rejection(&fixture, DR, "draco-consumer", draco_event(&announcement(&origin))).await?,
        "account 333333333333 of arn:aws:rds:eu-west-1:333333333333:snapshot:mine is not in SOURCE_ACCTS"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dr_rejects_another_region() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let origin = forged_origin(SOURCE, "eu-central-1", settings().epoch)?;
    assert_eq!(
        rejection(&fixture, DR, "draco-consumer", draco_event(&announcement(&origin))).await?,
        "arn:aws:rds:eu-central-1:111111111111:snapshot:mine is in region eu-central-1, but this stack serves eu-west-1"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dr_rejects_a_database_or_transit_copy_of_another_account() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let mine = forged_origin(SOURCE, REGION, settings().epoch)?;
    let theirs = forged_origin(OTHER, REGION, settings().epoch)?;
    let of_theirs = Origin { database: theirs.database.clone(), ..mine.clone() };
    assert_eq!(
        rejection(&fixture, DR, "draco-consumer", draco_event(&announcement(&of_theirs))).await?,
        "arn:aws:rds:eu-west-1:111111111111:snapshot:mine cannot be a snapshot of \
         arn:aws:rds:eu-west-1:333333333333:db:orders"
    );
    let through_theirs =
        Message::Shared(Announcement { origin: mine, transit: theirs.transit(), tags: Tags::default() });
    assert_eq!(
        rejection(&fixture, DR, "draco-consumer", draco_event(&through_theirs)).await?,
        "the announcement of arn:aws:rds:eu-west-1:111111111111:snapshot:mine names the transit copy \
         arn:aws:rds:eu-west-1:333333333333:snapshot:draco-mine-20261121t020000, expected \
         arn:aws:rds:eu-west-1:111111111111:snapshot:draco-mine-20261121t020000"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_producer_rejects_copies_and_snapshots_of_other_accounts() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let (mine, dr) = (forged_origin(SOURCE, REGION, settings().epoch)?, fixture.rehearsal.setup().dr());
    let elsewhere = forged_origin(OTHER, REGION, settings().epoch)?;
    let other_copy = Message::Completed { origin: mine.clone(), copy: mine.copy(&fixture.place(OTHER)?) };
    assert_eq!(
        rejection(&fixture, SOURCE, "draco-producer", draco_event(&other_copy)).await?,
        "a message reports the copy \
         arn:aws:rds:eu-west-1:333333333333:snapshot:draco-111111111111-mine-20261121t020000 of \
         arn:aws:rds:eu-west-1:111111111111:snapshot:mine, expected \
         arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-mine-20261121t020000"
    );
    let why = String::new();
    let of_elsewhere = [
        Message::Completed { copy: elsewhere.copy(&dr), origin: elsewhere.clone() },
        Message::NoCopy(NoCopy { origin: elsewhere, reason: RefusalReason::CopyFailed, why }),
    ];
    for message in of_elsewhere {
        assert_eq!(
            rejection(&fixture, SOURCE, "draco-producer", draco_event(&message)).await?,
            "arn:aws:rds:eu-west-1:333333333333:snapshot:mine is not in account 111111111111, region eu-west-1"
        );
    }
    let misdirected = sns_event(PRODUCER_TOPIC, "DRACO Event", &announcement(&mine).to_string());
    assert_eq!(
        rejection(&fixture, SOURCE, "draco-producer", misdirected).await?,
        "received snapshot-copy-shared, which is a message for DR; this is a source account"
    );
    Ok(())
}

/// An attacker in the source account shares a snapshot with the name of a transit copy, and announces it.
async fn forge(fixture: &Fixture, kind: Kind, nth: u32, taken: DateTime<Utc>, lifecycle: &str) -> anyhow::Result<()> {
    let database = fixture.database(kind, "orders")?;
    let snapshot = format!("arn:aws:rds:{REGION}:{SOURCE}:{}:fake-{nth}", kind.snapshot_type()).parse()?;
    let origin = Origin { snapshot, database: database.clone(), taken };
    let transit = origin.transit();
    fixture.rehearsal.take_snapshot(&database, transit.id()).await?;
    fixture.rehearsal.world().sleep(11 * MINUTE / 10).await;
    let cloud = Cloud::new(&fixture.owner_config(SOURCE), fixture.source());
    cloud.share(&transit, &DR.parse()?).await?;
    let tags = Tags::from_iter([(tags::LIFECYCLE, lifecycle)]);
    let message = Message::Shared(Announcement { origin, transit, tags });
    fixture.rehearsal.world().invoke_function(&fixture.function_arn(DR, "draco-consumer"), draco_event(&message));
    Ok(())
}

async fn compromised_source(kind: Kind, days: u32) -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("NoDryRun", "true")
        .consumer_parameter("AllowPlaintextClusters", "true");
    let setup = setup.consumer_parameter("Lifecycles", r#"{"Hour": {"within": "1h"}}"#);
    let mut fixture =
        Fixture::with(sim::Settings { cluster_gib: 20, copy_gib_per_minute: 20, ..settings() }, setup).await?;
    let database = Database { kind, gib: 20, ..Database::instance("orders").encryption(Encryption::None) };
    fixture.create_database(&database.lifecycle("Standard")).await?;
    fixture.pass_hours(24 * days + 8).await?;
    assert_eq!(fixture.violations(), []);
    // The attacker removes Draco's producer.
    fixture.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    Ok(fixture)
}

async fn copies_in_dr(fixture: &Fixture) -> anyhow::Result<BTreeSet<String>> {
    Ok(fixture.snapshots(DR).await?.into_iter().map(|copy| copy.arn.id().to_owned()).collect())
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_with_a_time_in_the_future_is_not_copied() -> anyhow::Result<()> {
    // AWS returns the time of the original for copies of instance snapshots, but not for those of cluster snapshots.
    let why = [
        (Kind::Instance, "fake-1 is announced as taken at 2027-11-22 10:00:"),
        (Kind::Cluster, "its announcement claims that it was taken after its transit copy was created"),
    ];
    for (kind, why) in why {
        let mut fixture = compromised_source(kind, 1).await?;
        let before = copies_in_dr(&fixture).await?;
        forge(&fixture, kind, 1, fixture.rehearsal.world().now() + TimeDelta::days(365), "Hour").await?;
        fixture.pass_hours(2).await?;
        assert_eq!(copies_in_dr(&fixture).await?, before);
        let lines = fixture.rehearsal.logs().lines();
        let alarms: Vec<_> = lines.iter().filter(|line| line.is_alarm_about("fake-1")).collect();
        assert!(!alarms.is_empty() && alarms.iter().all(|line| line.json.to_string().contains(why)), "{alarms:#?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn forged_snapshots_cannot_displace_copies_that_the_floor_keeps() -> anyhow::Result<()> {
    // A cluster, because AWS does not return the original time of its snapshots.
    let mut fixture = compromised_source(Kind::Cluster, 20).await?;
    let before = copies_in_dr(&fixture).await?;
    assert!(before.len() >= 8, "{before:?}");
    let now = fixture.rehearsal.world().now();
    for nth in 0..100_u32 {
        // On every day that has copies, and later on that day than the copies.
        let taken = now - TimeDelta::hours(24 * i64::from(nth % 30)) + TimeDelta::minutes(i64::from(nth / 30));
        forge(&fixture, Kind::Cluster, nth, taken, ["Hour", "Standard", "Test", "Ignore"][nth as usize % 4]).await?;
    }
    fixture.pass_hours(8).await?;
    let after = copies_in_dr(&fixture).await?;
    assert!(
        after.iter().filter(|name| name.contains("-fake-")).count() > 1,
        "the forged snapshots were copied: {after:?}"
    );
    // The floor keeps the newest copy of each of seven days and four weeks, by the time of copying. All forged copies are
    // of one day, the newest.
    let days = 6;
    let weeks = 3;
    let lasting = BTreeSet::from_iter(newest_of_days(&before, days).into_iter().chain(newest_of_weeks(&before, weeks)));
    let gone: Vec<_> = lasting.difference(&after).collect();
    assert_eq!(gone, [""; 0]);
    Ok(())
}

/// The copies of the last days before today. There is one copy per day.
fn newest_of_days(copies: &BTreeSet<String>, days: usize) -> Vec<String> {
    copies.iter().rev().skip(1).take(days).cloned().collect()
}

/// The newest copies of the weeks before this one.
fn newest_of_weeks(copies: &BTreeSet<String>, weeks: usize) -> Vec<String> {
    let date = |name: &str| {
        let date = name.rsplit_once("orders-").map(|(_, date)| date).unwrap_or_default();
        chrono::NaiveDateTime::parse_from_str(date, "%Y-%m-%d-%H-%M").unwrap_or_default().date()
    };
    let mut newest = std::collections::BTreeMap::new();
    for name in copies {
        newest.insert(chrono::Datelike::iso_week(&date(name)), name.clone());
    }
    newest.into_values().rev().skip(1).take(weeks).collect()
}

#[tokio::test(start_paused = true)]
async fn forged_messages_do_not_stop_a_copy_in_progress() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let database =
            fixture.create_database(&Database { kind, ..Database::instance("orders") }.lifecycle("Standard")).await?;
        let world = fixture.rehearsal.world().clone();
        // The snapshot starts at 03:05. It takes ten minutes and the transit copy another ten, so DR has started the copy.
        world.sleep(90 * MINUTE).await;
        let snapshot = format!("arn:aws:rds:{REGION}:{SOURCE}:{}:rds:orders-2026-11-21-03-05", kind.snapshot_type());
        let forged = Origin { snapshot: snapshot.parse()?, database, taken: settings().epoch - TimeDelta::days(300) };
        let no_copy = Message::NoCopy(NoCopy {
            origin: forged.clone(),
            reason: RefusalReason::CopyFailed,
            why: "forged".to_owned(),
        });
        world.invoke_function(&fixture.function_arn(DR, "draco-consumer"), draco_event(&announcement(&forged)));
        world.invoke_function(&fixture.function_arn(SOURCE, "draco-producer"), draco_event(&no_copy));
        fixture.pass_hours(4).await?;
        let copies = fixture.snapshots(DR).await?;
        let [copy] = &copies[..] else { panic!("one copy: {copies:#?}") };
        let taken = Origin::from_tags(&copy.tags).map(|origin| origin.taken);
        assert_eq!(taken.map(|taken| taken.format("%F %H:%M").to_string()), Some("2026-11-21 03:05".to_owned()));
        let source = fixture.snapshots(SOURCE).await?;
        assert_eq!(
            source.iter().map(|it| it.tags.get(tags::COPIED)).collect::<Vec<_>>(),
            [Some(copy.arn.to_string().as_str())]
        );
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}
