//! The rule for the tags of a source on its copies (`SOURCE_TAGS`). The source account chooses those tags, and the policies and
//! programs of DR may act on them.

use std::collections::BTreeSet;
use std::fmt;

use crate::settings::parse_tag_key;
use crate::tags::{LIFECYCLE, ORIGIN_PREFIX, is_dracos, is_reserved};

/// Which of a source's tags its copy gets, and under which key. The lifecycle is always copied under its own key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceTags {
    /// All. A key that AWS reserves gets the prefix `origin:`.
    #[default]
    Keep,
    /// All, each with the prefix `origin:`.
    Prefix,
    /// Only those with these keys on the copy.
    Only(BTreeSet<String>),
}

const KEEP: &str = "keep";
const PREFIX: &str = "prefix";

impl SourceTags {
    /// Parses `keep`, `prefix`, or keys that are separated by commas.
    ///
    /// # Errors
    /// A key that cannot be copied, and the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            KEEP => Ok(Self::Keep),
            PREFIX => Ok(Self::Prefix),
            list => Self::only(list.split(',')),
        }
    }

    /// The rule that allows only these keys.
    ///
    /// # Errors
    /// A key that cannot be copied, and the reason.
    pub fn only<'k>(keys: impl IntoIterator<Item = &'k str>) -> Result<Self, String> {
        let keys = keys.into_iter().map(str::trim).filter(|key| !key.is_empty());
        let allowed = keys.map(|key| match key {
            LIFECYCLE => Err(format!("{LIFECYCLE} is always copied: remove it from the list")),
            reserved if is_reserved(reserved) => {
                Err(format!("the key of {reserved} on a copy is {ORIGIN_PREFIX}{reserved}: list that key"))
            }
            key => parse_tag_key(key).map_err(|why| format!("{key:?}: {why}")),
        });
        let allowed = allowed.collect::<Result<BTreeSet<_>, _>>()?;
        if allowed.is_empty() {
            return Err(format!("expected {KEEP}, {PREFIX}, or the keys of tags, separated by commas"));
        }
        Ok(Self::Only(allowed))
    }

    /// The key of a source's tag on the copy. `None` if it is not copied.
    ///
    /// On a transit copy, tags that AWS reserves have the prefix already, so a key with the prefix stays as it is.
    pub(crate) fn key_on_copy(&self, key: &str) -> Option<String> {
        let prefixed = || format!("{ORIGIN_PREFIX}{key}");
        let is_plain = key == LIFECYCLE || key.starts_with(ORIGIN_PREFIX) || is_dracos(key);
        let key_on_copy = match self {
            _ if is_plain => key.to_owned(),
            Self::Prefix => prefixed(),
            Self::Keep | Self::Only(_) if is_reserved(key) => prefixed(),
            Self::Keep | Self::Only(_) => key.to_owned(),
        };
        match self {
            Self::Only(allowed) if key != LIFECYCLE && !is_dracos(key) && !allowed.contains(&key_on_copy) => None,
            Self::Keep | Self::Prefix | Self::Only(_) => Some(key_on_copy),
        }
    }
}

/// The text that [`SourceTags::parse`] reads.
impl fmt::Display for SourceTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str(KEEP),
            Self::Prefix => f.write_str(PREFIX),
            Self::Only(keys) => {
                let list = keys.iter().map(String::as_str).collect::<Vec<_>>().join(",");
                // The comma makes a list of a key that has the name of another rule.
                f.write_str(&if [KEEP, PREFIX].contains(&&*list) { list + "," } else { list })
            }
        }
    }
}
