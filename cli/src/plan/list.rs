//! The lists of snapshots that `draco plan` reads: a plain list, or the output of the AWS command line.
//!
//! A list is grouped by database while it is parsed. Only identifiers and times are stored, so memory grows with the number
//! of snapshots and not with the size of AWS's descriptions.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::BufRead;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Datelike, Utc};
use protocol::spec::SpecState;
use retention::Snapshot;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::name::{Name, Text};

/// The lifecycle. Set on databases; RDS copies it to their snapshots.
const LIFECYCLE: &str = "Draco_Lifecycle";
/// The ARN of the database. Set on copies and transit copies.
const SOURCE: &str = "Draco_Source";
/// The time of the source snapshot. Set on copies and transit copies.
const TAKEN: &str = "Draco_Taken";

/// A parsed list.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) databases: BTreeMap<Key, Database>,
    /// The number of snapshots that are left out because they are not `available`.
    pub(crate) unavailable: usize,
    /// The number of transit copies that are left out: no lifecycle applies to them.
    pub(crate) transit: usize,
    /// Whether the list ends with a marker for a next page.
    pub(crate) is_partial: bool,
}

/// The key of a database in a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `None` for all snapshots of a plain list that name no database.
    pub(crate) name: Option<Box<str>>,
    pub(crate) role: Role,
}

/// What the snapshots of a database are to Draco.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Source snapshots, in production. Draco never deletes them; the plan is for their copies in DR.
    #[default]
    Source,
    /// Copies in DR.
    Copy,
}

/// The snapshots of one database.
#[derive(Default)]
pub(crate) struct Database {
    pub(crate) snapshots: Vec<Entry>,
    /// The lifecycle that the newest snapshot names.
    pub(crate) lifecycle: Option<Box<str>>,
    /// Whether the newest snapshot records the settings of its database, if it is a copy in AWS's output.
    pub(crate) spec: Option<SpecState>,
    newest: usize,
}

/// One snapshot.
pub(crate) struct Entry {
    id: Box<str>,
    taken: DateTime<Utc>,
}

impl Snapshot for Entry {
    fn id(&self) -> &str {
        &self.id
    }

    fn taken(&self) -> DateTime<Utc> {
        self.taken
    }
}

impl List {
    /// Reads a list in either form. An error has the position and the expected form.
    pub(crate) fn read(mut from: impl BufRead, name: &str) -> anyhow::Result<Self> {
        skip_byte_order_mark(&mut from, name)?;
        let mut list = Self::default();
        let mut json = serde_json::Deserializer::from_reader(from);
        ListForm(&mut list).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
            match error.classify() {
                Category::Io => anyhow!("reading {name}: {message}"),
                Category::Eof if (line, column) == (1, 0) => anyhow!("{name} is empty; expected {EXPECTED}"),
                Category::Eof => anyhow!("{name}:{line}:{column}: unexpected end ({message}); expected {EXPECTED}"),
                Category::Syntax => anyhow!("{name}:{line}:{column}: invalid JSON ({message}); expected {EXPECTED}"),
                Category::Data => anyhow!("{name}:{line}:{column}: {message}"),
            }
        })?;
        for database in list.databases.values() {
            database.check(name)?;
        }
        Ok(list)
    }

    fn add(
        &mut self,
        database: Option<Name>,
        role: Role,
        entry: Entry,
        lifecycle: Option<Name>,
        spec: Option<SpecState>,
    ) {
        let key = Key { name: database.map(|database| database.0), role };
        let database = self.databases.entry(key).or_default();
        // If one snapshot is listed twice with two lifecycles, the greater name wins, so that the order does not matter.
        let lifecycle = lifecycle.map(|lifecycle| lifecycle.0).filter(|lifecycle| !lifecycle.is_empty());
        let newest =
            database.snapshots.get(database.newest).map(|newest| (newest.taken, &newest.id, &database.lifecycle));
        if newest.is_none_or(|newest| (entry.taken, &entry.id, &lifecycle) > newest) {
            database.newest = database.snapshots.len();
            (database.lifecycle, database.spec) = (lifecycle, spec);
        }
        database.snapshots.push(entry);
    }
}

