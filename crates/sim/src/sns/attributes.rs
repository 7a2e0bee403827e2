//! The attributes of topics that can be set.

use std::collections::BTreeMap;

use super::invalid;
use crate::call::Error;
use crate::iam::Policy;

/// "By default, a message can be at most 256 KiB in size" (API reference, Publish)
const DEFAULT_MESSAGE_BYTES: usize = 256 * 1024;
/// "Valid values are 1024 to 1048576 (1 MiB)." (API reference, CreateTopic)
const MAX_MESSAGE_BYTES: usize = 1 << 20;

type IsValid = fn(&str) -> bool;

/// Attributes besides the policy, and whether a value is valid. AWS returns those that were set.
const ATTRIBUTES: [(&str, IsValid); 4] = [
    // "The maximum length is 100 characters" (reference of CloudFormation, AWS::SNS::Topic).
    ("DisplayName", |value| value.chars().count() <= 100),
    (MAX_SIZE, |value| value.parse().is_ok_and(|bytes: usize| (1024..=MAX_MESSAGE_BYTES).contains(&bytes))),
    ("SignatureVersion", |value| ["1", "2"].contains(&value)),
    // X-Ray is not simulated.
    ("TracingConfig", |value| ["PassThrough", "Active"].contains(&value)),
];

const MAX_SIZE: &str = "MaximumMessageSize";

/// Attributes that can be set on AWS and not here. An empty value removes them, and no topic has them.
const NOT_SIMULATED: [&str; 4] = ["ArchivePolicy", "DataProtectionPolicy", "DeliveryPolicy", "KmsMasterKeyId"];

/// The beginnings of attributes that configure logs of deliveries. Their logs are not simulated.
const DELIVERY_LOGS: [&str; 5] = ["Application", "Firehose", "HTTP", "Lambda", "SQS"];

#[derive(Clone, Default)]
pub(super) struct Attributes {
    /// The policy as text and parsed. `None`: AWS's default policy.
    pub(super) policy: Option<(String, Policy)>,
    others: BTreeMap<String, String>,
}

/// The reason why an attribute cannot be set.
pub(super) enum Refusal {
    Unknown,
    Value(String),
    NotSimulated,
}

impl Attributes {
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        if name == "Policy" {
            let policy = Policy::parse(value).map_err(|error| Refusal::Value(format!("Policy Error: {error}")))?;
            self.policy = Some((value.to_owned(), policy));
            return Ok(());
        }
        if NOT_SIMULATED.contains(&name) {
            return if value.is_empty() { Ok(()) } else { Err(Refusal::NotSimulated) };
        }
        let log = DELIVERY_LOGS.iter().find_map(|protocol| name.strip_prefix(protocol));
        let is_valid = match log {
            Some("SuccessFeedbackRoleArn" | "FailureFeedbackRoleArn") => {
                value.is_empty() || value.starts_with("arn:aws:iam::")
            }
            Some("SuccessFeedbackSampleRate") => value.parse().is_ok_and(|percent: u8| percent <= 100),
            _ => {
                let (_, is_valid) = ATTRIBUTES.iter().find(|(known, _)| *known == name).ok_or(Refusal::Unknown)?;
                is_valid(value)
            }
        };
        if !is_valid {
            return Err(Refusal::Value(format!("invalid value for {name}: {value}")));
        }
        self.others.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// An attribute that was set.
    pub(super) fn get(&self, name: &str) -> Option<&String> {
        if name == "Policy" { self.policy.as_ref().map(|(text, _)| text) } else { self.others.get(name) }
    }

    /// All attributes that were set, and the display name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, String)> {
        let policy = self.policy.as_ref().map(|(text, _)| ("Policy", text.clone()));
        let name = (!self.others.contains_key("DisplayName")).then(|| ("DisplayName", String::new()));
        self.others.iter().map(|(name, value)| (name.as_str(), value.clone())).chain(policy).chain(name)
    }

    /// The maximum size of a message, attributes included.
    pub(super) fn max_message_bytes(&self) -> usize {
        self.others.get(MAX_SIZE).and_then(|bytes| bytes.parse().ok()).unwrap_or(DEFAULT_MESSAGE_BYTES)
    }

    pub(super) fn allows_large_messages(&self) -> bool {
        self.max_message_bytes() > DEFAULT_MESSAGE_BYTES
    }

    /// The version that messages name. "By default, SignatureVersion is set to 1." (API reference)
    pub(super) fn signature_version(&self) -> String {
        self.others.get("SignatureVersion").cloned().unwrap_or_else(|| "1".to_owned())
    }
}

impl Refusal {
    /// The error of CreateTopic.
    pub(super) fn of_creation(self, name: &str) -> Error {
        match self {
            Self::Unknown => invalid(format!("Attributes Reason: Unknown attribute {name}")),
            Self::Value(reason) => invalid(format!("Attributes Reason: {reason}")),
            Self::NotSimulated => not_simulated(name),
        }
    }

    /// The error of SetTopicAttributes. LocalStack's tests recorded the one for unknown attributes.
    pub(super) fn of_change(self, name: &str) -> Error {
        match self {
            Self::Unknown => invalid("AttributeName"),
            Self::Value(reason) => invalid(reason),
            Self::NotSimulated => not_simulated(name),
        }
    }
}

fn not_simulated(name: &str) -> Error {
    Error::not_simulated(format!("the attribute {name} of topics"))
}
