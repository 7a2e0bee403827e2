//! Invariant 10: whatever the source account says, DR serves only accounts it was told of, and its own floor limits what
//! a lifecycle from there can delete. The producer believes as little.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::{Announcement, Kind, Message, NoCopy, Origin, RefusalReason, Tags, tags};
use rehearsal::{Cast, Database, Encryption};
use sim::journal::Event;
use tests::{DR, MINUTE, REGION, SOURCE, Stage, settings};

use crate::said;

/// A snapshot that somebody claims there to be.
fn claimed(account: &str, region: &str, taken: DateTime<Utc>) -> anyhow::Result<Origin> {
    Ok(Origin {
        snapshot: format!("arn:aws:rds:{region}:{account}:snapshot:mine").parse()?,
        database: format!("arn:aws:rds:{region}:{account}:db:orders").parse()?,
        taken,
    })
}

fn announced(origin: &Origin) -> Message {
    let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
    Message::Shared(Announcement { transit: origin.transit(), origin: origin.clone(), tags })
}

/// What the consumer answers to a message; and that it asked AWS for nothing.
async fn refusal(stage: &Stage, account: &str, function: &str, message: &Message) -> anyhow::Result<String> {
    let world = stage.rehearsal.world();
    let answer = world.invoke_function_and_wait(&stage.function(account, function), said(message)).await;
    let role = stage.rehearsal.cast().role(function);
    let called = world.journal(|journal| journal.calls().filter(|(_, by, _)| *by == Some(&role)).count());
    assert_eq!(called, 0, "{answer:?}");
    let refused = answer.err().map(|failed| failed.cause).unwrap_or_default();
    let cause: serde_json::Value = serde_json::from_str(&refused)?;
    Ok(cause["errorMessage"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn dr_refuses_an_account_that_it_was_not_told_of() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let origin = claimed("333333333333", REGION, settings().epoch)?;
    assert_eq!(
        refusal(&stage, DR, "draco-consumer", &announced(&origin)).await?,
        "refused: account 333333333333 of arn:aws:rds:eu-west-1:333333333333:snapshot:mine is not in SOURCE_ACCTS"
    );
    assert!(stage.rehearsal.logs().lines().iter().any(|line| line.is_alarm_about("333333333333:snapshot:mine")));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dr_refuses_another_region() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let origin = claimed(SOURCE, "eu-central-1", settings().epoch)?;
    assert_eq!(
        refusal(&stage, DR, "draco-consumer", &announced(&origin)).await?,
        "refused: arn:aws:rds:eu-central-1:111111111111:snapshot:mine is in region eu-central-1, but this stack serves eu-west-1"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn dr_refuses_a_database_or_a_transit_copy_of_somewhere_else() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mine = claimed(SOURCE, REGION, settings().epoch)?;
    let theirs = claimed("333333333333", REGION, settings().epoch)?;
    let of_theirs = Origin { database: theirs.database.clone(), ..mine.clone() };
    assert_eq!(
        refusal(&stage, DR, "draco-consumer", &announced(&of_theirs)).await?,
        "refused: arn:aws:rds:eu-west-1:111111111111:snapshot:mine cannot be a snapshot of \
         arn:aws:rds:eu-west-1:333333333333:db:orders"
    );
    let through_theirs =
        Message::Shared(Announcement { origin: mine, transit: theirs.transit(), tags: Tags::default() });
    assert_eq!(
        refusal(&stage, DR, "draco-consumer", &through_theirs).await?,
        "refused: the announcement of arn:aws:rds:eu-west-1:111111111111:snapshot:mine names the transit copy \
         arn:aws:rds:eu-west-1:333333333333:snapshot:draco-mine-20261121t020000, expected \
         arn:aws:rds:eu-west-1:111111111111:snapshot:draco-mine-20261121t020000"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_producer_refuses_copies_and_snapshots_of_elsewhere() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let (mine, dr) = (claimed(SOURCE, REGION, settings().epoch)?, stage.rehearsal.cast().dr());
    let elsewhere = claimed("333333333333", REGION, settings().epoch)?;
    let other_copy = Message::Completed { origin: mine.clone(), copy: mine.copy(&stage.place("333333333333")?) };
    assert_eq!(
        refusal(&stage, SOURCE, "draco-producer", &other_copy).await?,
        "refused: a message reports the copy \
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
            refusal(&stage, SOURCE, "draco-producer", &message).await?,
            "refused: arn:aws:rds:eu-west-1:333333333333:snapshot:mine is not in account 111111111111, region eu-west-1"
        );
    }
    assert_eq!(
        refusal(&stage, SOURCE, "draco-producer", &announced(&mine)).await?,
        "refused: received snapshot-copy-shared, which is a message for DR; this is a source account"
    );
    Ok(())
}

/// Somebody has taken over the source account: shares a snapshot by hand that is called like a transit copy, and
/// announces it.
async fn forge(stage: &Stage, kind: Kind, nth: u32, taken: DateTime<Utc>, lifecycle: &str) -> anyhow::Result<()> {
    let database = stage.database(kind, "orders")?;
    let snapshot = format!("arn:aws:rds:{REGION}:{SOURCE}:{}:fake-{nth}", kind.snapshot_type()).parse()?;
    let origin = Origin { snapshot, database: database.clone(), taken };
    let transit = origin.transit();
    stage.rehearsal.take(&database, transit.id()).await?;
    stage.rehearsal.world().sleep(11 * MINUTE / 10).await;
    let cloud = Cloud::new(&stage.owner(SOURCE), stage.source());
    cloud.share(&transit, &DR.parse()?).await?;
    let tags = Tags::from_iter([(tags::LIFECYCLE, lifecycle)]);
    let message = Message::Shared(Announcement { origin, transit, tags });
    stage.rehearsal.world().invoke_function(&stage.function(DR, "draco-consumer"), said(&message));
    Ok(())
}

async fn taken_over(kind: Kind, days: u32) -> anyhow::Result<Stage> {
    let cast = Cast::of(SOURCE, DR, REGION)?.consumer("NoDryRun", "true").consumer("AllowPlaintextClusters", "true");
    let cast = cast.consumer("Lifecycles", r#"{"Hour": {"within": "1h"}}"#);
    let mut stage = Stage::with(sim::Settings { cluster_gib: 10, ..settings() }, cast).await?;
    let database = Database { kind, gib: 10, ..Database::instance("orders").encryption(Encryption::None) };
    stage.create(&database.lifecycle("Standard")).await?;
    stage.hours(24 * days + 8).await?;
    assert_eq!(stage.broken(), []);
    // Draco's producer is not there any more.
    stage.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    Ok(stage)
}

async fn in_dr(stage: &Stage) -> anyhow::Result<BTreeSet<String>> {
    Ok(stage.all(DR).await?.into_iter().map(|it| it.arn.id().to_owned()).collect())
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_be_taken_in_the_future_is_not_copied() -> anyhow::Result<()> {
    // Of instances AWS tells when they were taken, of clusters it does not.
    let why = [
        (Kind::Instance, "fake-1 is announced as taken at 2027-11-22 10:00:"),
        (Kind::Cluster, "its announcement claims that it was taken after its transit copy was created"),
    ];
    for (kind, why) in why {
        let mut stage = taken_over(kind, 1).await?;
        let before = in_dr(&stage).await?;
        forge(&stage, kind, 1, stage.rehearsal.world().now() + TimeDelta::days(365), "Hour").await?;
        stage.hours(2).await?;
        assert_eq!(in_dr(&stage).await?, before);
        let lines = stage.rehearsal.logs().lines();
        let told: Vec<_> = lines.iter().filter(|line| line.is_alarm_about("fake-1")).collect();
        assert!(!told.is_empty() && told.iter().all(|line| line.json.to_string().contains(why)), "{told:#?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_fake_snapshots_pushes_out_nothing_that_the_floor_keeps() -> anyhow::Result<()> {
    // Of a cluster, since AWS does not tell when its snapshots were taken.
    let mut stage = taken_over(Kind::Cluster, 20).await?;
    let before = in_dr(&stage).await?;
    assert!(before.len() >= 8, "{before:?}");
    let now = stage.rehearsal.world().now();
    for nth in 0..100_u32 {
        // Of yesterday, of every day that there are copies of, and newer than all of them.
        let taken = now - TimeDelta::hours(24 * i64::from(nth % 30)) + TimeDelta::minutes(i64::from(nth / 30));
        forge(&stage, Kind::Cluster, nth, taken, ["Hour", "Standard", "Test", "Ignore"][nth as usize % 4]).await?;
    }
    stage.hours(8).await?;
    let after = in_dr(&stage).await?;
    assert!(after.iter().filter(|name| name.contains("-fake-")).count() > 1, "the fakes came: {after:?}");
    // The floor holds the newest of each of seven days and four weeks, by arrival. The flood is of one day, the newest.
    let days = 6;
    let weeks = 3;
    let lasting = BTreeSet::from_iter(newest_of_days(&before, days).into_iter().chain(newest_of_weeks(&before, weeks)));
    let gone: Vec<_> = lasting.difference(&after).collect();
    assert_eq!(gone, [""; 0]);
    Ok(())
}

/// Of copies that came one a day, those of the last days before today.
fn newest_of_days(copies: &BTreeSet<String>, days: usize) -> Vec<String> {
    copies.iter().rev().skip(1).take(days).cloned().collect()
}

/// And of the weeks before this one: the world began on a Saturday.
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
async fn a_served_account_cannot_have_another_ones_snapshots_copied_that_are_not_shared() -> anyhow::Result<()> {
    let mut cast = Cast::of(SOURCE, DR, REGION)?;
    cast.sources.push("333333333333".parse()?);
    let mut stage = Stage::with(settings(), cast).await?;
    // It says so itself: nothing of it tells DR who speaks.
    let origin = claimed(SOURCE, REGION, settings().epoch)?;
    stage.rehearsal.world().invoke_function(&stage.function(DR, "draco-consumer"), said(&announced(&origin)));
    stage.hours(4).await?;
    assert_eq!(stage.all(DR).await?, []);
    let lines = stage.rehearsal.logs().lines();
    let steps: Vec<_> =
        lines.iter().filter(|line| line.text("snapshot").ends_with(":mine")).map(|line| line.text("step")).collect();
    assert_eq!(steps, ["waiting_for_share", "refused", "transit_kept"]);
    let started = stage.rehearsal.world().journal(|journal| {
        let is_copy = |event: &Event| matches!(event, Event::Call { operation, .. } if operation.starts_with("CopyDB"));
        journal.entries().iter().filter(|entry| is_copy(&entry.event)).count()
    });
    assert_eq!(started, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_falsely_said_of_a_snapshot_that_is_under_way_does_not_stop_it() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = Stage::new().await?;
        let database = stage.create(&Database { kind, ..Database::instance("orders") }.lifecycle("Standard")).await?;
        let world = stage.rehearsal.world().clone();
        // Backed up at five past three, ten minutes for it, ten for the transit copy: DR has begun.
        world.sleep(90 * MINUTE).await;
        let snapshot = format!("arn:aws:rds:{REGION}:{SOURCE}:{}:rds:orders-2026-11-21-03-05", kind.snapshot_type());
        let forged = Origin { snapshot: snapshot.parse()?, database, taken: settings().epoch - TimeDelta::days(300) };
        let no_copy = Message::NoCopy(NoCopy {
            origin: forged.clone(),
            reason: RefusalReason::CopyFailed,
            why: "so it is".to_owned(),
        });
        world.invoke_function(&stage.function(DR, "draco-consumer"), said(&announced(&forged)));
        world.invoke_function(&stage.function(SOURCE, "draco-producer"), said(&no_copy));
        stage.hours(4).await?;
        let copies = stage.all(DR).await?;
        let [copy] = &copies[..] else { panic!("one copy: {copies:#?}") };
        let taken = Origin::from_tags(&copy.tags).map(|origin| origin.taken);
        assert_eq!(taken.map(|taken| taken.format("%F %H:%M").to_string()), Some("2026-11-21 03:05".to_owned()));
        let source = stage.all(SOURCE).await?;
        assert_eq!(
            source.iter().map(|it| it.tags.get(tags::COPIED)).collect::<Vec<_>>(),
            [Some(copy.arn.to_string().as_str())]
        );
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}
