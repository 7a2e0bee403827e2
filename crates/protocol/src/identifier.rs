//! How transit copies and copies are called: a pure function of what the source is called and when it was taken.
//!
//! ```text
//! source                                    transit                                copy in DR
//! rds:orders-2026-11-21-03-05               draco-rds-orders-2026-11-21-03-05      draco-111111111111-rds-orders-2026-11-21-03-05
//! before-migration, taken 21 Nov 14:03:59   draco-before-migration-20261121t140359 draco-111111111111-before-migration-20261121t140359
//! rds:a-cluster-with-a-very-long-name-…     draco-rds-a-cluster-with-a-v…-x0123456789abcdef
//! ```
//!
//! A person may delete a manual snapshot and give its name to another one, so the time is part of the name; automated ones
//! bear theirs already, to the minute, in which RDS takes no second one. What such a name cannot tell apart, or what AWS
//! would refuse, ends in a hash of everything instead. Names that are not hashed can be read back, and none of them looks
//! like a hashed one, so no two sources share a name. Nor has a transit copy the name of a copy.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::arn::SnapshotArn;

/// What the names of Draco's own snapshots begin with.
pub const PREFIX: &str = "draco-";

/// Longer names are not given, though snapshots of instances may have 255 characters: the ARN has to fit into the value of
/// a tag ([`LONGEST_VALUE`](crate::tags::LONGEST_VALUE)), and what stands before the name has some 50.
const LONGEST: usize = 200;

/// What snapshots that people have not named begin with, and what it becomes.
const AUTOMATIC: [(&str, &str); 2] = [("rds:", "rds-"), ("awsbackup:", "awsbackup-")];

/// Of what is appended to a name that is not told in full: `-x` and sixteen hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// The name after a prefix, of at most so many characters with it.
pub(crate) fn name(prefix: &str, source: &SnapshotArn, taken: DateTime<Utc>) -> String {
    let longest = source.kind.longest_identifier().min(LONGEST).saturating_sub(prefix.len());
    match plain(source.id(), taken) {
        Some(plain) if plain.len() <= longest => format!("{prefix}{plain}"),
        _ => hashed(prefix, source, taken, longest),
    }
}

/// The whole identifier, if it can be read back.
fn plain(id: &str, taken: DateTime<Utc>) -> Option<String> {
    let automatic = AUTOMATIC.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", id.strip_prefix(theirs)?)));
    let (name, ends_in_time) = match automatic {
        Some(name) => (name, false),
        None => (format!("{id}-{}", taken.format("%Y%m%dt%H%M%S")), true),
    };
    let can_be_read_back = has_time(&name) == ends_in_time && !looks_hashed(&name) && !has_account(&name);
    (is_valid(&name) && can_be_read_back).then_some(name)
}

fn hashed(prefix: &str, source: &SnapshotArn, taken: DateTime<Utc>, longest: usize) -> String {
    let digest = Sha256::digest(format!("{prefix} {source} {}", taken.timestamp()));
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..HASH_DIGITS].to_owned();
    let words = source.id().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let readable: String = words.collect::<Vec<_>>().join("-").chars().take(longest - HASH_DIGITS - 2).collect();
    match readable.trim_end_matches('-') {
        "" => format!("{prefix}x{hash}"),
        readable => format!("{prefix}{readable}-x{hash}"),
    }
}

/// By AWS's rules for manual snapshots; a letter stands before it.
fn is_valid(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.contains("--")
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// `…-20261121t140359`
fn has_time(name: &str) -> bool {
    name.rsplit_once('-').and_then(|(_, time)| time.split_once('t')).is_some_and(|(date, time)| {
        (date.len(), time.len()) == (8, 6) && [date, time].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// `…-x0123456789abcdef`
fn looks_hashed(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or_default();
    last.strip_prefix('x').is_some_and(|hash| hash.len() == HASH_DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `111111111111-…`, with which a transit copy would be called like a copy.
fn has_account(name: &str) -> bool {
    let first = name.split('-').next().unwrap_or_default();
    first.len() == 12 && first.bytes().all(|b| b.is_ascii_digit())
}
