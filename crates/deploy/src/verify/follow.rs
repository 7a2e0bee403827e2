//! Takes verifications from step to step, and shows each change.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use checks::Conclusion;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use protocol::event::Trigger;
use protocol::wait::Answer;
use serde_json::{Value, json};
use verifier::Verifier;
use verifier::record::{Concluded, Record, Restore, key};

use super::choose::Chosen;
use super::report::{restored, verdict};
use super::{Outcome, date, span};
use crate::terminal::FAINT;
use crate::{Account, Terminal};

/// After a step that failed.
const RETRY: Duration = Duration::from_secs(60);
/// How often to look at a verification whose steps the function's timer makes.
const OF_TIMER: TimeDelta = TimeDelta::seconds(30);
/// So many steps in a row may fail.
const FAILURES: u32 = 10;

/// One verification.
struct Followed<'a> {
    verifier: &'a Verifier,
    account: &'a Account,
    terminal: &'a RefCell<&'a mut Terminal>,
    chosen: Chosen,
    /// What was shown last.
    shown: String,
}

/// What comes after a step.
enum Step {
    /// The next one, after this time.
    Wait(Duration),
    /// Nothing: the database is deleted.
    Deleted,
    /// Nothing: the database needs a person.
    Left(String),
    /// The function's timer deletes the database.
    OfTimer,
    /// The database of a bad copy is kept.
    Kept(DateTime<Utc>),
}

/// How far a verification is.
#[derive(Default)]
struct End {
    record: Option<Record>,
    /// Whether its database is gone.
    is_gone: bool,
    failure: Option<anyhow::Error>,
}

/// Takes all to their ends at the same time, or makes one step of each.
pub(super) async fn all(
    verifier: &Verifier,
    account: &Account,
    chosen: Vec<Chosen>,
    once: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<Outcome> {
    let terminal = RefCell::new(terminal);
    let followed = chosen
        .into_iter()
        .map(|chosen| Followed { verifier, account, terminal: &terminal, chosen, shown: String::new() }.run(once));
    let ends: Vec<(Chosen, End)> = join_all(followed).await;
    let failures = ends.iter().filter_map(|(chosen, end)| {
        let database = chosen.verifying.origin.database.id();
        end.failure().map(|why| format!("{database}: {why}"))
    });
    Ok(Outcome {
        failures: failures.collect(),
        json: ends.iter().map(|(chosen, end)| end.json(chosen, verifier.bucket())).collect(),
    })
}

impl Followed<'_> {
    async fn run(mut self, once: bool) -> (Chosen, End) {
        let (mut end, mut failures) = (End::default(), 0);
        loop {
            let step = self.step(&mut end).await;
            self.show(end.record.as_ref());
            let wait = match step {
                Ok(Step::Wait(wait)) => {
                    failures = 0;
                    wait
                }
                Ok(Step::Deleted) => {
                    self.print("its database is deleted");
                    end.is_gone = true;
                    break;
                }
                Ok(Step::Left(why)) => {
                    end.failure = Some(anyhow!("its database is left: {why}"));
                    break;
                }
                Ok(Step::OfTimer) => {
                    self.print("the deployed verifier deletes its database");
                    break;
                }
                Ok(Step::Kept(until)) => {
                    let until = date(until);
                    self.print(&format!("its database is kept until {until}; then the deployed verifier deletes it"));
                    break;
                }
                Err(error) if once || failures + 1 == FAILURES => {
                    end.failure = Some(error.context("the deployed verifier continues within 15 minutes"));
                    break;
                }
                Err(error) => {
                    failures += 1;
                    self.warn(&error);
                    RETRY
                }
            };
            if once {
                let wait = TimeDelta::from_std(wait).unwrap_or_default();
                self.print(&format!("the next step is due in {}", span(wait)));
                break;
            }
            tokio::time::sleep(wait).await;
        }
        (self.chosen, end)
    }

    /// Has the function make a step, unless its timer does, and reads the record.
    async fn step(&self, end: &mut End) -> anyhow::Result<Step> {
        let (cloud, Chosen { verifying, job, .. }) = (self.account.cloud(), &self.chosen);
        // The scheduled run starts a timer for a database that has none.
        let has_timer = self.verifier.has_timer(&verifying.origin.database).await?;
        let answer = match has_timer {
            true => Answer::again(OF_TIMER),
            false => {
                let payload = serde_json::to_value(Trigger::Verifying(Box::new(verifying.clone())))?;
                let answer = cloud.invoke(self.account.role.stack(), &payload).await?;
                serde_json::from_value(answer).context("the answer of the function")?
            }
        };
        end.record = self.verifier.record(job.id().as_str()).await?.or(end.record.take());
        let announced = end.record.as_ref().and_then(|record| record.concluded.as_ref());
        let announced = announced.filter(|concluded| concluded.announced);
        let kept = |concluded: &Concluded| {
            let until = (concluded.at + job.request().keep).min(job.request().deadline);
            (concluded.report.conclusion == Conclusion::Failed && cloud.now() < until).then_some(until)
        };
        Ok(match answer {
            Answer::Done => Step::Deleted,
            Answer::TimedOut { why } => Step::Left(why),
            Answer::Again { seconds } => match (announced.and_then(kept), announced) {
                (Some(until), _) => Step::Kept(until),
                (None, Some(_)) if has_timer => Step::OfTimer,
                (None, _) => Step::Wait(Duration::from_secs(seconds.unsigned_abs())),
            },
        })
    }

    /// Prints the state if it has changed.
    fn show(&mut self, record: Option<&Record>) {
        let state = record.map_or_else(|| "the verification begins".to_owned(), state);
        if state != self.shown {
            self.print(&state);
            self.shown = state;
        }
    }

    fn print(&self, text: &str) {
        let database = self.chosen.verifying.origin.database.id();
        self.terminal.borrow_mut().print(format_args!("{FAINT}{database}:{FAINT:#} {text}"));
    }

    fn warn(&self, error: &anyhow::Error) {
        let database = self.chosen.verifying.origin.database.id();
        self.terminal.borrow_mut().warn(format_args!("{database}: {error:#}; it is tried again in a minute"));
    }
}

