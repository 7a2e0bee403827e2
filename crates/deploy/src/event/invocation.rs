//! The payload of an invocation: exactly the payload that SNS, the timer or the schedule would send.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use config::Config;
use protocol::event::{Audit, Awaited, Check, Delivery, Keep, Sweep, Trigger, Verify};
use protocol::message::RefusalReason;
use protocol::topic::{consumer_topic, notification_topic, producer_topic};
use protocol::{
    Announcement, Kind, Message, NoCopy, Origin, Place, Snapshot, SnapshotArn, SnapshotRole, Status, TopicArn,
};
use serde_json::Value;

use crate::{Account, Role};

/// An invocation of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// A description for the user.
    pub description: String,
    /// The payload for the function.
    pub payload: Value,
}

impl Invocation {
    /// RDS sends an event for a snapshot of this account.
    ///
    /// # Errors
    ///
    /// If there is no such snapshot.
    pub async fn look(account: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(account, named).await?;
        let topic = match account.role {
            Role::Producer => producer_topic(&account.place),
            Role::Consumer | Role::Second | Role::Verifier => notification_topic(&account.place),
        };
        let payload = Delivery::of_created_snapshot(&snapshot.arn, &topic).payload();
        Ok(Self { description: format!("look at {}", snapshot.arn), payload })
    }

    /// The schedule starts a sweep.
    #[must_use]
    pub fn sweep() -> Self {
        let payload = trigger_payload(&Trigger::Sweep(Sweep::default()));
        Self { description: "sweep: look at all snapshots".to_owned(), payload }
    }

    /// The schedule starts an audit.
    #[must_use]
    pub fn audit() -> Self {
        let description = "audit: ask DR for the copy of each snapshot that is marked as copied".to_owned();
        Self { description, payload: trigger_payload(&Trigger::Audit(Audit::default())) }
    }

    /// The schedule starts a run of the keeper, which deletes as many copies as its stack allows, or this many.
    #[must_use]
    pub fn keep(limit: Option<u32>) -> Self {
        let description = match limit {
            None => "keep: report silent databases, delete expired copies".to_owned(),
            Some(limit) => format!("keep: report silent databases, delete up to {limit} expired copies"),
        };
        Self { description, payload: trigger_payload(&Trigger::Keep(Keep { limit })) }
    }

    /// The schedule starts the verifications that are due.
    #[must_use]
    pub fn verify() -> Self {
        let description = "verify: start the verifications that are due".to_owned();
        Self { description, payload: trigger_payload(&Trigger::Verify(Verify::default())) }
    }

    /// The producer announces a transit copy.
    ///
    /// # Errors
    ///
    /// If there is no available transit copy.
    pub async fn announce(source: &Account, config: &Config, named: &str) -> anyhow::Result<Self> {
        let announcement = announcement(source, named).await?;
        let dr = config.need(&config.dr_acct, "DR_ACCT")?.clone();
        let dr = Place { account: dr, region: Role::Consumer.region(config)?.clone() };
        let description = format!("{} is shared", announcement.transit);
        let topic = consumer_topic(&dr, &source.place.account);
        Ok(Self::message(description, &Message::Shared(announcement), &topic))
    }

