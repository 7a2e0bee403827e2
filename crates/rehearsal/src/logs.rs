//! The log lines of the functions: one JSON object each, as in CloudWatch.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use protocol::Place;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

/// The log lines of all functions. Clones share the lines.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<Line>>>);

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account and the region of the function.
    pub place: Place,
    /// The line.
    pub json: Value,
}

impl Logs {
    /// A copy of all lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads all lines so far, without a copy.
    pub fn read<R>(&self, read: impl FnOnce(&[Line]) -> R) -> R {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes and returns all lines so far, so that a simulation can run for weeks.
    #[must_use]
    pub fn drain(&self) -> Vec<Line> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The writer for the functions of an account in a region.
    pub(crate) fn writer(&self, place: &Place) -> Writer {
        Writer { logs: self.clone(), place: place.clone() }
    }
}

impl Line {
    /// The time of the line.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.text("time").parse().ok()
    }

    /// The name of the Lambda function that wrote the line.
    #[must_use]
    pub fn function(&self) -> String {
        format!("draco-{}", self.text("function"))
    }

    /// The name of that function's role.
    #[must_use]
    pub fn role(&self) -> String {
        format!("{}-{}", self.function(), self.place.region)
    }

    /// The text of a field; empty if the field is missing or not a text.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or_default()
    }

    /// Whether it is an error that names this snapshot, in whichever field.
    #[must_use]
    pub fn is_alarm_about(&self, snapshot: &str) -> bool {
        self.text("level") == "ERROR" && self.json.to_string().contains(snapshot)
    }
}

/// Parses the lines that a function writes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    logs: Logs,
    place: Place,
}

impl io::Write for Writer {
    /// The log writes each line with one call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let json = serde_json::from_slice(bytes)?;
        let line = Line { place: self.place.clone(), json };
        self.logs.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Writer {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}
