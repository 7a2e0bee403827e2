//! The changes of a change set in readable form: resources that are added, changed, replaced or removed, with the properties and
//! parameters that differ, and the consequences of replacements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anstyle::Style;
use aws_sdk_cloudformation::types::{ChangeAction, PolicyAction, Replacement, ResourceChange};

use super::property::{Property, before_and_after, line, properties, short};
use super::replacement::{Consequence, consequence};
use crate::Role;
use crate::terminal::{BAD, CAUTION, FAINT, GOOD, LOUD, TITLE};

/// Names and values.
pub(super) type Values = BTreeMap<String, String>;

/// The changes of a change set.
pub(super) struct Difference {
    role: Role,
    resources: Vec<Resource>,
    before: Values,
    after: Values,
}

/// The change of one resource.
struct Resource {
    name: String,
    kind: String,
    effect: Effect,
    /// The properties that change, with their values where CloudFormation returns them.
    properties: Vec<(String, Property)>,
}

/// In the order in which they are shown: the dangerous ones last, next to the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Added,
    Changed,
    /// It is retained, and no longer part of the stack.
    Retained,
    Removed,
    /// CloudFormation decides only during the update.
    MayBeReplaced,
    /// A new one is created, and the old one is deleted, unless the template retains it.
    Replaced,
}

impl Difference {
    /// `before` is empty for a new stack.
    pub(super) fn new(role: Role, changes: &[ResourceChange], before: Values, after: Values) -> Self {
        let mut resources: Vec<Resource> = changes.iter().map(Resource::of).collect();
        resources.sort_by(|one, other| (one.effect, &one.name).cmp(&(other.effect, &other.name)));
        Self { role, resources, before, after }
    }

    /// The parameters that differ. Parameters that CloudFormation does not return, because the template no longer has them, are
    /// left out.
    fn parameters(&self) -> impl Iterator<Item = (&String, Option<&String>, &String)> {
        let all = self.after.iter().map(|(name, after)| (name, self.before.get(name), after));
        all.filter(|(_, before, after)| before.map_or(!after.is_empty(), |before| before != *after))
    }
}

impl Difference {
    /// Explains a replacement in words: whether it is to be expected, and its consequence.
    fn explain(&self, f: &mut fmt::Formatter<'_>, resource: &Resource) -> fmt::Result {
        let condition = match resource.effect {
            Effect::Replaced => "",
            Effect::MayBeReplaced => match self.unreplaced_causes(resource) {
                Some(causes) => {
                    writeln!(
                        f,
                        "      not expected: {causes} changes only with a replacement, which this update does not do"
                    )?;
                    "if it is replaced all the same: "
                }
                None => "if it is replaced: ",
            },
            _ => return Ok(()),
        };
        match consequence(self.role, &resource.name, &resource.kind) {
            Some(Consequence::Permanent(text)) => writeln!(f, "      {LOUD}{condition}{text}{LOUD:#}"),
            Some(Consequence::Temporary(text)) => writeln!(f, "      {CAUTION}{condition}{text}{CAUTION:#}"),
            None => Ok(()),
        }
    }

    /// The attributes on which a conditional replacement depends, if each of them is the ARN or id of a resource that this change
    /// set does not replace. The resources of Draco's templates keep their ARN and id otherwise.
    fn unreplaced_causes(&self, resource: &Resource) -> Option<String> {
        let is_replaced = |name: &str| {
            let effect = self.resources.iter().find(|other| other.name == name).map(|other| other.effect);
            matches!(effect, Some(Effect::Replaced | Effect::MayBeReplaced | Effect::Added | Effect::Removed))
        };
        let mut causes = BTreeSet::new();
        for (_, property) in resource.properties.iter().filter(|(_, property)| property.may_replace()) {
            for cause in property.conditional_causes()? {
                let (name, attribute) = cause.split_once('.').unwrap_or((cause, "Ref"));
                if !matches!(attribute, "Arn" | "Ref") || is_replaced(name) {
                    return None;
                }
                causes.insert(cause.as_str());
            }
        }
        let causes: Vec<&str> = causes.into_iter().collect();
        (!causes.is_empty()).then(|| causes.join(", "))
    }
}

impl Resource {
    fn of(change: &ResourceChange) -> Self {
        let effect = match (change.action(), change.replacement()) {
            (Some(ChangeAction::Add | ChangeAction::Import), _) => Effect::Added,
            (Some(ChangeAction::Remove), _) if change.policy_action() == Some(&PolicyAction::Retain) => {
                Effect::Retained
            }
            (Some(ChangeAction::Remove), _) => Effect::Removed,
            (_, Some(Replacement::True)) => Effect::Replaced,
            (_, Some(Replacement::Conditional)) => Effect::MayBeReplaced,
            _ => Effect::Changed,
        };
        // Of an added or removed resource, all properties are, and need no list.
        let modified = !matches!(effect, Effect::Added | Effect::Removed | Effect::Retained);
        Self {
            name: change.logical_resource_id().unwrap_or_default().to_owned(),
            kind: change.resource_type().unwrap_or_default().to_owned(),
            effect,
            properties: if modified { properties(change) } else { Vec::new() },
        }
    }
}

