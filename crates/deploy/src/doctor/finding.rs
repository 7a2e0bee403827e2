//! What was found: a line each, with what to do about it.

use serde::Serialize;

use crate::terminal::{BAD, CAUTION, FAINT, GOOD, TITLE};

/// How it stands with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It is as it has to be.
    Good,
    /// It is not there yet, as it should be before the deployment.
    NotYet,
    /// It works, and should be looked at.
    Caution,
    /// It has to be mended.
    Wrong,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it stands.
    pub mark: Mark,
    /// What was seen.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// What was found in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Where.
    pub title: String,
    /// What.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// It is as it has to be.
    #[must_use]
    pub fn good(what: impl Into<String>) -> Self {
        Self { mark: Mark::Good, what: what.into(), mend: None }
    }

    /// It is not there yet.
    #[must_use]
    pub fn not_yet(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mark: Mark::NotYet, what: what.into(), mend: Some(mend.into()) }
    }

    /// It should be looked at.
    #[must_use]
    pub fn caution(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mark: Mark::Caution, what: what.into(), mend: Some(mend.into()) }
    }

    /// It has to be mended.
    #[must_use]
    pub fn wrong(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mark: Mark::Wrong, what: what.into(), mend: Some(mend.into()) }
    }

    /// It could not be looked at. What was tried and what to do stand in the error.
    #[must_use]
    pub fn unseen(why: &anyhow::Error) -> Self {
        Self { mark: Mark::Wrong, what: format!("{why:#}"), mend: None }
    }
}

/// All of it, as a person reads it.
#[must_use]
pub fn told(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for Section { title, findings } in sections {
        lines.push(format!("{TITLE}{title}{TITLE:#}"));
        for Finding { mark, what, mend } in findings {
            let (style, glyph) = match mark {
                Mark::Good => (GOOD, "✓"),
                Mark::NotYet => (FAINT, "·"),
                Mark::Caution => (CAUTION, "!"),
                Mark::Wrong => (BAD, "✗"),
            };
            let mend = mend.as_ref().map(|mend| format!(": {mend}")).unwrap_or_default();
            lines.push(format!("  {style}{glyph}{style:#} {what}{mend}"));
        }
    }
    lines.push(sum(sections));
    lines
}

fn sum(sections: &[Section]) -> String {
    let count = |mark| sections.iter().flat_map(|section| &section.findings).filter(|one| one.mark == mark).count();
    let of = |mark, words: &str| Some(count(mark)).filter(|count| *count > 0).map(|count| format!("{count} {words}"));
    let all = [of(Mark::Wrong, "to mend"), of(Mark::Caution, "to look at"), of(Mark::NotYet, "not there yet")];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { "All is well.".to_owned() } else { all.join(", ") }
}

/// How many things have to be mended.
#[must_use]
pub fn wrong(sections: &[Section]) -> usize {
    sections.iter().flat_map(|section| &section.findings).filter(|finding| finding.mark == Mark::Wrong).count()
}
