//! AWS's rules for the values of settings, as far as they are the same in each account and region. A recorded value that breaks one is
//! left out: it is damaged, forged, or of a time when AWS had other values. A name that AWS may have added breaks none. A value of the job that breaks one is refused before the restore, if
//! AWS would check it only after that.

use std::fmt;

use protocol::Kind;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Setting, Spec, Value};

/// The values that a setting has.
enum Rule {
    /// A number from the first to the last.
    Numbers(u32, u32),
    /// One of these numbers.
    AnyOf(&'static [u32]),
    /// A number of capacity units from the first to the last.
    Capacity(HalfUnits, HalfUnits),
    /// A set of these names.
    Names(&'static [&'static str]),
    /// A name of letters, digits and hyphens for which this is true, such as these. AWS adds names: one that is not known here may be new, so AWS
    /// decides about it.
    Form(fn(&str) -> bool, &'static str),
    /// A time of each day.
    Daily,
    /// A time of each week.
    Weekly,
    /// "7; month * 31, where month is a number of months from 1-23; 731" (`PerformanceInsightsRetentionPeriod`).
    Retention,
    /// It cannot be turned on.
    Off,
}

/// Whether AWS takes a value for a database with this engine and kind, as far as it is known.
#[must_use]
pub fn is_valid(setting: Setting, value: &Value, spec: &Spec) -> bool {
    rule(setting, spec).is_none_or(|rule| rule.has(value))
}

/// What AWS takes in place of a value that it does not take.
#[must_use]
pub fn taken(setting: Setting, value: &Value, spec: &Spec) -> Option<String> {
    rule(setting, spec).filter(|rule| !rule.has(value)).map(|rule| rule.to_string())
}

fn is_of(spec: &Spec, engines: &[&str]) -> bool {
    engines.iter().any(|engine| spec.engine.starts_with(engine))
}

/// "Valid Values" of RDS's API reference (`CreateDBInstance`, `CreateDBCluster`, `RestoreDBInstanceFromDBSnapshot`).
fn rule(setting: Setting, spec: &Spec) -> Option<Rule> {
    Some(match setting {
        Setting::BackupWindow => Rule::Daily,
        Setting::MaintenanceWindow => Rule::Weekly,
        Setting::InsightsRetention => Rule::Retention,
        Setting::LogExports => Rule::Names(logs(spec)?),
        // Other engines do not have it (user guide, "IAM database authentication").
        Setting::IamAuthentication if !is_of(spec, &["aurora", "mariadb", "mysql", "postgres"]) => Rule::Off,
        Setting::Port => Rule::Numbers(1150, 65535),
        // "Must be an integer from 20 to 65536", for magnetic storage "from 5 to 3072" (`AllocatedStorage`). A class has narrower limits,
        // which its offers describe.
        Setting::AllocatedStorage | Setting::MaxAllocatedStorage => Rule::Numbers(5, 65_536),
        // The widest range is that of io2, and for throughput that of gp3 (user guide, "Amazon RDS DB instance storage").
        Setting::Iops => Rule::Numbers(1000, 256_000),
        Setting::StorageThroughput => Rule::Numbers(125, 4000),
        Setting::BackupRetention => match spec.kind {
            Kind::Instance => Rule::Numbers(0, 35),
            Kind::Cluster => Rule::Numbers(1, 35),
        },
        Setting::PromotionTier => Rule::Numbers(0, 15),
        Setting::MonitoringInterval => Rule::AnyOf(&[0, 1, 5, 10, 15, 30, 60]),
        // "Valid for Cluster Type: Aurora MySQL DB clusters only" (`BacktrackWindow`).
        Setting::BacktrackWindow if !is_of(spec, &["aurora-mysql"]) => Rule::AnyOf(&[]),
        Setting::BacktrackWindow => Rule::Numbers(0, 259_200),
        Setting::ServerlessPause => Rule::Numbers(300, 86_400),
        Setting::ServerlessMin => Rule::Capacity(HalfUnits(0), HalfUnits(512)),
        // "The maximum capacity must be higher than 0.5 ACUs" (`AWS::RDS::DBCluster`).
        Setting::ServerlessMax => Rule::Capacity(HalfUnits(2), HalfUnits(512)),
        // The offers of a class have the types that it takes.
        Setting::StorageType => match (spec.kind, spec.engine.starts_with("aurora")) {
            (_, true) => Rule::Form(|name| name.starts_with("aurora"), "aurora or aurora-iopt1"),
            (Kind::Cluster, false) => Rule::Form(
                |name| !name.starts_with("aurora") && !["gp2", "standard"].contains(&name),
                "gp3, io1 or io2",
            ),
            (Kind::Instance, false) => Rule::Form(|name| !name.starts_with("aurora"), "gp3, io1, io2, gp2 or standard"),
        },
        // "This setting applies only to RDS for MySQL and RDS for PostgreSQL", and to Aurora.
        Setting::LifecycleSupport if !is_of(spec, &["aurora", "mysql", "postgres"]) => Rule::Names(&[]),
        Setting::LifecycleSupport => Rule::Form(
            |name| name.starts_with("open-source-rds-extended-support"),
            "open-source-rds-extended-support or open-source-rds-extended-support-disabled",
        ),
        Setting::InsightsMode => Rule::Form(|_| true, "standard or advanced"),
        // Those of Aurora Serverless v1, and of versions of Aurora that have ended: AWS restores no cluster with them.
        Setting::EngineMode => {
            Rule::Form(|name| !["serverless", "parallelquery", "global", "multimaster"].contains(&name), "provisioned")
        }
        Setting::NetworkType => Rule::Form(|_| true, "IPV4 or DUAL"),
        // rds-ca-2015 and rds-ca-2019 have expired (user guide, "Using SSL/TLS").
        Setting::CertificateAuthority => Rule::Form(
            |name| name.starts_with("rds-ca-") && !["rds-ca-2015", "rds-ca-2019"].contains(&name),
            "an authority such as rds-ca-rsa2048-g1",
        ),
        _ => return None,
    })
}

impl Rule {
    fn has(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Numbers(least, most), Value::Number(number)) => (least..=most).contains(&number),
            (Self::AnyOf(numbers), Value::Number(number)) => numbers.contains(number),
            (Self::Capacity(least, most), Value::Capacity(units)) => (least..=most).contains(&units),
            (Self::Names(names), Value::Names(all)) => all.iter().all(|name| names.contains(&name.as_str())),
            (Self::Form(fits, _), Value::Name(name)) => {
                let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                !name.is_empty() && name.bytes().all(is_letter) && fits(name)
            }
            (Self::Daily, Value::Name(text)) => daily(text).is_some(),
            (Self::Weekly, Value::Name(text)) => weekly(text).is_some(),
            (Self::Retention, Value::Number(days)) => {
                [7, 731].contains(days) || (days.is_multiple_of(31) && (1..=23).contains(&(days / 31)))
            }
            (Self::Off, Value::Flag(on)) => !on,
            _ => false,
        }
    }
}

