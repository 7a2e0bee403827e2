//! From the configuration to the templates' parameters.
//!
//! What is not configured is left to the template: CloudFormation then takes its default, in an update too, so that the
//! configuration says the whole.

use config::Config;

use crate::Role;
use crate::code::{Piece, Uploaded};

/// What becomes of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Is(String),
    /// As the stack has it.
    Stays,
}

/// Whether the consumer deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDryRun {
    /// As the stack has it, and a new one does not.
    Stays,
    /// From now on, or no more.
    Becomes(bool),
}

/// The newest versions in the bucket of what a stack is made of.
pub(super) struct Code {
    pub(super) zip: Uploaded,
    pub(super) timer: Uploaded,
}

/// The parameter that says whether the consumer deletes.
pub(super) const NO_DRY_RUN: &str = "NoDryRun";

/// Every parameter that is not left to the template.
pub(super) fn parameters(
    role: Role,
    config: &Config,
    code: &Code,
    no_dry_run: NoDryRun,
    exists: bool,
) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let mut all = vec![
        ("CodeBucket", Some(config.need(&config.code_bucket, "CODE_BUCKET")?.clone())),
        ("CodeKey", Some(Piece::Zip(role, config.architecture).key())),
        ("CodeVersion", Some(code.zip.version.clone())),
        ("TimerKey", Some(Piece::Timer.key())),
        ("TimerVersion", Some(code.timer.version.clone())),
        ("Architecture", Some(config.architecture.to_string())),
        ("TagKey", config.tag_key.clone()),
        ("TagValue", config.tag_value.clone()),
        ("WaitLimitHours", config.wait_limit_hours.map(|hours| hours.to_string())),
        ("Concurrency", config.concurrency.map(|count| count.to_string())),
        ("AlarmEmail", config.alarm_email.clone()),
        ("AlarmTopicArn", config.alarm_topic_arn.clone()),
        ("NoCopyHours", Some(config.no_copy_hours.to_string())),
        ("LogDays", Some(config.log_days.to_string())),
    ];
    match role {
        Role::Producer => all.push(("DrAccount", Some(config.need(&config.dr_acct, "DR_ACCT")?.to_string()))),
        Role::Consumer => {
            config.need_sources()?;
            all.extend([
                ("SourceAccounts", Some(config.source_accounts())),
                ("KeyPerDatabase", Some(config.key_per_database.to_string())),
                ("AllowPlaintextClusters", Some(config.allow_plaintext_clusters.to_string())),
                ("Floor", Some(config.floor_json())),
                ("Lifecycles", Some(config.lifecycles_json())),
            ]);
        }
    }
    let mut all: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, Value::Is(value?)))).collect();
    match (role, no_dry_run) {
        (Role::Consumer, NoDryRun::Becomes(on)) => all.push((NO_DRY_RUN, Value::Is(on.to_string()))),
        (Role::Consumer, NoDryRun::Stays) if exists => all.push((NO_DRY_RUN, Value::Stays)),
        (Role::Consumer | Role::Producer, _) => {}
    }
    Ok(all)
}
