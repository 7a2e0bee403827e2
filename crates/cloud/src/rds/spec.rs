//! Specs, as RDS's descriptions of databases and snapshots read: for each target, a match over all settings. A setting without an arm
//! does not compile.

use aws_sdk_rds::types::{
    AdditionalStorageVolumeOutput, DbCluster, DbClusterRole, DbClusterSnapshot, DbInstance, DbInstanceRole, DbSnapshot,
    DomainMembership, LocalWriteForwardingStatus, ProcessorFeature,
};
use protocol::Kind;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Given, Setting, Settings, Spec, Target, Value};

/// The settings of a target, as far as its description has them.
fn settings(target: Target, read: impl Fn(Setting) -> Option<Value>) -> Settings {
    let all = Setting::ALL.iter().filter(|setting| setting.row().given(target) != Given::No);
    all.filter_map(|setting| Some((*setting, read(*setting)?))).collect()
}

/// An instance that is not in a cluster. Without tags.
pub(super) fn of_instance(described: &DbInstance) -> Spec {
    let (engine, version) = (described.engine().unwrap_or_default(), described.engine_version().unwrap_or_default());
    let settings = settings(Target::Instance, |setting| instance_setting(described, setting));
    Spec { settings, ..Spec::new(Kind::Instance, engine, version) }
}

/// The settings of an instance in a cluster.
pub(super) fn of_member(described: &DbInstance) -> Settings {
    settings(Target::Member, |setting| instance_setting(described, setting))
}

/// A cluster, without members and tags.
pub(super) fn of_cluster(described: &DbCluster) -> Spec {
    let (engine, version) = (described.engine().unwrap_or_default(), described.engine_version().unwrap_or_default());
    let settings = settings(Target::of(Kind::Cluster, engine), |setting| cluster_setting(described, setting));
    Spec { settings, ..Spec::new(Kind::Cluster, engine, version) }
}

/// What comes with the snapshot of an instance.
pub(super) fn of_instance_snapshot(described: &DbSnapshot) -> Spec {
    let (engine, version) = (described.engine().unwrap_or_default(), described.engine_version().unwrap_or_default());
    let mut spec = Spec::new(Kind::Instance, engine, version);
    let known = [
        (Setting::StorageType, name(described.storage_type())),
        (Setting::AllocatedStorage, number(described.allocated_storage())),
        (Setting::Iops, positive(described.iops())),
        (Setting::StorageThroughput, positive(described.storage_throughput())),
        (Setting::DedicatedLogVolume, described.dedicated_log_volume().map(Value::Flag)),
        (Setting::Port, positive(described.port())),
        (Setting::LicenseModel, name(described.license_model())),
        (Setting::ProcessorFeatures, features(described.processor_features())),
    ];
    spec.settings = known.into_iter().filter_map(|(setting, value)| Some((setting, value?))).collect();
    spec
}

/// What comes with the snapshot of a cluster.
pub(super) fn of_cluster_snapshot(described: &DbClusterSnapshot) -> Spec {
    let (engine, version) = (described.engine().unwrap_or_default(), described.engine_version().unwrap_or_default());
    let mut spec = Spec::new(Kind::Cluster, engine, version);
    spec.settings = settings(spec.target(), |setting| match setting {
        Setting::StorageType => name(described.storage_type()),
        Setting::Port => positive(described.port()),
        Setting::EngineMode => name(described.engine_mode()),
        _ => None,
    });
    spec
}

/// The settings that the descriptions of instances and of clusters have under the same names, and then the others.
macro_rules! read {
    ($described:ident, $setting:ident, $domain:ident, { $($others:tt)* }) => {{
        let has_insights = $described.performance_insights_enabled() == Some(true);
        match $setting {
            Setting::IamAuthentication => $described.iam_database_authentication_enabled().map(Value::Flag),
            Setting::ManagedPassword => Some(Value::Flag($described.master_user_secret().is_some())),
            Setting::PasswordKey => name($described.master_user_secret()?.kms_key_id()),
            Setting::DeletionProtection => $described.deletion_protection().map(Value::Flag),
            Setting::BackupRetention => number($described.backup_retention_period()),
            Setting::LogExports => names($described.enabled_cloudwatch_logs_exports()),
            Setting::CopyTagsToSnapshot => $described.copy_tags_to_snapshot().map(Value::Flag),
            Setting::BackupWindow => name($described.preferred_backup_window()),
            Setting::MaintenanceWindow => name($described.preferred_maintenance_window()),
            Setting::LifecycleSupport => name($described.engine_lifecycle_support()),
            Setting::NetworkType => name($described.network_type()),
            Setting::InsightsMode => name($described.database_insights_mode().map(|mode| mode.as_str())),
            Setting::PerformanceInsights => $described.performance_insights_enabled().map(Value::Flag),
            Setting::InsightsRetention if has_insights => positive($described.performance_insights_retention_period()),
            Setting::InsightsKey if has_insights => name($described.performance_insights_kms_key_id()),
            Setting::InsightsRetention | Setting::InsightsKey => None,
            Setting::MonitoringInterval => number($described.monitoring_interval()),
            Setting::MonitoringRole => name($described.monitoring_role_arn()),
            Setting::SecurityGroups => security_groups($described.vpc_security_groups()),
            Setting::DomainRole => name($domain?.iam_role_name()),
            $($others)*
        }
    }};
}

