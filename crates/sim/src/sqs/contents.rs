//! The contents of a message: body and attributes, their limits and digests.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::call::Error;

/// A message as it is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) group: Option<String>,
}

/// The value of a message attribute. Binary values are in base64.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    #[serde(default)]
    pub(crate) data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<String>,
}

impl Contents {
    /// Checks everything but the size.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.body.is_empty() {
            return Err(Error::new("MissingParameter", "The request must contain the parameter MessageBody."));
        }
        if !self.body.chars().all(is_allowed) {
            // "If a message contains characters outside the allowed set, Amazon SQS rejects the message and returns an
            // InvalidMessageContents error." (API reference, SendMessage)
            let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                           #xE000 to #xFFFD | #x10000 to #x10FFFF.";
            return Err(Error::new("InvalidMessageContents", message));
        }
        // "Each message can have up to 10 attributes." (guide, *Amazon SQS message metadata*)
        if self.attributes.len() > 10 {
            return invalid(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [10].",
                self.attributes.len()
            ));
        }
        self.attributes
            .iter()
            .try_for_each(|(name, attribute)| check_name(name).and_then(|()| attribute.check(name)))?;
        self.group.as_deref().map_or(Ok(()), check_group)
    }

    /// "All parts of the message attribute, including Name, Type, and Value, are part of the message size restriction".
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, it)| name.len() + it.data_type.len() + it.bytes().len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// "The following Unicode characters are allowed": those of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// "Can be up to 256 characters long. Can't start with AWS. or Amazon. (or any casing variations). … Must not start or
/// end with a period. Must not have periods in a sequence." (guide, *Amazon SQS message metadata*)
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > 256 {
        invalid("Message (user) attribute names must be shorter than 256 Bytes".to_owned())
    } else if !name.chars().all(allowed) || name.contains("..") {
        let message = "Message (user) attributes name can only contain upper and lower score characters, digits, \
                       periods, hyphens and underscores.";
        invalid(message.to_owned())
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") || name.starts_with('.') || name.ends_with('.')
    {
        let message = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are \
                       reserved for internal use. Additionally, they cannot start or end with '.'.";
        invalid(message.to_owned())
    } else {
        Ok(())
    }
}

impl Attribute {
    fn check(&self, name: &str) -> Result<(), Error> {
        let Self { data_type, string_value, binary_value } = self;
        if data_type.is_empty() {
            return invalid(format!("The message attribute '{name}' must contain a non-empty message attribute type."));
        }
        if data_type.len() > 256 {
            return invalid("Message (user) attribute types must be shorter than 256 Bytes".to_owned());
        }
        // A label may follow the type: `Number.float`.
        let kind = data_type.split_once('.').map_or(data_type.as_str(), |(kind, _)| kind);
        let field = match kind {
            "String" | "Number" => "String",
            "Binary" => "Binary",
            _ => {
                let message = format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                     prefixes is Binary, Number, and String."
                );
                return invalid(message);
            }
        };
        let other = if field == "String" { binary_value } else { string_value };
        if other.is_some() {
            return invalid(format!("The message attribute '{name}' with type '{kind}' must use field '{field}'."));
        }
        if self.bytes().is_empty() {
            let message =
                format!("Message (user) attribute '{name}' must contain a non-empty value of type '{field}'.");
            return invalid(message);
        }
        let text = string_value.as_deref().unwrap_or_default();
        if !text.chars().all(is_allowed) {
            return invalid(format!("Message (user) attribute '{name}' contains invalid characters."));
        }
        if kind == "Number" && !is_number(text) {
            return invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number."));
        }
        Ok(())
    }

    /// The value as text. A binary value is in base64.
    pub(crate) fn text(&self) -> &str {
        self.string_value.as_deref().or(self.binary_value.as_deref()).unwrap_or_default()
    }

    /// The value as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match (&self.string_value, &self.binary_value) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(binary)) => base64::decode(binary).unwrap_or_default(),
            (None, None) => Vec::new(),
        }
    }
}

/// "Number attributes can store positive or negative numerical values. A number can have up to 38 digits of precision, and
/// it can be between 10^-128 and 10^+126." (guide, *Amazon SQS message metadata*)
pub(crate) fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_decimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let Ok(exponent) = exponent.parse::<i32>() else { return false };
    if whole.len() + fraction.len() == 0 || !is_decimal(whole) || !is_decimal(fraction) {
        return false;
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_matches('0');
    if significant.is_empty() {
        return true;
    }
    // The power of ten of the first significant digit.
    let leading = all.len() - all.trim_start_matches('0').len();
    let power = i64::try_from(whole.len()).unwrap_or(i64::MAX) - 1 - i64::try_from(leading).unwrap_or(i64::MAX)
        + i64::from(exponent);
    significant.len() <= 38 && (-128..=126).contains(&power)
}

/// "The length of MessageGroupId is 128 characters. Valid values: alphanumeric characters and punctuation" (API reference,
/// SendMessage). The message is one that LocalStack's tests recorded from AWS.
fn check_group(group: &str) -> Result<(), Error> {
    if (1..=128).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.";
    Err(super::invalid_value(group, "MessageGroupId", reason))
}

fn invalid(message: String) -> Result<(), Error> {
    Err(Error::new("InvalidParameterValue", message))
}

/// The digest of a body. Clients compare it with their own.
pub(super) fn body_md5(body: &str) -> String {
    hex(Md5::new_with_prefix(body))
}

/// The digest of message attributes. `None` if there are none.
///
/// "Sort all message attributes by name in ascending order. Encode the individual parts of each attribute (Name, Type, and
/// Value) into a buffer. Compute the message digest of the entire buffer." Each part follows its length in four bytes. One
/// byte before the value says if it is text or binary. (guide, *Calculating the MD5 message digest for message attributes*)
pub(super) fn attributes_md5<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Option<String> {
    let (mut md5, mut any) = (Md5::new(), false);
    let part = |md5: &mut Md5, bytes: &[u8]| {
        md5.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        md5.update(bytes);
    };
    for (name, attribute) in attributes {
        any = true;
        part(&mut md5, name.as_bytes());
        part(&mut md5, attribute.data_type.as_bytes());
        md5.update([if attribute.binary_value.is_some() { 2 } else { 1 }]);
        part(&mut md5, &attribute.bytes());
    }
    any.then(|| hex(md5))
}

fn hex(digest: Md5) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
