//! Secrets Manager through the AWS SDK.

mod keys;
mod permissions;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::Tag;
use sim::World;

use crate::support::{DR, PROD, REGION, code, world};

const DAY: Duration = Duration::from_hours(24);
/// A version's identifier has 32 to 64 characters.
const FIRST: &str = "11111111-0000-4000-8000-000000000000";
const SECOND: &str = "22222222-0000-4000-8000-000000000000";
const THIRD: &str = "33333333-0000-4000-8000-000000000000";

fn client(world: &World, account: &str) -> Client {
    Client::new(&world.sdk_config(account, REGION))
}

/// Creates a secret and returns its ARN.
async fn secret(secrets: &Client, name: &str, value: &str) -> String {
    let new = secrets.create_secret().name(name).secret_string(value).client_request_token(FIRST);
    new.send().await.expect("a secret").arn.expect("an ARN")
}

/// The current value, or that of a version or stage.
async fn value(secrets: &Client, named: &str, version: Option<&str>, stage: Option<&str>) -> Result<String, String> {
    let wanted = secrets.get_secret_value().secret_id(named);
    let wanted = wanted.set_version_id(version.map(str::to_owned)).set_version_stage(stage.map(str::to_owned));
    Ok(code(wanted.send().await)?.secret_string.unwrap_or_default())
}

async fn put(secrets: &Client, version: &str, value: &str, stages: &[&str]) -> Result<Vec<String>, String> {
    let stages = (!stages.is_empty()).then(|| stages.iter().map(|stage| (*stage).to_owned()).collect());
    let put = secrets.put_secret_value().secret_id("login").client_request_token(version).secret_string(value);
    let mut stages = code(put.set_version_stages(stages).send().await)?.version_stages.unwrap_or_default();
    stages.sort();
    Ok(stages)
}

