//! Invariants 14 and 16: hostile announcements of a source account, and hostile settings of its topic, harm only its own copies.
//! DR's functions and timers do not fail, so that dead letters and alarms stay for real problems.

use chrono::Utc;
use protocol::{DatabaseArn, Kind, Message, Origin, RefusalReason, SnapshotArn, Tags, tags};
use rehearsal::{Database, Encryption, Line, Setup};
use serde_json::Value;
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::Event;
use tests::{DR, Fixture, HOUR, MINUTE, OTHER, REGION, SOURCE, settings};

use crate::{attacker, sns_event};

/// 111, and 333 with a database, whose producer does not run: the attacker acts in its place.
async fn attacked(kind: Kind, plaintext_clusters: &str) -> anyhow::Result<(Fixture, DatabaseArn)> {
    let setup = Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?;
    let setup = setup.consumer_parameter("AllowPlaintextClusters", plaintext_clusters);
    let fixture = Fixture::with(settings(), setup).await?;
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("small") };
    let database = database.encryption(Encryption::None).lifecycle("Ignore");
    let database = fixture.rehearsal.create_database(&fixture.place(OTHER)?, &database).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.world().remove_function(OTHER, REGION, "draco-producer");
    Ok((fixture, database))
}

/// The announcement of a snapshot that is not shared.
fn announcement(database: &DatabaseArn, taken: chrono::DateTime<Utc>, tags: Tags) -> anyhow::Result<Message> {
    let snapshot = SnapshotArn::new(database.kind, database.place.clone(), "rds:small-2026-11-21-01-00")?;
    let origin = Origin { snapshot, database: database.clone(), taken };
    Ok(Message::Shared(protocol::Announcement { transit: origin.transit(), origin, tags }))
}

fn send(fixture: &Fixture, message: &str) {
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{OTHER}");
    let event = sns_event(&topic, "DRACO Event", message);
    fixture.rehearsal.world().invoke_function(&fixture.function_arn(DR, "draco-consumer"), event);
}

/// The alarms of DR that concern more than one account.
fn common_alarms(fixture: &Fixture) -> anyhow::Result<Vec<String>> {
    let all = fixture.rehearsal.notifications(&fixture.place(DR)?, settings().epoch);
    Ok(all.into_iter().map(|it| it.alarm).filter(|alarm| !alarm.starts_with("draco-source-")).collect())
}

fn dead_letters(fixture: &Fixture) -> usize {
    let is_one = |event: &Event| matches!(event, Event::DeadLetter { .. });
    fixture.rehearsal.world().journal(|journal| journal.entries().iter().filter(|it| is_one(&it.event)).count())
}

fn lines(fixture: &Fixture, step: &str) -> Vec<Line> {
    fixture.rehearsal.logs().lines().into_iter().filter(|line| line.text("step") == step).collect()
}

/// A time in RFC 3339 whose year in UTC has five digits, or a sign: RFC 3339 cannot express it, so no tag and no timer can.
const TIMES: [&str; 2] = ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"];

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn a_time_that_dr_could_not_read_again_is_rejected() -> anyhow::Result<()> {
    let (fixture, database) = attacked(Kind::Cluster, "false").await?;
    for time in TIMES {
        let mut message: Value =
            serde_json::from_str(&announcement(&database, settings().epoch, Tags::default())?.to_string())?;
        message["taken"] = time.into();
        send(&fixture, &message.to_string());
    }
    fixture.rehearsal.world().sleep(HOUR).await;
    assert_eq!(common_alarms(&fixture)?, [""; 0]);
    assert_eq!(lines(&fixture, "message_rejected").len(), 2);
    Ok(())
}

/// The tag of such a copy would not be read as that of a copy, so no limit would count it.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn no_copy_escapes_the_limits_by_its_time() -> anyhow::Result<()> {
    let (fixture, database) = attacked(Kind::Cluster, "true").await?;
    fixture.rehearsal.world().sleep(MINUTE).await;
    let transit = attacker::share_snapshot(&fixture, &database, 1).await?;
    let forged = attacker::announcement(&database, 1, &transit, Tags::default())?;
    let mut message: Value = serde_json::from_str(&Message::Shared(forged).to_string())?;
    message["taken"] = TIMES[0].into();
    send(&fixture, &message.to_string());
    fixture.rehearsal.world().sleep(HOUR).await;
    assert_eq!(fixture.snapshots(DR).await?.len(), 0);
    Ok(())
}

/// SNS allows 256 KiB, and a timer's input is the announcement and more.
// Invariant 16.
#[tokio::test(start_paused = true)]
async fn an_announcement_that_is_too_long_for_a_timer_is_rejected() -> anyhow::Result<()> {
    let (fixture, database) = attacked(Kind::Instance, "false").await?;
    let empty = announcement(&database, settings().epoch, Tags::default())?.to_string();
    let value = "x".repeat(256 * 1024 - empty.len() - r#""key":"""#.len());
    let message = announcement(&database, settings().epoch, Tags::from_iter([("key", value)]))?.to_string();
    assert_eq!(message.len(), 256 * 1024);
    send(&fixture, &message);
    fixture.rehearsal.world().sleep(2 * HOUR).await;
    assert_eq!((dead_letters(&fixture), common_alarms(&fixture)?), (0, vec![]));
    Ok(())
}

/// A source account can encrypt its topic with a key that DR may not use, among others.
// Invariant 14.
#[tokio::test(start_paused = true)]
async fn a_topic_of_a_source_account_that_refuses_the_reply_fills_no_dead_letters() -> anyhow::Result<()> {
    for code in ["KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "InvalidParameter"] {
        let (fixture, database) = attacked(Kind::Cluster, "false").await?;
        let at = Point::Call("Publish".to_owned());
        let refuse = |nth| Fault { at: at.clone(), nth, action: Action::Refuse(code) };
        fixture.rehearsal.world().plan_faults(Plan::List((1..100).map(refuse).collect()));
        // AWS cannot encrypt it, so DR refuses it.
        let transit = attacker::share_snapshot(&fixture, &database, 1).await?;
        let forged = attacker::announcement(&database, 1, &transit, Tags::from_iter([(tags::LIFECYCLE, "Standard")]))?;
        attacker::announce(&fixture, forged);
        fixture.rehearsal.world().sleep(2 * HOUR).await;
        let refused: Vec<_> = lines(&fixture, "refused").iter().map(|line| line.text("reason").to_owned()).collect();
        assert_eq!(refused, [RefusalReason::PlaintextCluster.to_string()], "{code}");
        assert_eq!(lines(&fixture, "source_unreachable").len(), 1, "{code}");
        assert_eq!(dead_letters(&fixture), 0, "{code}");
    }
    Ok(())
}
