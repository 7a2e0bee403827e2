//! The report of a run: what AWS did, what the simulation does, and the evidence. It names no account and no key, so that it
//! can be published.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use regex_lite::Regex;
use serde::Serialize;

use crate::engine::Finding;
use crate::experiment::{Experiment, Verdict};
use crate::experiments::{all, not_probed};
use crate::journal::Run;
use crate::trace::Trace;

/// The report of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The region.
    pub region: String,
    /// Whether the calls went to another endpoint than AWS's.
    pub other_endpoint: bool,
    /// The results, in the order of the experiments.
    pub results: Vec<ReportedResult>,
    /// The value of `draco sim --answers` with which the simulation answers as it was observed.
    pub answers: String,
}

/// The result of an experiment.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedResult {
    /// The name.
    pub experiment: &'static str,
    /// Whether it answers an open question; otherwise it is a fact that Draco relies on.
    pub is_question: bool,
    /// The question or the fact.
    pub text: &'static str,
    /// What was decided.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The answer of the simulation by default, for a question.
    pub simulated: Option<&'static str>,
    /// Whether the simulation does the same by default. `None` if it was not decided.
    pub agrees: Option<bool>,
    /// What was observed.
    pub trace: Trace,
}

impl Report {
    /// The report about these findings.
    #[must_use]
    pub fn new(run: &Run, other_endpoint: bool, at: DateTime<Utc>, findings: &[Finding]) -> Self {
        let found = |experiment: &'static Experiment| {
            let finding = findings.iter().find(|finding| finding.experiment == experiment.name)?;
            Some(ReportedResult::new(experiment, finding, run))
        };
        let results: Vec<_> = all().filter_map(found).collect();
        let answers: Vec<_> = results.iter().filter_map(ReportedResult::setting).collect();
        Self { at, region: run.region.clone(), other_endpoint, results, answers: answers.join(",") }
    }

    /// The report as a Markdown document.
    #[must_use]
    pub fn markdown(&self) -> String {
        let Self { at, region, results, .. } = self;
        let endpoint = if self.other_endpoint { "an endpoint that is not AWS" } else { "AWS" };
        let mut text = format!(
            "# Observations with `cargo xtask probe`\n\n{}, region {region}, {endpoint}. `source` and `dr` are the two \
             accounts.\n\n| | observed | the simulation |\n|---|---|---|\n",
            at.format("%-d %B %Y")
        );
        for result in results {
            let _ =
                writeln!(text, "| `{}` | {} | {} |", result.experiment, cell(&result.observed()), result.comparison());
        }
        if !self.answers.is_empty() {
            let _ = writeln!(text, "\n`draco sim --answers {}` answers as observed.", self.answers);
        }
        for other in not_probed() {
            let _ = writeln!(text, "\n`{}` was not probed: {}.", other.question.name, other.reason);
        }
        for result in results {
            let trace = serde_json::to_string_pretty(&result.trace.0).unwrap_or_default();
            let measured = match &result.verdict {
                Verdict::Answer { measured: Some(measured), .. } => format!("\n\nMeasured: {measured}."),
                _ => String::new(),
            };
            let _ = writeln!(text, "\n## {}\n\n{}{measured}\n\n```json\n{trace}\n```", result.experiment, result.text);
        }
        text
    }
}

impl ReportedResult {
    fn new(experiment: &'static Experiment, finding: &Finding, run: &Run) -> Self {
        let simulated = experiment.question().map(|question| question.answers[0].name);
        let agrees = match &finding.verdict {
            Verdict::Answer { answer, .. } => Some(simulated == Some(answer)),
            Verdict::Holds => Some(true),
            Verdict::Differs { .. } => Some(false),
            Verdict::Undecided { .. } => None,
        };
        Self {
            experiment: experiment.name,
            is_question: experiment.is_question(),
            text: experiment.text(),
            verdict: redacted(&finding.verdict, run),
            simulated,
            agrees,
            trace: redacted(&finding.trace, run),
        }
    }

    /// What was observed, in a few words.
    #[must_use]
    pub fn observed(&self) -> String {
        match &self.verdict {
            Verdict::Answer { answer, .. } => answer.clone(),
            Verdict::Holds => "holds".to_owned(),
            Verdict::Differs { observed } => format!("does not hold: {observed}"),
            Verdict::Undecided { reason } => format!("undecided: {reason}"),
        }
    }

    /// What the simulation does, and what to set if it differs.
    #[must_use]
    pub fn comparison(&self) -> String {
        match (self.agrees, self.simulated, self.setting()) {
            (Some(true), ..) => "the same".to_owned(),
            (Some(false), Some(simulated), Some(setting)) => format!("{simulated} (default); set --answers {setting}"),
            (Some(false), Some(simulated), None) => format!("{simulated} (default); it has no such answer"),
            (Some(false), None, _) => "holds; the simulation has to be corrected".to_owned(),
            (None, Some(simulated), _) => format!("{simulated} (default)"),
            (None, None, _) => "holds".to_owned(),
        }
    }

    /// `copy-status=pending`, if that is not the default.
    fn setting(&self) -> Option<String> {
        let Verdict::Answer { answer, .. } = &self.verdict else { return None };
        let question = sim::questions::QUESTIONS.iter().find(|question| question.name == self.experiment)?;
        let nth = question.answers.iter().position(|known| known.name == answer)?;
        (nth > 0).then(|| format!("{}={answer}", self.experiment))
    }
}

/// A value without what identifies the accounts: their IDs, the run's prefix, and the IDs of keys.
fn redacted<T: Serialize + serde::de::DeserializeOwned + Clone>(value: &T, run: &Run) -> T {
    let Ok(text) = serde_json::to_string(value) else { return value.clone() };
    serde_json::from_str(&redact(&text, run)).unwrap_or_else(|_| value.clone())
}

fn redact(text: &str, run: &Run) -> String {
    let text = text.replace(&run.source, "source").replace(&run.dr, "dr").replace(&run.prefix, "probe");
    let patterns = [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}", "KEY"),
        (r"\b[0-9]{12}\b", "ACCOUNT"),
        (r"\b(A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b", "ID"),
        (r"(:assumed-role/|:user/|:role/)[^\s\x22\\]+", "${1}NAME"),
    ];
    patterns.iter().fold(text, |text, (pattern, with)| match Regex::new(pattern) {
        Ok(regex) => regex.replace_all(&text, *with).into_owned(),
        Err(_) => text,
    })
}

/// Text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_keys_and_names_are_redacted() {
        let run = Run {
            prefix: "draco-probe-1f3a9c2e".to_owned(),
            source: "111111111111".to_owned(),
            dr: "222222222222".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let text = "arn:aws:rds:eu-west-1:111111111111:snapshot:draco-probe-1f3a9c2e-base key/0a1b2c3d-0000-1111-2222-333344445555 \
                    User: arn:aws:sts::222222222222:assumed-role/Admin/jane is not authorized for 999999999999";
        assert_eq!(
            redact(text, &run),
            "arn:aws:rds:eu-west-1:source:snapshot:probe-base key/KEY User: arn:aws:sts::dr:assumed-role/NAME is not \
             authorized for ACCOUNT"
        );
    }
}
