//! Nothing is left behind, wherever a run fails or ends.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use probe::experiments::all;
use probe::{Experiment, Journal};
use sim::World;
use sim::fault::{Action, Fault, Plan, Point};
use sim::questions::Answers;

use crate::{DR, REGION, SOURCE, lab, lab_of, path, run, world};

/// Experiments that together create something of every type, without the long waits for backups.
pub(crate) fn some() -> Vec<&'static Experiment> {
    let names = ["copy-events", "times-of-copies"];
    all().filter(|experiment| names.contains(&experiment.name)).collect()
}

/// The resources in both accounts. Keys count until they are scheduled for deletion.
pub(crate) async fn existing(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for account in [SOURCE, DR] {
        let sdk = world.sdk_config(account, REGION);
        let rds = aws_sdk_rds::Client::new(&sdk);
        let databases = rds.describe_db_instances().send().await.unwrap();
        all.extend(databases.db_instances().iter().filter_map(|found| found.db_instance_arn().map(str::to_owned)));
        let snapshots = rds.describe_db_snapshots().send().await.unwrap();
        all.extend(snapshots.db_snapshots().iter().filter_map(|found| found.db_snapshot_arn().map(str::to_owned)));
        let subscriptions = rds.describe_event_subscriptions().send().await.unwrap();
        let subscriptions = subscriptions.event_subscriptions_list().iter();
        all.extend(subscriptions.filter_map(|found| found.cust_subscription_id().map(str::to_owned)));
        let topics = aws_sdk_sns::Client::new(&sdk).list_topics().send().await.unwrap();
        all.extend(topics.topics().iter().filter_map(|found| found.topic_arn().map(str::to_owned)));
        let kms = aws_sdk_kms::Client::new(&sdk);
        for key in kms.list_keys().send().await.unwrap().keys() {
            let described = kms.describe_key().set_key_id(key.key_id().map(str::to_owned)).send().await.unwrap();
            let key = described.key_metadata().unwrap();
            if key.key_manager() == Some(&aws_sdk_kms::types::KeyManagerType::Customer) && key.deletion_date().is_none()
            {
                all.push(key.arn().unwrap().to_owned());
            }
        }
        let sqs = aws_sdk_sqs::Client::new(&sdk);
        for queue in ["clock", "events"] {
            let name = format!("draco-probe-00000000-{queue}");
            all.extend(sqs.get_queue_url().queue_name(name).send().await.ok().and_then(|found| found.queue_url));
        }
    }
    all
}

fn creates(operation: &str) -> bool {
    ["Create", "Copy", "Subscribe", "SetTopic", "Modify"].iter().any(|prefix| operation.starts_with(prefix))
}

/// The operations that create something, and how often an undisturbed run calls each.
async fn creations() -> BTreeMap<String, u32> {
    let world = world(Answers::default());
    run(&mut lab(&world, "undisturbed"), &some()).await;
    let mut counts = BTreeMap::new();
    world.journal(|journal| {
        for (_, _, operation) in journal.calls() {
            if creates(operation) {
                *counts.entry(operation.to_owned()).or_default() += 1;
            }
        }
    });
    counts
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_leaves_nothing_behind() {
    for (operation, count) in creations().await {
        for nth in 1..=count {
            for action in [Action::Refuse("InvalidParameterValue"), Action::FailAfter] {
                let world = world(Answers::default());
                world.plan_faults(Plan::List(vec![Fault { at: Point::Call(operation.clone()), nth, action }]));
                run(&mut lab(&world, "failing"), &some()).await;
                assert_eq!(existing(&world).await, [""; 0], "{action:?} at call {nth} of {operation}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_is_removed_by_its_journal() {
    let ended = world(Answers::default());
    run(&mut lab(&ended, "complete"), &some()).await;
    // The run is killed at each call that creates something: before AWS receives it, and after its effect.
    let calls: Vec<usize> = ended.journal(|journal| {
        let calls = journal.calls().enumerate().filter(|(_, (_, _, operation))| creates(operation));
        calls.flat_map(|(nth, _)| [nth, nth + 1]).collect()
    });
    for killed_after in calls {
        let world = world(Answers::default());
        let mut killed = lab(&world, "killed");
        // It is asked whenever the run goes on.
        let end = poll_fn(|_| match world.journal(|journal| journal.calls().count()) < killed_after {
            true => Poll::Pending,
            false => Poll::Ready(()),
        });
        let some = some();
        tokio::select! {
            biased;
            () = end => {}
            _ = killed.run(&some, |_| {}) => {}
        }
        drop(killed);
        let mut lab = lab_of(&world, Journal::open(&path("killed")).unwrap());
        assert_eq!(lab.remove_all().await, []);
        assert_eq!(existing(&world).await, [""; 0], "killed after {killed_after} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_without_the_tag_of_the_run_is_not_deleted() {
    let world = world(Answers::default());
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(SOURCE, REGION));
    let request = rds.create_db_instance().db_instance_identifier("draco-probe-00000000-instance").engine("postgres");
    let request = request.db_instance_class("db.t4g.micro").allocated_storage(20);
    request.master_username("probe").master_user_password("of-the-owner").send().await.unwrap();
    let mut lab = lab(&world, "foreign");
    lab.run(&some(), |_| {}).await.unwrap();
    let leftovers = lab.remove_all().await;
    assert_eq!(
        leftovers.iter().map(|leftover| leftover.resource.name.as_str()).collect::<Vec<_>>(),
        ["draco-probe-00000000-instance"]
    );
    assert!(existing(&world).await.iter().any(|arn| arn.ends_with(":db:draco-probe-00000000-instance")));
}
