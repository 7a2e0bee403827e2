//! Actions that only one experiment needs.

use aws_sdk_kms::types::Tag as KeyTag;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::actions::empty;
use crate::experiment::{Copy, Kind, Publisher, Side, Snapshot, Tags};
use crate::journal::What;
use crate::lab::{Lab, Wait, failure};
use crate::needs::EVENTS;
use crate::rds::{self, NO_RESPONSE, Response, refusal};
use crate::trace::{Outcome, View};

/// How long to wait for a notification that may never come.
const NOTIFICATION: TimeDelta = TimeDelta::minutes(15);
/// How long to wait for a tag to count, twice the time that AWS names.
const TAGS_COUNT: TimeDelta = TimeDelta::minutes(10);

impl Lab {
    /// Describes the shared instance, with a filter for engines that it does not have.
    pub(crate) async fn describe_filtered(&self, engines: &[&str]) -> Response<Outcome> {
        match rds::count_with_engines(&self.source.rds, &self.database(Kind::Instance), engines).await? {
            0 => Err(empty()),
            _ => Ok(Outcome::Done),
        }
    }

    /// Lists the snapshots of an instance that was deleted.
    pub(crate) async fn list_of_deleted(&mut self) -> Response<Outcome> {
        let (id, snapshot) = (self.name("deleted"), Snapshot::source("of-deleted"));
        self.create_database(Kind::Instance, &id, None, true).await?;
        self.take(snapshot, Tags::Own(&[]), &id).await?;
        self.await_available(snapshot).await?;
        self.remove_database(Side::Source, Kind::Instance, &id).await?;
        match rds::count(&self.source.rds, &id).await? {
            0 => Err(failure("the list does not have the snapshot".to_owned())),
            _ => Ok(Outcome::Done),
        }
    }

    /// Copies a snapshot of an unencrypted cluster under the key of the source account.
    pub(crate) async fn copy_plaintext_cluster(&mut self) -> Response<View> {
        const NAME: &str = "plain";
        let (id, snapshot) = (self.name(NAME), Snapshot::source(NAME).of_cluster());
        self.create_database(Kind::Cluster, &id, None, false).await?;
        let taken = self.take(snapshot, Tags::Own(&[]), &id).await?;
        if taken.key.is_some() {
            return Err(failure("AWS encrypted the cluster".to_owned()));
        }
        self.await_available(snapshot).await?;
        self.copy(Copy::new(snapshot, Snapshot::source("plain-copy").of_cluster())).await
    }

    /// Takes a snapshot of a DocumentDB cluster.
    pub(crate) async fn take_of_document_db(&mut self, snapshot: Snapshot) -> Response<View> {
        let id = self.name("documents");
        self.create_with_engine(Kind::Cluster, rds::DOCUMENT_DB, &id, None, true).await?;
        self.take(snapshot, Tags::Own(&[]), &id).await
    }

