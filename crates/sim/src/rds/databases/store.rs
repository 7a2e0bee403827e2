//! The databases of one kind in a region of an account, by identifier and by resource identifier.

use std::collections::BTreeMap;

use super::super::identifiers::{Arn, ResourceType};
use super::super::kind::Kind;
use super::Database;
use crate::world::State;

/// Identifies one database for good: a rename changes its identifier, and another database may then have it. Scheduled work refers
/// to databases by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rds) struct DatabaseUid {
    pub(in crate::rds) kind: Kind,
    pub(in crate::rds) account: String,
    pub(in crate::rds) region: String,
    pub(in crate::rds) resource_id: String,
}

impl DatabaseUid {
    /// The database with this resource identifier, of the kind, account and region of an ARN.
    pub(in crate::rds) fn new(Arn { kind, account, region, .. }: &Arn, resource_id: &str) -> Self {
        let (account, region, resource_id) = (account.clone(), region.clone(), resource_id.to_owned());
        Self { kind: *kind, account, region, resource_id }
    }

    /// The database, unless it is gone.
    pub(in crate::rds) fn find<'s>(&self, state: &'s mut State) -> Option<&'s mut Database> {
        state.region_state(&self.account, &self.region).rds.family(self.kind).databases.find(&self.resource_id)
    }

    /// The ARN that it has now, unless it is gone.
    pub(in crate::rds) fn arn(&self, state: &mut State) -> Option<Arn> {
        self.find(state).map(|found| found.arn.clone())
    }

    /// Removes the database.
    pub(super) fn remove(&self, state: &mut State) -> Option<Database> {
        state.region_state(&self.account, &self.region).rds.family(self.kind).databases.remove(&self.resource_id)
    }
}

#[derive(Default)]
pub(in crate::rds) struct Databases {
    by_id: BTreeMap<String, Database>,
    /// The identifier of each resource identifier.
    ids: BTreeMap<String, String>,
}

impl Databases {
    pub(in crate::rds) fn get(&self, id: &str) -> Option<&Database> {
        self.by_id.get(id)
    }

    pub(in crate::rds) fn get_mut(&mut self, id: &str) -> Option<&mut Database> {
        self.by_id.get_mut(id)
    }

    pub(in crate::rds) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The number that counts towards the quota.
    pub(in crate::rds) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(in crate::rds) fn by_id(&self) -> &BTreeMap<String, Database> {
        &self.by_id
    }

    /// The database with this resource identifier.
    pub(in crate::rds) fn find(&mut self, resource_id: &str) -> Option<&mut Database> {
        self.by_id.get_mut(self.ids.get(resource_id)?)
    }

    /// The same, to read it.
    pub(in crate::rds) fn with_resource_id(&self, resource_id: &str) -> Option<&Database> {
        self.by_id.get(self.ids.get(resource_id)?)
    }

    /// Adds a database, whose identifier must be free.
    pub(super) fn insert(&mut self, database: Database) {
        let id = database.arn.id.clone();
        self.ids.insert(database.facts.resource_id.clone(), id.clone());
        self.by_id.insert(id, database);
    }

    pub(super) fn remove(&mut self, resource_id: &str) -> Option<Database> {
        self.by_id.remove(&self.ids.remove(resource_id)?)
    }
}

impl Database {
    pub(in crate::rds) fn uid(&self) -> DatabaseUid {
        DatabaseUid::new(&self.arn, &self.facts.resource_id)
    }

    /// The ARN of a resource of the same account and region.
    pub(in crate::rds) fn arn_beside(&self, kind: Kind, id: &str) -> Arn {
        Arn { kind, resource_type: ResourceType::Database, id: id.to_owned(), ..self.arn.clone() }
    }
}
