//! The spec of a database: the settings that it has, or is to have when it is restored.
//!
//! A snapshot contains data, and few settings. A restore gets all others from a spec: otherwise AWS uses its defaults. [`Setting`]
//! is the one table of all settings. A setting that is missing there is lost in a restore.
//!
//! The producer reads the spec of a database when it starts the transit copy, and writes it into the tags of that copy, which the
//! consumer keeps on DR's copy ([`Spec::to_tags`], [`Recorded::from_tags`]). So DR has it when production is gone. A spec from a source
//! account is not trusted: see [`Reach`].
//!
//! Reading order: [`Spec`], [`setting`] with the table, [`value`], then [`encode`](mod@encode) and [`decode`](mod@decode) with the
//! text form.

mod decode;
mod encode;
pub mod setting;
mod state;
pub(crate) mod text;
pub mod value;

use std::collections::BTreeMap;

use crate::Kind;
use crate::tags::Tags;

pub use decode::{Recorded, SpecError};
pub use encode::Missing;
pub use setting::{Compared, Given, Reach, Setting, Target};
pub use state::SpecState;
pub use value::{Type, Value};

/// The most members of an Aurora cluster: a writer and 15 readers.
pub const MAX_MEMBERS: usize = 16;

/// Settings and their values. A setting that AWS does not describe for a database is absent.
pub type Settings = BTreeMap<Setting, Value>;

/// The parameters of a group that a user has changed, by name.
pub type Parameters = BTreeMap<String, String>;

/// The settings of a database. Its name, key, users and passwords are no settings: the job names the first, the copy has the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Whether it is an instance or a cluster.
    pub kind: Kind,
    /// AWS's name of the engine: `postgres`, `aurora-mysql`.
    pub engine: String,
    /// The version of the engine: `16.3`.
    pub version: String,
    /// The settings.
    pub settings: Settings,
    /// The members of a cluster, the writer first. Empty for an instance, and for a Multi-AZ cluster, whose members RDS creates.
    pub members: Vec<Member>,
    /// The changed parameters of the groups that the settings name. Default groups and groups without a change are absent.
    pub groups: BTreeMap<Group, Parameters>,
    /// The user's tags, with the lifecycle.
    pub tags: Tags,
}

/// An instance in an Aurora cluster. A cluster's snapshot contains nothing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The identifier.
    pub name: String,
    /// Whether it is the writer.
    pub is_writer: bool,
    /// The settings of [`Target::Member`].
    pub settings: Settings,
}

/// A parameter group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// A group for instances, or one for clusters. AWS has separate names for the two.
    pub kind: Kind,
    /// The name.
    pub name: String,
}

impl Group {
    /// Whether it is one of AWS's default groups, which cannot be changed: their names begin with `default.`, and no other group's
    /// name can have a dot ("Must be 1 to 255 letters, numbers, or hyphens", `CreateDBParameterGroup`).
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name.starts_with("default.")
    }
}

impl Spec {
    /// A spec without any setting.
    #[must_use]
    pub fn new(kind: Kind, engine: &str, version: &str) -> Self {
        Self {
            kind,
            engine: engine.to_owned(),
            version: version.to_owned(),
            settings: Settings::new(),
            members: Vec::new(),
            groups: BTreeMap::new(),
            tags: Tags::default(),
        }
    }

    /// Which column of the table applies to its settings.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::of(self.kind, &self.engine)
    }

    /// The parameter groups that its settings name, the default ones excepted: those of which the parameters are worth a look.
    #[must_use]
    pub fn named_groups(&self) -> Vec<Group> {
        let of = |kind, value: Option<&Value>| match value {
            Some(Value::Name(name)) => Some(Group { kind, name: name.clone() }),
            _ => None,
        };
        let all = [&self.settings].into_iter().chain(self.members.iter().map(|member| &member.settings));
        let mut groups: Vec<Group> = all
            .flat_map(|settings| {
                let cluster = of(Kind::Cluster, settings.get(&Setting::ClusterParameterGroup));
                [cluster, of(Kind::Instance, settings.get(&Setting::ParameterGroup))]
            })
            .flatten()
            .filter(|group| !group.is_default())
            .collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// The spec for another account or region, and the settings that were left out, because their values are resources of the
    /// database's own account and region, or open it to its network.
    #[must_use]
    pub fn for_elsewhere(mut self) -> (Self, Vec<Setting>) {
        let mut left_out = Vec::new();
        let all = [&mut self.settings].into_iter().chain(self.members.iter_mut().map(|member| &mut member.settings));
        for settings in all {
            settings.retain(|setting, _| {
                let stays = setting.row().reach == Reach::Anywhere;
                if !stays {
                    left_out.push(*setting);
                }
                stays
            });
        }
        left_out.sort();
        left_out.dedup();
        (self, left_out)
    }
}
