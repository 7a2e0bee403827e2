//! Tags: those that Draco reads and writes, and what becomes of a source's tags on its copies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// On databases, by the user, and carried to their snapshots by RDS: the name of the lifecycle.
pub const LIFECYCLE: &str = "Draco_Lifecycle";
/// On the source, when it is done: the copy's ARN.
pub const COPIED: &str = "Draco_Copied";
/// On the source, when DR could not copy it: when that was, and why. It is tried again some time after.
pub const NOT_COPIED: &str = "Draco_NotCopied";
/// On transit copies and copies: the database's ARN.
pub const SOURCE: &str = "Draco_Source";
/// On transit copies and copies: the source's ARN.
pub const SOURCE_SNAPSHOT: &str = "Draco_SourceSnapshot";
/// On transit copies and copies: when the source was taken, in RFC 3339.
pub const TAKEN: &str = "Draco_Taken";
/// On copies: the ARN of the transit copy.
pub const TRANSIT: &str = "Draco_Transit";
/// On copies, when the lifecycle has been applied and the source account told: when that was.
pub const REPORTED: &str = "Draco_Reported";

/// Those that are about the one snapshot that bears them, and mean nothing on a copy of it.
const OWN: [&str; 7] = [COPIED, NOT_COPIED, SOURCE, SOURCE_SNAPSHOT, TAKEN, TRANSIT, REPORTED];

/// AWS has no more on a resource.
pub const MOST: usize = 50;
/// AWS has no longer keys.
pub const LONGEST_KEY: usize = 128;
/// AWS has no longer values.
pub const LONGEST_VALUE: usize = 256;

/// Tags of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Adds a tag, or gives it a new value.
    pub fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    /// All, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags for a copy of what bears these: `own` in any case, then the lifecycle, then all others as long as there is
    /// room, by key and AWS's own last. Says too which were left out: there was no room, `own` has another value, or AWS
    /// would refuse it.
    ///
    /// A key that begins `aws:` or `rds:` is AWS's own and cannot be set, so it becomes `origin:aws:…`.
    #[must_use]
    pub fn for_copy(&self, own: &Self) -> (Self, Vec<String>) {
        let (mut tags, mut left_out) = (own.clone(), Vec::new());
        let mut others: Vec<(String, &str)> = self
            .iter()
            .filter(|(key, _)| !OWN.contains(key))
            .map(|(key, value)| (if is_reserved(key) { format!("origin:{key}") } else { key.to_owned() }, value))
            .collect();
        others.sort_by_key(|(key, _)| (key != LIFECYCLE, key.starts_with("origin:")));
        for (key, value) in others {
            match tags.get(&key) {
                Some(there) if there == value => {}
                None if tags.len() < MOST && can_be_set(&key, value) => tags.set(&key, value),
                _ => left_out.push(key),
            }
        }
        (tags, left_out)
    }

    /// With these too.
    #[must_use]
    pub fn with<'t>(mut self, others: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        for (key, value) in others {
            self.set(key, value);
        }
        self
    }
}

/// Whether a key is AWS's own, in any case: RDS's reference (`Tag`) has `rds:` beside `aws:`.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| ["aws:", "rds:"].iter().any(|theirs| start.eq_ignore_ascii_case(theirs)))
}

/// Whether AWS has tags of such a length. It counts characters, not bytes.
fn can_be_set(key: &str, value: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.chars().count()) && value.chars().count() <= LONGEST_VALUE
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(tags: T) -> Self {
        Self(tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
