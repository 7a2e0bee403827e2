//! Regions that are cut off, and regions that an account has not enabled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::error::SdkError;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use serde_json::{Value, json};
use sim::World;
use sim::fault::{Action, Fault, Plan, Point};
use sim::journal::{Event, InvocationOutcome};
use sim::lambda::{Function, Invocation};
use sim::questions::LostSourceRegion;

use crate::rds::support::{BOTH, CopyRequest, DatabaseSpec, MINUTE, OTHER_REGION, Query, Rds};
use crate::support::{DR, PROD, REGION, epoch, world, world_where};

const HOUR: Duration = Duration::from_hours(1);

/// A client whose failed calls do not use up the retries of others.
fn sns(world: &World, account: &str, region: &str) -> aws_sdk_sns::Client {
    let own = RetryPartition::custom("cut").token_bucket(TokenBucket::default()).build();
    let config = world.sdk_config(account, region);
    aws_sdk_sns::Client::from_conf(aws_sdk_sns::config::Builder::from(&config).retry_partition(own).build())
}

/// A function that notes the minutes at which it runs, and then sleeps.
fn noting(world: &World, sleeps: Duration) -> (Function, Arc<Mutex<Vec<i64>>>) {
    let minutes = Arc::new(Mutex::new(Vec::new()));
    let (noted, world) = (Arc::clone(&minutes), world.clone());
    let function = Function::new("f", move |_: Invocation| {
        let (noted, world) = (Arc::clone(&noted), world.clone());
        async move {
            noted.lock().expect("a lock").push((world.now() - epoch()).num_minutes());
            tokio::time::sleep(sleeps).await;
            Ok(Value::Null)
        }
    });
    (function, minutes)
}

fn minutes(noted: &Mutex<Vec<i64>>) -> Vec<i64> {
    noted.lock().expect("a lock").clone()
}

#[tokio::test(start_paused = true)]
async fn calls_to_a_lost_region_do_not_connect_and_others_do() {
    let world = world();
    let [here, there] = [REGION, OTHER_REGION].map(|region| sns(&world, PROD, region));
    world.cut_region(REGION);
    let failed = here.create_topic().name("t").send().await.expect_err("no answer");
    assert!(matches!(&failed, SdkError::DispatchFailure(why) if why.is_timeout()), "{failed:?}");
    there.create_topic().name("t").send().await.expect("a topic");
    let errors = world.journal(|journal| {
        let calls = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Call { region, error, .. } => Some((region.clone(), error.clone())),
            _ => None,
        });
        calls.collect::<Vec<_>>()
    });
    // The SDK tries three times.
    let unreachable = (REGION.to_owned(), Some("Unreachable".to_owned()));
    assert_eq!(errors, [vec![unreachable; 3], vec![(OTHER_REGION.to_owned(), None)]].concat());
    world.restore_region(REGION);
    here.create_topic().name("t").send().await.expect("a topic");
}

#[tokio::test(start_paused = true)]
async fn functions_of_a_lost_region_are_killed_and_their_events_go_on_later() {
    let world = world();
    let (function, noted) = noting(&world, 5 * MINUTE);
    let arn = world.add_function(PROD, REGION, "f", function.timeout(10 * MINUTE));
    world.invoke_function(&arn, json!({}));
    world.sleep(MINUTE).await;
    world.cut_region(REGION);
    // The retry is due while the region is lost.
    world.sleep(60 * MINUTE).await;
    world.invoke_function(&arn, json!({}));
    assert_eq!(minutes(&noted), [0]);
    world.restore_region(REGION);
    world.sleep(MINUTE).await;
    assert_eq!(minutes(&noted), [0, 61, 61]);
    world.sleep(10 * MINUTE).await;
    let outcomes = world.journal(|journal| {
        let outcomes = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Invocation { outcome, .. } => Some(*outcome),
            _ => None,
        });
        outcomes.collect::<Vec<_>>()
    });
    assert_eq!(outcomes, [InvocationOutcome::Killed, InvocationOutcome::Ok, InvocationOutcome::Ok]);
}

