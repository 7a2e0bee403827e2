//! A change set: what CloudFormation would do, before it does it.

use std::time::{Duration, SystemTime};

use anyhow::bail;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, EventFilter, Parameter, ResourceChange, Tag,
};
use chrono::{DateTime, Utc};

use super::difference::Values;
use super::parameters::Value;
use crate::Account;
use crate::aws_error::Explain;

/// Between two looks whether it is worked out.
const PAUSE: Duration = Duration::from_millis(700);

/// One that is worked out, and waits to be executed or deleted.
pub(super) struct ChangeSet<'a> {
    account: &'a Account,
    id: String,
    /// The stack's ARN. A stack that is to be made has one already.
    pub(super) stack: String,
    pub(super) changes: Vec<ResourceChange>,
    /// The parameters as they would be, with the template's defaults; without those that stay as the stack has them.
    pub(super) parameters: Values,
}

/// What a change set is made from.
pub(super) struct Wanted<'a> {
    pub(super) template: &'a str,
    pub(super) parameters: &'a [(&'static str, Value)],
    pub(super) kind: ChangeSetType,
    /// The user's own tag, if there is one. CloudFormation hands it on to every resource that takes tags.
    pub(super) tag: Option<Tag>,
}

impl<'a> ChangeSet<'a> {
    /// Nothing, if nothing would change.
    pub(super) async fn work_out(account: &'a Account, wanted: Wanted<'_>) -> anyhow::Result<Option<Self>> {
        let name = account.role.stack();
        let now: DateTime<Utc> = SystemTime::now().into();
        let call = account.cloudformation().create_change_set().stack_name(name);
        let call = call.change_set_name(format!("draco-{}", now.format("%Y%m%d-%H%M%S-%3f")));
        let call = call.change_set_type(wanted.kind).template_body(wanted.template);
        // The roles are called by name, so that the other account's policies can name them.
        let call = call.capabilities(Capability::CapabilityNamedIam);
        let parameters = wanted.parameters.iter().map(parameter).collect();
        let tags = wanted.tag.map(|tag| vec![tag]);
        let made = call.set_parameters(Some(parameters)).set_tags(tags).send().await;
        let made = made.explain(account.credentials(), format_args!("working out the changes of stack {name}"))?;
        let mut set = Self {
            account,
            id: made.id.unwrap_or_default(),
            stack: made.stack_id.unwrap_or_default(),
            changes: Vec::new(),
            parameters: Values::new(),
        };
        match set.read().await? {
            None => Ok(Some(set)),
            Some(why) => {
                let details = set.details().await;
                set.delete().await?;
                if is_empty(&why) {
                    return Ok(None);
                }
                let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
                bail!("CloudFormation cannot work out the changes of stack {name}: {why}{details}")
            }
        }
    }

    /// Waits until it is worked out, and reads what it would do, page by page; or why it failed.
    async fn read(&mut self) -> anyhow::Result<Option<String>> {
        let mut marker = None;
        loop {
            let call = self.account.cloudformation().describe_change_set().change_set_name(&self.id);
            let call = call.include_property_values(true).set_next_token(marker.clone());
            let answer = call.send().await.explain(self.account.credentials(), "reading a change set")?;
            match answer.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(PAUSE).await;
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

    /// What is wrong is not in the reason where CloudFormation has compared the template with the resources' schemas and
    /// names: "use the DescribeEvents API". Who may not call that hears the reason all the same.
    async fn details(&self) -> Vec<String> {
        let failed = EventFilter::builder().failed_events(true).build();
        let call = self.account.cloudformation().describe_events().change_set_name(&self.id).filters(failed);
        let events = call.send().await.ok().and_then(|answer| answer.operation_events).unwrap_or_default();
        let told = events.into_iter().filter_map(|event| {
            let why = event.validation_status_reason.or(event.resource_status_reason)?;
            Some(format!("{}: {why}", event.logical_resource_id.unwrap_or_default()))
        });
        told.collect()
    }

    /// Does it.
    pub(super) async fn execute(&self) -> anyhow::Result<()> {
        // A key that is kept when its stack goes is not kept when the stack never came to be.
        let call = self.account.cloudformation().execute_change_set().change_set_name(&self.id);
        let call = call.stack_name(&self.stack).retain_except_on_create(true);
        call.send().await.explain(self.account.credentials(), "executing the change set")?;
        Ok(())
    }

    /// Takes it back.
    pub(super) async fn delete(&self) -> anyhow::Result<()> {
        let call = self.account.cloudformation().delete_change_set().change_set_name(&self.id).stack_name(&self.stack);
        call.send().await.explain(self.account.credentials(), "deleting the change set")?;
        Ok(())
    }
}

/// CloudFormation says so only in words.
fn is_empty(why: &str) -> bool {
    why.contains("didn't contain changes") || why.contains("No updates are to be performed")
}

fn parameter((name, value): &(&'static str, Value)) -> Parameter {
    let parameter = Parameter::builder().parameter_key(*name);
    match value {
        Value::Is(value) => parameter.parameter_value(value).build(),
        Value::Stays => parameter.use_previous_value(true).build(),
    }
}
