//! Requests that cannot work, found before anything is created: one line for each problem, with what was requested, what AWS has, and
//! what to do. What is not known before, AWS refuses later, and the error has the same form.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cloud::{Backups, Offer, OptionGroup, ParameterGroup, SubnetGroup};
use protocol::job::{Moment, Source};
use protocol::spec::{Group, Setting, Settings, Spec, Value};
use protocol::{DatabaseArn, Engine, Job, Kind, Snapshot};

use crate::contradictions;

/// What AWS has, as far as the request depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The snapshot, if the data are one.
    pub snapshot: Option<Snapshot>,
    /// The automated backups, if the data are a point in time.
    pub backups: Option<Backups>,
    /// The size of the data of an instance in GiB.
    pub gib: Option<u32>,
    /// What the region offers, by class. For a class that it does not offer, see [`Facts::of_version`].
    pub offers: Vec<(String, Vec<Offer>)>,
    /// What the region offers for the version in any class, if a class was not offered.
    pub of_version: Option<Vec<Offer>>,
    /// The subnet group of the request. `None` inside: there is none of that name.
    pub subnet_group: Option<(String, Option<SubnetGroup>)>,
    /// The VPC that the security groups of the request belong to, as far as it is known.
    pub vpc_of_security_groups: Option<String>,
    /// The parameter groups of the request.
    pub parameter_groups: Vec<(Group, Option<ParameterGroup>)>,
    /// The option group of the request.
    pub option_group: Option<(String, Option<OptionGroup>)>,
    /// Identifiers of members that other instances have.
    pub taken: Vec<DatabaseArn>,
}

impl Facts {
    /// Those about this spec, which may have other classes and fewer groups than the one for which they were looked up.
    #[must_use]
    pub fn of(&self, spec: &Spec) -> Self {
        let groups = spec.named_groups();
        let options = spec.settings.get(&Setting::OptionGroup);
        let offers_of = |class: String| {
            let known = self.offers.iter().find(|(of, _)| *of == class).map(|(_, offers)| offers.clone());
            let of_class = |offers: &Vec<Offer>| offers.iter().filter(|offer| offer.class == class).cloned().collect();
            let offers = known.or_else(|| self.of_version.as_ref().map(of_class));
            offers.map(|offers| (class, offers))
        };
        Self {
            offers: classes_of(spec).into_iter().filter_map(offers_of).collect(),
            parameter_groups: self
                .parameter_groups
                .iter()
                .filter(|(group, _)| groups.contains(group))
                .cloned()
                .collect(),
            option_group: self.option_group.clone().filter(|(name, _)| options == Some(&Value::Name(name.clone()))),
            ..self.clone()
        }
    }
}

/// The classes of the spec, each once.
pub(crate) fn classes_of(wanted: &Spec) -> Vec<String> {
    let all = [&wanted.settings].into_iter().chain(wanted.members.iter().map(|member| &member.settings));
    let mut classes: Vec<String> = all
        .flat_map(|settings| [settings.get(&Setting::Class), settings.get(&Setting::ClusterClass)])
        .filter_map(|value| match value {
            Some(Value::Name(class)) => Some(class.clone()),
            _ => None,
        })
        .collect();
    classes.sort();
    classes.dedup();
    classes
}

/// How far AWS's latest restorable time lags: "within the last 5 minutes" (user guide).
const LAG: TimeDelta = TimeDelta::minutes(5);