/// The staging labels of each version.
async fn stages(secrets: &Client) -> BTreeMap<String, Vec<String>> {
    let described = secrets.describe_secret().secret_id("login").send().await.expect("a description");
    described.version_ids_to_stages.unwrap_or_default().into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_found_by_its_name_its_arn_and_its_arn_without_random_characters() {
    let world = world();
    let secrets = client(&world, PROD);
    let arn = secret(&secrets, "prod/login", "open sesame").await;
    let partial = format!("arn:aws:secretsmanager:{REGION}:{PROD}:secret:prod/login");
    assert_eq!(arn.strip_prefix(&partial).map(str::len), Some(7), "{arn}");
    for named in ["prod/login", &arn, &partial] {
        assert_eq!(value(&secrets, named, None, None).await, Ok("open sesame".to_owned()), "{named}");
    }
    let other = format!("{partial}-Zzzzzz");
    for named in ["prod", "login", &other] {
        assert_eq!(value(&secrets, named, None, None).await, Err("ResourceNotFoundException".to_owned()), "{named}");
    }
    // No secret has a policy that would allow it.
    assert_eq!(value(&client(&world, DR), &arn, None, None).await, Err("AccessDeniedException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_new_value_becomes_current_and_the_one_before_previous() {
    let secrets = client(&world(), PROD);
    secret(&secrets, "login", "one").await;
    assert_eq!(put(&secrets, SECOND, "two", &[]).await, Ok(vec!["AWSCURRENT".to_owned()]));
    assert_eq!(value(&secrets, "login", None, None).await, Ok("two".to_owned()));
    assert_eq!(value(&secrets, "login", None, Some("AWSPREVIOUS")).await, Ok("one".to_owned()));
    assert_eq!(value(&secrets, "login", Some(FIRST), None).await, Ok("one".to_owned()));
    assert_eq!(value(&secrets, "login", Some(FIRST), Some("AWSPREVIOUS")).await, Ok("one".to_owned()));
    let wrong = value(&secrets, "login", Some(FIRST), Some("AWSCURRENT")).await;
    assert_eq!(wrong, Err("InvalidRequestException".to_owned()));
    let absent = value(&secrets, "login", None, Some("AWSPENDING")).await;
    assert_eq!(absent, Err("ResourceNotFoundException".to_owned()));

    assert_eq!(
        put(&secrets, THIRD, "three", &["AWSPENDING", "mine"]).await,
        Ok(vec!["AWSPENDING".to_owned(), "mine".to_owned()])
    );
    let expected = [(FIRST, vec!["AWSPREVIOUS"]), (SECOND, vec!["AWSCURRENT"]), (THIRD, vec!["AWSPENDING", "mine"])];
    let owned = |labels: Vec<&str>| labels.into_iter().map(str::to_owned).collect();
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(id, labels)| (id.to_owned(), owned(labels))).collect();
    assert_eq!(stages(&secrets).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_version_is_written_once() {
    let secrets = client(&world(), PROD);
    secret(&secrets, "login", "one").await;
    assert_eq!(put(&secrets, FIRST, "one", &[]).await, Ok(vec!["AWSCURRENT".to_owned()]), "the same value again");
    assert_eq!(put(&secrets, FIRST, "two", &[]).await, Err("ResourceExistsException".to_owned()));
    let again = |token: &str, value: &str| {
        secrets.create_secret().name("login").client_request_token(token).secret_string(value).send()
    };
    assert!(again(FIRST, "one").await.is_ok(), "the same request again");
    assert_eq!(code(again(FIRST, "two").await).err(), Some("ResourceExistsException".to_owned()));
    assert_eq!(code(again(SECOND, "one").await).err(), Some("ResourceExistsException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_secret_may_be_binary_or_without_a_value() {
    let secrets = client(&world(), PROD);
    let new = secrets.create_secret().name("binary").secret_binary(Blob::new([0, 255, 1]));
    new.send().await.expect("a secret");
    let found = secrets.get_secret_value().secret_id("binary").send().await.expect("a value");
    assert_eq!((found.secret_binary.map(Blob::into_inner), found.secret_string), (Some(vec![0, 255, 1]), None));

    let made = secrets.create_secret().name("empty").send().await.expect("a secret");
    assert_eq!(made.version_id, None);
    assert_eq!(value(&secrets, "empty", None, None).await, Err("ResourceNotFoundException".to_owned()));
    let both = secrets.create_secret().name("both").secret_string("a").secret_binary(Blob::new([1]));
    assert_eq!(code(both.send().await).err(), Some("InvalidParameterException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_can_be_restored_until_its_recovery_window_ends() {
    let world = world();
    let secrets = client(&world, PROD);
    let arn = secret(&secrets, "login", "one").await;
    let delete = |days: i64| secrets.delete_secret().secret_id("login").recovery_window_in_days(days).send();
    for days in [6, 31] {
        assert_eq!(code(delete(days).await).err(), Some("InvalidParameterException".to_owned()), "{days}");
    }
    delete(7).await.expect("an answer");
    for error in [
        value(&secrets, "login", None, None).await.err(),
        put(&secrets, SECOND, "two", &[]).await.err(),
        code(secrets.create_secret().name("login").send().await).err(),
        code(delete(7).await).err(),
    ] {
        assert_eq!(error, Some("InvalidRequestException".to_owned()));
    }
    let listed = async || secrets.list_secrets().send().await.expect("a list").secret_list.unwrap_or_default().len();
    assert_eq!(listed().await, 0);

    secrets.restore_secret().secret_id("login").send().await.expect("an answer");
    assert_eq!(value(&secrets, "login", None, None).await, Ok("one".to_owned()));
    delete(7).await.expect("an answer");
    world.sleep(7 * DAY - Duration::from_mins(1)).await;
    assert!(secrets.describe_secret().secret_id(&arn).send().await.expect("a secret").deleted_date.is_some());
    world.sleep(DAY).await;
    let gone = code(secrets.restore_secret().secret_id("login").send().await).err();
    assert_eq!(gone, Some("ResourceNotFoundException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_takes_seconds_and_always_succeeds() {
    let world = world();
    let secrets = client(&world, PROD);
    secret(&secrets, "login", "one").await;
    let force = || secrets.delete_secret().secret_id("login").force_delete_without_recovery(true);
    let both = force().recovery_window_in_days(7);
    assert_eq!(code(both.send().await).err(), Some("InvalidParameterException".to_owned()));
    force().send().await.expect("an answer");
    let again = async || code(secrets.create_secret().name("login").send().await);
    assert_eq!(again().await.err(), Some("InvalidRequestException".to_owned()), "it is not gone yet");
    world.sleep(Duration::from_secs(10)).await;
    force().send().await.expect("an answer, although it is gone");
    again().await.expect("a secret with the same name");
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let secrets = client(&world(), PROD);
    secret(&secrets, "login", "one").await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let add = |tags: Vec<Tag>| secrets.tag_resource().secret_id("login").set_tags(Some(tags)).send();
    add(vec![tag("team", "shop"), tag("b", "")]).await.expect("an answer");
    add(vec![tag("team", "till")]).await.expect("an answer");
    secrets.untag_resource().secret_id("login").tag_keys("b").tag_keys("nosuch").send().await.expect("an answer");
    let described = secrets.describe_secret().secret_id("login").send().await.expect("a description");
    assert_eq!(described.tags(), [tag("team", "till")]);
    for tags in [vec![tag("aws:mine", "")], vec![tag("a", ""), tag("a", "")]] {
        assert_eq!(code(add(tags).await).err(), Some("InvalidParameterException".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_listed_in_pages_in_the_order_of_their_creation() {
    let world = world();
    let secrets = client(&world, PROD);
    for name in ["c", "a", "b"] {
        secret(&secrets, name, "value").await;
        world.sleep(Duration::from_secs(1)).await;
    }
    let mut pages = secrets.list_secrets().max_results(2).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page").secret_list.unwrap_or_default();
        names.push(page.into_iter().filter_map(|secret| secret.name).collect::<Vec<_>>());
    }
    assert_eq!(names, [vec!["c", "a"], vec!["b"]]);
    let wrong = secrets.list_secrets().next_token("7a7a").send().await;
    assert_eq!(code(wrong).err(), Some("InvalidNextTokenException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn names_have_certain_characters() {
    let secrets = client(&world(), PROD);
    for name in ["two words", "ü", "a!b", &"n".repeat(513)] {
        let error = code(secrets.create_secret().name(name).send().await).err();
        let expected = if name == "a!b" { "NotSimulated" } else { "ValidationException" };
        assert_eq!(error.as_deref(), Some(expected), "{name}");
    }
    secrets.create_secret().name("a/_+=.@-Z9").send().await.expect("a secret");
}

#[tokio::test(start_paused = true)]
async fn a_secret_costs_by_the_month_unless_it_is_marked_for_deletion() {
    const MONTH: Duration = Duration::from_hours(730);
    let world = world();
    let secrets = client(&world, PROD);
    secret(&secrets, "login", "one").await;
    let months =
        || world.bill().lines.iter().find(|line| line.item == "Secrets").map(|line| (line.quantity * 100.0).round());
    world.sleep(MONTH / 2).await;
    assert_eq!(months(), Some(50.0));
    secrets.delete_secret().secret_id("login").send().await.expect("an answer");
    world.sleep(DAY).await;
    assert_eq!(months(), Some(50.0));
    secrets.restore_secret().secret_id("login").send().await.expect("an answer");
    world.sleep(MONTH / 2).await;
    assert_eq!(months(), Some(100.0));
}
