//! The table of flat keys: what each is called and is for, how it is read, how it is told.

use std::fmt::Display;
use std::str::FromStr;

use protocol::settings::{
    DEFAULT_WAIT_LIMIT_HOURS, parse_accounts, parse_arn_of, parse_tag_key, parse_tag_value, parse_wait_limit,
};
use protocol::{AccountId, Region};
use retention::Rules;

use crate::{Architecture, Config, document};

/// The block of lifecycles, which is no flat key.
pub const LIFECYCLES: &str = "lifecycles";

/// A flat key, and the environment variable of that name.
pub struct Key {
    /// What it is called.
    pub name: &'static str,
    /// What it is, in a few words.
    pub what: &'static str,
    /// How text becomes its value.
    read: fn(&mut Config, &str) -> Result<(), String>,
    /// Its value as text, from which it can be read again; `None` if it has none.
    tell: fn(&Config) -> Option<String>,
}

/// All of them, in the order in which they are told.
pub const KEYS: &[Key] = &[
    Key {
        name: "AWS_REGION",
        what: "the region of the databases, and of their copies",
        read: |config, text| put(&mut config.aws_region, text.parse::<Region>()),
        tell: |config| told(&config.aws_region),
    },
    Key {
        name: "SOURCE_ACCTS",
        what: "the accounts whose snapshots are copied",
        read: |config, text| {
            set(&mut config.source_accts, parse_accounts(text).map(|accounts| accounts.into_iter().collect()))
        },
        tell: |config| Some(config.source_accounts()).filter(|accounts| !accounts.is_empty()),
    },
    Key {
        name: "DR_ACCT",
        what: "the account in which copies are kept",
        read: |config, text| put(&mut config.dr_acct, text.parse::<AccountId>()),
        tell: |config| told(&config.dr_acct),
    },
    Key {
        name: "SOURCE_PROFILE",
        what: "the AWS profile with credentials for the source account",
        read: |config, text| put(&mut config.source_profile, name(text)),
        tell: |config| told(&config.source_profile),
    },
    Key {
        name: "DR_PROFILE",
        what: "the AWS profile with credentials for the DR account",
        read: |config, text| put(&mut config.dr_profile, name(text)),
        tell: |config| told(&config.dr_profile),
    },
    Key {
        name: "CODE_BUCKET",
        what: "the S3 bucket for the functions' code, in the DR account",
        read: |config, text| put(&mut config.code_bucket, bucket(text)),
        tell: |config| told(&config.code_bucket),
    },
    Key {
        name: "ARCHITECTURE",
        what: "the processor that the functions run on",
        read: |config, text| {
            let known = Architecture::ALL.into_iter().find(|known| known.name() == text);
            set(&mut config.architecture, known.ok_or_else(|| format!("{text:?} is neither arm64 nor x86_64")))
        },
        tell: |config| Some(config.architecture.to_string()),
    },
    Key {
        name: "TAG_KEY",
        what: "the key of your own tag for all that Draco makes",
        read: |config, text| put(&mut config.tag_key, parse_tag_key(text)),
        tell: |config| told(&config.tag_key),
    },
    Key {
        name: "TAG_VALUE",
        what: "the value of that tag",
        read: |config, text| put(&mut config.tag_value, parse_tag_value(text)),
        tell: |config| told(&config.tag_value),
    },
    Key {
        name: "WAIT_LIMIT_HOURS",
        what: "for how long a copy is waited for before an alarm is raised",
        read: |config, text| put(&mut config.wait_limit_hours, parse_wait_limit(text)),
        tell: |config| Some(config.wait_limit_hours.unwrap_or(DEFAULT_WAIT_LIMIT_HOURS).to_string()),
    },
    Key {
        name: "KEY_PER_DATABASE",
        what: "whether the copies of each database are under a KMS key of their own",
        read: |config, text| set(&mut config.key_per_database, switch(text)),
        tell: |config| Some(yes_or_no(config.key_per_database)),
    },
    Key {
        name: "ALLOW_PLAINTEXT_CLUSTERS",
        what: "whether unencrypted cluster snapshots, which AWS cannot encrypt, are copied as they are",
        read: |config, text| set(&mut config.allow_plaintext_clusters, switch(text)),
        tell: |config| Some(yes_or_no(config.allow_plaintext_clusters)),
    },
    Key {
        name: FLOOR,
        what: "what is kept in DR, whatever a lifecycle says",
        read: |config, text| {
            set(&mut config.floor, serde_yaml::from_str::<Rules>(text).map_err(|why| document::said(&why)))
        },
        tell: |config| Some(config.floor_json()),
    },
    Key {
        name: "ALARM_EMAIL",
        what: "the address that alarms are sent to",
        read: |config, text| put(&mut config.alarm_email, address(text)),
        tell: |config| told(&config.alarm_email),
    },
    Key {
        name: "ALARM_TOPIC_ARN",
        what: "an SNS topic of yours that alarms are sent to",
        read: |config, text| put(&mut config.alarm_topic_arn, parse_arn_of("sns")(text)),
        tell: |config| told(&config.alarm_topic_arn),
    },
    Key {
        name: "NO_COPY_HOURS",
        what: "after how many hours without a copy an alarm is raised; 0 for never",
        // CloudWatch has no alarm that looks back further than seven days.
        read: |config, text| set(&mut config.no_copy_hours, number(text, 0, 168)),
        tell: |config| Some(config.no_copy_hours.to_string()),
    },
    Key {
        name: "LOG_DAYS",
        what: "for how many days logs are kept",
        read: |config, text| {
            let days = number(text, 1, LOG_DAYS[LOG_DAYS.len() - 1])?;
            config.log_days = LOG_DAYS.into_iter().find(|known| *known == days).ok_or_else(|| {
                let longer = LOG_DAYS.into_iter().find(|known| *known > days);
                let longer = longer.map(|days| format!("; {days} is the next that it has")).unwrap_or_default();
                format!("CloudWatch cannot keep logs for {days} days{longer}")
            })?;
            Ok(())
        },
        tell: |config| Some(config.log_days.to_string()),
    },
    Key {
        name: "CONCURRENCY",
        what: "how many of each function may run at a time, reserved for it",
        read: |config, text| put(&mut config.concurrency, number(text, 1, 1000)),
        tell: |config| told(&config.concurrency),
    },
];

