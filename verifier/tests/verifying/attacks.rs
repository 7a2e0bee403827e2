//! What goes wrong on purpose, or at the worst moment.

use checks::{CheckResult, Marker, Profile, Progress, Verdict};
use sim::journal::Event;
use verifier::record::Last;

use super::*;

impl Fixture {
    /// Waits until a database of a verification exists, or none is left.
    async fn until_there(&self, is_there: bool) {
        for _ in 0..600 {
            if self.databases().await.is_empty() != is_there {
                return;
            }
            self.world.sleep(Duration::from_secs(60)).await;
        }
        panic!("{:?}", self.databases().await)
    }

    fn calls(&self, operation: &str) -> usize {
        let is_call = |event: &Event| matches!(event, Event::Call { operation: called, error: None, role: Some(_), .. } if called == operation);
        self.world.journal(|journal| journal.entries().iter().filter(|entry| is_call(&entry.event)).count())
    }

    async fn running(&self) -> usize {
        let machine = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
        let listed = self.sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        listed.executions.iter().filter(|execution| execution.status.as_str() == "RUNNING").count()
    }
}

// Invariant 22: the end waits for no one.
#[tokio::test(start_paused = true)]
async fn a_verdict_that_cannot_be_announced_does_not_keep_its_database() {
    let fixture = Fixture::new(&[("VERIFY_HOURS", "6")], script(|_| done(good()))).await;
    fixture.copy(Kind::Instance, "orders").await;
    let sns = aws_sdk_sns::Client::new(&fixture.world.sdk_config(DR, REGION));
    let topic = format!("arn:aws:sns:{REGION}:{DR}:draco-verifications");
    sns.delete_topic().topic_arn(topic).send().await.unwrap();
    fixture.until_there(true).await;
    fixture.hours(8).await;
    assert_eq!(fixture.databases().await, BTreeSet::new());
}

// Invariant 22: without its timer, and with a record that cannot be read.
#[tokio::test(start_paused = true)]
async fn a_database_without_timer_and_record_is_gone_after_its_deadline() {
    let fixture = Fixture::new(&[("VERIFY_HOURS", "6")], script(|_| Err("no answer".to_owned()))).await;
    fixture.copy(Kind::Instance, "orders").await;
    fixture.until_there(true).await;
    let s3 = aws_sdk_s3::Client::new(&fixture.world.sdk_config(DR, REGION));
    let objects = s3.list_objects_v2().bucket(BUCKET).prefix("jobs/").send().await.unwrap();
    put(&fixture.cloud, objects.contents()[0].key().unwrap(), b"{").await;
    let machine = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
    let running = fixture.sfn.list_executions().state_machine_arn(&machine).send().await.unwrap();
    for execution in running.executions.iter().filter(|it| it.status.as_str() == "RUNNING") {
        fixture.sfn.stop_execution().execution_arn(&execution.execution_arn).send().await.unwrap();
    }
    let left = fixture.databases().await;
    fixture.hours(8).await;
    // A later verification has a database of its own.
    assert!(left.is_disjoint(&fixture.databases().await), "{left:?}");
}

