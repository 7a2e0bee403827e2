//! Databases that are restored, changed and deleted. Like every call of [`Cloud`], each is safe to repeat: a database that exists
//! already, or is gone already, is a result and not an error.

use chrono::{DateTime, Utc};
use protocol::job::Source;
use protocol::observed::{Observed, ObservedMember};
use protocol::spec::{Settings, Spec};
use protocol::{DatabaseArn, Kind, Snapshot, SnapshotArn, Tags};

use crate::error::{Failure, Operation};
use crate::rds::Which;
use crate::secrets::{self, Credentials};
use crate::{Class, Cloud, Effect, Error};

/// A database to be restored.
#[derive(Clone, Copy, Debug)]
pub struct Restore<'r> {
    /// The data.
    pub from: &'r Source,
    /// The new database.
    pub to: &'r DatabaseArn,
    /// AWS's name of the engine. It comes with the data, but clusters need it in the request.
    pub engine: &'r str,
    /// The version of the engine.
    pub version: &'r str,
    /// The settings that a restore has. All others are refused.
    pub settings: &'r Settings,
    /// Its tags. At least one, because AWS would give it those of its source.
    pub tags: &'r Tags,
}

/// An instance to be created in a cluster.
#[derive(Clone, Copy, Debug)]
pub struct NewMember<'m> {
    /// The instance.
    pub member: &'m DatabaseArn,
    /// The cluster.
    pub cluster: &'m DatabaseArn,
    /// AWS's name of the engine.
    pub engine: &'m str,
    /// Its settings.
    pub settings: &'m Settings,
    /// Its tags.
    pub tags: &'m Tags,
}

/// The result of creating a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// This call started it.
    Started,
    /// A database of this name exists already. It may be another one.
    NameExists,
}

/// What remains of a database that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion<'d> {
    /// Nothing: neither a final snapshot nor its automated backups.
    Everything,
    /// A final snapshot with this identifier, and its automated backups.
    Keep {
        /// The identifier of the snapshot.
        snapshot: &'d str,
    },
}

/// A snapshot, with the settings that come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotContent {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The engine, the version, and the settings that it contains.
    pub spec: Spec,
    /// The VPC of the database that it was taken of.
    pub vpc: Option<String>,
}

/// The automated backups of a database, which may be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// The earliest time to which it can be restored.
    pub earliest: Option<DateTime<Utc>>,
    /// The latest.
    pub latest: Option<DateTime<Utc>>,
    /// AWS's name of the engine.
    pub engine: String,
    /// The version of the engine.
    pub version: String,
    /// The storage of an instance.
    pub gib: u32,
    /// The VPC of the database.
    pub vpc: Option<String>,
    /// The tags of the backups.
    pub tags: Tags,
}

/// A subnet group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetGroup {
    /// The name.
    pub name: String,
    /// The VPC of its subnets.
    pub vpc: String,
}

/// A parameter group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterGroup {
    /// The name.
    pub name: String,
    /// The family of engine versions for which it is: `postgres16`.
    pub family: String,
}

/// An option group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionGroup {
    /// The name.
    pub name: String,
    /// AWS's name of the engine for which it is.
    pub engine: String,
    /// The major version for which it is: `19`.
    pub major: String,
}

/// A combination of class and storage that a region offers for an engine's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The class.
    pub class: String,
    /// The type of the storage.
    pub storage_type: Option<String>,
    /// The smallest storage.
    pub min_gib: Option<u32>,
    /// The largest storage.
    pub max_gib: Option<u32>,
    /// Whether IOPS can be given.
    pub supports_iops: bool,
    /// The lowest IOPS of an instance.
    pub min_iops: Option<u32>,
    /// The highest IOPS of an instance.
    pub max_iops: Option<u32>,
    /// Whether the storage can be encrypted.
    pub supports_encryption: bool,
    /// Whether there can be a standby.
    pub supports_multi_az: bool,
    /// Whether the instances of a Multi-AZ cluster can have it.
    pub supports_clusters: bool,
    /// The licence.
    pub license: Option<String>,
}