/// "New events might age out before Lambda has a chance to send them to your function" (guide).
#[tokio::test(start_paused = true)]
async fn events_that_waited_for_a_lost_region_for_six_hours_are_given_up() {
    let world = world();
    let failing = Function::new("f", |_| async { Err("not now".to_owned()) });
    let arn = world.add_function(PROD, REGION, "f", failing.on_failure("arn:aws:sqs:eu-west-1:111111111111:dead"));
    world.invoke_function(&arn, json!({}));
    world.sleep(Duration::from_secs(30)).await;
    world.cut_region(REGION);
    world.sleep(7 * HOUR).await;
    world.restore_region(REGION);
    world.sleep(MINUTE).await;
    let (runs, letters) = world.journal(|journal| {
        let count = |of: fn(&Event) -> bool| journal.entries().iter().filter(|entry| of(&entry.event)).count();
        (
            count(|event| matches!(event, Event::Invocation { .. })),
            count(|event| matches!(event, Event::DeadLetter { .. })),
        )
    });
    assert_eq!((runs, letters), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn missed_schedules_are_not_made_up_and_timers_end_late() {
    let world = world();
    let (function, noted) = noting(&world, Duration::ZERO);
    let arn = world.add_function(PROD, REGION, "f", function);
    world.add_schedule(PROD, REGION, "hourly", HOUR, &arn, json!({}));
    let client = aws_sdk_sfn::Client::new(&world.sdk_config(PROD, REGION));
    let definition = json!({ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 7200, "End": true } } });
    let create = client.create_state_machine().name("timer").role_arn("arn:aws:iam::111111111111:role/timer");
    let machine = create.definition(definition.to_string()).send().await.expect("a machine").state_machine_arn;
    let run = client.start_execution().state_machine_arn(machine).send().await.expect("an execution").execution_arn;
    world.sleep(90 * MINUTE).await;
    world.cut_region(REGION);
    world.sleep(160 * MINUTE).await;
    world.restore_region(REGION);
    world.sleep(90 * MINUTE).await;
    assert_eq!(minutes(&noted), [60, 300]);
    let seen = client.describe_execution().execution_arn(run).send().await.expect("an execution");
    let stopped = seen.stop_date.expect("an end").secs() - epoch().timestamp();
    assert_eq!((seen.status.as_str(), stopped / 60), ("SUCCEEDED", 250));
}

