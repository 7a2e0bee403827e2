//! What a new database does not get of its recorded settings: one line each. All of it follows from the database and its tags, so a later
//! look gives the same lines.

use protocol::job::{Note, notes};
use protocol::spec::{Compared, Given, Recorded, Setting, Settings, Spec, Target, Value};
use protocol::{Job, Kind, Observed};

use crate::compare;
use crate::decide::Change;
use crate::plan::{WITHOUT_SUPPORT, is_off};

/// The lines.
#[must_use]
pub fn lines(recorded: &Recorded, observed: &Observed) -> Vec<String> {
    let notes = notes::from_tags(&observed.tags);
    let job = Job::from_tags(&observed.tags).ok();
    let mut lines: Vec<String> =
        job.iter().flat_map(|job| unsafe_settings(job, &recorded.spec, &notes, observed)).map(str::to_owned).collect();
    let is_temporary = job.as_ref().is_some_and(|job| job.request().verb.is_temporary());
    lines.extend(notes.iter().filter_map(|note| single(note, &recorded.spec, is_temporary)));
    lines.extend(listed(&notes, "not recorded, because the tags of the copy had no room", |note| match note {
        Note::NotRecorded(setting) => Some(setting.row().parameter.to_owned()),
        Note::MembersNotRecorded(number) => Some(format!("{number} members")),
        _ => None,
    }));
    lines.extend(listed(
        &notes,
        "recorded in another account or region and not used here, give them if they are needed",
        |note| match note {
            Note::Home(setting) => Some(setting.row().parameter.to_owned()),
            _ => None,
        },
    ));
    if !recorded.missing.is_empty() {
        lines.push(format!("not restored, because the tags of the database have no room for it: {}", recorded.missing));
    }
    if recorded.unknown > 0 {
        lines.push(format!("{} settings of a newer version of Draco are ignored", recorded.unknown));
    }
    lines.extend(by_hand(recorded.spec.target(), &recorded.spec.settings, &observed.spec.settings));
    // AWS describes members by name, and those that a person has added.
    let names = job.map(|job| compare::member_names(&job, job.request().verb.role(), &recorded.spec));
    for (name, planned) in names.into_iter().flatten().zip(&recorded.spec.members) {
        let found = observed.members.iter().find(|member| member.arn == name);
        lines.extend(found.iter().flat_map(|found| by_hand(Target::Member, &planned.settings, &found.settings)));
    }
    lines.dedup();
    let support = Value::Name(WITHOUT_SUPPORT.to_owned());
    if recorded.spec.settings.get(&Setting::LifecycleSupport) == Some(&support) {
        // "In this case, RDS automatically upgrades your restored DB instance to a higher engine version" (`EngineLifecycleSupport`).
        lines.push(format!(
            "EngineLifecycleSupport is {WITHOUT_SUPPORT}: AWS upgrades the database if its version is past its standard support"
        ));
    }
    let of_members = observed.members.iter().filter(|member| member.owner() == observed.owner());
    let of_members = of_members.map(|member| (&member.arn, &member.failed_groups));
    for (arn, groups) in std::iter::once((&observed.arn, &observed.failed_groups)).chain(of_members) {
        lines.extend(groups.iter().map(|group| {
            format!(
                "AWS could not apply the parameter group {group} to {}: correct its parameters, then reboot",
                arn.id()
            )
        }));
    }
    if observed.has_impaired_secret {
        // "The secret can be used to access database credentials, but it can't be rotated" (`MasterUserSecret`).
        lines.push(format!(
            "RDS cannot rotate the secret of {}: check that its key is enabled and that RDS may use it",
            observed.arn.id()
        ));
    }
    lines
}

