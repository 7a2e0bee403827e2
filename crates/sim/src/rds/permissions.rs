//! The permissions that each operation requires, by the table in AWS's *Service Authorization Reference*.
//!
//! Permissions are checked first, so the resources of a request need not exist. Parameter groups, option groups and
//! subnet groups are not simulated, so the permissions on them that creating a database requires are left out.

use serde::Deserialize;

use super::identifiers::{Arn, ResourceType};
use super::tags::{Tag, tags_of};
use super::{RdsContext, find_database, managed_secret};
use crate::call::{Call, Error, Service};
use crate::iam::RequiredPermission;
use crate::questions::CopiedTagsPermission;
use crate::world::State;

/// The resource of a permission.
#[derive(Clone, Copy)]
enum Target {
    Database,
    Snapshot,
    Source,
    Subscription,
    /// The resource whose tags are read or changed.
    Tagged,
    /// A resource that the call creates, with the tags of the request.
    New(NewResource),
    /// The resource that limits a list: one snapshot, one database, or all.
    Listed(ResourceType),
    /// The permission has no resource.
    NoResource,
}

#[derive(Clone, Copy)]
enum NewResource {
    Database,
    Snapshot,
    Target,
    Subscription,
}

/// Every operation requires the permission of its own name on each of these.
fn table(operation: &str) -> Option<&'static [Target]> {
    Some(match operation {
        "CreateDBInstance" | "CreateDBCluster" => &[Target::New(NewResource::Database)],
        "DescribeDBInstances" | "DescribeDBClusters" => &[Target::Listed(ResourceType::Database)],
        "DeleteDBInstance" | "DeleteDBCluster" | "ModifyDBInstance" | "ModifyDBCluster" | "StartDBInstance"
        | "StartDBCluster" => &[Target::Database],
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => &[Target::Database, Target::New(NewResource::Snapshot)],
        "DescribeDBSnapshots" | "DescribeDBClusterSnapshots" => &[Target::Listed(ResourceType::Snapshot)],
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" => &[Target::Source, Target::New(NewResource::Target)],
        "DeleteDBSnapshot" | "DeleteDBClusterSnapshot" => &[Target::Snapshot],
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => &[Target::Snapshot],
        "DescribeDBSnapshotAttributes" | "DescribeDBClusterSnapshotAttributes" => &[Target::Snapshot],
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => &[Target::Tagged],
        "DescribeAccountAttributes" | "DescribeEventCategories" | "DescribeEvents" | "DescribeOptionGroups" => {
            &[Target::NoResource]
        }
        "CreateEventSubscription" => &[Target::New(NewResource::Subscription)],
        "DescribeEventSubscriptions" | "ModifyEventSubscription" | "DeleteEventSubscription" => &[Target::Subscription],
        _ => return None,
    })
}

/// The request parameters that name or tag resources.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestFields {
    #[serde(rename = "DBInstanceIdentifier")]
    database: Option<String>,
    #[serde(rename = "DBSnapshotIdentifier")]
    snapshot: Option<String>,
    #[serde(rename = "SourceDBSnapshotIdentifier")]
    source: Option<String>,
    #[serde(rename = "TargetDBSnapshotIdentifier")]
    target: Option<String>,
    #[serde(rename = "FinalDBSnapshotIdentifier")]
    final_snapshot: Option<String>,
    resource_name: Option<String>,
    subscription_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
    #[serde(default)]
    copy_tags: bool,
    #[serde(default, rename = "ManageMasterUserPassword")]
    manage_password: bool,
}

/// The permissions that a call requires.
pub(crate) fn required_permissions(state: &mut State, call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let operation = &call.operation;
    let ctx = RdsContext::of(call);
    let mut read = call.clone();
    ctx.kind.read_parameters(&mut read)?;
    let fields: RequestFields = read.input.read(Service::Rds, drop)?;
    let mut required = Vec::new();
    for target in table(operation).ok_or_else(|| Error::unknown_operation(Service::Rds, operation))? {
        for resource in fields.resources(&ctx, *target) {
            required.push(fields.permission(state, &ctx, operation, &resource));
            // "rds:AddTagsToResource" is a dependent action of all actions that create tagged resources.
            if matches!(target, Target::New(_)) && !fields.tags.is_empty() {
                required.push(fields.permission(state, &ctx, "AddTagsToResource", &resource));
            }
        }
    }
    if fields.copies_tags(state, &ctx)
        && state.settings.answers.copied_tags_permission == CopiedTagsPermission::Required
    {
        let copy = ctx.named(ResourceType::Snapshot, fields.target.as_deref());
        required.push(fields.permission(state, &ctx, "AddTagsToResource", &copy));
    }
    if fields.manage_password {
        required.extend(managed_secret::permissions(&ctx));
    }
    if let Some(last) = &fields.final_snapshot {
        fields.permissions_for_final_snapshot(state, &ctx, last, &mut required);
    }
    Ok(required)
}

