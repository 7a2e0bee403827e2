//! Every class of error, and its message.

use super::*;
use cloud::{Class, Error};
use protocol::topic::notification_topic;
use protocol::wait::{Answer, Timer};
use serde_json::json;
use sim::fault::Action;

const ATTEMPTS: usize = cloud::RDS_ATTEMPTS as usize;

/// The call failed with an error of this class, whose message begins and ends with these texts.
fn check<T: std::fmt::Debug>(result: Result<T, Error>, class: Class, begin: &str, end: &str) {
    let error = result.expect_err("an error");
    let message = error.to_string();
    assert_eq!(error.class(), class, "{message}");
    assert!(message.starts_with(begin) && message.ends_with(end), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_transit_key_is_reported_with_the_account_that_needs_it() {
    for kind in Kind::ALL {
        let world = world();
        let (transit, own) = (shared(&world, kind, false).await, key(&world, DR, &[]).await);
        let dr = cloud(&world, DR);
        let copied = dr.copy(&transit, &arn(kind, DR, "copy"), Some(&own), &Tags::default()).await;
        let end = "; check that the transit key's policy allows 222222222222";
        check(copied, Class::KeyRefused, "copying transit to copy: KMSKeyNotAccessibleFault: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_key_of_the_own_account_is_reported() {
    for kind in Kind::ALL {
        let world = world();
        let (source, own) = (snapshot(&world, kind).await, key(&world, PROD, &[]).await);
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, HERE));
        kms.disable_key().key_id(&own).send().await.expect("a disabled key");
        let to = arn(kind, PROD, "c");
        let copied = cloud(&world, PROD).copy(&source, &to, Some(&own), &Tags::default()).await;
        let end = "; check that the key is enabled and that its policy and this function's role allow kms:CreateGrant";
        check(copied, Class::KeyRefused, "copying s to c: KMSKeyNotAccessibleFault: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reached_quota_is_reported_with_the_remedy() {
    for kind in Kind::ALL {
        let world = World::with_settings(Settings { snapshot_quota: 1, ..settings() });
        let source = snapshot(&world, kind).await;
        let copied = cloud(&world, PROD).copy(&source, &arn(kind, PROD, "c"), None, &Tags::default()).await;
        let end = "; raise the manual snapshot quota of 111111111111, or keep fewer copies";
        check(copied, Class::Quota, "copying s to c: SnapshotQuotaExceeded: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_cannot_be_shared_with_more_than_twenty_accounts() {
    for kind in Kind::ALL {
        let world = world();
        let (transit, prod) = (shared(&world, kind, true).await, cloud(&world, PROD));
        for n in 0..19_u64 {
            let other = format!("{:012}", 500_000_000_000 + n).parse().expect("an account");
            prod.share(&transit, &other).await.expect("a share");
        }
        let shared = prod.share(&transit, &"600000000000".parse().expect("an account")).await;
        let end = "; a snapshot can be shared with at most 20 accounts: remove one";
        check(shared, Class::Quota, "sharing transit with 600000000000: SharedSnapshotQuotaExceeded: ", end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_retried_and_then_reported() {
    let world = world();
    let prod = cloud(&world, PROD);
    let operations = ["DescribeDBSnapshots", "DescribeDBClusterSnapshots"];
    for (kind, operation) in Kind::ALL.into_iter().zip(operations) {
        plan(&world, operation, &[Action::Throttle; ATTEMPTS - 1]);
        assert_eq!(prod.find(&arn(kind, PROD, "s")).await, Ok(None));
        plan(&world, operation, &[Action::Throttle; ATTEMPTS]);
        let found = prod.find(&arn(kind, PROD, "s")).await;
        let end =
            "Throttling: Rate exceeded; Draco retries; if it persists, ask AWS for a higher API rate for 111111111111";
        check(found, Class::Throttled, "describing s: ", end);
    }
    assert_eq!(calls(&world, &operations), 4 * ATTEMPTS);
}

/// By default, all clients of a process share the SDK's retry budget. Each `Cloud` has its own.
#[tokio::test(start_paused = true)]
async fn failures_of_one_cloud_do_not_reduce_the_retries_of_another() {
    let world = world();
    let s = arn(Kind::Instance, PROD, "s");
    let failing = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore; 300]);
    for _ in 0..80 {
        check(failing.find(&s).await, Class::Unreachable, "", "");
    }
    assert!(calls(&world, &["DescribeDBSnapshots"]) < 80 * ATTEMPTS, "the retry budget is not used up");
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore, Action::FailBefore]);
    assert_eq!(cloud(&world, PROD).find(&s).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn an_internal_failure_of_aws_is_reported_as_unreachable() {
    let world = world();
    let prod = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::FailBefore; ATTEMPTS]);
    let found = prod.find(&arn(Kind::Instance, PROD, "s")).await;
    let end = "; Draco retries; if it persists, check the network and the AWS Health Dashboard";
    check(found, Class::Unreachable, "describing s: InternalFailure: ", end);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_reported_as_unreachable() {
    let world = world();
    let prod = cloud(&world, PROD);
    plan(&world, "DescribeDBSnapshots", &[Action::Delay(Duration::from_hours(1)); ATTEMPTS]);
    let found = prod.find(&arn(Kind::Instance, PROD, "s")).await;
    check(found, Class::Unreachable, "describing s: Timeout: ", "Health Dashboard");
}

#[tokio::test(start_paused = true)]
async fn copying_or_sharing_a_deleted_snapshot_is_reported_as_gone() {
    let world = world();
    for kind in Kind::ALL {
        let (none, to) = (arn(kind, PROD, "none"), arn(kind, DR, "copy"));
        let copied = cloud(&world, DR).copy(&none, &to, None, &Tags::default()).await;
        let end = "; check that the transit copy still exists and is shared with 222222222222";
        check(copied, Class::Gone, "copying none to copy: ", end);
        let shared = cloud(&world, PROD).share(&none, &DR.parse().expect("an account")).await;
        check(shared, Class::Gone, "sharing none with 222222222222: ", "; it was deleted in the meantime");
    }
}

#[tokio::test(start_paused = true)]
async fn copying_or_sharing_an_unfinished_snapshot_is_reported_as_wrong_state() {
    for kind in Kind::ALL {
        let world = world();
        database(&world, kind, "orders", true).await;
        let (unfinished, prod) = (take(&world, kind, "orders", "new", &[]).await, cloud(&world, PROD));
        let copied = prod.copy(&unfinished, &arn(kind, PROD, "c"), None, &Tags::default()).await;
        check(copied, Class::WrongState, "copying new to c: InvalidDB", "can be copied; Draco retries");
        let shared = prod.share(&unfinished, &DR.parse().expect("an account")).await;
        check(
            shared,
            Class::WrongState,
            "sharing new with 222222222222: InvalidDB",
            "not encrypted under a default key can be shared",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_topic_or_role_does_not_allow_is_reported_as_denied() {
    let world = world();
    let sns = aws_sdk_sns::Client::new(&world.sdk_config(DR, HERE));
    let topic = sns.create_topic().name("DracoConsumer").send().await.expect("a topic").topic_arn.expect("an ARN");
    let topic = topic.parse().expect("a topic");
    let published = cloud(&world, PROD).publish(&topic, &messages::message()).await;
    let begin = format!("publishing snapshot-copy-completed for rds:orders to {topic}: AuthorizationError: ");
    let end = "; check that the topic's policy and this function's role allow 111111111111 to publish";
    check(published, Class::Denied, &begin, end);

    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "kms:*", "Resource": "*" },
    ] });
    let denied = cloud_as(&world, DR, "consumer", &policy.to_string());
    let key = denied.find_or_create_key("alias/DRACO-orders", "orders", &Tags::default()).await;
    let end = "; check the permissions of this function's role";
    check(key, Class::Denied, "finding or creating the key alias/DRACO-orders: AccessDeniedException: ", end);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_reported_as_such_and_not_as_a_missing_permission() {
    for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "UnrecognizedClientException"] {
        let world = world();
        let source = snapshot(&world, Kind::Instance).await;
        plan(&world, "CopyDBSnapshot", &[Action::Refuse(code), Action::Refuse(code), Action::Refuse(code)]);
        let copied = cloud(&world, PROD).copy(&source, &arn(Kind::Instance, PROD, "c"), None, &Tags::default()).await;
        let end = "; the credentials of 111111111111 are expired or invalid, or the clock is wrong: sign in again, and repeat the command";
        check(copied, Class::NotSignedIn, &format!("copying s to c: {code}: "), end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_topic_or_state_machine_is_reported_as_gone() {
    let (world, topic) = (world(), notification_topic(&place(DR)));
    let prod = cloud(&world, PROD);
    let published = prod.publish(&topic, &messages::message()).await;
    check(
        published,
        Class::Gone,
        "publishing ",
        "; check that the stack with that topic exists in its account and region",
    );
    let machine = place(PROD).arn("states", "stateMachine:draco-wait4copy");
    let timer = Timer { trigger: timers::trigger(), answer: Answer::Done };
    let started = prod.start_timer(&machine, "t", &timer).await;
    let begin = format!("starting the timer t of {machine}: StateMachineDoesNotExist: ");
    check(started, Class::Gone, &begin, "; check that WAIT4COPY_ARN is the state machine of this stack");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_request_and_an_unknown_error_are_reported_with_aws_s_message() {
    let world = world();
    let source = snapshot(&world, Kind::Instance).await;
    plan(&world, "CopyDBSnapshot", &[Action::Refuse("NewFault")]);
    let copied = cloud(&world, PROD).copy(&source, &arn(Kind::Instance, PROD, "c"), None, &Tags::default()).await;
    check(copied, Class::Other, "copying s to c: NewFault: ", "The request was refused.");
    let tags = Tags::from_iter([("aws:reserved", "x")]);
    let copied = cloud(&world, PROD).copy(&source, &arn(Kind::Instance, PROD, "c"), None, &tags).await;
    check(copied, Class::Invalid, "copying s to c: InvalidParameterValue: ", r#"reserved prefix "aws:"."#);
}
