//! Parsers for the values of keys. An error says what was expected.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::Ipv4Addr;
use std::str::FromStr;

use protocol::{AccountId, Region, SourceTags};
use retention::Rules;

use crate::document;

/// Stricter than the functions, which read every value but `no`, `false` and `0` as yes, so that typing errors are found.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("expected yes or no, found {text:?}")),
    }
}

pub(crate) fn number<T: FromStr + PartialOrd + Display>(text: &str, least: T, most: T) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| format!("expected a number from {least} to {most}, found {text:?}"))
}

/// The template has the same limit.
pub(crate) fn source_tags(text: &str) -> Result<SourceTags, String> {
    const MAX_CHARS: usize = 500;
    let read = SourceTags::parse(text)?;
    let chars = read.to_string().chars().count();
    if chars > MAX_CHARS {
        return Err(format!("the list has {chars} characters, and there is space for {MAX_CHARS}"));
    }
    Ok(read)
}

/// Databases as `ACCOUNT/DATABASE` or `ACCOUNT/REGION/DATABASE`, separated by commas or spaces. RDS stores identifiers in
/// lower case.
pub(crate) fn retired(text: &str) -> Result<Vec<String>, String> {
    let databases = text.split([',', ' ']).filter(|database| !database.is_empty());
    databases.map(|database| retired_database(&database.to_lowercase())).collect()
}

fn retired_database(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let is_database = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let fits = match parts[..] {
        [account, database] => account.parse::<AccountId>().is_ok() && is_database(database),
        [account, region, database] => {
            account.parse::<AccountId>().is_ok() && region.parse::<Region>().is_ok() && is_database(database)
        }
        _ => false,
    };
    let expected = || format!("{text:?} is not a database: expected ACCOUNT/DATABASE, like 111111111111/orders");
    fits.then(|| text.to_owned()).ok_or_else(expected)
}

/// The retention periods of CloudWatch Logs (`PutRetentionPolicy`).
const LOG_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(crate) fn log_days(text: &str) -> Result<u32, String> {
    let days = number(text, 1, LOG_DAYS[LOG_DAYS.len() - 1])?;
    let expected = || {
        let days = LOG_DAYS.map(|days| days.to_string());
        format!("expected a retention period of CloudWatch Logs: one of {} days", days.join(", "))
    };
    LOG_DAYS.into_iter().find(|known| *known == days).ok_or_else(expected)
}

pub(crate) fn floor(text: &str) -> Result<Rules, String> {
    serde_yaml::from_str::<Rules>(text).map_err(|error| document::message(&error))
}

pub(crate) fn profile(text: &str) -> Result<String, String> {
    let is_profile = !text.chars().any(|c| c.is_control() || c == '[' || c == ']');
    is_profile.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is not the name of an AWS profile"))
}

/// S3's rules for general purpose buckets, without the reserved prefixes and suffixes.
pub(crate) fn bucket(text: &str) -> Result<String, String> {
    let is_end = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_bucket = (3..=63).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'.' || c == b'-')
        && is_end(text.bytes().next())
        && is_end(text.bytes().last())
        && !text.contains("..");
    let rules = "3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends";
    is_bucket.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is not a bucket name: expected {rules}"))
}

pub(crate) fn address(text: &str) -> Result<String, String> {
    let is_address = match text.split_once('@') {
        Some((user, host)) => {
            !user.is_empty() && host.contains('.') && !host.contains('@') && !text.contains(char::is_whitespace)
        }
        None => false,
    };
    let expected = || format!("{text:?} is not an e-mail address: expected one like dr-team@example.com");
    is_address.then(|| text.to_owned()).ok_or_else(expected)
}

/// AWS accepts networks of 16 addresses and more; two subnets with databases and the checker need 64.
pub(crate) fn network(text: &str) -> Result<String, String> {
    let (address, bits) = text.split_once('/').unwrap_or_default();
    let is_network = address.parse::<Ipv4Addr>().is_ok_and(|address| {
        bits.parse::<u32>().is_ok_and(|bits| (16..=26).contains(&bits) && address.to_bits() << bits == 0)
    });
    let expected = || format!("expected a network of 64 to 65536 addresses, like 10.255.255.0/24, found {text:?}");
    is_network.then(|| text.to_owned()).ok_or_else(expected)
}

pub(crate) fn class(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let is_part = |part: &&str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    match matches!(parts[..], ["db", _, _]) && parts.iter().all(is_part) {
        true => Ok(text.to_lowercase()),
        false => Err(format!("{text:?} is not a class of a database: expected one like db.t4g.medium")),
    }
}

/// A database with checks: its identifier, or `ACCOUNT/IDENTIFIER`. RDS stores identifiers in lower case.
pub(crate) fn checked_database(text: &str) -> Result<String, String> {
    let (account, id) = text.split_once('/').map_or((None, text), |(account, id)| (Some(account), id));
    let is_id = id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.len() <= 63
        && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    match is_id && account.is_none_or(|account| account.parse::<AccountId>().is_ok()) {
        true => Ok(text.to_lowercase()),
        false => {
            Err(format!("{text:?} is not a database: expected its identifier, like orders, or 111111111111/orders"))
        }
    }
}

/// Regions, separated by commas or spaces.
pub(crate) fn regions(text: &str) -> Result<Vec<Region>, String> {
    let regions = text.split([',', ' ']).filter(|region| !region.is_empty());
    let regions: BTreeSet<Region> =
        regions.map(str::parse).collect::<Result<_, _>>().map_err(|why| format!("{why}"))?;
    Ok(regions.into_iter().collect())
}
