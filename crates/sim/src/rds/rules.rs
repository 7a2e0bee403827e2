//! The rules for a database's settings that concern more than one of them, the engine, or the region.

use super::engines::{Engine, Product};
use super::given::Given;
use super::kind::Kind;
use super::settings::Settings;
use super::storage;
use super::windows::{DailyWindow, WeeklyWindow};
use crate::call::Error;

/// How the master user of a new database authenticates.
pub(super) struct Credentials<'a> {
    pub(super) password: Option<&'a str>,
    /// Whether RDS keeps the password in Secrets Manager.
    pub(super) is_managed: bool,
    pub(super) has_secret_key: bool,
}

/// Chooses the defaults that depend on the engine, and checks a new database.
pub(super) fn complete(
    settings: &mut Settings,
    (kind, engine): (Kind, &Engine),
    region: &str,
    random: &mut fastrand::Rng,
) -> Result<(), Error> {
    check_class(settings, kind, engine)?;
    storage::complete(settings, kind, engine)?;
    settings.set_default("EngineVersion", engine.version);
    settings.set_default("LicenseModel", engine.license);
    settings.set_default("Port", engine.port);
    if kind == Kind::Instance {
        // "If DBSubnetGroup isn't specified, PubliclyAccessible defaults to … true for non-Aurora instances."
        settings.set_default("PubliclyAccessible", true);
        // "Default: rds-ca-rsa2048-g1" (RDS User Guide, "Certificate authorities").
        settings.set_default("CACertificateIdentifier", "rds-ca-rsa2048-g1");
    }
    if matches!(engine.product, Product::MySql | Product::PostgreSql | Product::AuroraMySql | Product::AuroraPostgreSql)
    {
        settings.set_default("EngineLifecycleSupport", "open-source-rds-extended-support");
    } else if settings.text("EngineLifecycleSupport").is_some() {
        // "This setting applies only to RDS for MySQL and RDS for PostgreSQL", and to Aurora.
        return Err(invalid_combination(format!("EngineLifecycleSupport isn't valid for engine {}.", engine.name)));
    }
    choose_windows(settings, random)?;
    choose_zone(settings, kind, region, random)?;
    check_engine(settings, kind, engine)?;
    check_database_name(settings, kind, engine)?;
    check_custom(settings, engine)?;
    check_monitoring(settings)
}

/// Checks the settings that a database will have after a modification.
pub(super) fn check_modified(
    settings: &mut Settings,
    (kind, engine): (Kind, &Engine),
    random: &mut fastrand::Rng,
) -> Result<(), Error> {
    check_class(settings, kind, engine)?;
    storage::complete(settings, kind, engine)?;
    choose_windows(settings, random)?;
    check_engine(settings, kind, engine)?;
    check_monitoring(settings)
}

/// Windows that a request does not give do not overlap the other. "Must not conflict with the preferred maintenance window"
/// (`PreferredBackupWindow`).
pub(super) fn choose_windows(settings: &mut Settings, random: &mut fastrand::Rng) -> Result<(), Error> {
    let daily = settings.text("PreferredBackupWindow").map(DailyWindow::read).transpose()?;
    let weekly = settings.text("PreferredMaintenanceWindow").map(WeeklyWindow::read).transpose()?;
    let daily = daily.unwrap_or_else(|| DailyWindow::random(random, weekly));
    let weekly = weekly.unwrap_or_else(|| WeeklyWindow::random(random, daily));
    if weekly.overlaps(daily) {
        return Err(invalid("The backup window and maintenance window must not overlap."));
    }
    settings.set("PreferredBackupWindow", daily.to_string());
    settings.set("PreferredMaintenanceWindow", weekly.to_string());
    Ok(())
}

/// "The AvailabilityZone parameter can't be specified if the DB instance is a Multi-AZ deployment. The specified
/// Availability Zone must be in the same AWS Region as the current endpoint. … Default: a random, system-chosen
/// Availability Zone." A cluster "can't specify more than three".
fn choose_zone(settings: &mut Settings, kind: Kind, region: &str, random: &mut fastrand::Rng) -> Result<(), Error> {
    let is_in_region = |zone: &str| {
        zone.strip_prefix(region).is_some_and(|zone| matches!(zone.as_bytes(), [letter] if letter.is_ascii_lowercase()))
    };
    let given = settings.text("AvailabilityZone").into_iter().chain(settings.texts("AvailabilityZones"));
    if let Some(other) = { given }.find(|zone| !is_in_region(zone)) {
        return Err(invalid(format!("Invalid availability zone {other}: it is not in {region}.")));
    }
    if settings.flag("MultiAZ") && settings.text("AvailabilityZone").is_some() {
        let message = "Requesting a specific availability zone is not valid for Multi-AZ instances.";
        return Err(invalid_combination(message));
    }
    match kind {
        Kind::Instance => {
            let zone = random.usize(..ZONES.len());
            settings.set_default("AvailabilityZone", format!("{region}{}", ZONES[zone]));
        }
        Kind::Cluster if settings.texts("AvailabilityZones").count() > ZONES.len() => {
            return Err(invalid("Cannot specify more than three availability zones."));
        }
        Kind::Cluster => {
            settings.set_default("AvailabilityZones", ZONES.map(|zone| format!("{region}{zone}")).to_vec());
        }
    }
    Ok(())
}

