//! The file: YAML, in which each value has a place.
//!
//! Values are read as text, because YAML would change some: an account ID that begins with a zero is not a number, and
//! `no` is not a boolean. The deserializer stops at the first error. To report all errors, each value is read by itself,
//! in a pass of its own over the text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use checks::{Check, Thresholds};
use protocol::AccountId;
use retention::{Lifecycles, Rules};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Error, Options, Spanned, UserMessageFormatter};

use crate::keys::{
    BLOCKS, CHECKS, FLOOR, Key, LIFECYCLES, RETIRED, SECOND_FLOOR, SOURCE_ACCTS, SOURCE_REGIONS, SOURCE_TAGS,
    THRESHOLDS,
};
use crate::{Config, parse, suggest};

/// A key with a value, and the place of the value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    pub(crate) line: u64,
    pub(crate) column: u64,
    value: Value,
}

/// An error in a file, and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) message: String,
}

/// The entries and the errors of a file, in its order.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) entries: Vec<Entry>,
    pub(crate) problems: BTreeSet<Problem>,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Accounts(BTreeSet<AccountId>),
    Floor(Rules),
    Lifecycles(Lifecycles),
    Checks(BTreeMap<String, Vec<Check>>),
    Thresholds(Thresholds),
}

pub(crate) fn read(bytes: &[u8]) -> Document {
    let mut document = Document::default();
    let parsed = str::from_utf8(bytes)
        .map_err(|error| not_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()))
        .and_then(|text| {
            let keys = serde_yaml::from_str_with_options::<Option<Names>>(text, options());
            Ok((text, keys.map_err(|error| problem("", &error))?))
        });
    match parsed {
        Ok((text, keys)) => document.add(text, &keys.unwrap_or_default().0),
        Err(problem) => document.problems.extend([problem]),
    }
    document
}

/// The message of a YAML error, without its place.
pub(crate) fn message(error: &Error) -> String {
    let text = error.without_snippet().render_with_formatter(&UserMessageFormatter);
    let place = error.location().map(|place| format!(" at line {}, column {}", place.line(), place.column()));
    match place.and_then(|place| text.strip_suffix(&place)).unwrap_or(&text) {
        "expected string scalar" => "expected a single value".to_owned(),
        "expected sequence start" => "expected a list, each item with a hyphen before it".to_owned(),
        "expected mapping start" => "expected keys and values, like `AWS_REGION: eu-west-1`".to_owned(),
        text => text.to_owned(),
    }
}

fn problem(key: &str, error: &Error) -> Problem {
    let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
    Problem::new(line, column, key, &message(error))
}

fn not_utf8(before: &[u8]) -> Problem {
    let before = String::from_utf8_lossy(before);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let (lines, columns) = (before.matches('\n').count() as u64, line.chars().count() as u64);
    Problem::new(lines + 1, columns + 1, "", "the text from here is not UTF-8")
}

impl Problem {
    fn new(line: u64, column: u64, key: &str, message: &str) -> Self {
        let message = if key.is_empty() { message.to_owned() } else { format!("{key}: {message}") };
        // Names and quoted text can contain anything.
        Self { line, column, message: message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect() }
    }

    fn at(place: &Spanned<String>, key: &str, message: &str) -> Self {
        Self::new(place.referenced.line(), place.referenced.column(), key, message)
    }
}

impl Entry {
    pub(crate) fn set(self, config: &mut Config) -> Result<(), String> {
        match self.value {
            Value::Text(text) => Key::named(self.key).map_or(Ok(()), |key| key.set(&text, config))?,
            Value::Accounts(accounts) => config.source_accts = accounts.into_iter().collect(),
            Value::Floor(floor) if self.key == SECOND_FLOOR => config.second_floor = Some(floor),
            Value::Floor(floor) => config.floor = floor,
            Value::Lifecycles(lifecycles) => config.lifecycles = lifecycles,
            Value::Checks(checks) => config.checks = checks,
            Value::Thresholds(thresholds) => {
                thresholds.validate()?;
                config.thresholds = thresholds;
            }
        }
        Ok(())
    }
}

impl Document {
    fn add(&mut self, text: &str, keys: &[Spanned<String>]) {
        for (nth, name) in keys.iter().enumerate() {
            let known = Key::named(&name.value).map(|key| key.name);
            let block = || BLOCKS.into_iter().find(|block| name.value == *block);
            let Some(key) = known.or_else(block) else {
                self.problems.insert(Problem::at(name, "", &suggest::unknown_key(&name.value)));
                continue;
            };
            if let Some(first) = keys[..nth].iter().find(|other| other.value == name.value) {
                let message = format!("appears twice; the first is in line {}", first.referenced.line());
                self.problems.insert(Problem::at(name, key, &message));
                continue;
            }
            self.add_value(text, nth, key);
        }
    }

