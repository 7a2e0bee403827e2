//! Runs and looks: the calls of each step. Each is safe to repeat.

use std::collections::BTreeMap;
use std::mem::discriminant;

use anyhow::Context;
use checks::{Answer as Checked, Check, Limits, NotChecked, Report, Secret, Server, Task, Thresholds, compare};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cloud::log::step;
use cloud::{Class, Error, TimerStart};
use protocol::event::Verifying;
use protocol::job::{Role, Verb};
use protocol::wait::Answer;
use protocol::{DatabaseArn, Job, Origin, tags};
use provision::sweep::Due;
use provision::teardown;
use serde::de::DeserializeOwned;
use tracing::{error, info, warn};

use crate::Verifier;
use crate::job::{is_timer, is_timer_of};
use crate::plan::{Database, Plan, plan};
use crate::record::{Last, Record, Restore, State, key, key_of_last};
use crate::stage::{After, Next, Ready, after, next};

/// The objects that the user's configuration is in.
const CHECKS: &str = "checks.json";
const ROOTS: &str = "roots.pem";
/// The time that is left for the verifier itself when the checker ends.
const RESERVE: TimeDelta = TimeDelta::seconds(45);
/// When a call or the checker has failed.
const RETRY: TimeDelta = TimeDelta::minutes(2);
/// When the checker has more to do.
const AT_ONCE: TimeDelta = TimeDelta::seconds(1);