/// The problems of a request.
#[must_use]
pub fn check(job: &Job, wanted: &Spec, facts: &Facts, now: DateTime<Utc>) -> Vec<String> {
    let request = job.request();
    let mut problems = Vec::new();
    problems.extend(engine(wanted));
    problems.extend(foreign_settings(job, wanted));
    problems.extend(facts.snapshot.as_ref().and_then(|snapshot| shared(job, snapshot)));
    if let Source::PointInTime { resource_id, moment } = &request.source {
        problems.extend(moment_in_window(resource_id, *moment, facts.backups.as_ref(), now));
    }
    problems.extend(storage(wanted, facts));
    problems.extend(classes(job, wanted, facts));
    problems.extend(no_class(job, wanted, facts));
    problems.extend(network(facts));
    problems.extend(facts.parameter_groups.iter().filter_map(|(group, found)| family(wanted, group, found.as_ref())));
    problems.extend(option_group(wanted, facts));
    problems.extend(contradictions::values(job, wanted));
    problems.extend(contradictions::of(wanted, facts));
    problems.extend(facts.taken.iter().map(|taken| {
        format!("the identifier {} is in use by another instance: rename that, or choose another target", taken.id())
    }));
    problems
}

/// DocumentDB and Neptune have APIs of their own.
fn engine(wanted: &Spec) -> Option<String> {
    match Engine::parse(&wanted.engine) {
        Engine::Rds | Engine::Aurora => None,
        Engine::DocumentDb | Engine::Neptune => Some(format!(
            "Draco does not restore {}, which has an API of its own: use aws {} restore-db-cluster-from-snapshot",
            wanted.engine, wanted.engine
        )),
    }
}

/// Settings of the job that the data's type of cluster does not have. Only now it is known.
fn foreign_settings(job: &Job, wanted: &Spec) -> Vec<String> {
    let target = wanted.target();
    let foreign = job.request().overrides.keys().filter(|setting| !target.can_have(**setting));
    foreign
        .map(|setting| {
            let other = match setting {
                Setting::Class => "give DBClusterInstanceClass",
                Setting::ClusterClass => "give DBInstanceClass",
                _ => "remove it from the overrides",
            };
            format!("{} cannot be given for {target}: {other}", setting.row().parameter)
        })
        .collect()
}

/// "You can't restore a DB instance from a DB snapshot that is both shared and encrypted. Instead, you can make a copy" (user guide).
fn shared(job: &Job, snapshot: &Snapshot) -> Option<String> {
    let here = &job.request().target.place.account;
    let owner = &snapshot.arn.place.account;
    (snapshot.is_encrypted && owner != here).then(|| {
        format!(
            "{} is encrypted and shared by {owner}, and AWS restores only copies of such snapshots: copy it into {here} under a key of that account first",
            snapshot.arn
        )
    })
}

fn moment_in_window(id: &str, moment: Moment, backups: Option<&Backups>, now: DateTime<Utc>) -> Option<String> {
    let Some(backups) = backups else {
        return Some(format!(
            "{id} has no automated backups, so it cannot be restored to a time: restore a snapshot, or turn on backups for the next time"
        ));
    };
    // AWS's code for it is not documented.
    if backups.latest.is_none() {
        return Some(format!(
            "{id} has automated backups, but no time to which it can be restored: wait until the first backup is complete, or restore a snapshot"
        ));
    }
    let Moment::At(time) = moment else { return None };
    // In the form that a user can give again.
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    match (backups.earliest, backups.latest) {
        (Some(earliest), _) if time < earliest => Some(format!(
            "{} is before the earliest time to which {id} can be restored, which is {}: choose a later time, or restore a snapshot",
            text(time),
            text(earliest)
        )),
        (_, Some(latest)) if time > latest && time > now => Some(format!(
            "{} is in the future, and {id} can be restored to {} at the latest: choose an earlier time, in UTC",
            text(time),
            text(latest)
        )),
        // "Must be before the latest restorable time" (`RestoreTime`).
        (_, Some(latest)) if time >= latest => Some(format!(
            "{} is not before {}, the latest time to which {id} can be restored now: AWS is some {} minutes behind, so try again in a moment, or choose the latest",
            text(time),
            text(latest),
            LAG.num_minutes()
        )),
        _ => None,
    }
}

fn storage(wanted: &Spec, facts: &Facts) -> Option<String> {
    let (requested, gib) = (number(&wanted.settings, Setting::AllocatedStorage)?, facts.gib?);
    (requested < gib).then(|| {
        format!("the requested storage of {requested} GiB is less than the {gib} GiB of the data: request {gib} GiB at least")
    })
}

