//! AWS's error codes, and the class of each.

/// The class of an error: what a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The object does not exist: look again.
    Gone,
    /// The object to create exists already.
    Exists,
    /// The object's state does not allow the operation now: look again later.
    WrongState,
    /// Too many calls: retry later.
    Throttled,
    /// A quota is reached: retry after deleting snapshots or databases, or raising the quota.
    Quota,
    /// AWS has no machine or storage of this kind free at the moment: retry later, or choose another class.
    Capacity,
    /// The request names a group, certificate or directory that does not exist: a person has to create it, or name another one.
    Missing,
    /// The values of the request are invalid, or contradict each other or the source: retries fail, too.
    Invalid,
    /// A key cannot be used: a person has to fix its policy or state.
    KeyRefused,
    /// Another permission is missing: a person has to grant it.
    Denied,
    /// The credentials are expired or invalid: a person has to sign in again. The request itself may be right.
    NotSignedIn,
    /// No answer, or a failure on AWS's side. The call may or may not have had an effect.
    Unreachable,
    /// AWS refuses the request itself, for another reason.
    Other,
}

/// AWS's error codes. RDS's operations for instances and clusters, and the services, spell the same error differently.
const CODES: [(Class, &[&str]); 12] = [
    (
        Class::Gone,
        &[
            "DBSnapshotNotFound",
            "DBSnapshotNotFoundFault",
            "DBClusterSnapshotNotFound",
            "DBClusterSnapshotNotFoundFault",
            "DBInstanceNotFound",
            "DBInstanceNotFoundFault",
            "DBClusterNotFound",
            "DBClusterNotFoundFault",
            "DBInstanceAutomatedBackupNotFound",
            "DBClusterAutomatedBackupNotFoundFault",
            // SNS, KMS, Secrets Manager, Step Functions.
            "NotFound",
            "ResourceNotFoundException",
            "NotFoundException",
            "StateMachineDoesNotExist",
            "ExecutionDoesNotExist",
            // S3.
            "NoSuchKey",
        ],
    ),
    (
        Class::Exists,
        &[
            "DBSnapshotAlreadyExists",
            "DBClusterSnapshotAlreadyExistsFault",
            "DBInstanceAlreadyExists",
            "DBClusterAlreadyExistsFault",
            "AlreadyExistsException",
            "ExecutionAlreadyExists",
            // S3: the object has another version than the one to be replaced.
            "PreconditionFailed",
            "ConditionalRequestConflict",
        ],
    ),
    (
        Class::WrongState,
        &[
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotStateFault",
            "InvalidDBInstanceState",
            "InvalidDBClusterStateFault",
            "InvalidDBSubnetGroupStateFault",
            "InvalidDBParameterGroupState",
            "InvalidDBSecurityGroupState",
            "InvalidGlobalClusterStateFault",
            "KMSInvalidStateException",
            "StateMachineDeleting",
        ],
    ),
    (
        Class::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "Throttled",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
        ],
    ),
    (
        Class::Quota,
        &[
            "StorageQuotaExceeded",
            "SnapshotQuotaExceeded",
            "SharedSnapshotQuotaExceeded",
            "InstanceQuotaExceeded",
            "DBClusterQuotaExceededFault",
            "DBInstanceAutomatedBackupQuotaExceeded",
            "DBClusterAutomatedBackupQuotaExceededFault",
            "DBClusterRoleQuotaExceeded",
            "TenantDatabaseQuotaExceeded",
            "LimitExceededException",
            "ExecutionLimitExceeded",
        ],
    ),
    (
        Class::Capacity,
        &[
            "InsufficientDBInstanceCapacity",
            "InsufficientDBClusterCapacityFault",
            "InsufficientStorageClusterCapacity",
            "ProvisionedIopsNotAvailableInAZFault",
            "StorageTypeNotAvailableFault",
        ],
    ),
    (
        Class::Missing,
        &[
            "DBSubnetGroupNotFoundFault",
            "DBParameterGroupNotFound",
            "DBParameterGroupNotFoundFault",
            "DBClusterParameterGroupNotFound",
            "OptionGroupNotFoundFault",
            "DBSecurityGroupNotFound",
            "AuthorizationNotFound",
            "CertificateNotFound",
            "DomainNotFoundFault",
            "BackupPolicyNotFoundFault",
            "NoSuchBucket",
        ],
    ),
    (
        Class::Invalid,
        &[
            // A request that the SDK cannot build stays the same when it is repeated.
            NOT_SENT,
            "InvalidParameterValue",
            "InvalidParameterCombination",
            "MissingParameter",
            "InvalidRestoreFault",
            "InvalidSubnet",
            "InvalidVPCNetworkStateFault",
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "StorageTypeNotSupported",
            "NetworkTypeNotSupported",
            "PointInTimeRestoreNotEnabled",
            "VpcEncryptionControlViolationException",
            "DBUpgradeDependencyFailure",
            // Secrets Manager.
            "InvalidParameterException",
            "InvalidRequestException",
            // Lambda.
            "InvalidRequestContentException",
            "RequestTooLargeException",
        ],
    ),
    (
        Class::KeyRefused,
        &["KMSKeyNotAccessibleFault", "KMSAccessDenied", "KMSDisabled", "DisabledException", "DecryptionFailure"],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "UnauthorizedOperation",
            "OptInRequired",
        ],
    ),
    (
        // "Common Errors" of RDS and of the other services.
        Class::NotSignedIn,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
        ],
    ),
    (
        Class::Unreachable,
        &[
            TIMEOUT,
            NO_CONNECTION,
            INVALID_RESPONSE,
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "InternalErrorException",
            "InternalServiceError",
            "KMSInternalException",
            "DependencyTimeoutException",
            "ServiceException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
];

/// Codes for errors of the SDK itself, which have no code of AWS's.
pub(super) const TIMEOUT: &str = "Timeout";
pub(super) const NO_CONNECTION: &str = "NoConnection";
pub(super) const INVALID_RESPONSE: &str = "InvalidResponse";
pub(super) const NOT_SENT: &str = "NotSent";
/// A function that was invoked has failed, or has run out of time.
#[cfg(feature = "verify")]
pub(crate) const FUNCTION_FAILED: &str = "FunctionFailed";

impl Class {
    /// The class of an error code. `None` if the code is unknown.
    pub(super) fn of(code: &str) -> Option<Self> {
        CODES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
    }
}