#[tokio::test(start_paused = true)]
async fn messages_wait_for_a_lost_region_and_sns_gives_up_after_23_days() {
    for (days, expected) in [(22, vec![22 * 24 * 60]), (24, vec![])] {
        let world = world();
        // The topic is in another region than the function.
        let sns = sns(&world, PROD, OTHER_REGION);
        let topic = sns.create_topic().name("t").send().await.expect("a topic").topic_arn.expect("an ARN");
        let (function, noted) = noting(&world, Duration::ZERO);
        let arn = world.add_function(PROD, REGION, "f", function);
        sns.subscribe().topic_arn(&topic).protocol("lambda").endpoint(arn).send().await.expect("a subscription");
        world.cut_region(REGION);
        sns.publish().topic_arn(&topic).message("x").send().await.expect("a message");
        world.sleep(days * 24 * HOUR).await;
        world.restore_region(REGION);
        world.sleep(MINUTE).await;
        assert_eq!(minutes(&noted), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_accepted_before_the_loss_arrives_afterwards() {
    let world = world();
    let sns = sns(&world, PROD, REGION);
    let topic = sns.create_topic().name("t").send().await.expect("a topic").topic_arn.expect("an ARN");
    let (function, noted) = noting(&world, Duration::ZERO);
    let arn = world.add_function(PROD, REGION, "f", function);
    sns.subscribe().topic_arn(&topic).protocol("lambda").endpoint(arn).send().await.expect("a subscription");
    world.plan_faults(Plan::List(vec![Fault {
        at: Point::Delivery("t".to_owned()),
        nth: 0,
        action: Action::Delay(MINUTE),
    }]));
    sns.publish().topic_arn(&topic).message("x").send().await.expect("a message");
    world.cut_region(REGION);
    world.sleep(HOUR).await;
    world.restore_region(REGION);
    world.sleep(MINUTE).await;
    assert_eq!(minutes(&noted), [60]);
}

#[tokio::test(start_paused = true)]
async fn copies_from_a_lost_region_fail_or_stall() {
    for answer in LostSourceRegion::ALL {
        let world = world_where(|answers| answers.lost_source_region = *answer);
        for kind in BOTH {
            let prod = Rds::new(&world, PROD, REGION, kind);
            let dr = Rds::new(&world, DR, OTHER_REGION, kind);
            prod.snapshot(&world, "source").await;
            prod.share("source", &[DR], &[]).await.expect("a share");
            let source = kind.arn(PROD, REGION, "source");
            let copy = CopyRequest { source: &source, target: "target", ..CopyRequest::default() };
            dr.copy(copy.clone()).await.expect("a copy");
            world.sleep(4 * MINUTE).await;
            world.cut_region(REGION);
            world.sleep(60 * MINUTE).await;
            let seen = dr.describe("target").await.expect("it");
            let expected = match answer {
                LostSourceRegion::Fails => ("failed", 40),
                LostSourceRegion::Stalls => ("creating", 99),
            };
            assert_eq!((seen.status.as_str(), seen.percent), expected);
            // A new copy cannot be authorized.
            let new = dr.copy(CopyRequest { target: "new", ..copy }).await;
            assert_eq!(new.map(drop), Err("InternalFailure".to_owned()));
            world.restore_region(REGION);
            world.sleep(5 * MINUTE).await;
            if *answer == LostSourceRegion::Stalls {
                let seen = dr.describe("target").await.expect("it");
                assert_eq!((seen.status.as_str(), seen.percent), ("creating", 90));
                world.sleep(MINUTE).await;
                assert_eq!(dr.describe("target").await.expect("it").status, "available");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn copies_in_a_lost_region_and_its_backups_wait() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("daily", DatabaseSpec::daily(7)).await.expect("a database");
    }
    // After the backup at 04:00.
    world.sleep(2 * HOUR).await;
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let automated = Query { origin: Some("automated"), ..Query::default() };
        let first = rds.ids(automated).await.expect("a page").remove(0);
        rds.copy(CopyRequest { source: &first, target: "copy", ..CopyRequest::default() }).await.expect("a copy");
    }
    world.cut_region(REGION);
    world.sleep(36 * HOUR).await;
    world.restore_region(REGION);
    world.sleep(Duration::from_secs(1)).await;
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        assert_eq!(rds.describe("copy").await.expect("it").status, "available");
        let automated = || Query { origin: Some("automated"), ..Query::default() };
        assert_eq!(rds.ids(automated()).await.expect("a page").len(), 1, "the backup of the second day was missed");
    }
    world.sleep(12 * HOUR).await;
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let automated = Query { origin: Some("automated"), ..Query::default() };
        assert_eq!(rds.ids(automated).await.expect("a page").len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_to_a_region_that_the_account_has_not_enabled_are_refused() {
    let world = world();
    world.disable_region(PROD, OTHER_REGION);
    let config = world.sdk_config_for_role(PROD, OTHER_REGION, "backup");
    let query = crate::support::code(aws_sdk_rds::Client::new(&config).describe_db_instances().send().await);
    assert_eq!(query.map(drop), Err("InvalidClientTokenId".to_owned()));
    let json = crate::support::code(aws_sdk_kms::Client::new(&config).list_keys().send().await);
    assert_eq!(json.map(drop), Err("UnrecognizedClientException".to_owned()));
    for (account, region) in [(PROD, REGION), (DR, OTHER_REGION)] {
        sns(&world, account, region).list_topics().send().await.expect("an answer");
    }
    world.enable_region(PROD, OTHER_REGION);
    sns(&world, PROD, OTHER_REGION).list_topics().send().await.expect("an answer");
}
