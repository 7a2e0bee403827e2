//! The storage of a restored instance: the instance is available long before its data is there.
//!
//! "The volume is initializing from a snapshot, such as during a snapshot restore, point-in-time restore, read replica creation, or
//! blue/green deployment. Performance can be lower than provisioned until initialization completes" (`StorageOperationStatus` of
//! `DBInstance`). Clusters do not have it: Aurora's storage is not built on volumes.

use super::super::databases::DatabaseUid;
use super::super::kind::Kind;
use super::super::snapshots::Progress;
use crate::world::{State, World};

/// Starts to load the storage of an instance that has become available.
pub(super) fn start(state: &mut State, database: &DatabaseUid) {
    let (now, rate) = (state.now, state.settings.load_gib_per_minute);
    let Some(found) = database.find(state).filter(|_| database.kind == Kind::Instance) else { return };
    let progress = Progress::new(u64::from(found.facts.gib) * 1024, rate, now);
    let DatabaseUid { account, region, kind, resource_id } = database.clone();
    state.region_state(&account, &region).rds.family(kind).loading.insert(resource_id.clone(), progress);
    state.at_in(&region.clone(), progress.until(), move |state| {
        state.region_state(&account, &region).rds.family(kind).loading.remove(&resource_id);
    });
}

impl World {
    /// Whether the storage of the instance with this resource ID was restored and is still being loaded: the first read of each
    /// block is slow.
    #[must_use]
    pub fn is_storage_loading(&self, account: &str, region: &str, resource_id: &str) -> bool {
        let loading = |state: &mut State| {
            state.region_state(account, region).rds.family(Kind::Instance).loading.contains_key(resource_id)
        };
        self.change(loading)
    }
}
