//! A database as it is typed.

use std::fmt;
use std::str::FromStr;

use protocol::{AccountId, DatabaseArn};

/// A database of a source account, instance or cluster: `111111111111/orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseName {
    account: AccountId,
    database: String,
}

impl DatabaseName {
    /// Whether it is this database.
    #[must_use]
    pub fn is(&self, database: &DatabaseArn) -> bool {
        self.account == database.place.account && self.database == database.id()
    }
}

impl FromStr for DatabaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(account, database)| {
            let account = account.parse().ok()?;
            // RDS stores identifiers in lower case.
            (!database.is_empty()).then(|| Self { account, database: database.to_lowercase() })
        });
        parsed.ok_or_else(|| "expected ACCOUNT/DATABASE, like 111111111111/orders".to_owned())
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.database)
    }
}
