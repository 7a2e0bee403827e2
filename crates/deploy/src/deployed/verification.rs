//! What was verified: by the tags of the copies, and by the verifier's index of the databases whose verified copies are gone.

use anyhow::Context as _;
use checks::Conclusion;
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use protocol::DatabaseArn;
use serde::Serialize;
use verifier::copies::Copies;
use verifier::record::{INDEX, Index, Seen};

use crate::deployed::snapshots;
use crate::{Account, verification};

/// The last verdicts on the databases that have copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How many databases have copies that can be verified.
    pub databases: usize,
    /// How many of the others were verified within `UNVERIFIED_DAYS`, and their newest verified copy is good.
    pub verified: usize,
    /// The databases whose newest verified copy is not good.
    pub failed: Vec<DatabaseArn>,
    /// The databases of which no copy was verified within `UNVERIFIED_DAYS`.
    pub unverified: Vec<DatabaseArn>,
    /// When the last verification ended.
    pub last: Option<DateTime<Utc>>,
    /// The longest time from a request to a database that accepts connections, among the last verifications.
    pub longest_restore_seconds: Option<i64>,
}

impl Verification {
    /// Reads the copies and the index.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account, config: &Config, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let bucket = verification::bucket(&account.place);
        let index = account.cloud().read_object(&bucket, INDEX).await?;
        let index = index.map(|index| serde_json::from_slice(&index.content)).transpose();
        let index: Option<Index> = index.with_context(|| format!("s3://{bucket}/{INDEX} cannot be read"))?;
        let sources = config.source_accts.iter().cloned().collect();
        let mut copies = Copies::new(index.unwrap_or_default(), &sources, now);
        snapshots(account).await?.iter().for_each(|snapshot| copies.add(snapshot));
        let seen = copies.databases().into_iter().map(|database| (database.arn, database.seen)).collect();
        Ok(Self::of(seen, TimeDelta::days(config.unverified_days.into()), now))
    }

    fn of(seen: Vec<(DatabaseArn, Seen)>, limit: TimeDelta, now: DateTime<Utc>) -> Self {
        let mut all = Self { databases: seen.len(), ..Self::default() };
        for (database, seen) in seen {
            let last = seen.last.as_ref();
            all.last = all.last.max(seen.attempted);
            let restored = last.and_then(|last| last.restored).map(|restored| restored.num_seconds());
            all.longest_restore_seconds = all.longest_restore_seconds.max(restored);
            let is_recent = seen.verified.is_some_and(|verified| now - verified <= limit);
            match seen.newest.as_ref().map(|known| known.verdict.conclusion) {
                Some(Conclusion::Failed) => all.failed.push(database),
                _ if is_recent => all.verified += 1,
                _ => all.unverified.push(database),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_copy_counts_as_failed_and_an_old_verdict_as_none() {
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let of = |name: &str, tags: &[&str]| {
            let mut seen = Seen::new(now - TimeDelta::days(60));
            // The sources were taken a day apart, in this order.
            let mut taken = now - TimeDelta::days(30);
            for tag in tags {
                taken += if tag.contains("of-an-older-copy") { -TimeDelta::days(10) } else { TimeDelta::days(1) };
                seen.add(taken, tag.parse().unwrap());
            }
            (format!("arn:aws:rds:eu-west-1:111111111111:db:{name}").parse::<DatabaseArn>().unwrap(), seen)
        };
        let all = Verification::of(
            vec![
                of("good", &["2026-11-20T00:00:00Z verified available read restored:1830s"]),
                of("old", &["2026-10-20T00:00:00Z verified available read restored:30s"]),
                of("bad", &["2026-11-19T00:00:00Z verified available", "2026-11-21T00:00:00Z failed available"]),
                of("unreachable", &["2026-11-18T00:00:00Z verified", "2026-11-21T10:00:00Z not-verified"]),
                of("new", &[]),
                // Neither a later verification that finds out nothing nor an older copy that is good makes it good.
                of("still-bad", &["2026-11-19T00:00:00Z failed available", "2026-11-21T00:00:00Z not-verified"]),
                of(
                    "older",
                    &["2026-11-19T00:00:00Z failed available", "2026-11-21T00:00:00Z verified of-an-older-copy"],
                ),
            ],
            TimeDelta::days(14),
            now,
        );
        let ids = |all: &[DatabaseArn]| all.iter().map(|arn| arn.id().to_owned()).collect::<Vec<_>>();
        assert_eq!((all.databases, all.verified, all.longest_restore_seconds), (7, 2, Some(1830)));
        assert_eq!(ids(&all.failed), ["bad", "still-bad", "older"]);
        assert_eq!(ids(&all.unverified), ["old", "new"]);
        assert_eq!(all.last, Some("2026-11-21T10:00:00Z".parse().unwrap()));
    }
}
