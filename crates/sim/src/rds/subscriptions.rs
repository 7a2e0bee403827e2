//! Event subscriptions: SNS topics receive notifications of events, exactly as AWS formats them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::events::Event;
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::tags::{self, Tag, Tags};
use super::{RdsContext, categories, paging};
use crate::call::Error;
use crate::iam::Principal;
use crate::questions::SourceArn;
use crate::world::State;
use crate::{page, sns};

pub(super) struct Subscription {
    name: String,
    topic_arn: String,
    source_type: Option<String>,
    /// Empty for all.
    source_ids: BTreeSet<String>,
    /// Empty for all.
    categories: BTreeSet<String>,
    is_enabled: bool,
    created: DateTime<Utc>,
    pub(super) tags: Tags,
}

/// The maximum number of subscriptions in a region of an account.
const MAX_COUNT: usize = 20;
const SERVICE: &str = "events.rds.amazonaws.com";
const SUBJECT: &str = "RDS Notification Message";

/// "The name must be less than 255 characters."
const MAX_NAME_LENGTH: usize = 254;

/// Publishes an event to the topics of matching subscriptions. A notification that a topic refuses is lost.
pub(super) fn notify(state: &mut State, event: &Event) {
    let Arn { account, region, .. } = &event.source;
    let subscriptions = &state.region_state(account, region).rds.subscriptions;
    let wanting = subscriptions.values().filter(|subscription| subscription.matches(event));
    let topics: Vec<_> = wanting.map(|found| (found.name.clone(), found.topic_arn.clone())).collect();
    if topics.is_empty() {
        return;
    }
    let Ok(body) = serde_json::to_string(&Notification::of(event)) else { return };
    for (name, topic) in topics {
        let source_arn = match state.settings.answers.source_arn {
            SourceArn::Resource => event.source.to_string(),
            SourceArn::Subscription => subscription_arn(region, account, &name),
        };
        let principal = Principal::Service { name: SERVICE, source_arn: &source_arn };
        let _ = sns::publish(state, principal, &topic, message(body.clone()));
    }
}

impl Subscription {
    fn matches(&self, event: &Event) -> bool {
        self.is_enabled
            && self.source_type.as_ref().is_none_or(|wanted| wanted == event.source.source_type())
            && (self.source_ids.is_empty() || self.source_ids.contains(&event.source.id))
            && (self.categories.is_empty() || self.categories.contains(event.details.category))
    }
}

/// A notification. Its members are in AWS's order.
#[derive(Serialize)]
struct Notification<'a> {
    #[serde(rename = "Event Source")]
    source_type: &'a str,
    #[serde(rename = "Event Time")]
    time: String,
    #[serde(rename = "Identifier Link")]
    link: String,
    #[serde(rename = "Source ID")]
    id: &'a str,
    #[serde(rename = "Source ARN")]
    arn: String,
    #[serde(rename = "Event ID")]
    event_id: String,
    #[serde(rename = "Event Message")]
    message: &'a str,
}

impl<'a> Notification<'a> {
    fn of(event: &'a Event) -> Self {
        let Event { source, details, at, .. } = event;
        let number = details.number;
        Self {
            source_type: source.source_type(),
            time: at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            link: link(source),
            id: &source.id,
            arn: source.to_string(),
            event_id: format!(
                "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-{number:04}"
            ),
            message: &details.message,
        }
    }
}

fn link(source: &Arn) -> String {
    let page = match (source.kind, source.resource_type) {
        (Kind::Instance, ResourceType::Database) => "dbinstance:id",
        (Kind::Instance, ResourceType::Snapshot) => "snapshot:id",
        (Kind::Cluster, ResourceType::Database) => "dbclusters:id",
        (Kind::Cluster, ResourceType::Snapshot) => "snapshot:engine=aurora;id",
        (_, ResourceType::ParameterGroup) => "parameter-group-details:parameter-group-name",
        // They have no events.
        (_, ResourceType::OptionGroup | ResourceType::SubnetGroup | ResourceType::AutomatedBackup) => "",
    };
    format!("https://console.aws.amazon.com/rds/home?region={}#{page}={}", source.region, source.id)
}