impl Verifier {
    /// Continues verifications whose timer was lost, starts those that are due, and reports databases that were not verified for long.
    ///
    /// # Errors
    /// If a list cannot be read, or a verification cannot be started. The others are started.
    pub(crate) async fn run(&self, deadline: DateTime<Utc>) -> anyhow::Result<()> {
        let timers = self.cloud.running_timers(&self.settings.timer).await?;
        let mut running: Vec<String> =
            timers.into_iter().map(|timer| timer.name).filter(|name| is_timer(name)).collect();
        let mut failures = self.continue_lost(&mut running).await?;
        let all = self.databases(deadline).await?;
        let is_running = |database: &Database| running.iter().any(|name| is_timer_of(name, &database.arn));
        let idle: Vec<Database> = all.iter().filter(|database| !is_running(database)).cloned().collect();
        let now = self.cloud.now();
        let Plan { start, waiting, stretch, dollars_a_month } = plan(&self.settings.policy, &idle, running.len(), now);
        for due in &start {
            let started = self.start(&due.copy, &due.database).await;
            failures.extend(started.err().map(|error| format!("{error:#}")));
        }
        self.report_unverified(&all, now);
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

    async fn start(&self, copy: &protocol::SnapshotArn, database: &DatabaseArn) -> anyhow::Result<()> {
        let found = self.cloud.find(copy).await?;
        let Some(origin) = found.and_then(|found| Origin::from_tags(&found.tags)) else { return Ok(()) };
        let job = self.job(copy, database)?;
        self.start_timer(&job, &origin).await?;
        Ok(())
    }

    /// Databases of verifications whose timer was lost get another one. If AWS starts no more for this name, the look is made here.
    async fn continue_lost(&self, running: &mut Vec<String>) -> anyhow::Result<Vec<String>> {
        let mut failures = Vec::new();
        for found in provision::sweep::sweep(&self.cloud, self.cloud.now()).await? {
            let job = match found.due {
                Due::Continue(job, Role::Verify) | Due::TearDown(job, Role::Verify) => job,
                Due::Continue(..) | Due::TearDown(..) => continue,
                Due::Report(reason) => {
                    error!(step = step::DATABASE_LEFT, database = %found.database, reason, databases_left = 1,
                        "a database needs a person");
                    continue;
                }
            };
            let continued = self.continue_one(&job, running).await;
            failures.extend(continued.err().map(|error| format!("{}: {error:#}", found.database)));
        }
        Ok(failures)
    }

    async fn continue_one(&self, job: &Job, running: &mut Vec<String>) -> anyhow::Result<()> {
        let Some(origin) = self.origin_of(job).await? else { return Ok(()) };
        if running.iter().any(|name| is_timer_of(name, &origin.database)) {
            return Ok(());
        }
        if self.start_timer(job, &origin).await? == TimerStart::UsedUp {
            let verifying = Verifying { job: job.to_tags(), origin };
            self.look(&verifying, self.cloud.now() + TimeDelta::minutes(5)).await?;
        }
        Ok(())
    }

    /// The origin of the copy of a job. The copy may be gone: then the job itself tells the rest that is needed.
    async fn origin_of(&self, job: &Job) -> anyhow::Result<Option<Origin>> {
        let protocol::job::Source::Snapshot(copy) = &job.request().source else { return Ok(None) };
        let found = self.cloud.find(copy).await?;
        let own =
            Origin { snapshot: copy.clone(), database: job.request().target.clone(), taken: job.request().deadline };
        Ok(Some(found.and_then(|found| Origin::from_tags(&found.tags)).unwrap_or(own)))
    }

    fn report_unverified(&self, databases: &[Database], now: DateTime<Utc>) {
        // Once a day.
        if now.timestamp() / 3600 % 24 != 6 {
            return;
        }
        for database in databases {
            let Some(since) = database.unverified_since().filter(|since| now - *since > self.settings.unverified)
            else {
                continue;
            };
            let account = &database.arn.place.account;
            error!(%account, database = %database.arn, step = step::DATABASE_UNVERIFIED, unverified = 1,
                "no copy of this database was verified for {} days; see the reports of its last verifications", (now - since).num_days());
        }
    }

    /// Looks at a verification, and makes its next step.
    ///
    /// # Errors
    /// If a call fails. The timer tries again.
    pub(crate) async fn look(&self, verifying: &Verifying, deadline: DateTime<Utc>) -> anyhow::Result<Answer> {
        let job = self.own(Job::from_tags(&verifying.job)?)?;
        let (origin, now) = (&verifying.origin, self.cloud.now());
        let key = key(&origin.database, job.id());
        let record = match self.read::<Record>(&key).await? {
            Some(record) => record,
            None => self.begin(&job, origin, &key).await?,
        };
        match next(&record, self.settings.keep_failed, now) {
            Next::Provision => self.provision(&job, record, &key, deadline).await,
            Next::Announce => {
                let mut record = record;
                if let State::Concluded { at, report, .. } = record.state.clone() {
                    self.announce(&job, &record, &report, at).await?;
                    record.state = State::Concluded { at, report, announced: true };
                    self.write(&key, &record).await?;
                }
                Ok(Answer::again(AT_ONCE))
            }
            Next::Keep(rest) => Ok(Answer::again(rest)),
            Next::TearDown => self.tear_down(&job, record.restore).await,
        }
    }

    /// The first look: a copy that is being verified is not thinned.
    async fn begin(&self, job: &Job, origin: &Origin, key: &str) -> anyhow::Result<Record> {
        let protocol::job::Source::Snapshot(copy) = &job.request().source else {
            anyhow::bail!("the job {} has no snapshot", job.id());
        };
        let until = job.request().deadline.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.cloud.tag(copy, tags::VERIFYING, &until).await?;
        let record = Record::new(copy.clone(), origin.clone(), self.cloud.now());
        self.write(key, &record).await?;
        let (account, database) = (&origin.database.place.account, &origin.database);
        info!(%account, %database, step = step::VERIFICATION_STARTED, %copy, "restoring the copy to verify it");
        Ok(record)
    }

    async fn provision(
        &self,
        job: &Job,
        mut record: Record,
        key: &str,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Answer> {
        let restore = record.restore;
        let now = self.cloud.now();
        let outcome = provision::step(&self.cloud, job, restore.into(), None, now).await?;
        match after(outcome, now) {
            After::Wait { after, begin } => {
                if discriminant(&Restore::from(begin)) != discriminant(&restore) {
                    record.restore = begin.into();
                    self.write(key, &record).await?;
                }
                Ok(Answer::again(after))
            }
            After::Check(ready) => {
                record.provisioned.get_or_insert(now);
                record.notes.clone_from(&ready.report);
                self.check(job, record, &ready, key, deadline).await
            }
            After::Conclude { why } => {
                record.notes.insert(0, why.clone());
                record.part.not_checked.insert(NotChecked { what: "the copy".to_owned(), why });
                self.conclude(record, checks::report::Progress::Unfinished, 0, key).await
            }
        }
    }

    /// Invokes the checker once. It hands on where it stopped, and the next look continues there.
    async fn check(
        &self,
        job: &Job,
        mut record: Record,
        ready: &Ready,
        key: &str,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Answer> {
        let State::Running { marker } = record.state.clone() else { return Ok(Answer::again(AT_ONCE)) };
        let now = self.cloud.now();
        let time = (deadline - now - RESERVE).min(job.request().deadline - now - RESERVE).num_seconds();
        let Some(run_seconds) = u32::try_from(time).ok().filter(|seconds| *seconds > 60) else {
            return Ok(Answer::again(AT_ONCE));
        };
        let database = &record.origin.database;
        let checks = self.checks_of(database, &mut record.part.not_checked).await?;
        let last: Last = self.read(&key_of_last(database)).await?.unwrap_or_default();
        let roots = self.cloud.read_object(&self.settings.bucket, ROOTS).await?;
        let roots = String::from_utf8(roots.context("the bucket has no roots.pem: run cargo xtask update verifier")?)?;
        let credentials = self.cloud.read_secret(&ready.secret).await?;
        let task = Task {
            server: Server {
                product: ready.product,
                host: ready.endpoint.host.clone(),
                port: ready.endpoint.port,
                address: None,
                user: credentials.user.clone(),
                password: Secret::new(credentials.password()),
                roots,
            },
            database: None,
            checks: checks.clone(),
            last: last.values,
            taken: record.origin.taken,
            limits: Limits { run_seconds: run_seconds.min(Limits::default().run_seconds), ..Limits::default() },
            marker,
        };
        let answer = match self.cloud.invoke(&self.settings.checker, &serde_json::to_value(&task)?).await {
            Ok(answer) => serde_json::from_value::<Checked>(answer).context("the answer of the checker")?,
            Err(error) if is_passing(&error) => {
                warn!(step = step::CHECKER_FAILED, database = %database, reason = %error, "the checker is invoked again");
                self.write(key, &record).await?;
                return Ok(Answer::again(RETRY));
            }
            Err(error) => return Err(error.into()),
        };
        record.part = std::mem::take(&mut record.part).merge(answer.part);
        match answer.next {
            Some(marker) => {
                record.state = State::Running { marker: Some(marker) };
                self.write(key, &record).await?;
                Ok(Answer::again(AT_ONCE))
            }
            None => self.conclude(record, checks::report::Progress::Finished, checks.len(), key).await,
        }
    }

    async fn conclude(
        &self,
        mut record: Record,
        progress: checks::report::Progress,
        asked: usize,
        key: &str,
    ) -> anyhow::Result<Answer> {
        let last: Option<Last> = self.read(&key_of_last(&record.origin.database)).await?;
        let changes = match (&last, progress) {
            (Some(last), checks::report::Progress::Finished) => {
                compare(&last.profile, &record.last().profile, &Thresholds::default())
            }
            _ => Vec::new(),
        };
        let report = Report::of(&record.part, progress, asked, changes);
        record.state = State::Concluded { at: self.cloud.now(), report: Box::new(report), announced: false };
        self.write(key, &record).await?;
        Ok(Answer::again(AT_ONCE))
    }

    /// The user's checks of a database: those of its identifier, or of `ACCOUNT/IDENTIFIER`.
    async fn checks_of(
        &self,
        database: &DatabaseArn,
        not_checked: &mut std::collections::BTreeSet<NotChecked>,
    ) -> anyhow::Result<Vec<Check>> {
        let Some(content) = self.cloud.read_object(&self.settings.bucket, CHECKS).await? else { return Ok(Vec::new()) };
        match serde_json::from_slice::<BTreeMap<String, Vec<Check>>>(&content) {
            Ok(all) => {
                let names = [format!("{}/{}", database.place.account, database.id()), database.id().to_owned()];
                Ok(names.iter().find_map(|name| all.get(name)).cloned().unwrap_or_default())
            }
            Err(error) => {
                not_checked
                    .insert(NotChecked { what: "the user's checks".to_owned(), why: format!("{CHECKS}: {error}") });
                Ok(Vec::new())
            }
        }
    }

    async fn tear_down(&self, job: &Job, restore: Restore) -> anyhow::Result<Answer> {
        let (role, now) = (Verb::Verify.role(), self.cloud.now());
        match teardown::step(&self.cloud, job, role, restore.into(), None, now).await? {
            teardown::Outcome::Again { after, .. } => Ok(Answer::again(after)),
            teardown::Outcome::TornDown => Ok(Answer::Done),
            teardown::Outcome::Refused { reason } => Ok(Answer::TimedOut { why: reason }),
        }
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> anyhow::Result<Option<T>> {
        let content = self.cloud.read_object(&self.settings.bucket, key).await?;
        // An object that cannot be read is that of an older or newer version: the verification begins again.
        Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
    }

    async fn write(&self, key: &str, record: &Record) -> anyhow::Result<()> {
        Ok(self.cloud.write_object(&self.settings.bucket, key, serde_json::to_vec(record)?).await?)
    }
}

/// Whether another invocation of the checker may succeed. The deadline of the job ends the attempts.
fn is_passing(error: &Error) -> bool {
    matches!(error.class(), Class::Throttled | Class::Unreachable | Class::Other | Class::WrongState)
}
