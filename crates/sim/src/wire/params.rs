//! Parameters of the query protocol: `Tags.Tag.1.Key=team&Tags.Tag.1.Value=shop` is parsed into a tree, which is
//! read into the input structure of an operation. No parameter is dropped: two that exclude each other are an error.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::read::{MemberValue, Number};
use crate::call::{Error, Service};

/// The tree of parameters, by the parts of their dotted names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Params {
    Text(String),
    Members(BTreeMap<String, Params>),
}

impl Params {
    /// Parses a form.
    pub(crate) fn parse(form: &[u8]) -> Result<Self, Error> {
        let mut root = Self::Members(BTreeMap::new());
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let [name, value] = [(); 2].map(|()| decode(halves.next().unwrap_or_default()));
            let (Some(name), Some(value)) = (name, value) else {
                let pair = String::from_utf8_lossy(pair);
                return Err(Error::not_simulated(format!("a parameter that is not percent-encoded UTF-8: {pair}")));
            };
            let put = root.put(&name, value);
            put.ok_or_else(|| Error::not_simulated(format!("the parameter {name} twice, or in two forms")))?;
        }
        Ok(root)
    }

    /// Adds a parameter. `None`: it is there already.
    fn put(&mut self, name: &str, value: String) -> Option<()> {
        let Self::Members(members) = self else { return None };
        match name.split_once('.') {
            None => match members.entry(name.to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(Self::Text(value));
                    Some(())
                }
                Entry::Occupied(_) => None,
            },
            Some((first, rest)) => {
                members.entry(first.to_owned()).or_insert_with(|| Self::Members(BTreeMap::new())).put(rest, value)
            }
        }
    }

    /// Removes and returns a parameter that does not belong to the operation's input.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Members(members) => members.remove(name),
            Self::Text(_) => None,
        }
    }

    /// The same for a parameter that must be a text.
    pub(super) fn take_text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Self::Text(text)) => Ok(Some(text)),
            Some(Self::Members(_)) => Err(Error::not_simulated(format!("the parameter {name} with members"))),
        }
    }

    /// Renames a parameter.
    pub(crate) fn rename(&mut self, name: &str, new: &str) {
        if let (Some(value), Self::Members(members)) = (self.take(name), self) {
            members.insert(new.to_owned(), value);
        }
    }

    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self {
            Self::Members(members) => match members.get(name)? {
                Self::Text(text) => Some(text),
                Self::Members(_) => None,
            },
            Self::Text(_) => None,
        }
    }

    /// The subtree at this path of names.
    pub(crate) fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |params, name| match params {
            Self::Members(members) => members.get(*name),
            Self::Text(_) => None,
        })
    }
}

/// Decodes a form. Some clients encode a space as `+`, others as `%20`. `None` if the text is not valid.
fn decode(text: &[u8]) -> Option<String> {
    decode_percent(text, true)
}

/// Decodes percent-encoding, and plus signs as spaces if they are.
pub(super) fn decode_percent(text: &[u8], plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let (hex, after) = after.split_first_chunk()?;
                bytes.push(from_hex(*hex)?);
                rest = after;
            }
            b'+' if plus_is_space => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn from_hex(hex: [u8; 2]) -> Option<u8> {
    let [high, low] = hex.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// The element names of lists and maps in requests, as in AWS's models. Elements of other lists are named `member`.
const ELEMENTS: &[(Service, &str, &str)] = &[
    (Service::Rds, "AvailabilityZones", "AvailabilityZone"),
    (Service::Rds, "EventCategories", "EventCategory"),
    (Service::Rds, "Filters", "Filter"),
    (Service::Rds, "OptionSettings", "OptionSetting"),
    (Service::Rds, "OptionsToInclude", "OptionConfiguration"),
    (Service::Rds, "Parameters", "Parameter"),
    (Service::Rds, "SourceIds", "SourceId"),
    (Service::Rds, "SubnetIds", "SubnetIdentifier"),
    (Service::Rds, "Tags", "Tag"),
    (Service::Rds, "Values", "Value"),
    (Service::Rds, "VpcSecurityGroupIds", "VpcSecurityGroupId"),
    (Service::Rds, "ValuesToAdd", "AttributeValue"),
    (Service::Rds, "ValuesToRemove", "AttributeValue"),
    (Service::Sns, "Attributes", "entry"),
    (Service::Sns, "MessageAttributes", "entry"),
];

/// A parameter of a request to this service.
pub(crate) struct Query(pub(crate) Service, pub(crate) Params);

impl MemberValue for Query {
    fn form(&self) -> &'static str {
        match self.1 {
            Params::Text(_) => "a text",
            Params::Members(_) => "members",
        }
    }

    fn is_null(&self) -> bool {
        false
    }

    fn text(self) -> Result<String, Self> {
        match self {
            Self(_, Params::Text(text)) => Ok(text),
            other => Err(other),
        }
    }

    fn flag(&self) -> Option<bool> {
        match &self.1 {
            Params::Text(text) => text.parse().ok(),
            Params::Members(_) => None,
        }
    }

    fn number(&self) -> Option<Number> {
        match &self.1 {
            Params::Text(text) => text.parse().map(Number::Signed).or_else(|_| text.parse().map(Number::Unsigned)).ok(),
            Params::Members(_) => None,
        }
    }

    /// `Tags.Tag.1`, `Tags.Tag.2` and so on, without a gap. An empty list is sent as an empty text.
    fn items(self, path: &str) -> Result<Vec<Self>, String> {
        let Self(service, params) = self;
        let mut lists = match params {
            Params::Text(text) if text.is_empty() => return Ok(Vec::new()),
            Params::Text(_) => return Err(format!("the parameter {path} with a text instead of a list")),
            Params::Members(lists) => lists,
        };
        let name = path.rsplit('.').next().unwrap_or_default();
        let found = ELEMENTS.iter().find(|(of, list, _)| (*of, *list) == (service, name));
        let element = found.map_or("member", |(_, _, element)| element);
        let items = lists.remove(element);
        if let Some((other, _)) = lists.pop_first() {
            return Err(format!("the parameter {path}.{other}: the items are named {path}.{element}.1 and so on"));
        }
        let mut items = match items {
            Some(Params::Members(items)) => items,
            _ => return Err(format!("the parameter {path}.{element} with a text instead of numbered items")),
        };
        let count = items.len();
        let numbered = (1..=count).map_while(|nth| items.remove(&nth.to_string())).map(|item| Self(service, item));
        let numbered = numbered.collect();
        match items.pop_first() {
            None => Ok(numbered),
            Some((other, _)) => {
                Err(format!("the parameter {path}.{element}.{other}: items are numbered from 1 without a gap"))
            }
        }
    }

    fn members(self) -> Result<Vec<(String, Self)>, Self> {
        let Self(service, params) = self;
        match params {
            Params::Members(members) => {
                Ok(members.into_iter().map(|(name, value)| (name, Self(service, value))).collect())
            }
            text @ Params::Text(_) => Err(Self(service, text)),
        }
    }
}
