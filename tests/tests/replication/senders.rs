//! Invariant 13: an account speaks only for itself. Account 333 has a topic in DR, as account 111 has, and attacks 111's copies.

use aws_sdk_sns::error::ProvideErrorMetadata;
use chrono::TimeDelta;
use protocol::{Announcement, Kind, Message, Origin, Snapshot, Tags, tags};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, HOUR, MINUTE, OTHER, REGION, SOURCE, settings};

use crate::event_of;

/// The announcement of 111's snapshot, with this time, and the lifecycle and tags of the attacker.
fn forged(kind: Kind, taken: TimeDelta) -> anyhow::Result<Message> {
    let arn = |of: &str, id| format!("arn:aws:rds:{REGION}:{SOURCE}:{of}:{id}");
    let origin = Origin {
        snapshot: arn(kind.snapshot_type(), "rds:orders-2026-11-21-03-05").parse()?,
        database: arn(kind.database_type(), "orders").parse()?,
        taken: settings().epoch + TimeDelta::minutes(65) + taken,
    };
    let tags = Tags::from_iter([(tags::LIFECYCLE, "Test"), ("owner", "attacker")]);
    Ok(Message::Shared(Announcement { transit: origin.transit(), origin, tags }))
}

/// 111 with a database that is snapshotted at 03:05, and 333.
async fn two_sources(kind: Kind) -> anyhow::Result<Fixture> {
    let fixture = Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?).await?;
    let database = Database { kind, ..Database::instance("orders") }.lifecycle("Standard").tag("owner", "orders-team");
    fixture.create_database(&database).await?;
    Ok(fixture)
}

/// Every minute until the copy is there, so also between the sharing and the real announcement.
async fn attack(fixture: &Fixture, send: impl AsyncFn(&Fixture) -> anyhow::Result<()>) -> anyhow::Result<()> {
    for _ in 0..100 {
        fixture.rehearsal.world().sleep(MINUTE).await;
        send(fixture).await?;
    }
    Ok(())
}

/// The one copy in DR.
async fn copy(fixture: &Fixture) -> anyhow::Result<Snapshot> {
    let mut copies = fixture.snapshots(DR).await?;
    anyhow::ensure!(copies.len() == 1, "one copy: {copies:#?}");
    Ok(copies.remove(0))
}

async fn assert_copied_as_by_its_owner(fixture: &mut Fixture) -> anyhow::Result<()> {
    fixture.pass_hours(4).await?;
    assert_eq!(fixture.violations(), []);
    let copy = copy(fixture).await?;
    let found = [tags::LIFECYCLE, "owner"].map(|key| copy.tags.get(key));
    assert_eq!(found, [Some("Standard"), Some("orders-team")]);
    let source = fixture.snapshots(SOURCE).await?;
    let marks: Vec<_> = source.iter().map(|source| source.tags.get(tags::COPIED)).collect();
    assert_eq!(marks, [Some(copy.arn.to_string().as_str())], "the source is marked, its transit copy deleted");
    Ok(())
}

// Invariant 13.
#[tokio::test(start_paused = true)]
async fn announcements_of_another_account_s_snapshots_are_rejected_and_nothing_is_lost() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        for seconds in [0, 1] {
            let mut fixture = two_sources(kind).await?;
            let message = forged(kind, TimeDelta::seconds(seconds))?;
            attack(&fixture, async |fixture| {
                let event = event_of(OTHER, &message);
                fixture.rehearsal.world().invoke_function(&fixture.function_arn(DR, "draco-consumer"), event);
                Ok(())
            })
            .await?;
            assert_copied_as_by_its_owner(&mut fixture).await?;
            let rejected = fixture.rehearsal.logs().lines().into_iter().filter(|line| line.json["rejected"] == 1);
            let lines: Vec<_> =
                rejected.map(|line| (line.text("account").to_owned(), line.text("reason").to_owned())).collect();
            assert_eq!(lines.len(), 100);
            let why = format!(
                "{} was announced through arn:aws:sns:eu-west-1:222222222222:DracoConsumer-333333333333, which is not the \
                 topic of its account",
                message.origin().snapshot
            );
            assert!(lines.iter().all(|line| *line == (OTHER.to_owned(), why.clone())), "{lines:#?}");
        }
    }
    Ok(())
}

// Invariant 13.
#[tokio::test(start_paused = true)]
async fn the_topic_of_an_account_accepts_no_message_of_another_account() -> anyhow::Result<()> {
    let mut fixture = two_sources(Kind::Instance).await?;
    let message = forged(Kind::Instance, TimeDelta::seconds(1))?.to_string();
    // With every permission in its own account, under the name of the producer's role.
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let (world, role) = (fixture.rehearsal.world().clone(), "draco-producer-eu-central-1");
    world.add_role(OTHER, role, &[all]).map_err(anyhow::Error::msg)?;
    attack(&fixture, async |_| {
        for role in [role, "draco-producer-eu-west-1"] {
            let sns = aws_sdk_sns::Client::new(&world.sdk_config_for_role(OTHER, REGION, role));
            for topic in ["DracoConsumer-111111111111", "DracoConsumer"] {
                let to = format!("arn:aws:sns:{REGION}:{DR}:{topic}");
                let published = sns.publish().topic_arn(to).subject("DRACO Event").message(&message).send().await;
                let code = published.err().and_then(|error| error.code().map(str::to_owned));
                assert_eq!(code.as_deref(), Some("AuthorizationError"));
            }
        }
        Ok(())
    })
    .await?;
    assert_copied_as_by_its_owner(&mut fixture).await
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn a_rejected_message_is_one_error_line_and_neither_retried_nor_a_dead_letter() -> anyhow::Result<()> {
    let fixture = two_sources(Kind::Instance).await?;
    let world = fixture.rehearsal.world();
    let topic = |account| format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{account}");
    let origin = forged(Kind::Instance, TimeDelta::zero())?.origin().clone();
    let completed = Message::Completed { copy: origin.copy(&fixture.place(DR)?), origin };
    let events = [
        crate::sns_event(&topic(OTHER), "DRACO Event", "nonsense"),
        crate::sns_event(&topic(OTHER), "RDS Notification Message", "{}"),
        crate::sns_event(
            &topic(OTHER),
            "RDS Notification Message",
            "This is a message to notify that RDS will attempt to send you event notifications",
        ),
        crate::sns_event(&topic(OTHER), "Hello", "there"),
        event_of(OTHER, &completed),
    ];
    world.sleep(MINUTE).await;
    drop(fixture.rehearsal.logs().drain());
    for event in &events {
        world.invoke_function(&fixture.function_arn(DR, "draco-consumer"), event.clone());
    }
    world.sleep(HOUR / 2).await;
    let lines = fixture.rehearsal.logs().drain();
    let lines: Vec<_> =
        lines.iter().map(|line| (line.text("level"), line.text("step"), line.text("account"))).collect();
    assert_eq!(lines, vec![("ERROR", "message_rejected", OTHER); events.len()]);
    let dead_letters = world.journal(|journal| {
        journal.entries().iter().filter(|entry| matches!(entry.event, sim::journal::Event::DeadLetter { .. })).count()
    });
    assert_eq!(dead_letters, 0);
    Ok(())
}
