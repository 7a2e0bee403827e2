//! The parameters of each restore operation, and what comes along with the source: one table.

use serde_json::Value;

use super::super::given::Given;
use super::super::kind::Kind;
use super::super::settings::Setting;
use super::Source;
use crate::call::{Call, Error};
use crate::questions::RestoredStorageType;
use crate::world::State;

/// A parameter, and the operations that have it: `RestoreDBInstanceFromDBSnapshot`, `RestoreDBInstanceToPointInTime`,
/// `RestoreDBClusterFromSnapshot` and `RestoreDBClusterToPointInTime`, an `x` for each.
struct Parameter {
    name: &'static str,
    operations: &'static str,
    otherwise: Otherwise,
}

/// The value of a setting that the request does not give.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    /// That of the source.
    Inherited,
    /// The same, except that a cluster restored from a snapshot has the engine's default: "If you don't specify an engine version,
    /// the default version for the database engine in the Amazon Web Services Region is used" (`RestoreDBClusterFromSnapshot`).
    Version,
    /// The same, except that a cluster restored to a time has the engine's default: "Default: The default port for the engine"
    /// (`RestoreDBClusterToPointInTime`).
    Port,
    /// The world's answer to `restored-storage-type` decides.
    Storage,
    /// That of a new database.
    Default,
    /// It is not a setting.
    None,
}

use Otherwise::{Default, Inherited, None as NoSetting, Port, Storage, Version};

#[rustfmt::skip]
const TABLE: &[Parameter] = &[
    row("AllocatedStorage",                    "xx..", Inherited),
    row("AutoMinorVersionUpgrade",             "xx..", Default),
    row("AvailabilityZone",                    "xx..", Default),
    row("AvailabilityZones",                   "..x.", Default),
    row("BacktrackWindow",                     "..xx", Default),
    // "Default: Uses existing setting".
    row("BackupRetentionPeriod",               "xxxx", Inherited),
    row("BackupTarget",                        "xx..", Default),
    row("CACertificateIdentifier",             "xx..", Default),
    row("CharacterSetName",                    "....", Inherited),
    row("CopyTagsToSnapshot",                  "xxxx", Default),
    row("CustomIamInstanceProfile",            "xx..", Default),
    row("DBClusterInstanceClass",              "..xx", Inherited),
    // "Default: The same DBInstanceClass as the original DB instance."
    row("DBInstanceClass",                     "xx..", Inherited),
    row("DBInstanceIdentifier",                "x.xx", NoSetting),
    // "only applies to RDS for Oracle and RDS for SQL Server DB instances. It doesn't apply to the other engines": no text has its
    // effect.
    row("DBName",                              "....", Inherited),
    row("DBParameterGroupName",                "xxxx", NoSetting),
    row("DBSnapshotIdentifier",                "x...", NoSetting),
    row("DBSubnetGroupName",                   "xxxx", NoSetting),
    row("DatabaseName",                        "..x.", Inherited),
    row("DedicatedLogVolume",                  "xx..", Default),
    row("DeletionProtection",                  "xxxx", Default),
    row("EnableCloudwatchLogsExports",         "xxxx", Default),
    row("EnableIAMDatabaseAuthentication",     "xxxx", Default),
    // Both restores of clusters have the parameters of Performance Insights and of Enhanced Monitoring, and no text limits them. A user
    // reports that AWS refuses them whatever their values, unless the source is an Aurora Limitless cluster
    // (github.com/boto/boto3/issues/4634).
    row("EnablePerformanceInsights",           "....", Default),
    row("Engine",                              "xxx.", NoSetting),
    row("EngineLifecycleSupport",              "xxxx", Default),
    row("EngineMode",                          "..xx", Default),
    row("EngineVersion",                       "..x.", Version),
    row("Iops",                                "xxxx", Storage),
    row("KmsKeyId",                            "..xx", NoSetting),
    row("LicenseModel",                        "xx..", Inherited),
    row("MasterUsername",                      "....", Inherited),
    row("MaxAllocatedStorage",                 ".x..", Default),
    row("MonitoringInterval",                  "....", Default),
    row("MonitoringRoleArn",                   "....", Default),
    row("MultiAZ",                             "xx..", Default),
    row("NcharCharacterSetName",               "....", Inherited),
    row("NetworkType",                         "xxxx", Default),
    row("OptionGroupName",                     "xxxx", NoSetting),
    row("PerformanceInsightsKMSKeyId",         "....", Default),
    row("PerformanceInsightsRetentionPeriod",  "....", Default),
    // "Default: The same port as the original DB instance"
    row("Port",                                "xxxx", Port),
    row("PreferredBackupWindow",               "xxxx", Inherited),
    row("PubliclyAccessible",                  "xxxx", Default),
    row("RestoreTime",                         ".x.x", NoSetting),
    row("RestoreType",                         "...x", NoSetting),
    row("ServerlessV2ScalingConfiguration",    "..xx", Default),
    row("SnapshotIdentifier",                  "..x.", NoSetting),
    row("SourceDBInstanceAutomatedBackupsArn", ".x..", NoSetting),
    row("SourceDBInstanceIdentifier",          ".x.x", NoSetting),
    row("SourceDbiResourceId",                 ".x.x", NoSetting),
    row("StorageThroughput",                   "xx..", Storage),
    row("StorageType",                         "xxxx", Storage),
    row("Tags",                                "xxxx", NoSetting),
    row("TargetDBInstanceIdentifier",          ".x..", NoSetting),
    row("Timezone",                            "....", Inherited),
    row("UseLatestRestorableTime",             ".x.x", NoSetting),
    row("VpcSecurityGroupIds",                 "xxxx", NoSetting),
];

