//! The spec that a new database is to have, and what of it the restore gets.
//!
//! The spec is written as tags on the new database when it is restored. From then on, it is read from there: its source may be gone,
//! and the settings of the old database may change.

use chrono::{DateTime, Utc};
use protocol::job::{Note, Source, notes};
use protocol::spec::{Given, MAX_MEMBERS, Member, Setting, Settings, Spec, Target, Value};
use protocol::{Job, Kind, Tags, tags};

use crate::decide::Start;
use crate::{rules, wait};

/// What the spec is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// What comes with the data: the engine, its version, and some settings.
    pub content: Spec,
    /// The settings of the database that the data are of, if they are known.
    pub recorded: Option<Spec>,
    /// Whether these were read in this account and region.
    pub origin: Origin,
    /// What is known of settings that were not recorded.
    pub notes: Vec<Note>,
}

/// The spec of a new database, and what of the recorded settings it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The spec.
    pub spec: Spec,
    /// What it does not have.
    pub notes: Vec<Note>,
}

/// Where recorded settings were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In this account and region.
    Here,
    /// In another one, which is not trusted: nothing of its network is used, and the database is never made public by it.
    Elsewhere,
}

/// The settings that a temporary database has from the recorded ones: what its data, its engine and its network need. It has no
/// standby, no backups, no protection and no monitoring. Its class and storage are the smallest ([`crate::settle`]).
const OF_TEMPORARY: [Setting; 12] = [
    Setting::Port,
    Setting::ParameterGroup,
    Setting::ClusterParameterGroup,
    Setting::OptionGroup,
    Setting::IamAuthentication,
    Setting::LicenseModel,
    Setting::EngineMode,
    Setting::LifecycleSupport,
    Setting::CertificateAuthority,
    Setting::NetworkType,
    Setting::SubnetGroup,
    Setting::SecurityGroups,
];

/// AWS refuses IAM authentication for some engines. It upgrades a restored database whose version is past its standard support if
/// `EngineLifecycleSupport` is `…-disabled` (`RestoreDBInstanceFromDBSnapshot`), and an upgraded database does not verify its copy. So a
/// temporary database has AWS's defaults, and the report says so.
const NOT_FROM_ELSEWHERE: [Setting; 2] = [Setting::IamAuthentication, Setting::LifecycleSupport];

/// Below this storage, AWS refuses IOPS and throughput of gp3: "you can provision additional IOPS and storage throughput when storage size
/// is at or above the threshold value" (RDS User Guide, "gp3 storage"). The threshold is 400 GiB, of Oracle 200, and SQL Server has none.
const GP3_GIB: [(&str, u32); 3] = [("sqlserver", 0), ("oracle", 200), ("", 400)];
/// The least of what can be requested from that storage on (the same). Recorded values that are lower are those of smaller storage.
pub(crate) const GP3_LEAST: [(Setting, u32); 2] = [(Setting::Iops, 12_000), (Setting::StorageThroughput, 500)];
/// The value of `EngineLifecycleSupport` without paid support.
pub(crate) const WITHOUT_SUPPORT: &str = "open-source-rds-extended-support-disabled";
/// "The instance class for serverless members" needs a range of capacity.
pub(crate) const SERVERLESS: &str = "db.serverless";

/// The settings of storage.
pub(crate) const STORAGE: [Setting; 4] =
    [Setting::StorageType, Setting::AllocatedStorage, Setting::Iops, Setting::StorageThroughput];

impl Base {
    /// The settings of the data, as far as AWS describes them.
    #[must_use]
    pub fn of_data(&self) -> Settings {
        let recorded = self.recorded.iter().filter(|_| self.origin == Origin::Here).map(|spec| spec.settings.clone());
        recorded.chain([self.content.settings.clone()]).flatten().collect()
    }
}

/// The storage of gp3 from which on IOPS and throughput can be given.
pub(crate) fn gp3_minimum(engine: &str) -> u32 {
    GP3_GIB.iter().find(|(of, _)| engine.starts_with(of)).map_or(0, |(_, gib)| *gib)
}