/// The availability zones of each simulated region.
pub(super) const ZONES: [&str; 3] = ["a", "b", "c"];

/// A class is required for instances, and for Multi-AZ clusters: "This setting is required to create a Multi-AZ DB
/// cluster."
fn check_class(settings: &Settings, kind: Kind, engine: &Engine) -> Result<(), Error> {
    let class = match kind {
        Kind::Instance => {
            let class = settings.text("DBInstanceClass").ok_or_else(|| Error::missing_parameter("DBInstanceClass"))?;
            // Serverless instances are in clusters.
            let is_serverless = class == "db.serverless" && !engine.has_fixed_storage();
            (is_serverless || is_class(class)).then_some(()).ok_or(class)
        }
        Kind::Cluster => match (engine.has_fixed_storage(), settings.text("DBClusterInstanceClass")) {
            (true, None) => {
                return Err(Error::missing_parameter("DBClusterInstanceClass"));
            }
            (true, Some(class)) => is_multi_az_cluster_class(class).then_some(()).ok_or(class),
            (false, None) => Ok(()),
            // "Valid for Cluster Type: Multi-AZ DB clusters only."
            (false, Some(_)) => {
                let message = format!("DBClusterInstanceClass isn't valid for engine {}.", engine.name);
                return Err(invalid_combination(message));
            }
        },
    };
    class.map_err(|class| invalid(format!("Invalid DB Instance class: {class}")))
}

