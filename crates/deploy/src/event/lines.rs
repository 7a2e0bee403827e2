//! The log of a function in readable lines.

use protocol::wait::Answer;
use serde_json::{Map, Value};

use crate::terminal::{BAD, CAUTION, FAINT};

/// Fields with a place of their own in the line.
const PLACED: [&str; 6] = ["time", "level", "step", "snapshot", "message", "reason"];
/// Fields that are left out: the reader knows the function, and `_aws` is for CloudWatch.
const LEFT_OUT: [&str; 3] = ["function", "request", "_aws"];

/// The lines at the end of a log. Of Lambda's own lines, only the duration and memory are shown.
#[must_use]
pub fn read(log: &str, function: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (nth, line) in log.lines().enumerate() {
        match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(fields) => lines.push(line_of(&fields)),
            Err(_) if line.starts_with("START ") || line.starts_with("END ") || line.trim().is_empty() => {}
            Err(_) if line.starts_with("REPORT ") => lines.push(format!("{FAINT}{}{FAINT:#}", report(line))),
            // Lambda returns the last 4 KB, which may start in the middle of a line.
            Err(_) if nth == 0 => {
                lines.push(format!("{FAINT}… earlier lines are in the log group /aws/lambda/{function}{FAINT:#}"));
            }
            Err(_) => lines.push(line.replace(char::is_control, " ")),
        }
    }
    lines
}

/// The reply of the function to the timer, in words.
#[must_use]
pub fn answer(payload: &Value) -> String {
    match serde_json::from_value(payload.clone()) {
        Ok(Answer::Done) => "no further check needed".to_owned(),
        Ok(Answer::Again { seconds }) => format!("next check in {seconds} s"),
        Ok(Answer::TimedOut { why }) => format!("timed out: {why}"),
        Err(_) => payload.to_string(),
    }
}

fn line_of(fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).map(plain).unwrap_or_default();
    let time = text("time");
    let time = time.get(11..19).unwrap_or(&time);
    let (level, style) = match text("level").as_str() {
        "ERROR" => ("error", BAD),
        "WARN" => ("warning", CAUTION),
        _ => ("", FAINT),
    };
    let level = if level.is_empty() { String::new() } else { format!("{style}{level}{style:#} ") };
    let main: Vec<String> =
        ["snapshot", "message", "reason"].map(text).into_iter().filter(|it| !it.is_empty()).collect();
    let others: Vec<String> = fields
        .iter()
        // The metrics for CloudWatch repeat fields under capitalised names.
        .filter(|(name, _)| !name.starts_with(char::is_uppercase))
        .filter(|(name, _)| !PLACED.contains(&name.as_str()) && !LEFT_OUT.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" {FAINT}{}{FAINT:#}", others.join(" ")) };
    format!("  {FAINT}{time}{FAINT:#} {:<15} {level}{}{others}", text("step"), main.join(": "))
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace(char::is_control, " ")
}

/// The relevant parts of `REPORT RequestId: … Duration: 12.34 ms …`.
fn report(line: &str) -> String {
    let parts = line.split('\t').map(str::trim);
    let relevant = parts.filter(|part| {
        ["Duration", "Max Memory Used", "Init Duration"].iter().any(|it| part.starts_with(&format!("{it}:")))
    });
    format!("  {}", relevant.collect::<Vec<_>>().join(", "))
}