/// For a person, after "AWS takes".
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String>;
        let listed: Vec<&str> = match self {
            Self::Numbers(least, most) => return write!(f, "{least} to {most}"),
            Self::Capacity(least, most) => return write!(f, "{} to {} ACUs", least.units(), most.units()),
            Self::Form(_, examples) => return f.write_str(examples),
            Self::Daily => return f.write_str("hh:mm-hh:mm of at least 30 minutes, such as 03:05-03:35"),
            Self::Weekly => {
                return f.write_str("ddd:hh:mm-ddd:hh:mm of at least 30 minutes, such as sun:05:00-sun:05:30");
            }
            Self::Retention => return f.write_str("7, a multiple of 31 up to 713, or 731"),
            Self::Off => return f.write_str("no for this engine"),
            Self::AnyOf(all) => {
                numbers = all.iter().map(u32::to_string).collect();
                numbers.iter().map(String::as_str).collect()
            }
            Self::Names(names) => names.to_vec(),
        };
        match listed.split_last() {
            Some((last, others)) if !others.is_empty() => write!(f, "{} or {last}", others.join(", ")),
            Some((last, _)) => f.write_str(last),
            None => f.write_str("none for this engine"),
        }
    }
}

/// The logs that an engine exports (`EnableCloudwatchLogsExports`).
#[must_use]
pub fn logs(spec: &Spec) -> Option<&'static [&'static str]> {
    const LOGS: [(&str, &[&str]); 9] = [
        ("aurora-mysql", &["audit", "error", "general", "instance", "slowquery", "iam-db-auth-error"]),
        ("aurora-postgresql", &["instance", "postgresql", "iam-db-auth-error"]),
        ("db2", &["diag.log", "notify.log", "iam-db-auth-error"]),
        ("mariadb", &["audit", "error", "general", "slowquery", "iam-db-auth-error"]),
        ("mysql", &["audit", "error", "general", "slowquery", "iam-db-auth-error"]),
        ("oracle", &["alert", "audit", "listener", "trace", "oemagent"]),
        ("postgres", &["postgresql", "upgrade", "iam-db-auth-error"]),
        ("sqlserver", &["agent", "error"]),
        ("custom", &[]),
    ];
    LOGS.iter().find(|(engine, _)| spec.engine.starts_with(engine)).map(|(_, logs)| *logs)
}

