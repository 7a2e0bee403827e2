//! Names in the input: identifiers, databases, lifecycles.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// A name without control characters, so that printing it cannot change the terminal.
#[derive(Clone)]
pub(crate) struct Name(pub(super) Box<str>);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Both ranges have characters that change the direction of text.
        let odd = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.contains(odd) {
            return Err(format!("{text:?} has a control character, which no name in AWS has"));
        }
        Ok(Self(text.into()))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text { expected: "a string", read: Self::parse })
    }
}

/// Deserializes a string with this function.
pub(super) struct Text<F> {
    pub(super) expected: &'static str,
    pub(super) read: F,
}

impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}
