//! Databases and their snapshots.

use anyhow::Context;
use aws_sdk_rds::types::{ApplyMethod, Parameter, Tag};
use protocol::{DatabaseArn, Kind, Place, Tags, tags};

use crate::Rehearsal;

/// The settings of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The identifier.
    pub name: String,
    /// Whether it is an instance or a cluster.
    pub kind: Kind,
    /// The engine, if it is not the usual one: PostgreSQL for instances, Aurora PostgreSQL for clusters. A cluster of MySQL or
    /// PostgreSQL is a Multi-AZ DB cluster.
    pub engine: Option<String>,
    /// The encryption of the storage.
    pub encryption: Encryption,
    /// The tags.
    pub tags: Tags,
    /// Whether RDS gives them to the snapshots (`CopyTagsToSnapshot`).
    pub copies_tags: bool,
    /// How many days RDS keeps automated snapshots.
    pub retention_days: i32,
    /// The size of an instance in GiB. For clusters it is a setting of the simulated AWS.
    pub gib: i32,
    /// The time of the daily automated snapshot, like `03:05-03:35`.
    pub backup_window: String,
    /// The changed parameters of its own parameter group, if it has one: for a cluster, one for clusters.
    pub parameters: Vec<(String, String)>,
}

/// The encryption of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not encrypted.
    None,
    /// Encrypted with the account's default key, which cannot be shared.
    DefaultKey,
    /// Encrypted with a customer managed key.
    CustomerKey,
}

fn usual_engine(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "postgres",
        Kind::Cluster => "aurora-postgresql",
    }
}

impl Database {
    /// An instance of 100 GiB, encrypted with the default key, with a snapshot at 03:05 each day that is kept for a week.
    /// It has no lifecycle.
    #[must_use]
    pub fn instance(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Instance,
            engine: None,
            encryption: Encryption::DefaultKey,
            tags: Tags::default(),
            copies_tags: true,
            retention_days: 7,
            gib: 100,
            backup_window: "03:05-03:35".to_owned(),
            parameters: Vec::new(),
        }
    }

    /// A cluster with the settings of [`Self::instance`].
    #[must_use]
    pub fn cluster(name: &str) -> Self {
        Self { kind: Kind::Cluster, ..Self::instance(name) }
    }

    /// RDS does not give the tags to the snapshots.
    #[must_use]
    pub fn without_tags_on_snapshots(self) -> Self {
        Self { copies_tags: false, ..self }
    }

    /// Sets the engine.
    #[must_use]
    pub fn engine(self, name: &str) -> Self {
        Self { engine: Some(name.to_owned()), ..self }
    }

    /// Sets the lifecycle.
    #[must_use]
    pub fn lifecycle(self, name: &str) -> Self {
        self.tag(tags::LIFECYCLE, name)
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(self, key: &str, value: &str) -> Self {
        Self { tags: self.tags.with([(key, value)]), ..self }
    }

    /// Changes a parameter in its own parameter group.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the encryption.
    #[must_use]
    pub fn encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }
}

