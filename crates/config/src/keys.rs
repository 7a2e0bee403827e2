//! The table of all keys with a simple value: name, description, parser, value.

use std::fmt::{self, Display};

use protocol::settings::{
    DEFAULT_WAIT_LIMIT_HOURS, parse_accounts, parse_arn_of, parse_tag_key, parse_tag_value, parse_wait_limit,
};
use protocol::{AccountId, Region};
use retention::Rules;
use serde::Serialize;

use crate::parse::{
    address, bucket, class, floor, log_days, network, number, profile, regions, retired, source_tags, switch,
};
use crate::{Architecture, Config};

/// The key of the block of lifecycles. It is not in the table.
pub const LIFECYCLES: &str = "lifecycles";
/// The key of the block of checks. It is not in the table.
pub const CHECKS: &str = "checks";
/// The key of the block of thresholds. It is not in the table.
pub const THRESHOLDS: &str = "thresholds";
/// The keys that are not in the table.
pub(crate) const BLOCKS: [&str; 3] = [LIFECYCLES, CHECKS, THRESHOLDS];

/// A key, and the environment variable of the same name.
pub struct Key {
    /// The name.
    pub name: &'static str,
    /// A short description.
    pub description: &'static str,
    /// Whether deploying needs it. Such a key has no default.
    pub is_required: bool,
    /// Parses the value.
    parse: fn(&mut Config, &str) -> Result<(), String>,
    /// The value in force.
    value: fn(&Config) -> Option<Setting>,
}

/// The value of a key. As text, it can be parsed again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// Text.
    Text(String),
    /// A number.
    Number(u32),
    /// `yes` or `no`.
    Switch(bool),
    /// Account IDs.
    Accounts(Vec<String>),
    /// The rules of the floor.
    Rules(Rules),
}

