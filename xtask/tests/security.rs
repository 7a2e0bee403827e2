//! The files in `samples/security/` agree with the templates: they name Draco's roles, and cover both kinds of snapshots.

#![allow(clippy::expect_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).expect("a file")
}

fn policy(file: &str) -> Value {
    serde_json::from_str(&read(&format!("samples/security/{file}"))).expect("JSON")
}

/// The strings of a value, which may be one string or a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The roles that a statement excepts, without `arn:aws:iam::*:role/`.
fn excepted(statement: &Value) -> BTreeSet<&str> {
    let arns = texts(&statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]);
    arns.into_iter().filter_map(|arn| arn.strip_prefix("arn:aws:iam::*:role/")).collect()
}

/// Roles that the owner of DR creates. `doc/security.md` says so.
const OWNERS: [&str; 2] = ["draco-break-glass", "draco-deploy"];

#[test]
fn the_service_control_policy_fits_and_denies_only() {
    let scp = policy("scp-dr.json");
    // The limit of AWS Organizations for years; it was raised since.
    assert!(scp.to_string().len() <= 5120);
    for statement in scp["Statement"].as_array().expect("statements") {
        assert_eq!(statement["Effect"], "Deny", "{statement}");
    }
}

#[test]
fn the_service_control_policy_excepts_only_roles_of_the_template_and_of_the_owner() {
    let (scp, consumer) = (policy("scp-dr.json"), read("cfn/consumer.yaml"));
    for statement in scp["Statement"].as_array().expect("statements") {
        for role in excepted(statement).into_iter().filter(|role| !OWNERS.contains(role)) {
            let name = role.replace('*', "${AWS::Region}");
            assert!(consumer.contains(&format!("RoleName: !Sub {name}\n")), "{role} is no role of cfn/consumer.yaml");
        }
    }
    let delete = scp["Statement"].as_array().into_iter().flatten().find(|it| it["Sid"] == "OnlyTheKeeperDeletesCopies");
    let delete = delete.expect("a statement about deletion");
    assert_eq!(excepted(delete), BTreeSet::from(["draco-break-glass", "draco-keeper-*"]));
    assert_eq!(texts(&delete["Action"]), ["rds:DeleteDBSnapshot", "rds:DeleteDBClusterSnapshot"]);
    assert!(texts(&delete["Resource"]).iter().all(|arn| arn.ends_with("snapshot:draco-*")));
}

#[test]
fn the_service_control_policy_protects_the_bucket_of_each_region() {
    let scp = policy("scp-dr.json");
    let code = scp["Statement"].as_array().into_iter().flatten().find(|it| it["Sid"] == "OnlyDeploymentsChangeTheCode");
    let resources = texts(&code.expect("a statement about the code")["Resource"]);
    // The bucket of another region is CODE_BUCKET-REGION.
    assert_eq!(resources, ["arn:aws:s3:::CODE_BUCKET", "arn:aws:s3:::CODE_BUCKET/*", "arn:aws:s3:::CODE_BUCKET-*"]);
}

#[test]
fn the_key_policy_allows_what_the_producers_role_does_with_keys_of_databases() {
    let producer = read("cfn/producer.yaml");
    let statements = policy("customer-key-policy.json");
    let actions: BTreeSet<&str> =
        statements.as_array().into_iter().flatten().flat_map(|statement| texts(&statement["Action"])).collect();
    assert_eq!(actions, BTreeSet::from(["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom"]));
    // The statements RdsDecryptSources and RdsCreateGrantForTransitCopies of the role.
    assert!(producer.contains("Action: [kms:DescribeKey, kms:Decrypt, kms:ReEncryptFrom]"));
    assert!(producer.contains("RoleName: !Sub draco-producer-${AWS::Region}\n"));
}

#[test]
fn the_watch_reports_every_call_that_the_service_control_policy_denies_for_snapshots_and_keys() {
    let (scp, watch) = (policy("scp-dr.json"), read("samples/security/watch-dr.yaml"));
    let denied = scp["Statement"].as_array().into_iter().flatten().flat_map(|statement| texts(&statement["Action"]));
    let calls = denied.filter_map(|action| action.strip_prefix("rds:").or_else(|| action.strip_prefix("kms:")));
    let unreported: Vec<_> = calls.filter(|call| !watch.contains(&format!("- {call}\n"))).collect();
    assert_eq!(unreported, [""; 0]);
    for role in ["draco-keeper", "draco-consumer"] {
        assert!(watch.contains(&format!("{role}-${{AWS::Region}}")), "{role}");
        assert!(read("cfn/consumer.yaml").contains(&format!("RoleName: !Sub {role}-${{AWS::Region}}\n")), "{role}");
    }
}