impl Rehearsal {
    /// Creates a database. It is available after some minutes.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn create_database(&self, place: &Place, database: &Database) -> anyhow::Result<DatabaseArn> {
        let owner = self.owner_config(place);
        let key = match database.encryption {
            Encryption::None | Encryption::DefaultKey => None,
            Encryption::CustomerKey => {
                let kms = aws_sdk_kms::Client::new(&owner);
                let created = kms.create_key().description(format!("{}: data", database.name)).send().await?;
                created.key_metadata().and_then(|key| key.arn()).map(str::to_owned)
            }
        };
        let is_encrypted = database.encryption != Encryption::None;
        let tags: Vec<_> =
            database.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let rds = aws_sdk_rds::Client::new(&owner);
        let context = format!("creating {}", database.name);
        let engine = database.engine.as_deref().unwrap_or(usual_engine(Kind::Cluster));
        let group = self.create_parameter_group(place, database).await.context(context.clone())?;
        // A cluster of one of RDS's engines is a Multi-AZ cluster.
        let is_multi_az = ["mysql", "postgres"].contains(&engine);
        match database.kind {
            Kind::Instance => drop(
                rds.create_db_instance()
                    .db_instance_identifier(&database.name)
                    .db_instance_class("db.t4g.medium")
                    .engine(database.engine.as_deref().unwrap_or(usual_engine(Kind::Instance)))
                    .allocated_storage(database.gib)
                    .storage_encrypted(is_encrypted)
                    .set_kms_key_id(key)
                    .set_db_parameter_group_name(group)
                    .set_tags(Some(tags))
                    .copy_tags_to_snapshot(database.copies_tags)
                    .backup_retention_period(database.retention_days)
                    .preferred_backup_window(&database.backup_window)
                    .master_username("draco")
                    .master_user_password("simulated")
                    .send()
                    .await
                    .context(context)?,
            ),
            Kind::Cluster => drop(
                rds.create_db_cluster()
                    .db_cluster_identifier(&database.name)
                    .engine(engine)
                    .set_db_cluster_instance_class(is_multi_az.then(|| "db.m6gd.large".to_owned()))
                    .set_allocated_storage(is_multi_az.then_some(database.gib))
                    .set_iops(is_multi_az.then_some(1000))
                    .storage_encrypted(is_encrypted)
                    .set_kms_key_id(key)
                    .set_db_cluster_parameter_group_name(group)
                    .set_tags(Some(tags))
                    .copy_tags_to_snapshot(database.copies_tags)
                    .backup_retention_period(database.retention_days)
                    .preferred_backup_window(&database.backup_window)
                    .master_username("draco")
                    .master_user_password("simulated")
                    .send()
                    .await
                    .context(context)?,
            ),
        }
        Ok(DatabaseArn::new(database.kind, place.clone(), &database.name)?)
    }

    /// Creates the database's own parameter group, if it has changed parameters. The name of the group.
    async fn create_parameter_group(&self, place: &Place, database: &Database) -> anyhow::Result<Option<String>> {
        if database.parameters.is_empty() {
            return Ok(None);
        }
        let rds = aws_sdk_rds::Client::new(&self.owner_config(place));
        let name = format!("{}-parameters", database.name);
        let engine = database.engine.as_deref().unwrap_or(usual_engine(database.kind));
        let versions = rds.describe_db_engine_versions().engine(engine).default_only(true).send().await?;
        let family = versions.db_engine_versions().first().and_then(|version| version.db_parameter_group_family());
        let family = family.with_context(|| format!("the family of {engine}"))?;
        let changed = database.parameters.iter().map(|(name, value)| {
            let parameter = Parameter::builder().parameter_name(name).parameter_value(value);
            parameter.apply_method(ApplyMethod::PendingReboot).build()
        });
        let (changed, description) = (changed.collect(), "changed parameters");
        match database.kind {
            Kind::Instance => {
                let call = rds.create_db_parameter_group().db_parameter_group_name(&name);
                call.db_parameter_group_family(family).description(description).send().await?;
                let call = rds.modify_db_parameter_group().db_parameter_group_name(&name);
                call.set_parameters(Some(changed)).send().await?;
            }
            Kind::Cluster => {
                let call = rds.create_db_cluster_parameter_group().db_cluster_parameter_group_name(&name);
                call.db_parameter_group_family(family).description(description).send().await?;
                let call = rds.modify_db_cluster_parameter_group().db_cluster_parameter_group_name(&name);
                call.set_parameters(Some(changed)).send().await?;
            }
        }
        Ok(Some(name))
    }

    /// Creates a manual snapshot.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn take_snapshot(&self, database: &DatabaseArn, id: &str) -> anyhow::Result<()> {
        let rds = aws_sdk_rds::Client::new(&self.owner_config(&database.place));
        match database.kind {
            Kind::Instance => drop(
                rds.create_db_snapshot()
                    .db_instance_identifier(database.id())
                    .db_snapshot_identifier(id)
                    .send()
                    .await?,
            ),
            Kind::Cluster => drop(
                rds.create_db_cluster_snapshot()
                    .db_cluster_identifier(database.id())
                    .db_cluster_snapshot_identifier(id)
                    .send()
                    .await?,
            ),
        }
        Ok(())
    }
}
