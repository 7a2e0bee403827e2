//! Tags of databases, snapshots and event subscriptions. Only the owner can see and change them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::identifiers::{Arn, ResourceType};
use super::{RdsContext, find_database, find_snapshot, groups, subscriptions};
use crate::call::Error;
use crate::wire::xml::Xml;
use crate::world::{State, World};

pub(super) type Tags = BTreeMap<String, String>;

/// A tag in a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// The maximum number of tags of a resource, not counting AWS's own.
const MAX_COUNT: usize = 50;
const MAX_KEY_LENGTH: usize = 128;
const MAX_VALUE_LENGTH: usize = 256;
/// The prefix of the keys that AWS itself sets.
const AWS: &str = "aws:";
/// "The string value … can't be prefixed with `aws:` or `rds:`" (`Tag`, of both keys and values).
const RESERVED: [&str; 2] = [AWS, "rds:"];

/// Adds the tags of a request, which replace existing ones.
pub(super) fn with(mut tags: Tags, wanted: Vec<Tag>) -> Result<Tags, Error> {
    for Tag { key, value } in wanted {
        check(&key, &value)?;
        tags.insert(key, value);
    }
    if tags.keys().filter(|key| !begins_with(key, AWS)).count() > MAX_COUNT {
        return Err(refused(format!("The number of tags exceeds the limit of {MAX_COUNT} tags per resource.")));
    }
    Ok(tags)
}

/// The tags as `TagList`.
pub(super) fn view(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The same in XML.
pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    xml.nested("TagList", |xml| {
        for (key, value) in tags {
            xml.nested("Tag", |xml| {
                xml.text("Key", key);
                xml.text("Value", value);
            });
        }
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddRequest {
    resource_name: String,
    tags: Vec<Tag>,
}

pub(super) fn add(state: &mut State, ctx: &RdsContext, wanted: AddRequest) -> Result<(), Error> {
    let tags = of(state, ctx, &wanted.resource_name)?;
    *tags = with(tags.clone(), wanted.tags)?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveRequest {
    resource_name: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(state: &mut State, ctx: &RdsContext, wanted: RemoveRequest) -> Result<(), Error> {
    let tags = of(state, ctx, &wanted.resource_name)?;
    wanted.tag_keys.iter().try_for_each(|key| check(key, ""))?;
    tags.retain(|key, _| !wanted.tag_keys.contains(key));
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRequest {
    resource_name: String,
}

pub(super) fn list(state: &mut State, ctx: &RdsContext, wanted: &ListRequest) -> Result<Value, Error> {
    Ok(json!({ "TagList": view(of(state, ctx, &wanted.resource_name)?) }))
}

impl World {
    /// Sets a tag whose key begins with `aws:` on a database or snapshot, as CloudFormation and other AWS services do.
    /// Clients cannot set such tags. Snapshots and copies inherit them like any other tag.
    ///
    /// # Errors
    /// If no database or snapshot has this ARN.
    pub fn set_reserved_tag(&self, arn: &str, key: &str, value: &str) -> Result<(), String> {
        self.change(|state| {
            let not_found = || format!("no such resource: {arn}");
            let tags = tags_of(state, &Arn::parse(arn).ok_or_else(not_found)?).ok_or_else(not_found)?;
            tags.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }
}

/// The tags of a resource of the caller.
fn of<'s>(state: &'s mut State, ctx: &RdsContext, name: &str) -> Result<&'s mut Tags, Error> {
    if is_subscription(name) {
        // The operations on tags list no error for subscriptions.
        let missing = || refused(format!("The specified resource does not exist: {name}"));
        return subscriptions::tags_of(state, ctx, name).ok_or_else(missing);
    }
    let arn = Arn::read(name)?;
    if arn.region != ctx.region {
        return Err(refused("The specified resource name does not match an RDS resource in this region."));
    }
    if arn.account != ctx.caller.account {
        let who = ctx.caller.principal();
        let message = format!("User: {who} is not authorized to access the tags of resource: {arn}");
        return Err(Error::new("AccessDenied", message).status(403));
    }
    tags_of(state, &arn).ok_or_else(|| match arn.resource_type {
        ResourceType::Database => arn.kind.database_not_found(&arn.id),
        // This operation has a single error for both kinds of snapshots, which is spelled as for instances.
        ResourceType::Snapshot => super::kind::Kind::Instance.snapshot_not_found(&arn.id),
        // The operations on tags list no error for groups either.
        _ => refused(format!("The specified resource does not exist: {name}")),
    })
}

fn is_subscription(name: &str) -> bool {
    crate::arn::Arn::of("rds", name).is_some_and(|arn| arn.resource.starts_with("es:"))
}

pub(super) fn tags_of<'s>(state: &'s mut State, arn: &Arn) -> Option<&'s mut Tags> {
    match arn.resource_type {
        ResourceType::Database => find_database(state, arn).map(|database| &mut database.tags),
        ResourceType::Snapshot => find_snapshot(state, arn).map(|snapshot| &mut snapshot.tags),
        _ => groups::tags_of(state, arn),
    }
}

fn check(key: &str, value: &str) -> Result<(), Error> {
    for (what, text) in [("keys", key), ("values", value)] {
        if let Some(prefix) = RESERVED.iter().find(|prefix| begins_with(text, prefix)) {
            return Err(refused(format!(r#"Tag {what} cannot start with the reserved prefix "{prefix}"."#)));
        }
    }
    for (what, text, shortest, longest) in [("keys", key, 1, MAX_KEY_LENGTH), ("values", value, 0, MAX_VALUE_LENGTH)] {
        if !(shortest..=longest).contains(&text.chars().count()) {
            return Err(refused(format!("Tag {what} must be between {shortest} and {longest} characters in length.")));
        }
        if !text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c)) {
            return Err(refused(format!(
                "Tag {what} may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + - @"
            )));
        }
    }
    Ok(())
}

/// AWS reserves prefixes in any case.
fn begins_with(key: &str, prefix: &str) -> bool {
    key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterValue", message)
}
