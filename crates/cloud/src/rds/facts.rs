//! What a restore depends on besides the database: snapshots with their settings, automated backups, groups, and the classes that a
//! region offers. Also AWS's message about a failed restore.

use aws_sdk_rds::types::{Event, OrderableDbInstanceOption, SourceType};
use protocol::{DatabaseArn, Kind, SnapshotArn};

use super::{PAGE_SIZE, Rds, snapshots, spec, tags, time};
use crate::databases::{Backups, Offer, OptionGroup, ParameterGroup, SnapshotContent, SubnetGroup};
use crate::error::Failure;

/// A page of offers: a version has several hundreds. "Minimum 20, maximum 1000" (`MaxRecords`).
const OFFERS: i32 = 1000;

impl Rds {
    /// A snapshot, with the settings that come with it. A missing one is an error.
    pub(crate) async fn snapshot_content(&self, snapshot: &SnapshotArn) -> Result<Option<SnapshotContent>, Failure> {
        let name = self.name(snapshot);
        let is_shared = (snapshot.place != self.here).then_some(true);
        let snapshot_type = snapshots::automated_type(snapshot);
        match snapshot.kind {
            Kind::Instance => {
                let call = self.client.describe_db_snapshots().db_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(snapshot_type).send().await?;
                let content = found.db_snapshots().first().map(|described| {
                    let spec = spec::of_instance_snapshot(described);
                    Ok(SnapshotContent {
                        snapshot: snapshots::instance(described)?,
                        spec,
                        vpc: described.vpc_id().map(str::to_owned),
                    })
                });
                content.transpose()
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
                let found = call.set_include_shared(is_shared).set_snapshot_type(snapshot_type).send().await?;
                let content = found.db_cluster_snapshots().first().map(|described| {
                    let spec = spec::of_cluster_snapshot(described);
                    Ok(SnapshotContent {
                        snapshot: snapshots::cluster(described)?,
                        spec,
                        vpc: described.vpc_id().map(str::to_owned),
                    })
                });
                content.transpose()
            }
        }
    }

    /// The automated backups of a database, deleted or not, by its resource ID.
    pub(crate) async fn backups(&self, kind: Kind, resource_id: &str) -> Result<Option<Backups>, Failure> {
        match kind {
            Kind::Instance => {
                let call = self.client.describe_db_instance_automated_backups().dbi_resource_id(resource_id);
                let found = call.send().await?;
                Ok(found.db_instance_automated_backups().first().map(|backup| Backups {
                    earliest: time(backup.restore_window().and_then(|window| window.earliest_time())),
                    latest: time(backup.restore_window().and_then(|window| window.latest_time())),
                    engine: backup.engine().unwrap_or_default().to_owned(),
                    version: backup.engine_version().unwrap_or_default().to_owned(),
                    gib: snapshots::gib(backup.allocated_storage()),
                    vpc: backup.vpc_id().map(str::to_owned),
                    tags: tags(backup.tag_list()),
                }))
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_automated_backups().db_cluster_resource_id(resource_id);
                let found = call.send().await?;
                Ok(found.db_cluster_automated_backups().first().map(|backup| Backups {
                    earliest: time(backup.restore_window().and_then(|window| window.earliest_time())),
                    latest: time(backup.restore_window().and_then(|window| window.latest_time())),
                    engine: backup.engine().unwrap_or_default().to_owned(),
                    version: backup.engine_version().unwrap_or_default().to_owned(),
                    gib: 0,
                    vpc: backup.vpc_id().map(str::to_owned),
                    tags: tags(backup.tag_list()),
                }))
            }
        }
    }

    /// The message of the latest failure. Events of "the past 14 days" exist; "By default, RDS returns events that were generated in the past
    /// hour" (`DescribeEvents`). That a key cannot be accessed is an event of the category "availability".
    pub(crate) async fn last_failure(&self, database: &DatabaseArn) -> Result<Option<String>, Failure> {
        const MINUTES: i32 = 14 * 24 * 60;
        let source = match database.kind {
            Kind::Instance => SourceType::DbInstance,
            Kind::Cluster => SourceType::DbCluster,
        };
        let (mut latest, mut marker) = (None, None::<String>);
        loop {
            let call = self.client.describe_events().source_type(source.clone()).source_identifier(database.id());
            let call = call
                .event_categories("failure")
                .event_categories("availability")
                .duration(MINUTES)
                .max_records(PAGE_SIZE);
            let page = call.set_marker(marker).send().await?;
            let events = page.events().iter().filter(|event| is_failure(event));
            let events = events.filter_map(|event| Some((event.date()?.secs(), event.message()?)));
            latest = latest.max(events.map(|(at, message)| (at, message.to_owned())).max_by_key(|(at, _)| *at));
            marker = page.marker;
            if marker.is_none() {
                return Ok(latest.map(|(_, message)| message));
            }
        }
    }

