//! The file: YAML, in which each value has a place.
//!
//! Values are read as the text that stands there, whatever YAML would make of it: an account that begins with a zero is
//! no number, and `no` is a word.

use std::collections::BTreeSet;
use std::fmt;

use protocol::AccountId;
use retention::{Lifecycles, Rules};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_yaml::{Error, Spanned, UserMessageFormatter};

use crate::keys::{FLOOR, Key, LIFECYCLES, SOURCE_ACCTS};
use crate::{Config, near};

/// A key that has a value, and where the value stands.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) key: &'static str,
    pub(crate) line: u64,
    pub(crate) column: u64,
    value: Value,
}

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) what: String,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Accounts(BTreeSet<AccountId>),
    Floor(Rules),
    Lifecycles(Lifecycles),
}

/// What a file gives, in its order.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Given>, Wrong> {
    let text = str::from_utf8(bytes).map_err(|error| not_text(bytes.get(..error.valid_up_to()).unwrap_or_default()))?;
    // To look what a value is, serde has to make something of it, and of accounts that would be numbers. So whether they
    // are a list is asked first, and then they are read as what they are.
    let document = match serde_yaml::from_str::<Listed>(text) {
        Ok(_) => serde_yaml::from_str::<Option<Document<true>>>(text).map(|document| document.map(|all| all.0)),
        Err(_) => serde_yaml::from_str::<Option<Document<false>>>(text).map(|document| document.map(|all| all.0)),
    };
    document.map(Option::unwrap_or_default).map_err(|error| {
        let place = error.location();
        let (line, column) = place.map_or((1, 1), |place| (place.line(), place.column()));
        Wrong { line, column, what: said(&error) }
    })
}

/// What YAML says is wrong, without where.
pub(crate) fn said(error: &Error) -> String {
    let what = error.without_snippet().render_with_formatter(&UserMessageFormatter);
    let place = error.location().map(|place| format!(" at line {}, column {}", place.line(), place.column()));
    match place.and_then(|place| what.strip_suffix(&place)).unwrap_or(&what) {
        // The reader's words for what it was asked for.
        "expected string scalar" => "one value is expected here, and this is none".to_owned(),
        "expected mapping start" => "keys and values are expected here, like `AWS_REGION: eu-west-1`".to_owned(),
        // What is quoted in them may be anything.
        what => what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
    }
}

fn not_text(before: &[u8]) -> Wrong {
    let before = String::from_utf8_lossy(before);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Wrong {
        line: before.matches('\n').count() as u64 + 1,
        column: line.chars().count() as u64 + 1,
        what: "what stands here is not UTF-8".to_owned(),
    }
}

impl Given {
    pub(crate) fn put(self, config: &mut Config) -> Result<(), String> {
        match self.value {
            Value::Text(text) => Key::named(self.key).map_or(Ok(()), |key| key.put(&text, config))?,
            Value::Accounts(accounts) => config.source_accts = accounts.into_iter().collect(),
            Value::Floor(floor) => config.floor = floor,
            Value::Lifecycles(lifecycles) => config.lifecycles = lifecycles,
        }
        Ok(())
    }
}

/// A file in which the accounts are a list.
#[derive(serde::Deserialize)]
struct Listed {
    #[serde(rename = "SOURCE_ACCTS")]
    _accounts: Vec<IgnoredAny>,
}

struct Document<const LISTED: bool>(Vec<Given>);

impl<'de, const LISTED: bool> Deserialize<'de> for Document<LISTED> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys::<LISTED>)
    }
}

struct Keys<const LISTED: bool>;

impl<'de, const LISTED: bool> Visitor<'de> for Keys<LISTED> {
    type Value = Document<LISTED>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values, like `AWS_REGION: eu-west-1`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Name(key)) = map.next_key()? {
            let given = match key {
                LIFECYCLES => next(&mut map, key, Value::Lifecycles)?,
                FLOOR => next(&mut map, key, Value::Floor)?,
                SOURCE_ACCTS if LISTED => next(&mut map, key, Value::Accounts)?,
                _ => next(&mut map, key, Value::Text)?,
            };
            all.extend(given);
        }
        // What is blank is not set, as in the environment.
        all.retain(|given| !matches!(&given.value, Value::Text(text) if text.trim().is_empty()));
        Ok(Document(all))
    }
}

/// The value of a key, if there stands one.
fn next<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    key: &'static str,
    value: fn(T) -> Value,
) -> Result<Option<Given>, A::Error> {
    let next: Option<Spanned<T>> = map.next_value()?;
    Ok(next.map(|next| Given {
        key,
        line: next.referenced.line(),
        column: next.referenced.column(),
        value: value(next.value),
    }))
}

/// The name of a key.
struct Name(&'static str);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Naming)
    }
}

struct Naming;

impl Visitor<'_> for Naming {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key, like `AWS_REGION`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
        let known = Key::named(text).map(|key| key.name).or((text == LIFECYCLES).then_some(LIFECYCLES));
        known.map(Name).ok_or_else(|| {
            let meant = near::meant(text).map_or("config.yaml.sample has all that there are".to_owned(), |meant| {
                format!("did you mean {meant}?")
            });
            E::custom(format_args!("there is no key {text:?}; {meant}"))
        })
    }
}
