//! Events by hand: what a function is given, and what it does about it.

use deploy::Role;
use deploy::event::lines;
use deploy::event::occasion::Occasion;
use protocol::message::RefusalReason;
use rehearsal::Database;
use sim::fault::{Action, Plan, PointKind};
use tests::{DR, Fixture, MINUTE, SOURCE};

use crate::{account, config, piped};

/// Nothing that is said on any topic arrives, so only sweeps and timers bring snapshots on their way, and none to DR.
async fn deaf() -> Fixture {
    let mut fixture = Fixture::new().await.unwrap();
    let world = fixture.rehearsal.world();
    world.plan_faults(Plan::Rates { seed: 0, per_mille: vec![(PointKind::Delivery, Action::Lose, 1000)] });
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await.unwrap();
    fixture.pass_hours(6).await.unwrap();
    assert_eq!(fixture.snapshots(DR).await.unwrap(), []);
    fixture
}

/// What a person sees of it.
async fn send(fixture: &Fixture, role: Role, occasion: Occasion) -> String {
    let (account, function) = match role {
        Role::Producer => (SOURCE, "draco-producer"),
        Role::Consumer => (DR, "draco-consumer"),
    };
    drop(fixture.rehearsal.logs().drain());
    let answer = fixture
        .rehearsal
        .world()
        .invoke_function_and_wait(&fixture.function_arn(account, function), occasion.payload)
        .await;
    let log: Vec<String> = fixture.rehearsal.logs().drain().iter().map(|line| format!("{}\n", line.json)).collect();
    let mut told = vec![format!("{role}: {}", occasion.what)];
    told.extend(lines::read(&log.concat(), function).iter().map(|line| steady(line)));
    told.push(match answer {
        Ok(answer) => format!("  {}", lines::answer(&answer)),
        Err(failed) => format!("  failed: {}", failed.cause),
    });
    piped(&told)
}

/// A line without what depends on how many calls came before it: seconds, and the key's number.
fn steady(line: &str) -> String {
    let line = anstream::adapter::strip_str(line).to_string();
    let line = format!("{}  {}", line.get(..7).unwrap_or_default(), line.get(10..).unwrap_or_default().trim_start());
    let is_steady = |word: &&str| !word.starts_with("key=") && !word.starts_with("seconds_to_safe=");
    line.split(' ').filter(is_steady).collect::<Vec<_>>().join(" ")
}

const SNAPSHOT: &str = "rds:orders-2026-11-21-03-05";

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_brought_to_dr_by_hand() -> anyhow::Result<()> {
    let fixture = deaf().await;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let transit = "draco-rds-orders-2026-11-21-03-05";
    let mut story = Vec::new();
    story.push(send(&fixture, Role::Producer, Occasion::look(&source, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Occasion::check(&source, transit).await?).await);
    story.push(send(&fixture, Role::Consumer, Occasion::check_shared(&source, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Consumer, Occasion::announce(&source, &config(""), SNAPSHOT).await?).await);
    fixture.rehearsal.world().sleep(MINUTE).await;
    // In DR, by the name that the source has.
    story.push(send(&fixture, Role::Consumer, Occasion::check(&dr, SNAPSHOT).await?).await);
    let early = Occasion::completed(&dr, SNAPSHOT).await.unwrap_err();
    assert!(early.to_string().ends_with("is not whole: `event check-copy` asks how far it is"), "{early}");
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    story.push(send(&fixture, Role::Consumer, Occasion::look(&dr, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Occasion::completed(&dr, SNAPSHOT).await?).await);
    story.push(send(&fixture, Role::Producer, Occasion::sweep()).await);
    story.push(send(&fixture, Role::Consumer, Occasion::sweep()).await);
    insta::assert_snapshot!(story.join("\n\n"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_copy_can_be_said_by_hand() -> anyhow::Result<()> {
    let fixture = deaf().await;
    let source = account(&fixture, Role::Producer);
    let arn = format!("arn:aws:rds:eu-west-1:{SOURCE}:snapshot:{SNAPSHOT}");
    let told = send(&fixture, Role::Producer, Occasion::no_copy(&source, &arn, RefusalReason::CopyFailed).await?).await;
    insta::assert_snapshot!(told);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_payload_is_what_sns_timer_and_schedule_give() -> anyhow::Result<()> {
    let fixture = deaf().await;
    let source = account(&fixture, Role::Producer);
    let mut payloads = [
        Occasion::look(&source, SNAPSHOT).await?,
        Occasion::announce(&source, &config(""), SNAPSHOT).await?,
        Occasion::check(&source, SNAPSHOT).await?,
        Occasion::sweep(),
    ];
    let since = payloads[2].payload["check"]["since"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>()?;
    payloads[2].payload["check"]["since"] = since.format("%H:%M").to_string().into();
    let payloads: Vec<String> = payloads.iter().map(|one| one.payload.to_string()).collect();
    insta::assert_snapshot!(payloads.join("\n"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_not_there_is_told_in_one_line() -> anyhow::Result<()> {
    let fixture = deaf().await;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let why = |tried: anyhow::Result<Occasion>| tried.unwrap_err().to_string();
    assert_eq!(
        why(Occasion::look(&source, "nosuch").await),
        "a source account 111111111111 in eu-west-1 has no snapshot nosuch, and nothing that Draco made of one"
    );
    assert_eq!(
        why(Occasion::check(&dr, SNAPSHOT).await),
        "the DR account 222222222222 in eu-west-1 has no snapshot rds:orders-2026-11-21-03-05, and nothing that Draco \
         made of one"
    );
    assert!(why(Occasion::look(&source, "no such").await).contains("only letters, digits and -:_. are allowed"));
    assert!(why(Occasion::look(&source, "arn:aws:s3:::bucket").await).contains("is not a valid snapshot ARN"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_of_one_name_are_told_apart_by_their_arns() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let instance = fixture.create_database(&Database::instance("orders")).await?;
    let cluster = fixture.create_database(&Database::cluster("orders")).await?;
    fixture.pass_hours(1).await?;
    for database in [instance, cluster] {
        fixture.rehearsal.take_snapshot(&database, "before-the-move").await?;
    }
    let source = account(&fixture, Role::Producer);
    assert_eq!(
        Occasion::look(&source, "before-the-move").await.unwrap_err().to_string(),
        "before-the-move may be arn:aws:rds:eu-west-1:111111111111:snapshot:before-the-move or \
         arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:before-the-move: give the ARN that you mean"
    );
    let arn = "arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:before-the-move";
    assert_eq!(Occasion::look(&source, arn).await?.what, format!("look at {arn}"));
    Ok(())
}

#[test]
fn what_lambda_says_of_its_own_is_shortened_and_what_it_has_cut_is_told() {
    let log = concat!(
        "napshot\":\"x\"}\n",
        "START RequestId: 1 Version: $LATEST\n",
        r#"{"time":"2026-11-21T03:20:00.500Z","level":"ERROR","function":"producer","step":"event_failed","reason":"it\u001b[2J failed"}"#,
        "\nEND RequestId: 1\n",
        "REPORT RequestId: 1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\t\n",
    );
    assert_eq!(
        piped(&lines::read(log, "draco-producer")),
        "… what came before is in the log group /aws/lambda/draco-producer\n  \
         03:20:00 event_failed    error it [2J failed\n  \
         Duration: 12.34 ms, Max Memory Used: 31 MB"
    );
}
