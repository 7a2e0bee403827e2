//! Topics: which account can have sent a message.

use protocol::topic::{consumer_topic, notification_topic, producer_topic};
use protocol::{AccountId, TopicArn};

use crate::fixtures::{DR, SOURCE, place};

#[test]
fn each_source_account_has_its_own_topic_in_dr() {
    let source: AccountId = SOURCE.parse().unwrap();
    let topics = [consumer_topic(&place(DR), &source), notification_topic(&place(DR)), producer_topic(&place(SOURCE))];
    assert_eq!(
        topics.clone().map(|topic| topic.to_string()),
        [
            "arn:aws:sns:eu-west-1:222222222222:DracoConsumer-111111111111",
            "arn:aws:sns:eu-west-1:222222222222:DracoConsumer",
            "arn:aws:sns:eu-west-1:111111111111:DracoProducer",
        ]
    );
    assert_eq!(topics.map(|topic| topic.sender()), [Some(source), None, None]);
}

#[test]
fn a_topic_of_another_name_has_no_sender() {
    for name in ["DracoConsumer-", "DracoConsumer-111", "DracoConsumer-111111111111-old", "dracoconsumer-111111111111"]
    {
        let topic = TopicArn { place: place(DR), name: name.to_owned() };
        assert_eq!((topic.sender(), topic.to_string().parse()), (None, Ok(topic)));
    }
}

#[test]
fn the_arn_of_another_resource_is_not_a_topic() {
    for arn in [
        "arn:aws:sns:eu-west-1:111111111111:",
        "arn:aws:sns:eu-west-1:111111111111:DracoProducer:7a1f",
        "arn:aws-cn:sns:cn-north-1:111111111111:DracoProducer",
        "arn:aws:sns::111111111111:DracoProducer",
    ] {
        assert!(arn.parse::<TopicArn>().is_err(), "{arn}");
    }
}
