//! What a change set would do, as a person reads it: what is added, changed, replaced and removed, which properties and
//! which parameters.

use std::collections::BTreeMap;
use std::fmt;

use anstyle::Style;
use aws_sdk_cloudformation::types::{
    ChangeAction, EvaluationType, PolicyAction, Replacement, RequiresRecreation, ResourceAttribute, ResourceChange,
    ResourceTargetDefinition,
};

use crate::terminal::{BAD, CAUTION, FAINT, GOOD, LOUD, TITLE};

/// A value that is longer loses its end. Lifecycles are JSON of any length.
const LONGEST: usize = 60;
/// How much of what two long values have in common is shown.
const CONTEXT: usize = 12;

/// How the path of a property begins.
const PROPERTIES: &str = "/Properties/";

/// Names and values.
pub(super) type Values = BTreeMap<String, String>;

/// What a change set would do.
pub(super) struct Difference {
    resources: Vec<Resource>,
    before: Values,
    after: Values,
}

/// What happens to one resource.
struct Resource {
    name: String,
    kind: String,
    happens: Happens,
    /// Which properties, and from what to what, where AWS says so.
    properties: Vec<String>,
}

/// In the order in which they are shown: what is dangerous is last, next to the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Added,
    Changed,
    /// It leaves the stack and stays where it is.
    Left,
    Removed,
    /// AWS knows only while it does it.
    MayBeReplaced,
    /// A new one is made, and the old one is deleted or, if the template says so, stays.
    Replaced,
}

impl Difference {
    /// `before` is empty for a stack that is made.
    pub(super) fn new(changes: &[ResourceChange], before: Values, after: Values) -> Self {
        let mut resources: Vec<Resource> = changes.iter().map(Resource::of).collect();
        resources.sort_by(|one, other| (one.happens, &one.name).cmp(&(other.happens, &other.name)));
        Self { resources, before, after }
    }

    /// Those that differ. What AWS does not list is the template's business, and so is a parameter that it has no more.
    fn parameters(&self) -> impl Iterator<Item = (&String, Option<&String>, &String)> {
        let all = self.after.iter().map(|(name, after)| (name, self.before.get(name), after));
        all.filter(|(_, before, after)| before.map_or(!after.is_empty(), |before| before != *after))
    }
}

impl Resource {
    fn of(change: &ResourceChange) -> Self {
        let happens = match (change.action(), change.replacement()) {
            (Some(ChangeAction::Add | ChangeAction::Import), _) => Happens::Added,
            (Some(ChangeAction::Remove), _) if change.policy_action() == Some(&PolicyAction::Retain) => Happens::Left,
            (Some(ChangeAction::Remove), _) => Happens::Removed,
            (_, Some(Replacement::True)) => Happens::Replaced,
            (_, Some(Replacement::Conditional)) => Happens::MayBeReplaced,
            _ => Happens::Changed,
        };
        // Of what is added or removed, all is, and needs no list.
        let modified = !matches!(happens, Happens::Added | Happens::Removed | Happens::Left);
        Self {
            name: change.logical_resource_id().unwrap_or_default().to_owned(),
            kind: change.resource_type().unwrap_or_default().to_owned(),
            happens,
            properties: if modified { properties(change) } else { Vec::new() },
        }
    }
}

/// What is known of a property that changes.
#[derive(Default)]
struct Property {
    replaces: bool,
    /// From what to what.
    values: Option<String>,
    /// Whether it changes whatever else does. Else it follows something that may change, or not.
    certain: bool,
    follows: Option<String>,
}

/// AWS tells a property once for each cause: its parameter, a reference, the template. It is shown once.
fn properties(change: &ResourceChange) -> Vec<String> {
    let mut all: BTreeMap<String, Property> = BTreeMap::new();
    for detail in change.details() {
        let Some((name, target)) = detail.target().and_then(|target| Some((name(target)?, target))) else { continue };
        let property = all.entry(name).or_default();
        property.replaces |= target.requires_recreation() == Some(&RequiresRecreation::Always);
        let values = (target.before_value().is_some() || target.after_value().is_some())
            .then(|| told(target.before_value(), target.after_value()));
        property.values = property.values.take().or(values);
        property.certain |= detail.evaluation() != Some(&EvaluationType::Dynamic);
        property.follows = property.follows.take().or(detail.causing_entity().map(str::to_owned));
    }
    // The whole of a property says nothing more where its parts are told.
    let is_whole = |name: &str| all.keys().any(|other| other.starts_with(&format!("{name}.")));
    let parts = all.iter().filter(|(name, _)| !is_whole(name));
    parts.map(|(name, property)| format!("{name}{property}")).collect()
}

