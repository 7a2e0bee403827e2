//! The secret of a master user whose password RDS manages: a secret of Secrets Manager, which RDS creates with the database
//! (or with a modification), rotates, and deletes.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::databases::changes::{draw, later};
use super::databases::{DatabaseUid, Use, plan};
use super::events::{EventKind, record_event};
use super::kind::Kind;
use super::{RdsContext, volumes};
use crate::call::{Caller, Error};
use crate::iam::RequiredPermission;
use crate::kms::{self, EncryptionContext};
use crate::secrets::managed::{self, NewManaged};
use crate::world::State;

/// The secret of a database.
pub(super) struct Secret {
    pub(super) arn: String,
    name: String,
    /// The ARN of its key.
    key: String,
    is_default_key: bool,
    status: SecretStatus,
}

/// The statuses in the API reference, `MasterUserSecret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretStatus {
    Creating,
    Active,
    Rotating,
    /// "The secret can be used to access database credentials, but it can't be rotated. A secret might have this status if, for
    /// example, permissions are changed so that RDS can no longer access the secret or the KMS key for the secret."
    Impaired,
}

/// "RDS rotates the secret every seven days by default" (RDS User Guide, "Password management with Amazon RDS and AWS Secrets
/// Manager").
const ROTATION_DAYS: u32 = 7;

/// What the caller needs to let RDS manage the password: "kms:DescribeKey, secretsmanager:CreateSecret,
/// secretsmanager:TagResource" (RDS User Guide, "Permissions required for Secrets Manager integration"). The key is checked
/// by [`new`].
pub(super) fn permissions(ctx: &RdsContext) -> Vec<RequiredPermission> {
    let uuid = "????????-????-????-????-????????????";
    let prefix = ctx.kind.spelling().resource_prefix;
    let (region, account) = (&ctx.region, &ctx.caller.account);
    let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:rds!{prefix}{uuid}-??????");
    ["secretsmanager:CreateSecret", "secretsmanager:TagResource"].map(|on| RequiredPermission::new(on, &arn)).into()
}

/// A secret that can be created: nothing has been done. "If you don't specify MasterUserSecretKmsKeyId, then the
/// aws/secretsmanager KMS key is used to encrypt the secret."
pub(super) fn new(state: &mut State, ctx: &RdsContext, key: Option<&str>) -> Result<Secret, Error> {
    let (context, of) = (EncryptionContext::new(), "The secret's");
    let is_default_key = key.is_none_or(|key| key == "alias/aws/secretsmanager");
    let key = if is_default_key {
        let key = kms::managed_key(state, &ctx.caller.account, &ctx.region, "secretsmanager");
        super::keys::usable_key(state, ctx, &key, (&["kms:DescribeKey"], &context), of)?
    } else {
        super::keys::usable_key(state, ctx, key.unwrap_or_default(), (&plan::KEY_OPERATIONS, &context), of)?
    };
    let name = format!("rds!{}{}", ctx.kind.spelling().resource_prefix, state.new_uuid());
    let Caller { account, .. } = &ctx.caller;
    let arn = managed::arn(state, account, &ctx.region, &name);
    Ok(Secret { arn, name, key, is_default_key, status: SecretStatus::Creating })
}

/// Creates the secret of a database in Secrets Manager. Returns the password of the master user.
pub(super) fn create(state: &mut State, database: &DatabaseUid) -> Option<String> {
    let password = new_password(state);
    let found = database.find(state)?;
    let (arn, username) = (found.arn.to_string(), found.master_username());
    let secret = found.secret.as_ref()?;
    let (what, tag) = match database.kind {
        Kind::Instance => ("DB instance", "aws:rds:primaryDBInstanceArn"),
        Kind::Cluster => ("DB cluster", "aws:rds:primaryDBClusterArn"),
    };
    let tags = [(tag, arn.as_str()), ("aws:secretsmanager:owningService", "rds")];
    let new = NewManaged {
        owner: "rds",
        name: secret.name.clone(),
        description: format!("The secret associated with the primary RDS {what}: {arn}"),
        key: (!secret.is_default_key).then(|| secret.key.clone()),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect::<BTreeMap<_, _>>(),
        value: value(&username, &password),
        rotates_after_days: ROTATION_DAYS,
    };
    let secret = secret.arn.clone();
    managed::create(state, &secret, new);
    schedule_rotation(state, database.clone(), secret, TimeDelta::days(ROTATION_DAYS.into()));
    Some(password)
}

/// The secret of a new database is complete with the database.
pub(super) fn activate(state: &mut State, database: &DatabaseUid) {
    set_status(state, database, SecretStatus::Active);
}

/// Lets RDS manage the password of an existing database. The server has the new password at once, and the secret is `creating`
/// for as long as a change of the password takes.
///
/// Returns whether it did.
pub(super) fn switch_on(state: &mut State, database: &DatabaseUid, secret: Secret) -> bool {
    if let Some(found) = database.find(state) {
        found.secret = Some(secret);
    }
    let is_set = create(state, database).is_some_and(|password| set_password(state, database, &password));
    if is_set {
        later(state, database, |durations| durations.password, activate);
    }
    is_set
}

