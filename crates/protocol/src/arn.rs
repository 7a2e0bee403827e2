//! Amazon resource names of databases and snapshots, and the two kinds that RDS has of each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::place::{NotAPlace, Place};
use crate::seen::quoted;

/// What a snapshot is of. AWS has an API for each of the two; everywhere else they are one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A database instance.
    Instance,
    /// A cluster: Aurora, or Multi-AZ.
    Cluster,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Instance, Self::Cluster];

    /// What stands in the ARN of a snapshot.
    #[must_use]
    pub fn snapshot_type(self) -> &'static str {
        match self {
            Self::Instance => "snapshot",
            Self::Cluster => "cluster-snapshot",
        }
    }

    /// What stands in the ARN of a database.
    #[must_use]
    pub fn database_type(self) -> &'static str {
        match self {
            Self::Instance => "db",
            Self::Cluster => "cluster",
        }
    }

    /// How RDS's notifications name the source of an event.
    #[must_use]
    pub fn event_source(self) -> &'static str {
        match self {
            Self::Instance => "db-snapshot",
            Self::Cluster => "db-cluster-snapshot",
        }
    }

    /// The most characters that the identifier of a manual snapshot has.
    #[must_use]
    pub fn longest_identifier(self) -> usize {
        match self {
            Self::Instance => 255,
            Self::Cluster => 63,
        }
    }
}

/// The name of a snapshot: `arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-05`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotArn {
    /// Of what it is a snapshot.
    pub kind: Kind,
    /// Where it is.
    pub place: Place,
    /// Its identifier, in lower case as RDS stores it.
    id: String,
}

/// The name of a database: `arn:aws:rds:eu-west-1:111111111111:db:orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseArn {
    /// Whether it is an instance or a cluster.
    pub kind: Kind,
    /// Where it is.
    pub place: Place,
    /// Its identifier, in lower case as RDS stores it.
    id: String,
}

/// What is not the name of a snapshot or of a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not the {of}: {why}", quoted(text))]
pub struct NotAnArn {
    text: String,
    of: &'static str,
    why: String,
}

impl SnapshotArn {
    /// The snapshot of this identifier.
    ///
    /// # Errors
    /// If RDS would not have such an identifier.
    pub fn new(kind: Kind, place: Place, id: &str) -> Result<Self, NotAnArn> {
        let wrong = |why| NotAnArn { text: id.to_owned(), of: "identifier of a snapshot", why };
        Ok(Self { kind, place, id: identifier(id).map_err(wrong)? })
    }

    /// The snapshot of an identifier that Draco made.
    pub(crate) fn known(kind: Kind, place: Place, id: String) -> Self {
        Self { kind, place, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl DatabaseArn {
    /// The database of this identifier.
    ///
    /// # Errors
    /// If RDS would not have such an identifier.
    pub fn new(kind: Kind, place: Place, id: &str) -> Result<Self, NotAnArn> {
        let wrong = |why| NotAnArn { text: id.to_owned(), of: "identifier of a database", why };
        Ok(Self { kind, place, id: identifier(id).map_err(wrong)? })
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl FromStr for SnapshotArn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Self, NotAnArn> {
        let (kind, place, id) = read(text, Kind::snapshot_type).map_err(|why| NotAnArn {
            text: text.to_owned(),
            of: "ARN of a snapshot",
            why,
        })?;
        Ok(Self { kind, place, id })
    }
}

impl FromStr for DatabaseArn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Self, NotAnArn> {
        let (kind, place, id) = read(text, Kind::database_type).map_err(|why| NotAnArn {
            text: text.to_owned(),
            of: "ARN of a database",
            why,
        })?;
        Ok(Self { kind, place, id })
    }
}

/// Takes an ARN apart. Identifiers of automated snapshots have colons of their own.
fn read(text: &str, type_of: impl Fn(Kind) -> &'static str) -> Result<(Kind, Place, String), String> {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let ["arn", partition, service, region, account, resource_type, id] = parts[..] else {
        return Err("arn:aws:rds:REGION:ACCOUNT:TYPE:IDENTIFIER is expected".to_owned());
    };
    if partition != "aws" {
        return Err(format!("the partition is {}, and only aws is served", quoted(partition)));
    }
    if service != "rds" {
        return Err(format!("the service is {}, and rds is expected", quoted(service)));
    }
    let named = |why: NotAPlace| why.to_string();
    let place = Place { region: region.parse().map_err(named)?, account: account.parse().map_err(named)? };
    let kind = Kind::ALL.into_iter().find(|kind| type_of(*kind) == resource_type).ok_or_else(|| {
        let [one, other] = Kind::ALL.map(&type_of);
        format!("the type is {}, and {one} or {other} is expected", quoted(resource_type))
    })?;
    Ok((kind, place, identifier(id)?))
}

/// An identifier as RDS stores it. Its own rules for the ones that it makes itself are looser than for those that it is
/// given, so this is just what keeps an identifier a single word.
fn identifier(id: &str) -> Result<String, String> {
    let is_of_identifiers = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_' | '.');
    if id.is_empty() {
        Err("the identifier is empty".to_owned())
    } else if id.len() > 255 {
        Err(format!("the identifier has {} characters, and RDS has at most 255", id.len()))
    } else if let Some(odd) = id.chars().find(|c| !is_of_identifiers(*c)) {
        Err(format!("identifiers have letters, digits and -:_. only, and this has a {odd:?}"))
    } else {
        Ok(id.to_ascii_lowercase())
    }
}

impl fmt::Display for SnapshotArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, id } = self;
        f.write_str(&place.arn("rds", &format!("{}:{id}", kind.snapshot_type())))
    }
}

impl fmt::Display for DatabaseArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, id } = self;
        f.write_str(&place.arn("rds", &format!("{}:{id}", kind.database_type())))
    }
}

impl TryFrom<String> for SnapshotArn {
    type Error = NotAnArn;

    fn try_from(text: String) -> Result<Self, NotAnArn> {
        text.parse()
    }
}

impl TryFrom<String> for DatabaseArn {
    type Error = NotAnArn;

    fn try_from(text: String) -> Result<Self, NotAnArn> {
        text.parse()
    }
}

impl From<SnapshotArn> for String {
    fn from(arn: SnapshotArn) -> Self {
        arn.to_string()
    }
}

impl From<DatabaseArn> for String {
    fn from(arn: DatabaseArn) -> Self {
        arn.to_string()
    }
}
