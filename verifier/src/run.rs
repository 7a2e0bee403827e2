//! The scheduled run: continues verifications whose timer was lost, and starts those that are due.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use cloud::log::step;
use cloud::{Error, TimerStart};
use protocol::event::Verifying;
use protocol::job::{Role, Source, Verb};
use protocol::{DatabaseArn, Job, Origin, SnapshotArn};
use provision::sweep::{Due as Remains, Found};
use tracing::{error, info};

use crate::Verifier;
use crate::configured::NO_ROOTS;
use crate::job::{is_timer, is_timer_of};
use crate::plan::{Database, Due, Fit, Plan, Room, dollars_a_day, plan};
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
        let found = provision::sweep::sweep(&self.cloud, self.cloud.now()).await?;
        let mut failures = self.continue_lost(&found, &mut running, deadline).await;
        let returning = returning(&found, self.cloud.now());
        let mut all = self.update_index(deadline).await?;
        mark_running(&mut all, &running);
        let has_roots = self.roots().await?.is_some();
        if !has_roots {
            // Without them, each database would run to its deadline for nothing.
            error!(step = step::NOT_VERIFIED, reason = NO_ROOTS, not_verified = 1, "no copy is restored");
        }
        let now = self.cloud.now();
        let policy = &self.settings.policy;
        let Plan { due, stretch, dollars_a_month } = plan(policy, &all, now);
        // It is due in one run a day, so it comes before all that can fail.
        self.report_unverified(&all, now);
        let quotas = self.cloud.quotas().await;
        let room = quotas.as_ref().ok().filter(|_| has_roots && returning.is_none());
        let mut room = room.map(|quotas| Room::new(policy, running.len(), quotas));
        let (mut waiting, mut has_no_room) = (due.len(), false);
        for due in &due {
            let Some(mut with) = room else { break };
            match with.take(due) {
                Fit::Yes => {}
                fit => {
                    has_no_room |= with.may_run_more();
                    if fit == Fit::Later {
                        break;
                    }
                    continue;
                }
            }
            match self.start(due).await {
                Ok(TimerStart::Started) => (room, waiting) = (Some(with), waiting - 1),
                Ok(TimerStart::Running | TimerStart::UsedUp) => {}
                Err(error) => failures.push(format!("{}: {error:#}", due.database)),
            }
        }
        failures.extend(quotas.err().map(|error| error.to_string()));
        let reason = match (returning, has_no_room) {
            (Some(database), _) => format!("{database} is being brought back"),
            (None, true) => "DR's quotas have no room (VERIFY_FREE_PERCENT)".to_owned(),
            (None, false) => String::new(),
        };
        let stretch = stretch.values().copied().fold(1.0, f64::max);
        info!(
            step = step::VERIFIER_RAN,
            verifier_runs = 1,
            waiting,
            reason,
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
    async fn continue_lost(&self, all: &[Found], running: &mut Vec<String>, deadline: DateTime<Utc>) -> Vec<String> {
        let mut failures = Vec::new();
        for found in all {
            match &found.due {
                Remains::Continue(job, Role::Verify) | Remains::TearDown(job, Role::Verify) => {
                    let continued = self.continue_one(job, running, deadline).await;
                    failures.extend(continued.err().map(|error| format!("{}: {error:#}", found.database)));
                }
                Remains::Continue(..) | Remains::TearDown(..) => {}
                Remains::Report(reason) => self.report_left(&found.database, reason).await,
            }
        }
        failures
    }

    /// Reports a database that costs money, and that Draco does not delete.
    pub(crate) async fn report_left(&self, database: &DatabaseArn, reason: &str) {
        // The alarm does not wait for a description.
        let observed = self.cloud.observe(database).await.ok().flatten();
        let dollars_a_day = observed.as_ref().map(|observed| (dollars_a_day(observed) * 100.0).round() / 100.0);
        error!(step = step::DATABASE_LEFT, %database, reason, dollars_a_day, databases_left = 1, "a database needs a person");
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

/// The database that is being brought back, if one is. DR's quotas are for it. A job that has missed its deadline does not hold up
/// verifications.
pub(crate) fn returning(all: &[Found], now: DateTime<Utc>) -> Option<DatabaseArn> {
    let is_returning = |found: &&Found| match &found.due {
        Remains::Continue(job, Role::New) => job.request().verb == Verb::Restore && now < job.request().deadline,
        _ => false,
    };
    all.iter().find(is_returning).map(|found| found.database.clone())
}

/// Whether a verification of each database is running.
pub(crate) fn mark_running(all: &mut [Database], timers: &[String]) {
    for database in all {
        database.is_running = timers.iter().any(|name| is_timer_of(name, &database.arn));
    }
}