fn instance_setting(described: &DbInstance, setting: Setting) -> Option<Value> {
    let domain = described.domain_memberships().first();
    read!(described, setting, domain, {
        Setting::Class => name(described.db_instance_class()),
        Setting::StorageType => name(described.storage_type()),
        Setting::AllocatedStorage => number(described.allocated_storage()),
        Setting::Iops => positive(described.iops()),
        Setting::StorageThroughput => positive(described.storage_throughput()),
        Setting::MaxAllocatedStorage => positive(described.max_allocated_storage()),
        Setting::DedicatedLogVolume => described.dedicated_log_volume().map(Value::Flag),
        Setting::MultiAz => described.multi_az().map(Value::Flag),
        // "The port that the DB instance listens on" is 0 for instances that are not in a cluster; the endpoint has the port.
        Setting::Port => positive(described.endpoint().and_then(|endpoint| endpoint.port())),
        Setting::ParameterGroup => name(described.db_parameter_groups().first()?.db_parameter_group_name()),
        Setting::OptionGroup => name(described.option_group_memberships().first()?.option_group_name()),
        Setting::PromotionTier => number(described.promotion_tier()),
        Setting::LicenseModel => name(described.license_model()),
        Setting::ProcessorFeatures => features(described.processor_features()),
        Setting::AutoMinorUpgrade => described.auto_minor_version_upgrade().map(Value::Flag),
        Setting::CertificateAuthority => name(described.ca_certificate_identifier()),
        Setting::PubliclyAccessible => described.publicly_accessible().map(Value::Flag),
        // "You can't set the AvailabilityZone parameter if the DB instance is a Multi-AZ deployment."
        Setting::AvailabilityZone if described.multi_az() == Some(true) => None,
        Setting::AvailabilityZone => name(described.availability_zone()),
        Setting::SubnetGroup => name(described.db_subnet_group()?.db_subnet_group_name()),
        Setting::Domain => name(domain?.domain()).filter(|_| domain.is_some_and(is_of_aws)),
        Setting::DomainFqdn => name(domain?.fqdn()).filter(|_| !domain.is_some_and(is_of_aws)),
        Setting::DomainUnit => name(domain?.ou()),
        Setting::DomainSecret => name(domain?.auth_secret_arn()),
        Setting::DomainDnsIps => names(domain?.dns_ips()),
        Setting::BackupTarget => name(described.backup_target()),
        Setting::CustomerOwnedIp => described.customer_owned_ip_enabled().map(Value::Flag),
        Setting::Roles => pairs(
            described
                .associated_roles()
                .iter()
                .filter_map(|role: &DbInstanceRole| Some((role.feature_name()?, role.role_arn()?))),
        ),
        Setting::AdditionalVolumes => pairs(described.additional_storage_volumes().iter().map(volume)),
        Setting::ClusterClass
        | Setting::ServerlessMin
        | Setting::ServerlessMax
        | Setting::ServerlessPause
        | Setting::ClusterParameterGroup
        | Setting::EngineMode
        | Setting::BacktrackWindow
        | Setting::LocalWriteForwarding
        | Setting::AvailabilityZones
        | Setting::HttpEndpoint => None,
    })
}

