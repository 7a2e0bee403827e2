//! One AWS account, in Draco's types: find, list, copy, share, tag and delete snapshots; restore, change and delete databases; keys,
//! secrets, messages, timers.
//!
//! A call goes to the region of the snapshot or topic that it names; lists, keys and timers are those of the function's own region,
//! or of [`Cloud::at`].
//!
//! [`Cloud`] is the functions' only access to AWS. Each of its calls is safe to repeat, because a function may stop between
//! any two calls and start again: a copy that exists already, a snapshot that is already deleted and a timer that is
//! already running are results, not errors. An [`Error`] states the operation, the object, AWS's answer and the usual
//! remedy, and has a [`Class`] by which a program can decide.
//!
//! Of the deployed code, only this crate uses types of the AWS SDK. It makes no decisions about snapshots.
//!
//! Reading order: [`Cloud`]; `rds`, which maps RDS's separate operations for instances and clusters to one set; `error`
//! with its tables; `databases`, `keys`, `secrets` and `timer`. The other modules are shared by the functions: [`Function`] (dispatching events),
//! [`batch`] (one item after the other), `rejection` (messages that are not handled), [`wait`] (waiting for a copy), [`log`] (JSON lines) and `lambda` (the program).

pub mod batch;
mod clients;
mod databases;
#[cfg(test)]
mod documented;
mod error;
mod function;
#[cfg(feature = "verify")]
mod invoke;
mod keys;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod log;
#[cfg(feature = "verify")]
mod objects;
pub mod queue;
mod rds;
mod rejection;
mod secrets;
mod timer;
#[cfg(feature = "verify")]
mod verify;
pub mod wait;

use std::sync::Arc;

use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use protocol::message::{ATTRIBUTE, SUBJECT};
use protocol::wait::Timer;
use protocol::{
    AccountId, Database, Kind, Message, Place, Region, Snapshot, SnapshotArn, Spec, Status, Tags, TopicArn,
};

use clients::{Clients, Regions};
use error::{Failure, Operation};

pub use databases::{
    Backups, Creation, Deletion, NewMember, Offer, OptionGroup, ParameterGroup, Restore, SnapshotContent, SubnetGroup,
};
pub use error::{Class, Error};
pub use function::{Function, Replication};
pub use keys::Key;
#[cfg(feature = "verify")]
pub use objects::{Object, Version};
pub use rejection::{Rejection, reject, require};
pub use secrets::Credentials;
pub use timer::{RunningTimer, TimerStart, TimerState, hash, name as timer_name};

/// An account in a region, with the permissions of the caller's role. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Cloud {
    here: Place,
    clock: SharedTimeSource,
    regions: Arc<Regions>,
}

/// A page of this account's snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most 100 snapshots.
    pub snapshots: Vec<Snapshot>,
    /// The marker of the next page, if there is one.
    pub marker: Option<String>,
}

/// A page of this account's databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabasePage {
    /// At most 100 databases.
    pub databases: Vec<Database>,
    /// The marker of the next page, if there is one.
    pub marker: Option<String>,
}

/// A quota of an account in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much of it is in use.
    pub used: usize,
    /// The most that AWS allows.
    pub most: usize,
}

/// The quotas of an account in a region that Draco uses. One that AWS does not return is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Manual snapshots of instances.
    pub snapshots: Option<Quota>,
    /// Manual snapshots of clusters.
    pub cluster_snapshots: Option<Quota>,
    /// Instances, those in clusters included.
    pub instances: Option<Quota>,
    /// Clusters.
    pub clusters: Option<Quota>,
    /// GiB of allocated storage. Aurora allocates none.
    pub gib: Option<Quota>,
}

/// The result of starting a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStart {
    /// This call started it.
    Started,
    /// A snapshot with the target's identifier exists already.
    NameExists,
}

/// The result of changing a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The snapshot was changed.
    Applied,
    /// There is no such snapshot.
    NotFound,
}

/// The number of attempts for a call of RDS, which is about a minute of throttling, less than a function's time limit. RDS
/// limits the calls of an account per second; with the default of three attempts, a fleet that is snapshotted at one time
/// would send almost every event to the dead-letter queue.
pub const RDS_ATTEMPTS: u32 = 8;

impl Cloud {
    /// Creates the clients. They connect when they are first used.
    #[must_use]
    pub fn new(config: &SdkConfig, here: Place) -> Self {
        let regions = Arc::new(Regions::new(config, &here));
        Self { clock: config.time_source().unwrap_or_default(), regions, here }
    }