/// All keys, in the order in which they are printed.
pub const KEYS: &[Key] = &[
    Key {
        name: "AWS_REGION",
        description: "the region of the databases and their copies",
        is_required: true,
        parse: |config, text| put(&mut config.aws_region, text.parse::<Region>()),
        value: |config| text(&config.aws_region),
    },
    Key {
        name: "DR_REGION",
        description: "the region of the copies, if it is another one",
        is_required: false,
        parse: |config, text| put(&mut config.dr_region, text.parse::<Region>()),
        value: |config| text(&config.dr_region),
    },
    Key {
        name: SOURCE_REGIONS,
        description: "the regions whose snapshots are copied to the region of the copies",
        is_required: false,
        parse: |config, text| set(&mut config.source_regions, regions(text)),
        value: |config| {
            let regions: Vec<String> = config.source_regions.iter().map(ToString::to_string).collect();
            (!regions.is_empty()).then(|| Setting::Text(regions.join(",")))
        },
    },
    Key {
        name: "SECOND_REGION",
        description: "a second region, to which DR copies its copies",
        is_required: false,
        parse: |config, text| put(&mut config.second_region, text.parse::<Region>()),
        value: |config| text(&config.second_region),
    },
    Key {
        name: "SECOND_LIFECYCLE",
        description: "the lifecycle of all copies in the second region",
        is_required: false,
        parse: |config, text| put(&mut config.second_lifecycle, Ok::<_, String>(text.to_owned())),
        value: |config| text(&config.second_lifecycle),
    },
    Key {
        name: SECOND_FLOOR,
        description: "the rules that keep copies in the second region in addition to every lifecycle, instead of FLOOR",
        is_required: false,
        parse: |config, text| put(&mut config.second_floor, floor(text)),
        value: |config| config.second_floor.clone().map(Setting::Rules),
    },
    Key {
        name: "BACKFILL_GIB",
        description: "how many GiB of existing copies are copied to a new second region",
        is_required: false,
        parse: |config, text| set(&mut config.backfill_gib, number(text, 0, 100_000_000)),
        value: |config| Some(Setting::Number(config.backfill_gib)),
    },
    Key {
        name: "SOURCE_ACCTS",
        description: "the source accounts, whose snapshots are copied",
        is_required: true,
        parse: |config, text| {
            set(&mut config.source_accts, parse_accounts(text).map(|accounts| accounts.into_iter().collect()))
        },
        value: |config| {
            let accounts: Vec<String> = config.source_accts.iter().map(ToString::to_string).collect();
            (!accounts.is_empty()).then_some(Setting::Accounts(accounts))
        },
    },
    Key {
        name: "DR_ACCT",
        description: "the DR account, which keeps the copies",
        is_required: true,
        parse: |config, text| put(&mut config.dr_acct, text.parse::<AccountId>()),
        value: |config| text(&config.dr_acct),
    },
    Key {
        name: "SOURCE_PROFILE",
        description: "the AWS profile with credentials for the source account",
        is_required: false,
        parse: |config, text| put(&mut config.source_profile, profile(text)),
        value: |config| text(&config.source_profile),
    },
    Key {
        name: "DR_PROFILE",
        description: "the AWS profile with credentials for the DR account",
        is_required: false,
        parse: |config, text| put(&mut config.dr_profile, profile(text)),
        value: |config| text(&config.dr_profile),
    },
    Key {
        name: "CODE_BUCKET",
        description: "the S3 bucket in the DR account for the functions' code",
        is_required: true,
        parse: |config, text| put(&mut config.code_bucket, bucket(text)),
        value: |config| text(&config.code_bucket),
    },
    Key {
        name: "ARCHITECTURE",
        description: "the processor architecture of the functions",
        is_required: false,
        parse: |config, text| {
            let known = Architecture::ALL.into_iter().find(|known| known.name() == text);
            set(&mut config.architecture, known.ok_or_else(|| format!("expected arm64 or x86_64, found {text:?}")))
        },
        value: |config| Some(Setting::Text(config.architecture.to_string())),
    },
    Key {
        name: "TAG_KEY",
        description: "the key of your own tag on everything that Draco creates",
        is_required: false,
        parse: |config, text| put(&mut config.tag_key, parse_tag_key(text)),
        value: |config| text(&config.tag_key),
    },
    Key {
        name: "TAG_VALUE",
        description: "the value of that tag",
        is_required: false,
        parse: |config, text| put(&mut config.tag_value, parse_tag_value(text)),
        value: |config| text(&config.tag_value),
    },
    Key {
        name: "WAIT_LIMIT_HOURS",
        description: "how many hours a copy may take before an alarm",
        is_required: false,
        parse: |config, text| put(&mut config.wait_limit_hours, parse_wait_limit(text)),
        value: |config| Some(Setting::Number(config.wait_limit_hours.unwrap_or(DEFAULT_WAIT_LIMIT_HOURS))),
    },
    Key {
        name: "KEY_PER_DATABASE",
        description: "whether each database has its own KMS key for its copies",
        is_required: false,
        parse: |config, text| set(&mut config.key_per_database, switch(text)),
        value: |config| Some(Setting::Switch(config.key_per_database)),
    },
    Key {
        name: "AWS_MANAGED_KEY",
        description: "whether copies are under AWS's managed key, which no user can delete",
        is_required: false,
        parse: |config, text| set(&mut config.aws_managed_key, switch(text)),
        value: |config| Some(Setting::Switch(config.aws_managed_key)),
    },
    Key {
        name: "ALLOW_PLAINTEXT_CLUSTERS",
        description: "whether unencrypted cluster snapshots are copied; AWS cannot encrypt the copies",
        is_required: false,
        parse: |config, text| set(&mut config.allow_plaintext_clusters, switch(text)),
        value: |config| Some(Setting::Switch(config.allow_plaintext_clusters)),
    },
    Key {
        name: "KEEP_NEWEST_TRANSIT",
        description: "whether the last transit copy of each instance is kept, so that the next one can be incremental",
        is_required: false,
        parse: |config, text| set(&mut config.keep_newest_transit, switch(text)),
        value: |config| Some(Setting::Switch(config.keep_newest_transit)),
    },
    Key {
        name: SOURCE_TAGS,
        description: "which tags of a source its copies get: keep, prefix, or a list of keys",
        is_required: false,
        parse: |config, text| set(&mut config.source_tags, source_tags(text)),
        value: |config| Some(Setting::Text(config.source_tags.to_string())),
    },
    Key {
        name: "MAX_COPIES",
        description: "how many copies one source account can have",
        is_required: false,
        parse: |config, text| set(&mut config.max_copies, number(text, 1, MAX_LIMIT)),
        value: |config| Some(Setting::Number(config.max_copies)),
    },
    Key {
        name: "MAX_DATABASES",
        description: "how many databases of one source account can have copies",
        is_required: false,
        parse: |config, text| set(&mut config.max_databases, number(text, 1, MAX_LIMIT)),
        value: |config| Some(Setting::Number(config.max_databases)),
    },
    Key {
        name: "MAX_PENDING",
        description: "how many announced snapshots of one source account DR waits for at a time, until it can see them",
        is_required: false,
        parse: |config, text| set(&mut config.max_pending, number(text, 1, MAX_LIMIT)),
        value: |config| Some(Setting::Number(config.max_pending)),
    },
    Key {
        name: "MAX_DAILY_COPIES",
        description: "how many copies of one database are started within 24 hours",
        is_required: false,
        parse: |config, text| set(&mut config.max_daily_copies, number(text, 1, MAX_LIMIT)),
        value: |config| Some(Setting::Number(config.max_daily_copies)),
    },
    Key {
        name: "QUOTA_SHARE",
        description: "the percentage of DR's snapshot quota that any source account may use",
        is_required: false,
        parse: |config, text| set(&mut config.quota_share, number(text, 1, 100)),
        value: |config| Some(Setting::Number(config.quota_share)),
    },
    Key {
        name: FLOOR,
        description: "the rules that keep copies in DR in addition to every lifecycle",
        is_required: false,
        parse: |config, text| set(&mut config.floor, floor(text)),
        value: |config| Some(Setting::Rules(config.floor.clone())),
    },
    Key {
        name: "MAX_DELETIONS",
        description: "how many expired copies of each source account one run of the keeper deletes at most",
        is_required: false,
        parse: |config, text| set(&mut config.max_deletions, number(text, 1, 1_000_000)),
        value: |config| Some(Setting::Number(config.max_deletions)),
    },
    Key {
        name: "MAX_DELETION_SHARE",
        description: "how many percent of the copies of a database one run of the keeper deletes at most",
        is_required: false,
        parse: |config, text| set(&mut config.max_deletion_share, number(text, 1, 100)),
        value: |config| Some(Setting::Number(config.max_deletion_share)),
    },
    Key {
        name: "MAX_AGE_DAYS",
        description: "how many days without a new copy of a database cause an alarm",
        is_required: false,
        parse: |config, text| set(&mut config.max_age_days, number(text, 1, 365)),
        value: |config| Some(Setting::Number(config.max_age_days)),
    },
    Key {
        name: RETIRED,
        description: "the databases of which no new copies are expected",
        is_required: false,
        parse: |config, text| set(&mut config.retired, retired(text)),
        value: |config| (!config.retired.is_empty()).then(|| Setting::Text(config.retired.join(","))),
    },
    Key {
        name: "VERIFY_EVERY_DAYS",
        description: "each database is verified once in this number of days",
        is_required: false,
        parse: |config, text| set(&mut config.verify_every_days, number(text, 1, 365)),
        value: |config| Some(Setting::Number(config.verify_every_days)),
    },
    Key {
        name: "VERIFY_AT_ONCE",
        description: "how many verifications run at the same time",
        is_required: false,
        parse: |config, text| set(&mut config.verify_at_once, number(text, 1, 40)),
        value: |config| Some(Setting::Number(config.verify_at_once)),
    },
    Key {
        name: "VERIFY_DOLLARS",
        description: "how many dollars a month all verifications may cost, as estimated",
        is_required: false,
        parse: |config, text| set(&mut config.verify_dollars, number(text, 1, 1_000_000)),
        value: |config| Some(Setting::Number(config.verify_dollars)),
    },
    Key {
        name: "VERIFY_HOURS",
        description: "after how many hours a verification ends, and its database is deleted",
        is_required: false,
        parse: |config, text| set(&mut config.verify_hours, number(text, 1, 96)),
        value: |config| Some(Setting::Number(config.verify_hours)),
    },
    Key {
        name: "VERIFY_CLASS",
        description: "the class of restored databases, where it is offered",
        is_required: false,
        parse: |config, text| put(&mut config.verify_class, class(text)),
        value: |config| text(&config.verify_class),
    },
    Key {
        name: "VERIFY_FREE_PERCENT",
        description: "what part of DR's quotas for databases and storage verifications leave free",
        is_required: false,
        parse: |config, text| set(&mut config.verify_free_percent, number(text, 0, 90)),
        value: |config| Some(Setting::Number(config.verify_free_percent)),
    },
    Key {
        name: "KEEP_FAILED_HOURS",
        description: "for how many hours the database of a copy that is not good is kept",
        is_required: false,
        parse: |config, text| set(&mut config.keep_failed_hours, number(text, 0, 72)),
        value: |config| Some(Setting::Number(config.keep_failed_hours)),
    },
    Key {
        name: "UNVERIFIED_DAYS",
        description: "how many days without a verification of a database cause an alarm",
        is_required: false,
        parse: |config, text| set(&mut config.unverified_days, number(text, 1, 365)),
        value: |config| Some(Setting::Number(config.unverified_days)),
    },
    Key {
        name: "VERIFY_NETWORK",
        description: "the addresses of the network of restored databases",
        is_required: false,
        parse: |config, text| put(&mut config.verify_network, network(text)),
        value: |config| text(&config.verify_network),
    },
    Key {
        name: "RDS_ROOTS",
        description: "the file with the root certificates of RDS, which the verifier trusts",
        is_required: false,
        parse: |config, text| put(&mut config.rds_roots, Ok::<_, String>(text.into())),
        value: |config| config.rds_roots.as_ref().map(|path| Setting::Text(path.display().to_string())),
    },
    Key {
        name: "ALARM_EMAIL",
        description: "the address that alarms are sent to",
        is_required: false,
        parse: |config, text| put(&mut config.alarm_email, address(text)),
        value: |config| text(&config.alarm_email),
    },
    Key {
        name: "ALARM_TOPIC_ARN",
        description: "your own SNS topic that alarms are sent to",
        is_required: false,
        parse: |config, text| put(&mut config.alarm_topic_arn, parse_arn_of("sns")(text)),
        value: |config| text(&config.alarm_topic_arn),
    },
    Key {
        name: "NO_COPY_HOURS",
        description: "how many hours without a copy cause an alarm; 0 for never",
        is_required: false,
        // A CloudWatch alarm cannot evaluate more than seven days.
        parse: |config, text| set(&mut config.no_copy_hours, number(text, 0, 168)),
        value: |config| Some(Setting::Number(config.no_copy_hours)),
    },
    Key {
        name: "UNUSUAL_DELETIONS",
        description: "how many deleted copies in one run cause an alarm",
        is_required: false,
        parse: |config, text| set(&mut config.unusual_deletions, number(text, 1, 1_000_000)),
        value: |config| Some(Setting::Number(config.unusual_deletions)),
    },
    Key {
        name: "LOG_DAYS",
        description: "how many days logs are kept",
        is_required: false,
        parse: |config, text| set(&mut config.log_days, log_days(text)),
        value: |config| Some(Setting::Number(config.log_days)),
    },
    Key {
        name: "CONCURRENCY",
        description: "the reserved concurrency of each function",
        is_required: false,
        parse: |config, text| put(&mut config.concurrency, number(text, 1, 1000)),
        value: |config| config.concurrency.map(Setting::Number),
    },
    Key {
        name: "CODE_SIGNING",
        description: "the Lambda code signing configuration of the functions",
        is_required: false,
        parse: |config, text| put(&mut config.code_signing, parse_arn_of("lambda")(text)),
        value: |config| text(&config.code_signing),
    },
];

