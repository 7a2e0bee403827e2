//! The tags that Draco reads and writes, and the rules for copying a source's tags. `doc/tags.md` describes each tag.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::source_tags::SourceTags;

/// The name of the lifecycle. Set by the user on databases; RDS copies it to their snapshots.
pub const LIFECYCLE: &str = "Draco_Lifecycle";
/// On a source: the ARN of its copy in DR. Set when the copy is completed.
pub const COPIED: &str = "Draco_Copied";
/// On a source that DR refused: the time and the reason. It is retried later.
pub const NOT_COPIED: &str = "Draco_NotCopied";
/// On transit copies and copies: the ARN of the database.
pub const SOURCE: &str = "Draco_Source";
/// On transit copies and copies: the ARN of the source.
pub const SOURCE_SNAPSHOT: &str = "Draco_SourceSnapshot";
/// On transit copies and copies: when the source was taken, in RFC 3339.
pub const TAKEN: &str = "Draco_Taken";
/// On copies: the ARN of the transit copy; in DR's second region, that of the copy in its first region.
pub const TRANSIT: &str = "Draco_Transit";
/// On copies: when AWS created the transit copy, in RFC 3339. The source account chooses [`TAKEN`], but not this time.
pub const TRANSIT_CREATED: &str = "Draco_TransitCreated";
/// On copies from another region: when DR started the copy, in RFC 3339.
pub const STARTED: &str = "Draco_Started";
/// On copies: when the copy was complete and reported to the source account. This is its arrival, by DR's own clock.
pub const REPORTED: &str = "Draco_Reported";
/// On the newest copy of a database, set by a person in DR: the lifecycles of older copies no longer count.
pub const ACCEPTED: &str = "Draco_Accepted";
/// On the newest copy of a database, set by a person in DR: no further copies are expected.
pub const RETIRED: &str = "Draco_Retired";

/// How often the copies of a database are verified. Set by the user on databases, and copied as [`LIFECYCLE`] is.
pub const VERIFY: &str = "Draco_Verify";
/// On copies: when their verification ended, and what it found.
pub const VERIFIED: &str = "Draco_Verified";
/// On copies that are being verified: until when at most, in RFC 3339. They are not deleted before.
pub const VERIFYING: &str = "Draco_Verifying";

/// On transit copies and copies: the settings of the database when the transit copy was started ([`crate::spec`]). As many of these
/// as are needed, from the first one on.
pub const SPEC: [&str; 6] = ["Draco_Spec", "Draco_Spec2", "Draco_Spec3", "Draco_Spec4", "Draco_Spec5", "Draco_Spec6"];

/// On copies in DR's first region: the ARN of the copy in its second region.
pub const SECOND: &str = "Draco_Second";

/// On databases that a job provisions or moves aside: the ID of the job ([`crate::job`]).
pub const JOB: &str = "Draco_Job";
/// On the same: what the job is for, its deadline and its keep period.
pub const JOB_REQUEST: &str = "Draco_JobRequest";
/// On the same: the data of the job.
pub const JOB_SOURCE: &str = "Draco_JobSource";
/// On the same: the target of the job, and the database that it replaces.
pub const JOB_TARGET: &str = "Draco_JobTarget";
/// On the same: the settings that the job chooses. As many of these as are needed, from the first one on.
pub const JOB_OVERRIDES: [&str; 3] = ["Draco_JobOverrides", "Draco_JobOverrides2", "Draco_JobOverrides3"];
/// On databases that a job provisions, and on members of clusters: when AWS was asked to create them, in RFC 3339.
pub const JOB_STARTED: &str = "Draco_JobStarted";
/// On the same: what of the recorded settings the database does not get. As many of these as are needed, from the first one on.
pub const JOB_REPORT: [&str; 3] = ["Draco_JobReport", "Draco_JobReport2", "Draco_JobReport3"];
/// On the same: how often its settings were changed after the restore, and when it was last done.
pub const JOB_CHANGES: &str = "Draco_JobChanges";
/// On the same: why the job has ended. The database is torn down, and no step of the job changes it any more.
pub const JOB_ENDED: &str = "Draco_JobEnded";
/// On the new database of a restore: when a person agreed to the swap, in RFC 3339.
pub const JOB_APPROVED: &str = "Draco_JobApproved";
/// On the same: when an undo was requested, in RFC 3339. Each later step of the job goes back.
pub const JOB_UNDO: &str = "Draco_JobUndo";
/// On the same: its own resource ID, and the last rename that was requested.
pub const JOB_NEW: &str = "Draco_JobNew";
/// On the same: since when it has the target's name and is complete, in RFC 3339. The keep period of the old database begins then.
pub const JOB_CONFIRMED: &str = "Draco_JobConfirmed";
/// On the old database of a restore: its own resource ID, whether it was protected before, and the last rename that was requested.
pub const JOB_OLD: &str = "Draco_JobOld";
/// On the members of an old cluster that were moved aside: the name of before.
pub const JOB_NAME: &str = "Draco_JobName";

/// The tags that a job sets on its new database after the request that creates it.
pub const JOB_LATER: [&str; 6] = [JOB_CHANGES, JOB_ENDED, JOB_APPROVED, JOB_UNDO, JOB_NEW, JOB_CONFIRMED];

/// The prefix of all keys that Draco defines.
pub const PREFIX: &str = "Draco_";

