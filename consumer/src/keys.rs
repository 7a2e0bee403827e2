//! The key of a copy.

use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Key};
use protocol::{Kind, Origin, RefusalReason, Region, Snapshot, Tags, tags};

use crate::Consumer;
use crate::act::Refused;
use crate::settings::Keys;

/// The alias of AWS's managed key for RDS. RDS accepts an alias as a key, and AWS creates the key when it is first used.
const AWS_MANAGED: &str = "alias/aws/rds";

/// The age from which a new key is used. DR's role may use only keys with Draco's tag, and "it might take up to five minutes for
/// tag and alias changes to affect KMS key authorization" (KMS developer guide). One minute is for differences of clocks.
const MIN_AGE: TimeDelta = TimeDelta::minutes(6);

/// The key of a copy.
pub(crate) enum CopyKey {
    /// AWS cannot encrypt the copy.
    None,
    /// An ARN or an alias.
    Usable(String),
    /// The key can be used after this time.
    New(TimeDelta),
}

impl Consumer {
    /// The key of the copy of a transit copy.
    pub(crate) async fn key(&self, origin: &Origin, transit: &Snapshot) -> anyhow::Result<CopyKey> {
        Ok(match &self.settings.keys {
            _ if !transit.can_be_encrypted_by_copying() => CopyKey::None,
            Keys::One(arn) => CopyKey::Usable(arn.clone()),
            Keys::PerDatabase => usable(self.key_of_database(origin).await?, self.cloud.now()),
            Keys::AwsManaged => CopyKey::Usable(AWS_MANAGED.to_owned()),
        })
    }

    /// The key of this database, which is created when it is first needed.
    async fn key_of_database(&self, origin: &Origin) -> anyhow::Result<Key> {
        let here = &self.cloud.here().region;
        let alias = alias(origin, here);
        if let Some(key) = self.cloud.find_key(&alias).await? {
            return Ok(key);
        }
        if let Some(former) = former_alias(origin, here)
            && let Some(key) = self.cloud.find_key(&former).await?
        {
            self.cloud.add_alias(&alias, &key.arn).await?;
            return Ok(key);
        }
        self.check_number_of_keys(origin).await?;
        create_key(&self.cloud, origin, &alias, &self.settings.tag).await
    }

    /// A database that is renamed again and again gets a key for each name, and Draco cannot delete keys.
    async fn check_number_of_keys(&self, origin: &Origin) -> anyhow::Result<()> {
        let (account, most) = (&origin.database.place.account, self.settings.limits.databases);
        let keys = self.cloud.count_keys(&format!("alias/DRACO-{account}")).await?;
        if keys < most {
            return Ok(());
        }
        let why = format!(
            "account {account} has {keys} keys in DR, and the limit MAX_DATABASES is {most}; raise the limit, or delete keys \
             under which there is no copy"
        );
        Err(Refused { reason: RefusalReason::TooMany, why }.into())
    }
}

fn usable(key: Key, now: DateTime<Utc>) -> CopyKey {
    let age = key.created.map_or(MIN_AGE, |created| now - created);
    if age < MIN_AGE { CopyKey::New(MIN_AGE - age) } else { CopyKey::Usable(key.arn) }
}

async fn create_key(cloud: &Cloud, origin: &Origin, alias: &str, tag: &Tags) -> anyhow::Result<Key> {
    let source = origin.database.to_string();
    let tags: Tags = tag.clone().with([(tags::SOURCE, source.as_str())]);
    let description = format!("Draco: copies of {}", origin.database);
    Ok(cloud.find_or_create_key(alias, &description, &tags).await?)
}

/// An instance and a cluster can have the same name, and so can databases in two regions. An identifier has no slash, and no region
/// is called `instance`, so no two databases have the same alias.
fn alias(origin: &Origin, here: &Region) -> String {
    let database = &origin.database;
    let region = &database.place.region;
    let region = if region == here { String::new() } else { format!("{region}/") };
    let kind = match database.kind {
        Kind::Instance => "instance",
        Kind::Cluster => "cluster",
    };
    format!("alias/DRACO-{}/{region}{kind}/{}", database.place.account, database.id())
}

/// The alias in versions that did not distinguish the kinds, and served only their own region. Its key stays the key of the
/// instance: copies of instances are incremental only if they are under one key. Copies of clusters in another account are never
/// incremental.
fn former_alias(origin: &Origin, here: &Region) -> Option<String> {
    let database = &origin.database;
    let was_served = database.kind == Kind::Instance && database.place.region == *here;
    was_served.then(|| format!("alias/DRACO-{}-{}", database.place.account, database.id()))
}
