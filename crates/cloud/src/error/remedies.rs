//! What a person can do about an error.

use super::Class;
use super::operations::OperationKind;

/// The usual remedies. The first matching row applies; `{account}` is the calling account.
const REMEDIES: [(Class, &[OperationKind], &str); 35] = [
    (
        Class::KeyRefused,
        &[OperationKind::Create],
        "check that the key of the data is enabled, and that its policy and the caller's role allow kms:CreateGrant and kms:DescribeKey",
    ),
    (Class::KeyRefused, &[OperationKind::ReadSecret], "check that the policy of the secret's key allows kms:Decrypt"),
    (
        Class::Quota,
        &[OperationKind::Create, OperationKind::DeleteDatabase],
        "raise the quota of {account} for databases, storage or their backups in Service Quotas, or delete databases or backups",
    ),
    (Class::Capacity, &[], "try again later, or choose another class, storage type or zone"),
    (Class::Missing, &[], "create it in this region of {account}, or name another one"),
    (
        Class::Exists,
        &[OperationKind::Create, OperationKind::ChangeDatabase],
        "another database has that identifier: rename or delete it, or choose another one",
    ),
    (
        Class::Exists,
        &[OperationKind::DeleteDatabase],
        "another snapshot has the identifier of the final snapshot: rename or delete it",
    ),
    (
        Class::WrongState,
        &[OperationKind::Create, OperationKind::ChangeDatabase, OperationKind::DeleteDatabase],
        "AWS is still changing it; Draco looks again",
    ),
    (
        Class::Gone,
        &[OperationKind::Create],
        "the snapshot or the backup was deleted in the meantime: choose another one",
    ),
    (Class::Gone, &[OperationKind::ReadSecret], "the secret is gone with its database"),
    (Class::Invalid, &[OperationKind::Create, OperationKind::ChangeDatabase], "correct the settings that AWS names"),
    (
        Class::Invalid,
        &[OperationKind::DeleteDatabase],
        "check that it is not protected from deletion, and that a final snapshot can be taken of it",
    ),
    (
        Class::Missing,
        &[OperationKind::Object],
        "check that the stack with that bucket exists in this account and region",
    ),
    (
        Class::Gone,
        &[OperationKind::Invoke],
        "check that the stack with that function exists in this account and region",
    ),
    (Class::Other, &[OperationKind::Invoke], "see the log of that function"),
    (Class::Invalid, &[OperationKind::ReadSecret], "check that the secret is not scheduled for deletion"),
    (Class::KeyRefused, &[OperationKind::CopyShared], "check that the transit key's policy allows {account}"),
    (
        Class::KeyRefused,
        &[OperationKind::Copy],
        "check that the key is enabled and that its policy and this function's role allow kms:CreateGrant",
    ),
    (Class::KeyRefused, &[], "check that the key is enabled and that its policy allows this function's role"),
    (
        Class::Quota,
        &[OperationKind::Copy, OperationKind::CopyShared],
        "raise the manual snapshot quota of {account}, or keep fewer copies",
    ),
    (Class::Quota, &[OperationKind::Share], "a snapshot can be shared with at most 20 accounts: remove one"),
    (Class::Quota, &[], "raise the quota of {account} in Service Quotas"),
    (
        Class::WrongState,
        &[OperationKind::Share],
        "only an available manual snapshot that is not encrypted under a default key can be shared",
    ),
    (
        Class::WrongState,
        &[OperationKind::Copy, OperationKind::CopyShared],
        "only an available snapshot can be copied; Draco retries",
    ),
    (
        Class::WrongState,
        &[OperationKind::Delete],
        "automated snapshots and sources of running copies cannot be deleted",
    ),
    (Class::WrongState, &[OperationKind::GetKey], "check that the key is enabled and not scheduled for deletion"),
    (
        Class::Gone,
        &[OperationKind::CopyShared],
        "check that the transit copy still exists and is shared with {account}",
    ),
    (Class::Gone, &[OperationKind::Copy, OperationKind::Share], "it was deleted in the meantime"),
    (Class::Gone, &[OperationKind::Publish], "check that the stack with that topic exists in its account and region"),
    (Class::Gone, &[OperationKind::Timer], "check that WAIT4COPY_ARN is the state machine of this stack"),
    (
        Class::Denied,
        &[OperationKind::Publish],
        "check that the topic's policy and this function's role allow {account} to publish",
    ),
    (Class::Denied, &[], "check the permissions of this function's role"),
    (
        Class::NotSignedIn,
        &[],
        "the credentials of {account} are expired or invalid, or the clock is wrong: sign in again, and repeat the command",
    ),
    (Class::Throttled, &[], "Draco retries; if it persists, ask AWS for a higher API rate for {account}"),
    (Class::Unreachable, &[], "Draco retries; if it persists, check the network and the AWS Health Dashboard"),
];

/// The first remedy for an error of this class in this operation.
pub(super) fn of(class: Class, kind: OperationKind) -> Option<&'static str> {
    let matches = |of: Class, kinds: &[OperationKind]| of == class && (kinds.is_empty() || kinds.contains(&kind));
    REMEDIES.iter().find(|(of, kinds, _)| matches(*of, kinds)).map(|(_, _, remedy)| *remedy)
}
