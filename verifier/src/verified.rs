//! The tag `Draco_Verified`: the last verdict on a copy.

use std::fmt;
use std::str::FromStr;

use checks::{Conclusion, Grade, Report};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The content of the tag. Parts that are not known are left out:
///
/// ```text
/// 2026-11-21T04:10:00Z verified available read checked restored:1830s job:1a2b3c4d5e6f
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Verified {
    /// When the verification ended.
    pub at: DateTime<Utc>,
    /// The verdict.
    pub conclusion: Conclusion,
    /// Whether the server accepted connections.
    pub available: bool,
    /// Whether every table was read to its end.
    pub read: bool,
    /// Whether the user's checks passed.
    pub checked: bool,
    /// The time from the request to a database that accepts connections: a recovery takes as long at least.
    pub restored: Option<TimeDelta>,
    /// The job, whose ID is in the key of its report.
    pub job: Option<String>,
}

impl Verified {
    /// The tag of a report.
    pub(crate) fn of(report: &Report, at: DateTime<Utc>, restored: Option<TimeDelta>, job: &str) -> Self {
        let is = |grade: &Grade| *grade == Grade::Yes;
        Self {
            at,
            conclusion: report.conclusion,
            available: is(&report.available),
            read: is(&report.read),
            checked: is(&report.checked),
            restored,
            job: Some(job.to_owned()),
        }
    }

    /// Whether it is known if the copy is good.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.conclusion != Conclusion::NotVerified
    }

    /// What was reached, in words: `available read checked`.
    #[must_use]
    pub fn reached(&self) -> String {
        let all = [("available", self.available), ("read", self.read), ("checked", self.checked)];
        all.into_iter().filter_map(|(name, is)| is.then_some(name)).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.to_rfc3339_opts(SecondsFormat::Secs, true), self.conclusion.word())?;
        let reached = self.reached();
        if !reached.is_empty() {
            write!(f, " {reached}")?;
        }
        if let Some(restored) = self.restored {
            write!(f, " restored:{}s", restored.num_seconds())?;
        }
        match &self.job {
            Some(job) => write!(f, " job:{job}"),
            None => Ok(()),
        }
    }
}

/// A text that is not a verdict.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a verdict on a copy")]
pub struct ParseVerifiedError(String);

/// Words that are not known are ignored: a later version may have written them.
impl FromStr for Verified {
    type Err = ParseVerifiedError;

    fn from_str(text: &str) -> Result<Self, ParseVerifiedError> {
        let mut words = text.split(' ');
        let at = words.next().and_then(|word| DateTime::parse_from_rfc3339(word).ok());
        let conclusion = words.next().and_then(|found| Conclusion::ALL.into_iter().find(|known| known.word() == found));
        let (Some(at), Some(conclusion)) = (at, conclusion) else { return Err(ParseVerifiedError(text.to_owned())) };
        let mut verified = Self {
            at: at.to_utc(),
            conclusion,
            available: false,
            read: false,
            checked: false,
            restored: None,
            job: None,
        };
        for word in words {
            match word.split_once(':') {
                None => match word {
                    "available" => verified.available = true,
                    "read" => verified.read = true,
                    "checked" => verified.checked = true,
                    _ => {}
                },
                Some(("restored", seconds)) => {
                    let seconds = seconds.strip_suffix('s').and_then(|seconds| seconds.parse::<u32>().ok());
                    verified.restored = seconds.map(|seconds| TimeDelta::seconds(seconds.into()));
                }
                Some(("job", job)) => verified.job = Some(job.to_owned()),
                Some(_) => {}
            }
        }
        Ok(verified)
    }
}

impl TryFrom<String> for Verified {
    type Error = ParseVerifiedError;

    fn try_from(text: String) -> Result<Self, ParseVerifiedError> {
        text.parse()
    }
}

impl From<Verified> for String {
    fn from(verified: Verified) -> Self {
        verified.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_as_it_is_written() {
        for text in [
            "2026-11-21T04:10:00Z verified available read checked restored:1830s job:1a2b3c4d5e6f",
            "2026-11-21T04:10:00Z failed available job:1a2b3c4d5e6f",
            "2026-11-21T04:10:00Z not-verified",
        ] {
            assert_eq!(text.parse::<Verified>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_words_are_ignored_and_other_texts_refused() {
        let verified: Verified = "2026-11-21T04:10:00Z verified available in:10m restored:long".parse().unwrap();
        assert_eq!((verified.available, verified.restored), (true, None));
        for text in ["", "2026-11-21T04:10:00Z", "yesterday verified", "2026-11-21T04:10:00Z good"] {
            assert!(text.parse::<Verified>().is_err(), "{text}");
        }
    }
}