const fn row(name: &'static str, operations: &'static str, otherwise: Otherwise) -> Parameter {
    Parameter { name, operations, otherwise }
}

const OPERATIONS: [&str; 4] = [
    "RestoreDBInstanceFromDBSnapshot",
    "RestoreDBInstanceToPointInTime",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
];

/// Refuses the parameters in a request that the operation does not have, or that are not simulated.
pub(in crate::rds) fn check_parameters(call: &Call) -> Result<(), Error> {
    let column = OPERATIONS.iter().position(|operation| *operation == call.operation);
    let is_marked =
        |parameter: &Parameter| column.and_then(|nth| parameter.operations.as_bytes().get(nth)) == Some(&b'x');
    let has = |name: &str| TABLE.iter().any(|parameter| parameter.name == name && is_marked(parameter));
    // Restores have not all settings that new databases have.
    let known = TABLE.iter().map(|parameter| parameter.name).chain(Setting::parameters());
    match { known }.find(|name| !has(name) && call.input.has(name)) {
        None => Ok(()),
        Some(name) => Err(Error::not_simulated(format!("the parameter {name} of rds:{}", call.operation))),
    }
}

/// Adds what comes along with the source to the settings of a request.
pub(super) fn complete(state: &State, kind: Kind, mut given: Given, source: &Source) -> Given {
    let keeps_storage = match state.settings.answers.restored_storage_type {
        RestoredStorageType::OfTheSource => true,
        RestoredStorageType::Default => false,
    };
    let settings = &source.facts.settings;
    let is_same_storage = match given.0.get("StorageType").and_then(Value::as_str) {
        Some(wanted) => settings.text("StorageType") == Some(wanted),
        None => keeps_storage,
    };
    for parameter in TABLE {
        let comes_along = match parameter.otherwise {
            Inherited => true,
            Version => kind == Kind::Instance || source.is_to_time(),
            Port => kind == Kind::Instance || !source.is_to_time(),
            // The storage of a Multi-AZ cluster has no defaults.
            Storage => is_same_storage || (kind == Kind::Cluster && source.facts.engine.has_fixed_storage()),
            Default | NoSetting => false,
        };
        if let (true, Some(value)) = (comes_along, settings.get(parameter.name)) {
            given.0.entry(parameter.name).or_insert_with(|| value.clone());
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_table_is_a_setting_and_no_other_is() {
        for parameter in TABLE {
            let is_setting = Setting::named(parameter.name).is_some();
            assert_eq!(is_setting, parameter.otherwise != NoSetting, "{}", parameter.name);
            assert!(parameter.operations.len() == OPERATIONS.len(), "{}", parameter.name);
        }
    }
}
