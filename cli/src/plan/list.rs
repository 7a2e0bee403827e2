//! The lists of snapshots that `draco plan` understands: a plain one, and what the AWS command line prints.
//!
//! A list is sorted into its sources while it is read, so that the room it needs goes by the number of snapshots and not
//! by all that AWS says of each.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::BufRead;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Datelike, Utc};
use retention::Snapshot;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::name::{Name, Text};

/// On databases, and so on their snapshots: the lifecycle.
const LIFECYCLE: &str = "Draco_Lifecycle";
/// On copies: the ARN of the database.
const SOURCE: &str = "Draco_Source";
/// On copies: when the original was taken.
const TAKEN: &str = "Draco_Taken";

/// Everything that was listed.
#[derive(Default)]
pub(crate) struct List {
    /// By name. Snapshots that name no source are one source without a name.
    pub(crate) sources: BTreeMap<Option<Box<str>>, Source>,
    /// How many are left out because they are not `available`: what they will be, nobody knows yet.
    pub(crate) unavailable: usize,
    /// The list says that there is more of it.
    pub(crate) goes_on: bool,
}

/// The snapshots of one database.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) snapshots: Vec<Entry>,
    /// What the newest of them asks for.
    pub(crate) lifecycle: Option<Box<str>>,
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
    /// Reads a list in either form. An error says where it is wrong and what was expected there.
    pub(crate) fn read(mut from: impl BufRead, name: &str) -> anyhow::Result<Self> {
        skip_byte_order_mark(&mut from, name)?;
        let mut list = Self::default();
        let mut json = serde_json::Deserializer::from_reader(from);
        ListForm(&mut list).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what);
            match error.classify() {
                Category::Io => anyhow!("reading {name}: {what}"),
                Category::Eof => anyhow!("{name}:{line}:{column}: ends too early ({what}); expected {EXPECTED}"),
                Category::Syntax => anyhow!("{name}:{line}:{column}: {what}; expected {EXPECTED}"),
                Category::Data => anyhow!("{name}:{line}:{column}: {what}"),
            }
        })?;
        for source in list.sources.values() {
            source.check(name)?;
        }
        Ok(list)
    }

    fn add(&mut self, source: Option<Name>, entry: Entry, lifecycle: Option<Name>) {
        let source = source.map(|source| source.0);
        let source = match self.sources.get_mut(&source) {
            Some(known) => known,
            None => self.sources.entry(source).or_default(),
        };
        // Of one snapshot that is there twice, the lifecycles decide, so that the order of the list does not.
        let lifecycle = lifecycle.map(|lifecycle| lifecycle.0).filter(|lifecycle| !lifecycle.is_empty());
        let newest = source.snapshots.get(source.newest).map(|newest| (newest.taken, &newest.id, &source.lifecycle));
        if newest.is_none_or(|newest| (entry.taken, &entry.id, &lifecycle) > newest) {
            source.newest = source.snapshots.len();
            source.lifecycle = lifecycle;
        }
        source.snapshots.push(entry);
    }
}

impl Source {
    /// An identifier is one snapshot. If it were two, a plan could keep the one and delete the other.
    fn check(&self, name: &str) -> anyhow::Result<()> {
        let mut seen = HashMap::with_capacity(self.snapshots.len());
        for Entry { id, taken } in &self.snapshots {
            match seen.insert(id, taken) {
                Some(other) if other != taken => {
                    bail!(
                        "{name}: `{id}` is there twice, taken at {other:?} and at {taken:?}; expected one time for each"
                    )
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const EXPECTED: &str = r#"a list like [{"id": "…", "taken": "2026-11-21T03:06:39Z"}], or what `aws rds describe-db-snapshots` or `describe-db-cluster-snapshots` prints"#;

/// Some programs begin a file with the mark that says which Unicode it is.
fn skip_byte_order_mark(from: &mut impl BufRead, name: &str) -> anyhow::Result<()> {
    match from.fill_buf().with_context(|| format!("reading {name}"))? {
        [0xef, 0xbb, 0xbf, ..] => from.consume(3),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!("{name} is in UTF-16; expected UTF-8"),
        _ => {}
    }
    Ok(())
}

/// The two forms are told apart by their first character.
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
        while let Some(Plain { id, taken, source, lifecycle }) = seq.next_element()? {
            self.0.add(source, Entry { id: id.0, taken: taken.0 }, lifecycle);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut described = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "DBSnapshots" | "DBClusterSnapshots" => {
                    // An instance and a cluster may have the same name.
                    if let Some(first) = described.replace(key) {
                        return Err(de::Error::custom(format_args!(
                            "expected one kind of snapshots; {first} came before"
                        )));
                    }
                    map.next_value_seed(Described(self.0))?;
                }
                "Marker" | "NextToken" => self.0.goes_on |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        described.map(drop).ok_or_else(|| de::Error::custom(format_args!("no snapshots here; expected {EXPECTED}")))
    }
}

/// A snapshot in a plain list. What else a list says of it is of no concern here.
#[derive(Deserialize)]
struct Plain {
    id: Name,
    taken: Time,
    source: Option<Name>,
    lifecycle: Option<Name>,
}

/// The snapshots as AWS describes them.
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
            let taken = snapshot.taken().map_err(de::Error::custom)?;
            let named = |key| snapshot.tag(key).map(Name::parse).transpose().map_err(de::Error::custom);
            let (source, lifecycle) = (named(SOURCE)?.unwrap_or(snapshot.database.clone()), named(LIFECYCLE)?);
            self.0.add(Some(source), Entry { id: snapshot.id.0, taken }, lifecycle);
        }
        Ok(())
    }
}

/// An instance or cluster snapshot as AWS describes it, as far as a plan has to know.
#[derive(Deserialize)]
struct DbSnapshot {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    id: Name,
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    database: Name,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "SnapshotCreateTime")]
    created: Option<Time>,
    /// Of a copy, the time of the original. Only instance snapshots have it.
    #[serde(rename = "OriginalSnapshotCreateTime")]
    original: Option<Time>,
    #[serde(rename = "TagList")]
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
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

/// A time as RFC 3339 writes it, which knows four digits of a year.
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
