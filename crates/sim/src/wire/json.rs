//! Bodies of the JSON protocol.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::read::{MemberValue, Number};
use crate::call::Error;

/// Parses a body. serde_json would take the last of two members with the same name.
pub(super) fn parse(body: &[u8]) -> Result<Value, Error> {
    let mut twice = None;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = Unique(&mut twice).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    let value = parsed.map_err(|error| Error::new("SerializationException", error.to_string()))?;
    match twice {
        None => Ok(value),
        Some(name) => Err(Error::not_simulated(format!("a request with the member {name} twice"))),
    }
}

/// Deserializes any value, and notes the name of a member that is there twice.
struct Unique<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Unique(self.0))? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Unique(self.0))?;
            if all.insert(name.clone(), value).is_some() {
                self.0.get_or_insert(name);
            }
        }
        Ok(all.into())
    }
}

impl MemberValue for Value {
    fn form(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::String(_) => "a text",
            Self::Array(_) => "a list",
            Self::Object(_) => "members",
        }
    }

    fn is_null(&self) -> bool {
        Self::is_null(self)
    }

    fn text(self) -> Result<String, Self> {
        match self {
            Self::String(text) => Ok(text),
            other => Err(other),
        }
    }

    fn flag(&self) -> Option<bool> {
        self.as_bool()
    }

    fn number(&self) -> Option<Number> {
        let Self::Number(number) = self else { return None };
        let signed = number.as_i64().map(Number::Signed);
        signed.or_else(|| number.as_u64().map(Number::Unsigned)).or_else(|| number.as_f64().map(Number::Fraction))
    }

    fn items(self, path: &str) -> Result<Vec<Self>, String> {
        match self {
            Self::Array(items) => Ok(items),
            other => Err(format!("the parameter {path} with {} instead of a list", other.form())),
        }
    }

    fn members(self) -> Result<Vec<(String, Self)>, Self> {
        match self {
            Self::Object(members) => Ok(members.into_iter().collect()),
            other => Err(other),
        }
    }
}