impl RequestFields {
    /// The ARNs of the resource. A list of all snapshots has the resource `…:snapshot:*`.
    fn resources(&self, ctx: &RdsContext, target: Target) -> Vec<String> {
        let database = || ctx.named(ResourceType::Database, self.database.as_deref());
        let snapshot = |name: &Option<String>| ctx.named(ResourceType::Snapshot, name.as_deref());
        vec![match target {
            Target::Database | Target::New(NewResource::Database) | Target::Listed(ResourceType::Database) => {
                database()
            }
            Target::Snapshot | Target::New(NewResource::Snapshot) => snapshot(&self.snapshot),
            Target::Source => snapshot(&self.source),
            Target::New(NewResource::Target) => snapshot(&self.target),
            Target::Listed(ResourceType::Snapshot) => match (&self.database, &self.snapshot) {
                (Some(_), Some(_)) => return vec![database(), snapshot(&self.snapshot)],
                (Some(_), None) => database(),
                (None, _) => snapshot(&self.snapshot),
            },
            Target::Subscription | Target::New(NewResource::Subscription) => {
                ctx.subscription_arn(self.subscription_name.as_deref().unwrap_or("*"))
            }
            Target::Tagged => self.resource_name.clone().unwrap_or_else(|| "*".to_owned()),
            Target::NoResource => "*".to_owned(),
        }]
    }

    /// Whether a copy takes the tags of its source.
    fn copies_tags(&self, state: &mut State, ctx: &RdsContext) -> bool {
        let source = Arn::parse(&ctx.named(ResourceType::Snapshot, self.source.as_deref()));
        let own =
            source.filter(|source| self.copy_tags && self.tags.is_empty() && source.account == ctx.caller.account);
        own.is_some_and(|source| tags_of(state, &source).is_some_and(|tags| !tags.is_empty()))
    }

    fn permission(&self, state: &mut State, ctx: &RdsContext, operation: &str, resource: &str) -> RequiredPermission {
        let mut permission = RequiredPermission::new(format!("rds:{operation}"), resource);
        for Tag { key, value } in &self.tags {
            permission.context.push((format!("aws:RequestTag/{key}"), value.clone()));
            permission.context.push((format!("rds:req-tag/{key}"), value.clone()));
        }
        let keys = self.tags.iter().map(|tag| &tag.key).chain(&self.tag_keys);
        permission.context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.clone())));
        // The tags of shared snapshots are visible only to their owner, so conditions cannot match them.
        if let Some(arn) = Arn::parse(resource).filter(|arn| arn.account == ctx.caller.account) {
            for (key, value) in tags_of(state, &arn).into_iter().flat_map(|tags| &*tags) {
                permission.context.push((format!("aws:ResourceTag/{key}"), value.clone()));
                permission
                    .context
                    .push((format!("rds:{}-tag/{key}", arn.resource_type.arn_segment(arn.kind)), value.clone()));
            }
        }
        permission
    }

    /// "If you want to create a final snapshot of the database when calling DeleteDBInstance …, you must have an IAM
    /// Allow effect for the rds:CreateDBSnapshot permission. … Additionally, if the database … has CopyTagsToSnapshot
    /// enabled … rds:AddTagsToResource permission for the DBSnapshot resource." (AWS to its customers, January 2025)
    fn permissions_for_final_snapshot(
        &self,
        state: &mut State,
        ctx: &RdsContext,
        last: &str,
        required: &mut Vec<RequiredPermission>,
    ) {
        let take = format!("Create{}", ctx.kind.spelling().snapshot);
        let database = ctx.named(ResourceType::Database, self.database.as_deref());
        let snapshot = ctx.arn(ResourceType::Snapshot, last).to_string();
        required.extend([&database, &snapshot].map(|on| self.permission(state, ctx, &take, on)));
        let found = Arn::parse(&database).and_then(|arn| find_database(state, &arn));
        if found.is_some_and(|database| !database.tags_for_snapshots().is_empty()) {
            required.push(self.permission(state, ctx, "AddTagsToResource", &snapshot));
        }
    }
}

impl RdsContext {
    /// The ARN of a resource that is named by identifier or ARN, or of all resources (`*`) if the request names none.
    fn named(&self, resource_type: ResourceType, name: Option<&str>) -> String {
        match name {
            Some(arn) if arn.starts_with("arn:") => {
                Arn::parse(arn).map_or_else(|| arn.to_owned(), |arn| arn.to_string())
            }
            name => self.arn(resource_type, name.unwrap_or("*")).to_string(),
        }
    }
}