    fn add_value(&mut self, text: &str, nth: usize, key: &'static str) {
        let path = [nth];
        let is_list = || value::<Vec<IgnoredAny>>(text, &path).is_ok();
        match key {
            LIFECYCLES => match value(text, &path) {
                Ok(read) => self.push(key, read, Value::Lifecycles),
                Err(error) => self.lifecycle_problems(text, nth, &error),
            },
            CHECKS => self.add_checks(text, nth),
            THRESHOLDS => match value(text, &path) {
                Ok(read) => self.push(key, read, Value::Thresholds),
                Err(error) => self.problems.extend([problem(key, &error)]),
            },
            FLOOR | SECOND_FLOOR => match value(text, &path) {
                Ok(read) => self.push(key, read, Value::Floor),
                Err(error) => self.rule_problems(text, &path, key, &error),
            },
            SOURCE_ACCTS if is_list() => match value::<Spanned<Vec<Spanned<String>>>>(text, &path) {
                Ok(list) => self.add_accounts(&list),
                Err(error) => self.problems.extend([problem(key, &error)]),
            },
            RETIRED | SOURCE_REGIONS if is_list() => match value(text, &path) {
                Ok(read) => self.push(key, read, |items: Vec<String>| Value::Text(items.join(","))),
                Err(error) => self.problems.extend([problem(key, &error)]),
            },
            SOURCE_TAGS if is_list() => match value(text, &path) {
                // The comma at the end makes a list of one key.
                Ok(read) => self.push(key, read, |keys: Vec<String>| Value::Text(keys.join(",") + ",")),
                Err(error) => self.problems.extend([problem(key, &error)]),
            },
            _ => match value::<Option<Spanned<String>>>(text, &path) {
                // A blank value counts as not set, as in the environment.
                Ok(read) => self.push(key, read.filter(|text| !text.value.trim().is_empty()), Value::Text),
                Err(error) => self.problems.extend([problem(key, &error)]),
            },
        }
    }

    fn push<T>(&mut self, key: &'static str, read: Option<Spanned<T>>, to_value: fn(T) -> Value) {
        self.entries.extend(read.map(|read| Entry {
            key,
            line: read.referenced.line(),
            column: read.referenced.column(),
            value: to_value(read.value),
        }));
    }

    fn add_accounts(&mut self, list: &Spanned<Vec<Spanned<String>>>) {
        let mut accounts = BTreeSet::new();
        for item in &list.value {
            match item.value.trim().parse::<AccountId>() {
                Ok(account) => drop(accounts.insert(account)),
                Err(error) => drop(self.problems.insert(Problem::at(item, SOURCE_ACCTS, &error.to_string()))),
            }
        }
        let place = list.referenced;
        let (line, column, value) = (place.line(), place.column(), Value::Accounts(accounts));
        self.entries.push(Entry { key: SOURCE_ACCTS, line, column, value });
    }

    /// The checks of each database, and the errors of all checks.
    fn add_checks(&mut self, text: &str, block: usize) {
        let (path, before) = ([block], self.problems.len());
        let place = match value::<Option<Spanned<Names>>>(text, &path) {
            Ok(None) => return,
            Ok(Some(names)) => names.referenced,
            Err(error) => {
                self.problems.insert(problem(CHECKS, &error));
                return;
            }
        };
        let mut all = BTreeMap::new();
        for (nth, name) in names(text, &path).iter().enumerate() {
            let key = format!("{CHECKS}: {}", name.value);
            let database = match parse::checked_database(&name.value) {
                Ok(database) => database,
                Err(why) => {
                    self.problems.insert(Problem::at(name, CHECKS, &why));
                    continue;
                }
            };
            let count = match value::<Vec<IgnoredAny>>(text, &[block, nth]) {
                Ok(list) => list.len(),
                Err(error) => {
                    self.problems.insert(problem(&key, &error));
                    continue;
                }
            };
            let mut checks = Vec::new();
            for check in 0..count {
                match value::<Check>(text, &[block, nth, check]) {
                    Ok(check) => checks.push(check),
                    Err(error) => drop(self.problems.insert(problem(&key, &error))),
                }
            }
            if all.insert(database, checks).is_some() {
                self.problems.insert(Problem::at(name, CHECKS, &format!("{} appears twice", name.value)));
            }
        }
        if self.problems.len() == before {
            self.entries.push(Entry {
                key: CHECKS,
                line: place.line(),
                column: place.column(),
                value: Value::Checks(all),
            });
        }
    }