impl Cloud {
    /// The database that has this name now, with its members if it is a cluster. `None` if there is none.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn observe(&self, database: &DatabaseArn) -> Result<Option<Observed>, Error> {
        let observed = self.at(&database.place.region).local().rds().observe(Which::Named(database)).await;
        self.unless_gone(observed, &Operation::Observe(database))
    }

    /// The database with this resource ID. It may have been renamed. `None` if there is none.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn observe_by_id(&self, kind: Kind, resource_id: &str) -> Result<Option<Observed>, Error> {
        let observed = self.local().rds().observe(Which::WithId(kind, resource_id)).await;
        self.unless_gone(observed, &Operation::FindDatabase(kind, resource_id))
    }

    /// Those of these databases, all of one kind, that exist now, clusters with their members.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn observe_these(&self, kind: Kind, databases: &[DatabaseArn]) -> Result<Vec<Observed>, Error> {
        let found = self.local().rds().observe_these(kind, databases).await;
        found.map_err(|failure| self.error(&Operation::ListDatabases(kind), failure))
    }

    /// All databases of this account and region with such a name or such tags, clusters with their members.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn observe_all(&self, is_wanted: fn(&str, &Tags) -> bool) -> Result<Vec<Observed>, Error> {
        let found = self.local().rds().observe_all(is_wanted).await;
        found.map_err(|failure| self.error(&Operation::ListDatabases(Kind::Instance), failure))
    }

    /// The instance that has this name now, in a cluster or not. `None` if there is none.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn observe_member(&self, member: &DatabaseArn) -> Result<Option<ObservedMember>, Error> {
        let observed = self.local().rds().observe_member(member).await;
        self.unless_gone(observed, &Operation::Observe(member))
    }

    /// Those of these instances that exist, in a cluster or not.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn existing_instances(&self, instances: &[DatabaseArn]) -> Result<Vec<DatabaseArn>, Error> {
        let found = self.local().rds().existing_instances(instances).await;
        found.map_err(|failure| self.error(&Operation::ListDatabases(Kind::Instance), failure))
    }

    /// Starts a restore.
    ///
    /// # Errors
    /// If AWS does not start it. An existing database of that name is not an error.
    pub async fn restore(&self, restore: &Restore<'_>) -> Result<Creation, Error> {
        let created = self.local().rds().restore(restore).await;
        self.creation(created, &Operation::Restore { from: restore.from, to: restore.to })
    }

    /// Creates an instance in a cluster.
    ///
    /// # Errors
    /// If AWS does not start it. An existing instance of that name is not an error.
    pub async fn create_member(&self, new: &NewMember<'_>) -> Result<Creation, Error> {
        let created = self.local().rds().create_member(new).await;
        self.creation(created, &Operation::CreateMember { member: new.member, cluster: new.cluster })
    }

    /// Changes settings, all in one call and at once. `current` has the settings that are in effect.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error.
    pub async fn modify(
        &self,
        database: &DatabaseArn,
        changes: &Settings,
        current: &Settings,
    ) -> Result<Effect, Error> {
        let modified = self.local().rds().modify(database, changes, current).await;
        self.effect(modified, &Operation::Modify(database))
    }

    /// Gives a database another name. Until RDS begins, it is described under its old name, as available.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error, an existing one of the new name is.
    pub async fn rename(&self, database: &DatabaseArn, to: &str) -> Result<Effect, Error> {
        let renamed = self.local().rds().rename(database, to).await;
        self.effect(renamed, &Operation::Rename { database, to })
    }

    /// Reboots an instance, or a Multi-AZ cluster.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error.
    pub async fn reboot(&self, database: &DatabaseArn) -> Result<Effect, Error> {
        let rebooted = self.local().rds().reboot(database).await;
        self.effect(rebooted, &Operation::Reboot(database))
    }

    /// Starts a stopped database.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error.
    pub async fn start(&self, database: &DatabaseArn) -> Result<Effect, Error> {
        let started = self.local().rds().start(database).await;
        self.effect(started, &Operation::StartDatabase(database))
    }

    /// Sets a tag of a database.
    ///
    /// # Errors
    /// If the call fails. A missing database is not an error.
    pub async fn tag_database(&self, database: &DatabaseArn, key: &str, value: &str) -> Result<Effect, Error> {
        let tagged = self.local().rds().tag_database(database, key, value).await;
        self.effect(tagged, &Operation::TagDatabase { database, key })
    }

    /// Sets tags of a database, all in one call.
    ///
    /// # Errors
    /// If the call fails. A missing database is not an error.
    pub async fn tag_database_with(&self, database: &DatabaseArn, tags: &Tags) -> Result<Effect, Error> {
        let tagged = self.local().rds().tag_database_with(database, tags).await;
        let key = tags.iter().next().map_or("", |(key, _)| key);
        self.effect(tagged, &Operation::TagDatabase { database, key })
    }

    /// Removes tags of a database. Keys that it does not have are ignored.
    ///
    /// # Errors
    /// If the call fails. A missing database is not an error.
    pub async fn untag_database(&self, database: &DatabaseArn, keys: &[&str]) -> Result<Effect, Error> {
        let untagged = self.local().rds().untag_database(database, keys).await;
        self.effect(untagged, &Operation::UntagDatabase(database))
    }

    /// AWS's latest message about a failure of a database. `None` if there is none: events are sent on a best-effort basis.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn last_failure(&self, database: &DatabaseArn) -> Result<Option<String>, Error> {
        let found = self.local().rds().last_failure(database).await;
        self.unless_gone(found, &Operation::FindEvents(database))
    }

    /// Removes the protection from deletion.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error.
    pub async fn unprotect(&self, database: &DatabaseArn) -> Result<Effect, Error> {
        let unprotected = self.local().rds().unprotect(database).await;
        self.effect(unprotected, &Operation::Unprotect(database))
    }

    /// Deletes an instance, or a cluster without members.
    ///
    /// # Errors
    /// If AWS does not start it. A missing database is not an error.
    pub async fn delete_database(&self, database: &DatabaseArn, deletion: Deletion<'_>) -> Result<Effect, Error> {
        let deleted = self.local().rds().delete_database(database, deletion).await;
        self.effect(deleted, &Operation::DeleteDatabase(database))
    }

    /// Deletes an instance of a cluster.
    ///
    /// # Errors
    /// If AWS does not start it. A missing instance is not an error.
    pub async fn delete_member(&self, member: &DatabaseArn) -> Result<Effect, Error> {
        let deleted = self.local().rds().delete_member(member).await;
        self.effect(deleted, &Operation::DeleteDatabase(member))
    }

    /// A snapshot of this account, or one that is shared with it, with the settings that come with it.
    ///
    /// # Errors
    /// If the call fails. A missing snapshot is not an error.
    pub async fn snapshot_content(&self, snapshot: &SnapshotArn) -> Result<Option<SnapshotContent>, Error> {
        let found = self.local().rds().snapshot_content(snapshot).await;
        self.unless_gone(found, &Operation::Find(snapshot))
    }

    /// The automated backups of the database with this resource ID, which may be deleted.
    ///
    /// # Errors
    /// If the call fails. Missing backups are not an error.
    pub async fn backups(&self, kind: Kind, resource_id: &str) -> Result<Option<Backups>, Error> {
        let found = self.local().rds().backups(kind, resource_id).await;
        self.unless_gone(found, &Operation::FindBackups(kind, resource_id))
    }

    /// The subnet group of this name.
    ///
    /// # Errors
    /// If the call fails. A missing group is not an error.
    pub async fn subnet_group(&self, name: &str) -> Result<Option<SubnetGroup>, Error> {
        let found = self.local().rds().subnet_group(name).await;
        self.unless_gone(found, &Operation::FindGroup { what: "subnet group", name })
    }

    /// The parameter group of this name, for instances or for clusters.
    ///
    /// # Errors
    /// If the call fails. A missing group is not an error.
    pub async fn parameter_group(&self, kind: Kind, name: &str) -> Result<Option<ParameterGroup>, Error> {
        let found = self.local().rds().parameter_group(kind, name).await;
        self.unless_gone(found, &Operation::FindGroup { what: "parameter group", name })
    }

    /// The option group of this name.
    ///
    /// # Errors
    /// If the call fails. A missing group is not an error.
    pub async fn option_group(&self, name: &str) -> Result<Option<OptionGroup>, Error> {
        let found = self.local().rds().option_group(name).await;
        self.unless_gone(found, &Operation::FindGroup { what: "option group", name })
    }

    /// What this region offers of an engine's version, or of one class for it. Empty if it is not offered.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn offers(&self, engine: &str, version: &str, class: Option<&str>) -> Result<Vec<Offer>, Error> {
        let offers = self.local().rds().offers(engine, version, class).await;
        offers.map_err(|failure| self.error(&Operation::ListOffers { engine, version }, failure))
    }

    /// The user and password in a secret. Neither is stored or logged (invariant 26).
    ///
    /// # Errors
    /// If the call fails, or the secret has another form. The error does not contain the secret.
    pub async fn read_secret(&self, arn: &str) -> Result<Credentials, Error> {
        let read = secrets::read(self.local().secrets(), arn).await;
        read.map_err(|failure| self.error(&Operation::ReadSecret(arn), failure))
    }

    fn unless_gone<T>(&self, found: Result<Option<T>, Failure>, operation: &Operation<'_>) -> Result<Option<T>, Error> {
        match found {
            Ok(found) => Ok(found),
            Err(failure) if matches!(failure.class(), Class::Gone | Class::Missing) => Ok(None),
            Err(failure) => Err(self.error(operation, failure)),
        }
    }

    fn creation(&self, created: Result<(), Failure>, operation: &Operation<'_>) -> Result<Creation, Error> {
        match created {
            Ok(()) => Ok(Creation::Started),
            Err(failure) if failure.class() == Class::Exists => Ok(Creation::NameExists),
            Err(failure) => Err(self.error(operation, failure)),
        }
    }
}
