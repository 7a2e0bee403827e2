//! The permissions that each operation requires, by the table in AWS's *Service Authorization Reference*.
//!
//! Permissions are checked first, so the resources of a request need not exist.

use std::sync::Arc;

use serde::Deserialize;

use super::databases::Facts;
use super::engines::Engine;
use super::groups::{options, parameters, subnets};
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::tags::{Tag, tags_of};
use super::{RdsContext, find_database, find_snapshot, managed_secret};
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
    /// The snapshot that a cluster is restored from: of an instance or of a cluster.
    RestoredSnapshot,
    /// The database that another is restored from, if the request names it.
    SourceDatabase,
    /// The automated backup of an instance or cluster.
    AutomatedBackup,
    ParameterGroup,
    OptionGroup,
    SubnetGroup,
    /// The groups of a new database: those of the request, or the defaults. The guide's policy for a user who may create
    /// instances has `og:default*`, `pg:default*` and `subgrp:default` ("Identity-based policy examples").
    GroupsOfNew,
    /// The groups that the request names.
    NamedGroups,
    /// The cluster that a new instance becomes a member of, if the request names it.
    ClusterOfNew,
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
    ParameterGroup,
    OptionGroup,
    SubnetGroup,
}

/// Every operation requires the permission of its own name on each of these.
fn table(operation: &str) -> Option<&'static [Target]> {
    Some(match operation {
        "CreateDBInstance" => &[Target::New(NewResource::Database), Target::ClusterOfNew, Target::GroupsOfNew],
        "CreateDBCluster" => &[Target::New(NewResource::Database), Target::GroupsOfNew],
        "RestoreDBInstanceFromDBSnapshot" => {
            &[Target::New(NewResource::Database), Target::GroupsOfNew, Target::Snapshot]
        }
        "RestoreDBClusterFromSnapshot" => {
            &[Target::New(NewResource::Database), Target::GroupsOfNew, Target::RestoredSnapshot]
        }
        // The resource type is `db` or `cluster`, and both databases are one.
        "RestoreDBInstanceToPointInTime" | "RestoreDBClusterToPointInTime" => {
            &[Target::New(NewResource::Database), Target::GroupsOfNew, Target::SourceDatabase, Target::AutomatedBackup]
        }
        "DescribeDBInstanceAutomatedBackups" | "DescribeDBClusterAutomatedBackups" => {
            &[Target::Listed(ResourceType::AutomatedBackup)]
        }
        "DeleteDBInstanceAutomatedBackup" | "DeleteDBClusterAutomatedBackup" => &[Target::AutomatedBackup],
        "CreateDBParameterGroup" | "CreateDBClusterParameterGroup" => &[Target::New(NewResource::ParameterGroup)],
        "DescribeDBParameterGroups"
        | "DescribeDBClusterParameterGroups"
        | "DescribeDBParameters"
        | "DescribeDBClusterParameters"
        | "ModifyDBParameterGroup"
        | "ModifyDBClusterParameterGroup"
        | "ResetDBParameterGroup"
        | "ResetDBClusterParameterGroup"
        | "DeleteDBParameterGroup"
        | "DeleteDBClusterParameterGroup" => &[Target::ParameterGroup],
        "CreateOptionGroup" => &[Target::New(NewResource::OptionGroup)],
        "DescribeOptionGroups" | "ModifyOptionGroup" | "DeleteOptionGroup" => &[Target::OptionGroup],
        "CreateDBSubnetGroup" => &[Target::New(NewResource::SubnetGroup)],
        "DescribeDBSubnetGroups" | "ModifyDBSubnetGroup" | "DeleteDBSubnetGroup" => &[Target::SubnetGroup],
        "DescribeDBInstances" | "DescribeDBClusters" => &[Target::Listed(ResourceType::Database)],
        "ModifyDBInstance" | "ModifyDBCluster" => &[Target::Database, Target::NamedGroups],
        "DeleteDBInstance" | "DeleteDBCluster" | "FailoverDBCluster" | "RebootDBInstance" | "RebootDBCluster"
        | "StartDBInstance" | "StartDBCluster" | "StopDBInstance" | "StopDBCluster" => &[Target::Database],
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => &[Target::Database, Target::New(NewResource::Snapshot)],
        "DescribeDBSnapshots" | "DescribeDBClusterSnapshots" => &[Target::Listed(ResourceType::Snapshot)],
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" => &[Target::Source, Target::New(NewResource::Target)],
        "DeleteDBSnapshot" | "DeleteDBClusterSnapshot" => &[Target::Snapshot],
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => &[Target::Snapshot],
        "DescribeDBSnapshotAttributes" | "DescribeDBClusterSnapshotAttributes" => &[Target::Snapshot],
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => &[Target::Tagged],
        "DescribeAccountAttributes"
        | "DescribeDBEngineVersions"
        | "DescribeEngineDefaultParameters"
        | "DescribeEventCategories"
        | "DescribeEvents"
        | "DescribeOrderableDBInstanceOptions" => &[Target::NoResource],
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
    #[serde(rename = "DBClusterIdentifier")]
    cluster_of_instance: Option<String>,
    #[serde(rename = "SnapshotIdentifier")]
    restored_snapshot: Option<String>,
    #[serde(rename = "SourceDBInstanceIdentifier")]
    source_database: Option<String>,
    source_dbi_resource_id: Option<String>,
    #[serde(rename = "TargetDBInstanceIdentifier")]
    target_database: Option<String>,
    #[serde(rename = "SourceDBInstanceAutomatedBackupsArn")]
    source_backup: Option<String>,
    dbi_resource_id: Option<String>,
    #[serde(rename = "DBInstanceAutomatedBackupsArn")]
    automated_backup: Option<String>,
    #[serde(rename = "DBParameterGroupName")]
    parameter_group: Option<String>,
    option_group_name: Option<String>,
    #[serde(rename = "DBSubnetGroupName")]
    subnet_group: Option<String>,
    engine: Option<String>,
    engine_version: Option<String>,
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
        for resource in fields.resources(state, &ctx, *target) {
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
    fn resources(&self, state: &mut State, ctx: &RdsContext, target: Target) -> Vec<String> {
        let database = || ctx.named(ResourceType::Database, self.database.as_deref());
        let snapshot = |name: &Option<String>| ctx.named(ResourceType::Snapshot, name.as_deref());
        vec![match target {
            Target::New(NewResource::Database) if self.target_database.is_some() => {
                ctx.named(ResourceType::Database, self.target_database.as_deref())
            }
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
            Target::RestoredSnapshot => match &self.restored_snapshot {
                // An instance's snapshot is named by its ARN.
                Some(named) if named.starts_with("arn:") => named.clone(),
                named => snapshot(named),
            },
            Target::SourceDatabase => match &self.source_database {
                Some(named) => ctx.named(ResourceType::Database, Some(named)),
                None => return Vec::new(),
            },
            Target::ClusterOfNew => match &self.cluster_of_instance {
                Some(named) => Arn { kind: Kind::Cluster, ..ctx.arn(ResourceType::Database, named) }.to_string(),
                None => return Vec::new(),
            },
            Target::AutomatedBackup => return self.automated_backups(ctx),
            Target::Listed(ResourceType::AutomatedBackup) => {
                let named = self.automated_backups(ctx);
                return match (&self.database, named.as_slice()) {
                    (Some(_), []) => vec![database()],
                    (None, []) => vec![ctx.named(ResourceType::AutomatedBackup, None)],
                    _ => named,
                };
            }
            Target::ParameterGroup | Target::New(NewResource::ParameterGroup) => {
                ctx.named(ResourceType::ParameterGroup, self.parameter_group.as_deref())
            }
            Target::OptionGroup | Target::New(NewResource::OptionGroup) => {
                ctx.named(ResourceType::OptionGroup, self.option_group_name.as_deref())
            }
            Target::SubnetGroup | Target::New(NewResource::SubnetGroup) => {
                ctx.named(ResourceType::SubnetGroup, self.subnet_group.as_deref())
            }
            Target::NamedGroups => return self.named_groups(ctx),
            Target::GroupsOfNew => return self.groups_of_new(state, ctx),
            // Groups are not listed by other resources.
            Target::Listed(resource_type) => ctx.named(resource_type, None),
            Target::Tagged => self.resource_name.clone().unwrap_or_else(|| "*".to_owned()),
            Target::NoResource => "*".to_owned(),
        }]
    }

    /// The automated backups that a request names by their ARN or by their database's resource identifier.
    fn automated_backups(&self, ctx: &RdsContext) -> Vec<String> {
        let named = [&self.source_backup, &self.automated_backup].into_iter().flatten().cloned();
        let resource_ids = [&self.source_dbi_resource_id, &self.dbi_resource_id].into_iter().flatten();
        let found = resource_ids.map(|id| ctx.automated_backup_arn(id).to_string());
        named.chain(found).collect()
    }

    fn named_groups(&self, ctx: &RdsContext) -> Vec<String> {
        let groups = [
            (ResourceType::OptionGroup, &self.option_group_name),
            (ResourceType::ParameterGroup, &self.parameter_group),
            (ResourceType::SubnetGroup, &self.subnet_group),
        ];
        groups.into_iter().filter_map(|(of, named)| Some(ctx.named(of, Some(named.as_deref()?)))).collect()
    }

    /// The groups of a new database. Those of an engine that does not exist have no default.
    fn groups_of_new(&self, state: &mut State, ctx: &RdsContext) -> Vec<String> {
        let (engine, version) = self.engine_of_new(state, ctx);
        let named = |resource_type, named: Option<&str>, default: Option<String>| {
            named.map(str::to_owned).or(default).map(|name| ctx.named(resource_type, Some(&name)))
        };
        let version = version.as_deref().unwrap_or_default();
        let options = engine.map(|engine| options::default_name(engine, version));
        let parameters = engine.map(|engine| parameters::default_name(engine, version));
        let groups = [
            named(ResourceType::OptionGroup, self.option_group_name.as_deref(), options),
            named(ResourceType::ParameterGroup, self.parameter_group.as_deref(), parameters),
            named(ResourceType::SubnetGroup, self.subnet_group.as_deref(), Some(subnets::DEFAULT.to_owned())),
        ];
        groups.into_iter().flatten().collect()
    }

    /// The engine and version of a new database: those of the request, or of its source.
    fn engine_of_new(&self, state: &mut State, ctx: &RdsContext) -> (Option<&'static Engine>, Option<String>) {
        let source = self.facts_of_source(state, ctx);
        let named = self.engine.as_deref().and_then(|name| Engine::named(name).ok());
        let engine = named.or(source.as_ref().map(|facts| facts.engine));
        let version = source.and_then(|facts| facts.settings.text("EngineVersion").map(str::to_owned));
        let version = self.engine_version.clone().or(version);
        (engine, version.or(engine.map(|engine| engine.version.to_owned())))
    }

    /// The source of a restore.
    fn facts_of_source(&self, state: &mut State, ctx: &RdsContext) -> Option<Arc<Facts>> {
        if let Some(named) = self.source_database.as_deref() {
            let arn = Arn::parse(&ctx.named(ResourceType::Database, Some(named)))?;
            return find_database(state, &arn).map(|database| database.facts.clone());
        }
        let named = self.restored_snapshot.as_deref().or(self.snapshot.as_deref())?;
        let arn = Arn::parse(&ctx.named(ResourceType::Snapshot, Some(named)))?;
        find_snapshot(state, &arn).map(|snapshot| snapshot.database.clone())
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
