//! Replication, from a snapshot in production to a copy in DR.

mod alarms;
mod attacker;
mod attempts;
mod audit;
mod backups;
mod bad_input;
mod crashes;
mod databases;
mod deliveries;
mod hostile;
mod jobs;
mod keeper;
mod keys;
mod lifecycles;
mod limits;
mod obstacles;
mod own;
mod permissions;
mod permissions_between_regions;
mod queue;
mod region;
mod renaming;
mod replaced;
mod replies;
mod senders;
mod source_tags;
mod specs;
mod sweeps;
mod timers;
mod transits;
mod trust;
mod unsupported;
mod upgrades;
mod worlds;

use protocol::Message;
use rehearsal::{Database, Encryption, Totals};
use serde_json::{Value, json};
use tests::{DR, Fixture, REGION};

// Invariant 1.
// Invariant 2.
// Invariant 3.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn snapshots_of_every_kind_are_copied() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for database in [
        Database::instance("orders").lifecycle("Standard"),
        Database::instance("customers").lifecycle("Standard").encryption(Encryption::CustomerKey),
        Database::instance("plain").lifecycle("Standard").encryption(Encryption::None),
        Database::cluster("ledger").lifecycle("Standard"),
    ] {
        fixture.create_database(&database).await?;
    }
    fixture.pass_hours(24).await?;
    for line in fixture.rehearsal.logs().lines() {
        println!("{}", line.json);
    }
    assert_eq!(fixture.violations(), []);
    let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
    println!("{totals:#?}");
    assert_eq!((totals.snapshots, totals.copied, totals.transit_left), (4, 4, 0));
    Ok(())
}

/// The event with a message through the topic of the account that it is about, as SNS sends it to Lambda.
fn draco_event(message: &Message) -> Value {
    match message {
        Message::Shared(announcement) => event_of(announcement.origin.snapshot.place.account.as_str(), message),
        _ => sns_event(PRODUCER_TOPIC, "DRACO Event", &message.to_string()),
    }
}

/// The event with a message that an account sends to DR.
fn event_of(sender: &str, message: &Message) -> Value {
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{sender}");
    sns_event(&topic, "DRACO Event", &message.to_string())
}

/// The topic in the source account.
const PRODUCER_TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:DracoProducer";

/// The event with a message to a topic, as SNS sends it to Lambda.
fn sns_event(topic: &str, subject: &str, message: &str) -> Value {
    let sns = json!({ "TopicArn": topic, "Subject": subject, "Message": message });
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] })
}