/// As AWS describes it. What a type of clusters does not have, the table of settings leaves out.
fn cluster_setting(described: &DbCluster, setting: Setting) -> Option<Value> {
    let scaling = described.serverless_v2_scaling_configuration();
    let domain = described.domain_memberships().first();
    read!(described, setting, domain, {
        Setting::ClusterClass => name(described.db_cluster_instance_class()),
        Setting::ServerlessMin => capacity(scaling?.min_capacity()),
        Setting::ServerlessMax => capacity(scaling?.max_capacity()),
        Setting::ServerlessPause => positive(scaling?.seconds_until_auto_pause()),
        // "The storage type is only returned when you set it to `aurora-iopt1`" (`StorageType` of Aurora).
        Setting::StorageType => name(described.storage_type()),
        Setting::AllocatedStorage => number(described.allocated_storage()),
        Setting::Iops => positive(described.iops()),
        Setting::Port => positive(described.port()),
        Setting::ClusterParameterGroup => name(described.db_cluster_parameter_group()),
        Setting::OptionGroup => {
            name(described.db_cluster_option_group_memberships().first()?.db_cluster_option_group_name())
        }
        Setting::EngineMode => name(described.engine_mode()),
        Setting::BacktrackWindow => {
            positive(described.backtrack_window().and_then(|seconds| i32::try_from(seconds).ok()))
        }
        Setting::AutoMinorUpgrade => described.auto_minor_version_upgrade().map(Value::Flag),
        Setting::CertificateAuthority => name(described.certificate_details()?.ca_identifier()),
        Setting::LocalWriteForwarding => described.local_write_forwarding_status().map(|status| {
            let is_on = [LocalWriteForwardingStatus::Enabled, LocalWriteForwardingStatus::Enabling].contains(status);
            Value::Flag(is_on)
        }),
        Setting::PubliclyAccessible => described.publicly_accessible().map(Value::Flag),
        Setting::AvailabilityZones => names(described.availability_zones()),
        Setting::SubnetGroup => name(described.db_subnet_group()),
        Setting::Domain => name(domain?.domain()),
        Setting::HttpEndpoint => described.http_endpoint_enabled().map(Value::Flag),
        Setting::Roles => pairs(
            described
                .associated_roles()
                .iter()
                .filter_map(|role: &DbClusterRole| Some((role.feature_name().unwrap_or_default(), role.role_arn()?))),
        ),
        Setting::Class
        | Setting::StorageThroughput
        | Setting::MaxAllocatedStorage
        | Setting::DedicatedLogVolume
        | Setting::MultiAz
        | Setting::ParameterGroup
        | Setting::PromotionTier
        | Setting::LicenseModel
        | Setting::ProcessorFeatures
        | Setting::AvailabilityZone
        | Setting::DomainFqdn
        | Setting::DomainUnit
        | Setting::DomainSecret
        | Setting::DomainDnsIps
        | Setting::BackupTarget
        | Setting::CustomerOwnedIp
        | Setting::AdditionalVolumes => None,
    })
}

/// Whether a directory is one of AWS's, and not a user's own.
fn is_of_aws(domain: &DomainMembership) -> bool {
    domain.auth_secret_arn().is_none()
}

fn name(text: Option<&str>) -> Option<Value> {
    text.filter(|text| !text.is_empty()).map(|text| Value::Name(text.to_owned()))
}

fn number(value: Option<i32>) -> Option<Value> {
    value.and_then(|number| u32::try_from(number).ok()).map(Value::Number)
}

/// A number for which AWS returns 0 where the setting does not apply.
fn positive(value: Option<i32>) -> Option<Value> {
    number(value.filter(|number| *number > 0))
}

fn capacity(units: Option<f64>) -> Option<Value> {
    HalfUnits::from_units(units?).map(Value::Capacity)
}

/// An empty list is a setting too: no logs are exported.
fn names(list: &[String]) -> Option<Value> {
    Some(Value::Names(list.iter().cloned().collect()))
}

fn security_groups(list: &[aws_sdk_rds::types::VpcSecurityGroupMembership]) -> Option<Value> {
    let ids = list.iter().filter_map(|group| group.vpc_security_group_id().map(str::to_owned)).collect();
    Some(Value::Names(ids)).filter(|_| !list.is_empty())
}

fn features(list: &[ProcessorFeature]) -> Option<Value> {
    pairs(list.iter().filter_map(|feature| Some((feature.name()?, feature.value()?))))
}

/// The name of a volume, with its type and size.
fn volume(described: &AdditionalStorageVolumeOutput) -> (String, String) {
    let storage = described.storage_type().unwrap_or_default();
    let gib = described.allocated_storage().unwrap_or_default();
    (described.volume_name().unwrap_or_default().to_owned(), format!("{storage} {gib} GiB"))
}

fn pairs<N: Into<String>, V: Into<String>>(pairs: impl Iterator<Item = (N, V)>) -> Option<Value> {
    let pairs: std::collections::BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.into(), value.into())).collect();
    Some(Value::Pairs(pairs.clone())).filter(|_| !pairs.is_empty())
}