/// `Code.S3ObjectVersion`, where AWS tells the path; else `Code`.
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
        match (self.replaces, self.follows.as_ref().filter(|_| !self.certain)) {
            (true, None) => write!(f, " (this replaces it)")?,
            (true, Some(other)) => write!(f, " (this replaces it, if {other} changes)")?,
            (false, Some(other)) => write!(f, " (if {other} changes)")?,
            (false, None) => {}
        }
        self.values.as_ref().map_or(Ok(()), |values| write!(f, ": {values}"))
    }
}

fn told(before: Option<&str>, after: Option<&str>) -> String {
    let (before, after) = (before.map(line), after.map(line));
    // Of two long values, what they begin with alike is left out, or both would look the same.
    let alike = match (&before, &after) {
        (Some(before), Some(after)) if before.chars().count().max(after.chars().count()) > LONGEST => {
            let alike = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
            alike.saturating_sub(CONTEXT)
        }
        _ => 0,
    };
    let shown = |value: Option<String>| match value.as_deref() {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) if alike > 0 => format!("…{}", short(&value.chars().skip(alike).collect::<String>())),
        Some(value) => short(value),
    };
    format!("{} → {}", shown(before), shown(after))
}

/// Policies and dashboards come in many.
fn line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

impl Happens {
    /// How it looks: a sign, a colour, and words.
    fn shown(self) -> (&'static str, Style, &'static str) {
        match self {
            Self::Added => ("+", GOOD, "added"),
            Self::Changed => ("~", CAUTION, "changed"),
            Self::Left => ("-", CAUTION, "left behind: it stays, and the stack forgets it"),
            Self::Removed => ("-", BAD, "removed"),
            Self::MayBeReplaced => ("!", LOUD, "MAY BE REPLACED"),
            Self::Replaced => ("!", LOUD, "REPLACED"),
        }
    }

