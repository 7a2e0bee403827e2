//! Whether RDS can use the encryption key of a database.

use super::find_database;
use super::identifiers::Arn;
use crate::call::Caller;
use crate::kms;
use crate::world::State;

/// Whether RDS can use a database's key. A database without a key is not encrypted.
///
/// "Amazon RDS can lose access to the KMS key for a DB instance when you disable the KMS key. In these cases, the
/// encrypted DB instance goes into `inaccessible-encryption-credentials-recoverable` state" (RDS User Guide,
/// "Encrypting Amazon RDS resources"; the Aurora User Guide has the same sentence about clusters).
pub(super) fn has_usable_key(state: &mut State, database: &Arn) -> bool {
    let Some(key) = find_database(state, database).and_then(|database| database.key.clone()) else { return true };
    // RDS uses a key by the grant that it got when the database was created, so policies are not checked again.
    let owner = Caller { account: database.account.clone(), role: None };
    kms::usable_key(state, &owner, &database.region, &key, &[], "rds").is_ok()
}
