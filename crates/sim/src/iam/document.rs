//! Policy documents: parses JSON into a [`Policy`]. Unknown elements are errors.

use std::collections::BTreeMap;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::Condition;
use super::{Effect, Patterns, Policy, PolicyPrincipal, Principals, Statement};

/// The kind of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyType {
    /// A resource's policy: who may access the resource.
    Resource,
    /// The policy of a KMS key.
    Key,
    /// A role's permissions policy: what the role may do.
    Role,
    /// A role's trust policy: who may assume the role.
    Trust,
}

pub(super) fn read(document: &str, policy_type: PolicyType) -> Result<Policy, String> {
    let document: Document = serde_json::from_str(document).map_err(|error| error.to_string())?;
    match document.version.as_deref() {
        None | Some("2008-10-17" | "2012-10-17") => {}
        Some(version) => return Err(format!("unknown policy version {version}")),
    }
    let statements: Vec<_> =
        document.statement.into_iter().map(|written| written.read(policy_type)).collect::<Result<_, _>>()?;
    if statements.is_empty() { Err("the policy has no statement".to_owned()) } else { Ok(Policy { statements }) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    #[serde(deserialize_with = "list_or_single")]
    statement: Vec<StatementJson>,
}

/// A statement as deserialized, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StatementJson {
    sid: Option<String>,
    effect: String,
    principal: Option<Value>,
    not_principal: Option<Value>,
    #[serde(default, deserialize_with = "optional_list_or_single")]
    action: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional_list_or_single")]
    not_action: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional_list_or_single")]
    resource: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional_list_or_single")]
    not_resource: Option<Vec<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Value>>,
}

impl StatementJson {
    fn read(self, policy_type: PolicyType) -> Result<Statement, String> {
        let effect = match self.effect.as_str() {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => return Err(format!("Effect must be Allow or Deny, not {other}")),
        };
        let principals = principals(policy_type, effect, self.principal, self.not_principal)?;
        let is_action = |action: &str| {
            action == "*"
                || action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        };
        // "If either of the required Resource or Action elements are missing from a key policy statement, the policy
        // statement has no effect" (API reference, CreateKey and PutKeyPolicy, which succeed).
        let no_match = || Ok(Patterns::AnyOf(Vec::new()));
        let actions = match (policy_type, self.action, self.not_action) {
            (PolicyType::Key, None, None) => no_match(),
            (_, any_of, all_except) => choice("Action", any_of, all_except, is_action),
        }?;
        let resources = match (policy_type, self.resource, self.not_resource) {
            (PolicyType::Key, None, None) => no_match(),
            // AWS refuses other resources since August 2025 (announced to the customers concerned).
            (PolicyType::Key, Some(any_of), None) if any_of == ["*"] => Ok(Patterns::AnyOf(any_of)),
            (PolicyType::Key, ..) => Err("The only Resource in a key policy is \"*\".".to_owned()),
            // AWS: "MalformedPolicyDocument: Has prohibited field Resource". A trust policy applies to its own role.
            (PolicyType::Trust, None, None) => Ok(Patterns::AnyOf(vec!["*".to_owned()])),
            (PolicyType::Trust, ..) => Err("Has prohibited field Resource".to_owned()),
            (PolicyType::Resource | PolicyType::Role, any_of, all_except) => {
                choice("Resource", any_of, all_except, |resource| resource == "*" || resource.starts_with("arn:"))
            }
        }?;
        let conditions = self
            .condition
            .into_iter()
            .flat_map(|(operator, keys)| keys.into_iter().map(move |(key, values)| (operator.clone(), key, values)))
            .map(|(operator, key, values)| Condition::parse(&operator, &key, scalars(values)?))
            .collect::<Result<Vec<_>, _>>()?;
        let too_wide = conditions.iter().filter(|_| policy_type == PolicyType::Key);
        if let Some(prefix) = too_wide.filter_map(|condition| condition.overly_permissive_in_key_policy()).next() {
            let kind = if prefix.starts_with("kms") { "encryption context" } else { "tag" };
            return Err(format!(
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key \
                 matches requests without the specified {kind} or with an unspecified {kind}. To fix, remove \
                 ForAllValues."
            ));
        }
        Ok(Statement { sid: self.sid, effect, principals, actions, resources, conditions })
    }
}

fn principals(
    policy_type: PolicyType,
    effect: Effect,
    principal: Option<Value>,
    not_principal: Option<Value>,
) -> Result<Principals, String> {
    match (policy_type, principal, not_principal) {
        (PolicyType::Role, None, None) => Ok(Principals::Own),
        (PolicyType::Role, ..) => Err("a role policy must not have a Principal".to_owned()),
        (_, Some(principal), None) => named_principals(principal).map(Principals::AnyOf),
        // "You cannot use the NotPrincipal element in an IAM identity-based policy nor in an IAM role trust policy" (IAM
        // user guide).
        (PolicyType::Resource | PolicyType::Key, None, Some(but)) => all_principals_except(effect, but),
        (PolicyType::Trust, None, Some(_)) => Err("a trust policy must not have a NotPrincipal".to_owned()),
        (_, None, None) => Err("a resource policy requires a Principal".to_owned()),
        (_, Some(_), Some(_)) => Err("a statement requires either Principal or NotPrincipal".to_owned()),
    }
}

