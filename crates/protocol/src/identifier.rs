//! Identifiers of transit copies and copies: a pure function of the source's identifier and the time it was taken.
//!
//! ```text
//! source                                    transit                                copy in DR
//! rds:orders-2026-11-21-03-05               draco-rds-orders-2026-11-21-03-05      draco-111111111111-rds-orders-2026-11-21-03-05
//! before-migration, taken 21 Nov 14:03:59   draco-before-migration-20261121t140359 draco-111111111111-before-migration-20261121t140359
//! rds:a-cluster-with-a-very-long-name-…     draco-rds-a-cluster-with-a-v…-x0123456789abcdef
//! ```
//!
//! The name of a copy in another region than its source begins with that of the source's region, such as
//! `draco-eu-west-1-111111111111-rds-orders-2026-11-21-03-05`: two regions of an account can have snapshots with the same
//! identifier and time. A region code begins with a letter, so no such name is one of a copy in the source's region.
//!
//! A manual snapshot can be deleted and its name reused, so the time is part of the name. The name of an automated snapshot
//! already contains its time, to the minute. A name that would be ambiguous or that AWS would reject ends in a hash instead.
//! Names without a hash can be converted back to the source's identifier, and none of them looks like a name with a hash, so
//! no two sources share a name. A transit copy never has the name of a copy.
//!
//! The consumer cannot delete a failed copy, so it never uses a failed copy's name again: further attempts have names with
//! another hash each ([`Attempt`]).

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::arn::SnapshotArn;
use crate::place::Region;

/// The prefix of the identifiers of Draco's snapshots.
pub const PREFIX: &str = "draco-";

/// The maximum length of a name. RDS allows 255 characters for instance snapshots, but the ARN has to fit into a tag value
/// ([`MAX_VALUE_CHARS`](crate::tags::MAX_VALUE_CHARS)), and the part of it before the name has about 50.
const MAX_CHARS: usize = 200;

/// Prefixes of snapshots that AWS named, and their replacements.
const AUTOMATED: [(&str, &str); 2] = [("rds:", "rds-"), ("awsbackup:", "awsbackup-")];

/// A name with a hash ends in `-x` and this many hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// An attempt to copy a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(u8);

impl Attempt {
    /// The first attempt. Almost always it is the only one.
    pub const FIRST: Self = Self(0);
    /// All attempts.
    pub const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];

    /// The attempt after this one, if it is not the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|next| *next > self)
    }

    /// The number of the attempt, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0 + 1
    }
}

/// The identifier with this prefix.
pub(crate) fn name(prefix: &str, source: &SnapshotArn, taken: DateTime<Utc>, attempt: Attempt) -> String {
    let max_chars = source.kind.max_identifier_chars().min(MAX_CHARS).saturating_sub(prefix.len());
    let is_free = |plain: &str| prefix != PREFIX || !has_place(plain, &source.place.region);
    match plain(source.id(), taken) {
        Some(plain) if plain.len() <= max_chars && attempt == Attempt::FIRST && is_free(&plain) => {
            format!("{prefix}{plain}")
        }
        _ => hashed(prefix, source, taken, attempt, max_chars),
    }
}

/// The name without a hash, if it is valid and can be converted back.
fn plain(id: &str, taken: DateTime<Utc>) -> Option<String> {
    let automated = AUTOMATED.iter().find_map(|(prefix, ours)| Some(format!("{ours}{}", id.strip_prefix(prefix)?)));
    let (name, ends_in_time) = match automated {
        Some(name) => (name, false),
        None => (format!("{id}-{}", taken.format("%Y%m%dt%H%M%S")), true),
    };
    let is_reversible = has_time(&name) == ends_in_time && !looks_hashed(&name) && !has_account(&name);
    (is_valid(&name) && is_reversible).then_some(name)
}

fn hashed(prefix: &str, source: &SnapshotArn, taken: DateTime<Utc>, attempt: Attempt, max_chars: usize) -> String {
    let seconds = taken.timestamp();
    let digest = match attempt {
        Attempt::FIRST => Sha256::digest(format!("{prefix} {source} {seconds}")),
        Attempt(nth) => Sha256::digest(format!("{prefix} {source} {seconds} {nth}")),
    };
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..HASH_DIGITS].to_owned();
    let words = source.id().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let readable: String = words.collect::<Vec<_>>().join("-").chars().take(max_chars - HASH_DIGITS - 2).collect();
    match readable.trim_end_matches('-') {
        "" => format!("{prefix}x{hash}"),
        readable => format!("{prefix}{readable}-x{hash}"),
    }
}

/// By AWS's rules for identifiers of manual snapshots. The prefix supplies the first letter.
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

/// `111111111111-…`: with it, a transit copy could have the name of a copy.
fn has_account(name: &str) -> bool {
    name.split('-').next().is_some_and(is_account)
}

/// `eu-west-1-111111111111-…`, with another region than the source's: with it, a transit copy could have the name of a copy from
/// that region. Copies from its own region have no region in their names.
fn has_place(name: &str, of_source: &Region) -> bool {
    let Some(account) = name.split('-').position(is_account).filter(|nth| *nth > 0) else { return false };
    let region: String = name.split('-').take(account).collect::<Vec<_>>().join("-");
    region.parse::<Region>().is_ok_and(|region| region != *of_source)
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}
