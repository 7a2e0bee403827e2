//! The bill: the cost of the usage so far at AWS's published prices.
//!
//! [`Meter`] counts events (invocations, transitions, requests) and amounts over time (keys, secrets, storage). Quantities are
//! integers and are converted to dollars once, at the end, so that rounding errors do not add up. Not included: free
//! tiers, taxes, and usage that is not simulated (databases, other transfer than that of snapshots).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::call::Service;
use crate::journal::{DeliveryOutcome, Event, InvocationOutcome};
use crate::regions::UNREACHABLE;
use crate::world::World;

/// The region of the prices.
pub const REGION: &str = "us-east-1";
/// The date of the prices.
pub const AS_OF: &str = "2026-11-21";

/// Item, name, unit, price in dollars, and the number of units for that price.
const PRICES: [(BillItem, &str, &str, f64, f64); 13] = [
    (BillItem::LambdaTime, "Lambda arm64", "GB-second", 0.000_013_333_4, 1.0),
    (BillItem::LambdaRequests, "Lambda requests", "request", 0.20, 1_000_000.0),
    (BillItem::Transitions, "Step Functions", "transition", 25.00, 1_000_000.0),
    (BillItem::Publishes, "SNS publishes", "publish", 0.50, 1_000_000.0),
    (BillItem::SqsRequests, "SQS requests", "request", 0.40, 1_000_000.0),
    (BillItem::Keys, "KMS keys", "key-month", 1.00, 1.0),
    (BillItem::KmsRequests, "KMS requests", "request", 0.03, 10_000.0),
    (BillItem::Secrets, "Secrets", "month", 0.40, 1.0),
    (BillItem::SecretRequests, "Secrets requests", "request", 0.05, 10_000.0),
    (BillItem::S3Writes, "S3 writes and lists", "request", 5.00, 1_000_000.0),
    (BillItem::S3Reads, "S3 reads", "request", 0.40, 1_000_000.0),
    (BillItem::Storage, "RDS snapshot storage", "GiB-month", 0.095, 1.0),
    // From us-east-1 to another region, except us-east-2 (0.01).
    (BillItem::Transfer, "RDS snapshot transfer", "GiB", 0.02, 1.0),
];

/// An item on the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BillItem {
    LambdaTime,
    LambdaRequests,
    Transitions,
    /// Messages published to SNS, one for each started chunk of 64 KiB.
    Publishes,
    SqsRequests,
    /// Customer managed keys, by the time that they exist.
    Keys,
    KmsRequests,
    /// Secrets, by the time that they exist.
    Secrets,
    SecretRequests,
    /// "PUT, COPY, POST, LIST requests", "GET, SELECT, and all other requests" (S3 pricing). The storage of small objects is not
    /// counted.
    S3Writes,
    S3Reads,
    /// Snapshots, by MiB and the time that they exist.
    Storage,
    /// Snapshots that were copied to another region, in MiB.
    Transfer,
}

/// The cost of the usage so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// The region of the prices.
    pub region: &'static str,
    /// The date of the prices.
    pub as_of: &'static str,
    /// The lines, one for each price.
    pub lines: Vec<Line>,
    /// The sum, in dollars.
    pub total: f64,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The name of the item.
    pub item: &'static str,
    /// The quantity used.
    pub quantity: f64,
    /// The unit of the quantity.
    pub unit: &'static str,
    /// The published price in dollars.
    pub price: f64,
    /// The number of units for that price.
    pub per: f64,
    /// The cost of the quantity, in dollars.
    pub dollars: f64,
}

impl World {
    /// The cost of the usage so far.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.change(|state| Bill::of(&state.meter, state.now))
    }
}

impl Bill {
    fn of(meter: &Meter, now: DateTime<Utc>) -> Self {
        let lines: Vec<_> = PRICES
            .into_iter()
            .map(|(item, name, unit, price, per)| {
                let quantity = meter.used(item, now) as f64 / item.per_unit();
                Line { item: name, quantity, unit, price, per, dollars: quantity * price / per }
            })
            .collect();
        let total = lines.iter().map(|line| line.dollars).sum();
        Self { region: REGION, as_of: AS_OF, lines, total }
    }
}

/// A month of 730 hours, a twelfth of 365 days.
const MONTH_MILLISECONDS: f64 = 730.0 * 60.0 * 60.0 * 1000.0;

impl BillItem {
    /// The number of metered integers in one unit of the price.
    fn per_unit(self) -> f64 {
        match self {
            // MiB-milliseconds
            Self::LambdaTime => 1024.0 * 1000.0,
            // key-milliseconds
            Self::Keys | Self::Secrets => MONTH_MILLISECONDS,
            // MiB-milliseconds
            Self::Storage => 1024.0 * MONTH_MILLISECONDS,
            // MiB
            Self::Transfer => 1024.0,
            Self::LambdaRequests
            | Self::Transitions
            | Self::Publishes
            | Self::SqsRequests
            | Self::KmsRequests
            | Self::SecretRequests
            | Self::S3Writes
            | Self::S3Reads => 1.0,
        }
    }
}

/// Meters usage, as integers.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Items that are paid for over time and exist now, by item and ARN: start time and amount.
    active: BTreeMap<(BillItem, String), (DateTime<Utc>, u64)>,
    /// The usage so far, without the items in `active`.
    used: BTreeMap<BillItem, u128>,
}

impl Meter {
    /// Starts metering an amount of this item. A second call replaces the amount.
    pub(crate) fn start(&mut self, now: DateTime<Utc>, item: BillItem, arn: &str, amount: u64) {
        self.stop(now, item, arn);
        self.active.insert((item, arn.to_owned()), (now, amount));
    }

