//! Replication, from a snapshot in production to a copy in DR.

mod bad_input;
mod crashes;
mod deliveries;
mod lifecycles;
mod obstacles;
mod own;
mod permissions;
mod sweeps;
mod trust;

use protocol::Message;
use rehearsal::{Database, Encryption, Sums};
use serde_json::{Value, json};
use tests::Stage;

#[tokio::test(start_paused = true)]
async fn snapshots_of_every_kind_arrive() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    for database in [
        Database::instance("orders").lifecycle("Standard"),
        Database::instance("customers").lifecycle("Standard").encryption(Encryption::CustomerKey),
        Database::instance("plain").lifecycle("Standard").encryption(Encryption::None),
        Database::cluster("ledger").lifecycle("Standard"),
    ] {
        stage.create(&database).await?;
    }
    stage.hours(24).await?;
    for line in stage.rehearsal.logs().lines() {
        println!("{}", line.json);
    }
    assert_eq!(stage.broken(), []);
    let sums = Sums::of(&stage.rehearsal, &stage.ledger);
    println!("{sums:#?}");
    assert_eq!((sums.snapshots, sums.copied, sums.transit_left), (4, 4, 0));
    Ok(())
}

/// A message of the other account, as SNS hands it over.
fn said(message: &Message) -> Value {
    heard("DRACO Event", &message.to_string())
}

/// What somebody publishes, as SNS hands it over.
fn heard(subject: &str, message: &str) -> Value {
    let topic = "arn:aws:sns:eu-west-1:111111111111:DracoProducer";
    let sns = json!({ "TopicArn": topic, "Subject": subject, "Message": message });
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] })
}
