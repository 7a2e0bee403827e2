//! The log: one line of JSON for each `tracing` event, for people and for CloudWatch.
//!
//! ```json
//! {"time":"2026-11-21T03:20:00.000Z","level":"INFO","function":"consumer","snapshot":"rds:orders-…","step":"copy_completed","copied":1,…}
//! ```
//!
//! Lines are flat objects. They include the fields of the enclosing spans. A field that is a metric (see `METRICS`) is also
//! written in CloudWatch's embedded metric format, so that a function publishes metrics by logging.
//!
//! Step names ([`step`]) and fields ([`FIELDS`]) are an interface: dashboards and queries depend on them.
//! `doc/operations.md` lists them, and a test compares the two.

use std::fmt;
use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::error::with_causes;

/// The steps of log lines: the kind of event that a line reports.
pub mod step {
    macro_rules! steps {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
            $($(#[$doc])* pub const $name: &str = $text;)*
            /// Every step.
            pub const ALL: &[&str] = &[$($text),*];
        };
    }

    steps! {
        /// The producer shared a transit copy with DR and announced it.
        ANNOUNCED = "announced";
        /// The consumer of DR's first region announced a finished copy to the second one.
        ANNOUNCED_ONWARD = "announced_onward";
        /// The producer asked DR which copies are missing.
        AUDIT_SENT = "audit_sent";
        /// A transit copy will probably run in the next backup window of its database.
        BACKUP_DELAYED = "backup_delayed";
        /// The verifier: the result of one of the user's checks.
        CHECKED = "checked";
        /// The verifier: the checker has failed, and is invoked again.
        CHECKER_FAILED = "checker_failed";
        /// The consumer: a copy is complete and reported to the source account.
        COPY_COMPLETED = "copy_completed";
        /// The consumer of DR's second region cannot reach the first one.
        FIRST_UNREACHABLE = "first_unreachable";
        /// An attempt of a copy failed. The next announcement starts the next.
        COPY_FAILED = "copy_failed";
        /// The producer: DR has the copy, the source is tagged `Draco_Copied`.
        COPY_CONFIRMED = "copy_confirmed";
        /// The producer: DR has no copy, and the source is gone.
        COPY_LOST = "copy_lost";
        /// The consumer no longer has a copy that a lifecycle in force would keep.
        COPY_MISSING = "copy_missing";
        /// The keeper would cancel a copy from another region that never ends if `NO_DRY_RUN` were set.
        COPY_STALLED = "copy_stalled";
        /// A transit copy (producer) or a copy (consumer) was started.
        COPY_STARTED = "copy_started";
        /// The verifier: the data of a database changed much since the last verification.
        DATA_CHANGED = "data_changed";
        /// The verifier: a database has a name of Draco's, and Draco does not touch it.
        DATABASE_LEFT = "database_left";
        /// The verifier: no copy of a database was verified for long.
        DATABASE_UNVERIFIED = "database_unverified";
        /// The keeper: no copy of a database is as new as it should be.
        DATABASE_SILENT = "database_silent";
        /// The keeper deleted a copy that has expired.
        DELETED = "deleted";
        /// The keeper deleted no copy, because unusually many have expired.
        DELETIONS_HELD = "deletions_held";
        /// The producer: this account has not enabled the region of DR.
        DR_REGION_DISABLED = "dr_region_disabled";
        /// The producer: the region of DR cannot be reached.
        DR_UNREACHABLE = "dr_unreachable";
        /// An event failed. AWS retries it.
        EVENT_FAILED = "event_failed";
        /// The keeper deleted a copy that failed long ago.
        FAILED_COPY_DELETED = "failed_copy_deleted";
        /// A snapshot, notification or message that Draco does not handle.
        IGNORED = "ignored";
        /// The keeper looked at all copies.
        KEPT = "kept";
        /// A key was created for a database.
        KEY_CREATED = "key_created";
        /// A key that was created in a race and is not used.
        KEY_UNUSED = "key_unused";
        /// The producer: AWS does not let an unfinished source take the lifecycle of its database.
        LIFECYCLE_NOT_TAKEN = "lifecycle_not_taken";
        /// The producer: a source without a lifecycle took that of its database.
        LIFECYCLE_TAKEN = "lifecycle_taken";
        /// The consumer: the lifecycle of a database keeps less than before.
        LIFECYCLE_REDUCED = "lifecycle_reduced";
        /// The producer: DR no longer has the copy, and the source is copied again.
        MARKED_MISSING = "marked_missing";
        /// The source has the maximum number of tags and was marked with the lifecycle `Ignore`.
        MARKED_IGNORED = "marked_ignored";
        /// The verifier: what a database was last compared with cannot be read.
        MEASURE_UNREADABLE = "measure_unreadable";
        /// A message that was rejected: it cannot be parsed, or its sender may not send it.
        MESSAGE_REJECTED = "message_rejected";
        /// Another snapshot has the identifier of the transit copy.
        NAME_TAKEN = "name_taken";
        /// An event that requires no action.
        NO_ACTION = "no_action";
        /// The producer: DR refused the snapshot, the source is tagged `Draco_NotCopied`.
        NOT_COPIED = "not_copied";
        /// The verifier: it is not known whether a copy is good.
        NOT_VERIFIED = "not_verified";
        /// The program stopped because of a bug.
        PANICKED = "panicked";
        /// The consumer: snapshots wait until AWS starts more copies from another region.
        QUEUE = "queue";
        /// The consumer: AWS does not start another copy from another region now. The snapshot waits.
        QUEUED = "queued";
        /// The consumer refused an announced snapshot.
        REFUSED = "refused";
        /// The keeper of DR's first region: the copies of a database do not reach the second one.
        SECOND_SILENT = "second_silent";
        /// The consumer of DR's first region cannot announce a copy to the second one.
        SECOND_UNREACHABLE = "second_unreachable";
        /// A snapshot that cannot be parsed was skipped.
        SNAPSHOT_UNREADABLE = "snapshot_unreadable";
        /// The consumer cannot reply to a source account.
        SOURCE_UNREACHABLE = "source_unreachable";
        /// The keeper cancelled a copy from another region that never ends.
        STALLED_COPY_DELETED = "stalled_copy_deleted";
        /// The producer: the spec of the database is not complete in the tags of the transit copy.
        SPEC_INCOMPLETE = "spec_incomplete";
        /// The producer: the transit copy is made without the spec of its database.
        SPEC_MISSING = "spec_missing";
        /// The consumer: the announced tags are no spec. The copy is made without them.
        SPEC_REJECTED = "spec_rejected";
        /// The program could not start.
        START_FAILED = "start_failed";
        /// A copy that was complete has failed.
        STORED_COPY_FAILED = "stored_copy_failed";
        /// A sweep looked at every snapshot.
        SWEEP_COMPLETED = "sweep_completed";
        /// A sweep ran out of time; a timer continues it.
        SWEEP_PAUSED = "sweep_paused";
        /// The producer: the source has the maximum number of tags, so it cannot take the lifecycle of its database.
        TAGS_FULL = "tags_full";
        /// Some of the source's tags were not copied.
        TAGS_LEFT_OUT = "tags_left_out";
        /// A copy exceeded the time limit.
        TIMED_OUT = "timed_out";
        /// A transit copy that is no longer needed was deleted.
        TRANSIT_DELETED = "transit_deleted";
        /// A transit copy failed and was deleted.
        TRANSIT_FAILED = "transit_failed";
        /// DR refused the snapshot and the source is gone; the transit copy is kept.
        TRANSIT_KEPT = "transit_kept";
        /// DR has the copy; the transit copy is kept as the base of the next one.
        TRANSIT_KEPT_FOR_NEXT = "transit_kept_for_next";
        /// The verifier: a copy is good.
        VERIFIED = "verified";
        /// The verifier: a copy is not good.
        VERIFICATION_FAILED = "verification_failed";
        /// The verifier restores a copy.
        VERIFICATION_STARTED = "verification_started";
        /// The verifier does not restore a copy now.
        VERIFICATION_NOT_BEGUN = "verification_not_begun";
        /// The verifier chose the copies to verify.
        VERIFIER_RAN = "verifier_ran";
        /// The key of a copy was created a moment ago.
        WAITING_FOR_KEY = "waiting_for_key";
        /// An announced transit copy is not visible in DR yet.
        WAITING_FOR_SHARE = "waiting_for_share";
        /// The keeper would delete a copy if `NO_DRY_RUN` were set.
        WOULD_DELETE = "would_delete";
    }
}

/// The fields of log lines, besides the metrics: those that the log sets itself, then those of events and spans.
pub const FIELDS: [&str; 27] = [
    "time",
    "level",
    "function",
    "account",
    "snapshot",
    "step",
    "reason",
    "message",
    "request",
    "transit",
    "copy",
    "database",
    "gib",
    "engine",
    "key",
    "alias",
    "tags",
    "source",
    "spec",
    "subject",
    "snapshots",
    "waiting",
    "dollars_a_month",
    "dollars_a_day",
    "stretch",
    "check",
    "verdict",
];

/// Fields that are metrics: the field, the metric's name in CloudWatch, the unit.
pub const METRICS: [(&str, &str, &str); 31] = [
    ("copied", "Copied", "Count"),
    ("ignored", "Ignored", "Count"),
    ("failed", "Failed", "Count"),
    ("rejected", "Rejected", "Count"),
    ("bugs", "Bugs", "Count"),
    ("source_unreachable", "SourceUnreachable", "Count"),
    ("swept", "Swept", "Count"),
    ("sweep_failures", "SweepFailures", "Count"),
    ("deleted", "Deleted", "Count"),
    ("would_delete", "WouldDelete", "Count"),
    ("held", "Held", "Count"),
    ("silent", "Silent", "Count"),
    ("lifecycle_reduced", "LifecycleReduced", "Count"),
    ("tags_left_out", "TagsLeftOut", "Count"),
    ("specs_incomplete", "SpecsIncomplete", "Count"),
    ("backups_delayed", "BackupsDelayed", "Count"),
    ("copy_delay_seconds", "CopyDelaySeconds", "Seconds"),
    ("queued", "Queued", "Count"),
    ("queue_age_seconds", "QueueAgeSeconds", "Seconds"),
    ("verified", "Verified", "Count"),
    ("verifications_failed", "VerificationsFailed", "Count"),
    ("not_verified", "NotVerified", "Count"),
    ("unverified", "Unverified", "Count"),
    ("data_changed", "DataChanged", "Count"),
    ("databases_left", "DatabasesLeft", "Count"),
    ("verifier_runs", "VerifierRuns", "Count"),
    ("bytes_read", "BytesRead", "Bytes"),
    ("available", "Available", "Count"),
    ("read_to_end", "ReadToEnd", "Count"),
    ("checked", "Checked", "Count"),
    ("check_passed", "CheckPassed", "Count"),
];
/// The namespace of the metrics.
const NAMESPACE: &str = "Draco";
/// The dimension of every metric.
const DIMENSION: &str = "function";
/// The second dimension of the metrics of lines that have this field: DR counts for each source account, so that the failures of
/// one cannot hide those of another (invariant 16).
const ACCOUNT: &str = "account";
/// The dimensions of the metric of a check, in a line that has this field: it is one metric for each check of each database.
const CHECK: &str = "check";
const DATABASE: &str = "database";

/// Fields that come first in a line, in this order, for readability.
const FIRST: [&str; 4] = ["snapshot", "step", "reason", "message"];
/// Fields that the log itself sets. Events cannot override them.
const RESERVED: [&str; 4] = ["time", "level", DIMENSION, "_aws"];

/// Dependencies that log each call at `INFO`. Only their warnings and errors are written.
const VERBOSE_CRATES: [&str; 5] = ["aws_", "hyper", "lambda_runtime", "rustls", "tower"];
/// The runtime's log of each error that a function returns. `event_failed` logs the same error with more detail.
const RUNTIME_ERRORS: &str = "lambda_runtime::layers::panic";

/// A subscriber that writes events as lines: those of Draco from `INFO`, those of its dependencies from `WARN`.
pub fn subscriber(
    function: &'static str,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
    now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(Lines { function, writer, now })
}

/// Logs that an event failed, with all causes, and returns the text. AWS retries the event, so this does not count as `failed`.
pub fn event_failed(error: &anyhow::Error) -> String {
    let reason = format!("{error:#}");
    tracing::error!(step = step::EVENT_FAILED, reason, "the event failed");
    reason
}

/// Logs looks of a sweep that failed. The sweep continues, so AWS does not count an error of the function.
pub(crate) fn looks_failed(count: usize, error: &anyhow::Error) {
    let reason = format!("{error:#}");
    tracing::error!(step = step::EVENT_FAILED, reason, sweep_failures = count, "looks of the sweep failed");
}

struct Lines<W, N> {
    function: &'static str,
    writer: W,
    now: N,
}

/// The fields of a line, in the order in which they were recorded.
#[derive(Clone, Default)]
struct Fields(Vec<(&'static str, Value)>);

impl<S, W, N> Layer<S> for Lines<W, N>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
    N: Fn() -> DateTime<Utc> + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let is_verbose = VERBOSE_CRATES.iter().any(|name| metadata.target().starts_with(name));
        let max_level = if is_verbose { Level::WARN } else { Level::INFO };
        *metadata.level() <= max_level && metadata.target() != RUNTIME_ERRORS
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(of_span)) = span.extensions().get() {
                of_span.iter().for_each(|(name, value)| fields.set(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let line = self.line(*event.metadata().level(), fields);
        // A failure to write a log line cannot be logged.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(line.as_bytes());
    }
}

impl<W, N: Fn() -> DateTime<Utc>> Lines<W, N> {
    /// The line, including the newline.
    fn line(&self, level: Level, Fields(mut fields): Fields) -> String {
        let now = (self.now)();
        fields.retain(|(name, _)| !RESERVED.contains(name));
        fields.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
        let metrics = metrics(&fields);
        let mut line = vec![
            ("time", now.to_rfc3339_opts(SecondsFormat::Millis, true).into()),
            ("level", level.as_str().into()),
            (DIMENSION, self.function.into()),
        ];
        line.append(&mut fields);
        if !metrics.is_empty() {
            let has = |wanted: &str| line.iter().any(|(name, _)| *name == wanted);
            let dimensions: &[&[&str]] = match (has(CHECK), has(ACCOUNT)) {
                (true, _) => &[&[DIMENSION, DATABASE, CHECK]],
                (false, true) => &[&[DIMENSION], &[DIMENSION, ACCOUNT]],
                (false, false) => &[&[DIMENSION]],
            };
            line.push(("_aws", declaration(now, &metrics, dimensions)));
            line.extend(metrics.into_iter().map(|(name, _, value)| (name, value)));
        }
        // serde_json would sort the members by name.
        let members: Vec<String> = line.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}\n", members.join(","))
    }
}

/// The metrics among the fields: name, unit, value. A value that is not a number is not a metric.
fn metrics(fields: &[(&'static str, Value)]) -> Vec<(&'static str, &'static str, Value)> {
    let of = |wanted: &str| fields.iter().find(|(name, value)| *name == wanted && value.is_number());
    METRICS.iter().filter_map(|(field, name, unit)| Some((*name, *unit, of(field)?.1.clone()))).collect()
}

/// The member `_aws` of the embedded metric format, which declares the metrics of the line.
fn declaration(now: DateTime<Utc>, metrics: &[(&str, &str, Value)], dimensions: &[&[&str]]) -> Value {
    let metrics: Value = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    json!({
        "Timestamp": now.timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics }],
    })
}

impl Fields {
    /// A field of the event overrides a field of a span, and an inner span an outer one.
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), with_causes(error).into());
    }

    /// Messages and values with `%` also arrive here; their `Debug` is their `Display`.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests;