/// Whether a text has the form `db.r6i.4xlarge`. The list of existing classes changes each month.
fn is_class(class: &str) -> bool {
    let mut parts = class.split('.');
    let (Some("db"), Some(family), Some(size)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_family = family.starts_with(|first: char| first.is_ascii_lowercase())
        && family.bytes().any(|byte| byte.is_ascii_digit())
        && family.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_size = ["micro", "small", "medium", "large", "metal"].contains(&size)
        || size.strip_suffix("xlarge").is_some_and(|factor| factor.is_empty() || factor.parse::<u8>().is_ok());
    // Oracle's classes with more memory end in `.tpc2.mem3x`.
    is_family && is_size && parts.all(|part| part.starts_with("tpc") || part.starts_with("mem"))
}

/// The size of a class within its family, as a number: an `xlarge` is 16, a `2xlarge` is 32. Classes without a size, as
/// `db.serverless`, are the smallest: no text compares them.
pub(super) fn size_of_class(class: &str) -> u32 {
    let size = class.split('.').nth(2).unwrap_or_default();
    match (size, size.strip_suffix("xlarge")) {
        ("micro", _) => 1,
        ("small", _) => 2,
        ("medium", _) => 4,
        ("large", _) => 8,
        // The whole machine: at least the largest size of its family.
        ("metal", _) => u32::MAX,
        (_, Some("")) => 16,
        (_, Some(factor)) => factor.parse::<u32>().map_or(0, |factor| factor.saturating_mul(16)),
        _ => 0,
    }
}

/// Multi-AZ clusters need local disks, which classes with a `d` after the number of their generation have: "db.m5d,
/// db.m6gd, db.m6id, db.r6gd, db.x2iedn, db.c6gd" and others (RDS's guide, *Multi-AZ DB clusters*).
fn is_multi_az_cluster_class(class: &str) -> bool {
    let family = class.split('.').nth(1).unwrap_or_default();
    let options =
        family.trim_start_matches(|c: char| c.is_ascii_lowercase()).trim_start_matches(|c: char| c.is_ascii_digit());
    is_class(class) && options.contains('d')
}

/// Settings with "Valid for Cluster Type: Aurora DB clusters only" in the API reference.
const NOT_MULTI_AZ: [&str; 6] = [
    "AvailabilityZones",
    "CharacterSetName",
    "EnableHttpEndpoint",
    "EnableLocalWriteForwarding",
    "EngineMode",
    "NetworkType",
];
/// The same with "Multi-AZ DB clusters only".
const ONLY_MULTI_AZ: [&str; 4] = ["AllocatedStorage", "DBClusterInstanceClass", "Iops", "PubliclyAccessible"];

/// Checks the parameters of a new cluster that depend on its type.
pub(super) fn check_cluster(id: &str, given: &Given, kind: Kind, engine: &Engine) -> Result<(), Error> {
    if kind == Kind::Instance {
        return Ok(());
    }
    let is_multi_az = engine.has_fixed_storage();
    // "Must contain from 1 to 63 (for Aurora DB clusters) or 1 to 52 (for Multi-AZ DB clusters) letters, numbers, or hyphens."
    if is_multi_az && id.len() > 52 {
        return Err(invalid("The parameter DBClusterIdentifier must not be longer than 52 characters."));
    }
    let others: &[_] = if is_multi_az { &NOT_MULTI_AZ } else { &ONLY_MULTI_AZ };
    match others.iter().find(|parameter| given.0.contains_key(*parameter)) {
        None => Ok(()),
        Some(parameter) => Err(invalid_combination(format!("{parameter} isn't valid for engine {}.", engine.name))),
    }
}

/// "Must contain 1 to 64 letters or numbers. Must begin with a letter. Subsequent characters can be letters, underscores, or
/// digits (0-9)" (`DBName`), and what that text has for each engine.
fn check_database_name(settings: &Settings, kind: Kind, engine: &Engine) -> Result<(), Error> {
    let name = settings.text("DBName").or_else(|| settings.text("DatabaseName"));
    let Some(name) = name else { return Ok(()) };
    let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_valid = match engine.product {
        // "Not applicable. Must be null."
        Product::SqlServer | Product::CustomSqlServer => false,
        // "Can't be longer than 8 characters." "You can't specify the string null"
        Product::Oracle => name.len() <= 8 && name != "null",
        // "Must contain 1 to 8 alphanumeric characters. Must contain a letter."
        Product::CustomOracle => {
            name.len() <= 8
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && name.bytes().any(|byte| byte.is_ascii_alphabetic())
        }
        Product::PostgreSql if kind == Kind::Instance => name.len() <= 63 && is_word,
        _ if kind == Kind::Instance => name.len() <= 64 && is_word,
        // "up to 64 alphanumeric characters" (`DatabaseName`)
        _ if name.contains('_') => return Err(Error::not_simulated(format!("the DatabaseName {name}"))),
        _ => name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    };
    if is_valid { Ok(()) } else { Err(invalid(format!("Invalid database name for engine {}: {name}.", engine.name))) }
}

/// The settings that some engines do not have.
fn check_engine(settings: &Settings, kind: Kind, engine: &Engine) -> Result<(), Error> {
    let not_valid =
        |parameter: &str| invalid_combination(format!("{parameter} isn't valid for engine {}.", engine.name));
    if settings.flag("EnableIAMDatabaseAuthentication") && !engine.product.has_iam_authentication() {
        return Err(not_valid("EnableIAMDatabaseAuthentication"));
    }
    // "Valid for: Aurora DB clusters only" (`EnableLocalWriteForwarding`).
    let is_aurora = matches!(engine.product, Product::AuroraMySql | Product::AuroraPostgreSql);
    if settings.get("EnableLocalWriteForwarding").is_some() && !is_aurora {
        return Err(not_valid("EnableLocalWriteForwarding"));
    }
    // "Valid for Cluster Type: Aurora MySQL DB clusters only" (`BacktrackWindow`).
    if settings.get("BacktrackWindow").is_some() && engine.product != Product::AuroraMySql {
        return Err(not_valid("BacktrackWindow"));
    }
    let known = engine.product.logs(kind);
    if let Some(unknown) = settings.texts("EnableCloudwatchLogsExports").find(|log| !known.contains(log)) {
        let message =
            format!("You cannot use the log types '{unknown}' with engine version {} {}.", engine.name, engine.version);
        return Err(invalid_combination(message));
    }
    // "For RDS for Microsoft SQL Server, the value can't be 1234, 1434, 3260, 3343, 3389, 47001, or 49152-49156."
    let port = settings.number("Port").unwrap_or_default();
    if engine.product == Product::SqlServer
        && (matches!(port, 1234 | 1434 | 3260 | 3343 | 3389 | 47001) || (49152..=49156).contains(&port))
    {
        return Err(invalid(format!("Invalid port for engine {}: {port}", engine.name)));
    }
    let license = settings.text("LicenseModel").unwrap_or_default();
    let has_license = match engine.product {
        Product::Oracle => ["bring-your-own-license", "license-included"].contains(&license),
        Product::Db2 => ["bring-your-own-license", "marketplace-license"].contains(&license),
        _ => license == engine.license,
    };
    if has_license {
        Ok(())
    } else {
        Err(invalid_combination(format!("Invalid license model '{license}' for engine '{}'.", engine.name)))
    }
}

/// What the API reference requires for RDS Custom: a version and a profile, a key, and no automatic upgrades.
fn check_custom(settings: &Settings, engine: &Engine) -> Result<(), Error> {
    if !engine.product.is_custom() {
        return Ok(());
    }
    for parameter in ["EngineVersion", "CustomIamInstanceProfile"] {
        if settings.text(parameter).is_none_or(str::is_empty) {
            return Err(Error::missing_parameter(parameter));
        }
    }
    // "Can't be set to 0 for an RDS Custom for Oracle DB instance."
    if engine.product == Product::CustomOracle && settings.number("BackupRetentionPeriod") == Some(0) {
        return Err(invalid("BackupRetentionPeriod can't be set to 0 for RDS Custom for Oracle."));
    }
    if settings.flag("AutoMinorVersionUpgrade") {
        let message = "AutoMinorVersionUpgrade must be disabled for RDS Custom.";
        return Err(invalid_combination(message));
    }
    Ok(())
}

/// "If MonitoringRoleArn is specified, then you must set MonitoringInterval to a value other than 0", and the reverse.
fn check_monitoring(settings: &Settings) -> Result<(), Error> {
    let is_on = settings.number("MonitoringInterval").is_some_and(|interval| interval != 0);
    if is_on != settings.text("MonitoringRoleArn").is_some() {
        let message = "A MonitoringRoleArn value is required if you specify a MonitoringInterval value other than 0.";
        return Err(invalid_combination(message));
    }
    // "Valid Values: 7, month * 31, where month is a number of months from 1-23, 731."
    match settings.number("PerformanceInsightsRetentionPeriod") {
        Some(days) if days != 7 && days != 731 && days % 31 != 0 => {
            Err(invalid(format!("Invalid Performance Insights retention period: {days}.")))
        }
        _ => Ok(()),
    }
}

/// Checks the master user and its password. Neptune has none.
pub(super) fn check_master_user(
    settings: &Settings,
    (kind, engine): (Kind, &Engine),
    credentials: &Credentials<'_>,
) -> Result<(), Error> {
    if engine.product == Product::Neptune {
        return Ok(());
    }
    let user = settings.text("MasterUsername").ok_or_else(|| Error::missing_parameter("MasterUsername"))?;
    // "Must be 1 to 16 letters, numbers, or underscores" (RDS); "from 1 to 63 letters or numbers" (DocumentDB).
    let longest = if engine.product == Product::DocumentDb { 63 } else { 16 };
    if user.len() > longest {
        return Err(invalid(format!("The parameter MasterUsername must not be longer than {longest} characters.")));
    }
    // "Must be 1 to 16 letters or numbers" (clusters).
    if kind == Kind::Cluster && user.contains('_') {
        return Err(invalid("The parameter MasterUsername must have letters and numbers only."));
    }
    // "Can't be a reserved word for the chosen database engine." No text lists these words. Users of RDS reported the message
    // for these. Others are not known here.
    let is_postgres = matches!(engine.product, Product::PostgreSql | Product::AuroraPostgreSql);
    if user == "rdsadmin" || (is_postgres && ["admin", "user"].contains(&user)) {
        let message = format!("MasterUsername {user} cannot be used as it is a reserved word used by the engine");
        return Err(invalid(message));
    }
    match credentials {
        Credentials { password: Some(_), is_managed: true, .. } => {
            Err(invalid_combination("You can't specify MasterUserPassword when ManageMasterUserPassword is turned on."))
        }
        Credentials { is_managed: false, has_secret_key: true, .. } => Err(invalid_combination(
            "You can't specify MasterUserSecretKmsKeyId unless ManageMasterUserPassword is turned on.",
        )),
        Credentials { is_managed: true, .. } => Ok(()),
        Credentials { password: None, .. } => Err(Error::missing_parameter("MasterUserPassword")),
        Credentials { password: Some(password), .. } => check_password(password, engine.product.longest_password(kind)),
    }
}

pub(super) fn check_password(password: &str, longest: usize) -> Result<(), Error> {
    let not_valid = "The parameter MasterUserPassword is not a valid password";
    if password.len() < 8 {
        return Err(invalid(format!("{not_valid} because it is shorter than 8 characters.")));
    }
    if password.len() > longest {
        return Err(invalid(format!("{not_valid} because it is longer than {longest} characters.")));
    }
    if !password.bytes().all(|byte| byte.is_ascii_graphic() && !b"/@\"".contains(&byte)) {
        let message = format!("{not_valid}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.");
        return Err(invalid(message));
    }
    Ok(())
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterValue", message)
}

pub(super) fn invalid_combination(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterCombination", message)
}
