//! The change of a property of a resource.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_cloudformation::types::{
    ChangeSource, EvaluationType, RequiresRecreation, ResourceAttribute, ResourceChange, ResourceTargetDefinition,
};

/// Longer values are cut at their end. Lifecycles are JSON of any length.
const MAX_VALUE: usize = 60;
/// The number of characters of the common prefix of two long values that are shown.
const CONTEXT: usize = 12;

/// The prefix of the path of a property.
const PROPERTIES: &str = "/Properties/";

/// The change of a property.
#[derive(Default)]
pub(super) struct Property {
    replacement: Replacement,
    /// The old and the new value.
    values: Option<String>,
    /// It changes in any case, and not only if an attribute changes that it refers to.
    certain: bool,
    /// The attributes of other resources that it refers to: `Function.Arn`.
    refers_to: BTreeSet<String>,
}

/// Whether the change of a property requires a replacement of the resource.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Replacement {
    #[default]
    Never,
    Conditionally,
    Always,
}

impl Property {
    /// Whether the resource is replaced if this property changes.
    pub(super) fn may_replace(&self) -> bool {
        self.replacement != Replacement::Never
    }

    /// The attributes of other resources on which a replacement depends; `None` if it does not depend on these alone.
    pub(super) fn conditional_causes(&self) -> Option<&BTreeSet<String>> {
        let depends_on_others = !self.certain && !self.refers_to.is_empty();
        (depends_on_others && self.replacement == Replacement::Always).then_some(&self.refers_to)
    }
}

/// The properties of a resource that change. CloudFormation lists a property once for each cause: a parameter, a reference, the
/// template. Here it is listed once.
pub(super) fn properties(change: &ResourceChange) -> Vec<(String, Property)> {
    let mut all: BTreeMap<String, Property> = BTreeMap::new();
    for detail in change.details() {
        let Some((name, target)) = detail.target().and_then(|target| Some((name(target)?, target))) else { continue };
        let property = all.entry(name).or_default();
        property.replacement = property.replacement.max(match target.requires_recreation() {
            Some(RequiresRecreation::Always) => Replacement::Always,
            Some(RequiresRecreation::Conditionally) => Replacement::Conditionally,
            _ => Replacement::Never,
        });
        let values = (target.before_value().is_some() || target.after_value().is_some())
            .then(|| before_and_after(target.before_value(), target.after_value()));
        property.values = property.values.take().or(values);
        let is_reference =
            matches!(detail.change_source(), Some(ChangeSource::ResourceAttribute | ChangeSource::ResourceReference));
        match detail.causing_entity() {
            Some(other) if is_reference && detail.evaluation() == Some(&EvaluationType::Dynamic) => {
                property.refers_to.insert(other.to_owned());
            }
            _ => property.certain = true,
        }
    }
    // A property whose parts are listed is left out.
    let names: Vec<String> = all.keys().cloned().collect();
    let has_parts = |name: &str| names.iter().any(|other| other.starts_with(&format!("{name}.")));
    all.into_iter().filter(|(name, _)| !has_parts(name)).collect()
}

/// `Code.S3ObjectVersion` if CloudFormation returns the path, else `Code`.
fn name(target: &ResourceTargetDefinition) -> Option<String> {
    match (target.path(), target.name(), target.attribute()) {
        (Some(path), ..) if path.starts_with(PROPERTIES) => Some(path[PROPERTIES.len()..].replace('/', ".")),
        (_, Some(name), _) => Some(name.to_owned()),
        (_, None, Some(ResourceAttribute::Properties) | None) => None,
        (_, None, Some(attribute)) => Some(attribute.to_string()),
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<&str> = self.refers_to.iter().map(String::as_str).collect();
        let condition = if self.certain || others.is_empty() { None } else { Some(others.join(" or ")) };
        match (self.replacement, condition) {
            (Replacement::Always, None) => write!(f, " (requires replacement)")?,
            (Replacement::Always, Some(others)) => write!(f, " (requires replacement if {others} changes)")?,
            (Replacement::Conditionally, _) => write!(f, " (may require replacement)")?,
            (Replacement::Never, Some(others)) => write!(f, " (if {others} changes)")?,
            (Replacement::Never, None) => {}
        }
        self.values.as_ref().map_or(Ok(()), |values| write!(f, ": {values}"))
    }
}

/// The old and the new value in short form.
pub(super) fn before_and_after(before: Option<&str>, after: Option<&str>) -> String {
    let (before, after) = (before.map(line), after.map(line));
    // The common prefix of two long values is left out, or both would look the same.
    let common = match (&before, &after) {
        (Some(before), Some(after)) if before.chars().count().max(after.chars().count()) > MAX_VALUE => {
            let common = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
            common.saturating_sub(CONTEXT)
        }
        _ => 0,
    };
    let shown = |value: Option<String>| match value.as_deref() {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) if common > 0 => format!("…{}", short(&value.chars().skip(common).collect::<String>())),
        Some(value) => short(value),
    };
    format!("{} → {}", shown(before), shown(after))
}

/// Policies and dashboards have many lines.
pub(super) fn line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn short(value: &str) -> String {
    match value.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_lose_their_common_prefix() {
        let (one, other) = (format!("{{{}1}}", "é".repeat(100)), format!("{{{}2}}", "é".repeat(100)));
        assert_eq!(before_and_after(None, Some(&one)), format!("none → {{{}…", "é".repeat(MAX_VALUE - 1)));
        assert_eq!(before_and_after(Some(&one), Some(&other)), "…éééééééééééé1} → …éééééééééééé2}");
        assert_eq!(before_and_after(Some("{\n  \"daily\": 7\n}"), Some("")), "{ \"daily\": 7 } → empty");
    }
}