const DAY: u32 = 24 * 60;

/// The begin and the length in minutes: "Must be in the format hh24:mi-hh24:mi", "Must be at least 30 minutes" (`PreferredBackupWindow`).
fn daily(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    Some((from, (to + DAY - from) % DAY)).filter(|(_, length)| *length >= 30)
}

/// The same, from the beginning of the week: "Must be in the format ddd:hh24:mi-ddd:hh24:mi" (`PreferredMaintenanceWindow`).
fn weekly(text: &str) -> Option<(u32, u32)> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let of_week = |text: &str| {
        let (day, time) = text.split_once(':')?;
        let nth = DAYS.iter().position(|known| day.eq_ignore_ascii_case(known))?;
        Some(u32::try_from(nth).ok()? * DAY + minute(time)?)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (of_week(from)?, of_week(to)?);
    Some((from, (to + 7 * DAY - from) % (7 * DAY))).filter(|(_, length)| *length >= 30)
}

fn minute(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: u32| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().ok()).flatten().filter(|number| *number < most)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// "Must not conflict with the preferred backup window" (`PreferredMaintenanceWindow`), which is daily.
#[must_use]
pub fn windows_overlap(backup: &str, maintenance: &str) -> bool {
    let (Some((backup, backup_length)), Some((from, length))) = (daily(backup), weekly(maintenance)) else {
        return false;
    };
    (0..length).any(|minute| (from + minute + DAY - backup) % DAY < backup_length)
}

/// A backup window of the same length that begins when the maintenance window ends. `None` if the day has no room for both.
#[must_use]
pub fn behind(backup: &str, maintenance: &str) -> Option<String> {
    let ((_, backup_length), (from, length)) = (daily(backup)?, weekly(maintenance)?);
    let begin = (from + length) % DAY;
    let end = (begin + backup_length) % DAY;
    let text = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    (length + backup_length <= DAY).then(|| format!("{}-{}", text(begin), text(end)))
}

/// A value as AWS describes it: otherwise it would differ for ever.
#[must_use]
pub fn normalised(setting: Setting, value: Value) -> Value {
    match (setting, value) {
        // "This value is stored as a lowercase string" (`CreateDBParameterGroup`, and the same for other groups).
        (
            Setting::MaintenanceWindow
            | Setting::ParameterGroup
            | Setting::ClusterParameterGroup
            | Setting::OptionGroup
            | Setting::SubnetGroup,
            Value::Name(name),
        ) => Value::Name(name.to_ascii_lowercase()),
        (Setting::SecurityGroups, Value::Names(names)) => {
            Value::Names(names.iter().map(|name| name.to_ascii_lowercase()).collect())
        }
        (_, value) => value,
    }
}
