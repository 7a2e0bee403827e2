//! The consequences of replacing a resource of Draco's stacks, in words.
//!
//! CloudFormation creates the new resource, switches to it, and then deletes the old one, unless the template retains it.

use crate::Role;

/// The consequence of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// A disturbance that ends by itself or can be corrected.
    Temporary(&'static str),
    /// Data is lost, or copies depend on a key from then on.
    Permanent(&'static str),
}

use Consequence::{Permanent, Temporary};

/// The consequence of replacing the resource with this logical id and type; `None` for a type that no template has.
pub(super) fn consequence(role: Role, id: &str, kind: &str) -> Option<Consequence> {
    Some(match (kind, role) {
        ("AWS::KMS::Key", Role::Consumer | Role::Second) => Permanent(
            "NEW COPIES ARE ENCRYPTED WITH A NEW KEY. The old key is kept: never delete it, or all existing copies under it \
             become unreadable.",
        ),
        ("AWS::KMS::Key", Role::Producer) => Permanent(
            "NEW TRANSIT COPIES ARE ENCRYPTED WITH A NEW KEY. The old key is kept: do not delete it before DR has copied all \
             transit copies under it.",
        ),
        ("AWS::Logs::LogGroup", _) => Permanent(
            "ALL LOGS OF THE FUNCTION ARE DELETED, with the reasons for which copies were deleted. Export them first if you \
             need them.",
        ),
        ("AWS::SQS::Queue", _) => Permanent(
            "MESSAGES IN THE DEAD-LETTER QUEUE ARE DELETED with the old queue. Read them first: `cargo xtask status` shows \
             how many there are.",
        ),
        ("AWS::SNS::Topic", _) if id == "AlarmTopic" => Temporary(
            "no alarm arrives until the subscription e-mail is confirmed again; other subscriptions (Slack, PagerDuty) must \
             be created again",
        ),
        ("AWS::SNS::Topic", Role::Verifier) => {
            Temporary("verdicts are not published until the new topic exists, and subscriptions must be created again")
        }
        ("AWS::S3::Bucket", _) => Temporary(
            "the old bucket is kept, with its reports; checks.json and roots.pem must be put into the new one: `cargo xtask update \
             verifier` does it",
        ),
        ("AWS::EC2::VPC" | "AWS::EC2::Subnet" | "AWS::EC2::SecurityGroup" | "AWS::RDS::DBSubnetGroup", _) => {
            Temporary("verifications that are running fail, and are repeated; copies are not affected")
        }
        ("AWS::Lambda::Function" | "AWS::StepFunctions::StateMachine" | "AWS::Scheduler::Schedule", Role::Verifier) => {
            Temporary("verifications that are running are continued by the next run")
        }
        ("AWS::SNS::Topic", Role::Consumer | Role::Second) => Temporary(
            "announcements are lost until the new topic exists or, if its name changes, until the producers' stacks are \
             updated; the producers' hourly sweep then announces them again",
        ),
        ("AWS::SNS::Topic", Role::Producer) => Temporary(
            "RDS events and messages of the consumer are lost until the new topic exists or, if its name changes, until the \
             consumer's stack is updated; the hourly sweep then finds these snapshots",
        ),
        ("AWS::SNS::Subscription" | "AWS::SNS::TopicPolicy" | "AWS::RDS::EventSubscription", _) => Temporary(
            "events and messages may be lost until the new one exists; the hourly sweep then finds these snapshots",
        ),
        ("AWS::Lambda::Function", _) => Temporary(
            "running executions end, and timers that call the old function fail with an alarm; the hourly sweep continues \
             with these snapshots",
        ),
        ("AWS::Lambda::Permission", _) => {
            Temporary("SNS cannot invoke the function until the new permission exists; SNS retries")
        }
        ("AWS::Lambda::EventInvokeConfig", _) => {
            Temporary("failed events are not sent to the dead-letter queue until the new one exists")
        }
        ("AWS::StepFunctions::StateMachine", _) => {
            Temporary("running timers stop; the hourly sweep looks at their copies instead")
        }
        ("AWS::Scheduler::Schedule", _) if matches!(id, "Keep" | "Audit") => {
            Temporary("its next run starts up to a day later")
        }
        ("AWS::Scheduler::Schedule", Role::Consumer | Role::Second) => {
            Temporary("the next sweep starts up to a day later")
        }
        ("AWS::Scheduler::Schedule", Role::Producer) => Temporary("the next sweep starts up to an hour later"),
        ("AWS::IAM::Role", _) => Temporary(
            "calls fail until the new role exists, and are retried; if its name changes, the policies in the other account \
             must contain the new name: update that stack too",
        ),
        ("AWS::KMS::Alias", _) => Temporary("only the name of the key; Draco uses its ARN"),
        ("AWS::CloudWatch::Alarm", _) => Temporary("the alarm starts again without data, and its history ends"),
        ("AWS::CloudWatch::Dashboard", _) => Temporary("only the dashboard"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_in_the_templates_has_a_consequence() {
        for (role, template) in [
            (Role::Producer, include_str!("../../../../cfn/producer.yaml")),
            (Role::Consumer, include_str!("../../../../cfn/consumer.yaml")),
            (Role::Consumer, include_str!("../../../../cfn/source.yaml")),
            (Role::Verifier, include_str!("../../../../cfn/verifier.yaml")),
        ] {
            let kinds =
                template.lines().filter_map(|line| line.strip_prefix("    Type: ")).filter(|it| it.contains("::"));
            let kinds: Vec<&str> = kinds.collect();
            assert!(kinds.len() > 5, "{kinds:?}");
            for kind in kinds {
                assert!(consequence(role, "", kind).is_some(), "{role}: {kind}");
            }
        }
    }

    #[test]
    fn keys_that_are_replaced_are_kept_by_the_templates() {
        for template in [include_str!("../../../../cfn/producer.yaml"), include_str!("../../../../cfn/consumer.yaml")] {
            let (_, key) = template.split_once("    Type: AWS::KMS::Key\n").unwrap();
            let (attributes, _) = key.split_once("    Properties:\n").unwrap();
            assert!(attributes.contains("UpdateReplacePolicy: Retain"), "{attributes}");
        }
    }

    #[test]
    fn schedules_state_their_own_delay() {
        for (role, id, delay) in [
            (Role::Producer, "Sweep", "an hour"),
            (Role::Producer, "Audit", "a day"),
            (Role::Consumer, "Sweep", "a day"),
            (Role::Consumer, "Keep", "a day"),
        ] {
            let Some(Temporary(text)) = consequence(role, id, "AWS::Scheduler::Schedule") else {
                panic!("{role} {id}")
            };
            assert!(text.ends_with(&format!("up to {delay} later")), "{role} {id}: {text}");
        }
    }

    #[test]
    fn data_and_keys_are_permanent() {
        for kind in ["AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SQS::Queue"] {
            assert!(matches!(consequence(Role::Consumer, "", kind), Some(Permanent(_))), "{kind}");
        }
    }
}
