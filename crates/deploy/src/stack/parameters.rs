//! From the configuration to the templates' parameters.
//!
//! What is not configured is left to the template: CloudFormation then takes its default, in an update too, so that the
//! configuration says the whole.

use config::Config;

use crate::Role;
use crate::code::{Piece, Uploaded};

use super::difference::Values;

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

/// In which parameters a stack that has these differs from the configuration. What is uploaded is another matter, and so is
/// what the configuration leaves to the template.
///
/// # Errors
///
/// If something has to be configured and is not.
pub fn differing(role: Role, config: &Config, has: &Values) -> anyhow::Result<Vec<&'static str>> {
    let version = |name: &str| Uploaded { version: has.get(name).cloned().unwrap_or_default(), hash: None };
    let code = Code { zip: version("CodeVersion"), timer: version("TimerVersion") };
    let wanted = parameters(role, config, &code, NoDryRun::Stays, true)?;
    let differs = |name: &str, value: &Value| match value {
        Value::Is(value) => has.get(name) != Some(value),
        Value::Stays => false,
    };
    Ok(wanted.iter().filter(|(name, value)| differs(name, value)).map(|(name, _)| *name).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    const LEAST: &str = "{SOURCE_ACCTS: ['111111111111', '333333333333'], DR_ACCT: '222222222222', CODE_BUCKET: code}";
    const FULL: &str = "
SOURCE_ACCTS: '111111111111'
DR_ACCT: '222222222222'
CODE_BUCKET: code
ARCHITECTURE: x86_64
TAG_KEY: team
TAG_VALUE: data
WAIT_LIMIT_HOURS: 48
KEY_PER_DATABASE: yes
ALLOW_PLAINTEXT_CLUSTERS: true
FLOOR: {daily: 3}
ALARM_EMAIL: dba@example.org
ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:pager
NO_COPY_HOURS: 0
LOG_DAYS: 30
CONCURRENCY: 5
lifecycles: {Fortnight: {daily: 14}}
";

    fn all(role: Role, text: &str, no_dry_run: NoDryRun, exists: bool) -> Vec<(&'static str, Value)> {
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let uploaded = |version: &str| Uploaded { version: version.to_owned(), hash: None };
        let code = Code { zip: uploaded("zip-1"), timer: uploaded("timer-1") };
        parameters(role, &config, &code, no_dry_run, exists).unwrap()
    }

    #[test]
    fn a_stack_differs_where_the_configuration_has_become_another() {
        let config = |text: &str| Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        for role in Role::BOTH {
            let made = all(role, FULL, NoDryRun::Becomes(true), true);
            let has: Values = made
                .into_iter()
                .filter_map(|(name, value)| match value {
                    Value::Is(value) => Some((name.to_owned(), value)),
                    Value::Stays => None,
                })
                .collect();
            assert_eq!(differing(role, &config(FULL), &has).unwrap(), Vec::<&str>::new(), "{role}");
            let changed = FULL.replace("daily: 14", "daily: 15").replace("LOG_DAYS: 30", "LOG_DAYS: 60");
            let expected: &[&str] = if role == Role::Consumer { &["LogDays", "Lifecycles"] } else { &["LogDays"] };
            assert_eq!(differing(role, &config(&changed), &has).unwrap(), expected, "{role}");
        }
    }

    fn shown(all: &[(&str, Value)]) -> String {
        let line = |(name, value): &(&str, Value)| match value {
            Value::Is(value) => format!("{name}={value}\n"),
            Value::Stays => format!("{name} stays\n"),
        };
        all.iter().map(line).collect()
    }

    #[test]
    fn what_is_not_configured_is_left_to_the_template() {
        insta::assert_snapshot!(shown(&all(Role::Producer, LEAST, NoDryRun::Stays, false)), @"
        CodeBucket=code
        CodeKey=draco/producer-arm64.zip
        CodeVersion=zip-1
        TimerKey=draco/wait4copy.asl.json
        TimerVersion=timer-1
        Architecture=arm64
        NoCopyHours=26
        LogDays=365
        DrAccount=222222222222
        ");
    }

    #[test]
    fn what_is_configured_becomes_a_parameter() {
        insta::assert_snapshot!(shown(&all(Role::Consumer, FULL, NoDryRun::Stays, false)), @r#"
        CodeBucket=code
        CodeKey=draco/consumer-x86_64.zip
        CodeVersion=zip-1
        TimerKey=draco/wait4copy.asl.json
        TimerVersion=timer-1
        Architecture=x86_64
        TagKey=team
        TagValue=data
        WaitLimitHours=48
        Concurrency=5
        AlarmEmail=dba@example.org
        AlarmTopicArn=arn:aws:sns:eu-west-1:222222222222:pager
        NoCopyHours=0
        LogDays=30
        SourceAccounts=111111111111
        KeyPerDatabase=true
        AllowPlaintextClusters=true
        Floor={"daily":3}
        Lifecycles={"Fortnight":{"daily":14}}
        "#);
    }

    #[test]
    fn whether_copies_are_deleted_changes_only_when_that_is_asked_for() {
        let no_dry_run = |no_dry_run, exists| {
            let all = all(Role::Consumer, LEAST, no_dry_run, exists);
            all.into_iter().find(|(name, _)| *name == NO_DRY_RUN).map(|(_, value)| value)
        };
        assert_eq!(no_dry_run(NoDryRun::Stays, false), None);
        assert_eq!(no_dry_run(NoDryRun::Stays, true), Some(Value::Stays));
        assert_eq!(no_dry_run(NoDryRun::Becomes(true), true), Some(Value::Is("true".to_owned())));
        assert_eq!(no_dry_run(NoDryRun::Becomes(false), true), Some(Value::Is("false".to_owned())));
    }

    #[test]
    fn the_templates_have_these_parameters_and_no_others() {
        for (role, template) in [
            (Role::Producer, include_str!("../../../../cfn/producer.yaml")),
            (Role::Consumer, include_str!("../../../../cfn/consumer.yaml")),
        ] {
            let section = template.split_once("\nParameters:\n").unwrap().1;
            // A section ends where the next begins, at the margin.
            let section = section.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
            let names = section.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
            let names: BTreeSet<&str> = names.filter(|name| !name.starts_with([' ', '#'])).collect();
            let ours = all(role, FULL, NoDryRun::Becomes(true), true);
            assert_eq!(names, ours.iter().map(|(name, _)| *name).collect(), "{role}");
        }
    }
}
