//! One AWS account in one region, in Draco's words: find, copy, share, tag, delete; keys, messages, timers.
//!
//! [`Cloud`] is all that the two functions know of AWS. Every call of it is safe to make twice, since any of them may be
//! made again after a crash: that a copy has begun before, that what is to be deleted is gone, that a timer runs already
//! are answers and not errors. What is an error says what was being done to what, what AWS answered and what usually
//! mends it ([`Error`]), and is of a small [`Class`] that a program can decide by.
//!
//! Nothing else that is deployed names a type of the AWS SDK, and nothing here decides what becomes of a snapshot. Read
//! [`Cloud`] first; then `pair`, where RDS's two families of operations, for instances and for clusters, become one; then
//! `error`, with its tables; `keys` and `timer`. The rest is what both functions do alike: [`rounds`] (one after the
//! other), [`patience`] (waiting for a copy), [`log`] (lines of JSON) and `lambda` (being a program).

mod clients;
mod error;
mod keys;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod log;
mod pair;
pub mod patience;
pub mod rounds;
mod timer;

use std::sync::Arc;

use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use protocol::message::{ATTRIBUTE, SUBJECT};
use protocol::{AccountId, Kind, Message, Place, Snapshot, SnapshotArn, Tags, wait};

use clients::{Clients, partition};
use error::{Doing, Failure};
use pair::Pair;

pub use error::{Class, Error};

/// An account in a region, as somebody who may act there. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Cloud {
    here: Place,
    clock: SharedTimeSource,
    snapshots: Pair,
    others: Arc<Clients>,
}

/// Some of our own snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most a hundred.
    pub snapshots: Vec<Snapshot>,
    /// Where the next page begins, if there is one.
    pub marker: Option<String>,
}

/// When a copy was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// By this call.
    Now,
    /// There is something of the target's name already.
    Before,
}

/// Whether what was to be changed was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was.
    There,
    /// There is nothing of that name.
    Gone,
}

/// How often a call of RDS is made before it has failed, which is a minute of throttling, less than a function's time. RDS
/// answers an account only so many calls a second, and where a fleet is snapshotted at the same time, three would
/// leave almost every event a dead letter.
pub const ATTEMPTS_OF_RDS: u32 = 8;

impl Cloud {
    /// Makes the clients, which connect when they are first used.
    #[must_use]
    pub fn new(config: &SdkConfig, here: Place) -> Self {
        let patient = RetryConfig::standard().with_max_attempts(ATTEMPTS_OF_RDS);
        let rds =
            aws_sdk_rds::config::Builder::from(config).retry_partition(partition("rds")).retry_config(patient).build();
        Self {
            clock: config.time_source().unwrap_or_default(),
            snapshots: Pair::new(aws_sdk_rds::Client::from_conf(rds), here.clone()),
            others: Arc::new(Clients::new(config.clone())),
            here,
        }
    }

    /// Where this is.
    #[must_use]
    pub fn here(&self) -> &Place {
        &self.here
    }

