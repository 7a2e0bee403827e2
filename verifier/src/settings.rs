//! The verifier's settings, from environment variables.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use protocol::settings::{SettingsError, SettingsReader, parse_accounts, parse_arn_of, parse_number};
use protocol::{AccountId, Place, TopicArn};

use crate::plan::Policy;

/// The verifier's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The source accounts that DR serves. Copies of others are left alone.
    pub(crate) sources: BTreeSet<AccountId>,
    pub(crate) policy: Policy,
    /// The ARN of the state machine that waits.
    pub(crate) timer: String,
    /// The ARN of the checker.
    pub(crate) checker: String,
    /// The bucket with the user's checks, the root certificates and the reports.
    pub(crate) bucket: String,
    /// The topic for the result of each verification.
    pub(crate) topic: TopicArn,
    /// The network of the databases.
    pub(crate) subnet_group: String,
    pub(crate) security_group: String,
    /// How long the database of a copy that is not good is kept.
    pub(crate) keep_failed: TimeDelta,
    /// A database of which no copy was verified for so long is reported.
    pub(crate) unverified: TimeDelta,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>, here: &Place) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(environment);
        let text = |text: &str| Ok::<_, String>(text.to_owned());
        let sources = reader.required("SOURCE_ACCTS", "the IDs of the source accounts", parse_accounts);
        let checker = reader.required("CHECKER_ARN", "the ARN of the checker", parse_arn_of("lambda"));
        let bucket = reader.required("REPORT_BUCKET", "the bucket for reports", text);
        let topic = reader.required("RESULT_TOPIC_ARN", "the topic for results", str::parse::<TopicArn>);
        let subnet_group = reader.required("SUBNET_GROUP", "the subnet group of the databases", text);
        let security_group = reader.required("SECURITY_GROUP", "the security group of the databases", text);
        let class = reader.optional("VERIFY_CLASS", text);
        let timer = reader.optional("VERIFY_TIMER_ARN", parse_arn_of("states"));
        let number = |reader: &mut SettingsReader<'_>, name: &str, range, default: u32| {
            reader.optional(name, |text| parse_number(text, range)).unwrap_or(default)
        };
        let every = number(&mut reader, "VERIFY_EVERY_DAYS", 1..=365, 7);
        let at_once = number(&mut reader, "VERIFY_AT_ONCE", 1..=40, 2);
        let dollars = number(&mut reader, "VERIFY_DOLLARS", 1..=1_000_000, 100);
        let hours = number(&mut reader, "VERIFY_HOURS", 1..=96, 12);
        let free_percent = number(&mut reader, "VERIFY_FREE_PERCENT", 0..=90, 10);
        let keep_hours = number(&mut reader, "KEEP_FAILED_HOURS", 0..=72, 0);
        let unverified = number(&mut reader, "UNVERIFIED_DAYS", 1..=365, 14);
        let required = checker.zip(bucket).zip(topic).zip(subnet_group).zip(security_group).zip(sources);
        let settings = required.map(|(((((checker, bucket), topic), subnet_group), security_group), sources)| Self {
            sources,
            policy: Policy {
                every: TimeDelta::days(every.into()),
                at_once: at_once as usize,
                dollars_a_month: dollars,
                limit: TimeDelta::hours(hours.into()),
                class,
                free_percent,
            },
            timer: timer.unwrap_or_else(|| here.arn("states", "stateMachine:draco-verify")),
            checker,
            bucket,
            topic,
            subnet_group,
            security_group,
            keep_failed: TimeDelta::hours(keep_hours.into()),
            unverified: TimeDelta::days(unverified.into()),
        });
        reader.finish(settings)
    }
}
