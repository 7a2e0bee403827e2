//! Events by hand: the payloads, and the reactions of the functions.

use deploy::Role;
use deploy::event::invocation::Invocation;
use deploy::event::lines;
use protocol::message::RefusalReason;
use rehearsal::Database;
use sim::fault::{Action, Plan, PointKind};
use tests::{DR, Fixture, MINUTE, SOURCE};

use crate::{account, config, plain};

/// No message or notification arrives. So the producer makes transit copies, by sweeps and timers, and DR has no copy.
async fn without_deliveries() -> Fixture {
    let mut fixture = Fixture::new().await.unwrap();
    let world = fixture.rehearsal.world();
    world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(PointKind::Delivery, Action::Lose, 1000)] });
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await.unwrap();
    fixture.pass_hours(6).await.unwrap();
    assert_eq!(fixture.snapshots(DR).await.unwrap(), []);
    fixture
}

/// The output for the user.
async fn send(fixture: &Fixture, role: Role, invocation: Invocation) -> String {
    let (account, function) = match role {
        Role::Producer => (SOURCE, "draco-producer"),
        Role::Consumer | Role::Second => (DR, "draco-consumer"),
        Role::Verifier => (DR, "draco-verifier"),
    };
    drop(fixture.rehearsal.logs().drain());
    let answer = fixture
        .rehearsal
        .world()
        .invoke_function_and_wait(&fixture.function_arn(account, function), invocation.payload)
        .await;
    let log: Vec<String> = fixture.rehearsal.logs().drain().iter().map(|line| format!("{}\n", line.json)).collect();
    let mut output = vec![format!("{role}: {}", invocation.description)];
    output.extend(lines::read(&log.concat(), function).iter().map(|line| steady(line)));
    output.push(match answer {
        Ok(answer) => format!("  {}", lines::answer(&answer)),
        Err(failed) => format!("  failed: {}", failed.cause),
    });
    plain(&output)
}

/// A line without the parts that depend on the number of earlier calls: seconds, and the number of the key.
fn steady(line: &str) -> String {
    let line = anstream::adapter::strip_str(line).to_string();
    let line = format!("{}  {}", line.get(..7).unwrap_or_default(), line.get(10..).unwrap_or_default().trim_start());
    let is_steady = |field: &&str| !field.starts_with("key=") && !field.starts_with("seconds_to_safe=");
    line.split(' ').filter(is_steady).collect::<Vec<_>>().join(" ")
}

