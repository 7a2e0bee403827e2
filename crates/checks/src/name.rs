//! The name of an object in a database.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table, an index or a sequence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectName {
    /// The database.
    pub database: String,
    /// The schema. MySQL has none: its schemas are its databases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The name in the schema.
    pub name: String,
}

impl ObjectName {
    /// An object in a schema of PostgreSQL.
    #[must_use]
    pub fn in_schema(database: &str, schema: &str, name: &str) -> Self {
        Self { database: database.to_owned(), schema: Some(schema.to_owned()), name: name.to_owned() }
    }

    /// An object of MySQL.
    #[must_use]
    pub fn in_database(database: &str, name: &str) -> Self {
        Self { database: database.to_owned(), schema: None, name: name.to_owned() }
    }
}

/// One line, also for names with control characters.
impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [Some(&self.database), self.schema.as_ref(), Some(&self.name)];
        for (at, part) in parts.into_iter().flatten().enumerate() {
            write!(out, "{}{}", if at > 0 { "." } else { "" }, part.escape_debug())?;
        }
        Ok(())
    }
}
