//! The scheduled run: continues verifications whose timer was lost, and starts those that are due.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use cloud::log::step;
use cloud::{Error, TimerStart};
use protocol::event::Verifying;
use protocol::job::{Role, Source};
use protocol::{DatabaseArn, Job, Origin, SnapshotArn};
use provision::sweep::Due as Remains;
use tracing::{error, info};

use crate::Verifier;
use crate::act::NO_ROOTS;
use crate::job::{is_timer, is_timer_of};
use crate::plan::{Database, Due, Plan, plan};
use crate::record::{Record, Restore, key};

/// The hour of the day, in UTC, in which databases that were not verified for long are reported.
const REPORT_HOUR: u32 = 6;
/// The time between two runs: one of them is in that part of the hour.
const REPORT_MINUTES: u32 = 15;

impl Verifier {
    /// Continues verifications whose timer was lost, starts those that are due, and reports databases that were not verified for long.
    ///
    /// # Errors
    /// If a list cannot be read, or a verification cannot be started. The others are started.
    pub(crate) async fn run(&self, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let mut running = self.running().await?;
        let mut failures = self.continue_lost(&mut running, deadline).await?;
        let mut all = self.update_index(deadline).await?;
        mark_running(&mut all, &running);
        let has_roots = self.roots().await?.is_some();
        if !has_roots {
            // Without them, each database would run to its deadline for nothing.
            error!(step = step::NOT_VERIFIED, reason = NO_ROOTS, not_verified = 1, "no copy is restored");
        }
        let now = self.cloud.now();
        let Plan { due, stretch, dollars_a_month } = plan(&self.settings.policy, &all, now);
        let mut room = if has_roots { self.settings.policy.at_once.saturating_sub(running.len()) } else { 0 };
        let mut waiting = due.len();
        for due in &due {
            if room == 0 {
                break;
            }
            match self.start(due).await {
                Ok(TimerStart::Started) => (room, waiting) = (room - 1, waiting - 1),
                Ok(TimerStart::Running | TimerStart::UsedUp) => {}
                Err(error) => failures.push(format!("{}: {error:#}", due.database)),
            }
        }
        self.report_unverified(&all, now);
        let stretch = stretch.values().copied().fold(1.0, f64::max);
        info!(
            step = step::VERIFIER_RAN,
            verifier_runs = 1,
            waiting,
            dollars_a_month,
            stretch,
            "chose the copies to verify"
        );
        anyhow::ensure!(failures.is_empty(), failures.join("; "));
        Ok(())
    }

    /// The names of the running timers.
    pub(crate) async fn running(&self) -> Result<Vec<String>, Error> {
        let timers = self.cloud.running_timers(&self.settings.timer).await?;
        Ok(timers.into_iter().map(|timer| timer.name).filter(|name| is_timer(name)).collect())
    }

    async fn start(&self, due: &Due) -> anyhow::Result<TimerStart> {
        let Some((job, origin)) = self.request(&due.copy, &due.database).await? else { return Ok(TimerStart::UsedUp) };
        Ok(self.start_timer(&job, &origin).await?)
    }

    /// The job that verifies a copy, and the origin of the copy. `None` if the copy is gone.
    pub(crate) async fn request(
        &self,
        copy: &SnapshotArn,
        database: &DatabaseArn,
    ) -> anyhow::Result<Option<(Job, Origin)>> {
        let found = self.cloud.find(copy).await?;
        let Some(origin) = found.and_then(|found| Origin::from_tags(&found.tags)) else { return Ok(None) };
        Ok(Some((self.job(copy, database)?, origin)))
    }

    /// Databases of verifications whose timer was lost get another one. `running` has the names of the timers, with those.
    async fn continue_lost(&self, running: &mut Vec<String>, deadline: DateTime<Utc>) -> anyhow::Result<Vec<String>> {
        let mut failures = Vec::new();
        for found in provision::sweep::sweep(&self.cloud, self.cloud.now()).await? {
            let job = match found.due {
                Remains::Continue(job, Role::Verify) | Remains::TearDown(job, Role::Verify) => job,
                Remains::Continue(..) | Remains::TearDown(..) => continue,
                Remains::Report(reason) => {
                    error!(step = step::DATABASE_LEFT, database = %found.database, reason, databases_left = 1,
                        "a database needs a person");
                    continue;
                }
            };
            let continued = self.continue_one(&job, running, deadline).await;
            failures.extend(continued.err().map(|error| format!("{}: {error:#}", found.database)));
        }
        Ok(failures)
    }

    async fn continue_one(&self, job: &Job, running: &mut Vec<String>, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let origin = match self.origin_of(job).await {
            Ok(Some(origin)) => origin,
            // Neither the copy nor the record is there: nothing can be said about the copy.
            Ok(None) => return self.tear_down(job, Restore::Begun(job.request().deadline)).await.map(drop),
            // The end does not wait for the bucket (invariant 22).
            Err(error) if job.request().deadline <= self.cloud.now() => {
                self.tear_down(job, Restore::Begun(job.request().deadline)).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        // The timer of another job of this database does not tear this one down.
        let is_over = job.request().deadline <= self.cloud.now();
        let has_timer = running.iter().any(|name| is_timer_of(name, &origin.database));
        if has_timer && !is_over {
            return Ok(());
        }
        running.push(crate::job::timer_name(&origin.database, self.cloud.now()));
        if has_timer || self.start_timer(job, &origin).await? == TimerStart::UsedUp {
            let verifying = Verifying { job: job.to_tags(), origin };
            self.look(&verifying, deadline.min(self.cloud.now() + TimeDelta::minutes(5))).await?;
        }
        Ok(())
    }

    /// The origin of the copy of a job: of its record, or of the copy.
    pub(crate) async fn origin_of(&self, job: &Job) -> anyhow::Result<Option<Origin>> {
        if let (Some(record), _) = self.read_or::<Option<Record>>(&key(job.id().as_str()), None).await? {
            return Ok(Some(record.origin));
        }
        let Source::Snapshot(copy) = &job.request().source else { return Ok(None) };
        Ok(self.cloud.find(copy).await?.and_then(|found| Origin::from_tags(&found.tags)))
    }

    fn report_unverified(&self, databases: &[Database], now: DateTime<Utc>) {
        if now.hour() != REPORT_HOUR || now.minute() >= REPORT_MINUTES {
            return;
        }
        for database in databases {
            let age = now - database.unverified_since();
            if age > self.settings.unverified {
                let account = &database.arn.place.account;
                error!(%account, database = %database.arn, step = step::DATABASE_UNVERIFIED, unverified = 1,
                    "no copy of this database was verified for {} days; see the reports of its last verifications", age.num_days());
            }
        }
    }
}

/// Whether a verification of each database is running.
pub(crate) fn mark_running(all: &mut [Database], timers: &[String]) {
    for database in all {
        database.is_running = timers.iter().any(|name| is_timer_of(name, &database.arn));
    }
}
