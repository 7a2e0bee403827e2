//! Parameters of a template, and which values they accept.

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::path_error::{PathError, text_of};

/// A parameter, as its template declares it.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    parameter_type: ParameterType,
    default: Option<String>,
    /// The pattern, as text and compiled to match the whole value: "the pattern must match the entire parameter value
    /// provided. When applied to a parameter of type CommaDelimitedList, the pattern must match each value in the list"
    /// (user guide, *Parameters*).
    pattern: Option<(String, Regex)>,
    allowed: Option<Vec<String>>,
    length: (Option<usize>, Option<usize>),
    value: (Option<f64>, Option<f64>),
    /// `ConstraintDescription`: the message in place of the violated constraint.
    constraint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParameterType {
    Text,
    Number,
    List,
    Numbers,
}

impl ParameterType {
    fn read(text: &str) -> Result<Self, PathError> {
        match text {
            "String" => Ok(Self::Text),
            "Number" => Ok(Self::Number),
            "CommaDelimitedList" => Ok(Self::List),
            "List<Number>" => Ok(Self::Numbers),
            other => Err(PathError::new(format!("parameters of the type {other} are not simulated"))),
        }
    }
}

impl Parameter {
    pub(super) fn read(declared: &Map<String, Value>) -> Result<Self, PathError> {
        let mut it = Self {
            parameter_type: ParameterType::Text,
            default: None,
            pattern: None,
            allowed: None,
            length: (None, None),
            value: (None, None),
            constraint: None,
        };
        for (key, value) in declared {
            it.set(key, value).map_err(|error| error.within(key))?;
        }
        if declared.contains_key("Type") { Ok(it) } else { Err(PathError::new("missing Type")) }
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), PathError> {
        if key == "AllowedValues" {
            let values = value.as_array().and_then(|values| values.iter().map(text_of).collect());
            self.allowed = Some(values.ok_or_else(|| PathError::new("expected a list of texts"))?);
            return Ok(());
        }
        let text = text_of(value).ok_or_else(|| PathError::new(format!("expected a text, got {value}")))?;
        match key {
            "Type" => self.parameter_type = ParameterType::read(&text)?,
            "Default" => self.default = Some(text),
            "AllowedPattern" => {
                let whole = Regex::new(&format!("^(?:{text})$")).map_err(|error| PathError::new(error.to_string()))?;
                self.pattern = Some((text, whole));
            }
            "MinLength" => self.length.0 = Some(number(&text)?),
            "MaxLength" => self.length.1 = Some(number(&text)?),
            "MinValue" => self.value.0 = Some(number(&text)?),
            "MaxValue" => self.value.1 = Some(number(&text)?),
            "ConstraintDescription" => self.constraint = Some(text),
            "Description" | "NoEcho" => {}
            _ => return Err(PathError::new("unknown key")),
        }
        Ok(())
    }

    /// The value that `Ref` returns: a text or a list of texts. Numbers are texts too.
    pub(super) fn value(&self, given: Option<&String>) -> Result<Value, PathError> {
        let text = given
            .or(self.default.as_ref())
            .ok_or_else(|| PathError::new("no value was given and there is no default"))?;
        if !matches!(self.parameter_type, ParameterType::List | ParameterType::Numbers) {
            self.check(text)?;
            return Ok(text.as_str().into());
        }
        // "Any list elements are space trimmed" (user guide, *Parameters*: CommaDelimitedList).
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        items.iter().try_for_each(|item| self.check(item))?;
        Ok(items.into())
    }

    fn check(&self, text: &str) -> Result<(), PathError> {
        let refused = |must: String| {
            let must = self.constraint.clone().unwrap_or(must);
            Err(PathError::new(format!("invalid value \"{text}\": {must}")))
        };
        if let Some((pattern, whole)) = &self.pattern
            && !whole.is_match(text)
        {
            return refused(format!("it must match {pattern}"));
        }
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|allowed| allowed == text)
        {
            return refused(format!("it must be one of {}", allowed.join(", ")));
        }
        let length = text.chars().count();
        if self.length.0.is_some_and(|least| length < least) || self.length.1.is_some_and(|most| length > most) {
            return refused(format!("it has {length} characters"));
        }
        if matches!(self.parameter_type, ParameterType::Number | ParameterType::Numbers) {
            let Ok(number) = text.parse::<f64>() else { return refused("it must be a number".to_owned()) };
            let (least, most) = self.value;
            if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
                return refused("it is out of range".to_owned());
            }
        }
        Ok(())
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, PathError> {
    text.parse().map_err(|_| PathError::new(format!("expected a number, got {text}")))
}
