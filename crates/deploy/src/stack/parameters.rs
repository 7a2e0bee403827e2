//! From the configuration to the parameters of the templates.
//!
//! Parameters that are not configured are left out. CloudFormation then uses the template's default, in an update too, so that
//! the configuration alone determines all parameters.

use chrono::{DateTime, SecondsFormat, Utc};
use config::Config;
use protocol::Region;

use crate::code::{Artifact, Uploaded};

use super::difference::Values;
use super::name::StackName;

/// The value of a parameter in a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Set(String),
    /// The stack's current value.
    Keep,
}

/// The change of the parameter that switches deletion on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDryRun {
    /// The stack's current value; in a new stack, deletion is off.
    Keep,
    /// Switch deletion on or off.
    Set(bool),
}

/// The newest versions of the artifacts of a stack in the bucket.
pub(super) struct Code {
    pub(super) zip: Uploaded,
    pub(super) timer: Uploaded,
}

/// The parameter that switches deletion on.
pub(super) const NO_DRY_RUN: &str = "NoDryRun";
/// The parameter that makes a stack a second region.
pub(super) const FIRST_REGION: &str = "FirstRegion";
/// Whether the stack of the verifier creates its bucket. It is kept when the stack is deleted, so it may be there before.
pub(super) const NEW_BUCKET: &str = "NewBucket";
/// The time from which all copies go to the second region: that at which its stack was created.
pub(crate) const SINCE: &str = "Since";
/// Of the second region: the size of the copies from before it that it gets.
pub(crate) const BACKFILL_GIB: &str = "BackfillGib";

type Parameters = Vec<(&'static str, Option<String>)>;

/// All parameters that have no default of the template, for a stack in a region.
pub(super) fn parameters(
    name: &StackName,
    region: &Region,
    config: &Config,
    code: &Code,
    no_dry_run: NoDryRun,
    state: Existence,
) -> anyhow::Result<Vec<(&'static str, Value)>> {
    // In DR, each source account has its own alarm for copies that stop.
    let copies = !is_consumer(name) && *name != StackName::Verifier;
    let mut all = vec![
        ("AlarmEmail", config.alarm_email.clone()),
        ("AlarmTopicArn", config.alarm_topic_in(region)),
        ("NoCopyHours", copies.then(|| config.no_copy_hours.to_string())),
    ];
    match name {
        StackName::Source(account) => {
            all.push(("SourceAccount", Some(account.to_string())));
            all.push(("SourceRegions", source_regions(config)));
        }
        StackName::SecondSource(account) => {
            all.push(("SourceAccount", Some(account.to_string())));
            all.push((FIRST_REGION, config.copies_region().map(ToString::to_string)));
        }
        StackName::Verifier => {
            all.extend(of_functions(region, config, code)?);
            all.extend(of_verifier(config)?);
        }
        StackName::Producer => {
            all.extend(of_functions(region, config, code)?);
            all.extend(of_copying(config));
            all.push(("DrAccount", Some(config.need(&config.dr_acct, "DR_ACCT")?.to_string())));
            let elsewhere = config.copies_region().filter(|_| !config.is_one_region());
            all.push(("DrRegion", elsewhere.map(ToString::to_string)));
            all.push(("KeepNewestTransit", Some(config.keep_newest_transit.to_string())));
        }
        StackName::Consumer => {
            all.extend(of_functions(region, config, code)?);
            all.extend(of_copying(config));
            all.extend(of_consumer(config)?);
            all.push(("Floor", Some(config.floor_json())));
            all.push(("SourceRegions", source_regions(config)));
            all.push(("SecondRegion", config.second_region.as_ref().map(ToString::to_string)));
        }
        StackName::Second => {
            all.extend(of_functions(region, config, code)?);
            all.extend(of_copying(config));
            all.extend(of_consumer(config)?);
            all.push(("Floor", Some(config.of_second_region().floor_json())));
            all.push((FIRST_REGION, config.copies_region().map(ToString::to_string)));
            all.push(("SecondLifecycle", config.second_lifecycle.clone()));
            all.push((BACKFILL_GIB, Some(config.backfill_gib.to_string())));
        }
    }
    let mut all: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, Value::Set(value?)))).collect();
    match (no_dry_run, state) {
        _ if !is_consumer(name) => {}
        (NoDryRun::Set(on), _) => all.push((NO_DRY_RUN, Value::Set(on.to_string()))),
        (NoDryRun::Keep, Existence::Exists) => all.push((NO_DRY_RUN, Value::Keep)),
        (NoDryRun::Keep, Existence::New(_)) => {}
    }
    match (name, state) {
        (StackName::Second, Existence::New(now)) => {
            all.push((SINCE, Value::Set(now.to_rfc3339_opts(SecondsFormat::Secs, true))));
        }
        (StackName::Second, Existence::Exists) => all.push((SINCE, Value::Keep)),
        (StackName::Verifier, Existence::Exists) => all.push((NEW_BUCKET, Value::Keep)),
        _ => {}
    }
    Ok(all)
}

