//! The lines of the log.

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

/// The lines that this code writes.
fn lines(code: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let now = || "2026-11-21T03:20:00.5Z".parse().unwrap();
    tracing::subscriber::with_default(subscriber("producer", move || writer.clone(), now), code);
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

const BEGIN: &str = r#"{"time":"2026-11-21T03:20:00.500Z","level":"INFO","function":"producer","#;

#[test]
fn an_event_is_one_readable_line() {
    let written = lines(|| {
        tracing::info!(gib = 100, encrypted = true, reason = "complete", step = "share", snapshot = %"s", "shared");
    });
    let rest = r#""snapshot":"s","step":"share","reason":"complete","message":"shared","gib":100,"encrypted":true}"#;
    assert_eq!(written, format!("{BEGIN}{rest}\n"));
}

#[test]
fn a_metric_is_declared_in_its_own_line() {
    let written = lines(|| tracing::info!(copy_delay_seconds = 612.5, copied = 1, ignored = "no", "completed"));
    let rest = concat!(
        r#""message":"completed","copy_delay_seconds":612.5,"copied":1,"ignored":"no","#,
        r#""_aws":{"CloudWatchMetrics":[{"Dimensions":[["function"]],"Metrics":[{"Name":"Copied","Unit":"Count"},"#,
        r#"{"Name":"CopyDelaySeconds","Unit":"Seconds"}],"Namespace":"Draco"}],"Timestamp":1795231200500},"#,
        r#""Copied":1,"CopyDelaySeconds":612.5}"#,
    );
    assert_eq!(written, format!("{BEGIN}{rest}\n"));
}

#[test]
fn the_metric_of_a_check_is_one_of_its_own() {
    let written =
        lines(|| tracing::info!(account = "1", database = "orders", check = "c1", check_passed = 1, "a check"));
    let line: Value = serde_json::from_str(&written).unwrap();
    let declared = &line["_aws"]["CloudWatchMetrics"];
    assert_eq!(declared[0]["Dimensions"], json!([["function", "database", "check"]]));
    assert_eq!(declared[0]["Metrics"], json!([{ "Name": "CheckPassed", "Unit": "Count" }]));
}

// Invariant 16.
#[test]
fn a_metric_of_a_line_with_an_account_also_counts_for_that_account() {
    let written = lines(|| {
        let _look = tracing::info_span!("look", account = "111111111111").entered();
        tracing::error!(failed = 1, "lost");
    });
    let line: Value = serde_json::from_str(&written).unwrap();
    let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*dimensions, json!([["function"], ["function", "account"]]));
    assert_eq!((&line["account"], &line["Failed"]), (&json!("111111111111"), &json!(1)));
}

#[test]
fn a_metric_has_the_name_of_its_field_in_camel_case() {
    for (field, name, _) in METRICS {
        let words = field.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        assert_eq!(words.collect::<String>(), name);
    }
}

#[test]
fn a_line_has_the_fields_of_its_spans_and_the_innermost_wins() {
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
fn every_line_is_one_json_object() {
    let text = "a\nb\"c\\\u{0}ü\u{2028}";
    let written = lines(|| tracing::info!(text, time = "mine", level = 3, "{text}"));
    assert_eq!(written.matches('\n').count(), 1, "{written}");
    let line: Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&line["text"], &line["message"]), (&json!(text), &json!(text)));
    assert_eq!((&line["time"], &line["level"]), (&json!("2026-11-21T03:20:00.500Z"), &json!("INFO")));
}

#[test]
fn an_error_is_logged_with_its_causes() {
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
fn dependencies_are_logged_from_warnings_on() {
    let written = lines(|| {
        tracing::debug!("ours");
        tracing::info!(target: "aws_smithy_runtime::client", "theirs");
        tracing::warn!(target: "aws_smithy_runtime::client", "wrong");
        tracing::error!(target: "lambda_runtime::layers::panic", "logged already");
    });
    assert_eq!(written.lines().count(), 1, "{written}");
    assert!(written.contains(r#""level":"WARN","function":"producer","message":"wrong""#), "{written}");
}
