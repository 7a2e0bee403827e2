//! Creates what several experiments share.

use std::collections::BTreeMap;

use aws_sdk_kms::types::Tag as KeyTag;
use aws_sdk_rds::types::Tag;
use aws_sdk_sns::types::Tag as TopicTag;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::backups;
use crate::experiment::{Copy, Kind, Need, Publisher, Side, Snapshot, Tags};
use crate::journal::What;
use crate::lab::{CLOCK, Lab, Wait, failure};
use crate::rds::{self, NewDatabase, Response, refusal};

/// The tag of databases that their snapshots may inherit.
pub(crate) const DATABASE_TAG: (&str, &str) = ("of", "database");

/// The name of the queue with RDS's notifications.
pub(crate) const EVENTS: &str = "events";

impl Lab {
    /// Creates a need and what it needs itself, once.
    ///
    /// # Errors
    ///
    /// The reason, if it could not be created.
    pub(crate) async fn ensure(&mut self, need: Need) -> Result<(), String> {
        if let Some(known) = self.needs.get(&need) {
            return known.clone();
        }
        let mut result = Ok(());
        for inner in need.needs() {
            result = result.and(Box::pin(self.ensure(*inner)).await);
        }
        if result.is_ok() {
            result = self.create(need).await.map_err(|refusal| format!("cannot create {}: {refusal}", need.name()));
        }
        self.needs.insert(need, result.clone());
        result
    }

    async fn create(&mut self, need: Need) -> Response<()> {
        match need {
            Need::Database(Kind::Instance) => {
                let window = backups::shared_window(self.time().await?);
                self.window = Some(window);
                let id = self.database(Kind::Instance);
                self.create_database(Kind::Instance, &id, Some(window), true).await
            }
            Need::Database(Kind::Cluster) => {
                let id = self.database(Kind::Cluster);
                self.create_database(Kind::Cluster, &id, None, true).await
            }
            Need::Automated => backups::await_first(self).await,
            Need::Base(kind) => {
                let base = Snapshot::base(kind);
                self.take(base, Tags::Inherited, &self.database(kind)).await?;
                self.await_available(base).await
            }
            Need::Transit(kind) => {
                let transit = Snapshot::transit(kind);
                self.copy(Copy::new(Snapshot::base(kind), transit)).await?;
                self.await_available(transit).await?;
                rds::share(&self.source.rds, kind, &self.name(transit.name), &self.dr.id).await
            }
            Need::Key(side) => self.create_key(side).await,
            Need::Clock => self.create_queue(CLOCK).await.map(|_| ()),
            Need::Notifications => self.create_notifications().await,
            Need::Existing => match self.existing {
                Some(_) => Ok(()),
                None => Err(failure("name an instance that has them with --database".to_owned())),
            },
        }
    }

    /// Creates a database, and waits until it is available.
    pub(crate) async fn create_database(
        &mut self,
        kind: Kind,
        id: &str,
        window: Option<backups::Window>,
        is_encrypted: bool,
    ) -> Response<()> {
        let engine = match kind {
            Kind::Instance => "postgres",
            Kind::Cluster => "aurora-postgresql",
        };
        self.create_with_engine(kind, engine, id, window, is_encrypted).await
    }

    /// The same, with another engine than the usual one.
    pub(crate) async fn create_with_engine(
        &mut self,
        kind: Kind,
        engine: &'static str,
        id: &str,
        window: Option<backups::Window>,
        is_encrypted: bool,
    ) -> Response<()> {
        let name = id.strip_prefix(&self.name("")).unwrap_or(id).to_owned();
        self.announce(Side::Source, What::Database(kind), &name)?;
        // It is not used or stored.
        let password: String = std::iter::repeat_with(fastrand::alphanumeric).take(30).collect();
        let mut tags = self.tags(Tags::Own(&[])).unwrap_or_default();
        tags.push(Tag::builder().key(DATABASE_TAG.0).value(DATABASE_TAG.1).build());
        let rds = self.source.rds.clone();
        let new = NewDatabase { engine, id, password: &password, window, is_encrypted, tags };
        rds::create_database(&rds, kind, new).await?;
        let mut wait = Wait::new(self.pace);
        loop {
            match rds::describe_database(&rds, kind, id).await?.map(|database| database.status).as_deref() {
                Some("available") => return Ok(()),
                Some(bad) if bad.starts_with("incompatible") || bad == "failed" => {
                    return Err(failure(format!("the database is {bad}")));
                }
                _ => wait.pause("the database").await?,
            }
        }
    }

