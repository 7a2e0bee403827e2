//! The events of an operation on a stack, and its outcome.

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
use chrono::DateTime;

use super::reason;
use crate::terminal::{BAD, CAUTION, FAINT, GOOD};

/// The maximum number of reasons that are shown.
const REASONS: usize = 5;

/// The outcome of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It succeeded.
    Succeeded,
    /// It failed, and left the stack with this status.
    Failed(String),
}

/// The events of an operation so far.
#[derive(Default)]
pub(super) struct Events {
    events: Vec<StackEvent>,
}

impl Events {
    /// Adds events in chronological order, and returns those that are new.
    pub(super) fn add(&mut self, events: Vec<StackEvent>) -> &[StackEvent] {
        let known = self.events.len();
        let new: Vec<_> = events.into_iter().filter(|event| !self.contains(event)).collect();
        self.events.extend(new);
        &self.events[known..]
    }

    /// Whether an event is known.
    pub(super) fn contains(&self, event: &StackEvent) -> bool {
        self.events.iter().any(|known| known.event_id() == event.event_id())
    }

    /// The outcome, once the operation has ended.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let last = self.events.iter().rev().find(|event| is_of_stack(event))?;
        let status = last.resource_status()?.as_str();
        match status {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE" => Some(Outcome::Succeeded),
            _ if status.ends_with("_IN_PROGRESS") => None,
            _ => Some(Outcome::Failed(status.to_owned())),
        }
    }

    /// The reasons of the failure: those of resources that failed by themselves, else that of the stack.
    pub(super) fn reasons(&self) -> Vec<String> {
        let failed = self.events.iter().filter(|event| {
            let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
            status.ends_with("_FAILED") && !is_of_stack(event)
        });
        let reasons = failed.filter_map(|event| {
            let text = event.resource_status_reason()?;
            let (name, kind) = (event.logical_resource_id()?, event.resource_type()?);
            (!reason::is_cancelled(text)).then(|| format!("{name} ({kind}): {text}"))
        });
        let mut reasons: Vec<String> = reasons.take(REASONS).collect();
        if reasons.is_empty() {
            let of_stack = self.events.iter().filter(|event| is_of_stack(event));
            let texts = of_stack.filter_map(StackEvent::resource_status_reason);
            reasons.extend(texts.filter(|text| !reason::is_empty(text)).map(str::to_owned).next());
        }
        reasons
    }

    /// The resources that a deletion retained: type and id.
    pub(super) fn retained(&self) -> impl Iterator<Item = (&str, &str)> {
        let skipped =
            self.events.iter().filter(|event| event.resource_status() == Some(&ResourceStatus::DeleteSkipped));
        skipped.filter_map(|event| Some((event.resource_type()?, event.physical_resource_id()?)))
    }
}

/// Whether an event is about the stack itself, which is among its own resources.
fn is_of_stack(event: &StackEvent) -> bool {
    event.resource_type() == Some("AWS::CloudFormation::Stack") && event.physical_resource_id() == event.stack_id()
}

/// An event as one line.
pub(super) fn line(event: &StackEvent) -> String {
    let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
    let style = match status {
        _ if status.ends_with("_FAILED") => BAD,
        _ if status.contains("ROLLBACK") => CAUTION,
        _ if status.ends_with("_COMPLETE") => GOOD,
        _ => FAINT,
    };
    let time = event.timestamp().and_then(|time| DateTime::from_timestamp(time.secs(), 0));
    let time = time.map(|time| time.format("%H:%M:%S").to_string()).unwrap_or_default();
    let name = event.logical_resource_id().unwrap_or_default();
    let kind = event.resource_type().unwrap_or_default();
    let reason = event.resource_status_reason().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!("  {reason}")).unwrap_or_default();
    format!("  {FAINT}{time}{FAINT:#} {style}{status:<20}{style:#} {name} {FAINT}{kind}{FAINT:#}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:111111111111:stack/draco-producer/1";

    fn event(name: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
        let id = if kind == "AWS::CloudFormation::Stack" { STACK } else { name };
        StackEvent::builder()
            .event_id(format!("{name}-{status}"))
            .stack_id(STACK)
            .logical_resource_id(name)
            .physical_resource_id(id)
            .resource_type(kind)
            .resource_status(status.into())
            .resource_status_reason(reason)
            .build()
    }

    fn stack(status: &str) -> StackEvent {
        event("draco-producer", "AWS::CloudFormation::Stack", status, "")
    }

    fn all(events: Vec<StackEvent>) -> Events {
        let mut all = Events::default();
        all.add(events);
        all
    }

    #[test]
    fn operation_ends_with_the_event_of_the_stack_itself() {
        let mut events =
            all(vec![stack("CREATE_IN_PROGRESS"), event("Topic", "AWS::SNS::Topic", "CREATE_COMPLETE", "")]);
        assert_eq!(events.outcome(), None);
        events.add(vec![stack("CREATE_COMPLETE")]);
        assert_eq!(events.outcome(), Some(Outcome::Succeeded));
        // Replaced resources are deleted before the update ends.
        assert_eq!(all(vec![stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")]).outcome(), None);
    }

    #[test]
    fn known_events_are_not_added_again() {
        let mut events = all(vec![stack("CREATE_IN_PROGRESS")]);
        let new = events.add(vec![stack("CREATE_IN_PROGRESS"), stack("CREATE_COMPLETE")]);
        assert_eq!(new, [stack("CREATE_COMPLETE")]);
    }

    #[test]
    fn rollback_is_a_failure_and_cancelled_resources_are_not_its_reason() {
        let events = all(vec![
            stack("UPDATE_IN_PROGRESS"),
            event("Role", "AWS::IAM::Role", "UPDATE_FAILED", "Resource update cancelled"),
            event("Function", "AWS::Lambda::Function", "UPDATE_FAILED", "S3 Error Code: NoSuchVersion"),
            event(
                "draco-producer",
                "AWS::CloudFormation::Stack",
                "UPDATE_ROLLBACK_IN_PROGRESS",
                "The following resource(s) failed to update: [Role, Function].",
            ),
            stack("UPDATE_ROLLBACK_COMPLETE"),
        ]);
        assert_eq!(events.outcome(), Some(Outcome::Failed("UPDATE_ROLLBACK_COMPLETE".to_owned())));
        assert_eq!(events.reasons(), ["Function (AWS::Lambda::Function): S3 Error Code: NoSuchVersion"]);
    }

    #[test]
    fn without_failed_resource_the_reason_is_that_of_the_stack() {
        let why = "Validation failed with PROPERTY_VALIDATION";
        let events = all(vec![
            event("draco-producer", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", why),
            stack("ROLLBACK_COMPLETE"),
        ]);
        assert_eq!(events.reasons(), [why]);
    }

    #[test]
    fn skipped_deletions_are_retained_resources() {
        let events = all(vec![event("key-1", "AWS::KMS::Key", "DELETE_SKIPPED", ""), stack("DELETE_COMPLETE")]);
        assert_eq!(events.retained().collect::<Vec<_>>(), [("AWS::KMS::Key", "key-1")]);
    }

    #[test]
    fn event_is_one_line() {
        let event = event("Function", "AWS::Lambda::Function", "CREATE_FAILED", "no such bucket");
        let line = line(&event);
        insta::assert_snapshot!(anstream::adapter::strip_str(&line), @"   CREATE_FAILED        Function AWS::Lambda::Function  no such bucket");
    }
}
