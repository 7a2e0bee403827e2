//! `draco verify`: the command makes the steps of the deployed verifier.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use checks::{Answer, Facts, Fault, ObjectName, Part, Table, Task};
use chrono::TimeDelta;
use clap::Parser;
use deploy::deployed::Function;
use deploy::terminal::Answers;
use deploy::verify::{Outcome, verify};
use deploy::{Account, Role, Terminal};
use protocol::tags;
use rehearsal::{Database, Setup};
use serde_json::Value;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};
use verifier::Verifier;

use crate::{account, config};

/// In place of the checker: databases of the name `ledger` have a damaged table.
fn checked(task: &Task, _: TimeDelta) -> (Answer, TimeDelta) {
    let table = Table {
        name: ObjectName::in_schema("shop", "public", "rows"),
        partition_of: None,
        rows: 1000,
        bytes: 1 << 20,
        milliseconds: 10,
        unread: None,
        columns: Vec::new(),
    };
    let damaged = Fault::DamagedTable { table: table.name.clone(), code: "XX001".to_owned() };
    let facts = Facts { version: "PostgreSQL 16.4".to_owned(), databases: vec!["shop".to_owned()] };
    let faults = if task.server.host.contains("ledger") { [damaged].into() } else { Default::default() };
    let part = Part { complete: true, facts: Some(facts), tables: vec![table], faults, ..Part::default() };
    (Answer { part, next: None }, TimeDelta::minutes(4))
}

/// What was printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: deploy_args::Verify,
}

struct Stage {
    fixture: Fixture,
    account: Account,
    verifier: Verifier,
}

impl Stage {
    /// The databases have copies, of which the deployed verifier has verified one each.
    async fn new(databases: &[&str]) -> anyhow::Result<Self> {
        let setup = Setup::new(SOURCE, DR, REGION)?.verified(&[("EveryDays", "31")]).scripted(checked);
        let mut fixture = Fixture::with(settings(), setup).await?;
        for name in databases {
            fixture.create_database(&Database { gib: 100, ..Database::instance(name) }.lifecycle("Standard")).await?;
        }
        fixture.rehearsal.put_for_verifier("roots.pem", include_str!("roots.pem")).await?;
        fixture.pass_hours(40).await?;
        let account = account(&fixture, Role::Verifier);
        let function = Function::look(&account, "draco-verifier").await?.expect("the function");
        let verifier = Verifier::new(account.cloud(), &function.environment)?;
        Ok(Self { fixture, account, verifier })
    }

    /// Runs the command. What it printed, and its result.
    async fn run(&self, args: &str) -> (String, anyhow::Result<Outcome>) {
        let Line { args } = Line::parse_from(["draco"].into_iter().chain(args.split_whitespace()));
        let printed = Printed::default();
        let answers = Answers { yes: args.yes, ..Answers::default() };
        let mut terminal = Terminal::with_output(Box::new(printed.clone()), answers);
        let outcome = verify(&self.verifier, &args, &self.account, &config(""), &mut terminal).await;
        let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
        (anstream::adapter::strip_str(&text).to_string(), outcome)
    }

    async fn error(&self, args: &str) -> String {
        format!("{:#}", self.run(args).await.1.expect_err("an error"))
    }

    /// The databases that Draco has restored.
    async fn restored(&self) -> Vec<String> {
        let rds = aws_sdk_rds::Client::new(&self.fixture.owner_config(DR));
        let found = rds.describe_db_instances().send().await.unwrap();
        found.db_instances().iter().filter_map(|found| found.db_instance_identifier().map(str::to_owned)).collect()
    }

