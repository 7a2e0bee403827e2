//! Throttling: how many calls a service takes from one account in one region. AWS has such limits for every service, and
//! publishes few of them; it fills a bucket with so many tokens a second, and each call takes one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::call::{Call, Service};

/// The buckets of those who have called.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: BTreeMap<(String, String, Service), Bucket>,
}

/// In thousandths of a token.
#[derive(Debug)]
struct Bucket {
    tokens: i64,
    filled_at: DateTime<Utc>,
}

/// A bucket holds what comes in so many seconds: short bursts are let through.
const BURST_SECONDS: i64 = 2;

impl Throttle {
    /// Whether this call is one too many.
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
