//! An error in a template, with its path.

use serde_json::Value;

/// An error, with its path from the innermost element outwards.
#[derive(Debug)]
pub(super) struct PathError {
    path: Vec<String>,
    message: String,
}

impl PathError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into() }
    }

    /// Adds an enclosing element to the path.
    pub(super) fn within(mut self, name: impl ToString) -> Self {
        self.path.push(name.to_string());
        self
    }

    /// Adds the name of the template: `t.yaml: FunctionRole.Policies.0: reason`.
    pub(super) fn in_template(self, template: &str) -> super::Error {
        let path: Vec<_> = self.path.into_iter().rev().collect();
        let separator = if path.is_empty() { "" } else { ": " };
        super::Error(format!("{template}: {}{separator}{}", path.join("."), self.message))
    }
}

/// A value as text. CloudFormation converts numbers and booleans where it requires text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
