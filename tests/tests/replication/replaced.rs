//! Invariant 10: a source account that replaces a transit copy between DR's look and DR's copy does not deceive DR.

use protocol::{Kind, RefusalReason, Status, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::Event;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

use crate::attacker;

fn small(kind: Kind, name: &str) -> Database {
    let database = Database { kind, gib: 20, backup_window: "23:00-23:30".to_owned(), ..Database::instance(name) };
    database.encryption(Encryption::None).lifecycle("Standard")
}

/// The transit copy of `orders` is announced, and is a snapshot of `replacement` when DR copies it.
async fn replaced(kind: Kind, replacement: &str) -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("AllowPlaintextClusters", "true");
    let fixture =
        Fixture::with(sim::Settings { cluster_gib: 20, copy_gib_per_minute: 200, ..settings() }, setup).await?;
    for name in ["orders", "scratch"] {
        fixture.create_database(&small(kind, name)).await?;
    }
    let world = fixture.rehearsal.world().clone();
    world.sleep(10 * MINUTE).await;
    world.remove_function(SOURCE, REGION, "draco-producer");
    let (orders, other) = (fixture.database(kind, "orders")?, fixture.database(kind, replacement)?);
    let transit = attacker::share_snapshot(&fixture, &orders, 1).await?;
    // DR's call to copy is delayed for longer than a snapshot takes.
    let operation = if kind == Kind::Instance { "CopyDBSnapshot" } else { "CopyDBClusterSnapshot" };
    let late = Fault { at: Point::Call(operation.to_owned()), nth: 1, action: Action::Delay(MINUTE * 3 / 4) };
    world.plan_faults(Plan::List(vec![late]));
    let tags = Tags::from_iter([(tags::LIFECYCLE, "Standard")]);
    attacker::announce(&fixture, attacker::announcement(&orders, 1, &transit, tags)?);
    world.sleep(MINUTE / 6).await;
    attacker::delete_snapshot(&fixture, &transit.arn).await?;
    fixture.rehearsal.take_snapshot(&other, transit.arn.id()).await?;
    world.sleep(MINUTE / 4).await;
    attacker::share(&fixture, &transit.arn).await?;
    world.sleep(HOUR).await;
    Ok(fixture)
}

/// The copies in DR, each with whether it was reported.
async fn copies(fixture: &Fixture) -> anyhow::Result<Vec<(Status, bool)>> {
    let copies = fixture.snapshots(DR).await?;
    Ok(copies.iter().map(|copy| (copy.status, copy.tags.get(tags::REPORTED).is_some())).collect())
}

fn messages_to_source(fixture: &Fixture) -> usize {
    let consumer = fixture.rehearsal.setup().role_name("draco-consumer");
    let is_publish = |event: &Event| matches!(event, Event::Call { role: Some(role), operation, .. } if *role == consumer && operation == "Publish");
    fixture.rehearsal.world().journal(|journal| journal.entries().iter().filter(|it| is_publish(&it.event)).count())
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn a_copy_of_a_replaced_transit_copy_is_refused_and_never_reported() -> anyhow::Result<()> {
    let cases = [
        (Kind::Instance, "scratch", " is a snapshot of scratch, but "),
        // The database is the same, and the time is not.
        (Kind::Instance, "orders", " was taken at 2026-11-21 02:2"),
        (Kind::Cluster, "scratch", " is a snapshot of scratch, but "),
    ];
    for (kind, replacement, why) in cases {
        let mut fixture = replaced(kind, replacement).await?;
        assert_eq!(copies(&fixture).await?, [(Status::Available, false)], "{kind:?} {replacement}");
        let refusals = |fixture: &Fixture| {
            let lines = fixture.rehearsal.logs().lines();
            let refused = lines.iter().filter(|line| line.text("reason") == RefusalReason::NotAsAnnounced.to_string());
            refused.map(|line| line.text("message").to_owned()).collect::<Vec<_>>()
        };
        let first = refusals(&fixture);
        assert!(!first.is_empty() && first.iter().all(|message| message.contains(why)), "{first:?}");
        assert!(messages_to_source(&fixture) > 0, "the source account is informed");
        // The daily sweep reports it again, until a person deletes the copy.
        fixture.pass_hours(48).await?;
        assert_eq!(copies(&fixture).await?, [(Status::Available, false)]);
        assert!(refusals(&fixture).len() > first.len());
    }
    Ok(())
}