    /// The consumer reports that its copy is completed. The message must be true, because the producer then deletes the transit
    /// copy.
    ///
    /// # Errors
    ///
    /// If there is no available copy.
    pub async fn completed(dr: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(dr, named).await?;
        let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) else {
            bail!("{} is not a copy that Draco made", snapshot.arn)
        };
        ensure!(
            snapshot.status == Status::Available,
            "{} is not completed; `cargo xtask event check-copy` shows its progress",
            snapshot.arn
        );
        let description = format!("{} has the copy {}", origin.snapshot, snapshot.arn);
        let topic = producer_topic(&origin.snapshot.place);
        Ok(Self::message(description, &Message::Completed { origin, copy: snapshot.arn }, &topic))
    }

    /// The consumer reports that it has no copy.
    ///
    /// # Errors
    ///
    /// If there is no such snapshot.
    pub async fn no_copy(source: &Account, named: &str, reason: RefusalReason) -> anyhow::Result<Self> {
        let origin = origin(&find(source, named).await?)?;
        let description = format!("{} was not copied ({reason})", origin.snapshot);
        let message = Message::NoCopy(NoCopy { origin, reason, why: "sent by hand".to_owned() });
        Ok(Self::message(description, &message, &producer_topic(&source.place)))
    }

    /// The timer checks the copy of this account.
    ///
    /// # Errors
    ///
    /// If there is no such snapshot.
    pub async fn check(account: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(account, named).await?;
        let origin = origin(&snapshot)?;
        let copy = match account.role {
            Role::Producer => origin.transit(),
            Role::Consumer | Role::Second | Role::Verifier => origin.copy(&account.place),
        };
        // RDS returns the start time once the copy exists.
        let started = account.cloud().find(&copy).await?.and_then(|copy| copy.created);
        let since = started.unwrap_or_else(|| account.cloud().now());
        Ok(Self::timer_check(format!("check the progress of {copy}"), Awaited::Copying(origin), since))
    }

    /// The timer checks whether an announced transit copy is visible in DR yet.
    ///
    /// # Errors
    ///
    /// If there is no available transit copy.
    pub async fn check_shared(source: &Account, named: &str) -> anyhow::Result<Self> {
        let announcement = announcement(source, named).await?;
        let description = format!("check whether {} is visible", announcement.transit);
        Ok(Self::timer_check(description, Awaited::Sharing(announcement), source.cloud().now()))
    }

    fn message(description: String, message: &Message, topic: &TopicArn) -> Self {
        Self { description, payload: Delivery::of_message(message, topic).payload() }
    }

    fn timer_check(description: String, awaited: Awaited, since: DateTime<Utc>) -> Self {
        Self { description, payload: trigger_payload(&Trigger::Check(Box::new(Check { awaited, since }))) }
    }
}

/// Has only strings and times, which can always be serialized.
fn trigger_payload(trigger: &Trigger) -> Value {
    serde_json::to_value(trigger).unwrap_or_default()
}

async fn announcement(source: &Account, named: &str) -> anyhow::Result<Announcement> {
    let origin = origin(&find(source, named).await?)?;
    let transit = origin.transit();
    let found = source.cloud().find(&transit).await?.filter(|found| found.status == Status::Available);
    let found = found.with_context(|| {
        format!("there is no available transit copy {transit}; `cargo xtask event look` starts one")
    })?;
    Ok(Announcement { origin, transit, tags: found.tags })
}

/// The origin of a copy, or that of a source snapshot itself.
fn origin(snapshot: &Snapshot) -> anyhow::Result<Origin> {
    match SnapshotRole::of(snapshot) {
        SnapshotRole::Transit(origin) | SnapshotRole::Copy(origin) => Ok(origin),
        SnapshotRole::Source => {
            snapshot.origin()?.with_context(|| format!("{} is still being created, and has no time yet", snapshot.arn))
        }
    }
}

/// The snapshot with this identifier or ARN; if there is none in this account, the copy that Draco made of it.
async fn find(account: &Account, named: &str) -> anyhow::Result<Snapshot> {
    let cloud = account.cloud();
    let arns: Vec<SnapshotArn> = if named.starts_with("arn:") {
        vec![named.parse()?]
    } else {
        let arn = |kind| SnapshotArn::new(kind, account.place.clone(), named);
        Kind::ALL.map(arn).into_iter().collect::<Result<_, _>>()?
    };
    let mut found = Vec::new();
    for arn in arns.iter().filter(|arn| arn.place == account.place) {
        found.extend(cloud.find(arn).await?);
    }
    if found.is_empty() {
        for kind in Kind::ALL {
            let all = cloud.list_all(kind, None).await?;
            found.extend(all.into_iter().filter(|one| match SnapshotRole::of(one) {
                SnapshotRole::Transit(origin) | SnapshotRole::Copy(origin) => {
                    arns.iter().any(|arn| is_of(&origin, arn, named))
                }
                SnapshotRole::Source => false,
            }));
        }
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => bail!("{account} has neither a snapshot {named} nor a copy of it"),
        [one, other, ..] => bail!("{named} is ambiguous: use the ARN {} or {}", one.arn, other.arn),
    }
}

/// Whether a copy of this origin is meant. An identifier does not contain the account.
fn is_of(origin: &Origin, arn: &SnapshotArn, named: &str) -> bool {
    let by_arn = origin.snapshot == *arn || origin.transit() == *arn;
    let by_id = !named.starts_with("arn:") && origin.snapshot.kind == arn.kind;
    by_arn || by_id && [origin.snapshot.id(), origin.transit().id()].contains(&arn.id())
}