/// How far a verification is, in words.
fn state(record: &Record) -> String {
    if let Some(concluded) = &record.concluded {
        return verdict(&concluded.report, record.failure.as_deref());
    }
    match (restored(record), record.restore) {
        (Some(restored), _) => {
            let read = record.part.tables.iter().filter(|table| table.unread.is_none()).count();
            let progress = match read {
                0 => String::new(),
                1 => "; 1 table is read".to_owned(),
                many => format!("; {many} tables are read"),
            };
            format!("ready after {}, is read and checked{progress}", span(restored))
        }
        (None, Restore::NotBegun) => "waits for the restore to begin".to_owned(),
        (None, Restore::Perhaps(_) | Restore::Begun(_)) => format!("{} is being restored", record.copy.id()),
    }
}

impl End {
    /// Why the copy is not verified. `None` also if that is not known yet.
    fn failure(&self) -> Option<String> {
        let concluded = self.record.as_ref().and_then(|record| record.concluded.as_ref());
        match (&self.failure, concluded.map(|concluded| concluded.report.conclusion)) {
            (Some(failure), _) => Some(format!("{failure:#}")),
            (None, Some(Conclusion::Failed)) => Some("the copy is not good".to_owned()),
            (None, Some(Conclusion::NotVerified)) => Some("it is not known whether the copy is good".to_owned()),
            (None, None) if self.is_gone => {
                Some("it was not restored: another verification of this database runs, or the copy is gone".to_owned())
            }
            (None, _) => None,
        }
    }

    fn json(&self, chosen: &Chosen, bucket: &str) -> Value {
        let (record, job) = (self.record.as_ref(), chosen.job.id().as_str());
        let concluded = record.and_then(|record| record.concluded.as_ref());
        json!({
            "database": chosen.verifying.origin.database.to_string(),
            "copy": record.map(|record| record.copy.to_string()),
            "taken": chosen.verifying.origin.taken,
            "job": job,
            "conclusion": concluded.map(|concluded| concluded.report.conclusion.word()),
            "restore_seconds": record.and_then(restored).map(|restored| restored.num_seconds()),
            "database_deleted": self.is_gone,
            "error": self.failure.as_ref().map(|failure| format!("{failure:#}")),
            "report": concluded.map(|concluded| &concluded.report),
            "stored_at": format!("s3://{bucket}/{}", key(job)),
        })
    }
}
