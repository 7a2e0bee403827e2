//! The bucket's policy: the accounts that may read, and that TLS is required. Other statements are kept.

use protocol::AccountId;
use serde_json::{Value, json};

/// The ids of Draco's statements.
const TLS_ONLY: &str = "DracoTlsOnly";
const SOURCES_READ: &str = "DracoSourcesRead";

/// The policy that the bucket needs, made from the current one. A right policy stays equal.
pub(super) fn wanted(bucket: &str, readers: &[AccountId], now: Option<&Value>) -> Value {
    let mut statements = vec![tls_only(bucket)];
    statements.extend((!readers.is_empty()).then(|| sources_read(bucket, readers)));
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

/// Lets the source accounts give their users, who deploy the producer, the right to read.
fn sources_read(bucket: &str, readers: &[AccountId]) -> Value {
    let readers: Vec<String> = readers.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    json!({
        "Sid": SOURCES_READ,
        "Effect": "Allow",
        "Principal": {"AWS": readers},
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": format!("arn:aws:s3:::{bucket}/draco/*"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(all: &[&str]) -> Vec<AccountId> {
        all.iter().map(|account| account.parse().unwrap()).collect()
    }

    #[test]
    fn source_accounts_may_read_and_tls_is_required() {
        let policy = wanted("code", &accounts(&["111111111111"]), None);
        assert_eq!(
            policy,
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "DracoTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                 "Resource": ["arn:aws:s3:::code", "arn:aws:s3:::code/*"],
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                {"Sid": "DracoSourcesRead", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]},
                 "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "arn:aws:s3:::code/draco/*"},
            ]})
        );
    }

    #[test]
    fn equivalent_forms_of_a_policy_are_the_same() {
        let ours = wanted("code", &accounts(&["111111111111", "333333333333"]), None);
        let mut theirs = ours.clone();
        theirs["Statement"].as_array_mut().unwrap().reverse();
        theirs["Statement"][0]["Principal"]["AWS"].as_array_mut().unwrap().reverse();
        assert!(same(&ours, &theirs));
        let mut one = wanted("code", &accounts(&["111111111111"]), None);
        assert!(!same(&ours, &one));
        let before = one.clone();
        one["Statement"][1]["Principal"]["AWS"] = "arn:aws:iam::111111111111:root".into();
        assert!(same(&before, &one));
    }

    #[test]
    fn other_statements_are_kept() {
        let theirs = json!({"Sid": "Audit", "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"});
        let now = json!({"Version": "2012-10-17", "Statement": theirs});
        let policy = wanted("code", &accounts(&["111111111111"]), Some(&now));
        assert_eq!(policy["Statement"][2], theirs);
        assert!(same(&policy, &wanted("code", &accounts(&["111111111111"]), Some(&policy))));
    }
}
