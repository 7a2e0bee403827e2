//! A look at a verification, and the calls of its next step. Each is safe to repeat.

use std::mem::discriminant;

use anyhow::Context;
use checks::report::Progress;
use checks::{Answer as Checked, Check, Fault, Limits, NotChecked, Report, Secret, Server, Task, compare};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cloud::log::step;
use cloud::{Class, Error, Version};
use protocol::event::Verifying;
use protocol::job::{Source, Verb};
use protocol::wait::Answer;
use protocol::{DatabaseArn, Job, SnapshotArn, tags};
use provision::teardown;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{error, info, warn};

use crate::Verifier;
use crate::configured::NO_ROOTS;
use crate::record::{Claim, Concluded, Last, Record, Restore, key, key_of_claim, key_of_last};
use crate::stage::{After, Next, Ready, Times, after, next};

/// The time that is left for the verifier itself when the checker ends.
const RESERVE: TimeDelta = TimeDelta::seconds(45);
/// When a call or the checker has failed.
const RETRY: TimeDelta = TimeDelta::minutes(2);
/// So many runs of the checker in a row may not reach the server, with this pause between them.
const UNREACHED: u32 = 5;
/// And so many in a row may find a server that does not let the user in.
const HANGS: u32 = 2;
const UNREACHED_PAUSE: TimeDelta = TimeDelta::minutes(3);
/// How long a claim holds. It is renewed when a half is over, and a job that is lost does not hold up the next one for long.
const LEASE: TimeDelta = TimeDelta::hours(2);
/// A teardown that AWS does not refuse is over by then. One that it does is reported, and goes on.
const OVERDUE: TimeDelta = TimeDelta::hours(1);
/// When there is more to do.
const AT_ONCE: TimeDelta = TimeDelta::seconds(1);
/// A run of the checker that is shorter makes no progress.
const SHORTEST_RUN: u32 = 60;

/// The result of the first look.
enum First {
    Begun(Box<Versioned>),
    /// Nothing was restored, and nothing will be.
    NotBegun,
    /// The record was there, and is lost. What the database was for is not known any more, so it is torn down, and not restored again.
    Lost,
}

/// A record, and its version. It is written only in place of this version: of two looks at once, the later one looks again.
struct Versioned {
    record: Record,
    version: Version,
}

impl Verifier {
    /// Looks at a verification, and makes its next step.
    ///
    /// # Errors
    /// If a call fails. The timer tries again.
    pub(crate) async fn look(&self, verifying: &Verifying, deadline: DateTime<Utc>) -> anyhow::Result<Answer> {
        let job = self.own(Job::from_tags(&verifying.job)?)?;
        let advanced = self.advance(&job, verifying, deadline).await;
        if self.cloud.now() < job.request().deadline {
            return advanced;
        }
        // The end waits for neither the bucket nor the topic (invariant 22). An announcement that failed is an error nevertheless.
        let torn_down = self.tear_down(&job, Restore::Begun(job.request().deadline)).await?;
        advanced.map(|_| torn_down)
    }

    async fn advance(&self, job: &Job, verifying: &Verifying, deadline: DateTime<Utc>) -> anyhow::Result<Answer> {
        let key = key(job.id().as_str());
        let found = match self.read_or::<Option<Record>>(&key, None).await? {
            (Some(record), version) => Versioned { record, version },
            (None, version) => match self.begin(job, verifying, version).await? {
                First::Begun(found) => *found,
                First::NotBegun => return Ok(Answer::Done),
                // A database that AWS does not describe yet is found by the next run.
                First::Lost => return self.tear_down(job, Restore::NotBegun).await,
            },
        };
        let times = Times { deadline: job.request().deadline, keep: job.request().keep };
        let made = match next(&found.record, times, self.cloud.now()) {
            Next::Provision => self.provision(job, found, deadline).await,
            Next::Conclude => self.conclude(job, found, Progress::Unfinished).await,
            Next::Announce => self.announce_once(job, found).await,
            Next::Keep(rest) => Ok(Answer::again(rest)),
            Next::TearDown => self.end(job, &found.record).await,
        };
        match made {
            // Another look was faster.
            Err(error) if is_of_class(&error, Class::Exists) => Ok(Answer::again(AT_ONCE)),
            made => made,
        }
    }

