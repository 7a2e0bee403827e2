//! The update from commit 6754a83, the first state that was deployed: what it left behind is served (`doc/upgrading.md`).

use std::collections::BTreeMap;

use protocol::{Kind, Snapshot, tags};
use rehearsal::{Database, Setup};
use serde_json::{Value, json};
use sim::questions::ClusterCopies;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings_where};

use crate::keeper::keep;

const FLOOR: &str = r#"{"daily": 3}"#;

/// A day with an instance and a cluster, which are snapshotted at 03:05.
async fn start() -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("Lifecycles", r#"{"Last": {"last": 1}}"#);
    let settings = settings_where(|answers| answers.cluster_copies = ClusterCopies::TakeTime);
    let fixture = Fixture::with(settings, setup.consumer_parameter("Floor", FLOOR)).await?;
    for database in [Database::instance("orders"), Database::cluster("ledger")] {
        fixture.create_database(&database.lifecycle("Last")).await?;
    }
    fixture.rehearsal.world().sleep(HOUR).await;
    Ok(fixture)
}

/// Removes the tags from all copies that the old functions did not write.
async fn remove_new_tags(fixture: &Fixture) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    for copy in fixture.snapshots(DR).await? {
        let remove = rds.remove_tags_from_resource().resource_name(copy.arn.to_string());
        remove.tag_keys(tags::TRANSIT_CREATED).send().await?;
    }
    Ok(())
}

/// The number of copies of each database.
async fn copies(fixture: &Fixture) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut copies = BTreeMap::new();
    for copy in fixture.snapshots(DR).await? {
        *copies.entry(copy.database.into_string()).or_default() += 1;
    }
    Ok(copies)
}

/// This number of copies of each database.
fn each(count: usize) -> BTreeMap<String, usize> {
    ["ledger", "orders"].map(|database| (database.to_owned(), count)).into()
}

// Invariants 7 and 17.
#[tokio::test(start_paused = true)]
async fn old_copies_are_recognised_kept_by_the_rules_and_not_copied_again() -> anyhow::Result<()> {
    let fixture = start().await?;
    let world = fixture.rehearsal.world();
    world.sleep(24 * HOUR * 10).await;
    remove_new_tags(&fixture).await?;
    let names: Vec<_> = fixture.snapshots(DR).await?.iter().map(|copy| copy.arn.id().to_owned()).collect();
    for name in ["orders", "ledger"].map(|name| format!("draco-{SOURCE}-rds-{name}-2026-11-21-03-05")) {
        assert!(names.contains(&name), "{names:#?}");
    }
    let floor = ("FLOOR", FLOOR);
    keep(&fixture, None, &[floor]).await?;
    assert_eq!(copies(&fixture).await?, each(10), "the first run deletes no great number of copies");
    keep(&fixture, Some(14), &[floor]).await?;
    assert_eq!(copies(&fixture).await?, each(3));
    world.sleep(24 * HOUR).await;
    assert_eq!(copies(&fixture).await?, each(4), "the sources of deleted copies are still marked as copied");
    Ok(())
}

/// The timer's payload as the old functions wrote it.
fn old_check(kind: Kind, database: &str, taken: &str) -> Value {
    let arn = |of: &str, id: &str| format!("arn:aws:rds:{REGION}:{SOURCE}:{of}:{id}");
    json!({ "check": {
        "copying": {
            "snapshot": arn(kind.snapshot_type(), &format!("rds:{database}-2026-11-21-03-05")),
            "database": arn(kind.database_type(), database),
            "taken": taken,
        },
        "since": "2026-11-21T03:05:30Z",
    } })
}

async fn source(fixture: &Fixture, database: &str) -> anyhow::Result<Snapshot> {
    let sources = fixture.snapshots(SOURCE).await?;
    let source = sources.into_iter().find(|it| &*it.database == database && it.arn.id().starts_with("rds:"));
    source.ok_or_else(|| anyhow::anyhow!("no snapshot of {database}"))
}