/// The spec of the new database, as far as it follows from the recorded settings and the job.
#[must_use]
pub fn wanted(job: &Job, base: &Base) -> Plan {
    let Base { content, recorded, origin, notes } = base;
    let request = job.request();
    let is_recorded = recorded.is_some();
    let recorded = recorded.clone().unwrap_or_else(|| Spec::new(content.kind, &content.engine, &content.version));
    let mut notes = notes.clone();
    let mut spec = match origin {
        Origin::Here => recorded,
        Origin::Elsewhere => {
            let all = [&recorded.settings].into_iter().chain(recorded.members.iter().map(|member| &member.settings));
            let meant: Vec<Setting> =
                all.flatten().filter(|(_, value)| !is_off(value)).map(|(setting, _)| *setting).collect();
            let (mut spec, left_out) = recorded.for_elsewhere();
            notes.extend(is_recorded.then_some(Note::Elsewhere));
            // AWS chooses zones again.
            const ZONES: [Setting; 2] = [Setting::AvailabilityZone, Setting::AvailabilityZones];
            let is_shown = |setting: &Setting| {
                meant.contains(setting) && !ZONES.contains(setting) && !request.overrides.contains_key(setting)
            };
            notes.extend(left_out.into_iter().filter(is_shown).map(Note::Home));
            // AWS describes what comes with the data. The recorded settings are those of a source account.
            spec.settings.extend(content.settings.clone());
            spec
        }
    };
    // The data decide about the engine: it may have been upgraded since the settings were recorded, or the other way round.
    spec.engine.clone_from(&content.engine);
    spec.version.clone_from(&content.version);
    for (setting, value) in &content.settings {
        spec.settings.entry(*setting).or_insert_with(|| value.clone());
    }
    let target = spec.target();
    spec.settings.retain(|setting, _| setting.row().given(target) != Given::No);
    // Parameters are those of a group, and not of a database.
    spec.groups.clear();
    if spec.kind == Kind::Cluster {
        // "DB clusters are associated with a default option group that can't be modified" (`OptionGroupName`).
        spec.settings.remove(&Setting::OptionGroup);
    }
    spec.members.sort_by_key(|member| !member.is_writer);
    let is_temporary = request.verb.is_temporary();
    if is_temporary {
        let support = spec.settings.get(&Setting::LifecycleSupport);
        let may_pay_for_support = *origin == Origin::Elsewhere
            && support.is_some_and(|support| *support == Value::Name(WITHOUT_SUPPORT.to_owned()))
            && !request.overrides.contains_key(&Setting::LifecycleSupport);
        let is_trusted = |setting: &Setting| *origin == Origin::Here || !NOT_FROM_ELSEWHERE.contains(setting);
        spec.settings.retain(|setting, _| OF_TEMPORARY.contains(setting) && is_trusted(setting));
        spec.members.truncate(1);
        for member in &mut spec.members {
            member.settings.retain(|setting, _| OF_TEMPORARY.contains(setting));
        }
        spec.tags = Tags::default();
        isolate(&mut spec);
        // The others are of settings that a temporary database does not have anyway.
        notes.retain(|note| matches!(note, Note::Unreadable | Note::NothingRecorded | Note::Elsewhere));
        notes.extend(may_pay_for_support.then_some(Note::Home(Setting::LifecycleSupport)));
    }
    let has_members = target == Target::AuroraCluster;
    if has_members && spec.members.is_empty() {
        spec.members.push(Member { name: request.target.id().to_owned(), is_writer: true, settings: Settings::new() });
    }
    spec.members.truncate(if has_members { MAX_MEMBERS } else { 0 });
    leave_out_default_groups(&mut spec);
    state_that_it_is_not_public(&mut spec);
    spec.tags = spec.tags.iter().filter(|(key, _)| !tags::is_reserved(key)).collect();
    override_settings(&mut spec.settings, target, &request.overrides);
    normalise(&mut spec.settings, (target, &spec.engine), &request.overrides);
    for member in &mut spec.members {
        override_settings(&mut member.settings, Target::Member, &request.overrides);
        normalise(&mut member.settings, (Target::Member, &spec.engine), &request.overrides);
    }
    Plan { spec, notes }
}

