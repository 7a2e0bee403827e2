//! The settings of a database. One table has for each setting its parameter in requests, its member in responses, the
//! databases that have it, its values, its default, and when a modification applies. `rules` has the rules that concern
//! more than one setting.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::databases::Status;
use super::given::Given;
use super::kind::Kind;
use super::scaling;
use super::windows::{DailyWindow, WeeklyWindow};
use crate::call::{Call, Error};

pub(super) struct Setting {
    /// The parameter of `CreateDBInstance` and `CreateDBCluster`.
    pub(super) parameter: &'static str,
    /// The member of `DBInstance` and `DBCluster`. Empty if `view` writes it, or no member exists.
    member: &'static str,
    databases: Databases,
    pub(super) values: Values,
    default: Default,
    change: Change,
}

/// The databases that have a setting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Databases {
    Both,
    Instances,
    Clusters,
}

/// The values of a setting.
pub(super) enum Values {
    Flag,
    Number(RangeInclusive<i64>),
    OneNumberOf(&'static [i64]),
    Text,
    OneOf(&'static [&'static str]),
    /// A text of this form, which the error message describes.
    Form(fn(&str) -> bool, &'static str),
    Texts,
    DailyWindow,
    WeeklyWindow,
    /// The capacities of serverless instances.
    Scaling,
}

/// The value of a setting that a request does not give.
enum Default {
    /// No value, or one that `rules` chooses.
    None,
    Flag(bool),
    Number(i64),
    Text(&'static str),
}

/// When a modification applies. "Review the table of parameters in Modifying a DB Instance in the Amazon RDS User Guide to see the
/// impact of enabling or disabling ApplyImmediately for each modified parameter" (`ModifyDBInstance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// At once. The response has the new value.
    AtOnce,
    /// As soon as possible, with or without `ApplyImmediately`. The database has this status meanwhile.
    Soon(Status),
    /// In the next maintenance window, unless the request has `ApplyImmediately`. The database has this status meanwhile.
    Window(Status),
    /// AWS has no such modification, or it is not simulated.
    Never,
}

use Change::{AtOnce, Never, Soon, Window};
use Databases::{Both, Clusters, Instances};
use Status::{
    ConfiguringEnhancedMonitoring, ConfiguringIamAuthentication, ConfiguringLogExports, Modifying,
    UpdatingIamAuthentication, Upgrading,
};
use Values::{
    DailyWindow as Daily, Flag, Form, Number, OneNumberOf, OneOf, Scaling, Text, Texts, WeeklyWindow as Weekly,
};

/// The certificate authorities of RDS ("Using SSL/TLS to encrypt a connection to a DB instance").
const AUTHORITIES: &[&str] = &["rds-ca-ecc384-g1", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1"];

/// Settings that a modification names in another way, and the kind of databases.
const MODIFIED_AS: [(&str, Kind, &str); 1] = [("Port", Kind::Instance, "DBPortNumber")];
/// What is given only when a database of this kind is created.
const ONLY_OF_NEW: [(&str, Kind); 2] = [("DBSubnetGroupName", Kind::Cluster), ("PubliclyAccessible", Kind::Cluster)];
/// A modification gives the changes of this setting, and not its value: `CloudwatchLogsExportConfiguration`.
const MODIFIED_BY_CHANGES: &str = "EnableCloudwatchLogsExports";

/// Values and defaults are those of the API reference (`CreateDBInstance`, `CreateDBCluster`).
#[rustfmt::skip]
const TABLE: &[Setting] = &[
    //   parameter                             member                                databases  values  default  change
    row("AllocatedStorage",                   "",                                   Both, Number(1..=65536), Default::None, Window(Modifying)),
    row("AutoMinorVersionUpgrade",            "AutoMinorVersionUpgrade",            Both, Flag, Default::Flag(true), AtOnce),
    row("AvailabilityZone",                   "AvailabilityZone",                   Instances, Text, Default::None, Never),
    row("AvailabilityZones",                  "AvailabilityZones",                  Clusters, Texts, Default::None, Never),
    row("BacktrackWindow",                    "BacktrackWindow",                    Clusters, Number(0..=259_200), Default::None, AtOnce),
    row("BackupRetentionPeriod",              "BackupRetentionPeriod",              Instances, Number(0..=35), Default::Number(1), Window(Modifying)),
    row("BackupRetentionPeriod",              "BackupRetentionPeriod",              Clusters, Number(1..=35), Default::Number(1), AtOnce),
    row("BackupTarget",                       "BackupTarget",                       Instances, OneOf(&["region", "local", "outposts"]), Default::Text("region"), Never),
    row("CACertificateIdentifier",            "CACertificateIdentifier",            Instances, OneOf(AUTHORITIES), Default::None, Window(Modifying)),
    row("CACertificateIdentifier",            "",                                   Clusters, OneOf(AUTHORITIES), Default::None, Window(Modifying)),
    row("CharacterSetName",                   "CharacterSetName",                   Both, Text, Default::None, Never),
    row("CopyTagsToSnapshot",                 "CopyTagsToSnapshot",                 Both, Flag, Default::Flag(false), AtOnce),
    row("CustomIamInstanceProfile",           "CustomIamInstanceProfile",           Instances, Form(is_custom_profile, "a name that starts with AWSRDSCustom"), Default::None, Never),
    row("DBClusterInstanceClass",             "DBClusterInstanceClass",             Clusters, Text, Default::None, Window(Modifying)),
    row("DBInstanceClass",                    "DBInstanceClass",                    Instances, Text, Default::None, Window(Modifying)),
    row("DBName",                             "DBName",                             Instances, Text, Default::None, Never),
    row("DatabaseInsightsMode",               "DatabaseInsightsMode",               Both, OneOf(&["standard", "advanced"]), Default::Text("standard"), Soon(Modifying)),
    row("DatabaseName",                       "DatabaseName",                       Clusters, Text, Default::None, Never),
    row("DedicatedLogVolume",                 "DedicatedLogVolume",                 Instances, Flag, Default::Flag(false), Window(Modifying)),
    row("DeletionProtection",                 "DeletionProtection",                 Both, Flag, Default::Flag(false), AtOnce),
    row("EnableCloudwatchLogsExports",        "EnabledCloudwatchLogsExports",       Instances, Texts, Default::None, Soon(ConfiguringLogExports)),
    row("EnableCloudwatchLogsExports",        "EnabledCloudwatchLogsExports",       Clusters, Texts, Default::None, Soon(Modifying)),
    row("EnableHttpEndpoint",                 "HttpEndpointEnabled",                Clusters, Flag, Default::Flag(false), Never),
    row("EnableIAMDatabaseAuthentication",    "IAMDatabaseAuthenticationEnabled",   Instances, Flag, Default::Flag(false), Window(ConfiguringIamAuthentication)),
    row("EnableIAMDatabaseAuthentication",    "IAMDatabaseAuthenticationEnabled",   Clusters, Flag, Default::Flag(false), Window(UpdatingIamAuthentication)),
    row("EnableLocalWriteForwarding",         "",                                   Clusters, Flag, Default::None, Soon(Modifying)),
    row("EnablePerformanceInsights",          "PerformanceInsightsEnabled",         Both, Flag, Default::Flag(false), Soon(Modifying)),
    row("EngineLifecycleSupport",             "EngineLifecycleSupport",             Both, OneOf(&["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"]), Default::None, AtOnce),
    row("EngineMode",                         "EngineMode",                         Clusters, OneOf(&["provisioned"]), Default::Text("provisioned"), Never),
    row("EngineVersion",                      "EngineVersion",                      Both, Form(is_version, "a version, with a digit first"), Default::None, Window(Upgrading)),
    row("Iops",                               "Iops",                               Both, Number(1..=256_000), Default::None, Window(Modifying)),
    row("LicenseModel",                       "LicenseModel",                       Instances, OneOf(&["bring-your-own-license", "general-public-license", "license-included", "marketplace-license", "postgresql-license"]), Default::None, Window(Modifying)),
    row("MasterUsername",                     "MasterUsername",                     Both, Form(is_username, "1 to 63 letters, numbers, or underscores, with a letter first"), Default::None, Never),
    row("MaxAllocatedStorage",                "MaxAllocatedStorage",                Instances, Number(1..=65536), Default::None, AtOnce),
    row("MonitoringInterval",                 "MonitoringInterval",                 Instances, OneNumberOf(&[0, 1, 5, 10, 15, 30, 60]), Default::Number(0), Soon(ConfiguringEnhancedMonitoring)),
    row("MonitoringInterval",                 "MonitoringInterval",                 Clusters, OneNumberOf(&[0, 1, 5, 10, 15, 30, 60]), Default::Number(0), Soon(Modifying)),
    row("MonitoringRoleArn",                  "MonitoringRoleArn",                  Instances, Form(is_role, "the ARN of a role"), Default::None, Soon(ConfiguringEnhancedMonitoring)),
    row("MonitoringRoleArn",                  "MonitoringRoleArn",                  Clusters, Form(is_role, "the ARN of a role"), Default::None, Soon(Modifying)),
    row("MultiAZ",                            "MultiAZ",                            Instances, Flag, Default::Flag(false), Window(Modifying)),
    row("NcharCharacterSetName",              "NcharCharacterSetName",              Instances, Text, Default::None, Never),
    row("NetworkType",                        "NetworkType",                        Both, OneOf(&["IPV4", "DUAL"]), Default::Text("IPV4"), Window(Modifying)),
    row("PerformanceInsightsKMSKeyId",        "PerformanceInsightsKMSKeyId",        Both, Text, Default::None, Soon(Modifying)),
    row("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod", Both, Number(7..=731), Default::None, Soon(Modifying)),
    row("Port",                               "",                                   Both, Number(1150..=65535), Default::None, Soon(Modifying)),
    row("PreferredBackupWindow",              "PreferredBackupWindow",              Both, Daily, Default::None, AtOnce),
    row("PreferredMaintenanceWindow",         "PreferredMaintenanceWindow",         Both, Weekly, Default::None, AtOnce),
    row("PromotionTier",                      "PromotionTier",                      Instances, Number(0..=15), Default::None, AtOnce),
    row("PubliclyAccessible",                 "PubliclyAccessible",                 Both, Flag, Default::None, Soon(Modifying)),
    row("ServerlessV2ScalingConfiguration",   "ServerlessV2ScalingConfiguration",   Clusters, Scaling, Default::None, AtOnce),
    row("StorageThroughput",                  "StorageThroughput",                  Instances, Number(1..=4000), Default::None, Window(Modifying)),
    row("StorageType",                        "",                                   Both, Text, Default::None, Window(Modifying)),
    row("Timezone",                           "Timezone",                           Instances, Text, Default::None, Never),
];

const fn row(
    parameter: &'static str,
    member: &'static str,
    databases: Databases,
    values: Values,
    default: Default,
    change: Change,
) -> Setting {
    Setting { parameter, member, databases, values, default, change }
}

impl Setting {
    /// The parameters of all settings.
    pub(super) fn parameters() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|setting| setting.parameter)
    }

