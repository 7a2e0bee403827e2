//! A spec as the values of tags.

use std::collections::BTreeSet;
use std::fmt;

use super::setting::Setting;
use super::text::{escape, escape_first, pieces, write_value};
use super::{Group, Settings, Spec};
use crate::Kind;
use crate::tags::{SPEC, Tags};

/// The version of the text form. A new setting keeps it: readers of an older version ignore the key.
pub(super) const VERSION: &str = "1";

/// What a spec in tags lacks, because it did not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// These settings.
    pub settings: BTreeSet<Setting>,
    /// The number of members.
    pub members: usize,
    /// The number of parameter groups whose parameters are missing as a whole.
    pub groups: usize,
    /// The number of parameters in the other groups.
    pub parameters: usize,
}

impl Missing {
    /// Whether the spec is complete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// For log lines and reports: `2 members, 23 parameters`.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.settings.iter().map(|setting| setting.row().parameter.to_owned()).collect();
        for (number, one) in
            [(self.members, "member"), (self.groups, "parameter group"), (self.parameters, "parameter")]
        {
            if number > 0 {
                parts.push(format!("{number} {one}{}", if number == 1 { "" } else { "s" }));
            }
        }
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// What of a spec is written.
#[derive(Clone)]
struct Kept<'s> {
    settings: BTreeSet<Setting>,
    members: BTreeSet<usize>,
    groups: BTreeSet<&'s Group>,
    parameters: BTreeSet<(&'s Group, &'s str)>,
}

/// A part of a spec that is written as a whole, or is missing.
enum Part<'s> {
    Setting(Setting),
    Member(usize),
    Group(&'s Group),
    Parameter(&'s Group, &'s str),
}

impl Spec {
    /// The tags of a copy that record this spec, [`Spec::tags`] excepted, which are tags of the copy themselves. And what did not
    /// fit: essential settings come first, then members, the other settings, and parameters.
    #[must_use]
    pub fn to_tags(&self) -> (Tags, Missing) {
        let mut kept = Kept {
            settings: BTreeSet::new(),
            members: BTreeSet::new(),
            groups: BTreeSet::new(),
            parameters: BTreeSet::new(),
        };
        let mut written = self.write(&kept);
        for part in self.parts() {
            let mut more = kept.clone();
            if more.add(&part)
                && let Some(longer) = self.write(&more)
            {
                (kept, written) = (more, Some(longer));
            }
        }
        let tags = SPEC.into_iter().zip(written.into_iter().flatten()).collect();
        (tags, self.missing(&kept))
    }

    /// In the order in which they are given room.
    fn parts(&self) -> Vec<Part<'_>> {
        let settings = |is_essential: bool| {
            let settings = self.settings.keys().filter(move |setting| setting.row().is_essential == is_essential);
            settings.map(|setting| Part::Setting(*setting))
        };
        let parameters = self.groups.iter().flat_map(|(group, parameters)| {
            parameters.keys().map(move |parameter| Part::Parameter(group, parameter.as_str()))
        });
        settings(true)
            .chain((0..self.members.len()).map(Part::Member))
            .chain(settings(false))
            .chain(self.groups.keys().map(Part::Group))
            .chain(parameters)
            .collect()
    }

    fn missing(&self, kept: &Kept) -> Missing {
        let with_room = self.groups.iter().filter(|(group, _)| kept.groups.contains(group));
        Missing {
            settings: self.settings.keys().filter(|setting| !kept.settings.contains(setting)).copied().collect(),
            members: self.members.len() - kept.members.len(),
            groups: self.groups.len() - kept.groups.len(),
            parameters: with_room.map(|(_, parameters)| parameters.len()).sum::<usize>() - kept.parameters.len(),
        }
    }

    /// The values of the tags. `None` if they are too many. Each number of tags has one digit, so it can be filled in afterwards.
    fn write(&self, kept: &Kept) -> Option<Vec<String>> {
        let count = pieces(&self.tokens(kept, 1)).len();
        (count <= SPEC.len()).then(|| pieces(&self.tokens(kept, count)))
    }

    fn tokens(&self, kept: &Kept, count: usize) -> Vec<String> {
        let kind = match self.kind {
            Kind::Instance => "instance",
            Kind::Cluster => "cluster",
        };
        let mut tokens = vec![format!("v={VERSION}"), format!("n={count}"), format!("kind={kind}")];
        tokens.push(format!("engine={}", escape(&self.engine)));
        tokens.push(format!("version={}", escape(&self.version)));
        let Missing { settings, members, groups, parameters: _ } = self.missing(kept);
        if !settings.is_empty() {
            let keys: Vec<&str> = settings.iter().map(|setting| setting.row().key).collect();
            tokens.push(format!("lost={}", keys.join("+")));
        }
        tokens.extend((members > 0).then(|| format!("lostm={members}")));
        tokens.extend((groups > 0).then(|| format!("lostg={groups}")));
        let settings = self.settings.iter().filter(|(setting, _)| kept.settings.contains(setting));
        tokens.extend(settings.map(|(setting, value)| format!("{}={}", setting.row().key, write_value(value))));
        let mut previous = &Settings::new();
        for (nth, member) in self.members.iter().enumerate() {
            if kept.members.contains(&nth) {
                let section = if member.is_writer { "/w" } else { "/r" };
                tokens.push(format!("{section}={}", escape(&member.name)));
                write_difference(&mut tokens, previous, &member.settings);
                previous = &member.settings;
            }
        }
        for (group, parameters) in self.groups.iter().filter(|(group, _)| kept.groups.contains(group)) {
            let section = match group.kind {
                Kind::Instance => "/ig",
                Kind::Cluster => "/cg",
            };
            tokens.push(format!("{section}={}={}", escape(&group.name), parameters.len()));
            let parameters = parameters.iter().filter(|(name, _)| kept.parameters.contains(&(group, name.as_str())));
            tokens.extend(parameters.map(|(name, value)| format!("{}={}", escape_first(name), escape(value))));
        }
        tokens
    }
}

/// The settings of a member that differ from the previous one's: most members of a cluster are alike.
fn write_difference(tokens: &mut Vec<String>, previous: &Settings, settings: &Settings) {
    for (setting, value) in settings {
        if previous.get(setting) != Some(value) {
            tokens.push(format!("{}={}", setting.row().key, write_value(value)));
        }
    }
    for setting in previous.keys().filter(|setting| !settings.contains_key(setting)) {
        tokens.push(format!("-{}", setting.row().key));
    }
}

impl<'s> Kept<'s> {
    /// Whether the part can be added: a parameter needs its group.
    fn add(&mut self, part: &Part<'s>) -> bool {
        match *part {
            Part::Setting(setting) => self.settings.insert(setting),
            Part::Member(nth) => self.members.insert(nth),
            Part::Group(group) => self.groups.insert(group),
            Part::Parameter(group, name) => self.groups.contains(group) && self.parameters.insert((group, name)),
        }
    }
}