impl Effect {
    /// Its sign, style and text.
    fn shown(self) -> (&'static str, Style, &'static str) {
        match self {
            Self::Added => ("+", GOOD, "added"),
            Self::Changed => ("~", CAUTION, "changed"),
            Self::Retained => ("-", CAUTION, "kept, but no longer part of the stack"),
            Self::Removed => ("-", BAD, "removed"),
            Self::MayBeReplaced => ("!", LOUD, "MAY BE REPLACED"),
            Self::Replaced => ("!", LOUD, "REPLACED"),
        }
    }

    /// Its text in the summary.
    fn counted(self) -> &'static str {
        match self {
            Self::Retained => "kept outside the stack",
            Self::MayBeReplaced => "may be replaced",
            Self::Replaced => "REPLACED",
            other => other.shown().2,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.resources.iter().map(|resource| resource.name.len()).max().unwrap_or_default();
        for resource in &self.resources {
            let Resource { name, kind, effect, properties } = resource;
            let (sign, style, words) = effect.shown();
            writeln!(f, "  {style}{sign} {name:<width$}{style:#} {FAINT}{kind}{FAINT:#}  {style}{words}{style:#}")?;
            for (name, property) in properties {
                writeln!(f, "      {name}{property}")?;
            }
            self.explain(f, resource)?;
        }
        let width = self.parameters().map(|(name, ..)| name.len()).max().unwrap_or_default();
        if width > 0 {
            writeln!(f, "{TITLE}parameters{TITLE:#}")?;
        }
        for (name, before, after) in self.parameters() {
            match before {
                None => writeln!(f, "  {GOOD}+ {name:<width$}{GOOD:#} {}", short(&line(after)))?,
                Some(before) => {
                    let values = before_and_after(Some(before), Some(after));
                    writeln!(f, "  {CAUTION}~ {name:<width$}{CAUTION:#} {values}")?;
                }
            }
        }
        let mut counts: BTreeMap<Effect, usize> = BTreeMap::new();
        for resource in &self.resources {
            *counts.entry(resource.effect).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|(effect, count)| format!("{count} {}", effect.counted())).collect();
        write!(f, "{}", if counts.is_empty() { "no resource changes".to_owned() } else { counts.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::builders::ResourceTargetDefinitionBuilder;
    use aws_sdk_cloudformation::types::{
        ChangeSource, EvaluationType, RequiresRecreation, ResourceAttribute, ResourceChangeDetail,
        ResourceTargetDefinition,
    };

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

    /// A resource with a reference to one that changes, as CloudFormation returns it.
    fn follower() -> ResourceChange {
        let target = target().attribute(ResourceAttribute::Properties).name("Endpoint");
        let target = target.requires_recreation(RequiresRecreation::Always).build();
        let detail = ResourceChangeDetail::builder().target(target).evaluation(EvaluationType::Dynamic);
        let detail = detail.change_source(ChangeSource::ResourceAttribute).causing_entity("Function.Arn").build();
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
        let shown = Difference::new(Role::Producer, changes, values(before), values(after)).to_string();
        anstream::adapter::strip_str(&shown).to_string()
    }

    #[test]
    fn new_stack_has_additions_and_its_nonempty_parameters() {
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
    fn update_shows_old_and_new_values() {
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
    fn removals_and_replacements_are_last_and_explained() {
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
          - Key             AWS::KMS::Key  kept, but no longer part of the stack
          - Alarm           AWS::CloudWatch::Alarm  removed
          ! TopicToFunction AWS::SNS::Subscription  MAY BE REPLACED
              Endpoint (requires replacement if Function.Arn changes)
              not expected: Function.Arn changes only with a replacement, which this update does not do
              if it is replaced all the same: events and messages may be lost until the new one exists; the hourly sweep then finds these snapshots
          ! Topic           AWS::SNS::Topic  REPLACED
              TopicName (requires replacement)
              RDS events and messages of the consumer are lost until the new topic exists or, if its name changes, until the consumer's stack is updated; the hourly sweep then finds these snapshots
        parameters
          + New y
        1 added, 1 kept outside the stack, 1 removed, 1 may be replaced, 1 REPLACED
        ");
    }

    #[test]
    fn replacement_of_the_cause_makes_the_conditional_one_expected() {
        let replaced = || target().name("FunctionName").requires_recreation(RequiresRecreation::Always);
        let function = modified("Function", "AWS::Lambda::Function", Replacement::True, vec![replaced()]);
        let shown = shown(&[function, follower()], &[], &[]);
        assert!(!shown.contains("not expected"), "{shown}");
        assert!(shown.contains("if it is replaced: events and messages may be lost"), "{shown}");
    }

    #[test]
    fn replaced_key_is_loud() {
        let spec = target().name("KeySpec").requires_recreation(RequiresRecreation::Always);
        let key = modified("Key", "AWS::KMS::Key", Replacement::True, vec![spec]);
        let shown = Difference::new(Role::Consumer, &[key], Values::new(), Values::new()).to_string();
        assert!(shown.contains(&format!("{LOUD}NEW COPIES ARE ENCRYPTED WITH A NEW KEY.")), "{shown}");
    }
}
