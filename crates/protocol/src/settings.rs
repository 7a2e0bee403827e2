//! A function's settings, read from environment variables once at start. All missing and invalid ones are reported together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};

use crate::DatabaseArn;
use crate::origin;
use crate::place::{AccountId, ParsePlaceError, Place, Region};
use crate::quote::quoted;
use crate::tags::{self, MAX_KEY_CHARS, MAX_VALUE_CHARS, Tags};

/// Reads settings from environment variables and collects the errors.
pub struct SettingsReader<'e> {
    environment: &'e BTreeMap<String, String>,
    errors: Vec<String>,
}

/// The settings that are missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(Vec<String>);

impl<'e> SettingsReader<'e> {
    /// A reader of these variables.
    #[must_use]
    pub fn new(environment: &'e BTreeMap<String, String>) -> Self {
        Self { environment, errors: Vec::new() }
    }

    /// An optional variable. An empty one counts as missing, because templates cannot leave a variable out.
    pub fn optional<T, E: Display>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        read(text).map_err(|why| self.errors.push(format!("{name}: {why}"))).ok()
    }

    /// A required variable. `None` means that it is missing or invalid, which [`SettingsReader::finish`] reports.
    pub fn required<T, E: Display>(
        &mut self,
        name: &str,
        description: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.environment.get(name).is_none_or(|text| text.trim().is_empty()) {
            self.errors.push(format!("{name} is missing: {description}"));
            return None;
        }
        self.optional(name, read)
    }

    /// A boolean: true if it is set to anything but `0`, `false` or `no`.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        let value = self.environment.get(name).map(|text| text.trim().to_lowercase()).unwrap_or_default();
        !matches!(value.as_str(), "" | "0" | "false" | "no")
    }

    /// The user's tag for everything that Draco creates: `TAG_KEY` and `TAG_VALUE`. The value may be empty. A tag that AWS would
    /// reject is an error here, because no copy could be created with it.
    pub fn own_tag(&mut self) -> Tags {
        let key = self.optional("TAG_KEY", parse_tag_key);
        let value = self.optional("TAG_VALUE", parse_tag_value);
        let is_set = |name| self.environment.get(name).is_some_and(|text: &String| !text.trim().is_empty());
        if is_set("TAG_VALUE") && !is_set("TAG_KEY") {
            self.error("TAG_VALUE is set, but TAG_KEY is not");
        }
        key.map(|key| (key, value.unwrap_or_default())).into_iter().collect()
    }

    /// Adds an error that concerns several settings.
    pub fn error(&mut self, message: impl Into<String>) {
        self.errors.push(message.into());
    }

    /// The settings, if there was no error.
    ///
    /// # Errors
    /// All errors that were collected.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, SettingsError> {
        match read {
            Some(read) if self.errors.is_empty() => Ok(read),
            _ => Err(SettingsError(self.errors)),
        }
    }
}

/// Parses account IDs, separated by commas or spaces.
///
/// # Errors
/// The first that is not an account ID.
pub fn parse_accounts(text: &str) -> Result<BTreeSet<AccountId>, ParsePlaceError> {
    text.split([',', ' ']).filter(|account| !account.is_empty()).map(str::parse).collect()
}

/// Parses region codes, separated by commas or spaces.
///
/// # Errors
/// The first that is not a region code.
pub fn parse_regions(text: &str) -> Result<BTreeSet<Region>, ParsePlaceError> {
    text.split([',', ' ']).filter(|region| !region.is_empty()).map(str::parse).collect()
}

/// Parses a time in RFC 3339.
///
/// # Errors
/// If it is not one.
pub fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    origin::parse_time(text).ok_or_else(|| format!("{} is not a time like 2026-11-21T03:05:00Z", quoted(text)))
}

/// A database of which no further copies are expected: `111111111111/orders`, or `111111111111/eu-west-1/orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retired {
    account: AccountId,
    /// The region. `None` means all: an account can have databases of the same name in several regions.
    region: Option<Region>,
    /// In lower case, as RDS stores it.
    database: String,
}

