//! The tables of requests, compared with the table of settings and with AWS's model.

use std::collections::BTreeSet;

use protocol::Kind;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Given, Target, Type};

use super::*;

/// The parameters of the requests with which databases are restored and changed, as AWS's model has them. A test of `cli` compares
/// the file with the model.
const OF_AWS: &str = include_str!("parameters_of_aws.txt");

/// Parameters that are no settings of a spec, with the reason.
#[rustfmt::skip]
const NO_SETTINGS: [(&str, &[&str]); 9] = [
    ("they name the database and its data", &[
        "DBInstanceIdentifier", "DBClusterIdentifier", "DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "SnapshotIdentifier",
        "SourceDBInstanceIdentifier", "SourceDBClusterIdentifier", "SourceDbiResourceId", "SourceDbClusterResourceId",
        "SourceDBInstanceAutomatedBackupsArn", "TargetDBInstanceIdentifier", "NewDBInstanceIdentifier", "NewDBClusterIdentifier",
        "RestoreTime", "RestoreToTime", "UseLatestRestorableTime", "RestoreType", "Engine", "EngineVersion",
    ]),
    ("they come with the data, and cannot be chosen again", &[
        "DBName", "DatabaseName", "MasterUsername", "CharacterSetName", "NcharCharacterSetName", "Timezone", "DBSystemId", "MultiTenant",
        "StorageEncrypted", "KmsKeyId",
    ]),
    ("the tags of a spec are given as a whole", &["Tags", "TagSpecifications"]),
    ("they say how a change is made", &[
        "ApplyImmediately", "AllowMajorVersionUpgrade", "AllowEngineModeChange", "CertificateRotationRestart", "RotateMasterUserPassword",
        "UseDefaultProcessorFeatures", "DisableDomain", "DBInstanceParameterGroupName",
    ]),
    ("they are secrets, or name their store", &[
        "MasterUserPassword", "TdeCredentialArn", "TdeCredentialPassword",
    ]),
    ("the master user is changed in the database, and AWS does not describe it before", &["MasterUserAuthenticationType"]),
    ("they are of RDS Custom, which Draco does not copy", &[
        "AutomationMode", "ResumeFullAutomationModeMinutes", "CustomIamInstanceProfile", "RdsCustomClusterConfiguration",
    ]),
    ("they are of replicas, global databases and limitless ones", &[
        "ReplicaMode", "EnableGlobalWriteForwarding", "EnableLimitlessDatabase",
    ]),
    ("they are of features that have ended, or that belong to another service", &[
        "DBSecurityGroups", "ScalingConfiguration", "AwsBackupRecoveryPointArn", "EnableVPCNetworking", "EnableInternetAccessGateway",
    ]),
];

/// Parameters that have the value of a setting under another name.
const OTHER_NAMES: [(&str, Setting); 3] = [
    ("DBPortNumber", Setting::Port),
    ("CloudwatchLogsExportConfiguration", Setting::LogExports),
    ("ServerlessV2ScalingConfiguration", Setting::ServerlessMax),
];

fn operations_of(name: &str) -> BTreeSet<&'static str> {
    let pairs = OF_AWS.lines().filter_map(|line| line.split_once(' '));
    pairs.filter(|(_, parameter)| *parameter == name).map(|(operation, _)| operation).collect()
}

// A setting that is missing from the table is lost in a restore.
#[test]
fn each_parameter_of_aws_is_a_setting_or_has_a_reason() {
    let settings: BTreeSet<&str> = Setting::ALL.iter().map(|setting| setting.row().parameter).collect();
    let others: Vec<&str> = NO_SETTINGS.iter().flat_map(|(_, names)| *names).copied().collect();
    let all: BTreeSet<&str> = OF_AWS.lines().filter_map(|line| line.split_once(' ')).map(|(_, name)| name).collect();
    let is_other_name = |name: &str| OTHER_NAMES.iter().any(|(other, _)| *other == name);
    for name in &all {
        let places = [settings.contains(name), others.contains(name), is_other_name(name)];
        assert_eq!(places.iter().filter(|is_there| **is_there).count(), 1, "{name}");
    }
    assert!(others.iter().all(|name| all.contains(name)), "a reason for a parameter that AWS does not have");
    assert_eq!(others.iter().collect::<BTreeSet<_>>().len(), others.len());
}

