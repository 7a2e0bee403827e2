//! Automated backups.

use super::RdsContext;
use super::identifiers::{Arn, ResourceType};

/// The ARN of the automated backup of the database with this resource identifier: `…:auto-backup:ab-…`.
pub(super) fn arn_of(ctx: &RdsContext, resource_id: &str) -> Arn {
    let prefix = ctx.kind.spelling().resource_prefix;
    let lower = resource_id.to_ascii_lowercase();
    let number = lower.strip_prefix(prefix).unwrap_or(&lower);
    ctx.arn(ResourceType::AutomatedBackup, &format!("ab-{number}"))
}
