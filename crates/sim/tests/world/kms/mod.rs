//! KMS through the AWS SDK.

mod aliases;
mod grants;
mod limits;

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::types::{KeyManagerType, KeyState, Tag};
use serde_json::json;
use sim::World;

use crate::support::{DR as OTHER, PROD as OWNER, REGION, epoch};

const DAY: Duration = Duration::from_hours(24);
const UNKNOWN_KEY: &str = "12345678-1234-4234-8234-123456789012";

fn world() -> World {
    World::new(epoch())
}

fn client(world: &World, account: &str) -> Client {
    Client::new(&world.sdk_config(account, REGION))
}

/// Creates a key and returns its identifier.
async fn key(kms: &Client) -> String {
    let made = kms.create_key().send().await.expect("a key");
    made.key_metadata().expect("its metadata").key_id().to_owned()
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:{OWNER}:key/{id}")
}

/// The code and the message of an error.
fn error_of<T: std::fmt::Debug, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> (String, String) {
    let error = answer.expect_err("an error");
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

fn error(code: &str, message: impl Into<String>) -> (String, String) {
    (code.to_owned(), message.into())
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().tag_key(key).tag_value(value).build().expect("a tag")
}

/// A statement that allows an account this action.
fn opening(to: &str, action: &str) -> serde_json::Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": to }, "Action": action, "Resource": "*" })
}

