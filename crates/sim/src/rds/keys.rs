//! Whether RDS can use the encryption key of a database, and what happens to the database if it cannot.

use chrono::TimeDelta;

use super::databases::changes::draw;
use super::databases::{DatabaseUid, Status};
use super::identifiers::Arn;
use super::kind::Kind;
use super::{RdsContext, find_database};
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

/// The same for a database that is named by its resource identifier, and that must exist.
pub(super) fn is_lost(state: &mut State, database: &DatabaseUid) -> bool {
    database.arn(state).is_some_and(|arn| !has_usable_key(state, &arn))
}

/// RDS knows from now on that it cannot use the key.
pub(super) fn note_loss(state: &mut State, database: &DatabaseUid) {
    let now = state.now;
    if let Some(found) = database.find(state) {
        found.key_lost = Some(now);
    }
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

/// "If you lose access to a KMS key, the encrypted DB instance goes into the
/// `inaccessible-encryption-credentials-recoverable` state 2 hours after detection in instances where backups are enabled"
/// (RDS User Guide). The Aurora User Guide has no such time for clusters.
const GRACE: TimeDelta = TimeDelta::hours(2);
/// "If the DB instance isn't recovered within seven days, it goes into the terminal `inaccessible-encryption-credentials`
/// state."
const RECOVERABLE: TimeDelta = TimeDelta::days(7);

/// Changes the status of a database whose key cannot be used.
pub(super) fn watch(state: &mut State, database: DatabaseUid) {
    let Some(found) = database.find(state) else { return };
    // AWS managed keys cannot be disabled.
    let Some(key) = found.key.clone() else { return };
    if kms::is_managed(state, &key) {
        return;
    }
    let at = state.now + draw(state, &database, |durations| durations.key_watch);
    state.at_in(&database.region.clone(), at, move |state| {
        look(state, &database);
        watch(state, database);
    });
}

fn look(state: &mut State, database: &DatabaseUid) {
    let Some(arn) = database.arn(state) else { return };
    let (now, is_usable) = (state.now, has_usable_key(state, &arn));
    let Some(found) = database.find(state) else { return };
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

/// The ARN of a key in the caller's region that the caller may use for these operations with this encryption context. `of` describes
/// the key in the error message.
pub(super) fn usable_key(
    state: &mut State,
    ctx: &RdsContext,
    key: &str,
    use_of_key: (&[&str], &EncryptionContext),
    of: &str,
) -> Result<String, Error> {
    usable_key_in(state, ctx, KeyPlace { region: &ctx.region, via: &ctx.region }, key, use_of_key, of)
}

/// Where a key is, and through RDS of which region it is used.
#[derive(Clone, Copy)]
pub(super) struct KeyPlace<'a> {
    pub(super) region: &'a str,
    pub(super) via: &'a str,
}

/// The same for a key in any region.
pub(super) fn usable_key_in(
    state: &mut State,
    ctx: &RdsContext,
    KeyPlace { region, via }: KeyPlace<'_>,
    key: &str,
    (operations, context): (&[&str], &EncryptionContext),
    of: &str,
) -> Result<String, Error> {
    let via = format!("rds.{via}");
    kms::usable_key(state, &ctx.caller, region, key, operations, (&via, context)).map_err(|kms::Refusal(message)| {
        let what = "does not exist, is not enabled or you do not have permissions to access it";
        Error::new("KMSKeyNotAccessibleFault", format!("{of} KMS key [{key}] {what}: {message}."))
    })
}