    /// The setting that a parameter gives, for databases of any kind.
    pub(super) fn named(parameter: &str) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.parameter == parameter)
    }

    /// Names the settings in the request of a modification as the table does.
    pub(super) fn read_modification(call: &mut Call, kind: Kind) -> Result<(), Error> {
        let of_kind = || MODIFIED_AS.iter().filter(move |(_, of, _)| *of == kind);
        let named_otherwise = of_kind().map(|(parameter, ..)| *parameter).chain([MODIFIED_BY_CHANGES]);
        let only_of_new = ONLY_OF_NEW.iter().filter(|(_, of)| *of == kind).map(|(parameter, _)| *parameter);
        let named_otherwise = named_otherwise.chain(only_of_new);
        if let Some(parameter) = { named_otherwise }.find(|parameter| call.input.has(parameter)) {
            return Err(Error::not_simulated(format!("the parameter {parameter} of rds:{}", call.operation)));
        }
        of_kind().for_each(|(parameter, _, named)| call.input.rename(named, parameter));
        Self::check_parameters(call, kind)
    }

    /// Refuses the settings in a request that databases of this kind do not have, or whose modification is not simulated.
    pub(super) fn check_parameters(call: &Call, kind: Kind) -> Result<(), Error> {
        let may_have = |setting: &Self| {
            setting.applies_to(kind) && (setting.change != Never || !call.operation.starts_with("Modify"))
        };
        let known = |parameter: &str| TABLE.iter().any(|setting| setting.parameter == parameter && may_have(setting));
        match TABLE.iter().find(|setting| call.input.has(setting.parameter) && !known(setting.parameter)) {
            None => Ok(()),
            Some(Self { parameter, .. }) => {
                Err(Error::not_simulated(format!("the parameter {parameter} of rds:{}", call.operation)))
            }
        }
    }

    /// When a modification of a setting applies.
    pub(super) fn change(parameter: &str, kind: Kind) -> Change {
        Self::of(parameter, kind).map_or(Never, |setting| setting.change)
    }

    fn of(parameter: &str, kind: Kind) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.parameter == parameter && setting.applies_to(kind))
    }

    fn applies_to(&self, kind: Kind) -> bool {
        match self.databases {
            Both => true,
            Instances => kind == Kind::Instance,
            Clusters => kind == Kind::Cluster,
        }
    }

    fn check(&self, value: &Value) -> Result<(), Error> {
        let expected = match (&self.values, value) {
            (Number(range), Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|number| range.contains(&number));
                (!fits).then(|| format!("a value from {} to {}", range.start(), range.end()))
            }
            (OneNumberOf(all), Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|number| all.contains(&number));
                (!fits).then(|| format!("one of {all:?}"))
            }
            (OneOf(all), Value::String(text)) => {
                (!all.contains(&text.as_str())).then(|| format!("one of {}", all.join(", ")))
            }
            (Form(fits, description), Value::String(text)) => (!fits(text)).then(|| (*description).to_owned()),
            (Daily, Value::String(text)) => return DailyWindow::read(text).map(drop),
            (Weekly, Value::String(text)) => return WeeklyWindow::read(text).map(drop),
            (Scaling, value) => return scaling::check(value),
            (Text, Value::String(text)) => text.is_empty().then(|| "a text that is not empty".to_owned()),
            _ => None,
        };
        match expected {
            None => Ok(()),
            Some(expected) => {
                let message = format!("Invalid value {value} for {}: it must be {expected}.", self.parameter);
                Err(Error::new("InvalidParameterValue", message))
            }
        }
    }
}