fn policy(statements: &[serde_json::Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_enabled_and_open_to_its_account() {
    let world = world();
    let kms = client(&world, OWNER);
    let made = kms.create_key().description("orders").tags(tag("team", "shop")).send().await.expect("a key");
    let made = made.key_metadata.expect("its metadata");
    assert_eq!(made.arn(), Some(arn(made.key_id()).as_str()));
    assert_eq!((made.aws_account_id(), made.description()), (Some(OWNER), Some("orders")));
    assert_eq!((made.enabled(), made.key_state()), (true, Some(&KeyState::Enabled)));
    assert_eq!(made.key_manager(), Some(&KeyManagerType::Customer));
    assert_eq!(made.creation_date().map(|date| date.as_secs_f64()), Some(1_795_230_000.02));
    let described = kms.describe_key().key_id(made.key_id()).send().await.expect("the key");
    assert_eq!(described.key_metadata(), Some(&made));
    let policy = kms.get_key_policy().key_id(made.key_id()).send().await.expect("a policy");
    assert!(policy.policy().is_some_and(|policy| policy.contains("arn:aws:iam::111111111111:root")));
}

#[tokio::test(start_paused = true)]
async fn unknown_and_malformed_key_names_are_not_found() {
    let kms = client(&world(), OWNER);
    let describe = async |name: &str| error_of(kms.describe_key().key_id(name).send().await);
    let not_found = |message: &str| error("NotFoundException", message);
    let gone = format!("Key '{}' does not exist", arn(UNKNOWN_KEY));
    assert_eq!(describe(UNKNOWN_KEY).await, not_found(&gone));
    assert_eq!(describe(&arn(UNKNOWN_KEY)).await, not_found(&gone));
    assert_eq!(describe("orders").await, not_found("Invalid keyId 'orders'"));
    assert_eq!(
        describe("alias/orders").await,
        not_found("Alias arn:aws:kms:eu-west-1:111111111111:alias/orders is not found.")
    );
    assert_eq!(describe("arn:aws:kms:us-east-1:111111111111:alias/orders").await, not_found("Invalid arn us-east-1"));
    assert_eq!(describe("arn:aws:sns:eu-west-1:111111111111:orders").await.0, "InvalidArnException");
}

#[tokio::test(start_paused = true)]
async fn keys_rotate_every_year_or_after_the_requested_period() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = key(&kms).await;
    let status = async || {
        let status = kms.get_key_rotation_status().key_id(&key).send().await.expect("a status");
        let next = status.next_rotation_date().map(|date| date.secs().div_euclid(86_400));
        (status.key_rotation_enabled(), status.rotation_period_in_days(), next)
    };
    let today = world.now().timestamp().div_euclid(86_400);
    assert_eq!(status().await, (false, None, None));
    kms.enable_key_rotation().key_id(&key).send().await.expect("rotation");
    assert_eq!(status().await, (true, Some(365), Some(today + 365)));
    kms.enable_key_rotation().key_id(&key).rotation_period_in_days(90).send().await.expect("rotation");
    assert_eq!(status().await, (true, Some(90), Some(today + 90)));
    world.sleep(100 * DAY).await;
    assert_eq!(status().await, (true, Some(90), Some(today + 180)));
    let refused = error_of(kms.enable_key_rotation().key_id(&key).rotation_period_in_days(89).send().await);
    let message = "1 validation error detected: Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: \
                   Member must have value greater than or equal to 90";
    assert_eq!(refused, error("ValidationException", message));
    kms.disable_key_rotation().key_id(&key).send().await.expect("no rotation");
    assert_eq!(status().await, (false, None, None));
    kms.disable_key().key_id(&key).send().await.expect("disabled");
    let disabled = error("DisabledException", format!("{} is disabled.", arn(&key)));
    assert_eq!(error_of(kms.enable_key_rotation().key_id(&key).send().await), disabled);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_deleted_with_its_aliases_after_the_waiting_period() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = key(&kms).await;
    kms.create_alias().alias_name("alias/orders").target_key_id(&key).send().await.expect("an alias");
    let scheduled = kms.schedule_key_deletion().key_id(&key).send().await.expect("a date");
    assert_eq!((scheduled.key_id(), scheduled.pending_window_in_days()), (Some(arn(&key).as_str()), Some(30)));
    assert_eq!(scheduled.key_state(), Some(&KeyState::PendingDeletion));
    world.sleep(30 * DAY - Duration::from_secs(1)).await;
    let described = kms.describe_key().key_id("alias/orders").send().await.expect("the key").key_metadata;
    let described = described.expect("its metadata");
    assert_eq!((described.enabled(), described.key_state()), (false, Some(&KeyState::PendingDeletion)));
    assert_eq!(described.deletion_date(), scheduled.deletion_date());
    world.sleep(Duration::from_secs(1)).await;
    assert_eq!(error_of(kms.describe_key().key_id(&key).send().await).0, "NotFoundException");
    assert_eq!(error_of(kms.delete_alias().alias_name("alias/orders").send().await).0, "NotFoundException");
    assert_eq!(kms.list_keys().send().await.expect("keys").keys(), []);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_deletion_does_not_happen_later() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = key(&kms).await;
    let schedule = |days| kms.schedule_key_deletion().key_id(&key).pending_window_in_days(days).send();
    kms.enable_key_rotation().key_id(&key).send().await.expect("rotation");
    schedule(7).await.expect("a date");
    let rotation = async || {
        let status = kms.get_key_rotation_status().key_id(&key).send().await.expect("a status");
        status.key_rotation_enabled()
    };
    assert!(!rotation().await);
    world.sleep(3 * DAY).await;
    let kept = kms.cancel_key_deletion().key_id(&key).send().await.expect("the key");
    assert_eq!(kept.key_id(), Some(arn(&key).as_str()));
    assert!(rotation().await);
    schedule(30).await.expect("a date");
    world.sleep(5 * DAY).await;
    let described = kms.describe_key().key_id(&key).send().await.expect("the key");
    assert_eq!(described.key_metadata().and_then(|key| key.key_state()), Some(&KeyState::PendingDeletion));
    kms.cancel_key_deletion().key_id(&key).send().await.expect("the key");
    world.sleep(60 * DAY).await;
    let described = kms.describe_key().key_id(&key).send().await.expect("the key");
    assert_eq!(described.key_metadata().and_then(|key| key.key_state()), Some(&KeyState::Disabled));
    for days in [6, 31] {
        assert_eq!(error_of(schedule(days).await).0, "ValidationException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_pending_deletion_cannot_be_changed() {
    let kms = client(&world(), OWNER);
    let (key, other) = (key(&kms).await, key(&kms).await);
    kms.create_alias().alias_name("alias/a").target_key_id(&key).send().await.expect("an alias");
    let not_pending = error("KMSInvalidStateException", format!("{} is not pending deletion.", arn(&key)));
    assert_eq!(error_of(kms.cancel_key_deletion().key_id(&key).send().await), not_pending);
    kms.schedule_key_deletion().key_id(&key).send().await.expect("a date");
    let pending = error("KMSInvalidStateException", format!("{} is pending deletion.", arn(&key)));
    assert_eq!(error_of(kms.enable_key().key_id(&key).send().await), pending);
    assert_eq!(error_of(kms.disable_key().key_id(&key).send().await), pending);
    assert_eq!(error_of(kms.schedule_key_deletion().key_id(&key).send().await), pending);
    assert_eq!(error_of(kms.enable_key_rotation().key_id(&key).send().await), pending);
    assert_eq!(error_of(kms.disable_key_rotation().key_id(&key).send().await), pending);
    assert_eq!(error_of(kms.tag_resource().key_id(&key).tags(tag("a", "b")).send().await), pending);
    assert_eq!(error_of(kms.untag_resource().key_id(&key).tag_keys("a").send().await), pending);
    assert_eq!(error_of(kms.create_alias().alias_name("alias/b").target_key_id(&key).send().await), pending);
    // An alias of the key can be changed to another key, but not the other way round.
    kms.update_alias().alias_name("alias/a").target_key_id(&other).send().await.expect("a change");
    assert_eq!(error_of(kms.update_alias().alias_name("alias/a").target_key_id(&key).send().await), pending);
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_listed_and_removed() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    kms.tag_resource().key_id(&key).tags(tag("team", "shop")).tags(tag("a", "")).send().await.expect("tags");
    kms.tag_resource().key_id(&key).tags(tag("team", "bank")).send().await.expect("tags");
    let tags = async || kms.list_resource_tags().key_id(&key).send().await.expect("tags").tags().to_vec();
    assert_eq!(tags().await, [tag("a", ""), tag("team", "bank")]);
    kms.untag_resource().key_id(&key).tag_keys("a").tag_keys("b").send().await.expect("no tag");
    assert_eq!(tags().await, [tag("team", "bank")]);
    let set = async |tags: Vec<Tag>| error_of(kms.tag_resource().key_id(&key).set_tags(Some(tags)).send().await);
    assert_eq!(set(vec![tag("aws:a", "b")]).await, error("TagException", "Tags beginning with aws: are reserved"));
    assert_eq!(set(vec![tag("a", "b"), tag("a", "c")]).await, error("TagException", "Duplicate tag keys"));
    let many = (0..50).map(|n| tag(&n.to_string(), "")).collect();
    assert_eq!(set(many).await, error("TagException", "Too many tags"));
    for wrong in [tag(&"k".repeat(129), ""), tag("", ""), tag("a", &"v".repeat(257))] {
        assert_eq!(set(vec![wrong]).await.0, "ValidationException");
    }
    assert_eq!(tags().await, [tag("team", "bank")]);
}

#[tokio::test(start_paused = true)]
async fn invalid_policies_and_lockouts_are_refused() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    let before = kms.get_key_policy().key_id(&key).send().await.expect("a policy").policy;
    let mut elsewhere = opening(OWNER, "kms:*");
    elsewhere["Resource"] = json!(arn(&key));
    let unknown = opening("arn:aws:iam::111111111111:user/anna", "kms:*");
    let lockout = policy(&[opening(OTHER, "kms:*")]);
    for wrong in ["no JSON", "{}", &policy(&[elsewhere]), &policy(&[unknown]), &lockout] {
        let refused = error_of(kms.put_key_policy().key_id(&key).policy(wrong).send().await);
        assert_eq!(refused.0, "MalformedPolicyDocumentException", "{wrong}");
        let refused = error_of(kms.create_key().policy(wrong).send().await);
        assert_eq!(refused.0, "MalformedPolicyDocumentException", "{wrong}");
    }
    let long = format!("{}{}", policy(&[opening(OWNER, "kms:*")]), " ".repeat(32 * 1024));
    assert_eq!(error_of(kms.put_key_policy().key_id(&key).policy(long).send().await).0, "LimitExceededException");
    assert_eq!(kms.get_key_policy().key_id(&key).send().await.expect("a policy").policy, before);
    let put = kms.put_key_policy().key_id(&key).policy(&lockout).bypass_policy_lockout_safety_check(true);
    put.send().await.expect("a change");
    let refused = error_of(kms.get_key_policy().key_id(&key).send().await);
    let message = format!(
        "User: arn:aws:iam::111111111111:root is not authorized to perform: kms:GetKeyPolicy on resource: {} because \
         no resource-based policy allows the kms:GetKeyPolicy action",
        arn(&key)
    );
    assert_eq!(refused, error("AccessDeniedException", message));
}

#[tokio::test(start_paused = true)]
async fn other_accounts_cannot_distinguish_closed_keys_from_missing_ones() {
    let world = world();
    let (kms, other) = (client(&world, OWNER), client(&world, OTHER));
    let shared = policy(&[opening(OWNER, "kms:*"), opening(OTHER, "kms:*")]);
    let closed = arn(&key(&kms).await);
    let open = kms.create_key().policy(shared).send().await.expect("a key").key_metadata.expect("its metadata");
    let open = open.arn().expect("its ARN");
    let described = other.describe_key().key_id(open).send().await.expect("the key");
    assert_eq!(described.key_metadata().and_then(|key| key.aws_account_id()), Some(OWNER));
    other.get_key_rotation_status().key_id(open).send().await.expect("a status");
    let hidden = |action: &str| {
        let message = format!(
            "User: arn:aws:iam::222222222222:root is not authorized to perform: kms:{action} on this resource because \
             the resource does not exist in this Region, no resource-based policies allow access, or a \
             resource-based policy explicitly denies access"
        );
        error("AccessDeniedException", message)
    };
    assert_eq!(error_of(other.describe_key().key_id(closed).send().await), hidden("DescribeKey"));
    assert_eq!(error_of(other.describe_key().key_id(arn(UNKNOWN_KEY)).send().await), hidden("DescribeKey"));
    // No policy can allow actions without cross-account use.
    assert_eq!(error_of(other.schedule_key_deletion().key_id(open).send().await), hidden("ScheduleKeyDeletion"));
    assert_eq!(error_of(other.put_key_policy().key_id(open).policy("").send().await), hidden("PutKeyPolicy"));
    assert_eq!(other.list_keys().send().await.expect("keys").keys(), []);
}

#[tokio::test(start_paused = true)]
async fn a_managed_key_is_created_at_first_use_and_cannot_be_changed() {
    let world = world();
    let kms = client(&world, OWNER);
    let target = async || {
        let aliases = kms.list_aliases().send().await.expect("aliases").aliases.unwrap_or_default();
        let alias = aliases.into_iter().find(|alias| alias.alias_name() == Some("alias/aws/rds"));
        alias.expect("the predefined alias").target_key_id
    };
    assert_eq!(target().await, None);
    let managed = kms.describe_key().key_id("alias/aws/rds").send().await.expect("the key").key_metadata;
    let managed = managed.expect("its metadata");
    assert_eq!(managed.key_manager(), Some(&KeyManagerType::Aws));
    assert_eq!(target().await.as_deref(), Some(managed.key_id()));
    let id = managed.key_id();
    assert!(kms.get_key_rotation_status().key_id(id).send().await.expect("a status").key_rotation_enabled());
    let policy = kms.get_key_policy().key_id(id).send().await.expect("a policy").policy.expect("a text");
    assert!(policy.contains("rds.eu-west-1.amazonaws.com"));
    let refused = [
        error_of(kms.put_key_policy().key_id(id).policy(policy).send().await),
        error_of(kms.schedule_key_deletion().key_id(id).send().await),
        error_of(kms.disable_key().key_id(id).send().await),
        error_of(kms.disable_key_rotation().key_id(id).send().await),
        error_of(kms.tag_resource().key_id(id).tags(tag("a", "b")).send().await),
        error_of(kms.create_alias().alias_name("alias/mine").target_key_id(id).send().await),
        error_of(kms.delete_alias().alias_name("alias/aws/rds").send().await),
    ];
    assert!(refused.iter().all(|(code, _)| code == "AccessDeniedException"), "{refused:?}");
    let other = client(&world, OTHER);
    assert_eq!(error_of(other.describe_key().key_id(arn(id)).send().await).0, "AccessDeniedException");
    // Naming another account's managed key does not create it.
    let others = "arn:aws:kms:eu-west-1:222222222222:alias/aws/rds";
    assert_eq!(error_of(kms.describe_key().key_id(others).send().await).0, "NotFoundException");
    let unknown = error_of(kms.describe_key().key_id("alias/aws/nothing").send().await);
    assert_eq!(unknown.0, "NotFoundException");
}

#[tokio::test(start_paused = true)]
async fn key_types_that_are_not_simulated_are_refused() {
    let kms = client(&world(), OWNER);
    let refused = [
        error_of(kms.create_key().multi_region(true).send().await),
        error_of(kms.create_key().key_spec(aws_sdk_kms::types::KeySpec::Rsa2048).send().await),
        error_of(kms.create_key().origin(aws_sdk_kms::types::OriginType::External).send().await),
    ];
    assert!(refused.iter().all(|(code, _)| code == "NotSimulated"), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn keys_and_access_keys_from_outside_the_simulation_can_be_added() {
    let world = world();
    let (id, role) = ("12345678-1234-4234-8234-123456789012", format!("arn:aws:iam::{OTHER}:role/copier"));
    let mut opening = opening(OTHER, "kms:DescribeKey");
    opening["Condition"] = json!({ "ArnEquals": { "aws:PrincipalArn": role } });
    world.add_key(&arn(id), &policy(&[opening])).expect("a key");
    world.add_access_key("ASIACOPIER", OTHER, "copier");

    let described = client(&world, "ASIACOPIER").describe_key().key_id(arn(id)).send().await.expect("a key");
    assert_eq!(described.key_metadata().and_then(|key| key.arn()), Some(arn(id).as_str()));
    for other in [OTHER, "ASIASTRANGER"] {
        client(&world, other).describe_key().key_id(arn(id)).send().await.expect_err("a refusal");
    }
}

#[tokio::test(start_paused = true)]
async fn add_key_refuses_other_arns_and_invalid_policies() {
    let world = world();
    let message = world.add_key("arn:aws:kms:eu-west-1:111111111111:alias/orders", &policy(&[])).expect_err("an error");
    assert_eq!(message, "arn:aws:kms:eu-west-1:111111111111:alias/orders is not the ARN of a key");
    world.add_key(&arn(UNKNOWN_KEY), "no policy").expect_err("an error");
}

/// "If either of the required Resource or Action elements are missing from a key policy statement, the policy statement
/// has no effect. When a key policy statement is missing one of these elements, the KMS console correctly reports an
/// error, but the CreateKey and PutKeyPolicy API requests succeed" (API reference).
#[tokio::test(start_paused = true)]
async fn a_statement_without_resource_or_action_has_no_effect() {
    let world = world();
    let (kms, other) = (client(&world, OWNER), client(&world, OTHER));
    for (effect, missing, expected) in [
        ("Allow", "", "done"),
        ("Allow", "Resource", "AccessDeniedException"),
        ("Allow", "Action", "AccessDeniedException"),
        ("Deny", "Resource", "done"),
        ("Deny", "Action", "done"),
    ] {
        let mut statement = opening(OTHER, "kms:DescribeKey");
        statement["Effect"] = json!(effect);
        statement.as_object_mut().expect("a statement").remove(missing);
        let mut statements = vec![opening(OWNER, "kms:*"), statement];
        if effect == "Deny" {
            statements.push(opening(OTHER, "kms:*"));
        }
        let made = kms.create_key().policy(policy(&statements)).send().await.expect("a key").key_metadata;
        let key = made.and_then(|key| key.arn).expect("an ARN");
        let described = other.describe_key().key_id(&key).send().await;
        let code =
            described.map_or_else(|refused| refused.code().unwrap_or_default().to_owned(), |_| "done".to_owned());
        assert_eq!(code, expected, "{effect} without {missing}");
    }
}

#[tokio::test(start_paused = true)]
async fn for_all_values_is_refused_with_single_valued_keys() {
    let kms = client(&world(), OWNER);
    for (key, kind) in [("kms:EncryptionContext:a", "encryption context"), ("aws:RequestTag/a", "tag")] {
        let mut statement = opening(OWNER, "kms:*");
        statement["Condition"] = json!({ "ForAllValues:StringEquals": { key: "b" } });
        let statements = policy(&[opening(OWNER, "kms:*"), statement]);
        let (code, message) = error_of(kms.create_key().policy(statements).send().await);
        assert_eq!(code, "MalformedPolicyDocumentException");
        assert!(message.starts_with("OverlyPermissiveCondition: ") && message.contains(kind), "{message}");
    }
}