fn time(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

// Invariant 9.
#[tokio::test(start_paused = true)]
async fn timers_that_were_started_before_the_update_end_with_their_copies() -> anyhow::Result<()> {
    let fixture = start().await?;
    let world = fixture.rehearsal.world();
    let (mut checks, mut answers) = (Vec::new(), BTreeMap::<_, Vec<String>>::new());
    for (kind, database) in [(Kind::Instance, "orders"), (Kind::Cluster, "ledger")] {
        checks.push(old_check(kind, database, "2026-11-21T03:05:00Z"));
    }
    // From the snapshots until after their copies, a check of each every minute.
    for _ in 0..90 {
        world.sleep(MINUTE).await;
        for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
            for (nth, check) in checks.iter().enumerate() {
                let answer =
                    world.invoke_function_and_wait(&fixture.function_arn(account, function), check.clone()).await;
                let answer = answer.map_err(|failed| anyhow::anyhow!("{failed:?}"))?;
                answers.entry((function, nth)).or_default().push(answer["timer"].as_str().unwrap_or_default().into());
            }
        }
    }
    for (timer, answers) in answers {
        assert!(answers.iter().any(|answer| answer == "again"), "{timer:?} waits for a copy in progress: {answers:?}");
        assert_eq!(answers.last().map(String::as_str), Some("done"), "{timer:?}: the copy is complete");
    }
    assert_eq!(copies(&fixture).await?, each(1));
    Ok(())
}

/// Sets who may publish to the account's topic in DR.
async fn set_topic_policy(fixture: &Fixture, policy: &str) -> anyhow::Result<()> {
    let sns = aws_sdk_sns::Client::new(&fixture.owner_config(DR));
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{SOURCE}");
    let set = sns.set_topic_attributes().topic_arn(topic).attribute_name("Policy").attribute_value(policy);
    set.send().await?;
    Ok(())
}

async fn topic_policy(fixture: &Fixture) -> anyhow::Result<String> {
    let sns = aws_sdk_sns::Client::new(&fixture.owner_config(DR));
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{SOURCE}");
    let attributes = sns.get_topic_attributes().topic_arn(topic).send().await?.attributes.unwrap_or_default();
    Ok(attributes.get("Policy").cloned().unwrap_or_default())
}

// Invariants 1 and 2. The producer that is not updated yet announces to the topic of before, which no longer lets it.
#[tokio::test(start_paused = true)]
async fn snapshots_that_are_taken_between_the_two_updates_are_copied_after_the_second() -> anyhow::Result<()> {
    let mut fixture = start().await?;
    let allowed = topic_policy(&fixture).await?;
    let nobody = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*" },
    ] });
    set_topic_policy(&fixture, &nobody.to_string()).await?;
    fixture.pass_hours(5).await?;
    assert_eq!(copies(&fixture).await?, BTreeMap::new());
    // A message that was delivered to the old topic before its policy changed.
    let source = source(&fixture, "orders").await?;
    let Some(origin) = source.origin()? else { anyhow::bail!("no origin") };
    let message = json!({
        "version": 1, "event": "snapshot-copy-shared", "snapshot": origin.snapshot, "database": origin.database,
        "taken": time(origin.taken), "transit": origin.transit(), "tags": { "Draco_Lifecycle": "Last" },
    });
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer");
    let event = crate::sns_event(&topic, "DRACO Event", &message.to_string());
    let consumer = fixture.function_arn(DR, "draco-consumer");
    let answer = fixture.rehearsal.world().invoke_function_and_wait(&consumer, event).await;
    assert!(answer.is_ok(), "rejected, and no dead letter: {answer:?}");
    let rejected = fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == "message_rejected");
    assert_eq!(rejected.count(), 1);
    set_topic_policy(&fixture, &allowed).await?;
    fixture.pass_hours(2).await?;
    assert_eq!(copies(&fixture).await?, each(1));
    assert_eq!(fixture.violations(), []);
    Ok(())
}
