//! The properties of a resource, read one by one. A property that was not read at the end is unknown, and refused.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::path_error::{PathError, text_of};

/// The properties of a resource or of one of its parts, with all functions resolved.
pub(super) struct Properties(Map<String, Value>);

impl Properties {
    pub(super) fn read(value: Value) -> Result<Self, PathError> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            Value::Null => Ok(Self(Map::new())),
            other => Err(PathError::new(format!("expected an object, got {other}"))),
        }
    }

    pub(super) fn json(&mut self, name: &str) -> Result<Value, PathError> {
        self.0.remove(name).ok_or_else(|| PathError::new("missing").within(name))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, PathError> {
        self.optional_text(name)?.ok_or_else(|| PathError::new("missing").within(name))
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, PathError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        text_of(&value).map(Some).ok_or_else(|| PathError::new(format!("expected a text, got {value}")).within(name))
    }

    /// A number or a boolean. CloudFormation accepts it as text, too.
    pub(super) fn optional<N: FromStr>(&mut self, name: &str) -> Result<Option<N>, PathError> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| PathError::new(format!("invalid value \"{text}\"")).within(name))
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, PathError> {
        let Some(value) = self.0.remove(name) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|list| list.iter().map(text_of).collect());
        texts.ok_or_else(|| PathError::new(format!("expected a list of texts, got {value}")).within(name))
    }

    /// An object whose values are texts.
    pub(super) fn text_map(&mut self, name: &str) -> Result<Vec<(String, String)>, PathError> {
        let Some(value) = self.0.remove(name) else { return Ok(Vec::new()) };
        let Value::Object(map) = value else {
            return Err(PathError::new(format!("expected an object, got {value}")).within(name));
        };
        map.into_iter()
            .map(|(key, value)| {
                let text =
                    text_of(&value).ok_or_else(|| PathError::new("expected a text").within(&key).within(name))?;
                Ok((key, text))
            })
            .collect()
    }

    /// A nested object. `read` must read all of its properties.
    pub(super) fn nested<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<T, PathError>,
    ) -> Result<Option<T>, PathError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        Self::read_all(value, read).map(Some).map_err(|error| error.within(name))
    }

    /// A list of nested objects.
    pub(super) fn nested_list<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Self) -> Result<T, PathError>,
    ) -> Result<Vec<T>, PathError> {
        let list = match self.0.remove(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(PathError::new(format!("expected a list, got {other}")).within(name)),
        };
        let one = |(nth, value)| Self::read_all(value, &read).map_err(|error| error.within(nth).within(name));
        list.into_iter().enumerate().map(one).collect()
    }

    /// Reads an object and refuses properties that `read` has left.
    pub(super) fn read_all<T>(
        value: Value,
        read: impl FnOnce(&mut Self) -> Result<T, PathError>,
    ) -> Result<T, PathError> {
        let mut properties = Self::read(value)?;
        let value = read(&mut properties)?;
        match properties.0.keys().next() {
            None => Ok(value),
            Some(unknown) => Err(PathError::new("this property is not simulated").within(unknown)),
        }
    }

    /// Ignores all remaining properties: they have no effect in the simulation.
    pub(super) fn ignore_all(&mut self) {
        self.0.clear();
    }

    /// Ignores properties that have no effect in the simulation.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }
}
