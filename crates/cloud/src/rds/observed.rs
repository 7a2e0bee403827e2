//! Databases as [`Observed`]: one description of an instance, two of a cluster, because a cluster's description of its members has no
//! status.

use aws_sdk_rds::types::{
    ClusterPendingModifiedValues, DbCluster, DbClusterMember, DbInstance, Filter, PendingModifiedValues, Tag,
};
use protocol::observed::{Endpoint, Facts, Observed, ObservedMember};
use protocol::tags::is_reserved;
use protocol::{DatabaseArn, Kind, Tags};

use super::{PAGE_SIZE, Rds, spec, tags, time};
use crate::error::Failure;

/// Which database: a name is given again, a resource ID is not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'w> {
    /// The one that has this name now.
    Named(&'w DatabaseArn),
    /// The database with this resource ID. It may have been renamed.
    WithId(Kind, &'w str),
}

impl Rds {
    /// A missing database is an error, or `None` if AWS answers with an empty list: by name it is an error, by filter a list.
    pub(crate) async fn observe(&self, which: Which<'_>) -> Result<Option<Observed>, Failure> {
        let filter = |name: &str, id: &str| vec![Filter::builder().name(name).values(id).build()];
        match which {
            Which::Named(arn) if arn.kind == Kind::Instance => {
                self.instance(|call| call.db_instance_identifier(arn.id())).await
            }
            Which::WithId(Kind::Instance, id) => {
                let found = self.instance(|call| call.set_filters(Some(filter("dbi-resource-id", id)))).await?;
                Ok(found.filter(|found| found.resource_id == id))
            }
            Which::Named(arn) => self.cluster(|call| call.db_cluster_identifier(arn.id())).await,
            Which::WithId(Kind::Cluster, id) => {
                let found = self.cluster(|call| call.set_filters(Some(filter("db-cluster-resource-id", id)))).await?;
                Ok(found.filter(|found| found.resource_id == id))
            }
        }
    }

    /// Those of these databases that exist: one description of instances, two of clusters. A filter answers with a list, also with an empty
    /// one.
    pub(crate) async fn observe_these(&self, kind: Kind, these: &[DatabaseArn]) -> Result<Vec<Observed>, Failure> {
        let names = |name: &str, ids: Vec<String>| Filter::builder().name(name).set_values(Some(ids)).build();
        let these = these.iter().map(|arn| arn.id().to_owned()).collect();
        if kind == Kind::Instance {
            let call = self.client.describe_db_instances().filters(names("db-instance-id", these));
            let found = call.max_records(PAGE_SIZE).send().await?;
            // The result includes instances that are in a cluster: their names count as taken, too.
            return found.db_instances().iter().map(instance).collect();
        }
        let call = self.client.describe_db_clusters().filters(names("db-cluster-id", these));
        let clusters = call.max_records(PAGE_SIZE).send().await?.db_clusters.unwrap_or_default();
        // RDS creates the members of a Multi-AZ cluster itself, and deletes them with it.
        let with_own = clusters.iter().filter(|cluster| cluster.db_cluster_instance_class().is_none());
        let with_own: Vec<String> = with_own.filter_map(|it| it.db_cluster_identifier()).map(str::to_owned).collect();
        let instances = match with_own.is_empty() {
            true => Vec::new(),
            false => {
                let call = self.client.describe_db_instances().filters(names("db-cluster-id", with_own.clone()));
                call.max_records(PAGE_SIZE).send().await?.db_instances.unwrap_or_default()
            }
        };
        let members = |cluster: &DbCluster| -> Vec<DbInstance> {
            let id = cluster.db_cluster_identifier().filter(|id| with_own.iter().any(|own| own == id));
            instances.iter().filter(|it| id.is_some() && it.db_cluster_identifier() == id).cloned().collect()
        };
        clusters.iter().map(|it| cluster(it, &members(it))).collect()
    }

    /// All databases with such a name or such tags, clusters with their members: one listing of the clusters and one of the instances. In this
    /// order, so that the members of each listed cluster are listed, too.
    pub(crate) async fn observe_all(&self, is_wanted: fn(&str, &Tags) -> bool) -> Result<Vec<Observed>, Failure> {
        let (mut clusters, mut instances) = (Vec::new(), Vec::new());
        let mut marker = None;
        loop {
            let call = self.client.describe_db_clusters().max_records(PAGE_SIZE);
            let page = call.set_marker(marker).send().await?;
            clusters.extend(page.db_clusters.unwrap_or_default());
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        loop {
            let call = self.client.describe_db_instances().max_records(PAGE_SIZE);
            let page = call.set_marker(marker).send().await?;
            instances.extend(page.db_instances.unwrap_or_default());
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        let members = |id: Option<&str>| -> Vec<DbInstance> {
            instances.iter().filter(|it| id.is_some() && it.db_cluster_identifier() == id).cloned().collect()
        };
        let is_wanted = |name: Option<&str>, list: &[Tag]| name.is_some_and(|name| is_wanted(name, &tags(list)));
        let clusters = clusters.iter().filter(|it| is_wanted(it.db_cluster_identifier(), it.tag_list())).map(|it| {
            // RDS creates the members of a Multi-AZ cluster itself, and deletes them with it.
            let has_own = it.db_cluster_instance_class().is_none();
            cluster(it, &members(it.db_cluster_identifier().filter(|_| has_own)))
        });
        let alone = instances.iter().filter(|it| it.db_cluster_identifier().is_none());
        let alone = alone.filter(|it| is_wanted(it.db_instance_identifier(), it.tag_list())).map(instance);
        clusters.chain(alone).collect()
    }

    /// The instance with this name, as a member of a cluster. The cluster is not described.
    pub(crate) async fn observe_member(&self, arn: &DatabaseArn) -> Result<Option<ObservedMember>, Failure> {
        let found = self.client.describe_db_instances().db_instance_identifier(arn.id()).send().await?;
        found.db_instances().first().map(|instance| member(instance, &[])).transpose()
    }

    /// A filter answers with those that exist, in one call.
    pub(crate) async fn existing_instances(&self, instances: &[DatabaseArn]) -> Result<Vec<DatabaseArn>, Failure> {
        let names = instances.iter().map(|arn| arn.id().to_owned()).collect();
        let filter = Filter::builder().name("db-instance-id").set_values(Some(names)).build();
        let found = self.client.describe_db_instances().filters(filter).max_records(PAGE_SIZE).send().await?;
        found.db_instances().iter().map(|instance| arn(instance.db_instance_arn())).collect()
    }

    async fn instance(
        &self,
        of: impl FnOnce(DescribeInstances) -> DescribeInstances,
    ) -> Result<Option<Observed>, Failure> {
        let found = of(self.client.describe_db_instances()).send().await?;
        found.db_instances().first().map(instance).transpose()
    }

    async fn cluster(
        &self,
        of: impl FnOnce(DescribeClusters) -> DescribeClusters,
    ) -> Result<Option<Observed>, Failure> {
        let found = of(self.client.describe_db_clusters()).send().await?;
        let Some(described) = found.db_clusters().first() else { return Ok(None) };
        // RDS creates the members of a Multi-AZ cluster itself, and deletes them with it. Those of Aurora are always listed: the
        // cluster's description may lack one that was created a moment ago.
        let has_own_members = described.db_cluster_instance_class().is_some();
        // As long as it is being created, nothing can be a member of it, unless AWS says so.
        let is_new = described.status() == Some("creating") && described.db_cluster_members().is_empty();
        if has_own_members || is_new {
            return cluster(described, &[]).map(Some);
        }
        let id = described.db_cluster_identifier().unwrap_or_default();
        let of_cluster = Filter::builder().name("db-cluster-id").values(id).build();
        let members = self.client.describe_db_instances().filters(of_cluster).max_records(PAGE_SIZE).send().await?;
        cluster(described, members.db_instances()).map(Some)
    }
}

type DescribeInstances = aws_sdk_rds::operation::describe_db_instances::builders::DescribeDBInstancesFluentBuilder;
type DescribeClusters = aws_sdk_rds::operation::describe_db_clusters::builders::DescribeDBClustersFluentBuilder;

fn instance(described: &DbInstance) -> Result<Observed, Failure> {
    let facts = instance_facts(described);
    let endpoint = described.endpoint().and_then(|endpoint| endpoint_of(endpoint.address(), endpoint.port()));
    let mut spec = spec::of_instance(described);
    let tags = tags(described.tag_list());
    spec.tags = tags.iter().filter(|(key, _)| !is_reserved(key)).collect();
    Ok(Observed {
        arn: arn(described.db_instance_arn())?,
        resource_id: described.dbi_resource_id().unwrap_or_default().to_owned(),
        created: time(described.instance_create_time()),
        condition: facts.condition(),
        is_protected: described.deletion_protection().unwrap_or_default(),
        needs_reboot: facts.needs_reboot(),
        spec,
        members: Vec::new(),
        endpoint,
        secret: described.master_user_secret().and_then(|secret| secret.secret_arn()).map(str::to_owned),
        has_impaired_secret: facts.has_impaired_secret(),
        failed_groups: facts.failed_groups(),
        latest_restorable: time(described.latest_restorable_time()),
        vpc: described.db_subnet_group().and_then(|group| group.vpc_id()).map(str::to_owned),
        tags,
    })
}

fn cluster(described: &DbCluster, instances: &[DbInstance]) -> Result<Observed, Failure> {
    let facts = cluster_facts(described);
    let mut spec = spec::of_cluster(described);
    let tags = tags(described.tag_list());
    spec.tags = tags.iter().filter(|(key, _)| !is_reserved(key)).collect();
    let members = instances.iter().map(|instance| member(instance, described.db_cluster_members()));
    Ok(Observed {
        arn: arn(described.db_cluster_arn())?,
        resource_id: described.db_cluster_resource_id().unwrap_or_default().to_owned(),
        created: time(described.cluster_create_time()),
        condition: facts.condition(),
        is_protected: described.deletion_protection().unwrap_or_default(),
        // Of Aurora, the members are rebooted.
        needs_reboot: facts.needs_reboot(),
        spec,
        members: members.collect::<Result<_, _>>()?,
        endpoint: endpoint_of(described.endpoint(), described.port()),
        secret: described.master_user_secret().and_then(|secret| secret.secret_arn()).map(str::to_owned),
        has_impaired_secret: facts.has_impaired_secret(),
        failed_groups: facts.failed_groups(),
        latest_restorable: time(described.latest_restorable_time()),
        vpc: None,
        tags,
    })
}

/// An instance, with what the cluster's description has of it.
fn member(described: &DbInstance, of_cluster: &[DbClusterMember]) -> Result<ObservedMember, Failure> {
    let entry = of_cluster.iter().find(|entry| entry.db_instance_identifier() == described.db_instance_identifier());
    let mut facts = instance_facts(described);
    if let Some(status) = entry.and_then(|entry| entry.db_cluster_parameter_group_status()) {
        facts.parameter_groups.push(("of the cluster".to_owned(), status.to_owned()));
    }
    Ok(ObservedMember {
        arn: arn(described.db_instance_arn())?,
        created: time(described.instance_create_time()),
        condition: facts.condition(),
        needs_reboot: facts.needs_reboot(),
        failed_groups: facts.failed_groups(),
        is_writer: entry.and_then(|entry| entry.is_cluster_writer()).unwrap_or_default(),
        settings: spec::of_member(described),
        tags: tags(described.tag_list()),
    })
}

fn arn(text: Option<&str>) -> Result<DatabaseArn, Failure> {
    text.unwrap_or_default().parse().map_err(Failure::invalid_response)
}

fn endpoint_of(host: Option<&str>, port: Option<i32>) -> Option<Endpoint> {
    Some(Endpoint { host: host.filter(|host| !host.is_empty())?.to_owned(), port: u16::try_from(port?).ok()? })
}

fn instance_facts(described: &DbInstance) -> Facts {
    let pairs = |list: Vec<(Option<&str>, Option<&str>)>| -> Vec<(String, String)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        list.into_iter().map(|(name, status)| (text(name), text(status))).collect()
    };
    let groups = described.db_parameter_groups().iter();
    let security = described.vpc_security_groups().iter();
    let options = described.option_group_memberships().iter();
    Facts {
        status: described.db_instance_status().unwrap_or_default().to_owned(),
        pending: described.pending_modified_values().map(pending).unwrap_or_default(),
        parameter_groups: pairs(
            groups.map(|group| (group.db_parameter_group_name(), group.parameter_apply_status())).collect(),
        ),
        security_groups: pairs(security.map(|group| (group.vpc_security_group_id(), group.status())).collect()),
        option_groups: pairs(options.map(|group| (group.option_group_name(), group.status())).collect()),
        secret: described.master_user_secret().and_then(|secret| secret.secret_status()).map(str::to_owned),
    }
}

fn cluster_facts(described: &DbCluster) -> Facts {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let security = described.vpc_security_groups().iter();
    let options = described.db_cluster_option_group_memberships().iter();
    // The description of a cluster has the status of its parameter group with each member. Those of Aurora are instances of their own.
    let of_itself = described.db_cluster_members().iter().filter(|_| described.db_cluster_instance_class().is_some());
    let group = of_itself.map(|member| ("of the cluster".to_owned(), text(member.db_cluster_parameter_group_status())));
    Facts {
        status: text(described.status()),
        pending: described.pending_modified_values().map(cluster_pending).unwrap_or_default(),
        parameter_groups: group.collect(),
        security_groups: security.map(|group| (text(group.vpc_security_group_id()), text(group.status()))).collect(),
        option_groups: options
            .map(|group| (text(group.db_cluster_option_group_name()), text(group.status())))
            .collect(),
        secret: described.master_user_secret().and_then(|secret| secret.secret_status()).map(str::to_owned),
    }
}

/// The names of the values that are not in effect yet. Never the values: one of them is a password (invariant 26).
fn pending(values: &PendingModifiedValues) -> Vec<String> {
    let all = [
        ("DBInstanceClass", values.db_instance_class().is_some()),
        ("AllocatedStorage", values.allocated_storage().is_some()),
        ("MasterUserPassword", values.master_user_password().is_some()),
        ("Port", values.port().is_some()),
        ("BackupRetentionPeriod", values.backup_retention_period().is_some()),
        ("MultiAZ", values.multi_az().is_some()),
        ("EngineVersion", values.engine_version().is_some()),
        ("LicenseModel", values.license_model().is_some()),
        ("Iops", values.iops().is_some()),
        ("StorageThroughput", values.storage_throughput().is_some()),
        ("DBInstanceIdentifier", values.db_instance_identifier().is_some()),
        ("StorageType", values.storage_type().is_some()),
        ("CACertificateIdentifier", values.ca_certificate_identifier().is_some()),
        ("DBSubnetGroupName", values.db_subnet_group_name().is_some()),
        ("PendingCloudwatchLogsExports", values.pending_cloudwatch_logs_exports().is_some()),
        ("ProcessorFeatures", !values.processor_features().is_empty()),
        ("MultiTenant", values.multi_tenant().is_some()),
        ("IAMDatabaseAuthenticationEnabled", values.iam_database_authentication_enabled().is_some()),
        ("DedicatedLogVolume", values.dedicated_log_volume().is_some()),
        ("Engine", values.engine().is_some()),
        ("AdditionalStorageVolumes", !values.additional_storage_volumes().is_empty()),
    ];
    all.into_iter().filter(|(_, is_pending)| *is_pending).map(|(name, _)| name.to_owned()).collect()
}

/// The same for a cluster.
fn cluster_pending(values: &ClusterPendingModifiedValues) -> Vec<String> {
    let all = [
        ("PendingCloudwatchLogsExports", values.pending_cloudwatch_logs_exports().is_some()),
        ("DBClusterIdentifier", values.db_cluster_identifier().is_some()),
        ("MasterUserPassword", values.master_user_password().is_some()),
        ("IAMDatabaseAuthenticationEnabled", values.iam_database_authentication_enabled().is_some()),
        ("EngineVersion", values.engine_version().is_some()),
        ("BackupRetentionPeriod", values.backup_retention_period().is_some()),
        ("StorageType", values.storage_type().is_some()),
        ("AllocatedStorage", values.allocated_storage().is_some()),
        ("RdsCustomClusterConfiguration", values.rds_custom_cluster_configuration().is_some()),
        ("Iops", values.iops().is_some()),
        ("CertificateDetails", values.certificate_details().is_some()),
    ];
    all.into_iter().filter(|(_, is_pending)| *is_pending).map(|(name, _)| name.to_owned()).collect()
}
