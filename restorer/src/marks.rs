//! Tags in which a swap notes what a look cannot see: which database this is, how it was protected, and the last rename that was requested.
//!
//! ```text
//! Draco_JobOld   db-ABC protected=0 to=draco-old-orders-1a2b3c4d5e6f at=2026-11-21T06:00:00Z
//! Draco_JobNew   db-DEF to=orders at=2026-11-21T06:04:00Z
//! ```
//!
//! Each begins with the resource ID of the database that has it. A database that was restored from a snapshot with the tag has another
//! one. So has the other database of the job, which a late step may tag under a name that was given away since: that is why there are two keys.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::Tags;
use provision::wait;

/// For so long, AWS may describe a database as it was before a rename was requested. No text of AWS's states the time.
const STALE: TimeDelta = TimeDelta::seconds(90);

/// The value of such a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The resource ID of the database.
    pub resource_id: String,
    /// Whether the old database was protected before the job.
    pub was_protected: Option<bool>,
    /// The last rename that was requested.
    pub rename: Option<Rename>,
}

/// A rename that was requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The new name.
    pub to: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Mark {
    /// The mark with this key, if it is one of the database with this resource ID.
    #[must_use]
    pub fn read(tags: &Tags, key: &str, resource_id: &str) -> Option<Self> {
        let mut words = tags.get(key)?.split(' ');
        let of = words.next().filter(|of| *of == resource_id)?;
        let (mut was_protected, mut to, mut at) = (None, None, None);
        for (name, value) in words.filter_map(|word| word.split_once('=')) {
            match name {
                "protected" => was_protected = Some(value == "1"),
                "to" => to = Some(value.to_owned()),
                "at" => at = DateTime::parse_from_rfc3339(value).ok().map(|at| at.to_utc()),
                _ => {}
            }
        }
        let rename = to.zip(at).map(|(to, at)| Rename { to, at });
        Some(Self { resource_id: of.to_owned(), was_protected, rename })
    }

    /// The value of the tag.
    #[must_use]
    pub fn write(&self) -> String {
        let protected = self.was_protected.map(|protected| format!(" protected={}", u8::from(protected)));
        let rename = self.rename.as_ref().map(|Rename { to, at }| format!(" to={to} at={}", wait::timestamp(*at)));
        format!("{}{}{}", self.resource_id, protected.unwrap_or_default(), rename.unwrap_or_default())
    }

    /// The name that the database was asked to take a moment ago, if it does not have it yet. The clock of the function that asked may
    /// differ.
    #[must_use]
    pub fn asked(&self, name: &str, now: DateTime<Utc>) -> Option<&str> {
        let rename = self.rename.as_ref()?;
        (rename.to != name && (now - rename.at).abs() < STALE).then_some(rename.to.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = protocol::tags::JOB_OLD;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_226_400 + seconds, 0).unwrap()
    }

    fn tags(value: &str) -> Tags {
        [(KEY, value)].into_iter().collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rename = Some(Rename { to: "orders".to_owned(), at: at(0) });
        for was_protected in [None, Some(false), Some(true)] {
            for rename in [None, rename.clone()] {
                let mark = Mark { resource_id: "db-ABC".to_owned(), was_protected, rename };
                assert_eq!(Mark::read(&tags(&mark.write()), KEY, "db-ABC"), Some(mark));
            }
        }
    }

    #[test]
    fn the_mark_of_another_database_counts_for_nothing() {
        assert_eq!(Mark::read(&tags("db-ABC protected=1"), KEY, "db-DEF"), None);
        assert_eq!(Mark::read(&tags(""), KEY, "db-DEF"), None);
        assert_eq!(Mark::read(&Tags::default(), KEY, "db-DEF"), None);
    }

    #[test]
    fn a_rename_is_believed_for_a_while_and_until_it_shows() {
        let mark = Mark::read(&tags(&format!("db-A to=orders at={}", wait::timestamp(at(0)))), KEY, "db-A").unwrap();
        assert_eq!(mark.asked("old", at(89)), Some("orders"));
        assert_eq!(mark.asked("old", at(-89)), Some("orders"));
        assert_eq!(mark.asked("old", at(90)), None);
        assert_eq!(mark.asked("orders", at(1)), None);
    }
}
