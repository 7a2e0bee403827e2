//! Databases that have something to be replicated.

use anyhow::Context;
use aws_sdk_rds::types::Tag;
use protocol::{DatabaseArn, Kind, Place, Tags, tags};

use crate::Rehearsal;

/// A database, as a person would ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its identifier.
    pub name: String,
    /// Whether it is an instance or a cluster.
    pub kind: Kind,
    /// What it is encrypted with.
    pub encryption: Encryption,
    /// Its tags, which its snapshots inherit.
    pub tags: Tags,
    /// For how many days AWS keeps automated snapshots.
    pub retention_days: i32,
    /// How much it holds. Of clusters, the world says.
    pub gib: i32,
    /// When it is backed up, every day: `03:05-03:35`.
    pub window: String,
}

/// What a database is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Nothing.
    None,
    /// The account's default key, which cannot be shared.
    DefaultKey,
    /// A key of the customer's own.
    CustomerKey,
}

impl Database {
    /// An instance of 100 GiB under the default key, backed up at 03:05 and kept for a week, without a lifecycle.
    #[must_use]
    pub fn instance(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Instance,
            encryption: Encryption::DefaultKey,
            tags: Tags::default(),
            retention_days: 7,
            gib: 100,
            window: "03:05-03:35".to_owned(),
        }
    }

    /// The same as a cluster.
    #[must_use]
    pub fn cluster(name: &str) -> Self {
        Self { kind: Kind::Cluster, ..Self::instance(name) }
    }

    /// With this lifecycle.
    #[must_use]
    pub fn lifecycle(self, name: &str) -> Self {
        self.tag(tags::LIFECYCLE, name)
    }

    /// With this tag.
    #[must_use]
    pub fn tag(self, key: &str, value: &str) -> Self {
        Self { tags: self.tags.with([(key, value)]), ..self }
    }

    /// Encrypted like this.
    #[must_use]
    pub fn encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }
}

impl Rehearsal {
    /// Creates a database. It takes some minutes until it is there.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn create(&self, place: &Place, database: &Database) -> anyhow::Result<DatabaseArn> {
        let owner = self.owner(place);
        let key = match database.encryption {
            Encryption::None | Encryption::DefaultKey => None,
            Encryption::CustomerKey => {
                let kms = aws_sdk_kms::Client::new(&owner);
                let made = kms.create_key().description(format!("{}: data", database.name)).send().await?;
                made.key_metadata().and_then(|key| key.arn()).map(str::to_owned)
            }
        };
        let is_encrypted = database.encryption != Encryption::None;
        let tags: Vec<_> =
            database.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let rds = aws_sdk_rds::Client::new(&owner);
        let making = format!("creating {}", database.name);
        match database.kind {
            Kind::Instance => drop(
                rds.create_db_instance()
                    .db_instance_identifier(&database.name)
                    .db_instance_class("db.t4g.medium")
                    .engine("postgres")
                    .allocated_storage(database.gib)
                    .storage_encrypted(is_encrypted)
                    .set_kms_key_id(key)
                    .set_tags(Some(tags))
                    .copy_tags_to_snapshot(true)
                    .backup_retention_period(database.retention_days)
                    .preferred_backup_window(&database.window)
                    .master_username("draco")
                    .send()
                    .await
                    .context(making)?,
            ),
            Kind::Cluster => drop(
                rds.create_db_cluster()
                    .db_cluster_identifier(&database.name)
                    .engine("aurora-postgresql")
                    .storage_encrypted(is_encrypted)
                    .set_kms_key_id(key)
                    .set_tags(Some(tags))
                    .copy_tags_to_snapshot(true)
                    .backup_retention_period(database.retention_days)
                    .preferred_backup_window(&database.window)
                    .master_username("draco")
                    .send()
                    .await
                    .context(making)?,
            ),
        }
        Ok(DatabaseArn::new(database.kind, place.clone(), &database.name)?)
    }

    /// Takes a snapshot by hand.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn take(&self, database: &DatabaseArn, id: &str) -> anyhow::Result<()> {
        let rds = aws_sdk_rds::Client::new(&self.owner(&database.place));
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