    /// The first look.
    async fn begin(&self, job: &Job, verifying: &Verifying, version: Version) -> anyhow::Result<First> {
        let copy = copy_of(job)?;
        let found = self.cloud.find(copy).await?;
        let was_there = found.as_ref().is_none_or(|found| found.tags.get(tags::VERIFYING) == Some(&until(job)));
        if was_there {
            let (database, is_gone) = (&verifying.origin.database, found.is_none());
            error!(account = %database.place.account, %database, step = step::NOT_VERIFIED, %copy, not_verified = 1,
                reason = if is_gone { "the copy is gone" } else { "the record of the verification is lost" },
                "it is not known whether the copy is good");
            return Ok(First::Lost);
        }
        let (database, account) = (&verifying.origin.database, &verifying.origin.database.place.account);
        let claimed = match self.roots().await?.is_some() {
            true => self.claim(job, database).await?.ok_or("another verification of this database runs"),
            false => Err(NO_ROOTS),
        };
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(reason) => {
                warn!(%account, %database, step = step::VERIFICATION_NOT_BEGUN, %copy, reason, "the copy is not restored");
                return Ok(First::NotBegun);
            }
        };
        let mut record = Record::new(copy.clone(), verifying.origin.clone(), self.cloud.now());
        record.claimed = Some(claimed);
        let version = self.write(&key(job.id().as_str()), &record, &version).await?;
        info!(%account, %database, step = step::VERIFICATION_STARTED, %copy, "restoring the copy to verify it");
        Ok(First::Begun(Box::new(Versioned { record, version })))
    }

    async fn provision(&self, job: &Job, mut found: Versioned, deadline: DateTime<Utc>) -> anyhow::Result<Answer> {
        let now = self.cloud.now();
        if found.record.restore == Restore::NotBegun {
            // A copy that is being verified is not thinned.
            self.cloud.tag(&found.record.copy, tags::VERIFYING, &until(job)).await?;
        }
        if found.record.claimed.is_none_or(|until| until - now < LEASE / 2) {
            found.record.claimed = self.claim(job, &found.record.origin.database).await?;
        }
        let outcome = provision::step(&self.cloud, job, found.record.restore.into(), None, now).await?;
        match after(outcome, now) {
            After::Wait { after, begin } => {
                if discriminant(&Restore::from(begin)) != discriminant(&found.record.restore) {
                    found.record.restore = begin.into();
                    self.save(job, &found).await?;
                }
                Ok(Answer::again(after))
            }
            After::Check(ready) => self.check(job, found, &ready, deadline).await,
            After::Conclude { why } => {
                found.record.failure = Some(why.clone());
                found.record.part.not_checked.insert(NotChecked { what: "the copy".to_owned(), why });
                self.conclude(job, found, Progress::Unfinished).await
            }
        }
    }

    /// Invokes the checker once. It hands on where it stopped, and the next look continues there.
    async fn check(
        &self,
        job: &Job,
        mut found: Versioned,
        ready: &Ready,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Answer> {
        let (now, record) = (self.cloud.now(), &mut found.record);
        let end = deadline.min(job.request().deadline - job.request().keep);
        let Some(run_seconds) =
            u32::try_from((end - now - RESERVE).num_seconds()).ok().filter(|time| *time > SHORTEST_RUN)
        else {
            return Ok(Answer::again(RETRY));
        };
        record.provisioned.get_or_insert(now);
        record.notes.clone_from(&ready.report);
        let asked = match &record.checks {
            Some(asked) => asked.clone(),
            None => record.checks.insert(self.checks_of(&record.origin.database).await?).clone(),
        };
        let task = self.task(record, ready, asked.checks, run_seconds).await?;
        let answer = match self.cloud.invoke(&self.settings.checker, &serde_json::to_value(&task)?).await {
            Ok(answer) => serde_json::from_value::<Checked>(answer).context("the answer of the checker")?,
            Err(error) if is_passing(&error) => {
                let database = &record.origin.database;
                warn!(step = step::CHECKER_FAILED, %database, reason = %error, "the checker is invoked again");
                self.save(job, &found).await?;
                return Ok(Answer::again(RETRY));
            }
            Err(error) => return Err(error.into()),
        };
        // A server that was not reached may be reached later. What the run has found before counts.
        let mut part = answer.part;
        let is_reached = !part.faults.iter().any(Fault::may_pass);
        record.unreached = if is_reached { 0 } else { record.unreached + 1 };
        let hangs = part.faults.iter().any(|fault| matches!(fault, Fault::Hangs { .. }));
        let is_tried_again = (1..if hangs { HANGS } else { UNREACHED }).contains(&record.unreached);
        if is_tried_again {
            part.faults.retain(|fault| !fault.may_pass());
        }
        record.part = std::mem::take(&mut record.part).merge(part);
        if is_tried_again {
            self.save(job, &found).await?;
            return Ok(Answer::again(UNREACHED_PAUSE));
        }
        record.marker = answer.next;
        match record.marker {
            Some(_) => {
                self.save(job, &found).await?;
                Ok(Answer::again(AT_ONCE))
            }
            None => self.conclude(job, found, Progress::Finished).await,
        }
    }

    async fn task(&self, record: &Record, ready: &Ready, checks: Vec<Check>, run_seconds: u32) -> anyhow::Result<Task> {
        let (last, _) = self.last_of(&record.origin.database).await?;
        let last = last.filter(|last| last.taken <= record.origin.taken);
        let roots = self.roots().await?.context(NO_ROOTS)?;
        let credentials = self.cloud.read_secret(&ready.secret).await?;
        Ok(Task {
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
            checks,
            last: last.map(|last| last.values).unwrap_or_default(),
            taken: record.origin.taken,
            limits: Limits { run_seconds: run_seconds.min(Limits::default().run_seconds), ..Limits::default() },
            marker: record.marker.clone(),
        })
    }

    async fn conclude(&self, job: &Job, mut found: Versioned, progress: Progress) -> anyhow::Result<Answer> {
        let record = &mut found.record;
        let (last, _) = self.last_of(&record.origin.database).await?;
        let changes = match last {
            Some(last)
                if progress == Progress::Finished && record.part.complete && last.taken <= record.origin.taken =>
            {
                let (thresholds, invalid) = self.thresholds().await?;
                let what = "the changes of the data by your own thresholds".to_owned();
                record.part.not_checked.extend(invalid.map(|why| NotChecked { what, why }));
                compare(&last.profile, &record.last().profile, &thresholds)
            }
            _ => Vec::new(),
        };
        let asked = record.checks.clone().unwrap_or_default();
        if let Some(why) = asked.invalid {
            record.part.not_checked.insert(NotChecked { what: "the user's checks".to_owned(), why });
        }
        let report = Box::new(Report::of(&record.part, progress, asked.asked, changes));
        record.concluded = Some(Concluded { at: self.cloud.now(), report, announced: false });
        self.save(job, &found).await?;
        Ok(Answer::again(AT_ONCE))
    }

    async fn announce_once(&self, job: &Job, mut found: Versioned) -> anyhow::Result<Answer> {
        if let Some(mut concluded) = found.record.concluded.clone() {
            self.announce(job, &found.record, &concluded).await?;
            concluded.announced = true;
            found.record.concluded = Some(concluded);
            self.save(job, &found).await?;
        }
        Ok(Answer::again(AT_ONCE))
    }

    /// Claims the database for this job, or claims it again, and returns until when. `None`: another job verifies a copy of it. Two jobs at
    /// once would cost twice.
    async fn claim(&self, job: &Job, database: &DatabaseArn) -> anyhow::Result<Option<DateTime<Utc>>> {
        let (key, now) = (key_of_claim(database), self.cloud.now());
        let (claim, version) = self.read_or::<Option<Claim>>(&key, None).await?;
        let is_free = claim.is_none_or(|claim| claim.job == job.id().as_str() || claim.until <= now);
        if !is_free {
            return Ok(None);
        }
        let claim = Claim { job: job.id().to_string(), until: job.request().deadline.min(now + LEASE) };
        match self.write(&key, &claim, &version).await {
            Ok(_) => Ok(Some(claim.until)),
            Err(error) if is_of_class(&error, Class::Exists) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tears the database down, and lets the next verification of its source begin.
    async fn end(&self, job: &Job, record: &Record) -> anyhow::Result<Answer> {
        let answer = self.tear_down(job, record.restore).await?;
        if answer == Answer::Done {
            let key = key_of_claim(&record.origin.database);
            let (claim, version) = self.read_or::<Option<Claim>>(&key, None).await?;
            if let Some(claim) = claim.filter(|claim| claim.job == job.id().as_str()) {
                self.write(&key, &Claim { until: self.cloud.now(), ..claim }, &version).await?;
            }
        }
        Ok(answer)
    }

    pub(crate) async fn tear_down(&self, job: &Job, restore: Restore) -> anyhow::Result<Answer> {
        let (role, now) = (Verb::Verify.role(), self.cloud.now());
        match teardown::step(&self.cloud, job, role, restore.into(), None, now).await? {
            teardown::Outcome::Again { after, why } => {
                if now > job.request().deadline + OVERDUE {
                    self.report_left(&job.new_database(), &why).await;
                }
                Ok(Answer::again(after))
            }
            teardown::Outcome::TornDown => Ok(Answer::Done),
            teardown::Outcome::Refused { reason } => {
                self.report_left(&job.new_database(), &reason).await;
                Ok(Answer::TimedOut { why: reason })
            }
        }
    }

    /// What a verification of this database is compared with. If it cannot be read, there is none, and the next one replaces it.
    pub(crate) async fn last_of(&self, database: &DatabaseArn) -> Result<(Option<Last>, Version), Error> {
        let object = self.cloud.read_object(&self.settings.bucket, &key_of_last(database)).await?;
        let Some(object) = object else { return Ok((None, Version::None)) };
        let last = serde_json::from_slice(&object.content);
        if let Err(error) = &last {
            warn!(step = step::MEASURE_UNREADABLE, %database, reason = %error, "this verification is compared with no earlier one");
        }
        Ok((last.ok(), object.version))
    }

    /// An object, and its version. One that cannot be read is an error: nothing may be decided without it.
    pub(crate) async fn read_or<T: DeserializeOwned>(&self, key: &str, missing: T) -> anyhow::Result<(T, Version)> {
        let Some(object) = self.cloud.read_object(&self.settings.bucket, key).await? else {
            return Ok((missing, Version::None));
        };
        let content =
            serde_json::from_slice(&object.content).with_context(|| format!("the object {key} cannot be read"))?;
        Ok((content, object.version))
    }

    pub(crate) async fn write<T: Serialize>(
        &self,
        key: &str,
        content: &T,
        replaces: &Version,
    ) -> anyhow::Result<Version> {
        Ok(self.cloud.write_object(&self.settings.bucket, key, serde_json::to_vec(content)?, replaces).await?)
    }

    async fn save(&self, job: &Job, found: &Versioned) -> anyhow::Result<()> {
        self.write(&key(job.id().as_str()), &found.record, &found.version).await.map(drop)
    }
}

fn copy_of(job: &Job) -> anyhow::Result<&SnapshotArn> {
    match &job.request().source {
        Source::Snapshot(copy) => Ok(copy),
        Source::PointInTime { .. } | Source::Clone { .. } => anyhow::bail!("the job {} has no snapshot", job.id()),
    }
}

/// The value of `Draco_Verifying` on the copy of a job.
fn until(job: &Job) -> String {
    job.request().deadline.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn is_of_class(error: &anyhow::Error, class: Class) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| error.class() == class)
}

/// Whether another invocation of the checker may succeed. The deadline of the job ends the attempts.
fn is_passing(error: &Error) -> bool {
    matches!(error.class(), Class::Throttled | Class::Unreachable | Class::Other | Class::WrongState)
}