/// The key whose value is a map of rules.
pub(crate) const FLOOR: &str = "FLOOR";
pub(crate) const SECOND_FLOOR: &str = "SECOND_FLOOR";
/// The keys whose value can be a list.
pub(crate) const RETIRED: &str = "RETIRED";
pub(crate) const SOURCE_ACCTS: &str = "SOURCE_ACCTS";
pub(crate) const SOURCE_REGIONS: &str = "SOURCE_REGIONS";
pub(crate) const SOURCE_TAGS: &str = "SOURCE_TAGS";

/// The highest limit of a source account. The template has the same.
const MAX_LIMIT: u32 = 1_000_000;

impl Key {
    /// The key with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The value in force: of the configuration, or the default.
    #[must_use]
    pub fn value(&self, config: &Config) -> Option<Setting> {
        (self.value)(config)
    }

    pub(crate) fn set(&self, text: &str, config: &mut Config) -> Result<(), String> {
        (self.parse)(config, text.trim())
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Switch(is_on) => f.write_str(if *is_on { "yes" } else { "no" }),
            Self::Accounts(accounts) => f.write_str(&accounts.join(",")),
            Self::Rules(rules) => f.write_str(&crate::json(rules)),
        }
    }
}

fn put<T, E: Display>(field: &mut Option<T>, parsed: Result<T, E>) -> Result<(), String> {
    set(field, parsed.map(Some))
}

fn set<T, E: Display>(field: &mut T, parsed: Result<T, E>) -> Result<(), String> {
    *field = parsed.map_err(|error| error.to_string())?;
    Ok(())
}

fn text(value: &Option<impl Display>) -> Option<Setting> {
    value.as_ref().map(|value| Setting::Text(value.to_string()))
}
