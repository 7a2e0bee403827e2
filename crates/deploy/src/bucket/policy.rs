//! The bucket's policy: the accounts that may read, and that TLS is required. Other statements are kept.

use serde_json::{Value, json};

use super::Bucket;
use crate::code::Artifact;

/// The ids of Draco's statements.
const TLS_ONLY: &str = "DracoTlsOnly";
const SOURCES_READ: &str = "DracoSourcesRead";

/// The policy that the bucket needs, made from the current one. A right policy stays equal.
pub(super) fn wanted(bucket: &Bucket<'_>, now: Option<&Value>) -> Value {
    let mut statements = vec![tls_only(bucket.name)];
    statements.extend((!bucket.readers.is_empty()).then(|| sources_read(bucket)));
    statements.extend(others(now).cloned());
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The statements that are not Draco's.
pub(super) fn others(now: Option<&Value>) -> impl Iterator<Item = &Value> {
    let statements = now.and_then(|policy| policy.get("Statement"));
    // A policy with one statement may have it without a list around it.
    let statements = statements.map(|all| all.as_array().map_or(std::slice::from_ref(all), Vec::as_slice));
    let is_ours = |statement: &Value| matches!(statement["Sid"].as_str(), Some(TLS_ONLY | SOURCES_READ));
    statements.unwrap_or_default().iter().filter(move |statement| !is_ours(statement))
}

/// Whether two policies are equivalent. AWS returns a list of one element as that element, and lists in any order.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    plain(one) == plain(other)
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => {
            let mut all: Vec<Value> = all.iter().map(plain).collect();
            all.sort_by_key(Value::to_string);
            if all.len() == 1 { all.remove(0) } else { Value::Array(all) }
        }
        Value::Object(all) => all.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        _ => value.clone(),
    }
}

fn tls_only(bucket: &str) -> Value {
    json!({
        "Sid": TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

/// Lets the source accounts give their users, who deploy the producer, the right to read what the producer's stack is made
/// from, and nothing else in the bucket.
fn sources_read(bucket: &Bucket<'_>) -> Value {
    let readers = bucket.readers.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let keys =
        Artifact::all(bucket.architecture).map(|artifact| format!("arn:aws:s3:::{}/{}", bucket.name, artifact.key()));
    json!({
        "Sid": SOURCES_READ,
        "Effect": "Allow",
        "Principal": {"AWS": readers.collect::<Vec<_>>()},
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": keys,
    })
}

#[cfg(test)]
mod tests {
    use config::Architecture;
    use protocol::AccountId;

    use super::*;

    /// The policy of the bucket `code` for these source accounts.
    fn wanted(readers: &[&str], now: Option<&Value>) -> Value {
        let readers: Vec<AccountId> = readers.iter().map(|account| account.parse().unwrap()).collect();
        super::wanted(&Bucket { name: "code", readers: &readers, architecture: Architecture::Arm64 }, now)
    }

    #[test]
    fn source_accounts_may_read_what_they_deploy_and_tls_is_required() {
        let policy = wanted(&["111111111111"], None);
        assert_eq!(
            policy,
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "DracoTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                 "Resource": ["arn:aws:s3:::code", "arn:aws:s3:::code/*"],
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                {"Sid": "DracoSourcesRead", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]},
                 "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                 "Resource": ["arn:aws:s3:::code/draco/functions-arm64.zip", "arn:aws:s3:::code/draco/wait4copy.asl.json"]},
            ]})
        );
    }

    #[test]
    fn equivalent_forms_of_a_policy_are_the_same() {
        let ours = wanted(&["111111111111", "333333333333"], None);
        let mut theirs = ours.clone();
        theirs["Statement"].as_array_mut().unwrap().reverse();
        theirs["Statement"][0]["Principal"]["AWS"].as_array_mut().unwrap().reverse();
        assert!(same(&ours, &theirs));
        let mut one = wanted(&["111111111111"], None);
        assert!(!same(&ours, &one));
        let before = one.clone();
        one["Statement"][1]["Principal"]["AWS"] = "arn:aws:iam::111111111111:root".into();
        assert!(same(&before, &one));
    }

    #[test]
    fn other_statements_are_kept() {
        let theirs = json!({"Sid": "Audit", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"});
        let now = json!({"Version": "2012-10-17", "Statement": theirs});
        let policy = wanted(&["111111111111"], Some(&now));
        assert_eq!(policy["Statement"][2], theirs);
        assert!(same(&policy, &wanted(&["111111111111"], Some(&policy))));
    }
}
