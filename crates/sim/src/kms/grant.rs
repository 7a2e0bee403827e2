//! A grant: it allows a principal some operations on a key, in addition to the policies. It cannot deny.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::call::Caller;
use crate::clock::seconds;

/// Pairs that a cryptographic operation must repeat.
pub(crate) type EncryptionContext = BTreeMap<String, String>;

/// The operations of a grant for a symmetric encryption key.
pub(super) const OPERATIONS: [&str; 11] = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) id: String,
    /// The tokens that `CreateGrant` returned for it. Each request for the same grant gets another.
    pub(super) tokens: BTreeSet<String>,
    pub(super) created: DateTime<Utc>,
    /// The account that created it.
    pub(super) issuer: String,
    /// The ARN of the key.
    pub(super) key: String,
    pub(super) terms: Terms,
}

/// What a request for a grant contains. A request with a name is not executed twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) name: Option<String>,
    /// The ARN of a principal, or a service.
    pub(super) grantee: String,
    pub(super) retiring: Option<String>,
    /// `Decrypt`, `CreateGrant`, …
    pub(super) operations: BTreeSet<String>,
    pub(super) constraint: Option<Constraint>,
}

/// A condition on the encryption context of cryptographic operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    Equals(EncryptionContext),
    Subset(EncryptionContext),
}

impl Terms {
    /// The grant that a service requests for itself. AWS does not document the operations of RDS's grants.
    pub(super) fn of_service(principal: String, context: EncryptionContext) -> Self {
        let of_key_pairs = |operation: &&str| operation.contains("KeyPair");
        let operations = OPERATIONS.into_iter().filter(|operation| !of_key_pairs(operation));
        Self {
            name: None,
            grantee: principal.clone(),
            retiring: Some(principal),
            operations: operations.map(str::to_owned).collect(),
            constraint: Some(Constraint::Subset(context)),
        }
    }
}

impl Constraint {
    /// Its name: `kms:GrantConstraintType`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "EncryptionContextEquals",
            Self::Subset(_) => "EncryptionContextSubset",
        }
    }

    pub(super) fn context(&self) -> &EncryptionContext {
        match self {
            Self::Equals(context) | Self::Subset(context) => context,
        }
    }

    fn holds(&self, context: &EncryptionContext) -> bool {
        match self {
            Self::Equals(expected) => context == expected,
            Self::Subset(expected) => contains(context, expected),
        }
    }

    /// Whether every encryption context that the other constraint allows is allowed by this one.
    fn covers(&self, other: Option<&Self>) -> bool {
        match (self, other) {
            (Self::Equals(own), Some(Self::Equals(other))) => own == other,
            (Self::Subset(own), Some(other)) => contains(other.context(), own),
            (Self::Equals(_), Some(Self::Subset(_))) | (_, None) => false,
        }
    }
}

fn contains(context: &EncryptionContext, expected: &EncryptionContext) -> bool {
    expected.iter().all(|(key, value)| context.get(key) == Some(value))
}

/// A use of a key that a grant may allow.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// "The encryption context constraint is ignored for `DescribeKey` and `RetireGrant` operations" (KMS developer guide).
    Describe,
    /// A cryptographic operation with this encryption context: `Decrypt`.
    Cryptographic(&'a str, &'a EncryptionContext),
    CreateGrant(&'a Terms),
}

impl Grant {
    /// Whether the grant allows the principal with one of these ARNs this use.
    pub(super) fn allows(&self, of: Use<'_>) -> bool {
        let Terms { operations, constraint, .. } = &self.terms;
        match of {
            Use::Describe => operations.contains("DescribeKey"),
            Use::Cryptographic(operation, context) => {
                operations.contains(operation) && constraint.as_ref().is_none_or(|constraint| constraint.holds(context))
            }
            // "The grantee principal can only create grants that allow some or all of the operations in the parent
            // grant. The grant constraints in the grants they create must be at least as strict" (KMS developer guide).
            Use::CreateGrant(child) => {
                operations.contains("CreateGrant")
                    && child.operations.is_subset(operations)
                    && constraint.as_ref().is_none_or(|constraint| constraint.covers(child.constraint.as_ref()))
            }
        }
    }

    pub(super) fn view(&self) -> Value {
        let Terms { name, grantee, retiring, operations, constraint } = &self.terms;
        json!({
            "KeyId": self.key,
            "GrantId": self.id,
            // AWS's examples have an empty name for a grant without one.
            "Name": name.as_deref().unwrap_or_default(),
            "CreationDate": seconds(self.created),
            "GranteePrincipal": grantee,
            "RetiringPrincipal": retiring,
            "IssuingAccount": format!("arn:aws:iam::{}:root", self.issuer),
            "Operations": operations,
            "Constraints": constraint.as_ref().map(|constraint| json!({ constraint.name(): constraint.context() })),
        })
    }
}

/// How a grant names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    No,
    /// Its account, whose own policies then decide.
    Account,
    Yes,
}

/// How this ARN of a grant names the caller.
pub(super) fn names(arn: &str, caller: &Caller) -> Named {
    if arn == caller.principal() || arn == caller.arn() {
        Named::Yes
    } else if arn == format!("arn:aws:iam::{}:root", caller.account) {
        Named::Account
    } else {
        Named::No
    }
}
