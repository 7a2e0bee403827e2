//! The calls that only the verifier makes: another function, objects, and messages to people.

use protocol::TopicArn;
use serde_json::Value;

use crate::error::{Failure, Operation};
use crate::{Class, Cloud, Error, Object, Version, invoke, objects};

impl Cloud {
    /// Publishes a text to people and programs that have subscribed to a topic.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn publish_report(&self, topic: &TopicArn, subject: &str, text: &str) -> Result<(), Error> {
        let clients = self.regions.of(&topic.place.region);
        let call = clients.sns().publish().topic_arn(topic.to_string()).subject(subject).message(text);
        let published = async { call.send().await.map(drop).map_err(Failure::from) };
        clients
            .call(&self.clock, published)
            .await
            .map_err(|failure: Failure| self.error(&Operation::PublishReport(topic), failure))
    }

    /// The result of another function of this account and region. It is invoked once, with a payload that is not logged.
    ///
    /// # Errors
    /// If the call or the function fails.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value, Error> {
        let result = invoke::invoke(self.local().lambda(), function, payload).await;
        result.map_err(|failure| self.error(&Operation::Invoke(function), failure))
    }

    /// The content of an object, and its version.
    ///
    /// # Errors
    /// If the call fails. A missing object is not an error.
    pub async fn read_object(&self, bucket: &str, key: &str) -> Result<Option<Object>, Error> {
        match objects::read(self.local().s3(), &self.here().account, bucket, key).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.class() == Class::Gone => Ok(None),
            Err(failure) => Err(self.error(&Operation::ReadObject { bucket, key }, failure)),
        }
    }

    /// Writes an object in place of this version of it. The version that was written.
    ///
    /// # Errors
    /// If the call fails, or with [`Class::Exists`] if there is another version.
    pub async fn write_object(
        &self,
        bucket: &str,
        key: &str,
        content: Vec<u8>,
        replaces: &Version,
    ) -> Result<Version, Error> {
        let written = objects::write(self.local().s3(), &self.here().account, (bucket, key), content, replaces).await;
        written.map_err(|failure| self.error(&Operation::WriteObject { bucket, key }, failure))
    }
}
