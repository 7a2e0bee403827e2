//! The answers for other services: whether they may use a key on behalf of their caller, and the reason if not.

use serde_json::{Value, json};

use super::*;
use crate::call::{Caller, Input, Output, Role, Service};
use crate::world::World;

const OWNER: &str = "111111111111";
const OTHER: &str = "222222222222";
const REGION: &str = "eu-west-1";
const VIA: &str = "rds.eu-west-1";

/// The operations on the source's key that copying a shared snapshot requires.
const COPY: [&str; 5] = ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

fn world() -> World {
    World::new("2026-11-21T03:00:00Z".parse().expect("a time"))
}

fn root(account: &str) -> Caller {
    Caller { account: account.to_owned(), role: None }
}

fn backup() -> Caller {
    let role = Role { name: "backup".to_owned(), session: "night".to_owned() };
    Caller { account: OTHER.to_owned(), role: Some(role) }
}

/// Calls an operation as the owner's root and returns the answer.
fn call(world: &World, operation: &str, input: Value) -> Value {
    let (operation, input) = (operation.to_owned(), Input::Json(input));
    let call = Call { caller: root(OWNER), region: REGION.to_owned(), service: Service::Kms, operation, input };
    match world.change(|state| serve(state, call)).expect("an answer") {
        Output::Members(members) => members,
        Output::Xml(_) | Output::Rest(_) | Output::Running(_) => panic!("KMS returns JSON"),
    }
}

/// Creates a key whose policy allows its own account and these statements; returns its ARN.
fn key(world: &World, statements: &[Value]) -> String {
    let own = json!({ "Effect": "Allow", "Principal": { "AWS": OWNER }, "Action": "kms:*", "Resource": "*" });
    let statements = [&[own], statements].concat();
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    let made = call(world, "CreateKey", json!({ "Policy": policy.to_string() }));
    made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned()
}

/// A statement that allows the other account these actions.
fn to_other(actions: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": OTHER }, "Action": actions, "Resource": "*" })
}

/// The encryption context of a database.
fn of_orders() -> EncryptionContext {
    EncryptionContext::from([("aws:rds:db-id".to_owned(), "db-ORDERS".to_owned())])
}

/// Whether RDS may copy under this key on behalf of this caller. In the reason, KEY replaces the key's ARN.
fn copy(world: &World, caller: &Caller, key: &str) -> Result<(), String> {
    match world.change(|state| usable_key(state, caller, REGION, key, &COPY, (VIA, &of_orders()))) {
        Ok(arn) if arn.starts_with("arn:aws:kms:eu-west-1:") && arn.contains(":key/") => Ok(()),
        Ok(other) => Err(format!("{other} is no ARN of a key")),
        Err(Refusal(reason)) => Err(reason.replace(key, "KEY")),
    }
}

