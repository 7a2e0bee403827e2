//! What happens, as one line of JSON for each event of `tracing`, for people and for CloudWatch.
//!
//! ```json
//! {"time":"2026-11-21T03:20:00.000Z","level":"INFO","function":"consumer","snapshot":"rds:orders-…","step":"report","copied":1,…}
//! ```
//!
//! Lines are flat. The fields of the spans that an event happens in stand in its line too. When a field is a metric (see
//! `METRICS`), the line bears it in CloudWatch's embedded metric format as well, so that the log stream is all that a
//! function has to write to be counted.

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

/// Fields that are metrics: the name that CloudWatch knows each by, and the unit.
const METRICS: [(&str, &str, &str); 7] = [
    ("copied", "Copied", "Count"),
    ("ignored", "Ignored", "Count"),
    ("failed", "Failed", "Count"),
    ("deleted", "Deleted", "Count"),
    ("would_delete", "WouldDelete", "Count"),
    ("left_out", "LeftOut", "Count"),
    ("seconds_to_safe", "SecondsToSafe", "Seconds"),
];
/// The namespace of the metrics.
const NAMESPACE: &str = "Draco";
/// The field by which metrics are told apart.
const DIMENSION: &str = "function";

/// Fields that come first, in this order, so that lines can be read by eye.
const FIRST: [&str; 4] = ["snapshot", "step", "reason", "message"];
/// Fields that nobody else can set.
const OWN: [&str; 4] = ["time", "level", DIMENSION, "_aws"];

/// Crates that tell of every call on levels that are ours: they are heard when something is wrong.
const TALKATIVE: [&str; 5] = ["aws_", "hyper", "lambda_runtime", "rustls", "tower"];
/// What repeats each error that a function returns, with less than our own line has of it.
const ECHO: &str = "lambda_runtime::layers::panic";

/// What writes events as lines: of our own from `INFO` on, of what is beneath us from `WARN` on.
pub fn subscriber(
    function: &'static str,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
    now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(Lines { function, writer, now })
}

/// Says that an event failed, and why with all its causes. AWS tries it again, so it counts as no loss yet.
pub fn failure(why: &anyhow::Error) -> String {
    let why = format!("{why:#}");
    tracing::error!(step = "end", reason = why, "the event failed");
    why
}

struct Lines<W, N> {
    function: &'static str,
    writer: W,
    now: N,
}

/// Fields, in the order in which they came.
#[derive(Clone, Default)]
struct Fields(Vec<(&'static str, Value)>);

impl<S, W, N> Layer<S> for Lines<W, N>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
    N: Fn() -> DateTime<Utc> + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let is_talkative = TALKATIVE.iter().any(|name| metadata.target().starts_with(name));
        let least = if is_talkative { Level::WARN } else { Level::INFO };
        *metadata.level() <= least && metadata.target() != ECHO
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
        // There is nowhere to say that a line could not be written.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(line.as_bytes());
    }
}

impl<W, N: Fn() -> DateTime<Utc>> Lines<W, N> {
    /// The line, with its end.
    fn line(&self, level: Level, Fields(mut fields): Fields) -> String {
        let now = (self.now)();
        fields.retain(|(name, _)| !OWN.contains(name));
        fields.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
        let metrics = metrics(&fields);
        let mut line = vec![
            ("time", now.to_rfc3339_opts(SecondsFormat::Millis, true).into()),
            ("level", level.as_str().into()),
            (DIMENSION, self.function.into()),
        ];
        line.append(&mut fields);
        if !metrics.is_empty() {
            line.push(("_aws", declaration(now, &metrics)));
            line.extend(metrics.into_iter().map(|(name, _, value)| (name, value)));
        }
        // An object of serde_json would be in the order of the alphabet.
        let members: Vec<String> = line.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}\n", members.join(","))
    }
}

/// The metrics among these fields: name, unit, value. What is no number is none.
fn metrics(fields: &[(&'static str, Value)]) -> Vec<(&'static str, &'static str, Value)> {
    let of = |wanted: &str| fields.iter().find(|(name, value)| *name == wanted && value.is_number());
    METRICS.iter().filter_map(|(field, name, unit)| Some((*name, *unit, of(field)?.1.clone()))).collect()
}

/// By which CloudWatch knows that members of this line are metrics (embedded metric format, `_aws`).
fn declaration(now: DateTime<Utc>, metrics: &[(&str, &str, Value)]) -> Value {
    let metrics: Value = metrics.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    json!({
        "Timestamp": now.timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics }],
    })
}

