//! Parses a template: its sections, and the allowed keys of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::parameter::Parameter;
use super::path_error::{PathError, text_of};
use super::{Error, yaml};

/// A CloudFormation template.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) name: String,
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) mappings: Map<String, Value>,
    pub(super) conditions: Map<String, Value>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) outputs: BTreeMap<String, Output>,
}

/// A resource as the template declares it.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) condition: Option<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) properties: Value,
}

#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) condition: Option<String>,
    pub(super) value: Value,
}

impl Template {
    /// Parses a template in YAML or JSON. Error messages begin with `name`.
    ///
    /// # Errors
    /// If the text is not a template or uses an element that is not simulated.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let sections = yaml::read(text).map_err(|message| PathError::new(message).in_template(name))?;
        Self::read(name, sections).map_err(|error| error.in_template(name))
    }

    fn read(name: &str, sections: Value) -> Result<Self, PathError> {
        let mut template = Self {
            name: name.to_owned(),
            parameters: BTreeMap::new(),
            mappings: Map::new(),
            conditions: Map::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
        };
        for (section, content) in map(sections)? {
            match section.as_str() {
                "AWSTemplateFormatVersion" if content != "2010-09-09" => {
                    return Err(PathError::new("only the version 2010-09-09 is supported").within(section));
                }
                "AWSTemplateFormatVersion" | "Description" | "Metadata" => {}
                "Parameters" => template.parameters = read_entries(&section, content, |it| Parameter::read(&it))?,
                "Mappings" => template.mappings = map(content).map_err(|error| error.within(&section))?,
                "Conditions" => template.conditions = map(content).map_err(|error| error.within(&section))?,
                "Resources" => template.resources = read_entries(&section, content, Resource::read)?,
                "Outputs" => template.outputs = read_entries(&section, content, Output::read)?,
                _ => return Err(PathError::new("this section is not simulated").within(section)),
            }
        }
        if template.resources.is_empty() {
            return Err(PathError::new("the template has no resources"));
        }
        Ok(template)
    }
}

impl Resource {
    fn read(written: Map<String, Value>) -> Result<Self, PathError> {
        let mut it = Self { kind: String::new(), condition: None, depends_on: Vec::new(), properties: Value::Null };
        for (key, value) in written {
            let text = || text_of(&value).ok_or_else(|| PathError::new("expected a text").within(&key));
            match key.as_str() {
                "Type" => it.kind = text()?,
                "Condition" => it.condition = Some(text()?),
                "DependsOn" => {
                    let list =
                        if let Value::Array(list) = &value { list.as_slice() } else { std::slice::from_ref(&value) };
                    let names: Option<_> = list.iter().map(text_of).collect();
                    it.depends_on = names.ok_or_else(|| PathError::new("expected names of resources").within(&key))?;
                }
                "Properties" => it.properties = value,
                // These take effect when a stack is updated or deleted, which is not simulated.
                "Metadata" | "DeletionPolicy" | "UpdateReplacePolicy" => {}
                _ => return Err(PathError::new("this key is not simulated").within(key)),
            }
        }
        if it.kind.is_empty() { Err(PathError::new("missing Type")) } else { Ok(it) }
    }
}

impl Output {
    fn read(written: Map<String, Value>) -> Result<Self, PathError> {
        let mut it = Self { condition: None, value: Value::Null };
        for (key, value) in written {
            match key.as_str() {
                "Value" => it.value = value,
                "Condition" => it.condition = text_of(&value),
                "Description" => {}
                _ => return Err(PathError::new("this key is not simulated").within(key)),
            }
        }
        Ok(it)
    }
}

fn map(value: Value) -> Result<Map<String, Value>, PathError> {
    if let Value::Object(map) = value { Ok(map) } else { Err(PathError::new("expected an object")) }
}

fn read_entries<T>(
    section: &str,
    content: Value,
    read: impl Fn(Map<String, Value>) -> Result<T, PathError>,
) -> Result<BTreeMap<String, T>, PathError> {
    let content = map(content).map_err(|error| error.within(section))?;
    let one = |(name, written): (String, Value)| {
        let read = map(written).and_then(&read).map_err(|error| error.within(&name).within(section));
        Ok((name, read?))
    };
    content.into_iter().map(one).collect()
}
