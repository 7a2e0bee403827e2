//! What is wrong with a template, and where in it.

use serde_json::Value;

/// Something that is wrong, with the way to it from inside out.
#[derive(Debug)]
pub(super) struct PathError {
    path: Vec<String>,
    why: String,
}

impl PathError {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { path: Vec::new(), why: why.into() }
    }

    /// It is inside of this.
    pub(super) fn within(mut self, name: impl ToString) -> Self {
        self.path.push(name.to_string());
        self
    }

    /// `FunctionRole.Policies.0: why`, in this template.
    pub(super) fn in_template(self, template: &str) -> super::Error {
        let path: Vec<_> = self.path.into_iter().rev().collect();
        let separator = if path.is_empty() { "" } else { ": " };
        super::Error(format!("{template}: {}{separator}{}", path.join("."), self.why))
    }
}

/// What CloudFormation takes for a text: it turns numbers and booleans into texts where it needs some.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
