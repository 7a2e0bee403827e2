//! Settings, read from the environment once, at start. Everything that is missing or wrong is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use crate::place::{AccountId, NotAPlace, Region};
use crate::seen::quoted;
use crate::tags::{self, LONGEST_KEY, LONGEST_VALUE, Tags};

/// The environment, while it is read.
pub struct Settings<'e> {
    environment: &'e BTreeMap<String, String>,
    problems: Vec<String>,
}

/// What is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl<'e> Settings<'e> {
    /// Begins to read.
    #[must_use]
    pub fn new(environment: &'e BTreeMap<String, String>) -> Self {
        Self { environment, problems: Vec::new() }
    }

    /// A variable that may be missing. An empty one is missing: templates cannot leave one out.
    pub fn optional<T, E: Display>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        read(text).map_err(|why| self.problems.push(format!("{name}: {why}"))).ok()
    }

    /// A variable that has to be there. `None` means that there is a problem, which [`Settings::done`] tells.
    pub fn required<T, E: Display>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.environment.get(name).is_none_or(|text| text.trim().is_empty()) {
            self.problems.push(format!("{name} is missing: {what}"));
            return None;
        }
        self.optional(name, read)
    }

    /// A switch: on if it is set to anything but `0`, `false` or `no`.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        let value = self.environment.get(name).map(|text| text.trim().to_lowercase()).unwrap_or_default();
        !matches!(value.as_str(), "" | "0" | "false" | "no")
    }

    /// The user's own tag for everything that Draco makes: `TAG_KEY` and `TAG_VALUE`, which may be
    /// empty. What AWS would refuse is told here, or no copy could be made.
    pub fn own_tag(&mut self) -> Tags {
        let key = self.optional("TAG_KEY", tag_key);
        let value = self.optional("TAG_VALUE", tag_value);
        let is_set = |name| self.environment.get(name).is_some_and(|text: &String| !text.trim().is_empty());
        if is_set("TAG_VALUE") && !is_set("TAG_KEY") {
            self.problem("TAG_VALUE is set and TAG_KEY is not");
        }
        key.map(|key| (key, value.unwrap_or_default())).into_iter().collect()
    }

    /// Something that is wrong with several together.
    pub fn problem(&mut self, what: impl Into<String>) {
        self.problems.push(what.into());
    }

    /// What was read, if nothing was missing or wrong.
    ///
    /// # Errors
    /// All that was.
    pub fn done<T>(self, read: Option<T>) -> Result<T, Problems> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(Problems(self.problems)),
        }
    }
}

/// Accounts, separated by commas or spaces.
///
/// # Errors
/// What is no account.
pub fn accounts(text: &str) -> Result<BTreeSet<AccountId>, NotAPlace> {
    text.split([',', ' ']).filter(|account| !account.is_empty()).map(str::parse).collect()
}

/// The key of the user's own tag.
///
/// # Errors
/// Why AWS or Draco does not have it.
pub fn tag_key(text: &str) -> Result<String, &'static str> {
    match text {
        reserved if tags::is_reserved(reserved) => Err("keys that begin with aws: or rds: are AWS's own"),
        ours if ours.starts_with("Draco_") => Err("keys that begin with Draco_ are Draco's own"),
        long if long.chars().count() > LONGEST_KEY => Err("AWS has no keys of more than 128 characters"),
        odd if !is_of_tags(odd) => Err(ODD),
        text => Ok(text.to_owned()),
    }
}

/// The value of the user's own tag.
///
/// # Errors
/// Why AWS does not have it.
pub fn tag_value(text: &str) -> Result<String, &'static str> {
    match text {
        long if long.chars().count() > LONGEST_VALUE => Err("AWS has no values of more than 256 characters"),
        odd if !is_of_tags(odd) => Err(ODD),
        text => Ok(text.to_owned()),
    }
}

/// For how many hours a copy is waited for, unless something else is said.
pub const USUAL_WAIT_LIMIT: u32 = 24;

/// For how many hours a copy is waited for. A Step Functions execution lasts up to a year.
///
/// # Errors
/// If it is no such number.
pub fn wait_limit(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(hours @ 1..=8760) => Ok(hours),
        _ => Err(format!("{text:?} is not a number of hours from 1 to 8760")),
    }
}

const ODD: &str = "tags have letters, digits, spaces and _.:/=+-@ only";

/// Whether AWS has such characters in tags.
fn is_of_tags(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

/// Reads an ARN of this service.
pub fn arn_of(service: &str) -> impl Fn(&str) -> Result<String, String> {
    move |text| {
        let is_one = match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", "aws", of, region, account, resource] => {
                of == service
                    && region.parse::<Region>().is_ok()
                    && account.parse::<AccountId>().is_ok()
                    && !resource.is_empty()
            }
            _ => false,
        };
        let expected = || format!("{} is not like arn:aws:{service}:REGION:ACCOUNT:…", quoted(text));
        if is_one { Ok(text.to_owned()) } else { Err(expected()) }
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not complete: {}", self.0.join("; "))
    }
}

impl std::error::Error for Problems {}