fn message(body: String) -> sns::Message {
    sns::Message { subject: Some(SUBJECT.to_owned()), body, ..sns::Message::default() }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRequest {
    subscription_name: String,
    sns_topic_arn: String,
    source_type: Option<String>,
    #[serde(default)]
    source_ids: Vec<String>,
    #[serde(default)]
    event_categories: Vec<String>,
    enabled: Option<bool>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Value, Error> {
    if !(1..=MAX_NAME_LENGTH).contains(&wanted.subscription_name.chars().count()) {
        let message = format!("SubscriptionName must have 1 to {MAX_NAME_LENGTH} characters.");
        return Err(Error::new("InvalidParameterValue", message));
    }
    let subscriptions = &ctx.rds(state).subscriptions;
    if subscriptions.contains_key(&wanted.subscription_name) {
        let message = format!("Event subscription {} already exists.", wanted.subscription_name);
        return Err(Error::new("SubscriptionAlreadyExist", message));
    }
    if subscriptions.len() >= MAX_COUNT {
        let message = format!("Cannot create more than {MAX_COUNT} event subscriptions.");
        return Err(Error::new("EventSubscriptionQuotaExceeded", message));
    }
    if !wanted.source_ids.is_empty() && wanted.source_type.is_none() {
        let message = "SourceType must be provided when SourceIds are.";
        return Err(Error::new("InvalidParameterCombination", message));
    }
    let source_ids: BTreeSet<_> = wanted.source_ids.iter().map(|id| id.to_ascii_lowercase()).collect();
    if let Some(source_type) = &wanted.source_type {
        check_sources(state, ctx, source_type, &source_ids)?;
    }
    categories::check(wanted.source_type.as_deref(), &wanted.event_categories)?;
    check_topic(&wanted.sns_topic_arn)?;
    let tags = tags::with(Tags::new(), wanted.tags)?;
    let arn = ctx.subscription_arn(&wanted.subscription_name);
    send_greeting(state, &arn, &wanted.sns_topic_arn, wanted.source_type.as_deref())?;
    let subscription = Subscription {
        name: wanted.subscription_name,
        topic_arn: wanted.sns_topic_arn,
        source_type: wanted.source_type,
        source_ids,
        categories: wanted.event_categories.into_iter().collect(),
        is_enabled: wanted.enabled.unwrap_or(true),
        created: state.now,
        tags,
    };
    let view = subscription.view(ctx, "creating");
    ctx.rds(state).subscriptions.insert(subscription.name.clone(), subscription);
    Ok(json!({ "EventSubscription": view }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModifyRequest {
    subscription_name: String,
    sns_topic_arn: Option<String>,
    source_type: Option<String>,
    event_categories: Option<Vec<String>>,
    enabled: Option<bool>,
}

pub(super) fn modify(state: &mut State, ctx: &RdsContext, wanted: ModifyRequest) -> Result<Value, Error> {
    let found = find(state, ctx, &wanted.subscription_name)?;
    let source_type = wanted.source_type.or_else(|| found.source_type.clone());
    categories::check(source_type.as_deref(), wanted.event_categories.as_deref().unwrap_or_default())?;
    if let Some(topic_arn) = &wanted.sns_topic_arn {
        check_topic(topic_arn)?;
        send_greeting(state, &ctx.subscription_arn(&wanted.subscription_name), topic_arn, source_type.as_deref())?;
    }
    let found = find(state, ctx, &wanted.subscription_name)?;
    found.source_type = source_type;
    found.topic_arn = wanted.sns_topic_arn.unwrap_or_else(|| found.topic_arn.clone());
    found.categories =
        wanted.event_categories.map_or_else(|| found.categories.clone(), |all| all.into_iter().collect());
    found.is_enabled = wanted.enabled.unwrap_or(found.is_enabled);
    Ok(json!({ "EventSubscription": found.view(ctx, "modifying") }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    subscription_name: Option<String>,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "EventSubscriptionsList";

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    if let Some(name) = &wanted.subscription_name {
        let found = find(state, ctx, name)?.view(ctx, "active");
        return Ok(json!({ LIST: [found] }));
    }
    let left = page::after(last.as_ref(), &ctx.rds(state).subscriptions);
    let (found, marker) = page::cut(left.map(|(name, found)| (name, found.view(ctx, "active"))), size);
    Ok(json!({ LIST: found, "Marker": marker.map(|name| page::marker(LIST, name)) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteRequest {
    subscription_name: String,
}

pub(super) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<Value, Error> {
    let view = find(state, ctx, &wanted.subscription_name)?.view(ctx, "deleting");
    ctx.rds(state).subscriptions.remove(&wanted.subscription_name);
    Ok(json!({ "EventSubscription": view }))
}

/// The tags of a subscription of the caller, which is named by its ARN.
pub(super) fn tags_of<'s>(state: &'s mut State, ctx: &RdsContext, arn: &str) -> Option<&'s mut Tags> {
    let name = arn.strip_prefix(&ctx.subscription_arn(""))?;
    find(state, ctx, name).ok().map(|found| &mut found.tags)
}

fn find<'s>(state: &'s mut State, ctx: &RdsContext, name: &str) -> Result<&'s mut Subscription, Error> {
    ctx.rds(state).subscriptions.get_mut(name).ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Error {
    Error::new("SubscriptionNotFound", format!("Event subscription {name} not found.")).status(404)
}

/// Publishes the message that announces further notifications. If the topic refuses it, the subscription fails. Its source
/// ARN is that of the subscription: there is no other resource.
fn send_greeting(state: &mut State, arn: &str, topic_arn: &str, source_type: Option<&str>) -> Result<(), Error> {
    let of_type = source_type.map(|source_type| format!(" of type {source_type}")).unwrap_or_default();
    let body = format!(
        "This is a message to notify that RDS will attempt to send you event notifications{of_type} to the topic \
         {topic_arn}."
    );
    let principal = Principal::Service { name: SERVICE, source_arn: arn };
    match sns::publish(state, principal, topic_arn, message(body)) {
        Ok(_) => Ok(()),
        Err(refused) if refused.code.starts_with("NotFound") => {
            Err(Error::new("SNSTopicArnNotFound", format!("The SNS topic {topic_arn} does not exist.")).status(404))
        }
        Err(refused) => {
            let message = format!("RDS does not have permission to publish to the SNS topic {topic_arn}: {refused}");
            Err(Error::new("SNSNoAuthorization", message))
        }
    }
}

/// The ARN of an event subscription.
pub(super) fn subscription_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:rds:{region}:{account}:es:{name}")
}

/// "RDS doesn't support FIFO (first in, first out) topics" (`CreateEventSubscription`).
fn check_topic(topic_arn: &str) -> Result<(), Error> {
    if topic_arn.ends_with(".fifo") {
        return Err(Error::new("SNSInvalidTopic", format!("The SNS topic {topic_arn} is a FIFO topic.")));
    }
    Ok(())
}

fn check_sources(state: &mut State, ctx: &RdsContext, source_type: &str, ids: &BTreeSet<String>) -> Result<(), Error> {
    let rds = ctx.rds(state);
    let exists = |rds: &mut super::Rds, id: &str| match source_type {
        "db-instance" => rds.instances.databases.contains(id),
        "db-cluster" => rds.clusters.databases.contains(id),
        "db-snapshot" => rds.instances.snapshots.contains(id),
        "db-cluster-snapshot" => rds.clusters.snapshots.contains(id),
        _ => false,
    };
    if !ids.is_empty() && !["db-instance", "db-cluster", "db-snapshot", "db-cluster-snapshot"].contains(&source_type) {
        return Err(Error::not_simulated(format!("sources of the type {source_type}")));
    }
    match ids.iter().find(|id| !exists(rds, id)) {
        None => Ok(()),
        Some(id) => Err(Error::new("SourceNotFound", format!("The source {id} could not be found.")).status(404)),
    }
}

impl Subscription {
    fn view(&self, ctx: &RdsContext, status: &str) -> Value {
        json!({
            "CustomerAwsId": ctx.caller.account,
            "CustSubscriptionId": self.name,
            "EventSubscriptionArn": ctx.subscription_arn(&self.name),
            "SnsTopicArn": self.topic_arn,
            "Status": status,
            "SubscriptionCreationTime": self.created.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            "SourceType": self.source_type,
            "SourceIdsList": self.source_ids,
            "EventCategoriesList": self.categories,
            "Enabled": self.is_enabled,
        })
    }
}