/// The value of [`LIFECYCLE`] that excludes a database from copying, in any case.
pub const IGNORE: &str = "Ignore";

/// The prefix of the keys of a source's tags that are copied under another key.
pub const ORIGIN_PREFIX: &str = "origin:";

/// Draco's tags that the user sets on databases, and that are carried to all copies.
const OF_USER: [&str; 2] = [LIFECYCLE, VERIFY];

/// Tags that describe the one snapshot that has them. They are not copied.
const OWN: [&str; 14] = [
    COPIED,
    NOT_COPIED,
    SOURCE,
    SOURCE_SNAPSHOT,
    TAKEN,
    TRANSIT,
    TRANSIT_CREATED,
    STARTED,
    REPORTED,
    ACCEPTED,
    RETIRED,
    SECOND,
    VERIFIED,
    VERIFYING,
];

/// The maximum number of tags of a resource.
pub const MAX_TAGS: usize = 50;
/// The number of tags that a copy has at most when it is created. The rest is for [`REPORTED`], [`ACCEPTED`], [`RETIRED`],
/// [`SECOND`], [`VERIFIED`] and [`VERIFYING`].
pub const MAX_TAGS_OF_COPY: usize = MAX_TAGS - 6;
/// The maximum length of a key.
pub const MAX_KEY_CHARS: usize = 128;
/// The maximum length of a value.
pub const MAX_VALUE_CHARS: usize = 256;

/// The tags of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Adds a tag, or replaces its value.
    pub fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    /// All tags, ordered by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The number of tags.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags for a copy of a snapshot with these tags, and the keys that were left out.
    ///
    /// `own` always comes first, then the lifecycle, then the other tags by key, those under [`ORIGIN_PREFIX`] last, up to AWS's
    /// maximum. A tag is left out if the maximum is reached, if `own` has another value for its key, if AWS would reject it, or
    /// if its key is reserved for Draco. Tags that `rule` does not allow are not listed as left out.
    #[must_use]
    pub fn for_copy(&self, own: &Self, rule: &SourceTags) -> (Self, Vec<String>) {
        let (mut tags, mut left_out) = (own.clone(), Vec::new());
        let others = self.iter().filter(|(key, _)| !OWN.contains(key) && !SPEC.contains(key) && !is_of_job(key));
        let mut others: Vec<(String, &str)> =
            others.filter_map(|(key, value)| Some((rule.key_on_copy(key)?, value))).collect();
        others.sort_by_key(|(key, _)| (key != LIFECYCLE, key.starts_with(ORIGIN_PREFIX)));
        for (key, value) in others {
            match tags.get(&key) {
                _ if is_dracos(&key) && !OF_USER.contains(&key.as_str()) => left_out.push(key),
                Some(there) if there == value => {}
                None if tags.len() < MAX_TAGS_OF_COPY && has_valid_length(&key, value) => tags.set(&key, value),
                _ => left_out.push(key),
            }
        }
        (tags, left_out)
    }

    /// The tags that the source's database has, from those of a copy: without the prefix of the copy ([`ORIGIN_PREFIX`]). Only for a
    /// database in the account of the source, which chose them.
    #[must_use]
    pub fn at_origin(&self) -> Self {
        let all = self.iter().map(|(key, value)| (key.strip_prefix(ORIGIN_PREFIX).unwrap_or(key), value));
        all.filter(|(key, _)| !key.is_empty() && is_of_user(key)).collect()
    }

    /// Those that record a spec ([`SPEC`]).
    #[must_use]
    pub fn of_spec(&self) -> Self {
        self.iter().filter(|(key, _)| SPEC.contains(key)).collect()
    }

    /// These tags and the others. On equal keys the others win.
    #[must_use]
    pub fn with<'t>(mut self, others: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        for (key, value) in others {
            self.set(key, value);
        }
        self
    }
}

/// The text as the value of a tag. AWS allows "letters, numbers, spaces, and the following characters: _ . : / = + - @". Every
/// other character becomes a space, and what is too long is cut.
#[must_use]
pub fn as_value(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
    let allowed: String = text.chars().map(|c| if is_allowed(c) { c } else { ' ' }).collect();
    allowed.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_VALUE_CHARS).collect()
}

/// Whether a key is reserved by AWS, in any case. RDS's API reference (`Tag`) lists `rds:` beside `aws:`.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| ["aws:", "rds:"].iter().any(|reserved| start.eq_ignore_ascii_case(reserved)))
}

/// Whether a tag describes the job of a database. Snapshots of it may inherit the tag.
fn is_of_job(key: &str) -> bool {
    key.starts_with(JOB)
}

/// Whether a key is reserved for Draco, in any case: IAM compares tag keys in conditions without case.
pub(crate) fn is_dracos(key: &str) -> bool {
    key.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Whether a key is one of the user's: reserved neither by AWS nor for Draco.
#[must_use]
pub fn is_of_user(key: &str) -> bool {
    !is_reserved(key) && (OF_USER.contains(&key) || !is_dracos(key))
}

/// Whether AWS accepts a tag of this length. It counts characters, not bytes.
fn has_valid_length(key: &str, value: &str) -> bool {
    (1..=MAX_KEY_CHARS).contains(&key.chars().count()) && value.chars().count() <= MAX_VALUE_CHARS
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(tags: T) -> Self {
        Self(tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
