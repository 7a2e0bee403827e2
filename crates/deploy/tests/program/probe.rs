//! `probe` as a user runs it, with the simulated AWS over HTTP.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use sim::{Settings, World};

use crate::{DR, SOURCE, Stage};

const ACCOUNTS: [&str; 6] = ["--region", "eu-west-1", "--source-profile", "source", "--dr-profile", "dr"];

async fn stage(name: &str, answers: &str) -> Stage {
    let settings = Settings { speed: 600, answers: answers.parse().unwrap(), ..Settings::default() };
    Stage::of(name, World::with_settings(settings)).await
}

fn args<'a>(others: &[&'a str]) -> Vec<&'a str> {
    [&["probe"], &ACCOUNTS[..], others].concat()
}

#[tokio::test]
async fn the_report_has_the_answers_of_the_world_and_no_account() {
    let stage = stage("probe-report", "copy-status=copying,shared-by-arn=found").await;
    let only = ["--only", "copy-status,shared-by-arn,shared-without-tags", "--yes", "--json", "--report", "report.md"];
    let output = stage.run(&args(&only), &[]).await;
    let progress = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{progress}");
    assert!(progress.contains("about 0 h 34 min, about 0.03 dollars"), "{progress}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["answers"], "copy-status=copying,shared-by-arn=found");
    let results: Vec<_> = report["results"].as_array().unwrap().iter().collect();
    let verdicts: Vec<_> = results.iter().map(|result| (&result["experiment"], &result["verdict"])).collect();
    let expected = [("copy-status", "answer"), ("shared-by-arn", "answer"), ("shared-without-tags", "holds")];
    assert_eq!(verdicts.len(), expected.len());
    assert!(verdicts.iter().zip(expected).all(|(found, wanted)| *found.0 == wanted.0 && *found.1 == wanted.1));
    let markdown = fs::read_to_string(stage.folder.join("report.md")).unwrap();
    for text in [&markdown, &report.to_string()] {
        assert!(!text.contains(SOURCE) && !text.contains(DR), "{text}");
    }
    let line = "| `copy-status` | copying | creating (default); set --answers copy-status=copying |";
    assert!(markdown.contains(line), "{markdown}");
}

#[tokio::test]
async fn without_consent_and_with_plan_nothing_is_created() {
    let stage = stage("probe-plan", "default").await;
    assert_eq!(stage.run(&args(&["--plan"]), &[]).await.status.code(), Some(0));
    assert_eq!(stage.error(&args(&[]), &[]).await, "error: Start? not a terminal; re-run with --yes");
    assert!(stage.calls().iter().all(|call| call == "GetCallerIdentity"), "{:?}", stage.calls());
}

#[tokio::test]
async fn one_account_is_refused() {
    let stage = stage("probe-one", "default").await;
    let args = ["probe", "--region", "eu-west-1", "--source-profile", "dr", "--dr-profile", "dr", "--yes"];
    let why = "error: both credentials are for account 222222222222; probe needs two accounts: set --source-profile and \
               --dr-profile";
    assert_eq!(stage.error(&args, &[]).await, why);
}

#[tokio::test]
async fn a_run_of_other_accounts_is_not_removed() {
    let stage = stage("probe-other", "default").await;
    let run = r#"{"event":"started","prefix":"draco-probe-00000001","source":"999999999999","dr":"222222222222","region":"eu-west-1"}"#;
    fs::write(stage.folder.join("other.jsonl"), format!("{run}\n")).unwrap();
    let why = stage.error(&args(&["--cleanup", "other.jsonl"]), &[]).await;
    assert!(why.contains("other.jsonl is of a run in the accounts 999999999999 and 222222222222"), "{why}");
}

#[tokio::test]
async fn cleanup_shows_what_it_removes_and_asks() {
    let stage = stage("probe-cleanup", "default").await;
    let lines = [
        r#"{"event":"started","prefix":"draco-probe-00000001","source":"111111111111","dr":"222222222222","region":"eu-west-1"}"#,
        r#"{"event":"creating","resource":{"side":"source","what":"key","name":"draco-probe-00000001-key"}}"#,
        r#"{"event":"creating","resource":{"side":"dr","what":{"snapshot":"instance"},"name":"draco-probe-00000001-times"}}"#,
    ];
    fs::write(stage.folder.join("run.jsonl"), lines.join("\n") + "\n").unwrap();
    let list = "key                     draco-probe-00000001-key  in 111111111111, eu-west-1";
    for arguments in [&["--cleanup", "run.jsonl"][..], &["--resume", "run.jsonl", "--only", "copy-status"]] {
        let asked = stage.run(&args(arguments), &[]).await;
        assert_eq!(asked.status.code(), Some(1));
        let shown = String::from_utf8(asked.stdout).unwrap();
        assert!(shown.contains(list), "{shown}");
        assert!(shown.contains("draco-probe-00000001-times  in 222222222222, eu-west-1"), "{shown}");
        let why = String::from_utf8(asked.stderr).unwrap();
        assert!(why.ends_with("? not a terminal; re-run with --yes\n"), "{why}");
    }
    assert!(stage.calls().iter().all(|call| call == "GetCallerIdentity"), "{:?}", stage.calls());
    let removed = stage.run(&args(&["--cleanup", "run.jsonl", "--yes"]), &[]).await;
    assert!(String::from_utf8(removed.stdout).unwrap().ends_with("removed 2 of 2\n"));
    let again = stage.run(&args(&["--cleanup", "run.jsonl"]), &[]).await;
    assert_eq!(String::from_utf8(again.stdout).unwrap(), "nothing is left of this run\n");
}

#[tokio::test]
async fn the_plan_shows_databases_that_one_experiment_creates() {
    let stage = stage("probe-own", "default").await;
    let plan = async |only: &str| {
        let output = stage.run(&args(&["--plan", "--only", only]), &[]).await;
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = plan("backup-during-copy,cluster-copy-key").await;
    for line in [
        "an instance in the source account: PostgreSQL, db.t4g.micro, 20 GiB, only for backup-during-copy",
        "a cluster in the source account: Aurora PostgreSQL, without instances, only for cluster-copy-key",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(!plan("copy-status").await.contains("only for"));
}

/// An instance with two snapshots.
async fn create_orders(world: &World, gib: i32) {
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(SOURCE, "eu-west-1"));
    let request = rds.create_db_instance().db_instance_identifier("orders").engine("postgres").storage_encrypted(true);
    let request = request.db_instance_class("db.m7g.large").allocated_storage(gib).backup_retention_period(0);
    request.master_username("owner").master_user_password("of-the-owner").send().await.unwrap();
    world.sleep(Duration::from_secs(10 * 60)).await;
    for name in ["monday", "tuesday"] {
        rds.create_db_snapshot().db_snapshot_identifier(name).db_instance_identifier("orders").send().await.unwrap();
        world.sleep(Duration::from_secs(60 * 60)).await;
    }
}

#[tokio::test]
async fn copies_of_an_existing_instance_are_compared() {
    let answers = "incremental=also-of-copies,revoked-grant=goes-on".parse().unwrap();
    let settings = Settings { speed: 3000, answers, ..Settings::default() };
    let stage = Stage::of("probe-database", World::with_settings(settings)).await;
    create_orders(&stage.world, 200).await;
    let only = ["--database", "orders", "--yes", "--json"];
    let output = stage.run(&args(&only), &[]).await;
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for line in [
        "database orders, 200 GiB: monday of ",
        "RDS may postpone automated backups of orders while its snapshots are copied",
        "about 12 h 04 min, about 1.26 dollars",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["answers"], "incremental=also-of-copies,revoked-grant=goes-on", "{shown}");
    let measured = report["results"][0]["measured"].as_str().unwrap();
    assert!(measured.contains("s without an earlier copy; DR "), "{measured}");
}

#[tokio::test]
async fn an_existing_instance_must_be_named_and_be_large() {
    let stage = stage("probe-small", "default").await;
    let why = stage.error(&args(&["--only", "incremental"]), &[]).await;
    assert!(why.ends_with("name it with --database"), "{why}");
    let why = stage.error(&args(&["--database", "orders"]), &[]).await;
    assert!(why.contains("orders has 0 available snapshots, but two are needed"), "{why}");
    create_orders(&stage.world, 20).await;
    let plan = stage.run(&args(&["--database", "orders", "--plan"]), &[]).await;
    let shown = String::from_utf8(plan.stdout).unwrap();
    assert!(shown.contains("it is small: nothing is decided if a full copy takes less than 10 minutes"), "{shown}");
}

#[tokio::test]
async fn every_experiment_and_every_question_is_listed() {
    let stage = stage("probe-list", "default").await;
    let list = String::from_utf8(stage.run(&["probe", "--list"], &[]).await.stdout).unwrap();
    let questions = sim::questions::QUESTIONS.iter().map(|question| question.name);
    for name in questions.chain(["times-of-copies", "copy-events"]) {
        assert!(list.lines().any(|line| line.trim_start().starts_with(name)), "{name}: {list}");
    }
    let why = stage.error(&args(&["--only", "copied-tags-permission"]), &[]).await;
    assert!(why.starts_with("error: copied-tags-permission is not probed: it needs a role that may copy"), "{why}");
}
