//! Whether a copy records a spec, for people who look at copies before they need them.

use super::{Recorded, Setting};
use crate::Kind;
use crate::tags::Tags;

/// What the tags of a copy record of the settings of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecState {
    /// All settings, as far as the source account claims.
    Complete,
    /// A part: the rest could not be read, or did not fit.
    Incomplete,
    /// Nothing: the database was gone, or the copy is older than specs are.
    None,
    /// Tags that are no spec.
    Unreadable,
}

impl SpecState {
    /// By the tags of a copy.
    #[must_use]
    pub fn of(tags: &Tags) -> Self {
        match Recorded::from_tags(tags) {
            Ok(Some(recorded)) if is_complete(&recorded) => Self::Complete,
            Ok(Some(_)) => Self::Incomplete,
            Ok(None) => Self::None,
            Err(_) => Self::Unreadable,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::None => "none",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The producer records a group that it has read also if no parameter was changed, and the class of each member. If one is absent and
/// not counted as missing, it could not be read. AWS describes a class for each instance and a parameter group for each cluster. A
/// cluster may have no members.
fn is_complete(Recorded { spec, missing, unknown }: &Recorded) -> bool {
    let always = match spec.kind {
        Kind::Instance => Setting::Class,
        Kind::Cluster => Setting::ClusterParameterGroup,
    };
    let groups_are_read = || spec.named_groups().iter().all(|group| spec.groups.contains_key(group));
    let members_are_read = || spec.members.iter().all(|member| member.settings.contains_key(&Setting::Class));
    missing.is_empty()
        && *unknown == 0
        && spec.settings.contains_key(&always)
        && groups_are_read()
        && members_are_read()
}
