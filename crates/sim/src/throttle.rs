//! Throttling: a rate limit for each service, account and region, as a token bucket. AWS has such limits for every
//! service but publishes few of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::call::{Call, Service};

/// The token buckets, by account, region and service.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: BTreeMap<(String, String, Service), Bucket>,
}

/// A token bucket. Tokens are counted in thousandths.
#[derive(Debug)]
struct Bucket {
    tokens: i64,
    filled_at: DateTime<Utc>,
}

/// A full bucket has the tokens of this many seconds, which allows short bursts.
const BURST_SECONDS: i64 = 2;

impl Throttle {
    /// Takes a token for this call. Returns whether the limit is exceeded.
    pub(crate) fn is_exceeded(&mut self, call: &Call, per_second: Option<u32>, now: DateTime<Utc>) -> bool {
        let Some(per_second) = per_second.map(i64::from) else { return false };
        let full = per_second * BURST_SECONDS * 1000;
        let key = (call.caller.account.clone(), call.region.clone(), call.service);
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: full, filled_at: now });
        let elapsed = (now - bucket.filled_at).num_milliseconds().min(BURST_SECONDS * 1000);
        bucket.tokens = (bucket.tokens + elapsed * per_second).min(full);
        bucket.filled_at = now;
        if bucket.tokens < 1000 {
            return true;
        }
        bucket.tokens -= 1000;
        false
    }
}
