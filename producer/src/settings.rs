//! The producer's settings, from environment variables.

use std::collections::BTreeMap;

use cloud::wait::WaitPolicy;
use protocol::settings::{SettingsError, SettingsReader, parse_arn_of};
use protocol::topic::consumer_topic;
use protocol::{AccountId, Place, Region, Tags, TopicArn};

/// The producer's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The DR account, and the region of its copies: the producer's own, unless `DR_REGION` names another.
    pub(crate) dr: Place,
    /// The ARN of the key for transit copies, which DR may use.
    pub(crate) transit_key: String,
    /// The topic in DR for the announcements of this account.
    pub(crate) consumer_topic: TopicArn,
    /// Whether the last transit copy of each instance is kept, as the base of the next one.
    pub(crate) keep_newest_transit: bool,
    pub(crate) wait_policy: WaitPolicy,
    /// The user's own tag for everything that Draco creates, if there is one.
    pub(crate) tag: Tags,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>, here: &Place) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(environment);
        let dr = reader.required("DR_ACCT", "the ID of the DR account, 12 digits", str::parse::<AccountId>);
        let region = reader.optional("DR_REGION", str::parse::<Region>).unwrap_or_else(|| here.region.clone());
        let transit_key = reader.required(
            "TRANSIT_KEY_ARN",
            "the ARN of the key for transit copies, which DR may use",
            parse_arn_of("kms"),
        );
        let own_topic = reader.optional("CONSUMER_TOPIC_ARN", str::parse::<TopicArn>);
        let keep_newest_transit = reader.switch("KEEP_NEWEST_TRANSIT");
        let wait_policy = WaitPolicy::read(&mut reader, here);
        let tag = reader.own_tag();
        let settings = dr.zip(transit_key).map(|(account, transit_key)| {
            let dr = Place { account, region };
            Self {
                consumer_topic: own_topic.unwrap_or_else(|| consumer_topic(&dr, &here.account)),
                dr,
                transit_key,
                keep_newest_transit,
                wait_policy,
                tag,
            }
        });
        reader.finish(settings)
    }
}
