//! The logging, tracing and tags of state machines, and what makes a machine or an execution the same as an earlier one.

use aws_sdk_sfn::types::{
    CloudWatchLogsLogGroup, LogDestination, LogLevel, LoggingConfiguration, Tag, TracingConfiguration,
};

use super::*;

const LOG_GROUP: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:timer:*";

fn definition() -> String {
    states(json!({ "A": { "Type": "Wait", "Seconds": 3600, "End": true } })).to_string()
}

fn logging(level: LogLevel, destinations: &[&str]) -> LoggingConfiguration {
    let group = |arn: &&str| {
        let group = CloudWatchLogsLogGroup::builder().log_group_arn(*arn).build();
        LogDestination::builder().cloud_watch_logs_log_group(group).build()
    };
    let all = destinations.iter().map(group).collect();
    LoggingConfiguration::builder().level(level).include_execution_data(true).set_destinations(Some(all)).build()
}

fn tracing() -> TracingConfiguration {
    TracingConfiguration::builder().enabled(true).build()
}

#[tokio::test(start_paused = true)]
async fn logging_and_tracing_are_off_until_they_are_set() {
    let (_, client) = world();
    let arn = machine(&client, "timer", &states(json!({ "A": { "Type": "Succeed" } }))).await;
    let describe = async || client.describe_state_machine().state_machine_arn(&arn).send().await.expect("a machine");
    let off = LoggingConfiguration::builder().level(LogLevel::Off).include_execution_data(false).build();
    let seen = describe().await;
    assert_eq!((seen.logging_configuration, seen.revision_id), (Some(off), None));
    assert_eq!(seen.tracing_configuration, Some(TracingConfiguration::builder().enabled(false).build()));
    // LocalStack's test_update_logging_configuration recorded the revisions.
    let update = || client.update_state_machine().state_machine_arn(&arn);
    let all = logging(LogLevel::All, &[LOG_GROUP]);
    let first = update().logging_configuration(all.clone()).send().await.expect("an update").revision_id;
    let seen = describe().await;
    assert_eq!((seen.logging_configuration, &seen.revision_id), (Some(all.clone()), &first));
    assert_eq!(update().logging_configuration(all).send().await.expect("an update").revision_id, first);
    let second = update().tracing_configuration(tracing()).send().await.expect("an update").revision_id;
    assert_ne!(second, first);
    assert_eq!(describe().await.tracing_configuration, Some(tracing()));
}

// LocalStack's tests of logging recorded these errors.
#[tokio::test(start_paused = true)]
async fn logging_has_one_destination_unless_it_is_off() {
    let (_, client) = world();
    let create = async |name: &str, logging| {
        let new = client.create_state_machine().name(name).role_arn(ROLE).definition(definition());
        code(new.logging_configuration(logging).send().await).map(|_| ())
    };
    let refused = Err("InvalidLoggingConfiguration".to_owned());
    assert_eq!(create("a", logging(LogLevel::All, &[])).await, refused);
    assert_eq!(create("a", logging(LogLevel::Error, &[LOG_GROUP, LOG_GROUP])).await, refused);
    assert_eq!(
        create("a", logging(LogLevel::Fatal, &["arn:aws:logs:eu-west-1:111111111111:log-group:timer"])).await,
        refused
    );
    assert_eq!(create("a", logging("LOUD".into(), &[])).await, Err("ValidationException".to_owned()));
    create("a", logging(LogLevel::Off, &[])).await.expect("no destination");
    create("b", logging(LogLevel::Off, &[LOG_GROUP])).await.expect("a destination");
}