/// Whether a value is that of a database which does without the setting.
pub(crate) fn is_off(value: &Value) -> bool {
    match value {
        Value::Flag(on) => !on,
        Value::Number(number) => *number == 0,
        Value::Name(name) => name == "IPV4",
        Value::Names(names) => names.is_empty(),
        Value::Capacity(_) | Value::Pairs(_) => false,
    }
}

/// The name of a default group is that of a version: the group of the current version does not fit an older snapshot. Without a
/// name, AWS takes the one that fits: "If you don't specify a value, then Amazon RDS uses the default DB parameter group for the
/// specified DB engine and version" (`DBParameterGroupName`).
fn leave_out_default_groups(spec: &mut Spec) {
    const GROUPS: [Setting; 3] = [Setting::ParameterGroup, Setting::ClusterParameterGroup, Setting::OptionGroup];
    let is_default = |value: &Value| match value {
        Value::Name(name) => name.starts_with("default.") || name.starts_with("default:"),
        _ => false,
    };
    let all = [&mut spec.settings].into_iter().chain(spec.members.iter_mut().map(|member| &mut member.settings));
    for settings in all {
        settings.retain(|setting, value| !GROUPS.contains(setting) || !is_default(value));
    }
}

/// Without a value, AWS makes some databases public: "If DBSubnetGroup isn't specified, PubliclyAccessible defaults to false for Aurora
/// instances and true for non-Aurora instances" (`CreateDBInstance`). Of Aurora, the members have the address, and not the cluster.
fn state_that_it_is_not_public(spec: &mut Spec) {
    let has_address = Setting::PubliclyAccessible.row().given(spec.target()) != Given::No;
    let own = has_address.then_some(&mut spec.settings);
    for settings in own.into_iter().chain(spec.members.iter_mut().map(|member| &mut member.settings)) {
        settings.entry(Setting::PubliclyAccessible).or_insert(Value::Flag(false));
    }
}

/// The settings that keep a temporary database from outliving its job. Its address is not recorded, so that it is not public.
fn isolate(spec: &mut Spec) {
    let retention = match spec.kind {
        Kind::Instance => 0,
        // "Specify a minimum value of 1" (`BackupRetentionPeriod` of clusters).
        Kind::Cluster => 1,
    };
    spec.settings.insert(Setting::BackupRetention, Value::Number(retention));
    spec.settings.insert(Setting::DeletionProtection, Value::Flag(false));
    if spec.kind == Kind::Instance {
        spec.settings.insert(Setting::MultiAz, Value::Flag(false));
    }
}

fn override_settings(settings: &mut Settings, target: Target, overrides: &Settings) {
    for (setting, value) in overrides {
        if !matches!(setting.row().given(target), Given::No | Given::Report) {
            settings.insert(*setting, rules::normalised(*setting, value.clone()));
        }
    }
}