    /// A missing group is an error.
    pub(crate) async fn subnet_group(&self, name: &str) -> Result<Option<SubnetGroup>, Failure> {
        let found = self.client.describe_db_subnet_groups().db_subnet_group_name(name).send().await?;
        Ok(found.db_subnet_groups().first().map(|group| SubnetGroup {
            name: group.db_subnet_group_name().unwrap_or_default().to_owned(),
            vpc: group.vpc_id().unwrap_or_default().to_owned(),
        }))
    }

    /// A missing group is an error.
    pub(crate) async fn parameter_group(&self, kind: Kind, name: &str) -> Result<Option<ParameterGroup>, Failure> {
        let (name, family) = match kind {
            Kind::Instance => {
                let found = self.client.describe_db_parameter_groups().db_parameter_group_name(name).send().await?;
                let Some(group) = found.db_parameter_groups().first() else { return Ok(None) };
                (
                    group.db_parameter_group_name().map(str::to_owned),
                    group.db_parameter_group_family().map(str::to_owned),
                )
            }
            Kind::Cluster => {
                let call = self.client.describe_db_cluster_parameter_groups().db_cluster_parameter_group_name(name);
                let found = call.send().await?;
                let Some(group) = found.db_cluster_parameter_groups().first() else { return Ok(None) };
                (
                    group.db_cluster_parameter_group_name().map(str::to_owned),
                    group.db_parameter_group_family().map(str::to_owned),
                )
            }
        };
        Ok(Some(ParameterGroup { name: name.unwrap_or_default(), family: family.unwrap_or_default() }))
    }

    /// A missing group is an error.
    pub(crate) async fn option_group(&self, name: &str) -> Result<Option<OptionGroup>, Failure> {
        let found = self.client.describe_option_groups().option_group_name(name).send().await?;
        Ok(found.option_groups_list().first().map(|group| OptionGroup {
            name: group.option_group_name().unwrap_or_default().to_owned(),
            engine: group.engine_name().unwrap_or_default().to_owned(),
            major: group.major_engine_version().unwrap_or_default().to_owned(),
        }))
    }

    /// What this region offers of an engine's version, or of one class. An empty list: the version or the class is not offered.
    pub(crate) async fn offers(&self, engine: &str, version: &str, class: Option<&str>) -> Result<Vec<Offer>, Failure> {
        let (mut offers, mut marker) = (Vec::new(), None::<String>);
        loop {
            let call = self.client.describe_orderable_db_instance_options().engine(engine).engine_version(version);
            let call = call.set_db_instance_class(class.map(str::to_owned)).max_records(OFFERS);
            let page = call.set_marker(marker).send().await?;
            offers.extend(page.orderable_db_instance_options().iter().map(offer));
            marker = page.marker;
            if marker.is_none() {
                return Ok(offers);
            }
        }
    }
}

/// Whether an event tells why a database cannot be used. An event has no number here. The category "failure" also has the ends of
/// failures (RDS-EVENT-0219, 0220, 0420), and "availability" also restarts; of the latter, the loss of the key counts (0419).
fn is_failure(event: &Event) -> bool {
    let (message, categories) = (event.message().unwrap_or_default(), event.event_categories());
    let has = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match categories.iter().any(|category| category == "failure") {
        true => !has(&["can now successfully access", "No actions are necessary"]),
        false => has(&["inaccessible state"]),
    }
}

fn offer(option: &OrderableDbInstanceOption) -> Offer {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    Offer {
        class: option.db_instance_class().unwrap_or_default().to_owned(),
        storage_type: option.storage_type().map(str::to_owned),
        min_gib: number(option.min_storage_size()),
        max_gib: number(option.max_storage_size()),
        supports_iops: option.supports_iops().unwrap_or_default(),
        min_iops: number(option.min_iops_per_db_instance()),
        max_iops: number(option.max_iops_per_db_instance()),
        supports_encryption: option.supports_storage_encryption().unwrap_or_default(),
        supports_multi_az: option.multi_az_capable().unwrap_or_default(),
        supports_clusters: option.supports_clusters().unwrap_or_default(),
        license: option.license_model().map(str::to_owned),
    }
}
