//! The bill: what happened so far would have cost so much.
//!
//! [`Meter`] adds up what happens (invocations, transitions, requests) and what is there over time (keys, storage).
//! Quantities are added as integers and become dollars once, at the end, so nothing drifts. Free tiers, taxes and what
//! this world does not have (databases, transfer between regions) are left out.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::call::Service;
use crate::journal::{DeliveryOutcome, Event, InvocationOutcome};
use crate::world::World;

/// The region that the prices are of.
pub const REGION: &str = "us-east-1";
/// When they were looked up.
pub const AS_OF: &str = "2026-11-21";

/// What is paid for: its name, the unit of its quantity, dollars for so many units.
const PRICES: [(BillItem, &str, &str, f64, f64); 8] = [
    (BillItem::LambdaTime, "Lambda arm64", "GB-second", 0.000_013_333_4, 1.0),
    (BillItem::LambdaRequests, "Lambda requests", "request", 0.20, 1_000_000.0),
    (BillItem::Transitions, "Step Functions", "transition", 25.00, 1_000_000.0),
    (BillItem::Publishes, "SNS publishes", "publish", 0.50, 1_000_000.0),
    (BillItem::SqsRequests, "SQS requests", "request", 0.40, 1_000_000.0),
    (BillItem::Keys, "KMS keys", "key-month", 1.00, 1.0),
    (BillItem::KmsRequests, "KMS requests", "request", 0.03, 10_000.0),
    (BillItem::Storage, "RDS snapshot storage", "GiB-month", 0.095, 1.0),
];

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BillItem {
    LambdaTime,
    LambdaRequests,
    Transitions,
    /// A message published, by whomever: one for each 64 KiB that it has begun.
    Publishes,
    SqsRequests,
    /// A customer-managed key, as long as it is there.
    Keys,
    KmsRequests,
    /// A snapshot, as long as it is there, by its MiB.
    Storage,
}

/// What everything so far would have cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// The region that the prices are of.
    pub region: &'static str,
    /// When they were looked up.
    pub as_of: &'static str,
    /// One for each price.
    pub lines: Vec<Line>,
    /// The sum, in dollars.
    pub total: f64,
}

/// What one thing costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What is paid for.
    pub item: &'static str,
    /// How much of it there was.
    pub quantity: f64,
    /// The unit of the quantity.
    pub unit: &'static str,
    /// Dollars, as published.
    pub price: f64,
    /// The number of units that they are for.
    pub per: f64,
    /// What the quantity costs.
    pub dollars: f64,
}

impl World {
    /// What everything so far would have cost.
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

/// A month of 730 hours: a year has exactly twelve.
const MONTH_MILLISECONDS: f64 = 730.0 * 60.0 * 60.0 * 1000.0;

impl BillItem {
    /// How many of the integers that are added up are one unit of the price.
    fn per_unit(self) -> f64 {
        match self {
            // MiB-milliseconds
            Self::LambdaTime => 1024.0 * 1000.0,
            // key-milliseconds
            Self::Keys => MONTH_MILLISECONDS,
            // MiB-milliseconds
            Self::Storage => 1024.0 * MONTH_MILLISECONDS,
            Self::LambdaRequests | Self::Transitions | Self::Publishes | Self::SqsRequests | Self::KmsRequests => 1.0,
        }
    }
}

/// What is there and since when, and how much there was so far of everything.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// By what it is and its ARN: since when, and how much.
    active: BTreeMap<(BillItem, String), (DateTime<Utc>, u64)>,
    /// Of what is paid for over time, without what is still there.
    used: BTreeMap<BillItem, u128>,
}

impl Meter {
    /// From now on there is so much of it. Said again, the new amount replaces the old.
    pub(crate) fn start(&mut self, now: DateTime<Utc>, item: BillItem, arn: &str, amount: u64) {
        self.stop(now, item, arn);
        self.active.insert((item, arn.to_owned()), (now, amount));
    }

