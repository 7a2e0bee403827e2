//! SNS topics, and the names of Draco's topics. DR knows from the topic of a message which account sent it.

use std::fmt;
use std::str::FromStr;

use crate::place::{AccountId, Place};
use crate::quote::quoted;

/// The topic in a source account.
const PRODUCER: &str = "DracoProducer";
/// The topic in DR for notifications of RDS.
const CONSUMER: &str = "DracoConsumer";
/// The beginning of the topics in DR for announcements; the source account follows.
const ANNOUNCEMENTS: &str = "DracoConsumer-";

/// The ARN of an SNS topic: `arn:aws:sns:eu-west-1:111111111111:DracoProducer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn {
    /// The account and region.
    pub place: Place,
    /// The name.
    pub name: String,
}

/// Text that is not the ARN of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not the ARN of a topic: expected arn:aws:sns:REGION:ACCOUNT:NAME", quoted(.0))]
pub struct ParseTopicError(String);

/// The topic in a source account: RDS's notifications and the replies of DR.
#[must_use]
pub fn producer_topic(source: &Place) -> TopicArn {
    TopicArn { place: source.clone(), name: PRODUCER.to_owned() }
}

/// The topic in DR for RDS's notifications. No other account may publish to it.
#[must_use]
pub fn notification_topic(dr: &Place) -> TopicArn {
    TopicArn { place: dr.clone(), name: CONSUMER.to_owned() }
}

/// The topic in DR for the messages of one source account. Only that account's producer may publish to it (invariant 13). In DR's
/// second region, the topic with DR's own account is for the announcements of its consumer in the first region.
#[must_use]
pub fn consumer_topic(dr: &Place, source: &AccountId) -> TopicArn {
    TopicArn { place: dr.clone(), name: format!("{ANNOUNCEMENTS}{source}") }
}

impl TopicArn {
    /// The source account whose messages arrive through this topic; none if it is not a topic for announcements.
    #[must_use]
    pub fn sender(&self) -> Option<AccountId> {
        self.name.strip_prefix(ANNOUNCEMENTS)?.parse().ok()
    }
}

impl FromStr for TopicArn {
    type Err = ParseTopicError;

    fn from_str(text: &str) -> Result<Self, ParseTopicError> {
        let invalid = || ParseTopicError(text.to_owned());
        let ["arn", "aws", "sns", region, account, name] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(invalid());
        };
        if name.is_empty() {
            return Err(invalid());
        }
        let place =
            Place { region: region.parse().map_err(|_| invalid())?, account: account.parse().map_err(|_| invalid())? };
        Ok(Self { place, name: name.to_owned() })
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place.arn("sns", &self.name))
    }
}
