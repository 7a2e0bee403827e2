//! The verdict, as others see it: a tag on the copy, a message, and a log line.

use checks::{Conclusion, Grade, Report, Severity, Verdict};
use chrono::SecondsFormat;
use cloud::log::step;
use protocol::{Job, tags};
use serde_json::json;
use tracing::{error, info};

use crate::Verifier;
use crate::record::{Concluded, Record, key, key_of_last};
use crate::verified::Verified;

/// A message has 256 KiB at most, and an attacker may have changed thousands of columns. The report has all changes.
const SHOWN_CHANGES: usize = 50;

/// The first reason for a verdict that is not good. It contains no value of the database, and no text of a query: those are in the report
/// alone.
fn reason(record: &Record, report: &Report) -> String {
    let fault = report.faults.iter().find(|finding| finding.severity == Severity::Failed);
    let fault = fault.map(|finding| finding.fault.to_string());
    let check = || {
        report.checks.iter().find_map(|check| match &check.verdict {
            Verdict::Failed { .. } => Some(format!("the check {} failed", check.id)),
            Verdict::Broken { .. } => Some(format!("the check {} could not be made", check.id)),
            Verdict::Passed { .. } => None,
        })
    };
    let invalid = || record.checks.as_ref()?.invalid.clone();
    let not_done = || match (&report.available, &report.read) {
        (Grade::NotDone { why }, _) | (_, Grade::NotDone { why }) => Some(why.clone()),
        _ => None,
    };
    let not_provisioned = || record.failure.clone();
    fault.or_else(check).or_else(invalid).or_else(not_provisioned).or_else(not_done).unwrap_or_default()
}

/// The word of a grade in messages.
fn grade(grade: &Grade) -> &'static str {
    match grade {
        Grade::Yes => "yes",
        Grade::No { .. } => "no",
        Grade::NotDone { .. } => "not-done",
    }
}

impl Verifier {
    /// Writes what the next verification is compared with, the log lines, the tag and the message. Each is safe to repeat.
    pub(crate) async fn announce(&self, job: &Job, record: &Record, concluded: &Concluded) -> anyhow::Result<()> {
        let (Record { copy, origin, .. }, Concluded { at, report, .. }) = (record, concluded);
        self.keep_for_next(record, report).await?;
        log(record, report);
        let restored = record.provisioned.map(|ready| ready - record.requested);
        let verified = Verified::of(report, *at, restored, job.id().as_str());
        self.cloud.tag(copy, tags::VERIFIED, &verified.to_string()).await?;
        let shown: Vec<String> = report.changes.iter().take(SHOWN_CHANGES).map(ToString::to_string).collect();
        let message = json!({
            "event": "verification",
            "database": origin.database.to_string(),
            "copy": copy.to_string(),
            "conclusion": report.conclusion.word(),
            "reason": (report.conclusion != Conclusion::Verified).then(|| reason(record, report)),
            "available": grade(&report.available),
            "read": grade(&report.read),
            "checked": grade(&report.checked),
            "changes": shown,
            "changes_in_all": report.changes.len(),
            "at": at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "restore_seconds": restored.map(|restored| restored.num_seconds()),
            "report": format!("s3://{}/{}", self.settings.bucket, key(job.id().as_str())),
        });
        let subject = format!("Draco: {}", report.conclusion.word());
        self.cloud.publish_report(&self.settings.topic, &subject, &message.to_string()).await?;
        Ok(())
    }

    /// A copy that was not read to its end tells too little about the data, a bad one is no measure, and an older one is no progress.
    async fn keep_for_next(&self, record: &Record, report: &Report) -> anyhow::Result<()> {
        let is_measure = record.part.complete && report.conclusion != Conclusion::Failed && report.totals.tables > 0;
        if !is_measure {
            return Ok(());
        }
        let key = key_of_last(&record.origin.database);
        let (last, version) = self.last_of(&record.origin.database).await?;
        match last.is_none_or(|last| last.taken <= record.origin.taken) {
            true => self.write(&key, &record.last(), &version).await.map(drop),
            false => Ok(()),
        }
    }
}

fn log(record: &Record, report: &Report) {
    let Record { copy, origin, .. } = record;
    let (account, database) = (&origin.database.place.account, &origin.database);
    let bytes_read = report.totals.bytes;
    let [available, read_to_end, checked] =
        [&report.available, &report.read, &report.checked].map(|is| u8::from(*is == Grade::Yes));
    match report.conclusion {
        Conclusion::Verified => {
            info!(%account, %database, step = step::VERIFIED, %copy, verified = 1, available, read_to_end, checked, bytes_read,
                "the copy is good");
        }
        Conclusion::Failed => {
            let reason = reason(record, report);
            error!(%account, %database, step = step::VERIFICATION_FAILED, %copy, reason, verifications_failed = 1, available, read_to_end,
                checked, bytes_read,
                "the copy is not good");
        }
        Conclusion::NotVerified => {
            let reason = reason(record, report);
            error!(%account, %database, step = step::NOT_VERIFIED, %copy, reason, not_verified = 1, available, read_to_end, checked,
                bytes_read,
                "it is not known whether the copy is good");
        }
    }
    for check in &report.checks {
        let (verdict, check_passed) = match &check.verdict {
            Verdict::Passed { .. } => ("passed", 1),
            Verdict::Failed { .. } => ("failed", 0),
            Verdict::Broken { .. } => ("broken", 0),
        };
        let check = &check.id;
        info!(%account, %database, step = step::CHECKED, %copy, check, verdict, check_passed, "one of your checks");
    }
    for change in report.changes.iter().take(SHOWN_CHANGES) {
        error!(%account, %database, step = step::DATA_CHANGED, %copy, reason = %change, data_changed = 1,
            "the data changed much since the last verification: find out why before older copies expire");
    }
}