/// Reads `NotPrincipal`. AWS "might" deny an account as a whole if a role is named without its account, or a role if a
/// session is named without it (IAM user guide). Such policies are refused, because their effect is not documented.
fn all_principals_except(effect: Effect, written: Value) -> Result<Principals, String> {
    if effect == Effect::Allow {
        // "Using it with "Effect":"Allow" is not supported" (IAM user guide).
        return Err("NotPrincipal requires the effect Deny".to_owned());
    }
    let named = named_principals(written)?;
    if named.contains(&PolicyPrincipal::Everyone) {
        return Err("NotPrincipal \"*\" is not simulated".to_owned());
    }
    for arn in named.iter().filter_map(|named| if let PolicyPrincipal::Arn(arn) = named { Some(arn) } else { None }) {
        for wider in wider_principals(arn) {
            if !named.contains(&wider) {
                return Err(format!("a NotPrincipal that names {arn} must also name its role and its account"));
            }
        }
    }
    Ok(Principals::AllExcept(named))
}

/// The account of a role; the account and the role of a session.
fn wider_principals(arn: &str) -> Vec<PolicyPrincipal> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, _, _, _, account, who] = parts[..] else { return Vec::new() };
    let session = who.strip_prefix("assumed-role/").and_then(|session| session.split_once('/'));
    let role = session.map(|(role, _)| PolicyPrincipal::Arn(format!("arn:aws:iam::{account}:role/{role}")));
    role.into_iter().chain([PolicyPrincipal::Account(account.to_owned())]).collect()
}

/// `"*"`, or `{"AWS": …, "Service": …}`.
fn named_principals(written: Value) -> Result<Vec<PolicyPrincipal>, String> {
    const WRONG: &str = "Policy contains a statement with one or more invalid principals.";
    let kinds = match written {
        Value::String(all) if all == "*" => return Ok(vec![PolicyPrincipal::Everyone]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(WRONG.to_owned()),
    };
    let mut named = Vec::new();
    for (kind, names) in kinds {
        for name in many::<String>(names).map_err(|error| format!("{WRONG} ({error})"))? {
            let one = match kind.as_str() {
                "AWS" => parse_aws_principal(&name),
                "Service" => name.ends_with(".amazonaws.com").then(|| PolicyPrincipal::Service(name.clone())),
                _ => return Err(format!("principals of the kind {kind} are not simulated")),
            };
            named.push(one.ok_or_else(|| format!("{WRONG} ({name})"))?);
        }
    }
    Ok(named)
}

/// Whether this is the ARN of an account's root user, a role or a session.
pub(crate) fn is_principal_arn(text: &str) -> bool {
    text.starts_with("arn:") && parse_aws_principal(text).is_some()
}

/// Accounts, roles and sessions. IAM users are not simulated, and AWS also refuses a principal that does not exist. The
/// ARN of a principal has no wildcards.
fn parse_aws_principal(name: &str) -> Option<PolicyPrincipal> {
    if name == "*" {
        return Some(PolicyPrincipal::Everyone);
    }
    if is_account(name) {
        return Some(PolicyPrincipal::Account(name.to_owned()));
    }
    let parts: Vec<_> = name.splitn(6, ':').collect();
    let ["arn", "aws", service @ ("iam" | "sts"), "", account, who] = parts[..] else { return None };
    if !is_account(account) || who.contains(['*', '?']) {
        return None;
    }
    match (service, who.split_once('/')) {
        ("iam", None) if who == "root" => Some(PolicyPrincipal::Account(account.to_owned())),
        ("iam", Some(("role", role))) if !role.is_empty() => Some(PolicyPrincipal::Arn(name.to_owned())),
        ("sts", Some(("assumed-role", session))) if session.contains('/') => {
            Some(PolicyPrincipal::Arn(name.to_owned()))
        }
        _ => None,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn choice(
    element: &str,
    any_of: Option<Vec<String>>,
    all_except: Option<Vec<String>>,
    is_valid: impl Fn(&str) -> bool,
) -> Result<Patterns, String> {
    let choice = match (any_of, all_except) {
        (Some(any_of), None) => Patterns::AnyOf(any_of),
        (None, Some(but)) => Patterns::AllExcept(but),
        _ => return Err(format!("a statement requires either {element} or Not{element}")),
    };
    let (Patterns::AnyOf(patterns) | Patterns::AllExcept(patterns)) = &choice;
    if patterns.is_empty() {
        return Err(format!("{element} is empty"));
    }
    match patterns.iter().find(|pattern| !is_valid(pattern) || pattern.contains("${")) {
        Some(wrong) => Err(format!("invalid {element} {wrong}")),
        None => Ok(choice),
    }
}

/// The values of a condition, which may be JSON strings, booleans or numbers.
fn scalars(written: Value) -> Result<Vec<String>, String> {
    let values = if let Value::Array(values) = written { values } else { vec![written] };
    values
        .into_iter()
        .map(|value| match value {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("invalid condition value {value}")),
        })
        .collect()
}

fn optional_list_or_single<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<T>>, D::Error> {
    list_or_single(from).map(Some)
}

fn list_or_single<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    many(Value::deserialize(from)?).map_err(de::Error::custom)
}

/// A JSON list, or a single value where AWS accepts one in place of a list.
fn many<T: DeserializeOwned>(written: Value) -> Result<Vec<T>, serde_json::Error> {
    match written {
        list @ Value::Array(_) => serde_json::from_value(list),
        one => serde_json::from_value(one).map(|one| vec![one]),
    }
}