    /// The verdicts on copies: the number of those with a tag.
    async fn verdicts(&self) -> usize {
        let copies = self.fixture.snapshots(DR).await.unwrap();
        copies.iter().filter(|copy| copy.tags.get(tags::VERIFIED).is_some()).count()
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_is_verified_now_and_each_step_is_shown() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    let (shown, outcome) = stage.run("orders --yes").await;
    let outcome = outcome?;
    assert_eq!(outcome.failures, [""; 0]);
    insta::assert_snapshot!(shown);
    let json = &outcome.json[0];
    // The scheduled run has started a timer for the database meanwhile.
    assert_eq!((&json["conclusion"], &json["database_deleted"]), (&Value::from("verified"), &Value::from(false)));
    assert!(json["restore_seconds"].as_i64() > Some(300), "{json:#}");
    stage.fixture.rehearsal.world().sleep(HOUR).await;
    assert_eq!(stage.restored().await, [""; 0]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_bad_copy_fails_the_command() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders", "ledger"]).await?;
    let (shown, outcome) = stage.run("ledger --yes").await;
    assert_eq!(outcome?.failures, ["ledger: the copy is not good"]);
    assert!(shown.contains("ledger: the copy is not good: "), "{shown}");
    let (shown, outcome) = stage.run("--report").await;
    let json = outcome?.json;
    assert_eq!((&json[0]["conclusion"], &json[1]["conclusion"]), (&"failed".into(), &"verified".into()), "{shown}");
    insta::assert_snapshot!(shown);
    insta::assert_snapshot!(stage.run("--report ledger").await.0);
    stage.fixture.rehearsal.world().sleep(HOUR).await;
    assert_eq!(stage.restored().await, [""; 0]);
    Ok(())
}

/// Each call knows nothing of the one before. The schedule of the stack is off, so nothing else makes a step.
#[tokio::test(start_paused = true)]
async fn calls_of_once_take_a_verification_to_its_end() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    stage.fixture.rehearsal.world().remove_schedule(DR, REGION, "draco-verify");
    let (mut calls, mut restored) = (0, 0);
    loop {
        let (shown, outcome) = stage.run(if calls == 0 { "orders --once" } else { "--once" }).await;
        assert_eq!(outcome?.failures, [""; 0], "{shown}");
        calls += 1;
        restored = restored.max(stage.restored().await.len());
        if shown.contains("its database is deleted") || shown.contains("no copy is due") {
            break;
        }
        assert!(calls < 20, "{shown}");
        stage.fixture.rehearsal.world().sleep(15 * MINUTE).await;
    }
    assert_eq!((restored, stage.restored().await.len()), (1, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_deployed_verifier_continues_what_an_interrupted_command_began() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    let before = stage.verdicts().await;
    let world = stage.fixture.rehearsal.world();
    tokio::select! {
        _ = stage.run("orders --yes") => panic!("the command ended"),
        () = world.sleep(3 * MINUTE) => {}
    }
    assert_eq!(stage.restored().await.len(), 1);
    world.sleep(6 * HOUR).await;
    assert_eq!((stage.restored().await.len(), stage.verdicts().await), (0, before + 1));
    Ok(())
}

/// A person at a laptop may have fewer permissions than the function, or another clock.
#[tokio::test(start_paused = true)]
async fn a_verdict_has_its_log_line_and_raises_its_alarm() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders", "ledger"]).await?;
    drop(stage.fixture.rehearsal.logs().drain());
    let _ = stage.run("ledger --yes").await.1?;
    let lines = stage.fixture.rehearsal.logs().lines();
    assert!(
        lines.iter().any(|line| line.json["step"] == "verification_failed" && line.json["verifications_failed"] == 1),
        "{lines:#?}"
    );
    let _ = stage.run("orders --yes").await.1?;
    let lines = stage.fixture.rehearsal.logs().lines();
    let verified = |line: &&rehearsal::Line| line.json["step"] == "verified";
    let line = lines.iter().find(verified).expect("a line");
    assert_eq!(
        (&line.json["available"], &line.json["read_to_end"], &line.json["checked"]),
        (&1.into(), &1.into(), &0.into())
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_commands_and_the_hourly_run_restore_a_database_once() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    let before = stage.verdicts().await;
    let restores = || stage.fixture.rehearsal.world().journal(|all| all.count_calls("RestoreDBInstanceFromDBSnapshot"));
    let restores_before = restores();
    let watched = async {
        let mut most = 0;
        for _ in 0..90 {
            stage.fixture.rehearsal.world().sleep(MINUTE).await;
            most = most.max(stage.restored().await.len());
        }
        most
    };
    let late = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        stage.run("orders --yes").await.1
    };
    let (first, second, most) = tokio::join!(stage.run("orders --yes"), late, watched);
    assert_eq!(most, 1);
    assert_eq!(first.1?.failures, [""; 0]);
    // It has found the database of the first, and has followed it; or the first had not restored it yet.
    let second = second?.failures.join("");
    assert!(second.is_empty() || second.contains("another verification of this database runs"), "{second}");
    assert_eq!((stage.restored().await.len(), stage.verdicts().await), (0, before + 1));
    // Neither has the second one begun when the first one had ended.
    stage.fixture.rehearsal.world().sleep(20 * HOUR).await;
    assert_eq!(restores() - restores_before, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_root_certificates_nothing_is_restored() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    stage.fixture.rehearsal.put_for_verifier("roots.pem", "").await?;
    let why = stage.error("orders --yes").await;
    assert!(why.starts_with("the verifier has no root certificates of RDS"), "{why}");
    // A database that is due.
    stage.fixture.create_database(&Database::instance("mail").lifecycle("Standard")).await?;
    stage.fixture.rehearsal.world().sleep(30 * HOUR).await;
    let lines = stage.fixture.rehearsal.logs().lines();
    assert!(
        lines.iter().any(|line| line.json["step"] == "not_verified" && line.json["message"] == "no copy is restored")
    );
    assert_eq!(stage.restored().await, [""; 0]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_plan_names_what_is_due_and_its_cost_and_changes_nothing() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders", "ledger"]).await?;
    let before = stage.fixture.snapshots(DR).await?;
    let (shown, outcome) = stage.run("--plan").await;
    insta::assert_snapshot!(shown);
    let json = outcome?.json;
    assert_eq!((&json["running"], &json["at_once"]), (&0.into(), &2.into()));
    assert!(json["dollars_a_month"].as_f64() > Some(0.0), "{json:#}");
    assert_eq!(stage.fixture.snapshots(DR).await?, before);
    let (shown, _) = stage.run("ledger --plan").await;
    assert!(shown.contains("ledger") && !shown.contains("orders"), "{shown}");
    Ok(())
}

/// The keys in the table after this line of `doc/json.md`.
fn documented(line: &str) -> BTreeSet<String> {
    let page = include_str!("../../../../doc/json.md");
    let (_, rest) = page.split_once(line).expect("the line");
    let (_, table) = rest.split_once("|---|---|---|\n").expect("a table");
    let rows = table.lines().take_while(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn the_documented_keys_are_those_of_the_json() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    let verified = stage.run("orders --yes").await.1?.json;
    assert_eq!(keys(&verified[0]), documented("## `draco verify --json`"));
    let report = stage.run("--report").await.1?.json;
    assert_eq!(keys(&report[0]), documented("With `--report`, an object for each database:"));
    let plan = stage.run("--plan").await.1?.json;
    assert_eq!(keys(&plan), documented("With `--plan`, one object:"));
    let page = include_str!("../../../../doc/json.md");
    let (_, one) =
        page.split_once("`draco verify DATABASE --report --json` is one object with the keys ").expect("a line");
    let (one, _) = one.split_once(",\nas above").expect("an end");
    let one: BTreeSet<String> = one.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(keys(&stage.run("orders --report").await.1?.json), one);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_named_with_what_does() -> anyhow::Result<()> {
    let stage = Stage::new(&["orders"]).await?;
    assert_eq!(stage.error("order --yes").await, "DR has no complete copy of order; it has copies of orders");
    let why = stage.error("111111111111/eu-north-1/orders --yes").await;
    assert!(why.starts_with("DR has no complete copy of 111111111111/eu-north-1/orders"), "{why}");
    assert_eq!(stage.error("1234/orders --yes").await, "\"1234\" is not an account ID: expected 12 digits");
    let why = stage.error("orders --copy nonsense --yes").await;
    assert!(why.starts_with("orders has no complete copy nonsense; its newest are draco-111111111111-"), "{why}");
    let why = stage.error("orders").await;
    assert_eq!(why, "Verify this copy? not a terminal; re-run with --yes");
    let (shown, outcome) = stage.run("--yes").await;
    assert!(shown.starts_with("no copy is due; "), "{shown}");
    assert_eq!(outcome?.json, serde_json::json!([]));
    Ok(())
}