    /// Stops metering this item.
    pub(crate) fn stop(&mut self, now: DateTime<Utc>, item: BillItem, arn: &str) {
        if let Some((since, amount)) = self.active.remove(&(item, arn.to_owned())) {
            self.add(item, amount_milliseconds(since, now, amount));
        }
    }

    pub(crate) fn add(&mut self, item: BillItem, amount: u128) {
        *self.used.entry(item).or_default() += amount;
    }

    /// Adds the usage of an event.
    pub(crate) fn count(&mut self, event: &Event) {
        match event {
            // The function did not run.
            Event::Invocation { outcome: InvocationOutcome::Throttled | InvocationOutcome::Lost, .. } => {}
            Event::Invocation { duration_ms, memory_mib, .. } => {
                self.add(BillItem::LambdaRequests, 1);
                self.add(
                    BillItem::LambdaTime,
                    u128::try_from(*duration_ms).unwrap_or_default() * u128::from(*memory_mib),
                );
            }
            Event::Transition { .. } => self.add(BillItem::Transitions, 1),
            // Failed requests are charged too, but not those that did not reach AWS.
            Event::Call { error: Some(error), .. } if error == UNREACHABLE => {}
            Event::Call { service: Service::Kms, .. } => self.add(BillItem::KmsRequests, 1),
            Event::Call { service: Service::Secrets, .. } => self.add(BillItem::SecretRequests, 1),
            Event::Call { service: Service::S3, operation, .. } => match operation.as_str() {
                // "DELETE and CANCEL requests are free." (S3 pricing)
                "DeleteObject" => {}
                "CreateBucket" | "ListObjectsV2" | "PutObject" => self.add(BillItem::S3Writes, 1),
                _ => self.add(BillItem::S3Reads, 1),
            },
            Event::Call { service: Service::Sqs, .. } => self.add(BillItem::SqsRequests, 1),
            Event::Call { .. } | Event::LogDenied { .. } | Event::ServerFailed { .. } => {}
            // A delivery to a queue is charged as an SQS request. A delivery to a function is free.
            Event::Delivery { to, outcome, .. } | Event::DeadLetter { to, outcome, .. } => {
                let is_request = *outcome == DeliveryOutcome::Delivered && to.starts_with("arn:aws:sqs:");
                self.add(BillItem::SqsRequests, u128::from(is_request));
            }
        }
    }

    /// The usage until now. For items that are paid for over time: amount times milliseconds.
    fn used(&self, item: BillItem, now: DateTime<Utc>) -> u128 {
        let active = self.active.iter().filter(|((kind, _), _)| *kind == item);
        let active: u128 = active.map(|(_, (since, amount))| amount_milliseconds(*since, now, *amount)).sum();
        active + self.used.get(&item).copied().unwrap_or_default()
    }
}

fn amount_milliseconds(since: DateTime<Utc>, until: DateTime<Utc>, amount: u64) -> u128 {
    u128::try_from((until - since).num_milliseconds()).unwrap_or_default() * u128::from(amount)
}

/// The bill as a table.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<22}{:>16} {:<11}{:>13} {:<10}{:>12}",
            "", "quantity", "", "price in $", "per units", "cost in $"
        )?;
        for Line { item, quantity, unit, price, per, dollars } in &self.lines {
            writeln!(f, "{item:<22}{quantity:>16.3} {unit:<11}{price:>13} {per:<10}{dollars:>12.6}")?;
        }
        writeln!(f, "{:<22}{:>64.6}", "total", self.total)?;
        write!(f, "Prices of {} in {}, without free tiers.", self.as_of, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hours)
    }

    fn dollars(meter: &Meter, now: DateTime<Utc>) -> Vec<(&'static str, f64)> {
        let bill = Bill::of(meter, now);
        bill.lines.iter().filter(|line| line.dollars > 0.0).map(|line| (line.item, line.dollars)).collect()
    }

    #[test]
    fn a_key_costs_a_dollar_a_month_while_it_exists() {
        let mut meter = Meter::default();
        meter.start(hour(0), BillItem::Keys, "a", 1);
        meter.start(hour(0), BillItem::Keys, "b", 1);
        meter.stop(hour(73), BillItem::Keys, "b");
        assert_eq!(dollars(&meter, hour(8760)), [("KMS keys", 12.1)]);
        meter.stop(hour(730), BillItem::Keys, "unknown");
        assert_eq!(dollars(&meter, hour(0)), [("KMS keys", 0.1)], "a key that starts now costs nothing yet");
    }

    #[test]
    fn storage_is_billed_by_size_and_time_and_a_new_size_replaces_the_old() {
        let mut meter = Meter::default();
        meter.start(hour(0), BillItem::Storage, "a", 100 * 1024);
        meter.start(hour(365), BillItem::Storage, "a", 300 * 1024);
        meter.stop(hour(730), BillItem::Storage, "a");
        assert_eq!(dollars(&meter, hour(9999)), [("RDS snapshot storage", 200.0 * 0.095)]);
    }

    #[test]
    fn a_million_small_amounts_have_no_rounding_error() {
        let mut meter = Meter::default();
        for minute in 0..1_000_000 {
            let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minute);
            meter.start(now, BillItem::Storage, "a", 1);
            meter.add(BillItem::Publishes, 1);
        }
        meter.stop(DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(1_000_000), BillItem::Storage, "a");
        let months = 1_000_000.0 / 60.0 / 730.0;
        let whole = dollars(&meter, hour(0));
        assert_eq!(whole, [("SNS publishes", 0.5), ("RDS snapshot storage", months / 1024.0 * 0.095)]);
    }
}
