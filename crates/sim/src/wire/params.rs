//! Parameters of the query protocol: `Tags.Tag.1.Key=team&Tags.Tag.1.Value=shop` is parsed into a tree, which is
//! deserialized into the input structure of an operation.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// The tree of parameters, by the parts of their dotted names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Params {
    Text(String),
    Members(BTreeMap<String, Params>),
}

impl Params {
    /// Parses a form.
    pub(crate) fn parse(form: &[u8]) -> Self {
        let mut root = BTreeMap::new();
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let [name, value] = [(); 2].map(|()| decode(halves.next().unwrap_or_default()));
            put(&mut root, &name, value);
        }
        Self::Members(root)
    }

    /// Removes and returns a parameter that does not belong to the operation's input.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        match self {
            Self::Members(members) => match members.remove(name) {
                Some(Self::Text(text)) => Some(text),
                _ => None,
            },
            Self::Text(_) => None,
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

fn put(members: &mut BTreeMap<String, Params>, name: &str, value: String) {
    match name.split_once('.') {
        None => {
            members.insert(name.to_owned(), Params::Text(value));
        }
        Some((first, rest)) => {
            let inner = members.entry(first.to_owned()).or_insert_with(|| Params::Members(BTreeMap::new()));
            if let Params::Members(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Decodes percent-encoding. Some clients encode a space as `+`, others as `%20`.
fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let encoded = after.first_chunk().filter(|_| *first == b'%').and_then(|hex: &[u8; 2]| from_hex(*hex));
        bytes.push(encoded.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if encoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn from_hex(hex: [u8; 2]) -> Option<u8> {
    let [high, low] = hex.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// The reason why parameters cannot be deserialized.
#[derive(Debug)]
pub(crate) enum ParamsError {
    Missing(&'static str),
    Invalid(String),
}

impl fmt::Display for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the parameter {name} is missing"),
            Self::Invalid(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ParamsError {}

impl de::Error for ParamsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Invalid(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

impl IntoDeserializer<'_, ParamsError> for Params {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Text is parsed into the type that the structure expects.
macro_rules! parse_text {
    ($($method:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
            match self {
                Params::Text(text) => match text.parse() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(de::Error::invalid_value(de::Unexpected::Str(&text), &visitor)),
                },
                Params::Members(_) => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Params {
    type Error = ParamsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            Self::Members(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    parse_text! {
        deserialize_bool visit_bool,
        deserialize_i32 visit_i32,
        deserialize_i64 visit_i64,
        deserialize_u32 visit_u32,
        deserialize_u64 visit_u64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_some(self)
    }

    /// `Tag.1`, `Tag.2`, … below the list's name. An empty list is sent as an empty text.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        let mut items: Vec<(u32, Params)> = match self {
            Self::Text(_) => Vec::new(),
            Self::Members(lists) => lists
                .into_values()
                .filter_map(|list| match list {
                    Self::Members(items) => Some(items),
                    Self::Text(_) => None,
                })
                .flatten()
                .map(|(number, item)| {
                    Ok((
                        number.parse().map_err(|_| ParamsError::Invalid(format!("{number} is not a list index")))?,
                        item,
                    ))
                })
                .collect::<Result<_, ParamsError>>()?,
        };
        items.sort_by_key(|(number, _)| *number);
        visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(|(_, item)| item)))
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
