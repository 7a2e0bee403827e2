//! Invariant 16: alarms concern one source account each, and notify again for each new loss.

use chrono::{DateTime, Utc};
use protocol::tags;
use rehearsal::{Database, Encryption, Setup};
use serde_json::json;
use sim::fault::{Action, Plan, PointKind};
use tests::{DR, Fixture, HOUR, MINUTE, OTHER, REGION, SOURCE, settings};

use crate::sns_event;

async fn two_sources() -> anyhow::Result<Fixture> {
    Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?).await
}

/// The names of the alarms of an account that notified since then, in this order.
fn notified(fixture: &Fixture, account: &str, since: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
    let all = fixture.rehearsal.notifications(&fixture.place(account)?, since);
    Ok(all.into_iter().map(|notification| notification.alarm).collect())
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn no_alarm_notifies_while_snapshots_are_copied() -> anyhow::Result<()> {
    let mut fixture = two_sources().await?;
    for account in [SOURCE, OTHER] {
        let database = Database::instance("orders").lifecycle("Standard");
        fixture.rehearsal.create_database(&fixture.place(account)?, &database).await?;
    }
    fixture.pass_hours(5 * 24).await?;
    for account in [SOURCE, OTHER, DR] {
        assert_eq!(notified(&fixture, account, settings().epoch)?, [""; 0], "{account}");
    }
    Ok(())
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn each_loss_notifies_again_although_another_account_sends_nonsense_without_end() -> anyhow::Result<()> {
    let mut fixture = two_sources().await?;
    // AWS cannot encrypt its snapshots, so DR refuses each, and again a day later: one on the first day, two on the second.
    let plain = Database::cluster("ledger").encryption(Encryption::None).lifecycle("Standard");
    fixture.create_database(&plain).await?;
    let topic = format!("arn:aws:sns:{REGION}:{DR}:DracoConsumer-{OTHER}");
    let nonsense = sns_event(&topic, "DRACO Event", "nonsense");
    for _ in 0..2 * 24 * 60 {
        fixture.rehearsal.world().sleep(MINUTE).await;
        fixture.rehearsal.world().invoke_function(&fixture.function_arn(DR, "draco-consumer"), nonsense.clone());
    }
    fixture.pass_hours(1).await?;
    let mut notified = notified(&fixture, DR, settings().epoch)?;
    notified.retain(|alarm| !alarm.ends_with("-nothing-copied"));
    assert_eq!(
        notified,
        [
            "draco-source-333333333333-message-rejected",
            "draco-source-111111111111-snapshot-failed",
            "draco-source-111111111111-snapshot-failed",
            "draco-source-111111111111-snapshot-failed",
        ]
    );
    Ok(())
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn the_copies_of_one_account_do_not_hide_that_another_s_have_stopped() -> anyhow::Result<()> {
    let mut fixture = two_sources().await?;
    for account in [SOURCE, OTHER] {
        let database = Database::instance("orders").lifecycle("Standard");
        fixture.rehearsal.create_database(&fixture.place(account)?, &database).await?;
    }
    fixture.pass_hours(30).await?;
    fixture.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    fixture.pass_hours(2 * 24).await?;
    assert_eq!(notified(&fixture, DR, settings().epoch)?, ["draco-source-111111111111-nothing-copied"]);
    Ok(())
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn each_dead_letter_notifies_also_while_others_are_in_the_queue() -> anyhow::Result<()> {
    let fixture = two_sources().await?;
    for account in [SOURCE, DR] {
        let function = if account == DR { "draco-consumer" } else { "draco-producer" };
        let begun = fixture.rehearsal.world().now();
        for _ in 0..2 {
            let invalid = json!({ "unknown": "event" });
            fixture.rehearsal.world().invoke_function(&fixture.function_arn(account, function), invalid);
            fixture.rehearsal.world().sleep(HOUR).await;
        }
        assert_eq!(notified(&fixture, account, begun)?, vec![format!("{function}-dead-letter-sent"); 2]);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn sweeps_that_stop_are_reported() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.pass_hours(30).await?;
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        fixture.rehearsal.world().remove_function(account, REGION, function);
    }
    let stopped = fixture.rehearsal.world().now();
    fixture.pass_hours(30).await?;
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        let notified = notified(&fixture, account, stopped)?;
        assert!(notified.contains(&format!("{function}-nothing-swept")), "{notified:?}");
    }
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn dr_keeps_and_counts_the_copies_of_an_account_that_cannot_be_reached() -> anyhow::Result<()> {
    let mut fixture = two_sources().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    // After the announcement, before the copy is complete.
    fixture.rehearsal.world().sleep(90 * MINUTE).await;
    let sns = aws_sdk_sns::Client::new(&fixture.owner_config(SOURCE));
    sns.delete_topic().topic_arn(format!("arn:aws:sns:{REGION}:{SOURCE}:DracoProducer")).send().await?;
    fixture.pass_hours(4).await?;
    let copies = fixture.snapshots(DR).await?;
    let reported: Vec<_> = copies.iter().map(|copy| copy.tags.get(tags::REPORTED).is_some()).collect();
    assert_eq!(reported, [true]);
    let lines = fixture.rehearsal.logs().lines();
    let of_dr = |line: &&rehearsal::Line| line.place.account.as_str() == DR;
    let errors: Vec<_> = lines.iter().filter(of_dr).filter(|line| line.text("level") == "ERROR").collect();
    assert_eq!(errors, [&lines[0]; 0]);
    let copied: Vec<_> = lines.iter().filter(of_dr).filter(|line| line.json["Copied"] == 1).collect();
    assert_eq!(copied.len(), 1);
    assert_eq!(notified(&fixture, DR, settings().epoch)?, ["draco-source-111111111111-source-unreachable"]);
    Ok(())
}

// Invariant 16.
#[tokio::test(start_paused = true)]
async fn functions_that_are_throttled_and_timers_that_fail_are_reported() -> anyhow::Result<()> {
    // A copy of 100 GiB takes longer than an hour.
    let settings = sim::Settings { copy_gib_per_minute: 1, ..settings() };
    let setup = Setup::new(SOURCE, DR, REGION)?.producer_parameter("WaitLimitHours", "1");
    let mut fixture = Fixture::with(settings, setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    let begun = fixture.rehearsal.world().now();
    let notified_first = notified(&fixture, SOURCE, tests::settings().epoch)?;
    assert!(notified_first.contains(&"draco-producer-timer-failed".to_owned()), "{notified_first:?}");
    let rates = vec![(PointKind::Invocation, Action::Throttle, 1000)];
    fixture.rehearsal.world().plan_faults(Plan::Rates { seed: 0, per_mille: rates });
    for _ in 0..60 {
        let sweep = json!({ "sweep": {} });
        fixture.rehearsal.world().invoke_function(&fixture.function_arn(SOURCE, "draco-producer"), sweep);
        fixture.rehearsal.world().sleep(MINUTE).await;
    }
    let notified = notified(&fixture, SOURCE, begun)?;
    assert!(notified.contains(&"draco-producer-throttled".to_owned()), "{notified:?}");
    Ok(())
}

// Invariant 15.
// Invariant 16.
#[tokio::test(start_paused = true)]
async fn a_database_without_new_copies_notifies_every_day_for_its_own_account() -> anyhow::Result<()> {
    let mut fixture = two_sources().await?;
    for account in [SOURCE, OTHER] {
        let database = Database::instance("orders").lifecycle("Standard");
        fixture.rehearsal.create_database(&fixture.place(account)?, &database).await?;
    }
    fixture.pass_hours(30).await?;
    fixture.rehearsal.world().remove_function(SOURCE, REGION, "draco-producer");
    fixture.pass_hours(8 * 24).await?;
    let mut notified = notified(&fixture, DR, settings().epoch)?;
    notified.retain(|alarm| alarm.ends_with("-database-silent"));
    assert_eq!(notified, vec!["draco-source-111111111111-database-silent"; 5]);
    Ok(())
}
