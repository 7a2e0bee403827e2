//! The job and the timer of a verification.

use chrono::{DateTime, Utc};
use cloud::{Error, TimerStart};
use protocol::event::{Trigger, Verifying};
use protocol::job::{Approval, Request, Source, Verb, names};
use protocol::spec::{Setting, Settings as Overrides, Value};
use protocol::wait::{Answer, Timer};
use protocol::{DatabaseArn, Job, Origin, SnapshotArn};

use crate::Verifier;

/// The purpose in the names of timers.
const VERIFYING: &str = "verifying";

impl Verifier {
    /// The job that restores a copy into the stack's network.
    pub(crate) fn job(&self, copy: &SnapshotArn, database: &DatabaseArn) -> anyhow::Result<Job> {
        let settings = &self.settings;
        let names = |name: &str| Value::Names([name.to_owned()].into());
        let mut overrides = Overrides::from([
            (Setting::SubnetGroup, Value::Name(settings.subnet_group.clone())),
            (Setting::SecurityGroups, names(&settings.security_group)),
            // The password is not known: it is that of the source. RDS keeps the new one in Secrets Manager.
            (Setting::ManagedPassword, Value::Flag(true)),
        ]);
        overrides.extend(settings.policy.class.clone().map(|class| (Setting::Class, Value::Name(class))));
        let request = Request {
            verb: Verb::Verify,
            source: Source::Snapshot(copy.clone()),
            target: DatabaseArn::new(copy.kind, self.cloud.here().clone(), &target_name(database))?,
            replaces: None,
            overrides,
            approval: Approval::Given,
            keep: settings.keep_failed,
            deadline: self.cloud.now() + settings.policy.limit + settings.keep_failed,
        };
        Ok(Job::new(request)?)
    }

    /// Starts the timer of a verification.
    pub(crate) async fn start_timer(&self, job: &Job, origin: &Origin) -> Result<TimerStart, Error> {
        let trigger = Trigger::Verifying(Box::new(Verifying { job: job.to_tags(), origin: origin.clone() }));
        let timer = Timer { trigger, answer: Answer::Again { seconds: 1 } };
        let name = timer_name(&origin.database, self.cloud.now());
        self.cloud.start_timer(&self.settings.timer, &name, &timer).await
    }

    /// The job that a timer or a tag describes.
    pub(crate) fn own(&self, job: Job) -> Result<Job, ForeignJob> {
        let is_own = job.request().verb == Verb::Verify && job.request().target.place == *self.cloud.here();
        if is_own { Ok(job) } else { Err(ForeignJob(job.id().to_string())) }
    }
}

/// The name in that of the restored database. A database of a source account may have one that no job can have.
fn target_name(database: &DatabaseArn) -> String {
    let id = database.id();
    match names::check(id).is_err() || names::parse(id).is_some() {
        true => format!("db-{}", cloud::hash(id)),
        false => id.to_owned(),
    }
}

/// A job that is not the verifier's.
#[derive(Debug)]
pub(crate) struct ForeignJob(String);

impl std::fmt::Display for ForeignJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the job {} is not a verification in this account and region", self.0)
    }
}

impl std::error::Error for ForeignJob {}

/// AWS accepts a name once in ninety days. A database is verified once a day at most.
pub(crate) fn timer_name(database: &DatabaseArn, now: DateTime<Utc>) -> String {
    let day = now.format("%Y%m%d").to_string();
    cloud::timer_name(VERIFYING, &database.place.account, &day, &database.to_string(), database.id())
}

/// Whether a running timer is that of a verification of this database.
pub(crate) fn is_timer_of(name: &str, database: &DatabaseArn) -> bool {
    let of = timer_name(database, DateTime::UNIX_EPOCH);
    let parts = |name: &str| name.splitn(5, '-').map(str::to_owned).collect::<Vec<_>>();
    let (name, of) = (parts(name), parts(&of));
    // purpose, account, day, hash
    name.len() >= 4 && (&name[0], &name[1], &name[3]) == (&of[0], &of[1], &of[3])
}

/// Whether a timer is of a verification.
pub(crate) fn is_timer(name: &str) -> bool {
    name.starts_with(VERIFYING)
}