impl Retired {
    /// Whether it is this database, whether instance or cluster.
    #[must_use]
    pub fn is(&self, database: &DatabaseArn) -> bool {
        let Place { account, region } = &database.place;
        self.account == *account
            && self.database == database.id()
            && self.region.as_ref().is_none_or(|expected| expected == region)
    }
}

/// Parses databases as `ACCOUNT/DATABASE` or `ACCOUNT/REGION/DATABASE`, separated by commas or spaces.
///
/// # Errors
/// The first that has another form.
pub fn parse_retired(text: &str) -> Result<BTreeSet<Retired>, String> {
    let databases = text.split([',', ' ']).filter(|database| !database.is_empty());
    let parse = |text: &str| {
        let (account, database) = text.split_once('/')?;
        let account = account.parse().ok()?;
        let (region, database) = match database.split_once('/') {
            Some((region, database)) => (Some(region.parse().ok()?), database),
            None => (None, database),
        };
        (!database.is_empty()).then(|| Retired { account, region, database: database.to_lowercase() })
    };
    let expected =
        |text| format!("{} is not a database: expected ACCOUNT/DATABASE or ACCOUNT/REGION/DATABASE", quoted(text));
    databases.map(|text| parse(text).ok_or_else(|| expected(text))).collect()
}

/// Parses a number in this range.
///
/// # Errors
/// If it is not one.
pub fn parse_number(text: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{} is not a number from {} to {}", quoted(text), range.start(), range.end()))
}

/// Parses the key of the user's own tag.
///
/// # Errors
/// Why AWS or Draco does not accept it.
pub fn parse_tag_key(text: &str) -> Result<String, &'static str> {
    match text {
        reserved if tags::is_reserved(reserved) => Err("keys that begin with aws: or rds: are reserved by AWS"),
        own if tags::is_dracos(own) => Err("keys that begin with Draco_ are reserved by Draco"),
        long if long.chars().count() > MAX_KEY_CHARS => Err("a tag key has at most 128 characters"),
        invalid if !has_tag_characters(invalid) => Err(INVALID_CHARACTER),
        text => Ok(text.to_owned()),
    }
}

/// Parses the value of the user's own tag.
///
/// # Errors
/// Why AWS does not accept it.
pub fn parse_tag_value(text: &str) -> Result<String, &'static str> {
    match text {
        long if long.chars().count() > MAX_VALUE_CHARS => Err("a tag value has at most 256 characters"),
        invalid if !has_tag_characters(invalid) => Err(INVALID_CHARACTER),
        text => Ok(text.to_owned()),
    }
}

/// The default of `WAIT_LIMIT_HOURS`.
pub const DEFAULT_WAIT_LIMIT_HOURS: u32 = 24;

/// Parses how many hours Draco waits for a copy. A Step Functions execution lasts at most a year.
///
/// # Errors
/// If it is not a number of hours: expected 1 to 8760.
pub fn parse_wait_limit(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(hours @ 1..=8760) => Ok(hours),
        _ => Err(format!("{text:?} is not a number of hours: expected 1 to 8760")),
    }
}

const INVALID_CHARACTER: &str = "tags can contain only letters, digits, spaces and _.:/=+-@";

/// Whether AWS allows these characters in tags.
fn has_tag_characters(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

/// A parser for ARNs of this service.
pub fn parse_arn_of(service: &str) -> impl Fn(&str) -> Result<String, String> {
    move |text| {
        let is_valid = match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", "aws", of, region, account, resource] => {
                of == service
                    && region.parse::<Region>().is_ok()
                    && account.parse::<AccountId>().is_ok()
                    && !resource.is_empty()
            }
            _ => false,
        };
        let expected = || format!("{} is not a valid ARN: expected arn:aws:{service}:REGION:ACCOUNT:…", quoted(text));
        if is_valid { Ok(text.to_owned()) } else { Err(expected()) }
    }
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid configuration: {}", self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}