// An attacker may have changed thousands of columns: a message of SNS has 256 KiB at most.
#[tokio::test(start_paused = true)]
async fn any_number_of_changes_is_announced() {
    let table = |nth: usize, rows: u64| {
        let name = format!("a-table-with-a-name-that-is-long-{nth:05}");
        let table = json!({ "database": "shop", "schema": "public", "name": name, "rows": rows, "bytes": 64_000,
            "milliseconds": 20, "columns": [{ "name": "id", "type": "bigint" }] });
        serde_json::from_value(table).unwrap()
    };
    let runs = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&runs);
    let checker = script(move |_| {
        *seen.lock().unwrap() += 1;
        let rows = if *seen.lock().unwrap() == 1 { 1000 } else { 0 };
        done(Part { tables: (0..4000).map(|nth| table(nth, rows)).collect(), ..good() })
    });
    let fixture = Fixture::new(&[("VERIFY_EVERY_DAYS", "1")], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(30).await;
    assert_eq!(*runs.lock().unwrap(), 2);
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    let messages = fixture.messages().await;
    let counts: Vec<_> = messages.iter().map(|it| it["changes_in_all"].as_u64().unwrap()).collect();
    assert_eq!(counts, [0, 4000]);
    assert_eq!(messages[1]["changes"].as_array().unwrap().len(), 50);
    fixture.until_there(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_in_the_middle_of_a_table_is_continued_there() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tasks = Arc::clone(&seen);
    let checker = script(move |task| {
        tasks.lock().unwrap().push(task.marker.clone());
        let table =
            serde_json::from_value(json!({ "database": "shop", "schema": "public", "name": "orders" })).unwrap();
        let progress = Progress { table, next: 7, rows: 1, bytes: 2, milliseconds: 3 };
        let next = task.marker.is_none().then(|| Marker { progress: Some(progress), ..Marker::default() });
        Ok(Answer { part: Part { complete: next.is_none(), ..good() }, next })
    });
    let fixture = Fixture::new(&[], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    let markers = seen.lock().unwrap();
    assert_eq!((markers.len(), markers[0].is_none(), markers[1].is_some()), (2, true, true));
}

// Invariant 27.
#[tokio::test(start_paused = true)]
async fn a_copy_that_is_deleted_meanwhile_has_one_timer_and_no_false_verdict() {
    let fixture = Fixture::new(&[], script(|_| Err("it is slow".to_owned()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.until_there(true).await;
    fixture.cloud.delete(&copy).await.unwrap();
    for _ in 0..14 {
        fixture.hours(1).await;
        assert!(fixture.running().await <= 1);
    }
    assert_eq!(fixture.databases().await, BTreeSet::new());
    for message in fixture.messages().await {
        assert_ne!(message["conclusion"], "failed");
        assert!(message["database"].as_str().unwrap().contains(SOURCE), "{message}");
    }
}

// Invariant 27: a lost record is no reason to restore the copy again, or to take a verdict back.
#[tokio::test(start_paused = true)]
async fn a_record_that_is_lost_during_the_teardown_changes_no_verdict() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    let s3 = aws_sdk_s3::Client::new(&fixture.world.sdk_config(DR, REGION));
    while fixture.verdict(&copy).await.is_none() {
        fixture.world.sleep(Duration::from_secs(1)).await;
    }
    let objects = s3.list_objects_v2().bucket(BUCKET).prefix("jobs/").send().await.unwrap();
    let key = objects.contents()[0].key().unwrap();
    s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    fixture.hours(5).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    assert_eq!(fixture.databases().await, BTreeSet::new());
    assert_eq!(fixture.calls("RestoreDBInstanceFromDBSnapshot"), 1);
}

// Invariant 8.
#[tokio::test(start_paused = true)]
async fn two_timers_of_one_verification_have_one_outcome() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.until_there(true).await;
    let machine = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
    let listed = fixture.sfn.list_executions().state_machine_arn(&machine).send().await.unwrap();
    let first = fixture.sfn.describe_execution().execution_arn(&listed.executions[0].execution_arn);
    let input = first.send().await.unwrap().input.unwrap();
    fixture.sfn.start_execution().state_machine_arn(machine).name("second").input(input).send().await.unwrap();
    fixture.hours(5).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    assert_eq!((fixture.databases().await, fixture.running().await), (BTreeSet::new(), 0));
    assert_eq!(fixture.calls("RestoreDBInstanceFromDBSnapshot"), 1);
    assert!(fixture.messages().await.iter().all(|message| message["conclusion"] == "verified"));
}

#[tokio::test(start_paused = true)]
async fn names_that_no_job_can_have_do_not_hold_up_the_others() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let mut copies = Vec::new();
    for name in ["draco-old-a-1a2b3c4d5e6f", "draco-verify-b-1a2b3c4d5e6f", "orders"] {
        copies.push(fixture.copy(Kind::Instance, name).await);
    }
    fixture.hours(6).await;
    for copy in copies {
        assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"), "{copy}");
    }
    assert_eq!(fixture.databases().await, BTreeSet::new());
}

#[tokio::test(start_paused = true)]
async fn the_time_for_keeping_a_bad_copy_is_no_time_for_checks() {
    let more = [("VERIFY_HOURS", "6"), ("KEEP_FAILED_HOURS", "48")];
    let fixture = Fixture::new(&more, script(|_| Err("it is broken".to_owned()))).await;
    fixture.copy(Kind::Instance, "orders").await;
    fixture.until_there(true).await;
    fixture.hours(8).await;
    assert_eq!(fixture.databases().await, BTreeSet::new());
}

// A copy is thinned long before its database is verified again.
#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_database_outlives_its_copies() {
    let runs = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&runs);
    let checker = script(move |_| {
        *seen.lock().unwrap() += 1;
        done(good())
    });
    let fixture = Fixture::new(&[], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    assert_eq!(*runs.lock().unwrap(), 1);
    let origin = Origin::from_tags(&fixture.cloud.find(&copy).await.unwrap().unwrap().tags).unwrap();
    fixture.later_copy(&origin).await;
    fixture.cloud.delete(&copy).await.unwrap();
    fixture.hours(48).await;
    assert_eq!(*runs.lock().unwrap(), 1);
    fixture.hours(6 * 24).await;
    assert_eq!(*runs.lock().unwrap(), 2);
}

// Invariant 27: an older copy has fewer rows, and that is no loss.
#[tokio::test(start_paused = true)]
async fn an_older_copy_is_not_compared_with_a_newer_one() {
    let fixture = Fixture::new(&[("VERIFY_EVERY_DAYS", "1")], script(|_| done(good()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    let origin = Origin::from_tags(&fixture.cloud.find(&copy).await.unwrap().unwrap().tags).unwrap();
    let key = format!("databases/{SOURCE}/{REGION}/db/orders.json");
    let mut larger = good();
    larger.tables[0].rows = 900_000;
    let taken = origin.taken + TimeDelta::days(1);
    let last = Last { taken, profile: Profile::of(&larger), values: BTreeMap::new() };
    let last = serde_json::to_string(&last).unwrap();
    put(&fixture.cloud, &key, last.as_bytes()).await;
    fixture.hours(4).await;
    let messages = fixture.messages().await;
    assert_eq!(messages[0]["changes_in_all"], 0, "{messages:?}");
    let kept = fixture.cloud.read_object(BUCKET, &key).await.unwrap().unwrap().content;
    assert_eq!(String::from_utf8(kept).unwrap(), last);
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_measure_of_earlier_data_is_replaced() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    let key = format!("databases/{SOURCE}/{REGION}/db/orders.json");
    put(&fixture.cloud, &key, b"{").await;
    fixture.hours(4).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    let kept = fixture.cloud.read_object(BUCKET, &key).await.unwrap().unwrap().content;
    serde_json::from_slice::<Last>(&kept).unwrap();
}

// Invariant 26: the values of a database are in the report alone.
#[tokio::test(start_paused = true)]
async fn no_value_of_the_database_is_in_a_message() {
    const SECRET: &str = "alice@example.com";
    let checker = script(move |_| {
        let verdict = Verdict::Failed { expected: "^[0-9]+$".to_owned(), actual: SECRET.to_owned() };
        let (id, sql, database) = ("c1".to_owned(), format!("select '{SECRET}'"), "shop".to_owned());
        let result = CheckResult { id, sql, database, verdict, value: None, milliseconds: 1 };
        done(Part { checks: [(0, result)].into(), ..good() })
    });
    let fixture = Fixture::new(&[], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    let verdict = fixture.verdict(&copy).await.unwrap();
    assert!(verdict.starts_with("failed"), "{verdict}");
    let messages = format!("{:?}", fixture.messages().await);
    assert!(messages.contains("the check c1 failed") && !messages.contains(SECRET), "{messages}");
}

// Invariant 27.
#[tokio::test(start_paused = true)]
async fn checks_that_cannot_be_read_count() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let mixed = json!({ "orders": [{ "sql": "select 1" }], "other": [] });
    put(&fixture.cloud, "checks.json", mixed.to_string().as_bytes()).await;
    let (orders, other) = (fixture.copy(Kind::Instance, "orders").await, fixture.copy(Kind::Instance, "other").await);
    fixture.hours(5).await;
    assert_eq!(fixture.verdict(&orders).await.as_deref(), Some("not-verified available read"));
    assert_eq!(fixture.verdict(&other).await.as_deref(), Some("verified available read"));
    assert!(
        fixture.messages().await.iter().any(|message| message["reason"].to_string().contains("checks.json: orders"))
    );
}
