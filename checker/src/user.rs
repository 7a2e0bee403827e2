//! The user's checks. They run also if the budget for reading is spent.

use std::time::Duration;

use checks::{Check, CheckResult, Fault, Judged, Product, Span, Verdict, judge};
use sql::{Error, Limits, Refusal};
use tokio::time::Instant;

use crate::connect::{MOST_BYTES, MOST_ROWS};
use crate::run::{Run, Step, Stop, milliseconds};
use crate::values;

impl Run {
    pub(crate) async fn checks(&mut self, databases: &[String]) -> Step<()> {
        let all = self.task.checks.clone();
        let done = self.marker.checks;
        for (at, check) in (0..).zip(&all).filter(|(at, _)| *at >= done) {
            // A check gets its whole time, or it is for the next run.
            let seconds = check.time().map_or(self.task.limits.check_seconds, Span::seconds);
            let time = Duration::from_secs(seconds.into());
            if self.left() < time && self.has_begun() {
                return Err(Stop::Pause);
            }
            self.step()?;
            let since = Instant::now();
            let database = self.database_of(check, databases);
            let Judged { verdict, value } = match &database {
                Some(database) => self.check(check, database, time.min(self.left())).await?,
                None => broken("the server has several databases, so the check has to name its own"),
            };
            let result = CheckResult {
                id: check.id(),
                sql: check.to_string(),
                database: database.unwrap_or_default(),
                verdict,
                value,
                milliseconds: milliseconds(since),
            };
            self.part.checks.insert(at, result);
            self.marker.checks = at + 1;
        }
        Ok(())
    }

    /// The database that a check is for: its own, the default one, or the only one that users have made.
    fn database_of(&self, check: &Check, databases: &[String]) -> Option<String> {
        let named = check.database().or(self.task.database.as_deref());
        let made: Vec<&String> = databases.iter().filter(|name| *name != "postgres").collect();
        let only = match (&made[..], self.product()) {
            ([only], _) => Some(only.as_str()),
            ([], Product::Postgres) => Some("postgres"),
            _ => None,
        };
        named.or(only).map(str::to_owned)
    }

    async fn check(&mut self, check: &Check, database: &str, time: Duration) -> Step<Judged> {
        let limits = Limits { time: time.max(Duration::from_millis(500)), rows: MOST_ROWS, bytes: MOST_BYTES };
        let error = match self.query(database, check.sql(), limits).await? {
            Ok(rows) => {
                let last = self.task.last.get(&check.id()).copied();
                return Ok(judge(check, &values::rows(rows), self.task.taken, last));
            }
            Err(error) => error,
        };
        // The text of a query can contain data, and a fault is in messages.
        let during = format!("the check {}", check.id());
        match &error {
            Error::TimedOut(_) if self.hangs(database).await => {
                self.fault(Fault::Hangs { during });
                return Err(Stop::End);
            }
            Error::Lost => self.fault(Fault::Unexpected { during, why: error.to_string() }),
            Error::Refused { class: Refusal::Damaged, code, .. } => {
                let actual = format!("{} ({code})", Refusal::Damaged);
                let verdict = Verdict::Failed { expected: "data that can be read".to_owned(), actual };
                return Ok(Judged { verdict, value: None });
            }
            _ => {}
        }
        Ok(broken(&error.to_string()))
    }
}

fn broken(why: &str) -> Judged {
    Judged { verdict: Verdict::broken(why), value: None }
}
