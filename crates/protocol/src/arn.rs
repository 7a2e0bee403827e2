//! ARNs of databases and snapshots. RDS has two kinds of each: instances and clusters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::place::{ParsePlaceError, Place};
use crate::quote::quoted;

/// Whether a database is an instance or a cluster. RDS has separate API operations for the two; only the crate `cloud` and
/// this module tell them apart.
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

    /// The resource type in the ARN of a snapshot.
    #[must_use]
    pub fn snapshot_type(self) -> &'static str {
        match self {
            Self::Instance => "snapshot",
            Self::Cluster => "cluster-snapshot",
        }
    }

    /// The resource type in the ARN of a database.
    #[must_use]
    pub fn database_type(self) -> &'static str {
        match self {
            Self::Instance => "db",
            Self::Cluster => "cluster",
        }
    }

    /// The source type of this kind's snapshots in RDS notifications.
    #[must_use]
    pub fn event_source(self) -> &'static str {
        match self {
            Self::Instance => "db-snapshot",
            Self::Cluster => "db-cluster-snapshot",
        }
    }

    /// The maximum length of a manual snapshot's identifier.
    #[must_use]
    pub fn max_identifier_chars(self) -> usize {
        match self {
            Self::Instance => 255,
            Self::Cluster => 63,
        }
    }
}

/// The ARN of a snapshot: `arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-05`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotArn {
    /// Whether it is a snapshot of an instance or of a cluster.
    pub kind: Kind,
    /// The account and region.
    pub place: Place,
    /// The identifier, in lower case as RDS stores it.
    id: String,
}

/// The ARN of a database: `arn:aws:rds:eu-west-1:111111111111:db:orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseArn {
    /// Whether it is an instance or a cluster.
    pub kind: Kind,
    /// The account and region.
    pub place: Place,
    /// The identifier, in lower case as RDS stores it.
    id: String,
}

/// Text that is not the ARN or the identifier of a snapshot or of a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid {expected}: {why}", quoted(text))]
pub struct ParseArnError {
    text: String,
    expected: &'static str,
    why: String,
}

impl SnapshotArn {
    /// The snapshot with this identifier.
    ///
    /// # Errors
    /// If it is not an identifier that RDS accepts.
    pub fn new(kind: Kind, place: Place, id: &str) -> Result<Self, ParseArnError> {
        let wrong = |why| ParseArnError { text: id.to_owned(), expected: "snapshot identifier", why };
        Ok(Self { kind, place, id: identifier(id).map_err(wrong)? })
    }

    /// The snapshot with an identifier that Draco generated, which is known to be valid.
    pub(crate) fn generated(kind: Kind, place: Place, id: String) -> Self {
        Self { kind, place, id }
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl DatabaseArn {
    /// The database with an identifier that Draco generated, which is known to be valid.
    pub(crate) fn generated(kind: Kind, place: Place, id: String) -> Self {
        Self { kind, place, id }
    }

    /// The database with this identifier.
    ///
    /// # Errors
    /// If it is not an identifier that RDS accepts.
    pub fn new(kind: Kind, place: Place, id: &str) -> Result<Self, ParseArnError> {
        let wrong = |why| ParseArnError { text: id.to_owned(), expected: "database identifier", why };
        Ok(Self { kind, place, id: identifier(id).map_err(wrong)? })
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl FromStr for SnapshotArn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        let (kind, place, id) = parse(text, Kind::snapshot_type).map_err(|why| ParseArnError {
            text: text.to_owned(),
            expected: "snapshot ARN",
            why,
        })?;
        Ok(Self { kind, place, id })
    }
}

impl FromStr for DatabaseArn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        let (kind, place, id) = parse(text, Kind::database_type).map_err(|why| ParseArnError {
            text: text.to_owned(),
            expected: "database ARN",
            why,
        })?;
        Ok(Self { kind, place, id })
    }
}

/// Splits an ARN. Identifiers of automated snapshots contain colons themselves.
fn parse(text: &str, type_of: impl Fn(Kind) -> &'static str) -> Result<(Kind, Place, String), String> {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let ["arn", partition, service, region, account, resource_type, id] = parts[..] else {
        return Err("expected arn:aws:rds:REGION:ACCOUNT:TYPE:IDENTIFIER".to_owned());
    };
    if partition != "aws" {
        return Err(format!("the partition is {}, but only aws is supported", quoted(partition)));
    }
    if service != "rds" {
        return Err(format!("the service is {}, expected rds", quoted(service)));
    }
    let message = |error: ParsePlaceError| error.to_string();
    let place = Place { region: region.parse().map_err(message)?, account: account.parse().map_err(message)? };
    let kind = Kind::ALL.into_iter().find(|kind| type_of(*kind) == resource_type).ok_or_else(|| {
        let [one, other] = Kind::ALL.map(&type_of);
        format!("the type is {}, expected {one} or {other}", quoted(resource_type))
    })?;
    Ok((kind, place, identifier(id)?))
}

/// An identifier as RDS stores it. Identifiers that RDS generates (`rds:…`) follow looser rules than those that users
/// choose, so only the character set and the length are checked.
fn identifier(id: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_' | '.');
    if id.is_empty() {
        Err("the identifier is empty".to_owned())
    } else if id.len() > 255 {
        Err(format!("the identifier has {} characters, the maximum is 255", id.len()))
    } else if let Some(odd) = id.chars().find(|c| !is_allowed(*c)) {
        Err(format!("it contains {odd:?}, but only letters, digits and -:_. are allowed"))
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
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, ParseArnError> {
        text.parse()
    }
}

impl TryFrom<String> for DatabaseArn {
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, ParseArnError> {
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