fn value(setting: Setting) -> Value {
    let name = || "name".to_owned();
    match setting.row().value {
        Type::Flag => Value::Flag(true),
        Type::Number => Value::Number(7),
        Type::Capacity => Value::Capacity(HalfUnits(4)),
        Type::Name => Value::Name(name()),
        Type::Names => Value::Names([name()].into()),
        Type::Pairs => Value::Pairs([(name(), name())].into()),
    }
}

/// The operations whose requests take a setting.
fn taken_by(setting: Setting) -> BTreeSet<&'static str> {
    let config =
        aws_sdk_rds::Config::builder().behavior_version(aws_sdk_rds::config::BehaviorVersion::latest()).build();
    let client = aws_sdk_rds::Client::from_conf(config);
    let settings = Settings::from([(setting, value(setting))]);
    let all = [
        (
            "RestoreDBInstanceFromDBSnapshot",
            restore_instance(client.restore_db_instance_from_db_snapshot(), &settings).is_ok(),
        ),
        (
            "RestoreDBInstanceToPointInTime",
            rewind_instance(client.restore_db_instance_to_point_in_time(), &settings).is_ok(),
        ),
        ("RestoreDBClusterFromSnapshot", restore_cluster(client.restore_db_cluster_from_snapshot(), &settings).is_ok()),
        (
            "RestoreDBClusterToPointInTime",
            rewind_cluster(client.restore_db_cluster_to_point_in_time(), &settings).is_ok(),
        ),
        ("CreateDBInstance", create_member(client.create_db_instance(), &settings).is_ok()),
        ("ModifyDBInstance", modify_instance(client.modify_db_instance(), &settings).is_ok()),
        ("ModifyDBCluster", modify_cluster(client.modify_db_cluster(), &settings).is_ok()),
    ];
    all.into_iter().filter(|(_, is_taken)| *is_taken).map(|(operation, _)| operation).collect()
}

#[test]
fn each_request_takes_the_settings_that_the_table_gives_in_it_and_aws_has() {
    for setting in Setting::ALL {
        let row = setting.row();
        let taken = taken_by(*setting);
        let has = |operation: &str| taken.contains(operation);
        for (kind, targets, [restore, modify]) in [
            (Kind::Instance, &[Target::Instance][..], ["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance"]),
            (
                Kind::Cluster,
                &[Target::AuroraCluster, Target::MultiAzCluster],
                ["RestoreDBClusterFromSnapshot", "ModifyDBCluster"],
            ),
        ] {
            // Both types of clusters have the same requests.
            let is_given = |given: &[Given]| targets.iter().any(|target| given.contains(&row.given(*target)));
            let is_in_restore = is_given(&[Given::Restore, Given::RestoreOnly]);
            assert_eq!(has(restore), is_in_restore, "{setting:?} in {restore}, {kind:?}");
            let rewind = match kind {
                Kind::Instance => "RestoreDBInstanceToPointInTime",
                Kind::Cluster => "RestoreDBClusterToPointInTime",
            };
            let is_in_rewind = match (kind, setting) {
                (Kind::Instance, Setting::MaxAllocatedStorage) => true,
                (Kind::Cluster, Setting::AvailabilityZones) => false,
                _ => is_in_restore,
            };
            assert_eq!(has(rewind), is_in_rewind, "{setting:?} in {rewind}");
            let is_changed = is_given(&[Given::Restore, Given::Modify]);
            // Members are changed by `ModifyDBInstance` too.
            assert!(!is_changed || has(modify), "{setting:?} in {modify}");
        }
        assert_eq!(has("CreateDBInstance"), row.member == Given::Create, "{setting:?}");
        // AWS has each parameter that is sent. `MinCapacity` and others are parts of one.
        let is_part = [Setting::ServerlessMin, Setting::ServerlessMax, Setting::ServerlessPause].contains(setting);
        let mut of_aws = operations_of(row.parameter);
        for (name, _) in
            OTHER_NAMES.iter().filter(|(_, of)| of == setting || (is_part && *of == Setting::ServerlessMax))
        {
            of_aws.extend(operations_of(name));
        }
        assert!(taken.is_subset(&of_aws), "{setting:?}: {taken:?} {of_aws:?}");
    }
}
