//! Which copies are verified.

use anyhow::{anyhow, bail, ensure};
use protocol::event::Verifying;
use protocol::job::Source;
use protocol::{AccountId, DatabaseArn, Job, SnapshotArn};
use verifier::Verifier;
use verifier::command::Survey;
use verifier::plan::{Copy, Database, Due, dollars};

use super::{date, due};
use crate::Terminal;

/// A verification that is begun or continued.
pub(super) struct Chosen {
    pub(super) verifying: Verifying,
    pub(super) job: Job,
    /// The estimated cost, and the time after which it ends. `None` if its database is there already.
    limits: Option<(f64, i64)>,
}

impl Chosen {
    fn new(verifying: Verifying, limits: Option<(f64, i64)>) -> anyhow::Result<Self> {
        Ok(Self { job: Job::from_tags(&verifying.job)?, verifying, limits })
    }

    /// The copy.
    fn copy(&self) -> Option<&SnapshotArn> {
        match &self.job.request().source {
            Source::Snapshot(copy) => Some(copy),
            Source::PointInTime { .. } | Source::Clone { .. } => None,
        }
    }

    /// Whether it is of this database.
    pub(super) fn is_of(&self, database: &DatabaseArn) -> bool {
        self.verifying.origin.database == *database
    }

    /// One line: the copy, its database and the cost.
    pub(super) fn describe(&self) -> String {
        let origin = &self.verifying.origin;
        let copy = format!("the copy of {}, taken {}", origin.snapshot.id(), date(origin.taken));
        let database = origin.database.id();
        match self.limits {
            Some((cost, hours)) => {
                format!("{database}: {copy}; about {} dollars, and at most {hours} hours", super::dollars(cost))
            }
            None => format!("{database}: {copy}; its verification is continued"),
        }
    }
}

/// The verifications that the arguments ask for: those that are unfinished, and those that are started.
pub(super) async fn verifications(
    verifier: &Verifier,
    survey: &Survey,
    args: &deploy_args::Verify,
    terminal: &mut Terminal,
) -> anyhow::Result<Vec<Chosen>> {
    let has_timer = |verifying: &Verifying| {
        survey.databases.iter().any(|database| database.arn == verifying.origin.database && database.is_running)
    };
    let unfinished = verifier.unfinished().await?.into_iter();
    let unfinished: Vec<Chosen> = unfinished
        .filter(|verifying| !has_timer(verifying))
        .map(|verifying| Chosen::new(verifying, None))
        .collect::<anyhow::Result<_>>()?;
    let policy = verifier.policy();
    let (mut chosen, wanted) = match &args.database {
        Some(name) => {
            let found = database(survey, name)?;
            ensure!(
                !found.is_running,
                "the deployed verifier is verifying a copy of {}; `draco verify --report` shows the verdict later",
                found.arn.id()
            );
            let own: Vec<Chosen> = unfinished.into_iter().filter(|chosen| chosen.is_of(&found.arn)).collect();
            if let Some(copy) = own.first().and_then(Chosen::copy) {
                let is_wanted = args.copy.as_deref().is_none_or(|wanted| is_named(copy, wanted));
                ensure!(is_wanted, "the copy {} of this database is being verified; wait for its end", copy.id());
                return Ok(own);
            }
            let copy = copy(found, args.copy.as_deref())?;
            let dollars = dollars(policy, copy.gib);
            (Vec::new(), vec![Due { database: found.arn.clone(), copy: copy.arn.clone(), gib: copy.gib, dollars }])
        }
        None => {
            let is_new = |due: &&Due| unfinished.iter().all(|other| !other.is_of(&due.database));
            let running = survey.running + unfinished.len();
            let wanted = due(survey, policy, running).0.into_iter().filter(is_new).cloned().collect();
            (unfinished, wanted)
        }
    };
    for due in wanted {
        match verifier.verifying(&due).await? {
            Some(verifying) => chosen.push(Chosen::new(verifying, Some((due.dollars, policy.limit.num_hours())))?),
            None => terminal.warn(format_args!("the copy {} was deleted meanwhile", due.copy.id())),
        }
    }
    Ok(chosen)
}

/// The database of this name.
pub(super) fn database<'s>(survey: &'s Survey, name: &str) -> anyhow::Result<&'s Database> {
    let parts: Vec<&str> = name.split('/').collect();
    let (account, region, id) = match parts.as_slice() {
        [id] => (None, None, *id),
        [account, id] => (Some(account.parse::<AccountId>()?), None, *id),
        [account, region, id] => (Some(account.parse::<AccountId>()?), Some(*region), *id),
        _ => bail!("{name:?} is not a database: expected orders, 111111111111/orders or 111111111111/eu-west-1/orders"),
    };
    // RDS stores identifiers in lower case.
    let id = id.to_lowercase();
    let is_it = |database: &&Database| {
        let place = &database.arn.place;
        database.arn.id() == id
            && account.as_ref().is_none_or(|account| place.account == *account)
            && region.is_none_or(|region| place.region.as_str() == region)
    };
    let found: Vec<&Database> = survey.databases.iter().filter(is_it).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let known: Vec<&str> = survey.databases.iter().map(|database| database.arn.id()).take(10).collect();
            match known.is_empty() {
                true => bail!("DR has no complete copy of any database yet"),
                false => bail!("DR has no complete copy of {name}; it has copies of {}", known.join(", ")),
            }
        }
        several => {
            let all: Vec<String> = several.iter().map(|database| database.arn.to_string()).collect();
            bail!("{name} is several databases: {}; name one by ACCOUNT/REGION/IDENTIFIER", all.join(", "))
        }
    }
}

/// The copy of this identifier or ARN, or the newest one.
fn copy<'d>(database: &'d Database, named: Option<&str>) -> anyhow::Result<&'d Copy> {
    let mut newest: Vec<&Copy> = database.copies.iter().collect();
    newest.sort_by_key(|copy| std::cmp::Reverse((copy.arrived, copy.arn.id())));
    let found = match named {
        Some(named) => newest.iter().find(|copy| is_named(&copy.arn, named)),
        None => newest.first(),
    };
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = newest.iter().take(5).map(|copy| copy.arn.id()).collect();
        let named = named.unwrap_or_default();
        anyhow!("{} has no complete copy {named}; its newest are {}", database.arn.id(), known.join(", "))
    })
}

/// Whether this is the identifier or the ARN of the copy.
fn is_named(copy: &SnapshotArn, named: &str) -> bool {
    named.parse::<SnapshotArn>().map_or_else(|_| copy.id() == named, |arn| arn == *copy)
}
