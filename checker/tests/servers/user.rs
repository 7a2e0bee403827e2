//! The user's checks.

use std::thread::JoinHandle;

use checks::{Conclusion, Decimal, Grade, Product, Task, Verdict};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{PRODUCTS, Server, faults, report, server, verify, with_argument};

/// The verdict of a single check. Nothing else is done.
async fn verdict(server: &Server, check: &str) -> Verdict {
    let mut task = server.task(&[check]);
    task.limits.check_seconds = 1;
    task.marker = Some(checks::Marker { stage: checks::Stage::Checks, ..checks::Marker::default() });
    let (part, _) = verify(&task).await;
    part.checks.into_values().next().expect("a verdict").verdict
}

async fn is_broken(server: &Server, check: &str, reason: &str) {
    let Verdict::Broken { why } = verdict(server, check).await else { panic!("{check} is not broken") };
    assert!(why.contains(reason), "{check}: {why}");
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn values_of_both_products_are_judged() {
    for product in PRODUCTS {
        let server = server(product);
        for check in [
            r#"{"sql": "select count(*) from items", "at_least": 1000, "at_most": 1000}"#,
            r#"{"sql": "select sum(0.1) from items", "equals": 100}"#,
            r#"{"sql": "select timestamp '2026-11-26 01:00:00'", "within": "26h"}"#,
            r#"{"sql": "select name from items where id < 50;", "matches": "^item \\d+$"}"#,
            r#"{"sql": "select 1 = 1", "equals": true}"#,
            r#"{"sql": "select 1", "database": "shop", "equals": 1}"#,
        ] {
            assert_eq!(verdict(server, check).await, Verdict::Passed { why: None }, "{check}");
        }
        // Rows that end a week ago; a table without rows.
        for check in [
            r#"{"sql": "select timestamp '2026-11-20 03:00:00'", "within": "26h"}"#,
            r#"{"sql": "select max(id) from items where id < 0", "at_least": 1}"#,
            r#"{"sql": "select name from items", "matches": "^other"}"#,
        ] {
            assert!(matches!(verdict(server, check).await, Verdict::Failed { .. }), "{check}");
        }
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_check_with_an_error_is_broken() {
    for product in PRODUCTS {
        let server = server(product);
        for (sql, reason) in [
            ("selec 1", "syntax error"),
            ("select 1; select 2", "syntax error"),
            ("select count(*) from missing", "does not exist"),
            ("select id, name from items", "returns 2 columns"),
            ("select id from items", "returns 1000 rows"),
            ("select name from items where id = 1", "a number is needed"),
        ] {
            is_broken(server, &format!(r#"{{"sql": "{sql}", "at_least": 1}}"#), reason).await;
        }
        let missing = r#"{"sql": "select 1", "database": "missing", "at_least": 1}"#;
        is_broken(server, missing, "no such database").await;
        let sleep = server.either("select pg_sleep(60)", "select sleep(60) from items");
        is_broken(server, &format!(r#"{{"sql": "{sleep}", "at_least": 1}}"#), "no result within 1 s").await;
    }
    is_broken(server(Product::Postgres), r#"{"sql": "select 'a'::int", "at_least": 1}"#, "wrong type").await;
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_check_that_would_write_is_broken_and_writes_nothing() {
    for product in PRODUCTS {
        let server = server(product);
        let count = server.ask("select count(*) from items");
        let delete =
            server.either("with d as (delete from items returning id) select count(*) from d", "delete from items");
        for sql in ["insert into items values (0, 'x')", "drop table items", &delete] {
            is_broken(server, &format!(r#"{{"sql": "{sql}", "at_least": 0}}"#), "read-only").await;
        }
        assert_eq!(server.ask("select count(*) from items"), count);
    }
}

/// Waits until a session sleeps, and sends a signal to its process, or to another one.
fn signal_sleeper(server: &Server, process: Option<Pid>, signal: Signal) -> JoinHandle<Pid> {
    let mut client = server.client(&server.either(
        "select pid from pg_stat_activity where wait_event = 'PgSleep'",
        "select id from information_schema.processlist where state = 'User sleep'",
    ));
    std::thread::spawn(move || {
        loop {
            let output = client.output().expect("a client");
            if let Ok(session) = String::from_utf8_lossy(&output.stdout).trim().parse() {
                let process = process.unwrap_or(Pid::from_raw(session));
                kill(process, signal).unwrap();
                return process;
            }
        }
    })
}

/// A task with two checks and nothing else, of which the first one sleeps.
fn sleep_and_go_on(server: &Server) -> Task {
    let sleep = server.either("select 1 from pg_sleep(60)", "select sleep(60) from items");
    let sleep = format!(r#"{{"sql": "{sleep}", "at_least": 1}}"#);
    let mut task = server.task(&[&sleep, r#"{"sql": "select 1", "at_least": 1}"#]);
    task.limits.check_seconds = 2;
    task.marker = Some(checks::Marker { stage: checks::Stage::Checks, ..checks::Marker::default() });
    task
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn a_session_that_hangs_or_ends_is_replaced() {
    let server = Server::new(Product::Postgres);
    // A killed session is tried again, because the server may have been restarted.
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let signaled = signal_sleeper(&server, None, signal);
        let (part, _) = verify(&sleep_and_go_on(&server)).await;
        let process = signaled.join().unwrap();
        let _ = kill(process, Signal::SIGKILL);
        assert!(part.complete && part.faults.is_empty(), "{:?}", part.faults);
        assert_eq!(part.checks[&0].verdict, Verdict::broken("no result within 2 s"));
        assert_eq!(part.checks[&1].verdict, Verdict::Passed { why: None });
    }
}

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn a_server_that_hangs_during_a_check_is_no_broken_check() {
    let server = Server::new(Product::Mysql);
    let process = with_argument(&format!("--bind-address={}", server.address.ip()));
    let signaled = signal_sleeper(&server, Some(process), Signal::SIGSTOP);
    let (part, _) = verify(&sleep_and_go_on(&server)).await;
    kill(signaled.join().unwrap(), Signal::SIGCONT).unwrap();
    assert_eq!(faults(&part), ["no answer of the server: the check 57431df1f5afcc70"]);
    assert!(!part.complete && part.checks.is_empty(), "{part:?}");
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_check_names_its_database_if_there_are_several() {
    let sql = r#"{"sql": "select 1", "at_least": 1}"#;
    for product in PRODUCTS {
        let mut task = server(product).task(&[sql]);
        task.database = None;
        task.marker = Some(checks::Marker { stage: checks::Stage::Checks, ..checks::Marker::default() });
        let (part, _) = verify(&task).await;
        assert_eq!(
            part.checks[&0].verdict,
            Verdict::broken("the server has several databases, so the check has to name its own")
        );
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_number_is_compared_with_that_of_the_last_verification() {
    for product in PRODUCTS {
        let task = server(product).task(&[r#"{"sql": "select count(*) from items", "changed_by_at_most": "20%"}"#]);
        let first = verify(&task).await.0.checks.remove(&0).unwrap();
        assert!(matches!(first.verdict, Verdict::Passed { why: Some(_) }), "{first:?}");
        assert_eq!(first.value, Some(Decimal::from(1000)));
        for (last, passes) in [(900, true), (2000, false)] {
            let task = Task { last: [(first.id.clone(), Decimal::from(last))].into(), ..task.clone() };
            let checked = report(&task).await.checked;
            assert_eq!(checked == Grade::Yes, passes, "{checked:?}");
        }
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_broken_check_is_no_verdict_about_the_copy() {
    for product in PRODUCTS {
        let report = report(&server(product).task(&[r#"{"sql": "selec 1", "at_least": 1}"#])).await;
        assert_eq!(report.conclusion, Conclusion::NotVerified, "{report:?}");
    }
}
