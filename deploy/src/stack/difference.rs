//! What a change set would do, as a person reads it: what is added, changed, replaced and removed, which properties and
//! which parameters.

use std::collections::BTreeMap;
use std::fmt;

use anstyle::Style;
use aws_sdk_cloudformation::types::{
    ChangeAction, PolicyAction, Replacement, RequiresRecreation, ResourceAttribute, ResourceChange,
};

use crate::terminal::{BAD, CAUTION, FAINT, GOOD, LOUD, TITLE};

/// A value that is longer loses its end. Lifecycles are JSON of any length.
const LONGEST: usize = 60;

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

    fn parameters(&self) -> impl Iterator<Item = (&String, Option<&String>, Option<&String>)> {
        let gone = self.before.keys().filter(|name| !self.after.contains_key(*name));
        let names = self.after.keys().chain(gone);
        let all = names.map(|name| (name, self.before.get(name), self.after.get(name)));
        all.filter(|(_, before, after)| before != after && !(before.is_none() && after.is_some_and(String::is_empty)))
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

/// AWS tells a property once for each cause: its parameter, a reference, the template. It is shown once.
fn properties(change: &ResourceChange) -> Vec<String> {
    let mut all: BTreeMap<String, (bool, Option<String>)> = BTreeMap::new();
    for target in change.details().iter().filter_map(|detail| detail.target()) {
        let name = match (target.path(), target.name(), target.attribute()) {
            (Some(path), ..) if path.starts_with("/Properties/") => path["/Properties/".len()..].replace('/', "."),
            (_, Some(name), _) => name.to_owned(),
            (_, None, Some(ResourceAttribute::Properties) | None) => continue,
            (_, None, Some(attribute)) => attribute.to_string(),
        };
        let replaces = target.requires_recreation() == Some(&RequiresRecreation::Always);
        let values = (target.before_value().is_some() || target.after_value().is_some())
            .then(|| told(target.before_value(), target.after_value()));
        let entry = all.entry(name).or_default();
        entry.0 |= replaces;
        entry.1 = entry.1.take().or(values);
    }
    // The whole of a property says nothing more where its parts are told.
    let is_whole = |name: &str| all.keys().any(|other| other.starts_with(&format!("{name}.")));
    let parts = all.iter().filter(|(name, _)| !is_whole(name));
    let line = |(name, (replaces, values)): (&String, &(bool, Option<String>))| {
        let why = if *replaces { " (this replaces it)" } else { "" };
        format!("{name}{why}{}", values.as_ref().map(|values| format!(": {values}")).unwrap_or_default())
    };
    parts.map(line).collect()
}

fn told(before: Option<&str>, after: Option<&str>) -> String {
    let quoted = |value: Option<&str>| match value {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) => short(value),
    };
    format!("{} → {}", quoted(before), quoted(after))
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
            match (before, after) {
                (None, Some(after)) => writeln!(f, "  {GOOD}+ {name:<width$}{GOOD:#} {}", short(after))?,
                (before, after) => {
                    let values = told(before.map(String::as_str), after.map(String::as_str));
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
    use aws_sdk_cloudformation::types::builders::ResourceTargetDefinitionBuilder;
    use aws_sdk_cloudformation::types::{ResourceChangeDetail, ResourceTargetDefinition};

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
            modified(
                "Timer",
                "AWS::StepFunctions::StateMachine",
                Replacement::Conditional,
                vec![target().name("RoleArn")],
            ),
            change("Alarm", "AWS::CloudWatch::Alarm", ChangeAction::Remove),
            kept.action(ChangeAction::Remove).policy_action(PolicyAction::Retain).build(),
            change("Queue", "AWS::SQS::Queue", ChangeAction::Add),
        ];
        insta::assert_snapshot!(shown(&changes, &[("Old", "x")], &[("New", "y")]), @"
          + Queue AWS::SQS::Queue  added
          - Key   AWS::KMS::Key  left behind: it stays, and the stack forgets it
          - Alarm AWS::CloudWatch::Alarm  removed
          ! Timer AWS::StepFunctions::StateMachine  MAY BE REPLACED
              RoleArn
          ! Topic AWS::SNS::Topic  REPLACED
              TopicName (this replaces it)
        parameters
          + New y
          ~ Old x → none
        1 added, 1 left behind, 1 removed, 1 perhaps replaced, 1 REPLACED
        ");
    }

    #[test]
    fn long_values_lose_their_end() {
        let long = format!("{{\"Fortnight\":{}}}", "é".repeat(100));
        let shown = shown(&[], &[("Lifecycles", "{}")], &[("Lifecycles", &long)]);
        assert!(shown.lines().all(|line| line.chars().count() < 100), "{shown}");
        assert!(shown.ends_with("no resource changes"), "{shown}");
    }
}