fn refused(reason: &str) -> Result<(), String> {
    Err(reason.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_key_that_names_the_other_account_can_be_used_from_there() {
    let world = world();
    let shared = key(&world, &[to_other(&COPY)]);
    assert_eq!(copy(&world, &root(OTHER), &shared), Ok(()));
    assert_eq!(copy(&world, &backup(), &shared), Ok(()));
    assert_eq!(copy(&world, &root(OWNER), &shared), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_found_by_arn_id_alias_and_alias_arn() {
    let world = world();
    let arn = key(&world, &[to_other(&COPY)]);
    let id = arn.rsplit('/').next().expect("an identifier");
    call(&world, "CreateAlias", json!({ "AliasName": "alias/orders", "TargetKeyId": id }));
    let alias = "arn:aws:kms:eu-west-1:111111111111:alias/orders";
    let found = |caller: &Caller, name: &str| {
        world.change(|state| usable_key(state, caller, REGION, name, &COPY, (VIA, &of_orders())))
    };
    for name in [&arn, id, "alias/orders", alias] {
        assert_eq!(found(&root(OWNER), name), Ok(arn.clone()), "{name}");
    }
    for name in [&arn, alias] {
        assert_eq!(found(&root(OTHER), name), Ok(arn.clone()), "{name}");
    }
    // A name without an account belongs to the caller's account.
    for name in [id, "alias/orders"] {
        assert_eq!(found(&root(OTHER), name), Err(Refusal(format!("key {name} is not found in eu-west-1"))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_create_grant_permission_is_reported() {
    let world = world();
    let key = key(&world, &[to_other(&["kms:Decrypt", "kms:DescribeKey", "kms:ReEncrypt*"])]);
    let reason = "the policy of key KEY does not allow role backup of 222222222222 kms:CreateGrant through \
               rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &backup(), &key), refused(reason));
}

#[tokio::test(start_paused = true)]
async fn all_missing_permissions_are_reported() {
    let world = world();
    let reason = "the policy of key KEY does not allow 222222222222 kms:Decrypt, kms:DescribeKey, kms:CreateGrant, \
               kms:ReEncryptFrom, kms:ReEncryptTo through rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &root(OTHER), &key(&world, &[])), refused(reason));
}

#[tokio::test(start_paused = true)]
async fn disabled_and_deleted_keys_are_reported() {
    let world = world();
    let key = key(&world, &[to_other(&COPY)]);
    call(&world, "DisableKey", json!({ "KeyId": key }));
    assert_eq!(copy(&world, &backup(), &key), refused("key KEY is disabled"));
    call(&world, "EnableKey", json!({ "KeyId": key }));
    assert_eq!(copy(&world, &backup(), &key), Ok(()));
    call(&world, "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }));
    assert_eq!(copy(&world, &backup(), &key), refused("key KEY is pending deletion"));
    world.sleep(std::time::Duration::from_hours(7 * 24)).await;
    tokio::task::yield_now().await;
    assert_eq!(copy(&world, &backup(), &key), refused("key KEY is not found in eu-west-1"));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_region_is_not_found() {
    let world = world();
    let key = key(&world, &[]).replace(REGION, "us-east-1");
    assert_eq!(copy(&world, &root(OWNER), &key), refused("key KEY is not found in eu-west-1"));
}

#[tokio::test(start_paused = true)]
async fn a_managed_key_can_be_used_by_its_own_account_only() {
    let world = world();
    let arn = world.change(|state| managed_key(state, OWNER, REGION, "rds"));
    assert_eq!(copy(&world, &root(OWNER), &arn), Ok(()));
    assert_eq!(copy(&world, &root(OTHER), &arn), refused("key KEY is AWS managed and belongs to another account"));
    // The key is created once, also by its alias. The other account has its own.
    let by_alias = |caller: &Caller| {
        world
            .change(|state| usable_key(state, caller, REGION, "alias/aws/rds", &COPY, (VIA, &of_orders())))
            .expect("a key")
    };
    assert_eq!(by_alias(&root(OWNER)), arn);
    assert_eq!(world.change(|state| managed_key(state, OWNER, REGION, "rds")), arn);
    let others = by_alias(&root(OTHER));
    assert!(others.starts_with("arn:aws:kms:eu-west-1:222222222222:key/"), "{others}");
    assert!(world.change(|state| is_managed(state, &arn) && is_managed(state, &others)));
    let own = key(&world, &[]);
    assert!(!world.change(|state| is_managed(state, &own) || is_managed(state, "alias/aws/rds")));
}

#[tokio::test(start_paused = true)]
async fn a_managed_key_can_be_used_through_its_own_service_only() {
    let world = world();
    let arn = world.change(|state| managed_key(state, OWNER, REGION, "sns"));
    let reason = "the policy of key KEY does not allow 111111111111 kms:Decrypt, kms:CreateGrant, kms:ReEncryptFrom, \
               kms:ReEncryptTo through rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &root(OWNER), &arn), refused(reason));
}

#[tokio::test(start_paused = true)]
async fn a_denial_in_the_keys_policy_wins() {
    let world = world();
    let deny = json!({
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": { "StringNotEquals": { "kms:CallerAccount": OWNER } }
    });
    let key = key(&world, &[to_other(&COPY), deny]);
    let reason = "the policy of key KEY denies role backup of 222222222222 kms:CreateGrant through \
               rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &backup(), &key), refused(reason));
    assert_eq!(copy(&world, &root(OWNER), &key), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_key_policy_can_be_limited_to_one_service() {
    let world = world();
    let through = |service: &str| {
        let mut statement = to_other(&COPY);
        statement["Condition"] = json!({ "StringEquals": { "kms:ViaService": service } });
        key(&world, &[statement])
    };
    assert_eq!(copy(&world, &backup(), &through("rds.eu-west-1.amazonaws.com")), Ok(()));
    let refused = copy(&world, &backup(), &through("ec2.eu-west-1.amazonaws.com")).expect_err("another service");
    assert!(refused.contains("does not allow role backup of 222222222222 kms:Decrypt, "), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn grant_is_for_aws_resource_applies_to_create_grant_only() {
    let world = world();
    let for_resources = |actions: &[&str]| {
        let mut statement = to_other(actions);
        statement["Condition"] = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
        statement
    };
    let as_advised = [to_other(&["kms:D*", "kms:ReEncrypt*"]), for_resources(&["kms:CreateGrant"])];
    assert_eq!(copy(&world, &backup(), &key(&world, &as_advised)), Ok(()));
    let refused = copy(&world, &backup(), &key(&world, &[for_resources(&COPY)])).expect_err("no grant, no such key");
    assert!(refused.contains("kms:Decrypt, kms:DescribeKey, kms:ReEncryptFrom, kms:ReEncryptTo through"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn the_roles_own_policies_must_allow_the_key_too() {
    let world = world();
    let key = key(&world, &[to_other(&COPY)]);
    let own = |effect: &str, actions: &[&str]| {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": effect, "Action": actions, "Resource": "*" } })
            .to_string()
    };
    let set = |policies: &[&str]| world.add_role(OTHER, "backup", policies).expect("policies");
    set(&[&own("Allow", &["kms:De*", "kms:ReEncrypt*"])]);
    let reason = "no policy of role backup of 222222222222 allows kms:CreateGrant on key KEY through \
               rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &backup(), &key), refused(reason));
    set(&[&own("Allow", &["kms:*"]), &own("Deny", &["kms:CreateGrant"])]);
    let reason = "a policy of role backup of 222222222222 denies kms:CreateGrant on key KEY through \
               rds.eu-west-1.amazonaws.com";
    assert_eq!(copy(&world, &backup(), &key), refused(reason));
    set(&[&own("Allow", &["kms:*"])]);
    assert_eq!(copy(&world, &backup(), &key), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_role_can_be_limited_to_keys_with_a_tag() {
    let world = world();
    let key = key(&world, &[to_other(&COPY)]);
    let policy = json!({ "Statement": {
        "Effect": "Allow",
        "Action": "kms:*",
        "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/team": "shop" } }
    } });
    world.add_role(OTHER, "backup", &[&policy.to_string()]).expect("a policy");
    assert!(copy(&world, &backup(), &key).is_err());
    call(&world, "TagResource", json!({ "KeyId": key, "Tags": [{ "TagKey": "team", "TagValue": "shop" }] }));
    assert_eq!(copy(&world, &backup(), &key), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_key_policy_can_be_limited_to_one_database_or_one_grantee() {
    let world = world();
    let rds = "rds.eu-west-1.amazonaws.com";
    let only = |condition: Value| {
        let mut statement = to_other(&["kms:Decrypt", "kms:CreateGrant", "kms:ReEncrypt*"]);
        statement["Condition"] = condition;
        key(&world, &[to_other(&["kms:DescribeKey"]), statement])
    };
    for (condition, allowed) in [
        (json!({ "StringEquals": { "kms:EncryptionContext:aws:rds:db-id": "db-ORDERS" } }), true),
        (json!({ "StringEquals": { "kms:EncryptionContext:AWS:RDS:DB-ID": "db-ORDERS" } }), true),
        (json!({ "StringEquals": { "kms:EncryptionContext:aws:rds:db-id": "db-OTHERS" } }), false),
        (json!({ "StringEquals": { "kms:EncryptionContext:aws:ebs:id": "vol-1" } }), false),
        (json!({ "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "aws:rds:db-id" } }), true),
        (json!({ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": "aws:ebs:id" } }), false),
        (json!({ "Bool": { "aws:ViaAWSService": "true" } }), true),
        (json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }), false),
        (json!({ "StringEqualsIfExists": { "kms:GranteePrincipal": rds } }), true),
        (json!({ "StringEqualsIfExists": { "kms:GranteePrincipal": "ec2.eu-west-1.amazonaws.com" } }), false),
    ] {
        assert_eq!(copy(&world, &backup(), &only(condition.clone())).is_ok(), allowed, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_lets_a_service_use_a_key_for_its_grantee() {
    let world = world();
    let key = key(&world, &[]);
    let all = [
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "RetireGrant",
    ];
    for (operations, constraint, allowed) in [
        (&all[..], json!({}), true),
        (&all[..], json!({ "EncryptionContextSubset": { "aws:rds:db-id": "db-ORDERS" } }), true),
        (&all[..], json!({ "EncryptionContextSubset": { "aws:rds:db-id": "db-OTHERS" } }), false),
        (&all[1..], json!({}), false),
    ] {
        let created = call(
            &world,
            "CreateGrant",
            json!({
                "KeyId": key, "GranteePrincipal": "arn:aws:iam::222222222222:role/backup", "Operations": operations,
                "Constraints": constraint,
            }),
        );
        assert_eq!(copy(&world, &backup(), &key).is_ok(), allowed, "{operations:?} {constraint}");
        call(&world, "RevokeGrant", json!({ "KeyId": key, "GrantId": created["GrantId"] }));
    }
}
