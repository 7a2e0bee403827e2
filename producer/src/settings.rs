//! What the producer is told by its environment.

use std::collections::BTreeMap;

use cloud::patience::Patience;
use protocol::settings::{Problems, Settings as Environment, arn_of};
use protocol::{AccountId, Place, Tags};

/// How the producer is set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where copies go: the account, and the region that is this one's too.
    pub(crate) dr: Place,
    /// The key for transit copies, which DR may use.
    pub(crate) transit_key: String,
    /// Where they are announced.
    pub(crate) consumer_topic: String,
    /// How copies are waited for.
    pub(crate) patience: Patience,
    /// The user's own tag for what Draco makes, if there is one.
    pub(crate) tag: Tags,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>, here: &Place) -> Result<Self, Problems> {
        let mut read = Environment::new(environment);
        let dr = read.required("DR_ACCT", "the account in which copies are kept, 12 digits", str::parse::<AccountId>);
        let transit_key =
            read.required("TRANSIT_KEY_ARN", "the key for transit copies, which DR may use", arn_of("kms"));
        let consumer_topic = read.optional("CONSUMER_TOPIC_ARN", arn_of("sns"));
        let patience = Patience::read(&mut read, here);
        let tag = read.own_tag();
        let settings = dr.zip(transit_key).map(|(account, transit_key)| {
            let dr = Place { account, region: here.region.clone() };
            Self {
                consumer_topic: consumer_topic.unwrap_or_else(|| dr.arn("sns", "DracoConsumer")),
                dr,
                transit_key,
                patience,
                tag,
            }
        });
        read.done(settings)
    }
}
