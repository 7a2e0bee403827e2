//! Whether RDS can use the encryption key of a database, and what happens to the database if it cannot.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::databases::{Status, become_available};
use super::events::EventKind;
use super::identifiers::Arn;
use super::kind::Kind;
use super::{RdsContext, find_database, find_database_by_resource_id, view};
use crate::call::Error;
use crate::kms::{self, EncryptionContext};
use crate::world::State;

/// Whether RDS can use a database's key. A database without a key is not encrypted.
///
/// "Amazon RDS can lose access to the KMS key for a DB instance when you disable the KMS key. In these cases, the
/// encrypted DB instance goes into `inaccessible-encryption-credentials-recoverable` state" (RDS User Guide,
/// "Encrypting Amazon RDS resources"; the Aurora User Guide has the same sentence about clusters). The same holds "if you turn
/// off or revoke permissions to a KMS key used by an RDS database" ("AWS KMS key management").
pub(super) fn has_usable_key(state: &mut State, database: &Arn) -> bool {
    let Some(found) = find_database(state, database) else { return true };
    let (Some(key), grant) = (found.key.clone(), found.grant.clone()) else { return true };
    // RDS uses a key by the grant that it got when the database was created, so policies are not checked again.
    kms::is_enabled(state, &key) && grant.is_none_or(|grant| kms::has_grant(state, &grant))
}

/// The encryption context of a database's key: "At minimum, Amazon RDS always uses the DB instance ID" (RDS User Guide).
/// For clusters, AWS's example of reading an activity stream has `aws:rds:dbc-id`.
pub(super) fn encryption_context(kind: Kind, resource_id: &str) -> EncryptionContext {
    let key = match kind {
        Kind::Instance => "aws:rds:db-id",
        Kind::Cluster => "aws:rds:dbc-id",
    };
    EncryptionContext::from([(key.to_owned(), resource_id.to_owned())])
}

/// How often RDS looks whether it can use a key. AWS does not document it.
const WATCH: TimeDelta = TimeDelta::hours(1);
/// "If you lose access to a KMS key, the encrypted DB instance goes into the
/// `inaccessible-encryption-credentials-recoverable` state 2 hours after detection in instances where backups are enabled"
/// (RDS User Guide). The Aurora User Guide has no such time for clusters.
const GRACE: TimeDelta = TimeDelta::hours(2);
/// "If the DB instance isn't recovered within seven days, it goes into the terminal `inaccessible-encryption-credentials`
/// state."
const RECOVERABLE: TimeDelta = TimeDelta::days(7);

/// Changes the status of a database whose key cannot be used.
pub(super) fn watch(state: &mut State, database: Arn, resource_id: String) {
    let Some(found) = find_database_by_resource_id(state, &database, &resource_id) else { return };
    // AWS managed keys cannot be disabled.
    let Some(key) = found.key.clone() else { return };
    if kms::is_managed(state, &key) {
        return;
    }
    state.at_in(&database.region.clone(), state.now + WATCH, move |state| {
        look(state, &database, &resource_id);
        watch(state, database, resource_id);
    });
}

fn look(state: &mut State, database: &Arn, resource_id: &str) {
    let (now, is_usable) = (state.now, has_usable_key(state, database));
    let Some(found) = find_database_by_resource_id(state, database, resource_id) else { return };
    if found.status == Status::Available && is_usable {
        found.key_lost = None;
        return;
    }
    let lost = match (found.status, found.key_lost) {
        (Status::Available, None) => *found.key_lost.insert(now),
        (_, Some(lost)) => lost,
        (_, None) => return,
    };
    // "DB instances with disabled backups remain available until the volumes are detached from the host during an
    // instance modification or a recovery."
    let stays = database.kind == Kind::Instance && found.facts.retention_days == 0;
    let grace = if database.kind == Kind::Instance { GRACE } else { TimeDelta::zero() };
    match found.status {
        Status::Available if !stays && now - lost >= grace => {
            found.status = Status::InaccessibleRecoverable;
            found.key_lost = Some(now);
        }
        Status::InaccessibleRecoverable if now - lost >= RECOVERABLE => found.status = Status::Inaccessible,
        _ => {}
    }
}

#[derive(Deserialize)]
pub(super) struct StartRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
}

/// Recovers a database: "enable the KMS key and restart this DB instance".
pub(super) fn start(state: &mut State, ctx: &RdsContext, wanted: &StartRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (arn, resource_id, key) = (found.arn.clone(), found.facts.resource_id.clone(), found.key.clone());
    if found.status != Status::InaccessibleRecoverable {
        let (id, status) = (&arn.id, found.status.name());
        // As users of RDS reported.
        return Err(ctx.kind.invalid_database_state(match ctx.kind {
            Kind::Instance => format!(
                "Instance {id} cannot be started as it is not in one of the following statuses: 'stopped, \
                 inaccessible-encryption-credentials-recoverable, incompatible-network (only valid for non-SqlServer \
                 instances)'."
            ),
            Kind::Cluster => format!(
                "DbCluster {id} is in {status} state but expected it to be one of stopped, \
                 inaccessible-encryption-credentials-recoverable."
            ),
        }));
    }
    if !has_usable_key(state, &arn) {
        let message = format!("The KMS key [{}] of {arn} is not enabled.", key.unwrap_or_default());
        return Err(Error::new("KMSKeyNotAccessibleFault", message));
    }
    let found = ctx.own_database(state, &wanted.identifier)?;
    (found.status, found.key_lost) = (Status::Starting, None);
    let view = view::database(found);
    become_available(state, (arn, resource_id), Status::Starting, EventKind::DatabaseStarted);
    Ok(json!({ ctx.kind.spelling().database: view }))
}