/// Sets the password of the master user. If its server refuses it, the database keeps the old one: "the change can succeed even if the new
/// password doesn't satisfy your password policies. However, a new password is set in the MySQL DB instance only if it satisfies the
/// password policies. In this case, Amazon RDS records … RDS-EVENT-0067" (RDS User Guide, "Password Validation for RDS for MySQL"). No text
/// states it for other engines, or the effect on a secret: here all engines do the same, and the secret is `impaired`. The status
/// `incompatible-credentials` is that of credentials for CloudHSM.
pub(super) fn set_password(state: &mut State, database: &DatabaseUid, password: &str) -> bool {
    let is_set = volumes::set_password(state, database, password);
    if !is_set {
        set_status(state, database, SecretStatus::Impaired);
        if let Some(arn) = database.arn(state) {
            record_event(state, &arn, EventKind::Numbered(67));
        }
    }
    is_set
}

/// Deletes the secret of a database. "If a DB instance that is managing a secret in Secrets Manager is deleted, the secret and its
/// associated metadata are also deleted" (RDS User Guide).
pub(super) fn remove(state: &mut State, secret: &Secret) {
    managed::remove(state, &secret.arn);
}

/// Deletes the secret of a database that has a password of its user's now.
pub(super) fn switch_off(state: &mut State, database: &DatabaseUid) {
    if let Some(secret) = database.find(state).and_then(|found| found.secret.take()) {
        remove(state, &secret);
    }
}

/// Replaces the password. "Rotation for managed secrets typically completes within one minute" (Secrets Manager user guide,
/// "Managed rotation"). Returns whether it could.
pub(super) fn rotate(state: &mut State, database: &DatabaseUid) -> bool {
    let Some(found) = database.find(state) else { return false };
    let (is_working, username) = (found.check(Use::Modify).is_ok(), found.master_username());
    let Some((arn, key)) = found.secret.as_ref().map(|secret| (secret.arn.clone(), secret.key.clone())) else {
        return false;
    };
    if !kms::is_enabled(state, &key) {
        set_status(state, database, SecretStatus::Impaired);
        return false;
    }
    // A server that does not run has no new password.
    if !is_working {
        return false;
    }
    let password = new_password(state);
    if !set_password(state, database, &password) {
        return false;
    }
    set_status(state, database, SecretStatus::Rotating);
    managed::rotate(state, &arn, value(&username, &password));
    later(state, database, |durations| durations.password, activate);
    true
}

fn schedule_rotation(state: &mut State, database: DatabaseUid, secret: String, delay: TimeDelta) {
    let at = state.now + delay;
    managed::set_next_rotation(state, &secret, at);
    state.at_in(&database.region.clone(), at, move |state| {
        // RDS may not manage the password any more, or with another secret.
        let current = database.find(state).and_then(|found| found.secret.as_ref());
        if current.is_none_or(|current| current.arn != secret) {
            return;
        }
        let delay = if rotate(state, &database) {
            TimeDelta::days(ROTATION_DAYS.into())
        } else {
            draw(state, &database, |durations| durations.rotation_retry)
        };
        schedule_rotation(state, database, secret, delay);
    });
}

fn set_status(state: &mut State, database: &DatabaseUid, status: SecretStatus) {
    if let Some(secret) = database.find(state).and_then(|found| found.secret.as_mut()) {
        secret.status = status;
    }
}

/// The member `MasterUserSecret` of responses.
pub(super) fn view(secret: Option<&Secret>) -> Value {
    let Some(secret) = secret else { return Value::Null };
    let status = match secret.status {
        SecretStatus::Creating => "creating",
        SecretStatus::Active => "active",
        SecretStatus::Rotating => "rotating",
        SecretStatus::Impaired => "impaired",
    };
    json!({ "KmsKeyId": secret.key, "SecretArn": secret.arn, "SecretStatus": status })
}

fn value(username: &str, password: &str) -> String {
    json!({ "username": username, "password": password }).to_string()
}

/// "Can include any printable ASCII character except "/", """, or "@"" (API reference, `MasterUserPassword`), and for some
/// engines not "&" and "'". No text states which of them RDS uses: here a password may contain all symbols that the engine allows, which
/// is the hardest case for a program.
const SYMBOLS: &[u8] = b"!#$%()*+,-.:;<=>?[]^_`{|}~";
const PASSWORD_LENGTH: usize = 28;

fn new_password(state: &mut State) -> String {
    let random = &mut state.random;
    std::iter::repeat_with(|| {
        if random.u8(..4) > 0 { random.alphanumeric() } else { char::from(SYMBOLS[random.usize(..SYMBOLS.len())]) }
    })
    .take(PASSWORD_LENGTH)
    .collect()
}