    /// The same account in this region.
    #[must_use]
    pub fn at(&self, region: &Region) -> Self {
        let here = Place { region: region.clone(), account: self.here.account.clone() };
        Self { here, ..self.clone() }
    }

    /// The account and region.
    #[must_use]
    pub fn here(&self) -> &Place {
        &self.here
    }

    /// The current time, by the clock of the SDK configuration.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().into()
    }

    /// A snapshot of this account, or one that another account shares with it, in any status. `None` if there is none.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn find(&self, snapshot: &SnapshotArn) -> Result<Option<Snapshot>, Error> {
        let clients = self.of(snapshot);
        match clients.call(&self.clock, clients.rds().find(snapshot)).await {
            Ok(found) => Ok(found),
            Err(failure) if failure.class() == Class::Gone => Ok(None),
            Err(failure) => Err(self.error(&Operation::Find(snapshot), failure)),
        }
    }

    /// A page of this account's snapshots of a kind, optionally only those of one database identifier.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn list_page(&self, kind: Kind, database: Option<&str>, marker: Option<&str>) -> Result<Page, Error> {
        let clients = self.local();
        let page = clients.call(&self.clock, clients.rds().list_page(kind, database, marker)).await;
        page.map_err(|failure| self.error(&Operation::List(kind, database), failure))
    }

    /// Visits all snapshots of [`list_page`](Self::list_page), page by page: an account can have more than fit into memory.
    ///
    /// # Errors
    /// If a call fails, or the first error of a visit.
    pub async fn try_for_each<E: From<Error>>(
        &self,
        kind: Kind,
        database: Option<&str>,
        mut visit: impl FnMut(Snapshot) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut marker = None::<String>;
        loop {
            let page = self.list_page(kind, database, marker.as_deref()).await?;
            page.snapshots.into_iter().try_for_each(&mut visit)?;
            marker = page.marker;
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    /// All snapshots of [`list_page`](Self::list_page).
    ///
    /// # Errors
    /// If a call fails.
    pub async fn list_all(&self, kind: Kind, database: Option<&str>) -> Result<Vec<Snapshot>, Error> {
        let mut all = Vec::new();
        self.try_for_each(kind, database, |snapshot| {
            all.push(snapshot);
            Ok::<_, Error>(())
        })
        .await?;
        Ok(all)
    }

    /// The database of this account with this resource ID. `None` if there is none.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn find_database(&self, kind: Kind, resource_id: &str) -> Result<Option<Database>, Error> {
        match self.local().rds().list_databases(kind, Some(resource_id), None).await {
            // The filter's result is compared: a later database with the same identifier is another one.
            Ok(page) => Ok(page.databases.into_iter().find(|found| found.resource_id == resource_id)),
            Err(failure) if failure.class() == Class::Gone => Ok(None),
            Err(failure) => Err(self.error(&Operation::FindDatabase(kind, resource_id), failure)),
        }
    }

    /// The spec of a database, with its members and the changed parameters of its groups. And the failures to read parts of it,
    /// which the spec lacks then.
    ///
    /// A call for the members of a cluster, and one for each group that is not a default one.
    pub async fn read_spec(&self, database: &Database) -> (Spec, Vec<Error>) {
        let (mut spec, mut failures) = (database.spec.clone(), Vec::new());
        if !spec.members.is_empty() {
            match self.local().rds().member_settings(&database.name).await {
                Ok(mut settings) => {
                    for member in &mut spec.members {
                        member.settings.extend(settings.remove(&member.name).unwrap_or_default());
                    }
                }
                Err(failure) => failures.push(self.error(&Operation::DescribeMembers(&database.name), failure)),
            }
        }
        for group in spec.named_groups() {
            // A region that does not answer, or answers too slowly, does not do so for each group.
            let is_busy = |error: &Error| matches!(error.class(), Class::Throttled | Class::Unreachable);
            if failures.last().is_some_and(is_busy) {
                break;
            }
            match self.local().rds().changed_parameters(&group).await {
                Ok(parameters) => drop(spec.groups.insert(group, parameters)),
                Err(failure) => failures.push(self.error(&Operation::DescribeParameters(&group), failure)),
            }
        }
        (spec, failures)
    }

    /// Visits all databases of this account of a kind, page by page.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn for_each_database(&self, kind: Kind, mut visit: impl FnMut(Database)) -> Result<(), Error> {
        let mut marker = None::<String>;
        loop {
            let page = self.local().rds().list_databases(kind, None, marker.as_deref()).await;
            let page = page.map_err(|failure| self.error(&Operation::ListDatabases(kind), failure))?;
            page.databases.into_iter().for_each(&mut visit);
            marker = page.marker;
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    /// The quota of this account for manual snapshots of a kind. `None` if AWS returns none.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn snapshot_quota(&self, kind: Kind) -> Result<Option<Quota>, Error> {
        let quotas = self.quotas().await?;
        Ok(match kind {
            Kind::Instance => quotas.snapshots,
            Kind::Cluster => quotas.cluster_snapshots,
        })
    }

    /// The quotas of this account and region.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn quotas(&self) -> Result<Quotas, Error> {
        let quotas = self.local().rds().quotas().await;
        quotas.map_err(|failure| self.error(&Operation::DescribeQuotas, failure))
    }

    /// Starts a copy. `from` may belong to another account, and be in another region: "the Amazon Web Services Region where you call
    /// the `CopyDBSnapshot` operation is the destination" (API reference). `key` is `None` only for a snapshot that AWS cannot encrypt by
    /// copying: an unencrypted cluster snapshot.
    ///
    /// The request contains the tags. AWS's own `CopyTags` cannot copy the tags of another account's snapshot.
    ///
    /// # Errors
    /// If AWS does not start the copy. An existing snapshot with the target's identifier is not an error.
    pub async fn copy(
        &self,
        from: &SnapshotArn,
        to: &SnapshotArn,
        key: Option<&str>,
        tags: &Tags,
    ) -> Result<CopyStart, Error> {
        match self.of(to).rds().copy(from, to, key, tags).await {
            Ok(()) => Ok(CopyStart::Started),
            Err(failure) if failure.class() == Class::Exists => Ok(CopyStart::NameExists),
            Err(failure) => Err(self.error(&Operation::Copy { from, to }, failure)),
        }
    }

    /// Allows another account to see, copy and restore a snapshot.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn share(&self, snapshot: &SnapshotArn, with: &AccountId) -> Result<(), Error> {
        let shared = self.of(snapshot).rds().share(snapshot, with).await;
        shared.map_err(|failure| self.error(&Operation::Share { snapshot, with }, failure))
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// If the call fails. A missing snapshot is not an error.
    pub async fn tag(&self, snapshot: &SnapshotArn, key: &str, value: &str) -> Result<Effect, Error> {
        let clients = self.of(snapshot);
        let tagged = clients.call(&self.clock, clients.rds().tag(snapshot, key, value)).await;
        self.effect(tagged, &Operation::Tag { snapshot, key })
    }

    /// Deletes a snapshot, or cancels its copy.
    ///
    /// A role that may delete only snapshots with a tag of Draco (`aws:ResourceTag`) gets `AccessDenied` for a missing one,
    /// because a missing snapshot has no tags. So a denied or impossible deletion looks again.
    ///
    /// # Errors
    /// If the call fails. A missing snapshot, or one that is being deleted, is not an error.
    pub async fn delete(&self, snapshot: &SnapshotArn) -> Result<Effect, Error> {
        let deleted = self.of(snapshot).rds().delete(snapshot).await;
        if let Err(failure) = &deleted
            && matches!(failure.class(), Class::Denied | Class::WrongState)
            && let Ok(found) = self.find(snapshot).await
            && found.is_none_or(|found| found.status == Status::Deleting)
        {
            return Ok(Effect::NotFound);
        }
        self.effect(deleted, &Operation::Delete(snapshot))
    }

    /// Publishes a message to the other account. Its attribute allows subscriptions to filter by event.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn publish(&self, topic: &TopicArn, message: &Message) -> Result<(), Error> {
        let event = MessageAttributeValue::builder().data_type("String").string_value(message.event()).build();
        let clients = self.regions.of(&topic.place.region);
        let published = async {
            let call = clients.sns().publish().topic_arn(topic.to_string());
            let call = call.subject(SUBJECT).message(message.to_string());
            call.message_attributes(ATTRIBUTE, event?).send().await?;
            Ok(())
        };
        clients
            .call(&self.clock, published)
            .await
            .map_err(|failure: Failure| self.error(&Operation::Publish { topic, message }, failure))
    }

    /// Starts a timer, unless one of this name is running. A name whose timers have ended can be used again, a few times.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn start_timer(&self, state_machine_arn: &str, name: &str, timer: &Timer) -> Result<TimerStart, Error> {
        let clients = self.local();
        let sfn = clients.sfn();
        for n in 1..=timer::STARTS {
            let name = &timer::nth(name, n);
            let failed = |failure| self.error(&Operation::StartTimer { state_machine_arn, name }, failure);
            match timer::start(sfn, state_machine_arn, name, timer).await {
                Ok(()) => return Ok(TimerStart::Started),
                Err(failure) if failure.class() == Class::Exists => {}
                Err(failure) => return Err(failed(failure)),
            }
            if timer::is_running(sfn, state_machine_arn, name).await.map_err(failed)? {
                return Ok(TimerStart::Running);
            }
        }
        Ok(TimerStart::UsedUp)
    }

    /// The number of running timers whose name begins with this prefix, or `most` if there are more.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn count_timers(&self, state_machine_arn: &str, prefix: &str, most: usize) -> Result<usize, Error> {
        let count = timer::count_running(self.local().sfn(), state_machine_arn, prefix, most).await;
        count.map_err(|failure| self.error(&Operation::CountTimers { state_machine_arn }, failure))
    }

    /// All running timers, the newest first.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn running_timers(&self, state_machine_arn: &str) -> Result<Vec<RunningTimer>, Error> {
        let names = timer::list_running(self.local().sfn(), state_machine_arn).await;
        names.map_err(|failure| self.error(&Operation::CountTimers { state_machine_arn }, failure))
    }

    /// The state of the timer of this name.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn read_timer(&self, state_machine_arn: &str, name: &str) -> Result<TimerState, Error> {
        match timer::read(self.local().sfn(), state_machine_arn, name).await {
            Err(failure) if failure.class() == Class::Gone => Ok(TimerState::Ended),
            read => read.map_err(|failure| self.error(&Operation::ReadTimer { state_machine_arn, name }, failure)),
        }
    }

    /// Ends the timer of this name before its time.
    ///
    /// # Errors
    /// If the call fails. A timer that is gone or has ended is not an error.
    pub async fn stop_timer(&self, state_machine_arn: &str, name: &str) -> Result<(), Error> {
        match timer::stop(self.local().sfn(), state_machine_arn, name).await {
            Err(failure) if failure.class() == Class::Gone => Ok(()),
            stopped => {
                stopped.map_err(|failure| self.error(&Operation::StopTimer { state_machine_arn, name }, failure))
            }
        }
    }

    /// The key with this alias. If there is none, it is created: symmetric, rotated yearly, usable by this account
    /// only. Concurrent calls end with the same key.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn find_or_create_key(&self, alias: &str, description: &str, tags: &Tags) -> Result<Key, Error> {
        let key = keys::find_or_create(self.local().kms(), alias, description, tags).await;
        key.map_err(|failure| self.error(&Operation::GetKey(alias), failure))
    }

    /// The key with this alias.
    ///
    /// # Errors
    /// If the call fails. A missing alias is not an error.
    pub async fn find_key(&self, alias: &str) -> Result<Option<Key>, Error> {
        let found = keys::find(self.local().kms(), alias).await;
        found.map_err(|failure| self.error(&Operation::GetKey(alias), failure))
    }

    /// Gives a key of this account another alias.
    ///
    /// # Errors
    /// If the call fails. An existing alias is not an error.
    pub async fn add_alias(&self, alias: &str, key: &str) -> Result<(), Error> {
        match keys::add_alias(self.local().kms(), alias, key).await {
            Err(failure) if failure.class() != Class::Exists => Err(self.error(&Operation::GetKey(alias), failure)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The number of keys of this account that have an alias with this prefix.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn count_keys(&self, prefix: &str) -> Result<usize, Error> {
        let counted = keys::count(self.local().kms(), prefix).await;
        counted.map_err(|failure| self.error(&Operation::GetKey(prefix), failure))
    }

    fn local(&self) -> Arc<Clients> {
        self.regions.of(&self.here.region)
    }

    /// The clients of the region of a snapshot.
    fn of(&self, snapshot: &SnapshotArn) -> Arc<Clients> {
        self.regions.of(&snapshot.place.region)
    }

    fn effect(&self, changed: Result<(), Failure>, operation: &Operation<'_>) -> Result<Effect, Error> {
        match changed {
            Ok(()) => Ok(Effect::Applied),
            Err(failure) if failure.class() == Class::Gone => Ok(Effect::NotFound),
            Err(failure) => Err(self.error(operation, failure)),
        }
    }

    fn error(&self, operation: &Operation<'_>, failure: Failure) -> Error {
        Error::new(&self.here.account, operation, failure)
    }
}
