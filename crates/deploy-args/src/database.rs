//! A database as it is typed.

use std::fmt;
use std::str::FromStr;

use protocol::{AccountId, DatabaseArn, Place, Region};

/// A database of a source account, instance or cluster: `111111111111/orders`. An account may have databases of this name in
/// several regions; then `111111111111/eu-west-1/orders` is one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseName {
    account: AccountId,
    region: Option<Region>,
    database: String,
}

impl DatabaseName {
    /// Whether it is this database.
    #[must_use]
    pub fn is(&self, database: &DatabaseArn) -> bool {
        let Place { account, region } = &database.place;
        self.account == *account
            && self.database == database.id()
            && self.region.as_ref().is_none_or(|expected| expected == region)
    }
}

impl FromStr for DatabaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(account, rest)| {
            let account = account.parse().ok()?;
            let (region, database) = match rest.split_once('/') {
                Some((region, database)) => (Some(region.parse().ok()?), database),
                None => (None, rest),
            };
            // RDS stores identifiers in lower case.
            (!database.is_empty()).then(|| Self { account, region, database: database.to_lowercase() })
        });
        parsed
            .ok_or_else(|| "expected ACCOUNT/DATABASE, like 111111111111/orders, or ACCOUNT/REGION/DATABASE".to_owned())
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{}/{region}/{}", self.account, self.database),
            None => write!(f, "{}/{}", self.account, self.database),
        }
    }
}