impl Fields {
    /// What is nearer to the event wins.
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

    /// Messages and what is given with `%` come this way too, and write themselves as they are displayed.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written while this happens.
    fn lines(happens: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let now = || "2026-11-21T03:20:00.5Z".parse().unwrap();
        tracing::subscriber::with_default(subscriber("producer", move || writer.clone(), now), happens);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    const BEGIN: &str = r#"{"time":"2026-11-21T03:20:00.500Z","level":"INFO","function":"producer","#;

    #[test]
    fn an_event_is_a_line_that_can_be_read_by_eye() {
        let written = lines(|| {
            tracing::info!(gib = 100, encrypted = true, reason = "it is whole", step = "share", snapshot = %"s", "is shared");
        });
        let rest =
            r#""snapshot":"s","step":"share","reason":"it is whole","message":"is shared","gib":100,"encrypted":true}"#;
        assert_eq!(written, format!("{BEGIN}{rest}\n"));
    }

    #[test]
    fn a_metric_is_declared_to_cloudwatch_on_the_line_that_bears_it() {
        let written = lines(|| tracing::info!(seconds_to_safe = 612.5, copied = 1, ignored = "no", "is safe"));
        let rest = concat!(
            r#""message":"is safe","seconds_to_safe":612.5,"copied":1,"ignored":"no","#,
            r#""_aws":{"CloudWatchMetrics":[{"Dimensions":[["function"]],"Metrics":[{"Name":"Copied","Unit":"Count"},"#,
            r#"{"Name":"SecondsToSafe","Unit":"Seconds"}],"Namespace":"Draco"}],"Timestamp":1795231200500},"#,
            r#""Copied":1,"SecondsToSafe":612.5}"#,
        );
        assert_eq!(written, format!("{BEGIN}{rest}\n"));
    }

    #[test]
    fn every_metric_is_called_by_its_fields_name_as_aws_writes_names() {
        for (field, name, _) in METRICS {
            let words = field.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
            assert_eq!(words.collect::<String>(), name);
        }
    }

    #[test]
    fn a_line_bears_what_its_spans_say_and_what_is_nearer_wins() {
        let written = lines(|| {
            let event = tracing::info_span!("event", request = "r", snapshot = "a", retried = tracing::field::Empty);
            event.record("retried", 2);
            let _event = event.entered();
            let _look = tracing::info_span!("look", step = "look").entered();
            tracing::info!(snapshot = "b", "seen");
        });
        let rest = r#""snapshot":"b","step":"look","message":"seen","request":"r","retried":2}"#;
        assert_eq!(written, format!("{BEGIN}{rest}\n"));
    }

    #[test]
    fn whatever_is_written_is_one_line_of_json() {
        let text = "a\nb\"c\\\u{0}ü\u{2028}";
        let written = lines(|| tracing::info!(text, time = "mine", level = 3, "{text}"));
        assert_eq!(written.matches('\n').count(), 1, "{written}");
        let line: Value = serde_json::from_str(&written).unwrap();
        assert_eq!((&line["text"], &line["message"]), (&json!(text), &json!(text)));
        assert_eq!((&line["time"], &line["level"]), (&json!("2026-11-21T03:20:00.500Z"), &json!("INFO")));
    }

    #[test]
    fn an_error_tells_its_causes() {
        let cause = io::Error::other("the disk is full");
        let error = io::Error::other(Box::new(Wrapped(cause)) as Box<dyn std::error::Error + Send + Sync>);
        let error: &(dyn std::error::Error + 'static) = &error;
        let written = lines(|| tracing::error!(error, "failed"));
        assert!(written.contains(r#""error":"writing: the disk is full""#), "{written}");
        assert!(written.contains(r#""level":"ERROR""#), "{written}");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("writing")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn what_is_beneath_us_is_heard_only_when_something_is_wrong() {
        let written = lines(|| {
            tracing::debug!("ours");
            tracing::info!(target: "aws_smithy_runtime::client", "theirs");
            tracing::warn!(target: "aws_smithy_runtime::client", "wrong");
            tracing::error!(target: "lambda_runtime::layers::panic", "told already");
        });
        assert_eq!(written.lines().count(), 1, "{written}");
        assert!(written.contains(r#""level":"WARN","function":"producer","message":"wrong""#), "{written}");
    }
}
