//! Policy documents: JSON read into a [`Policy`]. Whatever is not understood is an error.

use std::collections::BTreeMap;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::Condition;
use super::{Effect, Patterns, Policy, PolicyPrincipal, Statement};

/// What has a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyType {
    /// Says who may do something to it.
    Resource,
    /// Says what it may do.
    Role,
    /// A role, of which it says who may take it up.
    Trust,
}

pub(super) fn read(document: &str, policy_type: PolicyType) -> Result<Policy, String> {
    let document: Document = serde_json::from_str(document).map_err(|why| why.to_string())?;
    match document.version.as_deref() {
        None | Some("2008-10-17" | "2012-10-17") => {}
        Some(version) => return Err(format!("{version} is no version of the policy language")),
    }
    let statements: Vec<_> =
        document.statement.into_iter().map(|written| written.read(policy_type)).collect::<Result<_, _>>()?;
    if statements.is_empty() { Err("there is no statement".to_owned()) } else { Ok(Policy { statements }) }
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

/// A statement as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StatementJson {
    sid: Option<String>,
    effect: String,
    principal: Option<Value>,
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
            other => return Err(format!("the effect is Allow or Deny, not {other}")),
        };
        let principals = match (policy_type, self.principal) {
            (PolicyType::Resource | PolicyType::Trust, Some(principal)) => Some(principals(principal)?),
            (PolicyType::Role, None) => None,
            (PolicyType::Resource | PolicyType::Trust, None) => {
                return Err("the policy of a resource names a Principal".to_owned());
            }
            (PolicyType::Role, Some(_)) => return Err("the policy of a role names no Principal".to_owned()),
        };
        let actions = choice("Action", self.action, self.not_action, |action| {
            action == "*"
                || action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        })?;
        let resources = match (policy_type, self.resource, self.not_resource) {
            // "MalformedPolicyDocument: Has prohibited field Resource": it is about the role that has it.
            (PolicyType::Trust, None, None) => Patterns::AnyOf(vec!["*".to_owned()]),
            (PolicyType::Trust, ..) => return Err("Has prohibited field Resource".to_owned()),
            (_, any_of, all_except) => {
                choice("Resource", any_of, all_except, |resource| resource == "*" || resource.starts_with("arn:"))?
            }
        };
        let conditions = self
            .condition
            .into_iter()
            .flat_map(|(operator, keys)| keys.into_iter().map(move |(key, values)| (operator.clone(), key, values)))
            .map(|(operator, key, values)| Condition::parse(&operator, &key, scalars(values)?))
            .collect::<Result<_, _>>()?;
        Ok(Statement { sid: self.sid, effect, principals, actions, resources, conditions })
    }
}

/// `"*"`, or `{"AWS": …, "Service": …}`.
fn principals(written: Value) -> Result<Vec<PolicyPrincipal>, String> {
    const WRONG: &str = "Policy contains a statement with one or more invalid principals.";
    let kinds = match written {
        Value::String(all) if all == "*" => return Ok(vec![PolicyPrincipal::Everyone]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(WRONG.to_owned()),
    };
    let mut named = Vec::new();
    for (kind, names) in kinds {
        for name in many::<String>(names).map_err(|why| format!("{WRONG} ({why})"))? {
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

/// There are roles here, but no users, and a principal that does not exist is refused by AWS too. An ARN of a principal
/// has no wildcards.
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
        _ => return Err(format!("a statement has either {element} or Not{element}")),
    };
    let (Patterns::AnyOf(patterns) | Patterns::AllExcept(patterns)) = &choice;
    if patterns.is_empty() {
        return Err(format!("{element} is empty"));
    }
    match patterns.iter().find(|pattern| !is_valid(pattern) || pattern.contains("${")) {
        Some(wrong) => Err(format!("{wrong} is no {element} that can be understood")),
        None => Ok(choice),
    }
}

/// A condition's values, which may be written without quotation marks.
fn scalars(written: Value) -> Result<Vec<String>, String> {
    let values = if let Value::Array(values) = written { values } else { vec![written] };
    values
        .into_iter()
        .map(|value| match value {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("{value} is no value of a condition")),
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

/// Where AWS lets a list of one be written without its brackets.
fn many<T: DeserializeOwned>(written: Value) -> Result<Vec<T>, serde_json::Error> {
    match written {
        list @ Value::Array(_) => serde_json::from_value(list),
        one => serde_json::from_value(one).map(|one| vec![one]),
    }
}