    /// It is gone, or no longer paid for.
    pub(crate) fn stop(&mut self, now: DateTime<Utc>, item: BillItem, arn: &str) {
        if let Some((since, amount)) = self.active.remove(&(item, arn.to_owned())) {
            self.add(item, amount_milliseconds(since, now, amount));
        }
    }

    pub(crate) fn add(&mut self, item: BillItem, amount: u128) {
        *self.used.entry(item).or_default() += amount;
    }

    /// Adds what it costs that this happened.
    pub(crate) fn count(&mut self, event: &Event) {
        match event {
            // What did not run is not paid for.
            Event::Invocation { outcome: InvocationOutcome::Throttled | InvocationOutcome::Lost, .. } => {}
            Event::Invocation { duration_ms, memory_mib, .. } => {
                self.add(BillItem::LambdaRequests, 1);
                self.add(
                    BillItem::LambdaTime,
                    u128::try_from(*duration_ms).unwrap_or_default() * u128::from(*memory_mib),
                );
            }
            Event::Transition { .. } => self.add(BillItem::Transitions, 1),
            // Requests are paid for whether they succeed or not.
            Event::Call { service: Service::Kms, .. } => self.add(BillItem::KmsRequests, 1),
            Event::Call { service: Service::Sqs, .. } => self.add(BillItem::SqsRequests, 1),
            Event::Call { .. } | Event::LogDenied { .. } => {}
            // What AWS sends by itself is a request to a queue; to a function it comes for nothing.
            Event::Delivery { to, outcome, .. } | Event::DeadLetter { to, outcome, .. } => {
                let is_request = *outcome == DeliveryOutcome::Delivered && to.starts_with("arn:aws:sqs:");
                self.add(BillItem::SqsRequests, u128::from(is_request));
            }
        }
    }

    /// How much there was until now; of what is paid for over time, amounts times milliseconds.
    fn used(&self, item: BillItem, now: DateTime<Utc>) -> u128 {
        let active = self.active.iter().filter(|((kind, _), _)| *kind == item);
        let active: u128 = active.map(|(_, (since, amount))| amount_milliseconds(*since, now, *amount)).sum();
        active + self.used.get(&item).copied().unwrap_or_default()
    }
}

fn amount_milliseconds(since: DateTime<Utc>, until: DateTime<Utc>, amount: u64) -> u128 {
    u128::try_from((until - since).num_milliseconds()).unwrap_or_default() * u128::from(amount)
}

/// A table that a person can read, and check.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>16} {:<11}{:>13} {:<10}{:>12}", "", "quantity", "", "$", "for", "$")?;
        for Line { item, quantity, unit, price, per, dollars } in &self.lines {
            writeln!(f, "{item:<22}{quantity:>16.3} {unit:<11}{price:>13} {per:<10}{dollars:>12.6}")?;
        }
        writeln!(f, "{:<22}{:>64.6}", "total", self.total)?;
        write!(f, "At the prices of {} in {}, without free tiers.", self.as_of, self.region)
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
    fn a_key_costs_a_dollar_a_month_while_it_is_there() {
        let mut meter = Meter::default();
        meter.start(hour(0), BillItem::Keys, "a", 1);
        meter.start(hour(0), BillItem::Keys, "b", 1);
        meter.stop(hour(73), BillItem::Keys, "b");
        assert_eq!(dollars(&meter, hour(8760)), [("KMS keys", 12.1)]);
        meter.stop(hour(730), BillItem::Keys, "unknown");
        assert_eq!(dollars(&meter, hour(0)), [("KMS keys", 0.1)], "a key that starts now costs nothing yet");
    }

    #[test]
    fn storage_is_paid_by_size_and_time_and_a_new_size_replaces_the_old() {
        let mut meter = Meter::default();
        meter.start(hour(0), BillItem::Storage, "a", 100 * 1024);
        meter.start(hour(365), BillItem::Storage, "a", 300 * 1024);
        meter.stop(hour(730), BillItem::Storage, "a");
        assert_eq!(dollars(&meter, hour(9999)), [("RDS snapshot storage", 200.0 * 0.095)]);
    }

    #[test]
    fn a_million_small_amounts_do_not_drift() {
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
