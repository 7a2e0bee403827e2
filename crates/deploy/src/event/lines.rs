//! What a function has logged, as a person reads it.

use protocol::wait::Answer;
use serde_json::{Map, Value};

use crate::terminal::{BAD, CAUTION, FAINT};

/// Fields that stand where everybody looks for them.
const SHOWN: [&str; 6] = ["time", "level", "step", "snapshot", "message", "reason"];
/// Fields that say what is known: whose line it is, and what is there for CloudWatch alone.
const KNOWN: [&str; 3] = ["function", "request", "_aws"];

/// The lines of a log's end. What Lambda says of its own is left out, but for how long it took.
#[must_use]
pub fn read(log: &str, function: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (nth, line) in log.lines().enumerate() {
        match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(fields) => lines.push(told(&fields)),
            Err(_) if line.starts_with("START ") || line.starts_with("END ") || line.trim().is_empty() => {}
            Err(_) if line.starts_with("REPORT ") => lines.push(format!("{FAINT}{}{FAINT:#}", report(line))),
            // Lambda cuts where it cuts.
            Err(_) if nth == 0 => {
                lines.push(format!("{FAINT}… what came before is in the log group /aws/lambda/{function}{FAINT:#}"));
            }
            Err(_) => lines.push(line.replace(char::is_control, " ")),
        }
    }
    lines
}

/// What the function answers to the timer.
#[must_use]
pub fn answer(payload: &Value) -> String {
    match serde_json::from_value(payload.clone()) {
        Ok(Answer::Done) => "there is nothing to wait for".to_owned(),
        Ok(Answer::Again { seconds }) => format!("it wants to be asked again in {seconds} s"),
        Ok(Answer::TimedOut { why }) => format!("it has taken too long: {why}"),
        Err(_) => payload.to_string(),
    }
}

fn told(fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).map(plain).unwrap_or_default();
    let time = text("time");
    let time = time.get(11..19).unwrap_or(&time);
    let (level, style) = match text("level").as_str() {
        "ERROR" => ("error", BAD),
        "WARN" => ("warning", CAUTION),
        _ => ("", FAINT),
    };
    let level = if level.is_empty() { String::new() } else { format!("{style}{level}{style:#} ") };
    let said: Vec<String> =
        ["snapshot", "message", "reason"].map(text).into_iter().filter(|it| !it.is_empty()).collect();
    let others: Vec<String> = fields
        .iter()
        // CloudWatch's names of the metrics are the fields' own once more, in capitals.
        .filter(|(name, _)| !name.starts_with(char::is_uppercase))
        .filter(|(name, _)| !SHOWN.contains(&name.as_str()) && !KNOWN.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!(" {FAINT}{}{FAINT:#}", others.join(" ")) };
    format!("  {FAINT}{time}{FAINT:#} {:<15} {level}{}{others}", text("step"), said.join(": "))
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace(char::is_control, " ")
}

/// `REPORT RequestId: … Duration: 12.34 ms …`, with what matters of it.
fn report(line: &str) -> String {
    let parts = line.split('\t').map(str::trim);
    let matters = parts.filter(|part| {
        ["Duration", "Max Memory Used", "Init Duration"].iter().any(|it| part.starts_with(&format!("{it}:")))
    });
    format!("  {}", matters.collect::<Vec<_>>().join(", "))
}
