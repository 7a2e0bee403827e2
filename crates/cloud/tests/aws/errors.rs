//! Each class of error, and the line that an operator reads.

use super::*;
use cloud::{Class, Error};
use protocol::wait::{Answer, Timer};
use serde_json::json;
use sim::fault::Action;

const ATTEMPTS: usize = cloud::RDS_ATTEMPTS as usize;

/// What a caller and an operator see of it.
fn told<T: std::fmt::Debug>(answer: Result<T, Error>) -> (Class, String) {
    let error = answer.expect_err("an error");
    (error.class(), error.to_string())
}

fn has(told: &(Class, String), class: Class, begin: &str, end: &str) {
    let (is, line) = told;
    assert_eq!(*is, class, "{line}");
    assert!(line.starts_with(begin) && line.ends_with(end), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_refuses_is_told_with_the_account_that_it_should_let_in() {
    for kind in Kind::ALL {
        let world = world();
        let (transit, own) = (shared(&world, kind, false).await, key(&world, DR, &[]).await);
        let dr = cloud(&world, DR);
        let told = told(dr.copy(&transit, &arn(kind, DR, "copy"), Some(&own), &Tags::default()).await);
        let end = "; check that the transit key's policy allows 222222222222";
        has(&told, Class::KeyRefused, "copying transit to copy: KMSKeyNotAccessibleFault: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_ones_own_that_refuses_is_told_as_such() {
    for kind in Kind::ALL {
        let world = world();
        let (source, own) = (snapshot(&world, kind).await, key(&world, PROD, &[]).await);
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, HERE));
        kms.disable_key().key_id(&own).send().await.expect("a change");
        let to = arn(kind, PROD, "c");
        let told = told(cloud(&world, PROD).copy(&source, &to, Some(&own), &Tags::default()).await);
        let end = "; check that the key is enabled and that its policy and this function's role allow kms:CreateGrant";
        has(&told, Class::KeyRefused, "copying s to c: KMSKeyNotAccessibleFault: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_told_with_what_makes_room() {
    for kind in Kind::ALL {
        let world = World::with_settings(Settings { snapshot_quota: 1, ..settings() });
        let source = snapshot(&world, kind).await;
        let told = told(cloud(&world, PROD).copy(&source, &arn(kind, PROD, "c"), None, &Tags::default()).await);
        let end = "; raise the manual snapshot quota of 111111111111, or keep fewer copies";
        has(&told, Class::Quota, "copying s to c: SnapshotQuotaExceeded: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_twenty_first_account_is_too_many_to_share_with() {
    for kind in Kind::ALL {
        let world = world();
        let (transit, prod) = (shared(&world, kind, true).await, cloud(&world, PROD));
        for n in 0..19_u64 {
            let other = format!("{:012}", 500_000_000_000 + n).parse().expect("an account");
            prod.share(&transit, &other).await.expect("a share");
        }
        let told = told(prod.share(&transit, &"600000000000".parse().expect("an account")).await);
        let end = "; a snapshot can be shared with at most 20 accounts: remove one";
        has(&told, Class::Quota, "sharing transit with 600000000000: SharedSnapshotQuotaExceeded: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_throttled_is_tried_again_and_then_told() {
    let world = world();
    let prod = cloud(&world, PROD);
    let looks = ["DescribeDBSnapshots", "DescribeDBClusterSnapshots"];
    for (kind, look) in Kind::ALL.into_iter().zip(looks) {
        plan(&world, look, &[Action::Throttle; ATTEMPTS - 1]);
        assert_eq!(prod.find(&arn(kind, PROD, "s")).await, Ok(None));
        plan(&world, look, &[Action::Throttle; ATTEMPTS]);
        let told = told(prod.find(&arn(kind, PROD, "s")).await);
        let end =
            "Throttling: Rate exceeded; Draco retries; if it persists, ask AWS for a higher API rate for 111111111111";
        has(&told, Class::Throttled, "describing s: ", end);
    }
    assert_eq!(calls(&world, &looks), 4 * ATTEMPTS);
}

/// The SDK's own store of retries is the process's. A cloud's is its own, so that one that fails much takes no retries
/// from another.
#[tokio::test(start_paused = true)]
async fn one_cloud_that_fails_much_takes_no_retries_from_another() {
    let world = world();
    let s = arn(Kind::Instance, PROD, "s");
    let failing = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore; 300]);
    for _ in 0..80 {
        assert_eq!(told(failing.find(&s).await).0, Class::Unreachable);
    }
    assert!(calls(&world, &["DescribeDBSnapshots"]) < 80 * ATTEMPTS, "the store of retries is not empty");
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore, Action::FailBefore]);
    assert_eq!(cloud(&world, PROD).find(&s).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_awss_is_told_as_no_answer() {
    let world = world();
    let prod = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore; ATTEMPTS]);
    let told = told(prod.find(&arn(Kind::Instance, PROD, "s")).await);
    let end = "; Draco retries; if it persists, check the network and the AWS Health Dashboard";
    has(&told, Class::Unreachable, "describing s: InternalFailure: ", end);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_told_as_no_answer() {
    let world = world();
    let prod = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::Delay(Duration::from_hours(1)); ATTEMPTS]);
    let told = told(prod.find(&arn(Kind::Instance, PROD, "s")).await);
    has(&told, Class::Unreachable, "describing s: Timeout: ", "Health Dashboard");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_vanishes_before_it_is_copied_or_shared_is_gone() {
    let world = world();
    for kind in Kind::ALL {
        let (none, to) = (arn(kind, PROD, "none"), arn(kind, DR, "copy"));
        let of_others = told(cloud(&world, DR).copy(&none, &to, None, &Tags::default()).await);
        let end = "; check that the transit copy still exists and is shared with 222222222222";
        has(&of_others, Class::Gone, "copying none to copy: ", end);
        let shared = told(cloud(&world, PROD).share(&none, &DR.parse().expect("an account")).await);
        has(&shared, Class::Gone, "sharing none with 222222222222: ", "; it was deleted in the meantime");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_whole_is_in_the_wrong_state() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", true).await;
        let (young, prod) = (take(&world, kind, "orders", "young", &[]).await, cloud(&world, PROD));
        let copied = told(prod.copy(&young, &arn(kind, PROD, "c"), None, &Tags::default()).await);
        has(&copied, Class::WrongState, "copying young to c: InvalidDB", "can be copied; Draco retries");
        let shared = told(prod.share(&young, &DR.parse().expect("an account")).await);
        has(
            &shared,
            Class::WrongState,
            "sharing young with 222222222222: InvalidDB",
            "not encrypted under a default key can be shared",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_topic_or_a_role_does_not_let_is_denied() {
    let world = world();
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(DR, HERE));
    let topic = sns.create_topic().name("DracoConsumer").send().await.expect("a topic").topic_arn.expect("an ARN");
    let said = told(cloud(&world, PROD).publish(&topic, &messages::message()).await);
    let begin = format!("publishing snapshot-copy-completed for rds:orders to {topic}: AuthorizationError: ");
    let end = "; check that the topic's policy and this function's role allow 111111111111 to publish";
    has(&said, Class::Denied, &begin, end);

    let nothing = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "kms:*", "Resource": "*" },
    ] });
    let denied = cloud_as(&world, DR, "consumer", &nothing.to_string());
    let key = told(denied.find_or_create_key("alias/DRACO-orders", "orders", &Tags::default()).await);
    let end = "; check the permissions of this function's role";
    has(&key, Class::Denied, "finding or creating the key alias/DRACO-orders: AccessDeniedException: ", end);
}

#[tokio::test(start_paused = true)]
async fn a_topic_or_a_state_machine_that_is_not_there_is_gone() {
    let (world, topic) = (world(), place(DR).arn("sns", "DracoConsumer"));
    let prod = cloud(&world, PROD);
    let said = told(prod.publish(&topic, &messages::message()).await);
    has(&said, Class::Gone, "publishing ", "; check that the other account's stack exists in this region");
    let machine = place(PROD).arn("states", "stateMachine:draco-wait4copy");
    let timer = Timer { trigger: timers::trigger(), answer: Answer::Done };
    let started = told(prod.start_timer(&machine, "t", &timer).await);
    let begin = format!("starting the timer t of {machine}: StateMachineDoesNotExist: ");
    has(&started, Class::Gone, &begin, "; check that WAIT4COPY_ARN is the state machine of this stack");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_no_table_is_told_as_aws_tells_it() {
    let world = world();
    let source = snapshot(&world, Kind::Instance).await;
    let tags = Tags::from_iter([("aws:reserved", "x")]);
    let told = told(cloud(&world, PROD).copy(&source, &arn(Kind::Instance, PROD, "c"), None, &tags).await);
    has(&told, Class::Other, "copying s to c: InvalidParameterValue: ", r#"reserved prefix "aws:"."#);
}