    /// The account's administrators may do everything. DR may use the key of the source account to copy snapshots.
    async fn create_key(&mut self, side: Side) -> Response<()> {
        self.announce(side, What::Key, "key")?;
        let (name, tag) = (self.name("key"), self.tag());
        let root = |account: &str| json!({ "AWS": format!("arn:aws:iam::{account}:root") });
        let mut statements = vec![json!({
            "Effect": "Allow", "Principal": root(&self.account(side).id), "Action": "kms:*", "Resource": "*",
        })];
        if side == Side::Source {
            let actions = ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncryptFrom"];
            statements.push(json!({
                "Effect": "Allow", "Principal": root(&self.dr.id), "Action": actions, "Resource": "*",
            }));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let tag = KeyTag::builder().tag_key(tag.0).tag_value(tag.1).build();
        let tag = tag.map_err(|error| failure(error.to_string()))?;
        let request = self.account(side).kms.create_key().description(name).policy(policy.to_string()).tags(tag);
        let created = request.send().await.map_err(refusal)?;
        let arn = created.key_metadata().and_then(|key| key.arn()).ok_or_else(|| failure("no ARN".to_owned()))?;
        self.keys.insert(side, arn.to_owned());
        Ok(())
    }

    async fn create_queue(&mut self, queue: &'static str) -> Response<String> {
        self.announce(Side::Source, What::Queue, queue)?;
        let (key, value) = self.tag();
        let request = self.source.sqs.create_queue().queue_name(self.name(queue));
        let created = request.tags(key, value).send().await.map_err(refusal)?;
        let url = created.queue_url().unwrap_or_default().to_owned();
        self.queues.insert(queue, url.clone());
        Ok(url)
    }

    /// RDS publishes to a topic, which sends to a queue.
    async fn create_notifications(&mut self) -> Response<()> {
        let url = self.create_queue(EVENTS).await?;
        self.announce(Side::Source, What::Topic, EVENTS)?;
        let (account, name) = (self.source.clone(), self.name(EVENTS));
        let (key, value) = self.tag();
        let tag = TopicTag::builder().key(key).value(value).build().map_err(|error| failure(error.to_string()))?;
        let topic = account.sns.create_topic().name(&name).tags(tag).send().await.map_err(refusal)?;
        let topic = topic.topic_arn().unwrap_or_default();
        self.topic = Some(topic.to_owned());
        self.accept(Publisher::Any).await?;
        let queue = topic.replacen(":sns:", ":sqs:", 1);
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage", "Resource": queue,
                "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
            }],
        });
        let attributes = BTreeMap::from([(QueueAttributeName::Policy, policy.to_string())]);
        let request =
            account.sqs.set_queue_attributes().queue_url(url).set_attributes(Some(attributes.into_iter().collect()));
        // An emulator without policies of queues delivers anyway. In AWS, no message would arrive, which is observed.
        let _ = request.send().await;
        account.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await.map_err(refusal)?;
        self.subscribe(EVENTS, "db-snapshot").await
    }

    /// Subscribes the topic with RDS's notifications to the events of a source type.
    pub(crate) async fn subscribe(&mut self, name: &str, source_type: &str) -> Response<()> {
        let topic = self.topic.clone().ok_or_else(|| failure("there is no topic".to_owned()))?;
        self.announce(Side::Source, What::EventSubscription, name)?;
        let request = self.source.rds.create_event_subscription().subscription_name(self.name(name));
        let request = request.sns_topic_arn(topic).source_type(source_type).enabled(true);
        request.set_tags(self.tags(Tags::Own(&[]))).send().await.map(|_| ()).map_err(refusal)
    }
}
