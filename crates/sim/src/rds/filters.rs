//! Filters of the operations that describe databases and snapshots.

use std::borrow::Cow;

use serde::Deserialize;

use super::identifiers::Arn;
use crate::call::Error;
use crate::questions::UnnamedErrors;

/// A filter of a request: the property must have one of the values.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    pub(super) name: String,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// The property of an item that a filter compares with its values.
pub(super) enum Property<'a> {
    Text(Cow<'a, str>),
    /// A resource, which a value names by its identifier or by its whole ARN.
    Resource(Arn),
    /// The item has no such property.
    None,
}

impl<'a> Property<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// "Filter values are case-sensitive" (`Filter`).
    fn is(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Resource(arn) => arn.is(value),
            Self::None => false,
        }
    }
}

/// Whether an item passes all filters. `property` returns the property of the item that a filter is for.
pub(super) fn passes<'a>(filters: &[Filter], property: impl Fn(&str) -> Option<Property<'a>>) -> Result<bool, Error> {
    for Filter { name, values } in filters {
        let property = property(name).ok_or_else(|| unknown(name))?;
        if !values.iter().any(|value| property.is(value)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses filters that an operation does not have, and filters without a value: "one or more filter values" (`Filter`).
/// The code for the latter is the world's answer to `unnamed-errors`.
pub(super) fn check(answer: UnnamedErrors, filters: &[Filter], known: &[&str]) -> Result<(), Error> {
    if let Some(filter) = filters.iter().find(|filter| !known.contains(&filter.name.as_str())) {
        return Err(unknown(&filter.name));
    }
    match filters.iter().find(|filter| filter.values.is_empty()) {
        Some(filter) => {
            let message = format!("The list of values for the filter {} must not be empty.", filter.name);
            Err(Error::new(unnamed_code(answer), message))
        }
        None => Ok(()),
    }
}

/// RDS's code for a request that is refused by a text that does not name the code.
pub(super) fn unnamed_code(answer: UnnamedErrors) -> &'static str {
    match answer {
        UnnamedErrors::AsMoto => "InvalidParameterCombination",
        UnnamedErrors::Common => "InvalidParameterValue",
    }
}

fn unknown(name: &str) -> Error {
    Error::new("InvalidParameterValue", format!("Unrecognized filter name: {name}"))
}