/// Whether a stack exists when its parameters are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    Exists,
    /// It is created at this time.
    New(DateTime<Utc>),
}

fn is_consumer(name: &StackName) -> bool {
    matches!(name, StackName::Consumer | StackName::Second)
}

/// The regions of the databases, unless they are that of the copies.
fn source_regions(config: &Config) -> Option<String> {
    let regions = config.database_regions();
    let regions: Vec<&str> = regions.iter().map(Region::as_str).collect();
    (!config.is_one_region()).then(|| regions.join(","))
}

fn of_functions(region: &Region, config: &Config, code: &Code) -> anyhow::Result<Parameters> {
    Ok(vec![
        ("CodeBucket", Some(config.bucket_in(region)?)),
        ("CodeKey", Some(Artifact::Functions(config.architecture).key())),
        ("CodeVersion", Some(code.zip.version.clone())),
        ("TimerKey", Some(Artifact::Timer.key())),
        ("TimerVersion", Some(code.timer.version.clone())),
        ("Architecture", Some(config.architecture.to_string())),
        ("CodeSigning", config.code_signing_in(region)?),
        ("LogDays", Some(config.log_days.to_string())),
    ])
}

/// The parameters of the functions that copy.
fn of_copying(config: &Config) -> Parameters {
    vec![
        ("TagKey", config.tag_key.clone()),
        ("TagValue", config.tag_value.clone()),
        ("WaitLimitHours", config.wait_limit_hours.map(|hours| hours.to_string())),
        ("Concurrency", config.concurrency.map(|count| count.to_string())),
    ]
}

fn of_verifier(config: &Config) -> anyhow::Result<Parameters> {
    config.need_sources()?;
    Ok(vec![
        ("SourceAccounts", Some(config.source_accounts())),
        ("EveryDays", Some(config.verify_every_days.to_string())),
        ("AtOnce", Some(config.verify_at_once.to_string())),
        ("DollarsAMonth", Some(config.verify_dollars.to_string())),
        ("Hours", Some(config.verify_hours.to_string())),
        ("DatabaseClass", config.verify_class.clone()),
        ("FreePercent", Some(config.verify_free_percent.to_string())),
        ("KeepFailedHours", Some(config.keep_failed_hours.to_string())),
        ("UnverifiedDays", Some(config.unverified_days.to_string())),
        ("NetworkCidr", config.verify_network.clone()),
    ])
}

/// The parameters of a consumer in any region.
fn of_consumer(config: &Config) -> anyhow::Result<Parameters> {
    config.need_sources()?;
    Ok(vec![
        ("SourceAccounts", Some(config.source_accounts())),
        ("KeyPerDatabase", Some(config.key_per_database.to_string())),
        ("AwsManagedKey", Some(config.aws_managed_key.to_string())),
        ("AllowPlaintextClusters", Some(config.allow_plaintext_clusters.to_string())),
        ("MaxCopies", Some(config.max_copies.to_string())),
        ("MaxDatabases", Some(config.max_databases.to_string())),
        ("MaxDailyCopies", Some(config.max_daily_copies.to_string())),
        ("QuotaShare", Some(config.quota_share.to_string())),
        ("SourceTags", Some(config.source_tags.to_string())),
        ("MaxPending", Some(config.max_pending.to_string())),
        ("Lifecycles", Some(config.lifecycles_json())),
        ("MaxDeletions", Some(config.max_deletions.to_string())),
        ("MaxDeletionShare", Some(config.max_deletion_share.to_string())),
        ("MaxAgeDays", Some(config.max_age_days.to_string())),
        ("Retired", Some(config.retired.join(","))),
        ("UnusualDeletions", Some(config.unusual_deletions.to_string())),
    ])
}