/// The key whose value is rules, and no text.
pub(crate) const FLOOR: &str = "FLOOR";
/// The key whose value may be a list.
pub(crate) const SOURCE_ACCTS: &str = "SOURCE_ACCTS";

/// For how long CloudWatch keeps logs: `PutRetentionPolicy` takes these numbers only.
const LOG_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Key {
    /// The key of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Its value as text, if it has one.
    #[must_use]
    pub fn value(&self, config: &Config) -> Option<String> {
        (self.tell)(config)
    }

    pub(crate) fn put(&self, text: &str, config: &mut Config) -> Result<(), String> {
        (self.read)(config, text.trim())
    }
}

fn put<T, E: Display>(field: &mut Option<T>, read: Result<T, E>) -> Result<(), String> {
    set(field, read.map(Some))
}

fn set<T, E: Display>(field: &mut T, read: Result<T, E>) -> Result<(), String> {
    *field = read.map_err(|why| why.to_string())?;
    Ok(())
}

fn told(value: &Option<impl Display>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// Both functions take anything for yes that is not no; here is where a slip is noticed.
fn switch(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

fn yes_or_no(is_on: bool) -> String {
    if is_on { "yes" } else { "no" }.to_owned()
}

fn number<T: FromStr + PartialOrd + Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
}

fn name(text: &str) -> Result<String, String> {
    let is_name = !text.chars().any(|c| c.is_control() || c == '[' || c == ']');
    is_name.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is no name of a profile"))
}

/// S3's rules for general purpose buckets, without those that only AWS's own buckets can break.
fn bucket(text: &str) -> Result<String, String> {
    let is_end = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_bucket = (3..=63).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'.' || c == b'-')
        && is_end(text.bytes().next())
        && is_end(text.bytes().last())
        && !text.contains("..");
    let rules = "3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends";
    is_bucket.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is no name of a bucket: {rules}"))
}

fn address(text: &str) -> Result<String, String> {
    let is_address = match text.split_once('@') {
        Some((whose, host)) => {
            !whose.is_empty() && host.contains('.') && !host.contains('@') && !text.contains(char::is_whitespace)
        }
        None => false,
    };
    is_address.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is no address like dr-team@example.com"))
}