/// Removes recorded settings that the others make meaningless, so that AWS does not refuse them. An override is never removed: if it
/// contradicts another setting, the user has to know.
fn normalise(settings: &mut Settings, (target, engine): (Target, &str), overrides: &Settings) {
    let name = |settings: &Settings, setting| match settings.get(&setting) {
        Some(Value::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let number = |settings: &Settings, setting| match settings.get(&setting) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let mut without = Vec::new();
    let (storage, gib) = (name(settings, Setting::StorageType), number(settings, Setting::AllocatedStorage));
    let minimum = gp3_minimum(engine);
    match storage.as_deref() {
        // The limits of gp3 are those of instances: a Multi-AZ cluster always has IOPS.
        Some("gp3") if target != Target::Instance => {}
        Some("gp3") if gib.is_some_and(|gib| gib < minimum) => {
            without.extend([Setting::Iops, Setting::StorageThroughput])
        }
        Some("gp3") if minimum > 0 => {
            let too_low = GP3_LEAST
                .iter()
                .filter(|(setting, least)| number(settings, *setting).is_some_and(|given| given < *least));
            without.extend(too_low.map(|(setting, _)| *setting));
        }
        Some("io1" | "io2") => without.push(Setting::StorageThroughput),
        Some("gp2" | "standard") => without.extend([Setting::Iops, Setting::StorageThroughput]),
        _ => {}
    }
    if settings.get(&Setting::MultiAz) == Some(&Value::Flag(true)) {
        without.push(Setting::AvailabilityZone);
    }
    if settings.get(&Setting::PerformanceInsights) != Some(&Value::Flag(true)) {
        without.extend([Setting::InsightsRetention, Setting::InsightsKey]);
    }
    if number(settings, Setting::MonitoringInterval).unwrap_or_default() == 0 {
        without.push(Setting::MonitoringRole);
    } else if !settings.contains_key(&Setting::MonitoringRole) {
        without.push(Setting::MonitoringInterval);
    }
    if overrides.contains_key(&Setting::Class) {
        // Cores and threads are those of the recorded class.
        without.push(Setting::ProcessorFeatures);
    }
    if settings.get(&Setting::ManagedPassword) != Some(&Value::Flag(true)) {
        without.push(Setting::PasswordKey);
    }
    settings.retain(|setting, _| overrides.contains_key(setting) || !without.contains(setting));
}

/// Whether a setting is storage that the restore has with the data, and that is changed afterwards: "This setting isn't valid for RDS for SQL
/// Server" (`AllocatedStorage` of both restores), "This setting doesn't apply to SQL Server" (`Iops` of the one to a time). The type and the
/// throughput go with them, as in AWS's CloudFormation handler.
pub(crate) fn is_late_storage(setting: Setting, engine: &str) -> bool {
    engine.starts_with("sqlserver") && STORAGE.contains(&setting)
}

/// The restore of a database with this spec. Every setting that the request has is stated: AWS would use a default.
///
/// Without backups and protection at first. RDS would take a backup of the whole database before anything else could be done, and a
/// restore that fails could not be deleted.
#[must_use]
pub fn start(job: &Job, plan: &Plan, now: DateTime<Utc>) -> Start {
    let Plan { spec: wanted, notes } = plan;
    let target = wanted.target();
    let is_from_snapshot = matches!(job.request().source, Source::Snapshot(_));
    // `RestoreDBClusterToPointInTime`, which also makes clones, has no `AvailabilityZones`.
    let is_of_restore = |setting: &Setting| {
        matches!(setting.row().given(target), Given::Restore | Given::RestoreOnly)
            && (is_from_snapshot || *setting != Setting::AvailabilityZones)
            && !is_late_storage(*setting, &wanted.engine)
    };
    let mut settings: Settings = wanted
        .settings
        .iter()
        .filter(|(setting, _)| is_of_restore(setting))
        .map(|(s, value)| (*s, value.clone()))
        .collect();
    let retention = match wanted.kind {
        Kind::Instance => 0,
        Kind::Cluster => 1,
    };
    settings.insert(Setting::BackupRetention, Value::Number(retention));
    settings.insert(Setting::DeletionProtection, Value::Flag(false));
    let started = wait::timestamp(now);
    let (spec, _) = wanted.to_tags();
    let own = job.to_tags().with(spec.iter()).with([(tags::JOB_STARTED, started.as_str())]);
    // Some tags are set later, and three are for the report.
    let room = tags::MAX_TAGS.saturating_sub(own.len() + tags::JOB_LATER.len() + tags::JOB_REPORT.len());
    let (of_user, left_out) = of_user(&wanted.tags, room);
    let more = u32::try_from(left_out).ok().filter(|number| *number > 0).map(Note::Tags);
    let notes: Vec<Note> = notes.iter().cloned().chain(more).collect();
    let own = own.with(notes::to_tags(&notes).iter());
    Start {
        engine: wanted.engine.clone(),
        version: wanted.version.clone(),
        settings,
        tags: own.with(of_user.iter()),
        defaults: None,
    }
}

/// As many of the user's tags as there is room for, and the number of the others. "The key can't be prefixed with aws: or rds:" (`Tag`):
/// AWS refuses a restore with the tags of CloudFormation.
pub(crate) fn of_user(all: &Tags, room: usize) -> (Tags, usize) {
    let of_user: Vec<(&str, &str)> = all.iter().filter(|(key, _)| tags::is_of_user(key)).collect();
    (of_user.iter().copied().take(room).collect(), of_user.len().saturating_sub(room))
}