/// The names of the parameters whose values in a stack differ from the configuration. Versions of uploaded code are not compared,
/// nor are parameters that the configuration leaves to the template.
///
/// # Errors
///
/// If a required key is missing from the configuration.
pub fn differing(
    stack: &StackName,
    region: &Region,
    config: &Config,
    current: &Values,
) -> anyhow::Result<Vec<&'static str>> {
    let version = |name: &str| Uploaded { version: current.get(name).cloned().unwrap_or_default(), hash: None };
    let code = Code { zip: version("CodeVersion"), timer: version("TimerVersion") };
    let wanted = parameters(stack, region, config, &code, NoDryRun::Keep, Existence::Exists)?;
    let differs = |name: &str, value: &Value| match value {
        Value::Set(value) => current.get(name) != Some(value),
        Value::Keep => false,
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
VERIFY_CLASS: db.t4g.large
KEY_PER_DATABASE: yes
ALLOW_PLAINTEXT_CLUSTERS: true
SOURCE_TAGS: prefix
MAX_PENDING: 20
FLOOR: {daily: 3}
ALARM_EMAIL: dba@example.org
ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:pager
NO_COPY_HOURS: 0
LOG_DAYS: 30
CONCURRENCY: 5
MAX_DELETIONS: 7
RETIRED: [111111111111/old]
VERIFY_NETWORK: 10.1.0.0/24
VERIFY_AT_ONCE: 3
CODE_SIGNING: arn:aws:lambda:eu-west-1:222222222222:code-signing-config:csc-0123456789abcdef0
lifecycles: {Fortnight: {daily: 14}}
";

    const REGIONS: &str = "
AWS_REGION: eu-west-1
DR_REGION: eu-central-1
SOURCE_REGIONS: [eu-west-1, eu-south-1]
SECOND_REGION: eu-north-1
SECOND_LIFECYCLE: Test
SECOND_FLOOR: {last: 2}
BACKFILL_GIB: 100
SOURCE_ACCTS: '111111111111'
DR_ACCT: '222222222222'
CODE_BUCKET: code
";

    /// The stacks of several regions.
    fn regional() -> Vec<StackName> {
        let account: protocol::AccountId = "111111111111".parse().unwrap();
        let second = [StackName::Second, StackName::SecondSource(account)];
        names().into_iter().chain(second).collect()
    }

    /// A stack of each template.
    fn names() -> [StackName; 4] {
        let source = StackName::Source("111111111111".parse().unwrap());
        [StackName::Producer, StackName::Consumer, source, StackName::Verifier]
    }

    fn region() -> Region {
        "eu-west-1".parse().unwrap()
    }

    /// A new stack, created on 2026-11-21.
    fn new() -> Existence {
        Existence::New("2026-11-21T09:00:00Z".parse().unwrap())
    }

    fn uploaded(version: &str) -> Uploaded {
        Uploaded { version: version.to_owned(), hash: None }
    }

    fn all(name: &StackName, text: &str, no_dry_run: NoDryRun, state: Existence) -> Vec<(&'static str, Value)> {
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let code = Code { zip: uploaded("zip-1"), timer: uploaded("timer-1") };
        parameters(name, &region(), &config, &code, no_dry_run, state).unwrap()
    }

    #[test]
    fn changed_configuration_is_found_by_parameter() {
        let config = |text: &str| Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        for name in names() {
            let made = all(&name, FULL, NoDryRun::Set(true), new());
            let has: Values = made
                .into_iter()
                .filter_map(|(name, value)| match value {
                    Value::Set(value) => Some((name.to_owned(), value)),
                    Value::Keep => None,
                })
                .collect();
            assert_eq!(differing(&name, &region(), &config(FULL), &has).unwrap(), Vec::<&str>::new(), "{name}");
            let changed = FULL.replace("daily: 14", "daily: 15").replace("LOG_DAYS: 30", "LOG_DAYS: 60");
            let expected: &[&str] = match name {
                StackName::Producer | StackName::Verifier => &["LogDays"],
                StackName::Consumer => &["LogDays", "Lifecycles"],
                StackName::Source(_) | StackName::Second | StackName::SecondSource(_) => &[],
            };
            assert_eq!(differing(&name, &region(), &config(&changed), &has).unwrap(), expected, "{name}");
        }
    }

    fn shown(all: &[(&str, Value)]) -> String {
        let line = |(name, value): &(&str, Value)| match value {
            Value::Set(value) => format!("{name}={value}\n"),
            Value::Keep => format!("{name} kept\n"),
        };
        all.iter().map(line).collect()
    }

    #[test]
    fn unconfigured_parameters_are_left_to_the_template() {
        insta::assert_snapshot!(shown(&all(&StackName::Producer, LEAST, NoDryRun::Keep, new())), @"
        NoCopyHours=26
        CodeBucket=code
        CodeKey=draco/functions-arm64.zip
        CodeVersion=zip-1
        TimerKey=draco/wait4copy.asl.json
        TimerVersion=timer-1
        Architecture=arm64
        LogDays=365
        DrAccount=222222222222
        KeepNewestTransit=false
        ");
    }

    #[test]
    fn configured_keys_become_parameters() {
        insta::assert_snapshot!(shown(&all(&StackName::Consumer, FULL, NoDryRun::Keep, new())), @r#"
        AlarmEmail=dba@example.org
        AlarmTopicArn=arn:aws:sns:eu-west-1:222222222222:pager
        CodeBucket=code
        CodeKey=draco/functions-x86_64.zip
        CodeVersion=zip-1
        TimerKey=draco/wait4copy.asl.json
        TimerVersion=timer-1
        Architecture=x86_64
        CodeSigning=arn:aws:lambda:eu-west-1:222222222222:code-signing-config:csc-0123456789abcdef0
        LogDays=30
        TagKey=team
        TagValue=data
        WaitLimitHours=48
        Concurrency=5
        SourceAccounts=111111111111
        KeyPerDatabase=true
        AwsManagedKey=false
        AllowPlaintextClusters=true
        MaxCopies=10000
        MaxDatabases=200
        MaxDailyCopies=30
        QuotaShare=80
        SourceTags=prefix
        MaxPending=20
        Lifecycles={"Fortnight":{"daily":14}}
        MaxDeletions=7
        MaxDeletionShare=50
        MaxAgeDays=3
        Retired=111111111111/old
        UnusualDeletions=50
        Floor={"daily":3}
        "#);
    }

    #[test]
    fn regions_become_parameters() {
        let of_regions = ["Region", "Regions", "Bucket", "Since", "Lifecycle", "Gib", "Floor"];
        let shown: String = regional()
            .iter()
            .map(|name| {
                let all = all(name, REGIONS, NoDryRun::Keep, new()).into_iter();
                let all: Vec<_> = all.filter(|(name, _)| of_regions.iter().any(|end| name.ends_with(end))).collect();
                format!("{name} of {}\n{}", name.role(), shown(&all))
            })
            .collect();
        insta::assert_snapshot!(shown, @r#"
        draco-producer of producer
        CodeBucket=code
        DrRegion=eu-central-1
        draco-consumer of consumer
        CodeBucket=code
        Floor={"daily":7,"weekly":6}
        SourceRegions=eu-south-1,eu-west-1
        SecondRegion=eu-north-1
        draco-source-111111111111 of consumer
        SourceRegions=eu-south-1,eu-west-1
        draco-verifier of verifier
        CodeBucket=code
        draco-consumer of second
        CodeBucket=code
        Floor={"last":2}
        FirstRegion=eu-central-1
        SecondLifecycle=Test
        BackfillGib=100
        Since=2026-11-21T09:00:00Z
        draco-source-111111111111 of second
        FirstRegion=eu-central-1
        "#);
    }

    #[test]
    fn code_signing_of_another_region_is_an_error() {
        let config = Config::of(Path::new("config.yaml"), FULL.as_bytes(), &BTreeMap::new()).unwrap();
        let code = Code { zip: uploaded("zip-1"), timer: uploaded("timer-1") };
        let other = "eu-north-1".parse().unwrap();
        let why = parameters(&StackName::Producer, &other, &config, &code, NoDryRun::Keep, new()).unwrap_err();
        assert_eq!(
            why.to_string(),
            "CODE_SIGNING is of eu-west-1, and Lambda accepts only one of eu-north-1: set it in the environment of this command"
        );
    }

    #[test]
    fn deletion_changes_only_on_request() {
        let no_dry_run = |no_dry_run, state| {
            let all = all(&StackName::Consumer, LEAST, no_dry_run, state);
            all.into_iter().find(|(name, _)| *name == NO_DRY_RUN).map(|(_, value)| value)
        };
        assert_eq!(no_dry_run(NoDryRun::Keep, new()), None);
        assert_eq!(no_dry_run(NoDryRun::Keep, Existence::Exists), Some(Value::Keep));
        assert_eq!(no_dry_run(NoDryRun::Set(true), Existence::Exists), Some(Value::Set("true".to_owned())));
        assert_eq!(no_dry_run(NoDryRun::Set(false), Existence::Exists), Some(Value::Set("false".to_owned())));
    }

    #[test]
    fn templates_have_exactly_these_parameters() {
        for name in names() {
            let template = std::fs::read_to_string(format!("../../cfn/{}", name.template())).unwrap();
            let section = template.split_once("\nParameters:\n").unwrap().1;
            // A section ends at the next line without indentation.
            let section = section.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
            let names = section.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
            let names: BTreeSet<&str> = names.filter(|name| !name.starts_with([' ', '#'])).collect();
            let others = regional().into_iter().filter(|other| other.template() == name.template());
            let ours = others.flat_map(|name| all(&name, REGIONS, NoDryRun::Set(true), new()));
            // `Inputs::add` finds out whether the bucket is there.
            let bucket = (name == StackName::Verifier).then_some((NEW_BUCKET, Value::Keep));
            let ours: BTreeSet<&str> =
                ours.chain(bucket).chain(all(&name, FULL, NoDryRun::Set(true), new())).map(|(name, _)| name).collect();
            assert_eq!(names, ours, "{name}");
        }
    }
}