    /// In the line that sums up.
    fn counted(self) -> &'static str {
        match self {
            Self::Left => "left behind",
            Self::MayBeReplaced => "perhaps replaced",
            Self::Replaced => "REPLACED",
            other => other.shown().2,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.resources.iter().map(|resource| resource.name.len()).max().unwrap_or_default();
        for Resource { name, kind, happens, properties } in &self.resources {
            let (sign, style, words) = happens.shown();
            writeln!(f, "  {style}{sign} {name:<width$}{style:#} {FAINT}{kind}{FAINT:#}  {style}{words}{style:#}")?;
            for property in properties {
                writeln!(f, "      {property}")?;
            }
        }
        let width = self.parameters().map(|(name, ..)| name.len()).max().unwrap_or_default();
        if width > 0 {
            writeln!(f, "{TITLE}parameters{TITLE:#}")?;
        }
        for (name, before, after) in self.parameters() {
            match before {
                None => writeln!(f, "  {GOOD}+ {name:<width$}{GOOD:#} {}", short(&line(after)))?,
                Some(before) => {
                    let values = told(Some(before), Some(after));
                    writeln!(f, "  {CAUTION}~ {name:<width$}{CAUTION:#} {values}")?;
                }
            }
        }
        let mut counts: BTreeMap<Happens, usize> = BTreeMap::new();
        for resource in &self.resources {
            *counts.entry(resource.happens).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {}", what.counted())).collect();
        write!(f, "{}", if counts.is_empty() { "no resource changes".to_owned() } else { counts.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::ResourceChangeDetail;
    use aws_sdk_cloudformation::types::builders::ResourceTargetDefinitionBuilder;

    fn change(name: &str, kind: &str, action: ChangeAction) -> ResourceChange {
        ResourceChange::builder().logical_resource_id(name).resource_type(kind).action(action).build()
    }

    fn modified(
        name: &str,
        kind: &str,
        replacement: Replacement,
        targets: Vec<ResourceTargetDefinitionBuilder>,
    ) -> ResourceChange {
        let details = targets.into_iter().map(|target| {
            let target = target.attribute(ResourceAttribute::Properties).build();
            ResourceChangeDetail::builder().target(target).build()
        });
        let change = ResourceChange::builder().logical_resource_id(name).resource_type(kind);
        let change = change.action(ChangeAction::Modify).replacement(replacement);
        change.set_details(Some(details.collect())).build()
    }

    /// As AWS tells of what refers to something that is about to change.
    fn follower() -> ResourceChange {
        let target = target().attribute(ResourceAttribute::Properties).name("Endpoint");
        let target = target.requires_recreation(RequiresRecreation::Always).build();
        let detail = ResourceChangeDetail::builder().target(target).evaluation(EvaluationType::Dynamic);
        let detail = detail.causing_entity("Function.Arn").build();
        let change = ResourceChange::builder().logical_resource_id("TopicToFunction");
        let change = change.resource_type("AWS::SNS::Subscription").action(ChangeAction::Modify);
        change.replacement(Replacement::Conditional).details(detail).build()
    }

    fn target() -> ResourceTargetDefinitionBuilder {
        ResourceTargetDefinition::builder()
    }

    fn values(all: &[(&str, &str)]) -> Values {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn shown(changes: &[ResourceChange], before: &[(&str, &str)], after: &[(&str, &str)]) -> String {
        let shown = Difference::new(changes, values(before), values(after)).to_string();
        anstream::adapter::strip_str(&shown).to_string()
    }

    #[test]
    fn a_new_stack_is_all_additions_and_the_parameters_that_say_something() {
        let changes = [
            change("Topic", "AWS::SNS::Topic", ChangeAction::Add),
            change("Function", "AWS::Lambda::Function", ChangeAction::Add),
        ];
        let shown = shown(&changes, &[], &[("LogDays", "365"), ("AlarmEmail", ""), ("CodeVersion", "v1")]);
        insta::assert_snapshot!(shown, @"
          + Function AWS::Lambda::Function  added
          + Topic    AWS::SNS::Topic  added
        parameters
          + CodeVersion v1
          + LogDays     365
        2 added
        ");
    }

    #[test]
    fn an_update_says_what_changes_from_what_to_what() {
        let version = || target().path("/Properties/Code/S3ObjectVersion").before_value("v1").after_value("v2");
        let changes = [modified(
            "Function",
            "AWS::Lambda::Function",
            Replacement::False,
            vec![target().name("Code"), version(), version(), target().name("Environment"), target()],
        )];
        let shown =
            shown(&changes, &[("CodeVersion", "v1"), ("LogDays", "365")], &[("CodeVersion", "v2"), ("LogDays", "365")]);
        insta::assert_snapshot!(shown, @"
          ~ Function AWS::Lambda::Function  changed
              Code.S3ObjectVersion: v1 → v2
              Environment
        parameters
          ~ CodeVersion v1 → v2
        1 changed
        ");
    }

    #[test]
    fn what_is_replaced_or_removed_stands_last_and_loud() {
        let kept = ResourceChange::builder().logical_resource_id("Key").resource_type("AWS::KMS::Key");
        let changes = [
            modified(
                "Topic",
                "AWS::SNS::Topic",
                Replacement::True,
                vec![target().name("TopicName").requires_recreation(RequiresRecreation::Always)],
            ),
            follower(),
            change("Alarm", "AWS::CloudWatch::Alarm", ChangeAction::Remove),
            kept.action(ChangeAction::Remove).policy_action(PolicyAction::Retain).build(),
            change("Queue", "AWS::SQS::Queue", ChangeAction::Add),
        ];
        insta::assert_snapshot!(shown(&changes, &[("Old", "x")], &[("New", "y")]), @"
          + Queue           AWS::SQS::Queue  added
          - Key             AWS::KMS::Key  left behind: it stays, and the stack forgets it
          - Alarm           AWS::CloudWatch::Alarm  removed
          ! TopicToFunction AWS::SNS::Subscription  MAY BE REPLACED
              Endpoint (this replaces it, if Function.Arn changes)
          ! Topic           AWS::SNS::Topic  REPLACED
              TopicName (this replaces it)
        parameters
          + New y
        1 added, 1 left behind, 1 removed, 1 perhaps replaced, 1 REPLACED
        ");
    }

    #[test]
    fn long_values_lose_their_end_and_what_they_have_in_common() {
        let (one, other) = (format!("{{{}1}}", "é".repeat(100)), format!("{{{}2}}", "é".repeat(100)));
        assert_eq!(told(None, Some(&one)), format!("none → {{{}…", "é".repeat(LONGEST - 1)));
        assert_eq!(told(Some(&one), Some(&other)), "…éééééééééééé1} → …éééééééééééé2}");
        assert_eq!(told(Some("{\n  \"daily\": 7\n}"), Some("")), "{ \"daily\": 7 } → empty");
    }
}
