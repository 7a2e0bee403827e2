//! From a copy to its verdict.

use super::*;

// Invariant 22. Invariant 27.
#[tokio::test(start_paused = true)]
async fn a_good_copy_is_verified_and_its_database_is_gone() {
    for kind in Kind::ALL {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tasks = Arc::clone(&seen);
        let checker = script(move |task| {
            tasks.lock().unwrap().push(task);
            done(good())
        });
        let fixture = Fixture::new(&[], checker).await;
        let copy = fixture.copy(kind, "orders").await;
        fixture.hours(4).await;
        assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
        assert_eq!(fixture.databases().await, BTreeSet::new());
        let tasks = seen.lock().unwrap().clone();
        let [task] = &tasks[..] else { panic!("{tasks:?}") };
        assert!(task.server.host.starts_with("draco-verify-orders-"), "{}", task.server.host);
        assert_eq!(task.marker, None);
        let messages = fixture.messages().await;
        let [message] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(message["conclusion"], "verified");
        assert_eq!(message["copy"], copy.to_string());
        assert!(message["restore_seconds"].as_i64() > Some(60), "{message}");
        // The database of a verification is temporary, and in the network of the stack.
        let restore = fixture.world.journal(|journal| journal.count_calls("DeleteDBInstance"));
        assert_eq!(restore, 1);
        // Not due again before a week has passed.
        fixture.hours(5 * 24).await;
        assert_eq!(seen.lock().unwrap().len(), 1);
        fixture.hours(3 * 24).await;
        assert_eq!(seen.lock().unwrap().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_checker_that_hands_on_continues_where_it_stopped() {
    let checker = script(|task| match task.marker {
        None => Ok(Answer { part: good(), next: Some(checks::Marker::default()) }),
        Some(_) => done(Part { tables: good().tables, ..Part::default() }),
    });
    let fixture = Fixture::new(&[], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
}

#[tokio::test(start_paused = true)]
async fn a_bad_copy_is_found_and_its_database_is_kept_for_a_person() {
    let checker = script(move |_| done(Part { faults: [damage()].into(), ..good() }));
    let fixture = Fixture::new(&[("KEEP_FAILED_HOURS", "24")], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    let verdict = fixture.verdict(&copy).await.unwrap();
    assert!(verdict.starts_with("failed"), "{verdict}");
    assert_eq!(fixture.databases().await.len(), 1);
    fixture.hours(24).await;
    assert_eq!(fixture.databases().await, BTreeSet::new());
    assert_eq!(fixture.messages().await[0]["conclusion"], "failed");
}

// A wrong root certificate or a name server that does not answer says nothing about the copy.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_reached_is_tried_again_and_then_nothing_is_known() {
    let fault = || Fault::Unreachable { why: "no address".to_owned() };
    for (failures, verdict) in [(4, "verified available read"), (5, "not-verified")] {
        let mut left = failures;
        let checker = script(move |_| {
            left -= 1;
            done(if left >= 0 { Part { faults: [fault()].into(), ..Part::default() } } else { good() })
        });
        let fixture = Fixture::new(&[], checker).await;
        let copy = fixture.copy(Kind::Instance, "orders").await;
        fixture.hours(4).await;
        assert_eq!(fixture.verdict(&copy).await.as_deref(), Some(verdict), "{failures}");
        assert_eq!(fixture.databases().await, BTreeSet::new());
        let message = &fixture.messages().await[0];
        assert_eq!(message["reason"].as_str(), (failures == 5).then_some("no address"), "{message}");
    }
}

// Invariant 22: whatever the checker does, the database is gone by its deadline.
#[tokio::test(start_paused = true)]
async fn a_checker_that_always_fails_verifies_nothing_and_costs_no_more_than_its_time() {
    let fixture = Fixture::new(&[("VERIFY_HOURS", "6")], script(|_| Err("it is broken".to_owned()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    assert_eq!(fixture.databases().await.len(), 1);
    fixture.hours(4).await;
    assert_eq!(fixture.databases().await, BTreeSet::new());
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("not-verified"));
}

// Invariant 26.
#[tokio::test(start_paused = true)]
async fn the_password_is_written_nowhere() {
    let password = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&password);
    let checker = script(move |task| {
        *seen.lock().unwrap() = task.server.password.reveal().to_owned();
        done(good())
    });
    let fixture = Fixture::new(&[], checker).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(4).await;
    let password = password.lock().unwrap().clone();
    assert!(password.len() >= 8);
    let found = fixture.cloud.find(&copy).await.unwrap().unwrap();
    assert!(!format!("{:?}", found.tags).contains(&password));
    assert!(!format!("{:?}", fixture.messages().await).contains(&password));
    let machine = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
    let listed = fixture.sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
    assert!(!listed.executions.is_empty());
    for execution in listed.executions {
        let arn = execution.execution_arn;
        let history = fixture.sfn.get_execution_history().execution_arn(arn).include_execution_data(true);
        let history = history.send().await.unwrap();
        assert!(history.events.len() > 5 && !format!("{history:?}").contains(&password));
    }
    let s3 = aws_sdk_s3::Client::new(&fixture.world.sdk_config(DR, REGION));
    let objects = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let keys: Vec<&str> = objects.contents().iter().filter_map(|object| object.key()).collect();
    assert!(keys.iter().any(|key| key.starts_with("jobs/")), "{keys:?}");
    for key in keys {
        let content = fixture.cloud.read_object(BUCKET, key).await.unwrap().unwrap().content;
        assert!(!String::from_utf8_lossy(&content).contains(&password), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_are_verified_at_once_as_allowed_the_longest_unverified_first() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let checker = script(move |task| {
        seen.lock().unwrap().push(task.server.host.split('-').nth(2).unwrap().to_owned());
        done(good())
    });
    let fixture = Fixture::new(&[("VERIFY_AT_ONCE", "1")], checker).await;
    let mut copies = Vec::new();
    for name in ["first", "second"] {
        copies.push(fixture.copy(Kind::Instance, name).await);
    }
    let mut most = 0;
    for _ in 0..40 {
        fixture.world.sleep(Duration::from_secs(600)).await;
        most = most.max(fixture.databases().await.len());
    }
    assert_eq!((most, &order.lock().unwrap()[..]), (1, &["first".to_owned(), "second".to_owned()][..]));
    for copy in copies {
        assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_users_checks_are_those_of_the_database() {
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let tasks = Arc::clone(&seen);
    let checker = script(move |task| {
        let name = task.server.host.split('-').nth(2).unwrap().to_owned();
        tasks.lock().unwrap().insert(name, task.checks.len());
        done(good())
    });
    let fixture = Fixture::new(&[], checker).await;
    let checks = json!({ "orders": [{ "sql": "select count(*) from orders", "at_least": 1000 }] });
    put(&fixture.cloud, "checks.json", checks.to_string().as_bytes()).await;
    let orders = fixture.copy(Kind::Instance, "orders").await;
    fixture.copy(Kind::Instance, "other").await;
    fixture.hours(5).await;
    let expected = BTreeMap::from([("orders".to_owned(), 1), ("other".to_owned(), 0)]);
    assert_eq!(*seen.lock().unwrap(), expected);
    // The stand-in ran no check, so the copy is not verified.
    assert_eq!(fixture.verdict(&orders).await.as_deref(), Some("not-verified available read"));
    let damaged = br#"{"orders": [{"sql": "select 1"}]}"#;
    put(&fixture.cloud, "checks.json", damaged).await;
    fixture.hours(30).await;
    let reports = fixture.messages().await;
    assert!(reports.iter().any(|report| report["conclusion"] == "not-verified"), "{reports:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_verification_goes_on_when_its_timer_is_lost() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let copy = fixture.copy(Kind::Instance, "orders").await;
    let machine = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
    let mut stopped = 0;
    for _ in 0..12 {
        fixture.world.sleep(Duration::from_secs(300)).await;
        let running = fixture.sfn.list_executions().state_machine_arn(&machine).send().await.unwrap();
        for execution in running.executions.iter().filter(|it| it.status.as_str() == "RUNNING") {
            if !fixture.databases().await.is_empty() && stopped == 0 {
                fixture.sfn.stop_execution().execution_arn(&execution.execution_arn).send().await.unwrap();
                stopped += 1;
            }
        }
    }
    assert_eq!(stopped, 1);
    fixture.hours(6).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
    assert_eq!(fixture.databases().await, BTreeSet::new());
}
