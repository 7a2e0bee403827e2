//! The notifications of the stacks' alarms, by the log lines of the functions and by the journal.

use chrono::{DateTime, Utc};
use protocol::Place;
use serde_json::Value;
use sim::alarms::Alarm;
use sim::journal::{DeliveryOutcome, Event, InvocationOutcome};

use crate::{Line, Rehearsal};

/// An alarm that went on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notification {
    /// When it went on.
    pub at: DateTime<Utc>,
    /// The name of the alarm.
    pub alarm: String,
}

impl Rehearsal {
    /// The notifications of all alarms of an account in a region since this time, oldest first. Log lines that were drained do not count.
    #[must_use]
    pub fn notifications(&self, place: &Place, since: DateTime<Utc>) -> Vec<Notification> {
        let now = self.world.now();
        let alarms = self.world.alarms(place.account.as_str(), place.region.as_str());
        let mut all: Vec<_> = alarms
            .iter()
            .flat_map(|alarm| {
                let data = self.data_points(place, alarm);
                let times = alarm.notifications(&data, since, now);
                times.into_iter().map(|at| Notification { at, alarm: alarm.name.clone() })
            })
            .collect();
        all.sort();
        all
    }

    /// The data points of an alarm's metric.
    fn data_points(&self, place: &Place, alarm: &Alarm) -> Vec<(DateTime<Utc>, f64)> {
        if alarm.namespace == "Draco" {
            let is_here = |line: &&Line| line.place == *place;
            let point = |line: &Line| Some((line.time()?, published(&line.json, alarm)?));
            return self.logs.read(|lines| lines.iter().filter(is_here).filter_map(point).collect());
        }
        self.world.journal(|journal| {
            let counted = journal.entries().iter().filter(|entry| counts(&entry.event, place, alarm));
            counted.map(|entry| (entry.at, 1.0)).collect()
        })
    }
}

/// The value that a log line publishes for the metric with exactly these dimensions (CloudWatch's embedded metric format).
fn published(line: &Value, alarm: &Alarm) -> Option<f64> {
    let has_dimensions = |names: &Value| {
        let names: Vec<_> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.len() == alarm.dimensions.len()
            && names.iter().all(|name| alarm.dimensions.get(*name).is_some_and(|value| line[*name] == **value))
    };
    let directives = line["_aws"]["CloudWatchMetrics"].as_array()?;
    let is_published = directives.iter().any(|directive| {
        let declares =
            directive["Metrics"].as_array().into_iter().flatten().any(|metric| metric["Name"] == *alarm.metric);
        declares && directive["Dimensions"].as_array().into_iter().flatten().any(has_dimensions)
    });
    is_published.then(|| line[&alarm.metric].as_f64()).flatten()
}

/// Whether an event counts for one of AWS's own metrics. Of the metrics that the templates use, `AsyncEventAge` is missing.
fn counts(event: &Event, place: &Place, alarm: &Alarm) -> bool {
    let is = |dimension: &str, value: &str| alarm.dimensions.get(dimension).is_some_and(|known| known == value);
    let here = format!(":{}:{}:", place.region, place.account);
    let is_place = |account: &str, region: &str| account == place.account.as_str() && region == place.region.as_str();
    let is_here = |dimension: &str, arn: &str| {
        let name = arn.split_once(&here).map(|(_, name)| name.trim_start_matches("function:"));
        name.is_some_and(|name| is(dimension, name))
    };
    match (alarm.metric.as_str(), event) {
        ("NumberOfMessagesSent", Event::DeadLetter { to, outcome: DeliveryOutcome::Delivered, .. }) => {
            is_here("QueueName", to)
        }
        ("DestinationDeliveryFailures", Event::DeadLetter { function, outcome, .. }) => {
            *outcome != DeliveryOutcome::Delivered && is_here("FunctionName", function)
        }
        (metric, Event::Invocation { account, region, function, outcome, .. }) => {
            metric == metric_of(*outcome) && is_place(account, region) && is("FunctionName", function)
        }
        ("ExecutionsFailed", Event::Transition { account, region, machine, state, .. }) => {
            let machine = place.arn("states", &format!("stateMachine:{machine}"));
            let has_failed = ["TimedOut", "Failed"].contains(&state.as_str());
            has_failed && is_place(account, region) && is("StateMachineArn", &machine)
        }
        _ => false,
    }
}

/// The metric that counts invocations with this outcome; empty if none does.
fn metric_of(outcome: InvocationOutcome) -> &'static str {
    match outcome {
        InvocationOutcome::Error | InvocationOutcome::Timeout | InvocationOutcome::Killed => "Errors",
        InvocationOutcome::Throttled => "Throttles",
        InvocationOutcome::Ok | InvocationOutcome::Lost => "",
    }
}
