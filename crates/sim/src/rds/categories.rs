//! The types of event sources, and the categories of their events.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Error;

/// A type of event sources.
struct SourceType {
    name: &'static str,
    categories: &'static [&'static str],
    /// Whether an event subscription can have it.
    is_subscribable: bool,
}

const fn source(name: &'static str, categories: &'static [&'static str]) -> SourceType {
    SourceType { name, categories, is_subscribable: true }
}

/// The types are those of `SourceType` in the API reference. The categories are those of the response to
/// `DescribeEventCategories` (in the reference of the AWS command line), and of the tables in the guides of RDS and Aurora.
/// The guides write `global failover`; users' subscriptions and event patterns need `global-failover`. The guides have no
/// category for `zero-etl`.
const TYPES: [SourceType; 11] = [
    source("blue-green-deployment", &["creation", "deletion", "failure", "notification"]),
    source("custom-engine-version", &["failure"]),
    source(
        "db-cluster",
        &[
            "configuration change",
            "creation",
            "deletion",
            "failover",
            "failure",
            "global-failover",
            "maintenance",
            "migration",
            "notification",
            "serverless",
        ],
    ),
    source("db-cluster-snapshot", &["backup", "notification"]),
    source(
        "db-instance",
        &[
            "availability",
            "backtrack",
            "backup",
            "configuration change",
            "creation",
            "deletion",
            "failover",
            "failure",
            "low storage",
            "maintenance",
            "notification",
            "read replica",
            "recovery",
            "restoration",
            "security",
            "security patching",
        ],
    ),
    source("db-parameter-group", &["configuration change"]),
    source("db-proxy", &["configuration change", "creation", "deletion", "failure"]),
    source("db-security-group", &["configuration change", "failure"]),
    // It is a value of the type `SourceType`, but not one of `CreateEventSubscription`.
    SourceType { is_subscribable: false, ..source("db-shard-group", &["failure", "maintenance", "notification"]) },
    source("db-snapshot", &["creation", "deletion", "notification", "restoration"]),
    source("zero-etl", &[]),
];

/// Refuses a type that no event has.
pub(super) fn check_type(name: &str) -> Result<(), Error> {
    find(name, |_| true).map(drop)
}

/// Refuses types and categories that a subscription cannot have. Without a type, it can have all categories.
pub(super) fn check(source_type: Option<&str>, wanted: &[String]) -> Result<(), Error> {
    let known: BTreeSet<&str> = match source_type {
        Some(name) => find(name, |source| source.is_subscribable)?.categories.iter().copied().collect(),
        None => TYPES.iter().flat_map(|source| source.categories).copied().collect(),
    };
    match wanted.iter().find(|category| !known.contains(category.as_str())) {
        None => Ok(()),
        Some(category) => {
            let message = format!("The event category {category} does not exist.");
            Err(Error::new("SubscriptionCategoryNotFound", message).status(404))
        }
    }
}

/// Whether events of some source type have this category.
pub(super) fn is_known(category: &str) -> bool {
    TYPES.iter().any(|source| source.categories.contains(&category))
}

fn find(name: &str, is_wanted: impl Fn(&SourceType) -> bool) -> Result<&'static SourceType, Error> {
    let found = TYPES.iter().find(|source| source.name == name).filter(|source| is_wanted(source));
    found.ok_or_else(|| Error::new("InvalidParameterValue", format!("Invalid source type: {name}.")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    source_type: Option<String>,
}

pub(super) fn describe(wanted: &DescribeRequest) -> Result<Value, Error> {
    wanted.source_type.as_deref().map_or(Ok(()), check_type)?;
    let found = TYPES.iter().filter(|source| wanted.source_type.as_deref().is_none_or(|name| name == source.name));
    let all: Vec<_> =
        found.map(|source| json!({ "SourceType": source.name, "EventCategories": source.categories })).collect();
    Ok(json!({ "EventCategoriesMapList": all }))
}
