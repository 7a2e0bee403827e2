//! Topics with their policies and subscriptions, RDS event subscriptions, and queues.

use serde_json::{Map, Value, json};

use super::super::path_error::PathError;
use super::super::properties::Properties;
use super::super::scope::CreatedResource;
use super::{Deployment, created};
use crate::call::Service;

impl Deployment<'_> {
    pub(super) fn topic(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("TopicName")?;
        let display_name = properties.optional_text("DisplayName")?.unwrap_or_default();
        let attributes = json!([{ "key": "DisplayName", "value": display_name }]);
        let subscriptions =
            properties.nested_list("Subscription", |it| Ok((it.text("Protocol")?, it.text("Endpoint")?)))?;
        let input = json!({ "Name": name, "Attributes": attributes });
        let arn = self.call_for_text(Service::Sns, "CreateTopic", input, "/TopicArn")?;
        for (protocol, endpoint) in subscriptions {
            self.subscribe(&arn, &protocol, &endpoint, None)?;
        }
        Ok(created(&arn, [("TopicArn", &arn), ("TopicName", &name)]))
    }

    pub(super) fn topic_policy(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let policy = properties.json("PolicyDocument")?.to_string();
        for topic in properties.texts("Topics")? {
            let input = json!({ "TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy });
            self.call(Service::Sns, "SetTopicAttributes", input)?;
        }
        Ok(created("", []))
    }

    pub(super) fn subscription(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let (topic, protocol) = (properties.text("TopicArn")?, properties.text("Protocol")?);
        let (endpoint, raw) = (properties.text("Endpoint")?, properties.optional("RawMessageDelivery")?);
        let arn = self.subscribe(&topic, &protocol, &endpoint, raw)?;
        Ok(created(&arn, [("Arn", &arn)]))
    }

    fn subscribe(
        &mut self,
        topic: &str,
        protocol: &str,
        endpoint: &str,
        raw: Option<bool>,
    ) -> Result<String, PathError> {
        let attributes: Vec<_> =
            raw.into_iter().map(|raw| json!({ "key": "RawMessageDelivery", "value": raw.to_string() })).collect();
        let input = json!({
            "TopicArn": topic,
            "Protocol": protocol,
            "Endpoint": endpoint,
            "Attributes": attributes,
            "ReturnSubscriptionArn": true,
        });
        self.call_for_text(Service::Sns, "Subscribe", input, "/SubscriptionArn")
    }

    pub(super) fn event_subscription(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("SubscriptionName")?;
        let input = json!({
            "SubscriptionName": name,
            "SnsTopicArn": properties.text("SnsTopicArn")?,
            "SourceType": properties.optional_text("SourceType")?,
            "SourceIds": properties.texts("SourceIds")?,
            "EventCategories": properties.texts("EventCategories")?,
            "Enabled": properties.optional::<bool>("Enabled")?,
        });
        self.call(Service::Rds, "CreateEventSubscription", input)?;
        Ok(created(&name, []))
    }

    /// Queue policies and encryption are not simulated.
    pub(super) fn queue(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("QueueName")?;
        let mut attributes = Map::new();
        for attribute in ["MessageRetentionPeriod", "VisibilityTimeout"] {
            attributes
                .extend(properties.optional_text(attribute)?.map(|text| (attribute.to_owned(), Value::from(text))));
        }
        properties.ignore(&["SqsManagedSseEnabled"]);
        let input = json!({ "QueueName": name, "Attributes": attributes });
        let url = self.call_for_text(Service::Sqs, "CreateQueue", input, "/QueueUrl")?;
        Ok(created(&url, [("Arn", &self.arn("sqs", &name)), ("QueueName", &name), ("QueueUrl", &url)]))
    }
}