/// "CreateStateMachine's idempotency check is based on the state machine name, definition, type, LoggingConfiguration,
/// TracingConfiguration" (API reference).
#[tokio::test(start_paused = true)]
async fn a_machine_with_another_logging_or_tracing_is_another_machine() {
    let (_, client) = world();
    let create = || client.create_state_machine().name("timer").role_arn(ROLE).definition(definition());
    let exists = Err("StateMachineAlreadyExists".to_owned());
    let tag = Tag::builder().key("a").value("b").build();
    let arn = create().send().await.expect("a machine").state_machine_arn;
    create().logging_configuration(LoggingConfiguration::builder().build()).send().await.expect("the defaults");
    create().role_arn(format!("{ROLE}-other")).tags(tag).send().await.expect("role and tags do not count");
    let all = logging(LogLevel::All, &[LOG_GROUP]);
    assert_eq!(code(create().logging_configuration(all).send().await).map(|_| ()), exists);
    assert_eq!(code(create().tracing_configuration(tracing()).send().await).map(|_| ()), exists);
    let seen = client.describe_state_machine().state_machine_arn(&arn).send().await.expect("a machine");
    assert_eq!(seen.role_arn, ROLE);
    let tags = client.list_tags_for_resource().resource_arn(arn).send().await.expect("tags").tags;
    assert_eq!(tags, Some(vec![]));
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let (_, client) = world();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let new = client.create_state_machine().name("timer").role_arn(ROLE).definition(definition());
    let arn = new.tags(tag("a", "1")).send().await.expect("a machine").state_machine_arn;
    client.tag_resource().resource_arn(&arn).tags(tag("a", "2")).tags(tag("b", "")).send().await.expect("tagged");
    let list = async || client.list_tags_for_resource().resource_arn(&arn).send().await.expect("tags").tags;
    assert_eq!(list().await, Some(vec![tag("a", "2"), tag("b", "")]));
    client.untag_resource().resource_arn(&arn).tag_keys("a").send().await.expect("untagged");
    assert_eq!(list().await, Some(vec![tag("b", "")]));
    let absent = client.list_tags_for_resource().resource_arn(format!("{arn}:1")).send().await;
    assert_eq!(code(absent).err().as_deref(), Some("ResourceNotFound"));
    let many = (0..51).map(|number| tag(&number.to_string(), "")).collect();
    let many = client.tag_resource().resource_arn(&arn).set_tags(Some(many)).send().await;
    assert_eq!(code(many).err().as_deref(), Some("TooManyTags"));
}

#[tokio::test(start_paused = true)]
async fn versions_are_refused_and_so_is_the_arn_of_a_map() {
    let (_, client) = world();
    let new = || client.create_state_machine().name("timer").role_arn(ROLE).definition(definition());
    assert_eq!(code(new().publish(true).send().await).err().as_deref(), Some("NotSimulated"));
    assert_eq!(code(new().version_description("a").send().await).err().as_deref(), Some("ValidationException"));
    let arn = new().publish(false).send().await.expect("a machine").state_machine_arn;
    let map = client.start_execution().state_machine_arn(format!("{arn}/map")).send().await;
    assert_eq!(code(map).err().as_deref(), Some("ValidationException"));
}

/// "If you call StartExecution with the same name and input as a running execution, the call succeeds" (API reference). No
/// text says if another form of the same JSON is the same input, so that is refused.
#[tokio::test(start_paused = true)]
async fn an_execution_is_the_same_with_the_same_input_and_keeps_its_trace() {
    let (_, client) = world();
    let arn = machine(&client, "timer", &states(json!({ "A": { "Type": "Wait", "Seconds": 60, "End": true } }))).await;
    let start = || client.start_execution().state_machine_arn(&arn).name("run");
    let trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8";
    let first = start().input(r#"{"a":1}"#).trace_header(trace).send().await.expect("an execution").execution_arn;
    assert_eq!(start().input(r#"{"a":1}"#).send().await.expect("the same").execution_arn, first);
    assert_eq!(code(start().input(r#"{"a": 1}"#).send().await).err().as_deref(), Some("NotSimulated"));
    assert_eq!(code(start().input(r#"{"a":2}"#).send().await).err().as_deref(), Some("ExecutionAlreadyExists"));
    let seen = client.describe_execution().execution_arn(first).send().await.expect("an execution");
    assert_eq!(seen.trace_header.as_deref(), Some(trace));
}
