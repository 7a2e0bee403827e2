//! AWS accounts and regions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::quote::quoted;

/// An AWS account ID: 12 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// The maximum length of a region code. The longest of AWS have 14 characters. Names of copies contain it, and
/// AWS limits their length.
const MAX_REGION_CHARS: usize = 20;
/// The maximum length of the number at its end. In names of copies, the twelve digits of an account follow.
const MAX_REGION_DIGITS: usize = 3;

/// A region code: `eu-west-1`. Words of letters, and a number at the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// A region of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The region.
    pub region: Region,
    /// The account.
    pub account: AccountId,
}

/// Text that is not an account ID or not a region code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlaceError {
    /// Not an account ID.
    #[error("{} is not an account ID: expected 12 digits", quoted(.0))]
    Account(String),
    /// Not a region code.
    #[error("{} is not a region: expected a code like eu-west-1", quoted(.0))]
    Region(String),
}

impl AccountId {
    /// The 12 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// The ARN of a resource of this service in this account and region.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

impl FromStr for AccountId {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, ParsePlaceError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParsePlaceError::Account(text.to_owned()))
        }
    }
}

impl FromStr for Region {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, ParsePlaceError> {
        let is = |part: &str, fits: fn(&u8) -> bool| !part.is_empty() && part.bytes().all(|byte| fits(&byte));
        let parts: Vec<&str> = text.split('-').collect();
        let is_code = matches!(&parts[..], [words @ .., number]
            if words.len() >= 2
                && words.iter().all(|word| is(word, u8::is_ascii_lowercase))
                && is(number, u8::is_ascii_digit)
                && number.len() <= MAX_REGION_DIGITS);
        let is_code = is_code && text.len() <= MAX_REGION_CHARS;
        if is_code { Ok(Self(text.to_owned())) } else { Err(ParsePlaceError::Region(text.to_owned())) }
    }
}

impl TryFrom<String> for AccountId {
    type Error = ParsePlaceError;

    fn try_from(text: String) -> Result<Self, ParsePlaceError> {
        text.parse()
    }
}

impl TryFrom<String> for Region {
    type Error = ParsePlaceError;

    fn try_from(text: String) -> Result<Self, ParsePlaceError> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
