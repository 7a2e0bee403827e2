//! A change set: the changes that CloudFormation would make.

use std::time::{Duration, SystemTime};

use anyhow::bail;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, EventFilter, Parameter, ResourceChange, Tag,
};
use chrono::{DateTime, Utc};

use super::difference::Values;
use super::name::StackName;
use super::parameters::Value;
use super::reason;
use crate::Account;
use crate::aws_error::Explain;

/// The time between two requests for the status of a change set.
const POLL_INTERVAL: Duration = Duration::from_millis(700);

/// A change set that can be executed or deleted.
pub(super) struct ChangeSet<'a> {
    account: &'a Account,
    id: String,
    /// The stack's ARN. A stack that is not created yet already has one.
    pub(super) stack: String,
    pub(super) changes: Vec<ResourceChange>,
    /// The new parameters, with the template's defaults; without those that keep the stack's value.
    pub(super) parameters: Values,
}

/// The input for a change set.
pub(super) struct Input<'a> {
    pub(super) template: &'a str,
    pub(super) parameters: &'a [(&'static str, Value)],
    pub(super) kind: ChangeSetType,
    /// The user's own tag, if configured. CloudFormation adds it to every resource that supports tags.
    pub(super) tag: Option<Tag>,
}

impl<'a> ChangeSet<'a> {
    /// Creates the change set and waits for it. `None` if it has no changes.
    pub(super) async fn create(
        account: &'a Account,
        name: &StackName,
        input: Input<'_>,
    ) -> anyhow::Result<Option<Self>> {
        let now: DateTime<Utc> = SystemTime::now().into();
        let call = account.cloudformation().create_change_set().stack_name(name.to_string());
        let call = call.change_set_name(format!("draco-{}", now.format("%Y%m%d-%H%M%S-%3f")));
        let call = call.change_set_type(input.kind).template_body(input.template);
        // The roles have fixed names, because policies in the other account contain them.
        let call = call.capabilities(Capability::CapabilityNamedIam);
        let parameters = input.parameters.iter().map(parameter).collect();
        let tags = input.tag.map(|tag| vec![tag]);
        let created = call.set_parameters(Some(parameters)).set_tags(tags).send().await;
        let created = created.explain(account.credentials(), format_args!("creating a change set for stack {name}"))?;
        let mut set = Self {
            account,
            id: created.id.unwrap_or_default(),
            stack: created.stack_id.unwrap_or_default(),
            changes: Vec::new(),
            parameters: Values::new(),
        };
        match set.read().await? {
            None => Ok(Some(set)),
            Some(why) => {
                let details = set.details().await;
                set.delete().await?;
                if reason::is_without_changes(&why) {
                    return Ok(None);
                }
                let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
                bail!("CloudFormation cannot create a change set for stack {name}: {why}{details}")
            }
        }
    }

    /// Waits until it is created, and reads its changes page by page; returns the reason if its creation failed.
    async fn read(&mut self) -> anyhow::Result<Option<String>> {
        let mut marker = None;
        loop {
            let call = self.account.cloudformation().describe_change_set().change_set_name(&self.id);
            let call = call.include_property_values(true).set_next_token(marker.clone());
            let answer = call.send().await.explain(self.account.credentials(), "reading a change set")?;
            match answer.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(POLL_INTERVAL).await;
                    continue;
                }
                Some(ChangeSetStatus::CreateComplete) => {}
                _ => return Ok(Some(answer.status_reason.unwrap_or_default())),
            }
            let parameters = answer.parameters.unwrap_or_default().into_iter();
            self.parameters.extend(parameters.filter_map(|each| Some((each.parameter_key?, each.parameter_value?))));
            let changes = answer.changes.unwrap_or_default().into_iter();
            self.changes.extend(changes.filter_map(|change| change.resource_change));
            marker = answer.next_token;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    /// The errors that CloudFormation found when it validated the template against schemas and existing names. The status reason
    /// does not contain them, but refers to DescribeEvents. Without the permission for that, only the status reason is reported.
    async fn details(&self) -> Vec<String> {
        let failed = EventFilter::builder().failed_events(true).build();
        let call = self.account.cloudformation().describe_events().change_set_name(&self.id).filters(failed);
        let events = call.send().await.ok().and_then(|answer| answer.operation_events).unwrap_or_default();
        let details = events.into_iter().filter_map(|event| {
            let why = event.validation_status_reason.or(event.resource_status_reason)?;
            Some(format!("{}: {why}", event.logical_resource_id.unwrap_or_default()))
        });
        details.collect()
    }

    /// Starts to execute it.
    pub(super) async fn execute(&self) -> anyhow::Result<()> {
        // Resources that are retained on deletion are not retained if the creation of the stack fails.
        let call = self.account.cloudformation().execute_change_set().change_set_name(&self.id);
        let call = call.stack_name(&self.stack).retain_except_on_create(true);
        call.send().await.explain(self.account.credentials(), "executing the change set")?;
        Ok(())
    }

    /// Deletes it without executing it.
    pub(super) async fn delete(&self) -> anyhow::Result<()> {
        let call = self.account.cloudformation().delete_change_set().change_set_name(&self.id).stack_name(&self.stack);
        call.send().await.explain(self.account.credentials(), "deleting the change set")?;
        Ok(())
    }
}

fn parameter((name, value): &(&'static str, Value)) -> Parameter {
    let parameter = Parameter::builder().parameter_key(*name);
    match value {
        Value::Set(value) => parameter.parameter_value(value).build(),
        Value::Keep => parameter.use_previous_value(true).build(),
    }
}