    /// Replaces the policy of the topic with RDS's notifications.
    pub(crate) async fn accept(&mut self, publisher: Publisher) -> Response<()> {
        let topic = self.topic.clone().ok_or_else(|| failure("there is no topic".to_owned()))?;
        let mut statement = json!({
            "Effect": "Allow", "Principal": { "Service": "events.rds.amazonaws.com" },
            "Action": "sns:Publish", "Resource": topic,
        });
        let resource_type = match publisher {
            Publisher::Any => None,
            Publisher::Snapshot => Some("snapshot"),
            Publisher::Subscription => Some("es"),
        };
        if let (Some(resource_type), Some(statement)) = (resource_type, statement.as_object_mut()) {
            let arn = format!("arn:*:rds:*:*:{resource_type}:*");
            statement.insert("Condition".to_owned(), json!({ "ArnLike": { "aws:SourceArn": arn } }));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let request = self.source.sns.set_topic_attributes().topic_arn(topic).attribute_name("Policy");
        request.attribute_value(policy.to_string()).send().await.map(|_| ()).map_err(refusal)
    }

    /// Revokes all grants on the key of the source account. Only copies of the run use it.
    pub(crate) async fn revoke_grants(&self) -> Response<Outcome> {
        let key = self.keys.get(&Side::Source).ok_or_else(|| failure("there is no key".to_owned()))?;
        let (kms, mut ids, mut marker) = (&self.source.kms, Vec::new(), None);
        loop {
            let page = kms.list_grants().key_id(key).set_marker(marker).send().await.map_err(refusal)?;
            ids.extend(page.grants().iter().filter_map(|grant| grant.grant_id().map(str::to_owned)));
            marker = page.next_marker().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        if ids.is_empty() {
            return Err(failure("the key has no grants".to_owned()));
        }
        for id in ids {
            kms.revoke_grant().key_id(key).grant_id(id).send().await.map_err(refusal)?;
        }
        Ok(Outcome::Done)
    }

    /// The numbers of the events about a snapshot.
    pub(crate) async fn notified(&self, snapshot: Snapshot, number: u16) -> Response<Vec<u16>> {
        let url = self.queues.get(EVENTS).ok_or_else(|| failure("there is no queue".to_owned()))?;
        let (id, mut numbers) = (self.name(snapshot.name), Vec::new());
        let (until, mut wait) = (self.time().await? + NOTIFICATION, Wait::new(self.pace));
        loop {
            let sqs = &self.source.sqs;
            let received = sqs.receive_message().queue_url(url).max_number_of_messages(10).send();
            for message in received.await.map_err(refusal)?.messages() {
                numbers.extend(message.body().and_then(|body| event_number(body, &id)));
                let handle = message.receipt_handle().unwrap_or_default();
                sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.map_err(refusal)?;
            }
            if numbers.contains(&number) || self.time().await? > until {
                return Ok(numbers);
            }
            wait.pause("a notification").await?;
        }
    }

    /// How long it takes until a new tag of a key counts in its policy, in seconds.
    pub(crate) async fn tag_key(&mut self) -> Response<i64> {
        const NAME: &str = "tagged-key";
        self.announce(Side::Source, What::Key, NAME)?;
        let root = |account: &str| json!({ "AWS": format!("arn:aws:iam::{account}:root") });
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": root(&self.source.id), "Action": "kms:*", "Resource": "*" },
            {
                "Effect": "Allow", "Principal": root(&self.dr.id), "Action": "kms:DescribeKey", "Resource": "*",
                "Condition": { "StringEquals": { "aws:ResourceTag/open": "yes" } },
            },
        ] });
        let tag = |key: &str, value: &str| {
            KeyTag::builder().tag_key(key).tag_value(value).build().map_err(|error| failure(error.to_string()))
        };
        let (kms, own) = (self.source.kms.clone(), self.tag());
        let request = kms.create_key().description(self.name(NAME)).policy(policy.to_string());
        let created = request.tags(tag(&own.0, &own.1)?).send().await.map_err(refusal)?;
        let arn = created.key_metadata().and_then(|key| key.arn()).unwrap_or_default();
        let dr = self.dr.kms.clone();
        if dr.describe_key().key_id(arn).send().await.is_ok() {
            return Err(failure("DR may use the key without the tag".to_owned()));
        }
        kms.tag_resource().key_id(arn).tags(tag("open", "yes")?).send().await.map_err(refusal)?;
        let (since, mut wait) = (self.time().await?, Wait::new(self.pace));
        loop {
            let described = dr.describe_key().key_id(arn).send().await.map_err(refusal);
            let took = self.time().await? - since;
            match described {
                Ok(_) => return Ok(took.num_seconds()),
                Err(refused) if refused.code == NO_RESPONSE || took > TAGS_COUNT => return Err(refused),
                Err(_) => wait.pause("the tag").await?,
            }
        }
    }
}

/// The number of an event in SNS's envelope, if it is about this snapshot.
fn event_number(envelope: &str, snapshot: &str) -> Option<u16> {
    let envelope: Value = serde_json::from_str(envelope).ok()?;
    let event: Value = serde_json::from_str(envelope.get("Message")?.as_str()?).ok()?;
    let is_about = event.get("Source ID")?.as_str()? == snapshot;
    let (_, number) = event.get("Event ID")?.as_str()?.rsplit_once('-')?;
    is_about.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_event_is_read_from_the_envelope() {
        let event = r##"{"Source ID":"p-base","Event ID":"http://docs.aws.amazon.com/x.html#RDS-EVENT-0042"}"##;
        let envelope = json!({ "Type": "Notification", "Message": event }).to_string();
        assert_eq!(event_number(&envelope, "p-base"), Some(42));
        assert_eq!(event_number(&envelope, "p-other"), None);
        assert_eq!(event_number("no envelope", "p-base"), None);
    }
}
