//! A line of the output: the time, then phrases. On a terminal, long lines are wrapped between words, with a hanging indent.

use std::io::{self, Write};

use anstyle::Style;
use chrono::{DateTime, Utc};
use clap::builder::Styles;
use rehearsal::Line as LogLine;
use serde::Serialize;
use serde_json::Value;
use sim::journal::{DeliveryOutcome, Entry, Event, InvocationOutcome};
use unicode_width::UnicodeWidthStr;

use crate::terminal::TITLE;

/// The columns of the time and the gap after it.
const INDENT: usize = 21;
/// The minimum width. Narrower terminals break lines themselves.
const MIN_WIDTH: usize = 40;

/// A time, and phrases with their styles.
pub(super) struct Line {
    time: String,
    phrases: Vec<(Style, String)>,
}

/// `2026-11-21 03:06:39  222222222222/draco  eu-west-1  rds CopyDBSnapshot orders-1  KMSKeyNotAccessibleFault`
pub(super) fn of_entry(entry: &Entry) -> Line {
    let mut phrases = phrases(&entry.event);
    if is_error(&entry.event)
        && let Some((style, _)) = phrases.last_mut()
    {
        *style = *Styles::styled().get_error();
    }
    Line { time: time(entry.at), phrases }
}

/// The phrases of an event. The last one is its outcome.
fn phrases(event: &Event) -> Vec<(Style, String)> {
    let phrases = match event {
        Event::Call { account, role, region, service, operation, resource, error, .. } => {
            let caller = role.iter().fold(account.clone(), |account, role| format!("{account}/{role}"));
            let call =
                resource.iter().fold(format!("{service} {operation}"), |call, resource| format!("{call} {resource}"));
            vec![caller, region.clone(), call, error.clone().unwrap_or_else(|| "ok".to_owned())]
        }
        Event::Invocation { account, function, outcome, .. } => {
            vec![format!("{account}/{function}"), "invocation".to_owned(), name(outcome)]
        }
        Event::Delivery { topic, to, outcome, .. } => {
            vec![account_and_name(topic), format!("delivery to {}", account_and_name(to)), name(outcome)]
        }
        Event::DeadLetter { function, to, outcome, .. } => {
            vec![account_and_name(function), format!("dead letter to {}", account_and_name(to)), name(outcome)]
        }
        Event::LogDenied { account, function, reason } => {
            vec![format!("{account}/{function}"), "log denied".to_owned(), reason.clone()]
        }
        Event::ServerFailed { resource, reason } => {
            vec![account_and_name(resource), "server failed".to_owned(), reason.clone()]
        }
        Event::Transition { account, machine, execution, state, .. } => {
            vec![format!("{account}/{machine}"), format!("transition {execution}"), state.clone()]
        }
        other => members(other),
    };
    phrases.into_iter().map(|phrase| (Style::new(), phrase)).collect()
}

/// Whether a call, invocation or delivery failed.
pub(super) fn is_error(event: &Event) -> bool {
    match event {
        Event::Call { error, .. } => error.is_some(),
        Event::Invocation { outcome, .. } => *outcome != InvocationOutcome::Ok,
        Event::Delivery { outcome, .. } => *outcome != DeliveryOutcome::Delivered,
        Event::DeadLetter { .. } | Event::LogDenied { .. } | Event::ServerFailed { .. } => true,
        _ => false,
    }
}

/// `2026-11-21 03:06:39  222222222222/draco-consumer  copy_started  copying under DR's key  snapshot:rds:orders-…`
pub(super) fn of_log(line: &LogLine) -> Line {
    let level = line.text("level");
    let (style, level) = match level {
        "INFO" => (TITLE, ""),
        _ => (*Styles::styled().get_error(), level),
    };
    let function = format!("{}/{}", line.place.account, line.function());
    let snapshot = resource(line.text("snapshot"));
    let phrases = [&function, level, line.text("step"), line.text("message"), line.text("reason"), snapshot];
    Line {
        time: line.time().map(time).unwrap_or_default(),
        phrases: phrases.into_iter().filter(|text| !text.is_empty()).map(|text| (style, text.to_owned())).collect(),
    }
}

