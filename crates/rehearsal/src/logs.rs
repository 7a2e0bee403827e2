//! What the functions log: one JSON object a line, as CloudWatch would have it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

/// What the functions have logged. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Vec<Line>>>);

/// One line, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account in which the function runs.
    pub account: String,
    /// What it logged.
    pub json: Value,
}

impl Logs {
    /// Everything so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything so far, without a copy of it.
    pub fn read<R>(&self, read: impl FnOnce(&[Line]) -> R) -> R {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything since this was asked last, and forgets it: for who shows lines as they come, for weeks.
    #[must_use]
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// For a function of this account to write into.
    pub(crate) fn of(&self, account: &str) -> Writer {
        Writer { logs: self.clone(), account: account.to_owned() }
    }
}

impl Line {
    /// When it was written.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.text("time").parse().ok()
    }

    /// The text of a field; empty if it has none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or_default()
    }

    /// Whether it is an alarm about this snapshot.
    #[must_use]
    pub fn is_alarm_about(&self, snapshot: &str) -> bool {
        self.text("level") == "ERROR" && self.json.to_string().contains(snapshot)
    }
}

/// Makes lines of what one function writes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    logs: Logs,
    account: String,
}

impl io::Write for Writer {
    /// A line is written in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let json = serde_json::from_slice(bytes)?;
        let line = Line { account: self.account.clone(), json };
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
