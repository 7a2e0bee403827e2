//! The verdict, as others see it: a tag on the copy, a message, and a log line.

use checks::{Conclusion, Grade, Report};
use chrono::{DateTime, SecondsFormat, Utc};
use cloud::Error;
use cloud::log::step;
use protocol::{Job, tags};
use serde_json::json;
use tracing::{error, info};

use crate::Verifier;
use crate::record::{Last, Record, key, key_of_last};

/// The content of the tag `Draco_Verified`: `2026-11-21T04:10:00Z verified available read checked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// When the verification ended.
    pub(crate) at: DateTime<Utc>,
    conclusion: Conclusion,
}

impl Verified {
    /// Reads the tag.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let at = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
        let conclusion = words.next()?;
        let all = [Conclusion::Verified, Conclusion::Failed, Conclusion::NotVerified];
        Some(Self { at, conclusion: all.into_iter().find(|known| word(*known) == conclusion)? })
    }

    /// Whether it is known if the copy is good.
    pub(crate) fn is_known(&self) -> bool {
        self.conclusion != Conclusion::NotVerified
    }
}

/// The word in tags, messages and log lines.
fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Verified => "verified",
        Conclusion::Failed => "failed",
        Conclusion::NotVerified => "not-verified",
    }
}

/// The tag of a verdict: the three grades that are `yes` are listed.
fn tag(report: &Report, at: DateTime<Utc>) -> String {
    let grades = [("available", &report.available), ("read", &report.read), ("checked", &report.checked)];
    let reached = grades.into_iter().filter(|(_, grade)| **grade == Grade::Yes).map(|(name, _)| name);
    let words: Vec<&str> = [word(report.conclusion)].into_iter().chain(reached).collect();
    format!("{} {}", at.to_rfc3339_opts(SecondsFormat::Secs, true), words.join(" "))
}

/// The first reason for a verdict that is not good.
fn reason(record: &Record, report: &Report) -> String {
    let grades = [&report.available, &report.read, &report.checked];
    let no = grades.iter().find_map(|grade| match grade {
        Grade::No { why } => Some(why.clone()),
        Grade::Yes | Grade::NotDone { .. } => None,
    });
    let not_done = || {
        grades.iter().find_map(|grade| match grade {
            Grade::NotDone { why } => Some(why.clone()),
            Grade::Yes | Grade::No { .. } => None,
        })
    };
    no.or_else(|| record.notes.first().cloned()).or_else(not_done).unwrap_or_default()
}

impl Verifier {
    /// Writes what the next verification is compared with, the tag, the message and the log line. Each is safe to repeat.
    pub(crate) async fn announce(
        &self,
        job: &Job,
        record: &Record,
        report: &Report,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Record { copy, origin, .. } = record;
        let database = &origin.database;
        // A verification that read nothing tells nothing about the data.
        if report.available == Grade::Yes && report.totals.tables > 0 {
            let Last { profile, values } = record.last();
            let last = serde_json::to_vec(&Last { profile, values }).unwrap_or_default();
            self.cloud.write_object(&self.settings.bucket, &key_of_last(database), last).await?;
        }
        self.cloud.tag(copy, tags::VERIFIED, &tag(report, at)).await?;
        let report_key = key(database, job.id());
        let restore_seconds = record.provisioned.map(|ready| (ready - record.requested).num_seconds());
        let message = json!({
            "event": "verification",
            "database": database.to_string(),
            "copy": copy.to_string(),
            "conclusion": word(report.conclusion),
            "available": report.available,
            "read": report.read,
            "checked": report.checked,
            "changes": report.changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "at": at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "restore_seconds": restore_seconds,
            "report": format!("s3://{}/{report_key}", self.settings.bucket),
        });
        let subject = format!("Draco: {}", word(report.conclusion));
        self.cloud.publish_report(&self.settings.topic, &subject, &message.to_string()).await?;
        log(record, report);
        Ok(())
    }
}

fn log(record: &Record, report: &Report) {
    let Record { copy, origin, .. } = record;
    let (account, database) = (&origin.database.place.account, &origin.database);
    let bytes_read = report.totals.bytes;
    match report.conclusion {
        Conclusion::Verified => {
            info!(%account, %database, step = step::VERIFIED, %copy, verified = 1, bytes_read, "the copy is good");
        }
        Conclusion::Failed => {
            let reason = reason(record, report);
            error!(%account, %database, step = step::VERIFICATION_FAILED, %copy, reason, verifications_failed = 1, bytes_read,
                "the copy is not good");
        }
        Conclusion::NotVerified => {
            let reason = reason(record, report);
            error!(%account, %database, step = step::NOT_VERIFIED, %copy, reason, not_verified = 1, bytes_read,
                "it is not known whether the copy is good");
        }
    }
    for change in &report.changes {
        error!(%account, %database, step = step::DATA_CHANGED, %copy, reason = %change, data_changed = 1,
            "the data changed much since the last verification: find out why before older copies expire");
    }
}