    /// What time it is, by the clock that the configuration has.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().into()
    }

    /// A snapshot of ours, or one that another account shares with us, if it is there. It may be in any state.
    ///
    /// # Errors
    /// If AWS does not tell.
    pub async fn find(&self, snapshot: &SnapshotArn) -> Result<Option<Snapshot>, Error> {
        match self.snapshots.find(snapshot).await {
            Ok(found) => Ok(found),
            Err(failure) if failure.class() == Class::Gone => Ok(None),
            Err(failure) => Err(self.error(&Doing::Finding(snapshot), failure)),
        }
    }

    /// One page of our own snapshots of a kind: of all, or of the databases of one identifier.
    ///
    /// # Errors
    /// If AWS does not tell.
    pub async fn page(&self, kind: Kind, database: Option<&str>, marker: Option<&str>) -> Result<Page, Error> {
        let page = self.snapshots.page(kind, database, marker).await;
        page.map_err(|failure| self.error(&Doing::Listing(kind, database), failure))
    }

    /// All our own snapshots of a kind, or those of the databases of one identifier, page after page.
    ///
    /// # Errors
    /// If AWS does not tell.
    pub async fn all(&self, kind: Kind, database: Option<&str>) -> Result<Vec<Snapshot>, Error> {
        let mut all = Vec::new();
        let mut marker = None::<String>;
        loop {
            let page = self.page(kind, database, marker.as_deref()).await?;
            all.extend(page.snapshots);
            marker = page.marker;
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// Starts to copy. `from` may be another account's; `key` is `None` only for what cannot be encrypted: an unencrypted
    /// cluster snapshot.
    ///
    /// The tags come with the request and are not left to AWS (`CopyTags`), which cannot copy those of another account's.
    ///
    /// # Errors
    /// If AWS does not start. That there is something of the target's name is no error.
    pub async fn copy(
        &self,
        from: &SnapshotArn,
        to: &SnapshotArn,
        key: Option<&str>,
        tags: &Tags,
    ) -> Result<Begun, Error> {
        match self.snapshots.copy(from, to, key, tags).await {
            Ok(()) => Ok(Begun::Now),
            Err(failure) if failure.class() == Class::Exists => Ok(Begun::Before),
            Err(failure) => Err(self.error(&Doing::Copying { from, to }, failure)),
        }
    }

    /// Lets another account see, copy and restore a snapshot.
    ///
    /// # Errors
    /// If AWS does not let it.
    pub async fn share(&self, snapshot: &SnapshotArn, with: &AccountId) -> Result<(), Error> {
        let shared = self.snapshots.share(snapshot, with).await;
        shared.map_err(|failure| self.error(&Doing::Sharing { snapshot, with }, failure))
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// If AWS does not. That there is no such snapshot is no error.
    pub async fn tag(&self, snapshot: &SnapshotArn, key: &str, value: &str) -> Result<Found, Error> {
        let tagged = self.snapshots.tag(snapshot, key, value).await;
        self.found(tagged, &Doing::Tagging { snapshot, key })
    }

    /// Deletes a snapshot, or ends its copying.
    ///
    /// # Errors
    /// If AWS does not. That there is no such snapshot is no error.
    pub async fn delete(&self, snapshot: &SnapshotArn) -> Result<Found, Error> {
        let deleted = self.snapshots.delete(snapshot).await;
        self.found(deleted, &Doing::Deleting(snapshot))
    }

    /// Says something to the other account. The attribute lets subscriptions filter without reading the message.
    ///
    /// # Errors
    /// If AWS does not take it.
    pub async fn say(&self, topic_arn: &str, message: &Message) -> Result<(), Error> {
        let event = MessageAttributeValue::builder().data_type("String").string_value(message.event()).build();
        let said = async {
            let call = self.others.sns().publish().topic_arn(topic_arn).subject(SUBJECT).message(message.to_string());
            call.message_attributes(ATTRIBUTE, event?).send().await?;
            Ok(())
        };
        said.await.map_err(|failure: Failure| self.error(&Doing::Saying { topic_arn, message }, failure))
    }

    /// Starts a timer. One of that name that has been started before is the same, and that is no error.
    ///
    /// # Errors
    /// If AWS does not start it.
    pub async fn start_timer(&self, state_machine_arn: &str, name: &str, timer: &wait::Timer) -> Result<(), Error> {
        match timer::start(self.others.sfn(), state_machine_arn, name, timer).await {
            Ok(()) => Ok(()),
            Err(failure) if failure.class() == Class::Exists => Ok(()),
            Err(failure) => Err(self.error(&Doing::StartingTimer { state_machine_arn, name }, failure)),
        }
    }

    /// The ARN of the key under this alias. If there is none, it is made: symmetric, rotated every year, this account's
    /// alone. However many do that at once, they end with one key.
    ///
    /// # Errors
    /// If AWS does not tell of it or does not make it.
    pub async fn key(&self, alias: &str, description: &str, tags: &Tags) -> Result<String, Error> {
        let key = keys::find_or_make(self.others.kms(), alias, description, tags).await;
        key.map_err(|failure| self.error(&Doing::GettingKey(alias), failure))
    }

    fn found(&self, changed: Result<(), Failure>, doing: &Doing<'_>) -> Result<Found, Error> {
        match changed {
            Ok(()) => Ok(Found::There),
            Err(failure) if failure.class() == Class::Gone => Ok(Found::Gone),
            Err(failure) => Err(self.error(doing, failure)),
        }
    }

    fn error(&self, doing: &Doing<'_>, failure: Failure) -> Error {
        Error::new(&self.here.account, doing, failure)
    }
}
