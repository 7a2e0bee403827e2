//! The settings of a spec as parameters of RDS's requests: a table for each request. A test compares them with the table of settings.

use std::fmt;

use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDBClusterFromSnapshotFluentBuilder;
use aws_sdk_rds::operation::restore_db_cluster_to_point_in_time::builders::RestoreDBClusterToPointInTimeFluentBuilder;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::builders::RestoreDBInstanceFromDBSnapshotFluentBuilder;
use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::builders::RestoreDBInstanceToPointInTimeFluentBuilder;
use aws_sdk_rds::types::{
    CloudwatchLogsExportConfiguration, DatabaseInsightsMode, ProcessorFeature, ServerlessV2ScalingConfiguration,
};
use protocol::spec::{Setting, Settings, Value};

use crate::error::Failure;

/// Defines the function that adds settings to a request: `setting => parameter(type)`, then the settings that it has as parts of one
/// parameter. All others are refused.
macro_rules! settings_of {
    ($(#[$doc:meta])* $name:ident($builder:ty) {
        $($setting:ident => $method:ident($read:ident),)*
    } together { $($part:ident)|* }) => {
        $(#[$doc])*
        pub(super) fn $name(mut call: $builder, settings: &Settings) -> Result<$builder, Failure> {
            for (setting, value) in settings {
                call = match setting {
                    $(Setting::$setting => call.$method(Some($read(*setting, value)?)),)*
                    $(Setting::$part => call,)*
                    other => return Err(not_in_request(*other, stringify!($name))),
                };
            }
            Ok(call)
        }
    };
}

/// The parameters that both restores of an instance have.
macro_rules! instance_restore {
    ($(#[$doc:meta])* $name:ident($builder:ty) { $($more:tt)* }) => {
        settings_of! { $(#[$doc])* $name($builder) {
            Class => set_db_instance_class(name),
            StorageType => set_storage_type(name),
            AllocatedStorage => set_allocated_storage(number),
            Iops => set_iops(number),
            StorageThroughput => set_storage_throughput(number),
            DedicatedLogVolume => set_dedicated_log_volume(flag),
            MultiAz => set_multi_az(flag),
            Port => set_port(number),
            ParameterGroup => set_db_parameter_group_name(name),
            OptionGroup => set_option_group_name(name),
            IamAuthentication => set_enable_iam_database_authentication(flag),
            DeletionProtection => set_deletion_protection(flag),
            BackupRetention => set_backup_retention_period(number),
            LicenseModel => set_license_model(name),
            ProcessorFeatures => set_processor_features(features),
            LogExports => set_enable_cloudwatch_logs_exports(names),
            CopyTagsToSnapshot => set_copy_tags_to_snapshot(flag),
            BackupWindow => set_preferred_backup_window(name),
            AutoMinorUpgrade => set_auto_minor_version_upgrade(flag),
            LifecycleSupport => set_engine_lifecycle_support(name),
            CertificateAuthority => set_ca_certificate_identifier(name),
            NetworkType => set_network_type(name),
            PubliclyAccessible => set_publicly_accessible(flag),
            AvailabilityZone => set_availability_zone(name),
            SubnetGroup => set_db_subnet_group_name(name),
            SecurityGroups => set_vpc_security_group_ids(names),
            Domain => set_domain(name),
            DomainRole => set_domain_iam_role_name(name),
            DomainFqdn => set_domain_fqdn(name),
            DomainUnit => set_domain_ou(name),
            DomainSecret => set_domain_auth_secret_arn(name),
            DomainDnsIps => set_domain_dns_ips(names),
            BackupTarget => set_backup_target(name),
            CustomerOwnedIp => set_enable_customer_owned_ip(flag),
            $($more)*
        } together { } }
    };
}

instance_restore! {
    /// `RestoreDBInstanceFromDBSnapshot`
    restore_instance(RestoreDBInstanceFromDBSnapshotFluentBuilder) { }
}

instance_restore! {
    /// `RestoreDBInstanceToPointInTime`
    rewind_instance(RestoreDBInstanceToPointInTimeFluentBuilder) {
        MaxAllocatedStorage => set_max_allocated_storage(number),
    }
}

/// The parameters that both restores of a cluster have.
macro_rules! cluster_restore {
    ($(#[$doc:meta])* $name:ident($builder:ty) { $($more:tt)* }) => {
        settings_of! { $(#[$doc])* $name($builder) {
            ClusterClass => set_db_cluster_instance_class(name),
            StorageType => set_storage_type(name),
            Iops => set_iops(number),
            Port => set_port(number),
            ClusterParameterGroup => set_db_cluster_parameter_group_name(name),
            OptionGroup => set_option_group_name(name),
            IamAuthentication => set_enable_iam_database_authentication(flag),
            DeletionProtection => set_deletion_protection(flag),
            BackupRetention => set_backup_retention_period(number),
            EngineMode => set_engine_mode(name),
            BacktrackWindow => set_backtrack_window(long),
            LogExports => set_enable_cloudwatch_logs_exports(names),
            CopyTagsToSnapshot => set_copy_tags_to_snapshot(flag),
            BackupWindow => set_preferred_backup_window(name),
            LifecycleSupport => set_engine_lifecycle_support(name),
            NetworkType => set_network_type(name),
            PubliclyAccessible => set_publicly_accessible(flag),
            SubnetGroup => set_db_subnet_group_name(name),
            SecurityGroups => set_vpc_security_group_ids(names),
            Domain => set_domain(name),
            DomainRole => set_domain_iam_role_name(name),
            $($more)*
        } together { ServerlessMin | ServerlessMax | ServerlessPause } }
    };
}

cluster_restore! {
    /// `RestoreDBClusterFromSnapshot`
    restore_cluster(RestoreDBClusterFromSnapshotFluentBuilder) {
        AvailabilityZones => set_availability_zones(names),
    }
}

cluster_restore! {
    /// `RestoreDBClusterToPointInTime`
    rewind_cluster(RestoreDBClusterToPointInTimeFluentBuilder) { }
}

settings_of! {
    /// `CreateDBInstance` in a cluster. All else is the cluster's.
    create_member(CreateDBInstanceFluentBuilder) {
        Class => set_db_instance_class(name),
        ParameterGroup => set_db_parameter_group_name(name),
        PromotionTier => set_promotion_tier(number),
        MaintenanceWindow => set_preferred_maintenance_window(name),
        AutoMinorUpgrade => set_auto_minor_version_upgrade(flag),
        CertificateAuthority => set_ca_certificate_identifier(name),
        PerformanceInsights => set_enable_performance_insights(flag),
        InsightsRetention => set_performance_insights_retention_period(number),
        InsightsKey => set_performance_insights_kms_key_id(name),
        MonitoringInterval => set_monitoring_interval(number),
        MonitoringRole => set_monitoring_role_arn(name),
        PubliclyAccessible => set_publicly_accessible(flag),
        AvailabilityZone => set_availability_zone(name),
    } together { }
}

settings_of! {
    /// `ModifyDBInstance`, for instances and for members of clusters.
    modify_instance(ModifyDBInstanceFluentBuilder) {
        Class => set_db_instance_class(name),
        StorageType => set_storage_type(name),
        AllocatedStorage => set_allocated_storage(number),
        Iops => set_iops(number),
        StorageThroughput => set_storage_throughput(number),
        MaxAllocatedStorage => set_max_allocated_storage(number),
        DedicatedLogVolume => set_dedicated_log_volume(flag),
        MultiAz => set_multi_az(flag),
        Port => set_db_port_number(number),
        ParameterGroup => set_db_parameter_group_name(name),
        OptionGroup => set_option_group_name(name),
        IamAuthentication => set_enable_iam_database_authentication(flag),
        ManagedPassword => set_manage_master_user_password(flag),
        PasswordKey => set_master_user_secret_kms_key_id(name),
        DeletionProtection => set_deletion_protection(flag),
        BackupRetention => set_backup_retention_period(number),
        PromotionTier => set_promotion_tier(number),
        LicenseModel => set_license_model(name),
        ProcessorFeatures => set_processor_features(features),
        CopyTagsToSnapshot => set_copy_tags_to_snapshot(flag),
        BackupWindow => set_preferred_backup_window(name),
        MaintenanceWindow => set_preferred_maintenance_window(name),
        AutoMinorUpgrade => set_auto_minor_version_upgrade(flag),
        LifecycleSupport => set_engine_lifecycle_support(name),
        CertificateAuthority => set_ca_certificate_identifier(name),
        NetworkType => set_network_type(name),
        InsightsMode => set_database_insights_mode(insights_mode),
        PerformanceInsights => set_enable_performance_insights(flag),
        InsightsRetention => set_performance_insights_retention_period(number),
        InsightsKey => set_performance_insights_kms_key_id(name),
        MonitoringInterval => set_monitoring_interval(number),
        MonitoringRole => set_monitoring_role_arn(name),
        PubliclyAccessible => set_publicly_accessible(flag),
        SubnetGroup => set_db_subnet_group_name(name),
        SecurityGroups => set_vpc_security_group_ids(names),
        Domain => set_domain(name),
        DomainRole => set_domain_iam_role_name(name),
        DomainFqdn => set_domain_fqdn(name),
        DomainUnit => set_domain_ou(name),
        DomainSecret => set_domain_auth_secret_arn(name),
        DomainDnsIps => set_domain_dns_ips(names),
        CustomerOwnedIp => set_enable_customer_owned_ip(flag),
    } together { LogExports }
}

settings_of! {
    /// `ModifyDBCluster`
    modify_cluster(ModifyDBClusterFluentBuilder) {
        ClusterClass => set_db_cluster_instance_class(name),
        StorageType => set_storage_type(name),
        AllocatedStorage => set_allocated_storage(number),
        Iops => set_iops(number),
        Port => set_port(number),
        ClusterParameterGroup => set_db_cluster_parameter_group_name(name),
        OptionGroup => set_option_group_name(name),
        IamAuthentication => set_enable_iam_database_authentication(flag),
        ManagedPassword => set_manage_master_user_password(flag),
        PasswordKey => set_master_user_secret_kms_key_id(name),
        DeletionProtection => set_deletion_protection(flag),
        BackupRetention => set_backup_retention_period(number),
        BacktrackWindow => set_backtrack_window(long),
        CopyTagsToSnapshot => set_copy_tags_to_snapshot(flag),
        BackupWindow => set_preferred_backup_window(name),
        MaintenanceWindow => set_preferred_maintenance_window(name),
        AutoMinorUpgrade => set_auto_minor_version_upgrade(flag),
        LifecycleSupport => set_engine_lifecycle_support(name),
        CertificateAuthority => set_ca_certificate_identifier(name),
        NetworkType => set_network_type(name),
        LocalWriteForwarding => set_enable_local_write_forwarding(flag),
        InsightsMode => set_database_insights_mode(insights_mode),
        PerformanceInsights => set_enable_performance_insights(flag),
        InsightsRetention => set_performance_insights_retention_period(number),
        InsightsKey => set_performance_insights_kms_key_id(name),
        MonitoringInterval => set_monitoring_interval(number),
        MonitoringRole => set_monitoring_role_arn(name),
        SecurityGroups => set_vpc_security_group_ids(names),
        Domain => set_domain(name),
        DomainRole => set_domain_iam_role_name(name),
    } together { ServerlessMin | ServerlessMax | ServerlessPause | LogExports }
}

/// The capacity of serverless members, which is one parameter.
pub(super) fn serverless(settings: &Settings) -> Result<Option<ServerlessV2ScalingConfiguration>, Failure> {
    let [min, max, pause] = [Setting::ServerlessMin, Setting::ServerlessMax, Setting::ServerlessPause]
        .map(|setting| settings.get(&setting).map(|value| (setting, value)));
    if min.is_none() && max.is_none() && pause.is_none() {
        return Ok(None);
    }
    let capacity = |(setting, value): (Setting, &Value)| match value {
        Value::Capacity(halves) => Ok(halves.units()),
        other => Err(wrong_type(setting, other)),
    };
    let scaling = ServerlessV2ScalingConfiguration::builder()
        .set_min_capacity(min.map(capacity).transpose()?)
        .set_max_capacity(max.map(capacity).transpose()?)
        .set_seconds_until_auto_pause(pause.map(|(setting, value)| number(setting, value)).transpose()?);
    Ok(Some(scaling.build()))
}

/// The change of the exported logs: a modification names those that begin and those that end.
pub(super) fn log_exports(
    wanted: &Settings,
    current: &Settings,
) -> Result<Option<CloudwatchLogsExportConfiguration>, Failure> {
    let of = |settings: &Settings| match settings.get(&Setting::LogExports) {
        Some(value) => names(Setting::LogExports, value),
        None => Ok(Vec::new()),
    };
    if !wanted.contains_key(&Setting::LogExports) {
        return Ok(None);
    }
    let (wanted, current) = (of(wanted)?, of(current)?);
    let without = |these: &[String], others: &[String]| -> Option<Vec<String>> {
        let kept: Vec<String> = these.iter().filter(|log| !others.contains(log)).cloned().collect();
        Some(kept).filter(|kept| !kept.is_empty())
    };
    let change = CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(without(&wanted, &current))
        .set_disable_log_types(without(&current, &wanted));
    Ok(Some(change.build()))
}

fn flag(setting: Setting, value: &Value) -> Result<bool, Failure> {
    match value {
        Value::Flag(on) => Ok(*on),
        other => Err(wrong_type(setting, other)),
    }
}

fn number(setting: Setting, value: &Value) -> Result<i32, Failure> {
    match value {
        Value::Number(number) => i32::try_from(*number).map_err(|_| wrong_type(setting, value)),
        other => Err(wrong_type(setting, other)),
    }
}

fn long(setting: Setting, value: &Value) -> Result<i64, Failure> {
    number(setting, value).map(i64::from)
}

fn name(setting: Setting, value: &Value) -> Result<String, Failure> {
    match value {
        Value::Name(name) => Ok(name.clone()),
        other => Err(wrong_type(setting, other)),
    }
}

fn names(setting: Setting, value: &Value) -> Result<Vec<String>, Failure> {
    match value {
        Value::Names(names) => Ok(names.iter().cloned().collect()),
        other => Err(wrong_type(setting, other)),
    }
}

fn insights_mode(setting: Setting, value: &Value) -> Result<DatabaseInsightsMode, Failure> {
    name(setting, value).map(|name| name.as_str().into())
}

fn features(setting: Setting, value: &Value) -> Result<Vec<ProcessorFeature>, Failure> {
    match value {
        Value::Pairs(pairs) => {
            Ok(pairs.iter().map(|(name, value)| ProcessorFeature::builder().name(name).value(value).build()).collect())
        }
        other => Err(wrong_type(setting, other)),
    }
}

fn wrong_type(setting: Setting, value: &Value) -> Failure {
    Failure::not_sent(format!("{} cannot have the value {value:?}", setting.row().parameter))
}

fn not_in_request(setting: Setting, request: impl fmt::Display) -> Failure {
    Failure::not_sent(format!("the request {request} has no {}", setting.row().parameter))
}

#[cfg(test)]
mod tests;
