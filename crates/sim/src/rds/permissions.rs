//! What a caller's role must be allowed for each operation, by the table in AWS's *Service Authorization Reference*.
//!
//! What a request names need not exist: permission comes first. Left out are the parameter groups, option groups and
//! subnet groups that a new database needs to be allowed too, as there are none here.

use serde::Deserialize;

use super::identifiers::{Arn, What};
use super::tags::{Tag, tags_of};
use super::{Here, find_database};
use crate::call::{Call, Error};
use crate::iam::Need;
use crate::world::State;

/// What an operation is done to.
#[derive(Clone, Copy)]
enum On {
    Database,
    Snapshot,
    Source,
    Subscription,
    /// Whatever has tags.
    Tagged,
    /// Nothing yet: it will be there if the call succeeds, with the tags of the request.
    New(New),
    /// What a list is asked for. A role may be allowed only those of one snapshot or database, or only all.
    Listed(What),
    /// No resource is named in the permission.
    Nothing,
}

#[derive(Clone, Copy)]
enum New {
    Database,
    Snapshot,
    Target,
    Subscription,
}

/// Every operation needs the permission of its own name on each of these.
fn table(operation: &str) -> Option<&'static [On]> {
    Some(match operation {
        "CreateDBInstance" | "CreateDBCluster" => &[On::New(New::Database)],
        "DescribeDBInstances" | "DescribeDBClusters" => &[On::Listed(What::Database)],
        "DeleteDBInstance" | "DeleteDBCluster" => &[On::Database],
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => &[On::Database, On::New(New::Snapshot)],
        "DescribeDBSnapshots" | "DescribeDBClusterSnapshots" => &[On::Listed(What::Snapshot)],
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" => &[On::Source, On::New(New::Target)],
        "DeleteDBSnapshot" | "DeleteDBClusterSnapshot" => &[On::Snapshot],
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => &[On::Snapshot],
        "DescribeDBSnapshotAttributes" | "DescribeDBClusterSnapshotAttributes" => &[On::Snapshot],
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => &[On::Tagged],
        "DescribeAccountAttributes" | "DescribeEvents" => &[On::Nothing],
        "CreateEventSubscription" => &[On::New(New::Subscription)],
        "DescribeEventSubscriptions" | "ModifyEventSubscription" | "DeleteEventSubscription" => &[On::Subscription],
        _ => return None,
    })
}

/// The members of all requests that name something or tag it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    database: Option<String>,
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    snapshot: Option<String>,
    #[serde(rename = "SourceDBSnapshotIdentifier", alias = "SourceDBClusterSnapshotIdentifier")]
    source: Option<String>,
    #[serde(rename = "TargetDBSnapshotIdentifier", alias = "TargetDBClusterSnapshotIdentifier")]
    target: Option<String>,
    #[serde(rename = "FinalDBSnapshotIdentifier")]
    final_snapshot: Option<String>,
    resource_name: Option<String>,
    subscription_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// What a call needs its role to be allowed.
pub(crate) fn needs(state: &mut State, call: &Call) -> Result<Vec<Need>, Error> {
    let operation = &call.operation;
    let here = Here::of(call);
    let asked: Asked = call.input.clone().read()?;
    let mut needs = Vec::new();
    for on in table(operation).ok_or_else(|| Error::unknown_query_operation(operation))? {
        for resource in asked.resources(&here, *on) {
            needs.push(asked.need(state, &here, operation, &resource));
            // "rds:AddTagsToResource" is a dependent action of whatever makes something with tags.
            if matches!(on, On::New(_)) && !asked.tags.is_empty() {
                needs.push(asked.need(state, &here, "AddTagsToResource", &resource));
            }
        }
    }
    if let Some(last) = &asked.final_snapshot {
        asked.need_for_final(state, &here, last, &mut needs);
    }
    Ok(needs)
}

impl Asked {
    /// The ARNs. All of a kind are asked for as `…:snapshot:*`.
    fn resources(&self, here: &Here, on: On) -> Vec<String> {
        let database = || here.named(What::Database, self.database.as_deref());
        let snapshot = |name: &Option<String>| here.named(What::Snapshot, name.as_deref());
        vec![match on {
            On::Database | On::New(New::Database) | On::Listed(What::Database) => database(),
            On::Snapshot | On::New(New::Snapshot) => snapshot(&self.snapshot),
            On::Source => snapshot(&self.source),
            On::New(New::Target) => snapshot(&self.target),
            On::Listed(What::Snapshot) => match (&self.database, &self.snapshot) {
                (Some(_), Some(_)) => return vec![database(), snapshot(&self.snapshot)],
                (Some(_), None) => database(),
                (None, _) => snapshot(&self.snapshot),
            },
            On::Subscription | On::New(New::Subscription) => {
                here.subscription_arn(self.subscription_name.as_deref().unwrap_or("*"))
            }
            On::Tagged => self.resource_name.clone().unwrap_or_else(|| "*".to_owned()),
            On::Nothing => "*".to_owned(),
        }]
    }

    fn need(&self, state: &mut State, here: &Here, operation: &str, resource: &str) -> Need {
        let mut need = Need::new(format!("rds:{operation}"), resource);
        for Tag { key, value } in &self.tags {
            need.context.push((format!("aws:RequestTag/{key}"), value.clone()));
            need.context.push((format!("rds:req-tag/{key}"), value.clone()));
        }
        let keys = self.tags.iter().map(|tag| &tag.key).chain(&self.tag_keys);
        need.context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.clone())));
        // Nobody sees the tags of what is shared, so no condition does either.
        if let Some(arn) = Arn::parse(resource).filter(|arn| arn.account == here.caller.account) {
            for (key, value) in tags_of(state, &arn).into_iter().flat_map(|tags| &*tags) {
                need.context.push((format!("aws:ResourceTag/{key}"), value.clone()));
                need.context.push((format!("rds:{}-tag/{key}", arn.what.in_arn(arn.kind)), value.clone()));
            }
        }
        need
    }

    /// "If you want to create a final snapshot of the database when calling DeleteDBInstance …, you must have an IAM Allow
    /// effect for the rds:CreateDBSnapshot permission. … Additionally, if the database … has CopyTagsToSnapshot enabled …
    /// rds:AddTagsToResource permission for the DBSnapshot resource." (AWS to its customers, January 2025)
    fn need_for_final(&self, state: &mut State, here: &Here, last: &str, needs: &mut Vec<Need>) {
        let take = format!("Create{}", here.kind.spelling().snapshot);
        let database = here.named(What::Database, self.database.as_deref());
        let snapshot = here.arn(What::Snapshot, last).to_string();
        needs.extend([&database, &snapshot].map(|on| self.need(state, here, &take, on)));
        let found = Arn::parse(&database).and_then(|arn| find_database(state, &arn));
        if found.is_some_and(|database| !database.tags_for_snapshots().is_empty()) {
            needs.push(self.need(state, here, "AddTagsToResource", &snapshot));
        }
    }
}

impl Here {
    /// The ARN of what a request names by its identifier or ARN; of all, if it names none.
    fn named(&self, what: What, name: Option<&str>) -> String {
        match name {
            Some(arn) if arn.starts_with("arn:") => {
                Arn::parse(arn).map_or_else(|| arn.to_owned(), |arn| arn.to_string())
            }
            name => self.arn(what, name.unwrap_or("*")).to_string(),
        }
    }
}