/// The resource in an ARN: the type and identifier of a snapshot.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').last().unwrap_or_default()
}

/// The name of an outcome in the journal.
fn name(outcome: &impl Serialize) -> String {
    serde_json::to_value(outcome).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// `111111111111/DracoProducer` for the ARN of a topic, queue or function.
fn account_and_name(arn: &str) -> String {
    let mut parts = arn.split(':');
    format!("{}/{}", parts.nth(4).unwrap_or_default(), parts.next_back().unwrap_or_default())
}

/// The name and the members of an event that has no format of its own here.
fn members(event: &Event) -> Vec<String> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(event) else { return vec![format!("{event:?}")] };
    let name = members.remove("event").and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default();
    let members = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name} {value}")
    });
    [name].into_iter().chain(members).collect()
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Writes a line. With a width, words that do not fit continue on the next line, under the first phrase.
pub(super) fn write(out: &mut impl Write, line: &Line, width: Option<usize>) -> io::Result<()> {
    let width = width.map_or(usize::MAX, |width| width.max(MIN_WIDTH));
    write!(out, "{:<19}", line.time)?;
    let mut column = INDENT - 2;
    for (style, phrase) in &line.phrases {
        for (nth, word) in printable(phrase).split(' ').enumerate() {
            let mut gap = if nth == 0 { 2 } else { 1 };
            for piece in pieces(word, width - INDENT) {
                if column > INDENT && column + gap + piece.width() > width {
                    write!(out, "\n{:INDENT$}", "")?;
                    (column, gap) = (INDENT, 0);
                }
                write!(out, "{:gap$}{style}{piece}{style:#}", "")?;
                column += gap + piece.width();
                gap = 0;
            }
        }
    }
    writeln!(out)
}

/// A word that is longer than a line is broken after punctuation.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    if word.width() <= width { vec![word] } else { word.split_inclusive([':', '-', '/', ',', '.', '_', '&']).collect() }
}

/// Replaces control characters, which a client could send to control the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(phrases: &[&str], width: Option<usize>) -> String {
        let phrases = phrases.iter().map(|phrase| (Style::new(), (*phrase).to_owned())).collect();
        let mut out = Vec::new();
        let written = write(&mut out, &Line { time: "2026-11-21 03:06:39".to_owned(), phrases }, width);
        assert!(written.is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_line_is_wrapped_between_words_with_a_hanging_indent() {
        let phrases =
            ["111111111111/draco-producer-eu-west-1", "eu-west-1", "rds CopyDBSnapshot draco-rds-orders", "ok"];
        let whole = "2026-11-21 03:06:39  111111111111/draco-producer-eu-west-1  eu-west-1  rds CopyDBSnapshot \
                     draco-rds-orders  ok\n";
        assert_eq!(wrapped(&phrases, None), whole);
        assert_eq!(
            wrapped(&phrases, Some(80)),
            "2026-11-21 03:06:39  111111111111/draco-producer-eu-west-1  eu-west-1  rds\n\
             \x20                    CopyDBSnapshot draco-rds-orders  ok\n"
        );
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_after_punctuation() {
        assert_eq!(
            wrapped(&["copied", "cluster-snapshot:rds:ledger-of-everything-2026"], Some(45)),
            "2026-11-21 03:06:39  copied  cluster-\n\
             \x20                    snapshot:rds:ledger-of-\n\
             \x20                    everything-2026\n"
        );
    }

    #[test]
    fn a_terminal_of_any_width_gets_every_word() {
        for width in [0, 1, 20, 21, 22, 40, 80] {
            let text = wrapped(&["one two", "three"], Some(width));
            assert_eq!(text.split_whitespace().skip(2).collect::<Vec<_>>(), ["one", "two", "three"], "{width}");
        }
    }
}
