//! The time to plan unsorted hourly snapshots under `Standard`. One JSON line for each size.
//!
//! It includes [`retention::plan`] and reading every verdict with its reasons.

use std::hint::black_box;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use retention::Lifecycles;

const ROUNDS: usize = 21;

fn main() {
    let lifecycle = Lifecycles::built_in().named("Standard");
    for size in [10_000, 100_000, 1_000_000] {
        let taken: Vec<(String, DateTime<Utc>)> = shuffled(size)
            .map(|hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour))
            .map(|taken| (format!("rds:orders-{}", taken.format("%Y-%m-%d-%H-%M")), taken))
            .collect();
        let snapshots: Vec<(&str, DateTime<Utc>)> = taken.iter().map(|(id, taken)| (id.as_str(), *taken)).collect();

        let mut kept = 0;
        let mut milliseconds: Vec<f64> = (0..=ROUNDS)
            .map(|_| {
                let start = Instant::now();
                let plan = retention::plan(&lifecycle, black_box(&snapshots));
                kept = 0;
                for verdict in plan.verdicts() {
                    kept += usize::from(verdict.keep);
                    black_box(verdict.reasons().last());
                }
                start.elapsed().as_secs_f64() * 1e3
            })
            .skip(1) // The first run warms up.
            .collect();
        milliseconds.sort_by(f64::total_cmp);
        let (least, median) = (milliseconds[0], milliseconds[ROUNDS / 2]);
        println!(
            r#"{{"bench":"retention","lifecycle":"Standard","snapshots":{size},"kept":{kept},"rounds":{ROUNDS},"ms_min":{least:.2},"ms_median":{median:.2},"ns_per_snapshot":{:.1}}}"#,
            median * 1e6 / size as f64,
        );
    }
}

/// The numbers below `size`, shuffled (Fisher-Yates) with a fixed seed (xorshift).
fn shuffled(size: usize) -> impl Iterator<Item = i64> {
    let mut numbers: Vec<i64> = (0..size as i64).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for place in (1..size).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.swap(place, (state % (place as u64 + 1)) as usize);
    }
    numbers.into_iter()
}