    /// The errors of all lifecycles. `error` is the first one.
    fn lifecycle_problems(&mut self, text: &str, block: usize, error: &Error) {
        let before = self.problems.len();
        let names = names(text, &[block]);
        for (nth, name) in names.iter().enumerate() {
            if let Err(error) = value::<Rules>(text, &[block, nth]) {
                self.rule_problems(text, &[block, nth], &format!("{LIFECYCLES}: {}", name.value), &error);
            }
            let lower = name.value.to_lowercase();
            let same = names[..nth].iter().position(|other| other.value.to_lowercase() == lower);
            let entries: Vec<usize> = same.into_iter().chain([nth]).collect();
            let Err(error) = only::<Lifecycles>(text, &[block], &entries) else { continue };
            // An error of the name, or one of the rules, which was reported above.
            let found = problem(LIFECYCLES, &error);
            let is_known = |known: &Problem| {
                (known.line, known.column) == (found.line, found.column) && known.message.ends_with(&message(&error))
            };
            if !self.problems.iter().any(is_known) {
                self.problems.insert(found);
            }
        }
        if self.problems.len() == before {
            self.problems.insert(problem(LIFECYCLES, error));
        }
    }

    /// The errors of all rules. `error` is the first one.
    fn rule_problems(&mut self, text: &str, path: &[usize], key: &str, error: &Error) {
        let before = self.problems.len();
        for nth in 0..names(text, path).len() {
            self.problems.extend(only::<Rules>(text, path, &[nth]).err().map(|error| problem(key, &error)));
        }
        if self.problems.len() == before {
            self.problems.insert(problem(key, error));
        }
    }
}

/// The keys of the map at this path. Empty if it is not a map.
fn names(text: &str, path: &[usize]) -> Vec<Spanned<String>> {
    value::<Names>(text, path).map(|names| names.0).unwrap_or_default()
}

/// The value at this path. Each step is the number of an entry of a map or a list.
fn value<'de, T: Deserialize<'de>>(text: &'de str, path: &[usize]) -> Result<T, Error> {
    serde_yaml::with_deserializer_from_str_with_options(text, options(), |deserializer| {
        At { path, entries: None, result: PhantomData }.deserialize(deserializer)
    })
}

/// The map at this path, with only these of its entries.
fn only<'de, T: Deserialize<'de>>(text: &'de str, path: &[usize], entries: &[usize]) -> Result<T, Error> {
    serde_yaml::with_deserializer_from_str_with_options(text, options(), |deserializer| {
        At { path, entries: Some(entries), result: PhantomData }.deserialize(deserializer)
    })
}

/// Duplicate keys are reported here together with all other errors.
fn options() -> Options {
    serde_yaml::options! { duplicate_keys: DuplicateKeyPolicy::LastWins }
}

struct At<'p, T> {
    path: &'p [usize],
    /// Of the map at the end of the path, only these entries. All if it is `None`.
    entries: Option<&'p [usize]>,
    result: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for At<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        match (self.path, self.entries) {
            ([], None) => T::deserialize(deserializer),
            ([], Some(_)) => deserializer.deserialize_map(self),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for At<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let Some((nth, path)) = self.path.split_first() else {
            let entries = self.entries.unwrap_or_default();
            return T::deserialize(MapAccessDeserializer::new(Only { map, entries, nth: 0 }));
        };
        for _ in 0..*nth {
            map.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        map.next_key::<IgnoredAny>()?;
        let value = map.next_value_seed(At { path, ..self })?;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let (nth, path) = self.path.split_first().unwrap_or((&0, &[]));
        for _ in 0..*nth {
            list.next_element::<IgnoredAny>()?;
        }
        let value = list.next_element_seed(At { path, ..self })?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        value.ok_or_else(|| A::Error::custom("the list is shorter"))
    }
}

/// Some entries of a map.
struct Only<'p, A> {
    map: A,
    entries: &'p [usize],
    nth: usize,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Only<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            self.nth += 1;
            if self.entries.contains(&(self.nth - 1)) {
                return self.map.next_key_seed(seed);
            }
            if self.map.next_entry::<IgnoredAny, IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// The keys of a map.
#[derive(Default)]
struct Names(Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values, like `AWS_REGION: eu-west-1`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = Names::default();
        while let Some((name, IgnoredAny)) = map.next_entry()? {
            names.0.push(name);
        }
        Ok(names)
    }
}
