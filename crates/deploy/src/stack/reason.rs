//! Status reasons of CloudFormation whose text carries a meaning. CloudFormation has no code or field for these cases, so this is
//! the only place where a text from AWS decides anything.

/// Whether a change set failed only because it has no changes.
///
/// Its status is `FAILED`, as after an error, and DescribeChangeSet has no other field for the cause than `StatusReason`. AWS's
/// own command line compares these two texts (`aws cloudformation deploy`, `awscli/customizations/cloudformation/deployer.py`):
/// "The submitted information didn't contain changes." and, if only unsupported attributes differ, "No updates are to be
/// performed".
pub(super) fn is_without_changes(status_reason: &str) -> bool {
    status_reason.contains("The submitted information didn't contain changes")
        || status_reason.contains("No updates are to be performed")
}

/// Whether a resource failed only because CloudFormation cancelled it after the failure of another resource: "Resource creation
/// cancelled", "Resource update cancelled". The status of both resources is the same (`CREATE_FAILED`).
///
/// This affects only which reasons are shown first.
pub(super) fn is_cancelled(status_reason: &str) -> bool {
    status_reason.starts_with("Resource ") && status_reason.ends_with(" cancelled")
}

/// Whether a reason contains no information: CloudFormation writes "User Initiated" when an operation starts.
pub(super) fn is_empty(status_reason: &str) -> bool {
    status_reason.is_empty() || status_reason == "User Initiated"
}