fn is_username(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_version(version: &str) -> bool {
    version.starts_with(|first: char| first.is_ascii_digit())
}

fn is_role(arn: &str) -> bool {
    arn.starts_with("arn:aws:iam:") && arn.contains(":role/")
}

fn is_custom_profile(name: &str) -> bool {
    name.starts_with("AWSRDSCustom")
}

/// The settings of a database, by parameter.
#[derive(Clone)]
pub(super) struct Settings(BTreeMap<&'static str, Value>);

impl Settings {
    /// The settings of a new database, as far as the request and the table give them.
    pub(super) fn new(kind: Kind, given: Given) -> Result<Self, Error> {
        let mut settings = Self(BTreeMap::new());
        for setting in TABLE.iter().filter(|setting| setting.applies_to(kind)) {
            match setting.default {
                Default::None => {}
                Default::Flag(flag) => settings.set(setting.parameter, flag),
                Default::Number(number) => settings.set(setting.parameter, number),
                Default::Text(text) => settings.set(setting.parameter, text),
            }
        }
        settings.give(kind, given)?;
        Ok(settings)
    }

    /// Sets the settings of a request, which [`Setting::check_parameters`] has checked.
    pub(super) fn give(&mut self, kind: Kind, given: Given) -> Result<(), Error> {
        for (parameter, value) in given.0 {
            if let Some(setting) = Setting::of(parameter, kind) {
                setting.check(&value)?;
            }
            self.0.insert(parameter, value);
        }
        Ok(())
    }

    pub(super) fn set(&mut self, parameter: &'static str, value: impl Into<Value>) {
        self.0.insert(parameter, value.into());
    }

    /// Sets a value that the request did not give.
    pub(super) fn set_default(&mut self, parameter: &'static str, value: impl Into<Value>) {
        self.0.entry(parameter).or_insert_with(|| value.into());
    }

    pub(super) fn remove(&mut self, parameter: &str) {
        self.0.remove(parameter);
    }

    /// Null: no value.
    pub(super) fn set_or_remove(&mut self, parameter: &'static str, value: Value) {
        if value.is_null() { self.remove(parameter) } else { self.set(parameter, value) }
    }

    pub(super) fn get(&self, parameter: &str) -> Option<&Value> {
        self.0.get(parameter)
    }

    /// Takes the values that other settings have for these parameters, also if they have none.
    pub(super) fn take_over(&mut self, parameters: &[&'static str], other: &Self) {
        for parameter in parameters {
            self.set_or_remove(parameter, other.get(parameter).cloned().unwrap_or(Value::Null));
        }
    }

    pub(super) fn flag(&self, parameter: &str) -> bool {
        self.0.get(parameter).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn number(&self, parameter: &str) -> Option<u32> {
        self.0.get(parameter)?.as_i64()?.try_into().ok()
    }

    pub(super) fn text(&self, parameter: &str) -> Option<&str> {
        self.0.get(parameter)?.as_str()
    }

    pub(super) fn texts(&self, parameter: &str) -> impl Iterator<Item = &str> {
        self.0.get(parameter).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Writes the members that have a value.
    pub(super) fn write(&self, kind: Kind, view: &mut Map<String, Value>) {
        for setting in TABLE.iter().filter(|setting| setting.applies_to(kind) && !setting.member.is_empty()) {
            if let Some(value) = self.0.get(setting.parameter) {
                view.insert(setting.member.to_owned(), value.clone());
            }
        }
    }
}