impl Database {
    /// Checks that no identifier has two times. A plan would treat it as two snapshots and could keep one and delete the
    /// other.
    fn check(&self, name: &str) -> anyhow::Result<()> {
        let mut seen = HashMap::with_capacity(self.snapshots.len());
        for Entry { id, taken } in &self.snapshots {
            match seen.insert(id, taken) {
                Some(other) if other != taken => {
                    bail!("{name}: snapshot `{id}` is listed with two different times, {other:?} and {taken:?}")
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const EXPECTED: &str = r#"a list like [{"id": "…", "taken": "2026-11-21T03:06:39Z"}], or what `aws rds describe-db-snapshots` or `describe-db-cluster-snapshots` prints"#;

/// Some programs write a byte order mark at the start of a file.
fn skip_byte_order_mark(from: &mut impl BufRead, name: &str) -> anyhow::Result<()> {
    match from.fill_buf().with_context(|| format!("reading {name}"))? {
        [0xef, 0xbb, 0xbf, ..] => from.consume(3),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!("{name} is in UTF-16; expected UTF-8"),
        _ => {}
    }
    Ok(())
}

/// The two forms differ in their first character.
struct ListForm<'a>(&'a mut List);

impl<'de> DeserializeSeed<'de> for ListForm<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListForm<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(Plain { id, taken, database, role, lifecycle }) = seq.next_element()? {
            self.0.add(database, role.unwrap_or_default(), Entry { id: id.0, taken: taken.0 }, lifecycle, None);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut described = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "DBSnapshots" | "DBClusterSnapshots" => {
                    // Two kinds in one list would mix an instance and a cluster of the same name.
                    if let Some(first) = described.replace(key) {
                        return Err(de::Error::custom(format_args!(
                            "a second list of snapshots; the first is {first}, expected only one"
                        )));
                    }
                    map.next_value_seed(Described(self.0))?;
                }
                "Marker" | "NextToken" => self.0.is_partial |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        described.map(drop).ok_or_else(|| {
            de::Error::custom(format_args!("no key DBSnapshots or DBClusterSnapshots; expected {EXPECTED}"))
        })
    }
}

/// A snapshot in a plain list. Other keys are ignored.
#[derive(Deserialize)]
#[serde(expecting = "a snapshot like {\"id\": \"…\", \"taken\": \"2026-11-21T03:06:39Z\"}")]
struct Plain {
    id: Name,
    taken: Time,
    /// `source` is the older name of the key.
    #[serde(alias = "source")]
    database: Option<Name>,
    role: Option<Role>,
    lifecycle: Option<Name>,
}

/// The list of snapshots in AWS's output.
struct Described<'a>(&'a mut List);

impl<'de> DeserializeSeed<'de> for Described<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Described<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of snapshots as AWS describes them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(snapshot) = seq.next_element::<DbSnapshot>()? {
            if snapshot.status != "available" {
                self.0.unavailable += 1;
                continue;
            }
            if snapshot.is_transit() {
                self.0.transit += 1;
                continue;
            }
            let taken = snapshot.taken().map_err(de::Error::custom)?;
            let named = |key| snapshot.tag(key).map(Name::parse).transpose().map_err(de::Error::custom);
            let lifecycle = named(LIFECYCLE)?;
            let (database, role) = match named(SOURCE)? {
                Some(source) => (source, Role::Copy),
                None => (snapshot.database.clone(), Role::Source),
            };
            let spec = (role == Role::Copy).then(|| snapshot.spec());
            self.0.add(Some(database), role, Entry { id: snapshot.id.0, taken }, lifecycle, spec);
        }
        Ok(())
    }
}

/// An instance or cluster snapshot in AWS's output: the fields that a plan needs.
#[derive(Deserialize)]
#[serde(expecting = "a snapshot as AWS describes it")]
struct DbSnapshot {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    id: Name,
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    database: Name,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "SnapshotCreateTime")]
    created: Option<Time>,
    /// For a copy, the time of the original. Only instance snapshots have it.
    #[serde(rename = "OriginalSnapshotCreateTime")]
    original: Option<Time>,
    #[serde(rename = "DBSnapshotArn", alias = "DBClusterSnapshotArn")]
    arn: Option<String>,
    #[serde(rename = "TagList")]
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
#[serde(expecting = "a tag with Key and Value")]
struct Tag {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Value")]
    value: Option<String>,
}

impl DbSnapshot {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().flatten().find(|tag| tag.key == key)?.value.as_deref()
    }

    fn spec(&self) -> SpecState {
        let tags = self.tags.iter().flatten();
        SpecState::of(&tags.filter_map(|tag| Some((tag.key.as_str(), tag.value.as_deref()?))).collect())
    }

    /// Whether it is a transit copy: it is in the account of the database that it was copied from.
    fn is_transit(&self) -> bool {
        fn account(arn: &str) -> Option<&str> {
            arn.split(':').nth(4)
        }
        let database = self.tag(SOURCE).and_then(account);
        database.is_some() && database == self.arn.as_deref().and_then(account)
    }

    fn taken(&self) -> Result<DateTime<Utc>, String> {
        let id = &self.id.0;
        match (self.tag(TAKEN), &self.original, &self.created) {
            (Some(tag), _, _) => {
                Time::parse(tag).ok_or_else(|| format!("the tag {TAKEN} of `{id}` is {tag:?}, expected {TIME}"))
            }
            (None, Some(Time(taken)), _) | (None, None, Some(Time(taken))) => Ok(*taken),
            (None, None, None) => Err(format!("`{id}` is available but has no SnapshotCreateTime")),
        }
    }
}

/// An RFC 3339 time. Its years have four digits.
struct Time(DateTime<Utc>);

const TIME: &str = "a time like 2026-11-21T03:06:39Z";

impl Time {
    fn parse(text: &str) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        (0..=9999).contains(&time.year()).then_some(time)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wrong = |text: &str| format!("invalid value: string {text:?}, expected {TIME}");
        let read = |text: &str| Self::parse(text).map(Self).ok_or_else(|| wrong(text));
        from.deserialize_str(Text { expected: TIME, read })
    }
}
