//! Renaming databases.
//!
//! "When you rename a DB instance, the endpoint for the DB instance changes" and "the previous DNS name … is immediately deleted" (RDS
//! User Guide, "Renaming a DB instance"). Tags, snapshots and automated backups stay: they belong to the resource identifier. Whether
//! earlier snapshots state the new identifier is an open question.

use std::sync::Arc;

use super::super::events::{EventKind, record_event};
use super::{DatabaseUid, Facts};
use crate::questions::RenamedSnapshots;
use crate::world::State;

/// Gives a database another identifier. If the identifier has been given to another database meanwhile, it keeps its own.
pub(super) fn rename(state: &mut State, uid: &DatabaseUid, id: &str) {
    let snapshots_follow = state.settings.answers.renamed_snapshots == RenamedSnapshots::GetTheNew;
    let family = state.region_state(&uid.account, &uid.region).rds.family(uid.kind);
    let databases = &mut family.databases;
    if databases.contains(id) {
        return;
    }
    let Some(mut database) = databases.remove(&uid.resource_id) else { return };
    let old = std::mem::replace(&mut database.arn.id, id.to_owned());
    database.facts = Arc::new(Facts { id: id.to_owned(), ..Facts::clone(&database.facts) });
    database.former_ids.push(old.clone());
    let arn = database.arn.clone();
    databases.insert(database);
    if snapshots_follow {
        family.snapshots.rename_database(&uid.resource_id, &old, id);
    }
    record_event(state, &arn, EventKind::Renamed { from: &old });
}
