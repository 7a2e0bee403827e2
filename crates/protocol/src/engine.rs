//! The engine of a snapshot's database, as far as it decides what AWS does with the snapshot.

use std::fmt;

/// A family of database engines. All of them answer to RDS's API, with ARNs of RDS, so Draco's lists contain all of them.
///
/// | engine     | kinds              | can be shared and copied | a copy of an unencrypted snapshot | restored by        |
/// |------------|--------------------|--------------------------|-----------------------------------|--------------------|
/// | RDS        | instances          | yes                      | is encrypted                      | RDS                |
/// | RDS        | Multi-AZ clusters  | AWS's texts disagree     | stays unencrypted                 | RDS                |
/// | Aurora     | clusters           | yes                      | stays unencrypted                 | RDS                |
/// | DocumentDB | clusters           | yes                      | stays unencrypted                 | `aws docdb`        |
/// | Neptune    | clusters           | yes                      | stays unencrypted                 | `aws neptune`      |
///
/// The guide states that snapshots of Multi-AZ DB clusters cannot be copied, the API reference that they can. Draco tries, and
/// reports a refusal (the open question `multi-az-cluster-copies`).
///
/// So Draco copies snapshots of DocumentDB and Neptune in the same way as those of Aurora. The developer guides of both state the
/// same three rules: "To share an automated cluster snapshot, create a manual cluster snapshot by copying the automated
/// snapshot, and then share that copy", "You can't share a snapshot that has been encrypted using the default AWS KMS encryption
/// key of the account that shared the snapshot", and "If you copy an encrypted cluster snapshot that is shared from another
/// AWS account, then you must specify a value for `KmsKeyId`". Elastic clusters of DocumentDB have an API of their own, and
/// Draco does not see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// An engine of RDS: `postgres`, `mysql`, `oracle-ee` and others.
    Rds,
    /// `aurora-postgresql` or `aurora-mysql`.
    Aurora,
    /// `docdb`
    DocumentDb,
    /// `neptune`
    Neptune,
}

impl Engine {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::Rds, Self::Aurora, Self::DocumentDb, Self::Neptune];

    /// Parses AWS's name of an engine. An unknown one counts as an engine of RDS: AWS decides what it does with its snapshots.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "docdb" => Self::DocumentDb,
            "neptune" => Self::Neptune,
            aurora if aurora.starts_with("aurora") => Self::Aurora,
            _ => Self::Rds,
        }
    }
}

/// The name in log lines.
impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rds => "rds",
            Self::Aurora => "aurora",
            Self::DocumentDb => "docdb",
            Self::Neptune => "neptune",
        })
    }
}
