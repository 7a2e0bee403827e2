//! A stack's events, as they come, and what they come to.

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};
use chrono::DateTime;

use crate::terminal::{BAD, CAUTION, FAINT, GOOD};

/// More reasons than these are no help.
const REASONS: usize = 5;

/// What an operation has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// What was wanted.
    Done,
    /// It failed, and the stack is in this state.
    Failed(String),
}

/// What an operation on a stack has done so far.
#[derive(Default)]
pub(super) struct Story {
    events: Vec<StackEvent>,
}

impl Story {
    /// Takes those that it has not heard of, in the order in which they were.
    pub(super) fn hear(&mut self, events: Vec<StackEvent>) -> &[StackEvent] {
        let known = self.events.len();
        let new: Vec<_> = events.into_iter().filter(|event| !self.knows(event)).collect();
        self.events.extend(new);
        &self.events[known..]
    }

    /// Whether it has heard of this.
    pub(super) fn knows(&self, event: &StackEvent) -> bool {
        self.events.iter().any(|known| known.event_id() == event.event_id())
    }

    /// How it ended, if it has.
    pub(super) fn end(&self) -> Option<End> {
        let last = self.events.iter().rev().find(|event| is_of_stack(event))?;
        let status = last.resource_status()?.as_str();
        match status {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE" => Some(End::Done),
            _ if status.ends_with("_IN_PROGRESS") => None,
            _ => Some(End::Failed(status.to_owned())),
        }
    }

    /// Why: what failed by itself, and not because something else had.
    pub(super) fn reasons(&self) -> Vec<String> {
        let failed = self.events.iter().filter(|event| {
            let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
            status.ends_with("_FAILED") && !is_of_stack(event)
        });
        let told = failed.filter_map(|event| {
            let reason = event.resource_status_reason()?;
            // What else was on its way when something failed is told as failed too.
            let cancelled = reason.starts_with("Resource ") && reason.ends_with(" cancelled");
            let (name, kind) = (event.logical_resource_id()?, event.resource_type()?);
            (!cancelled).then(|| format!("{name} ({kind}): {reason}"))
        });
        let mut told: Vec<String> = told.take(REASONS).collect();
        if told.is_empty() {
            let of_stack = self.events.iter().filter(|event| is_of_stack(event));
            let reasons = of_stack.filter_map(StackEvent::resource_status_reason);
            told.extend(
                reasons.filter(|reason| !reason.is_empty() && *reason != "User Initiated").map(str::to_owned).next(),
            );
        }
        told
    }

    /// What the stack leaves behind when it goes: kind and name.
    pub(super) fn left_behind(&self) -> impl Iterator<Item = (&str, &str)> {
        let skipped =
            self.events.iter().filter(|event| event.resource_status() == Some(&ResourceStatus::DeleteSkipped));
        skipped.filter_map(|event| Some((event.resource_type()?, event.physical_resource_id()?)))
    }
}

/// The stack is a resource of its own, and has its own name.
fn is_of_stack(event: &StackEvent) -> bool {
    event.resource_type() == Some("AWS::CloudFormation::Stack") && event.physical_resource_id() == event.stack_id()
}

/// An event in a line.
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

    fn story(events: Vec<StackEvent>) -> Story {
        let mut story = Story::default();
        story.hear(events);
        story
    }

    #[test]
    fn it_goes_on_until_the_stack_itself_has_ended() {
        let mut story =
            story(vec![stack("CREATE_IN_PROGRESS"), event("Topic", "AWS::SNS::Topic", "CREATE_COMPLETE", "")]);
        assert_eq!(story.end(), None);
        story.hear(vec![stack("CREATE_COMPLETE")]);
        assert_eq!(story.end(), Some(End::Done));
        // What is replaced by an update is deleted before its end.
        assert_eq!(super::tests::story(vec![stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")]).end(), None);
    }

    #[test]
    fn an_event_is_heard_once() {
        let mut story = story(vec![stack("CREATE_IN_PROGRESS")]);
        let new = story.hear(vec![stack("CREATE_IN_PROGRESS"), stack("CREATE_COMPLETE")]);
        assert_eq!(new, [stack("CREATE_COMPLETE")]);
    }

    #[test]
    fn a_rollback_is_a_failure_whose_reason_is_what_failed_first_by_itself() {
        let story = story(vec![
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
        assert_eq!(story.end(), Some(End::Failed("UPDATE_ROLLBACK_COMPLETE".to_owned())));
        assert_eq!(story.reasons(), ["Function (AWS::Lambda::Function): S3 Error Code: NoSuchVersion"]);
    }

    #[test]
    fn where_no_resource_failed_the_stack_says_why() {
        let why = "Validation failed with PROPERTY_VALIDATION";
        let story = story(vec![
            event("draco-producer", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", why),
            stack("ROLLBACK_COMPLETE"),
        ]);
        assert_eq!(story.reasons(), [why]);
    }

    #[test]
    fn what_stays_behind_is_known() {
        let story = story(vec![event("key-1", "AWS::KMS::Key", "DELETE_SKIPPED", ""), stack("DELETE_COMPLETE")]);
        assert_eq!(story.left_behind().collect::<Vec<_>>(), [("AWS::KMS::Key", "key-1")]);
    }

    #[test]
    fn an_event_is_a_line() {
        let event = event("Function", "AWS::Lambda::Function", "CREATE_FAILED", "no such bucket");
        let line = line(&event);
        insta::assert_snapshot!(anstream::adapter::strip_str(&line), @"   CREATE_FAILED        Function AWS::Lambda::Function  no such bucket");
    }
}
