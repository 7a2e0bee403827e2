//! The fields of one object of a definition. Readers take the fields that they support; remaining fields are an error.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::language::{Placement, Selection};
use super::path::Path;
use super::template::Template;

/// An error in a definition, with its location.
#[derive(Debug)]
pub(super) struct DefinitionError {
    pub(super) at: String,
    pub(super) message: String,
}

/// The fields of an object that have not been read yet.
pub(super) struct Fields<'a> {
    at: String,
    left: Map<String, Value>,
    all: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(json: &'a Value, at: String) -> Result<Self, DefinitionError> {
        match json {
            Value::Object(all) => Ok(Self { at, left: all.clone(), all }),
            _ => Err(DefinitionError { at, message: "An object is expected".to_owned() }),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.left.remove(name)?;
        self.all.get(name)
    }

    /// A required field.
    pub(super) fn text(&mut self, name: &str) -> Result<String, DefinitionError> {
        match self.text_if(name)? {
            Some(text) => Ok(text),
            None => self.refuse("", &format!("These fields are required: [{name}]")),
        }
    }

    pub(super) fn text_if(&mut self, name: &str) -> Result<Option<String>, DefinitionError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => self.refuse(name, "A string is expected"),
        }
    }

    /// An optional integer within limits.
    pub(super) fn count(&mut self, name: &str, limits: RangeInclusive<u64>) -> Result<Option<u64>, DefinitionError> {
        match self.take(name).map(|value| value.as_u64().filter(|count| limits.contains(count))) {
            None => Ok(None),
            Some(Some(count)) => Ok(Some(count)),
            Some(None) => {
                self.refuse(name, &format!("An integer from {} to {} is expected", limits.start(), limits.end()))
            }
        }
    }

    /// An optional field for which only one value is supported.
    pub(super) fn only(&mut self, name: &str, expected: &str) -> Result<(), DefinitionError> {
        match self.text_if(name)? {
            Some(other) if other != expected => {
                self.refuse(name, &format!("This simulation has only '{expected}', not '{other}'"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn path(&mut self, name: &str) -> Result<Option<Path>, DefinitionError> {
        match self.text_if(name)?.map(|text| Path::parse(&text)) {
            None => Ok(None),
            Some(Ok(path)) => Ok(Some(path)),
            Some(Err(error)) => self.refuse(name, &error),
        }
    }

    pub(super) fn selection(&mut self, name: &str) -> Result<Selection, DefinitionError> {
        if self.all.get(name) == Some(&Value::Null) {
            self.take(name);
            return Ok(Selection::Nothing);
        }
        Ok(self.path(name)?.map_or(Selection::Everything, Selection::At))
    }

    /// `ResultPath`
    pub(super) fn placement(&mut self) -> Result<Placement, DefinitionError> {
        match self.selection("ResultPath")? {
            Selection::Everything => Ok(Placement::Replace),
            Selection::Nothing => Ok(Placement::Discard),
            Selection::At(path) if path.is_root() => Ok(Placement::Replace),
            Selection::At(path) if path.is_in_context() => {
                self.refuse("ResultPath", "The context object cannot be written to")
            }
            Selection::At(path) => Ok(Placement::At(path)),
        }
    }

    pub(super) fn template(&mut self, name: &str) -> Result<Option<Template>, DefinitionError> {
        match self.take(name) {
            None => Ok(None),
            Some(json @ Value::Object(_)) => match Template::parse(json) {
                Ok(template) => Ok(Some(template)),
                Err(error) => self.refuse(name, &error),
            },
            Some(_) => self.refuse(name, "An object is expected"),
        }
    }

    /// A list of objects. `read` is called with the fields of each and whether it is the last one.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Fields<'_>, bool) -> Result<T, DefinitionError>,
    ) -> Result<Option<Vec<T>>, DefinitionError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let Some(elements) = value.as_array() else { return self.refuse(name, "An array is expected") };
        let element = |(index, json): (usize, &Value)| {
            let mut fields = Fields::of(json, format!("{}/{name}[{index}]", self.at))?;
            let element = read(&mut fields, index + 1 == elements.len())?;
            fields.end()?;
            Ok(element)
        };
        elements.iter().enumerate().map(element).collect::<Result<_, _>>().map(Some)
    }

    /// The fields of a nested object.
    pub(super) fn object(&mut self, name: &str) -> Result<Fields<'a>, DefinitionError> {
        match self.take(name) {
            Some(json) => Fields::of(json, format!("{}/{name}", self.at)),
            None => self.refuse("", &format!("These fields are required: [{name}]")),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.all.keys().map(String::as_str)
    }

    pub(super) fn refuse<T>(&self, field: &str, message: &str) -> Result<T, DefinitionError> {
        let at = if field.is_empty() { self.at.clone() } else { format!("{}/{field}", self.at) };
        Err(DefinitionError { at, message: message.to_owned() })
    }

    /// Checks that no fields remain, except comments and the only supported query language.
    pub(super) fn end(mut self) -> Result<(), DefinitionError> {
        self.text_if("Comment")?;
        self.only("QueryLanguage", "JSONPath")?;
        match self.left.keys().next() {
            None => Ok(()),
            Some(field) => self.refuse("", &format!("This simulation has no field '{field}' here")),
        }
    }
}