/// A database that stays without backups or protection, unless its job or the settings of its own account chose that.
fn unsafe_settings(job: &Job, spec: &Spec, notes: &[Note], observed: &Observed) -> Vec<&'static str> {
    const BACKUPS: (Setting, &str) = (
        Setting::BackupRetention,
        "no automated backups: set BackupRetentionPeriod, unless the database is to have none",
    );
    const PROTECTION: (Setting, &str) = (
        Setting::DeletionProtection,
        "not protected from deletion: turn on DeletionProtection, unless the database is to have none",
    );
    let is_chosen = |setting: &Setting| {
        job.request().overrides.contains_key(setting)
            || (spec.settings.contains_key(setting) && !notes.contains(&Note::Elsewhere))
    };
    // A restore begins without them, and what the spec does not have stays so.
    let is_without = |setting: &Setting| {
        let value = spec.settings.get(setting).or_else(|| observed.spec.settings.get(setting));
        value.is_none_or(is_off) && !is_chosen(setting)
    };
    let all = match spec.kind {
        _ if job.request().verb.is_temporary() => &[][..],
        Kind::Instance => &[BACKUPS, PROTECTION],
        // "Specify a minimum value of 1" (`BackupRetentionPeriod` of clusters).
        Kind::Cluster => &[PROTECTION],
    };
    all.iter().filter(|(setting, _)| is_without(setting)).map(|(_, line)| *line).collect()
}

/// A difference that remains after several changes.
#[must_use]
pub fn difference(change: &Change) -> String {
    let all: Vec<String> = change
        .wanted
        .iter()
        .map(|(setting, wanted)| {
            let current = change.current.get(setting).map_or("none".to_owned(), ToString::to_string);
            format!("{} is {current} in place of {wanted}", setting.row().parameter)
        })
        .collect();
    format!(
        "{}: AWS does not take over a change: {}; set it by hand, or leave it out",
        change.database.id(),
        all.join("; ")
    )
}

/// The line of a fact that has one of its own.
fn single(note: &Note, spec: &Spec, is_temporary: bool) -> Option<String> {
    let has = |setting: Setting| {
        let all = [&spec.settings].into_iter().chain(spec.members.iter().map(|member| &member.settings));
        let found: Vec<&Value> = all.filter_map(|settings| settings.get(&setting)).collect();
        found.first().map_or("AWS's default is used".to_owned(), |value| format!("{value} is used"))
    };
    Some(match note {
        Note::NothingRecorded => {
            "no settings were recorded with the data: AWS's defaults are used for those that a snapshot does not contain".to_owned()
        }
        Note::Unreadable => "the recorded settings cannot be read: AWS's defaults are used".to_owned(),
        Note::Elsewhere => return chosen(spec, is_temporary),
        Note::OfJob => {
            "the snapshot is of a database that Draco restored: the settings are those of that job, later changes are not known".to_owned()
        }
        Note::DefaultClass => format!("no class was recorded for the members: {}", has(Setting::Class)),
        Note::Refused(setting, value) => {
            format!("AWS does not take the recorded {} {}: {}", setting.row().parameter, one_line(value), has(*setting))
        }
        Note::Group { setting, name, total, parameters } => group(*setting, name, *total, parameters),
        Note::Tags(number) => format!("{number} tags of the user are left out: a database has at most {}", protocol::tags::MAX_TAGS),
        Note::More(number) => format!("{number} more facts have no room in the tags of the database"),
        Note::NotRecorded(_) | Note::MembersNotRecorded(_) | Note::Home(_) => return None,
    })
}

fn group(setting: Setting, name: &str, total: u32, parameters: &protocol::spec::Parameters) -> String {
    let shown: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let left = (total as usize).saturating_sub(shown.len());
    let more =
        if left > 0 { format!("{}{left} more", if shown.is_empty() { "" } else { ", and " }) } else { String::new() };
    let parameters = match total {
        0 => String::new(),
        _ => format!(", without these parameters: {}{more}", one_line(&shown.join(", "))),
    };
    format!(
        "there is no {} {name} that fits in this account and region: AWS's default is used{parameters}",
        setting.row().parameter
    )
}