/// A class that the region does not offer for the version, or a version that it does not offer at all.
fn classes(job: &Job, wanted: &Spec, facts: &Facts) -> Vec<String> {
    let region = &job.request().target.place.region;
    let Spec { engine, version, .. } = wanted;
    if facts.of_version.as_ref().is_some_and(Vec::is_empty) {
        let remedy = match (&job.request().source, wanted.kind) {
            (Source::Snapshot(_), Kind::Instance) => {
                "upgrade the snapshot with aws rds modify-db-snapshot --engine-version, or restore a newer one"
            }
            // `ModifyDBClusterSnapshot` does not exist.
            (Source::Snapshot(_), Kind::Cluster) => {
                "restore a newer snapshot, or restore this one by hand with aws rds restore-db-cluster-from-snapshot --engine-version"
            }
            (Source::PointInTime { .. } | Source::Clone { .. }, _) => {
                "restore a time after its upgrade, or a newer snapshot"
            }
        };
        return vec![format!("{engine} {version} is not offered in {region} any more: {remedy}")];
    }
    let is_encrypted = facts.snapshot.as_ref().is_some_and(|snapshot| snapshot.is_encrypted);
    let mut problems = Vec::new();
    for (class, offers) in &facts.offers {
        if offers.is_empty() {
            let mut others: Vec<&str> = facts.of_version.iter().flatten().map(|offer| offer.class.as_str()).collect();
            others.sort_unstable();
            others.dedup();
            let shown: Vec<&str> = others.iter().copied().take(5).collect();
            let more = if others.len() > shown.len() { ", …" } else { "" };
            problems.push(format!(
                "{class} is not offered for {engine} {version} in {region}: choose another class, such as {}{more}",
                shown.join(", ")
            ));
            continue;
        }
        problems.extend(storage_of_class(class, wanted, offers));
        if is_encrypted && !offers.iter().any(|offer| offer.supports_encryption) {
            problems.push(format!(
                "{class} does not support encrypted storage, and the data are encrypted: choose another class"
            ));
        }
    }
    problems
}

/// Without a class, AWS takes that of the source: a temporary database could be the largest that there is.
fn no_class(job: &Job, wanted: &Spec, facts: &Facts) -> Option<String> {
    let has_class = match wanted.members.is_empty() {
        true => [Setting::Class, Setting::ClusterClass].iter().any(|setting| wanted.settings.contains_key(setting)),
        false => wanted.members.iter().all(|member| member.settings.contains_key(&Setting::Class)),
    };
    let needs_class = job.request().verb.is_temporary() || !wanted.members.is_empty();
    // That is a problem of its own.
    let is_gone = facts.of_version.as_ref().is_some_and(Vec::is_empty);
    (needs_class && !has_class && !is_gone).then(|| {
        format!(
            "no class that is offered for {} {} in {} fits the data, their licence and their size: choose a class and storage",
            wanted.engine,
            wanted.version,
            job.request().target.place.region
        )
    })
}

/// The type and size of storage, and a standby, for a class that is offered.
pub(crate) fn storage_of_class(class: &str, wanted: &Spec, offers: &[Offer]) -> Option<String> {
    let settings = &wanted.settings;
    let storage = name(settings, Setting::StorageType)?;
    let with_storage: Vec<&Offer> =
        offers.iter().filter(|offer| offer.storage_type.as_deref().is_none_or(|of| of == storage)).collect();
    if with_storage.is_empty() {
        let mut types: Vec<&str> = offers.iter().filter_map(|offer| offer.storage_type.as_deref()).collect();
        types.sort_unstable();
        types.dedup();
        return Some(format!("{class} is not offered with the storage type {storage}: choose {}", types.join(" or ")));
    }
    let gib = number(settings, Setting::AllocatedStorage)?;
    let fits = |offer: &&&Offer| {
        offer.min_gib.is_none_or(|least| least <= gib) && offer.max_gib.is_none_or(|most| gib <= most)
    };
    if with_storage.iter().find(fits).is_none() {
        let (least, most) = with_storage.iter().fold((u32::MAX, 0), |(least, most), offer| {
            (least.min(offer.min_gib.unwrap_or_default()), most.max(offer.max_gib.unwrap_or(u32::MAX)))
        });
        return Some(format!(
            "{class} with {storage} has {least} to {most} GiB, and {gib} GiB were requested: choose another class, type or size"
        ));
    }
    None
}

