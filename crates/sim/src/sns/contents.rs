//! What a message may contain: its subject, message attributes, and a structure with a body for each protocol.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Message, invalid};
use crate::call::Error;
use crate::questions::UnnamedErrors;
use crate::sqs::{Attribute, is_number};

/// A message as a call has it.
pub(super) struct MessageInput {
    pub(super) subject: Option<String>,
    pub(super) body: String,
    pub(super) structure: Option<String>,
    pub(super) attributes: Vec<MessageAttribute>,
    pub(super) deduplication: Option<String>,
    pub(super) group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    name: String,
    value: Attribute,
}

impl MessageInput {
    /// Checks attributes and structure.
    pub(super) fn read(self, answer: UnnamedErrors) -> Result<Message, Error> {
        let Self { subject, body, structure, attributes, deduplication, group } = self;
        if deduplication.is_some() {
            // LocalStack's test_validations_for_fifo recorded this.
            let reason = "The request includes MessageDeduplicationId parameter that is not valid for this topic type";
            return Err(invalid(format!("MessageDeduplicationId Reason: {reason}")));
        }
        // "The MessageGroupId can contain up to 128 alphanumeric characters (a-z, A-Z, 0-9) and punctuation"
        let is_group = |id: &String| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if group.as_ref().is_some_and(|id| !is_group(id)) {
            return Err(invalid("The MessageGroupId has characters that are not allowed, or more than 128"));
        }
        let bodies = match structure.as_deref() {
            None => BTreeMap::new(),
            Some("json") => structured(&body)?,
            Some(other) => return Err(invalid(format!("Message Structure - {other} is not a valid value"))),
        };
        let mut checked = BTreeMap::new();
        for MessageAttribute { name, value } in attributes {
            check_name(&name)?;
            check_value(&name, &value, answer)?;
            if checked.insert(name, value).is_some() {
                return Err(Error::not_simulated("a message with an attribute twice".to_owned()));
            }
        }
        Ok(Message { subject, body, bodies, attributes: checked, group })
    }
}

impl Message {
    /// Checks the parts that services publish too: body and subject.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.body.is_empty() {
            return Err(invalid("Empty message"));
        }
        let Some(subject) = &self.subject else { return Ok(()) };
        // "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long." (API
        // reference, Publish) Other emulators accept 100 characters.
        let length = subject.chars().count();
        if length == 100 {
            return Err(Error::not_simulated("a subject of exactly 100 characters".to_owned()));
        }
        if subject.is_empty() || length > 100 || subject.chars().any(char::is_control) {
            return Err(invalid("Subject"));
        }
        Ok(())
    }

    /// "All parts of the message attribute, including name, type, and value, are included in the message size restriction".
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, it)| name.len() + it.data_type.len() + it.bytes().len());
        self.body.len() + attributes.sum::<usize>()
    }

    /// The body for a protocol.
    pub(super) fn body_for(&self, protocol: &str) -> &str {
        self.bodies.get(protocol).or_else(|| self.bodies.get("default")).unwrap_or(&self.body)
    }
}

/// The bodies of a message with a structure. "Non-string values will cause the key to be ignored." (API reference, Publish)
/// LocalStack's tests recorded the errors.
fn structured(body: &str) -> Result<BTreeMap<String, String>, Error> {
    let failed = || invalid("Message Structure - JSON message body failed to parse");
    let Ok(Value::Object(members)) = serde_json::from_str(body) else { return Err(failed()) };
    let texts = members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    let bodies: BTreeMap<_, _> = texts.collect();
    if bodies.contains_key("default") {
        Ok(bodies)
    } else {
        Err(invalid("Message Structure - No default entry in JSON message body"))
    }
}

/// LocalStack's test_empty_or_wrong_message_attributes recorded these errors, except the one for reserved names: "Names can't
/// start with AWS. or Amazon. (or any variations in casing)" (guide, *Message attributes*).
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    let lower = name.to_ascii_lowercase();
    let message = if name.is_empty() || name.len() > 256 {
        "Length of message attribute name must be less than 256 bytes.".to_owned()
    } else if let Some(c) = name.chars().find(|c| !allowed(c)) {
        format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(c),
        )
    } else if name.starts_with('.') {
        "Invalid message attribute name starting with character '.' was found.".to_owned()
    } else if name.ends_with('.') {
        "Invalid message attribute name ending with character '.' was found.".to_owned()
    } else if name.contains("..") {
        "Message attribute name can not have successive '.' character.".to_owned()
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        "Message attribute names that begin with 'AWS.' or 'Amazon.' are reserved.".to_owned()
    } else {
        return Ok(());
    };
    refuse(message)
}

/// LocalStack's tests recorded these errors, except the one for numbers, whose code is the world's answer to `unnamed-errors`.
fn check_value(name: &str, value: &Attribute, answer: UnnamedErrors) -> Result<(), Error> {
    let Attribute { data_type, string_value, binary_value } = value;
    if data_type.is_empty() {
        let member = format!("messageAttributes.{name}.member.dataType");
        let message = format!("Value null at '{member}' failed to satisfy constraint: Member must not be null");
        return Err(Error::new("ValidationError", format!("1 validation error detected: {message}")));
    }
    let (kind, label) =
        data_type.split_once('.').map_or((data_type.as_str(), None), |(kind, label)| (kind, Some(label)));
    let (field, own, other) = match kind {
        "String" | "Number" => ("String", string_value, binary_value),
        "Binary" => ("Binary", binary_value, string_value),
        _ => ("", &None, &None),
    };
    if field.is_empty() || label == Some("") {
        let supported = "the set of supported type prefixes is Binary, Number, and String.";
        return refuse(format!("The message attribute '{name}' has an invalid message attribute type, {supported}"));
    }
    if data_type.len() > 256 {
        return refuse(format!("The message attribute '{name}' has a type of more than 256 bytes."));
    }
    if own.is_none() && other.is_some() {
        return refuse(format!("The message attribute '{name}' with type '{data_type}' must use field '{field}'."));
    }
    let Some(text) = own.as_ref().filter(|value| !value.is_empty()) else {
        return refuse(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{data_type}'."
        ));
    };
    match (kind, label) {
        ("Number", _) if !is_number(text) => {
            let message = format!("Could not cast message attribute '{name}' value to number.");
            match answer {
                UnnamedErrors::AsMoto => refuse(message),
                UnnamedErrors::Common => Err(invalid(message)),
            }
        }
        ("Number", _) if !is_exact(text) => {
            Err(Error::not_simulated(format!("the number {text}, which SNS may change or refuse")))
        }
        ("String", Some("Array")) if !serde_json::from_str(text).is_ok_and(|value: Value| value.is_array()) => {
            Err(Error::not_simulated("a String.Array that is not a list".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Whether SNS delivers a number as it is. "A number can have a value from -10^9 to 10^9, with 5 digits of accuracy after the
/// decimal point. Leading and trailing zeroes are trimmed." (guide, *Message attributes*) Whether it refuses other numbers, no
/// text says.
fn is_exact(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let trimmed = whole == "0" || !whole.starts_with(['0', '+']);
    let value: f64 = digits.parse().unwrap_or(f64::MAX);
    trimmed && !fraction.ends_with('0') && fraction.len() <= 5 && value <= 1e9 && !number.contains(['e', 'E'])
}

fn refuse(message: String) -> Result<(), Error> {
    Err(Error::new("ParameterValueInvalid", message))
}