/// The schedules' payloads, as the templates have them.
#[test]
fn schedules_can_be_triggered_by_hand() {
    let payload = |invocation: Invocation| invocation.payload.to_string();
    assert_eq!(payload(Invocation::sweep()), r#"{"sweep":{}}"#);
    assert_eq!(payload(Invocation::audit()), r#"{"audit":{}}"#);
    assert_eq!(payload(Invocation::keep(None)), r#"{"keep":{}}"#);
    assert_eq!(payload(Invocation::keep(Some(250))), r#"{"keep":{"limit":250}}"#);
    let templates = [include_str!("../../../../cfn/producer.yaml"), include_str!("../../../../cfn/consumer.yaml")];
    for scheduled in [Invocation::sweep(), Invocation::audit(), Invocation::keep(None)].map(payload) {
        assert!(templates.iter().any(|template| template.contains(&scheduled)), "{scheduled}");
    }
}

const SNAPSHOT: &str = "rds:orders-2026-11-21-03-05";

#[tokio::test(start_paused = true)]
async fn events_by_hand_copy_a_snapshot_to_dr() -> anyhow::Result<()> {
    let fixture = without_deliveries().await;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let transit = "draco-rds-orders-2026-11-21-03-05";
    let mut story = Vec::new();
    story.push(send(&fixture, Role::Producer, Invocation::look(&source, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Invocation::check(&source, transit).await?).await);
    story.push(send(&fixture, Role::Consumer, Invocation::check_shared(&source, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Consumer, Invocation::announce(&source, &config(""), SNAPSHOT).await?).await);
    fixture.rehearsal.world().sleep(MINUTE).await;
    // In DR, by the identifier of the source.
    story.push(send(&fixture, Role::Consumer, Invocation::check(&dr, SNAPSHOT).await?).await);
    let early = Invocation::completed(&dr, SNAPSHOT).await.unwrap_err();
    assert!(
        early.to_string().ends_with("is not completed; `cargo xtask event check-copy` shows its progress"),
        "{early}"
    );
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    story.push(send(&fixture, Role::Consumer, Invocation::look(&dr, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Invocation::completed(&dr, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Invocation::sweep()).await);
    story.push(send(&fixture, Role::Consumer, Invocation::sweep()).await);
    insta::assert_snapshot!(story.join("\n\n"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn no_copy_can_be_reported_by_hand() -> anyhow::Result<()> {
    let fixture = without_deliveries().await;
    let source = account(&fixture, Role::Producer);
    let arn = format!("arn:aws:rds:eu-west-1:{SOURCE}:snapshot:{SNAPSHOT}");
    let output =
        send(&fixture, Role::Producer, Invocation::no_copy(&source, &arn, RefusalReason::CopyFailed).await?).await;
    insta::assert_snapshot!(output);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn payloads_are_those_of_sns_timer_and_schedule() -> anyhow::Result<()> {
    let fixture = without_deliveries().await;
    let source = account(&fixture, Role::Producer);
    let mut payloads = [
        Invocation::look(&source, SNAPSHOT).await?,
        Invocation::announce(&source, &config(""), SNAPSHOT).await?,
        Invocation::check(&source, SNAPSHOT).await?,
        Invocation::sweep(),
    ];
    let since = payloads[2].payload["check"]["since"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>()?;
    payloads[2].payload["check"]["since"] = since.format("%H:%M").to_string().into();
    let payloads: Vec<String> = payloads.iter().map(|one| one.payload.to_string()).collect();
    insta::assert_snapshot!(payloads.join("\n"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn missing_snapshot_is_reported_in_one_line() -> anyhow::Result<()> {
    let fixture = without_deliveries().await;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let why = |result: anyhow::Result<Invocation>| result.unwrap_err().to_string();
    assert_eq!(
        why(Invocation::look(&source, "nosuch").await),
        "a source account 111111111111 in eu-west-1 has neither a snapshot nosuch nor a copy of it"
    );
    assert_eq!(
        why(Invocation::check(&dr, SNAPSHOT).await),
        "the DR account 222222222222 in eu-west-1 has neither a snapshot rds:orders-2026-11-21-03-05 nor a copy of it"
    );
    assert!(why(Invocation::look(&source, "no such").await).contains("only letters, digits and -:_. are allowed"));
    assert!(why(Invocation::look(&source, "arn:aws:s3:::bucket").await).contains("is not a valid snapshot ARN"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn ambiguous_identifier_needs_an_arn() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let instance = fixture.create_database(&Database::instance("orders")).await?;
    let cluster = fixture.create_database(&Database::cluster("orders")).await?;
    fixture.pass_hours(1).await?;
    for database in [instance, cluster] {
        fixture.rehearsal.take_snapshot(&database, "before-the-move").await?;
    }
    let source = account(&fixture, Role::Producer);
    assert_eq!(
        Invocation::look(&source, "before-the-move").await.unwrap_err().to_string(),
        "before-the-move is ambiguous: use the ARN arn:aws:rds:eu-west-1:111111111111:snapshot:before-the-move or \
         arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:before-the-move"
    );
    let arn = "arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:before-the-move";
    assert_eq!(Invocation::look(&source, arn).await?.description, format!("look at {arn}"));
    Ok(())
}

#[test]
fn lines_of_lambda_are_shortened_and_a_cut_log_is_marked() {
    let log = concat!(
        "napshot\":\"x\"}\n",
        "START RequestId: 1 Version: $LATEST\n",
        r#"{"time":"2026-11-21T03:20:00.500Z","level":"ERROR","function":"producer","step":"event_failed","reason":"it\u001b[2J failed"}"#,
        "\nEND RequestId: 1\n",
        "REPORT RequestId: 1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\t\n",
    );
    assert_eq!(
        plain(&lines::read(log, "draco-producer")),
        "… earlier lines are in the log group /aws/lambda/draco-producer\n  \
         03:20:00 event_failed    error it [2J failed\n  \
         Duration: 12.34 ms, Max Memory Used: 31 MB"
    );
}
