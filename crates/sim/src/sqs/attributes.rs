//! The attributes of queues: their bounds and defaults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::call::Error;

/// An attribute that is a number. It is the index in [`NUMBERS`].
#[derive(Clone, Copy)]
pub(super) enum Number {
    Delay,
    MaxBytes,
    Retention,
    Wait,
    Visibility,
}

/// The name, the valid values and the default of each number (API reference, CreateQueue). MaximumMessageSize: "An integer
/// from 1,024 bytes (1 KiB) to 1,048,576 bytes (1 MiB). Default: 1,048,576 bytes (1 MiB)."
const NUMBERS: [(&str, RangeInclusive<u64>, u64); 5] = [
    ("DelaySeconds", 0..=900, 0),
    ("MaximumMessageSize", 1024..=MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES),
    ("MessageRetentionPeriod", 60..=1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0..=20, 0),
    ("VisibilityTimeout", 0..=MAX_VISIBILITY_SECONDS, 30),
];

/// "The maximum size is 1 MiB or 1,048,576 bytes" (API reference, SendMessage)
pub(super) const MAX_MESSAGE_BYTES: u64 = 1 << 20;
/// "Maximum: 12 hours."
pub(super) const MAX_VISIBILITY_SECONDS: u64 = 43_200;

/// Encryption with SQS's own keys. It has no effect on messages.
const MANAGED_ENCRYPTION: &str = "SqsManagedSseEnabled";

/// Attributes that can be set on AWS and not here.
const NOT_SIMULATED: [&str; 5] =
    ["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"];

/// Attributes of FIFO queues. A standard queue answers as LocalStack's tests recorded it.
const ONLY_FIFO: [&str; 2] = ["DeduplicationScope", "FifoThroughputLimit"];

/// Attributes that every queue has and that cannot be set.
pub(super) const READ_ONLY: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// The attributes that can be set.
#[derive(Clone)]
pub(super) struct Attributes {
    numbers: [u64; NUMBERS.len()],
    is_encrypted: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Self { numbers: NUMBERS.map(|(_, _, default)| default), is_encrypted: true }
    }
}

impl Attributes {
    pub(super) fn get(&self, number: Number) -> u64 {
        self.numbers[number as usize]
    }

    /// Sets attributes. If one is invalid, none is set.
    pub(super) fn set(&mut self, given: &BTreeMap<String, String>) -> Result<(), Error> {
        let mut changed = self.clone();
        given.iter().try_for_each(|(name, value)| changed.set_one(name, value))?;
        *self = changed;
        Ok(())
    }

    fn set_one(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let invalid = || Error::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."));
        if let Some(index) = NUMBERS.iter().position(|(number, ..)| *number == name) {
            let number = value.parse().ok().filter(|number| NUMBERS[index].1.contains(number));
            self.numbers[index] = number.ok_or_else(invalid)?;
        } else if name == MANAGED_ENCRYPTION {
            self.is_encrypted = value.to_ascii_lowercase().parse().map_err(|_| invalid())?;
        } else if NOT_SIMULATED.contains(&name) {
            // An empty value removes the attribute, which no queue has.
            if !value.is_empty() {
                return Err(Error::not_simulated(format!("the attribute {name} of queues")));
            }
        } else if ONLY_FIFO.contains(&name) {
            let message = format!("You can specify the {name} only when FifoQueue is set to true.");
            return Err(Error::new("InvalidAttributeName", message));
        } else {
            return Err(unknown(name));
        }
        Ok(())
    }

    /// All attributes, as text.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        let numbers = NUMBERS.iter().zip(self.numbers).map(|((name, ..), number)| (*name, number.to_string()));
        numbers.chain([(MANAGED_ENCRYPTION, self.is_encrypted.to_string())])
    }

    /// The first of these attributes that is different here.
    pub(super) fn first_difference<'g>(&self, given: &'g BTreeMap<String, String>) -> Result<Option<&'g str>, Error> {
        let mut requested = self.clone();
        requested.set(given)?;
        let [old, new] = [self, &requested].map(|it| it.all().collect::<BTreeMap<_, _>>());
        Ok(given.keys().map(String::as_str).find(|name| old.get(name) != new.get(name)))
    }
}

/// Whether a queue can have this attribute.
pub(super) fn is_known(name: &str) -> bool {
    NUMBERS.iter().any(|(number, ..)| *number == name)
        || name == MANAGED_ENCRYPTION
        || NOT_SIMULATED.contains(&name)
        || ONLY_FIFO.contains(&name)
        || READ_ONLY.contains(&name)
        || ["FifoQueue", "ContentBasedDeduplication"].contains(&name)
}

pub(super) fn unknown(name: &str) -> Error {
    Error::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
}
