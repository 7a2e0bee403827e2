//! Databases, as far as their snapshots need them.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance, Filter, Parameter};
use protocol::spec::{Group, Member, Parameters, Setting, Settings, Value};
use protocol::{BackupWindow, Database, Kind, Spec};

use super::{PAGE_SIZE, Rds, spec, tags};
use crate::DatabasePage;
use crate::error::Failure;

impl Rds {
    /// A page of the databases of a kind, or of those with this resource ID. Not the identifier: a database can be renamed, and
    /// another one can have its identifier then.
    pub(crate) async fn list_databases(
        &self,
        kind: Kind,
        resource_id: Option<&str>,
        marker: Option<&str>,
    ) -> Result<DatabasePage, Failure> {
        let filter = |name: &str, id: &str| vec![Filter::builder().name(name).values(id).build()];
        let marker = marker.map(str::to_owned);
        match kind {
            Kind::Instance => {
                let filters = resource_id.map(|id| filter("dbi-resource-id", id));
                let call = self.client.describe_db_instances().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(DatabasePage {
                    databases: page.db_instances().iter().map(db_instance).collect(),
                    marker: page.marker,
                })
            }
            Kind::Cluster => {
                let filters = resource_id.map(|id| filter("db-cluster-resource-id", id));
                let call = self.client.describe_db_clusters().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(DatabasePage { databases: page.db_clusters().iter().map(db_cluster).collect(), marker: page.marker })
            }
        }
    }

    /// The settings of the members of a cluster, by their identifiers. A cluster has 16 at most, which is one page.
    pub(crate) async fn member_settings(&self, cluster: &str) -> Result<BTreeMap<String, Settings>, Failure> {
        let of_cluster = Filter::builder().name("db-cluster-id").values(cluster).build();
        let page = self.client.describe_db_instances().filters(of_cluster).max_records(PAGE_SIZE).send().await?;
        let of_member = |it: &DbInstance| Some((it.db_instance_identifier()?.to_owned(), spec::of_member(it)));
        Ok(page.db_instances().iter().filter_map(of_member).collect())
    }

    /// The parameters of a group that a user has changed.
    pub(crate) async fn changed_parameters(&self, group: &Group) -> Result<Parameters, Failure> {
        const CHANGED: &str = "user";
        let (mut parameters, mut marker) = (Parameters::new(), None);
        loop {
            let next = match group.kind {
                Kind::Instance => {
                    let call = self.client.describe_db_parameters().db_parameter_group_name(&group.name);
                    let page = call.source(CHANGED).max_records(PAGE_SIZE).set_marker(marker).send().await?;
                    add(&mut parameters, page.parameters());
                    page.marker
                }
                Kind::Cluster => {
                    let call =
                        self.client.describe_db_cluster_parameters().db_cluster_parameter_group_name(&group.name);
                    let page = call.source(CHANGED).max_records(PAGE_SIZE).set_marker(marker).send().await?;
                    add(&mut parameters, page.parameters());
                    page.marker
                }
            };
            match next {
                None => return Ok(parameters),
                next => marker = next,
            }
        }
    }
}

/// A parameter without a value has none of its own.
fn add(parameters: &mut Parameters, page: &[Parameter]) {
    let pair = |it: &Parameter| Some((it.parameter_name()?.to_owned(), it.parameter_value()?.to_owned()));
    parameters.extend(page.iter().filter_map(pair));
}

fn db_instance(described: &DbInstance) -> Database {
    Database {
        resource_id: described.dbi_resource_id().unwrap_or_default().to_owned(),
        name: described.db_instance_identifier().unwrap_or_default().to_owned(),
        backup_window: backup_window(described.backup_retention_period(), described.preferred_backup_window()),
        spec: Spec { tags: tags(described.tag_list()), ..spec::of_instance(described) },
        tags: tags(described.tag_list()),
    }
}

fn db_cluster(described: &DbCluster) -> Database {
    Database {
        resource_id: described.db_cluster_resource_id().unwrap_or_default().to_owned(),
        name: described.db_cluster_identifier().unwrap_or_default().to_owned(),
        backup_window: backup_window(described.backup_retention_period(), described.preferred_backup_window()),
        spec: Spec { members: members(described), tags: tags(described.tag_list()), ..spec::of_cluster(described) },
        tags: tags(described.tag_list()),
    }
}

/// The members, the writer first, then by tier. The description of the cluster has nothing else of them. A Multi-AZ cluster has
/// none that a restore would create: RDS does.
fn members(described: &DbCluster) -> Vec<Member> {
    if described.db_cluster_instance_class().is_some() {
        return Vec::new();
    }
    let member = |member: &DbClusterMember| {
        let tier = member.promotion_tier().and_then(|tier| u32::try_from(tier).ok());
        Some(Member {
            name: member.db_instance_identifier()?.to_owned(),
            is_writer: member.is_cluster_writer().unwrap_or_default(),
            settings: tier.map(|tier| (Setting::PromotionTier, Value::Number(tier))).into_iter().collect(),
        })
    };
    let mut members: Vec<Member> = described.db_cluster_members().iter().filter_map(member).collect();
    members.sort_by_key(|member| {
        (!member.is_writer, member.settings.get(&Setting::PromotionTier).cloned(), member.name.clone())
    });
    members
}

/// "Setting this parameter to 0 disables automated backups" (`BackupRetentionPeriod`).
fn backup_window(retention_days: Option<i32>, window: Option<&str>) -> Option<BackupWindow> {
    window.filter(|_| retention_days.is_some_and(|days| days > 0)).and_then(BackupWindow::parse)
}