fn network(facts: &Facts) -> Option<String> {
    let (name, found) = facts.subnet_group.as_ref()?;
    let Some(group) = found else {
        return Some(format!(
            "there is no subnet group {name} in this region and account: create it, or name another one"
        ));
    };
    let vpc = facts.vpc_of_security_groups.as_ref()?;
    (group.vpc != *vpc).then(|| {
        format!(
            "the subnet group {name} is in {}, and the security groups are in {vpc}: name security groups of {}, or a subnet group of {vpc}",
            group.vpc, group.vpc
        )
    })
}

pub(crate) fn family(wanted: &Spec, group: &Group, found: Option<&ParameterGroup>) -> Option<String> {
    let what = match group.kind {
        protocol::Kind::Instance => "parameter group",
        protocol::Kind::Cluster => "cluster parameter group",
    };
    let Some(found) = found else {
        return Some(format!(
            "there is no {what} {} in this region and account: create it, or name another one",
            group.name
        ));
    };
    let family = family_of(&wanted.engine, &wanted.version)?;
    (found.family != family).then(|| {
        format!(
            "the {what} {} is of the family {}, and {} {} needs {family}: name a group of that family",
            group.name, found.family, wanted.engine, wanted.version
        )
    })
}

pub(crate) fn option_group(wanted: &Spec, facts: &Facts) -> Option<String> {
    let (name, found) = facts.option_group.as_ref()?;
    let Some(found) = found else {
        return Some(format!(
            "there is no option group {name} in this region and account: create it, or name another one"
        ));
    };
    let Spec { engine, version, .. } = wanted;
    let is_of_version = *version == found.major || version.starts_with(&format!("{}.", found.major));
    (found.engine != *engine || !is_of_version).then(|| {
        format!(
            "the option group {name} is for {} {}, and the data are of {engine} {version}: name a group for that",
            found.engine, found.major
        )
    })
}

/// The family of parameter groups for a version. `None` for engines whose families are not known.
#[must_use]
pub fn family_of(engine: &str, version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next());
    let is_old = |below: u32| major.parse::<u32>().is_ok_and(|major| major < below);
    match engine {
        // "postgres9.6", then "postgres10".
        "postgres" | "aurora-postgresql" if is_old(10) => Some(format!("{engine}{major}.{}", minor?)),
        "postgres" | "aurora-postgresql" => Some(format!("{engine}{major}")),
        "mysql" | "mariadb" | "aurora-mysql" => Some(format!("{engine}{major}.{}", minor?)),
        // "oracle-ee-12.2", then "oracle-ee-19".
        _ if engine.starts_with("oracle-") && !is_old(18) => Some(format!("{engine}-{major}")),
        _ if engine.starts_with("oracle-") || engine.starts_with("db2-") => {
            Some(format!("{engine}-{major}.{}", minor?))
        }
        // The version 15.00.4385.2.v1 is of the family "sqlserver-se-15.0".
        _ if engine.starts_with("sqlserver-") => {
            let minor = minor?;
            Some(format!("{engine}-{major}.{}", minor.strip_suffix('0').unwrap_or(minor)))
        }
        _ => None,
    }
}

pub(crate) fn name(settings: &Settings, setting: Setting) -> Option<&str> {
    match settings.get(&setting)? {
        Value::Name(name) => Some(name),
        _ => None,
    }
}

pub(crate) fn number(settings: &Settings, setting: Setting) -> Option<u32> {
    match settings.get(&setting)? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}