/// What a source account chose by its spec: what the size and the cost follow from, and what decides who has access. The size of a temporary
/// database is chosen here.
fn chosen(spec: &Spec, is_temporary: bool) -> Option<String> {
    const COST: [Setting; 17] = [
        Setting::Class,
        Setting::ClusterClass,
        Setting::ServerlessMin,
        Setting::ServerlessMax,
        Setting::MultiAz,
        Setting::StorageType,
        Setting::AllocatedStorage,
        Setting::MaxAllocatedStorage,
        Setting::Iops,
        Setting::StorageThroughput,
        Setting::DedicatedLogVolume,
        Setting::BackupRetention,
        Setting::BacktrackWindow,
        Setting::LogExports,
        Setting::LifecycleSupport,
        Setting::InsightsMode,
        Setting::InsightsRetention,
    ];
    // DR has groups and authorities of these names, and the source account chose them.
    const ACCESS: [Setting; 5] = [
        Setting::ParameterGroup,
        Setting::ClusterParameterGroup,
        Setting::OptionGroup,
        Setting::IamAuthentication,
        Setting::CertificateAuthority,
    ];
    let members = Some(spec.members.len()).filter(|number| *number > 0).map(|number| format!("{number} members"));
    let cost = match stated(spec, &COST, members) {
        _ if is_temporary => String::new(),
        nothing if nothing.is_empty() => ", check the cost: nothing".to_owned(),
        cost => format!(", check the cost: {cost}"),
    };
    let access = match stated(spec, &ACCESS, None) {
        nothing if nothing.is_empty() => String::new(),
        access => format!("{} check who gets access: {access}", if is_temporary { ":" } else { ";" }),
    };
    (!cost.is_empty() || !access.is_empty())
        .then(|| format!("chosen by the account in which the settings were recorded{cost}{access}"))
}

/// These settings of a database and, after `between`, those of its members, as far as they are not off.
fn stated(spec: &Spec, which: &[Setting], between: Option<String>) -> String {
    let of = |settings: &Settings| -> Vec<String> {
        let stated = which.iter().filter_map(|setting| Some((setting, settings.get(setting)?)));
        let stated = stated.filter(|(_, value)| !is_off(value));
        stated.map(|(setting, value)| format!("{} {value}", setting.row().parameter)).collect()
    };
    let mut members: Vec<String> = spec.members.iter().flat_map(|member| of(&member.settings)).collect();
    members.sort();
    members.dedup();
    let all: Vec<String> = of(&spec.settings).into_iter().chain(between).chain(members).collect();
    all.join(", ")
}

/// One line with all facts of a sort.
fn listed(notes: &[Note], what: &str, name: impl Fn(&Note) -> Option<String>) -> Option<String> {
    let names: Vec<String> = notes.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
}

/// The settings that the database does not have, and that no request of Draco's has: none at all, or only the restore, which AWS took without them.
fn by_hand(target: Target, wanted: &Settings, actual: &Settings) -> Vec<String> {
    let is_missing = |(setting, value): &(&Setting, &Value)| {
        let (row, actual) = (setting.row(), actual.get(setting));
        match row.given(target) {
            Given::Report => actual != Some(*value) && !is_nothing(value),
            Given::RestoreOnly => row.compared == Compared::Equal && actual.is_some_and(|actual| actual != *value),
            Given::No | Given::Restore | Given::Create | Given::Modify => false,
        }
    };
    let missing = wanted.iter().filter(is_missing);
    missing
        .map(|(setting, value)| format!("{} is not restored, set it by hand: {value}", setting.row().parameter))
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Flag(on) => !on,
        Value::Names(names) => names.is_empty(),
        Value::Pairs(pairs) => pairs.is_empty(),
        Value::Number(number) => *number == 0,
        Value::Capacity(_) | Value::Name(_) => false,
    }
}

/// Text of a tag, which a person or a source account may have written.
fn one_line(text: &str) -> String {
    Value::Name(text.to_owned()).to_string()
}
