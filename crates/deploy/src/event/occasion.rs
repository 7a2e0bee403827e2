//! What a function is told, and the payload that tells it: exactly what SNS, the timer or the schedule would give.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use config::Config;
use protocol::event::{Awaited, Check, Delivery, Sweep, Trigger};
use protocol::message::RefusalReason;
use protocol::{Announcement, Kind, Message, NoCopy, Origin, Place, Snapshot, SnapshotArn, SnapshotRole, Status};
use serde_json::Value;

use crate::{Account, Role};

/// Something to tell a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion {
    /// In words.
    pub what: String,
    /// As the function gets it.
    pub payload: Value,
}

impl Occasion {
    /// RDS tells of a snapshot of this account's.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn look(account: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(account, named).await?;
        let payload = Delivery::of_created_snapshot(&snapshot.arn, &topic(account.role, &account.place)).payload();
        Ok(Self { what: format!("look at {}", snapshot.arn), payload })
    }

    /// The schedule asks.
    #[must_use]
    pub fn sweep() -> Self {
        let payload = asked(&Trigger::Sweep(Sweep::default()));
        Self { what: "look at everything that may have been missed".to_owned(), payload }
    }

    /// The producer announces a transit copy.
    ///
    /// # Errors
    ///
    /// If there is no whole one.
    pub async fn announce(source: &Account, config: &Config, named: &str) -> anyhow::Result<Self> {
        let announcement = announcement(source, named).await?;
        let dr = config.need(&config.dr_acct, "DR_ACCT")?.clone();
        let dr = Place { account: dr, region: source.place.region.clone() };
        let what = format!("{} is shared", announcement.transit);
        Ok(Self::said(what, &Message::Shared(announcement), Role::Consumer, &dr))
    }

    /// The consumer says that its copy is safe. What is not so is not said: the producer would delete the transit copy.
    ///
    /// # Errors
    ///
    /// If there is no whole copy.
    pub async fn completed(dr: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(dr, named).await?;
        let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) else {
            bail!("{} is no copy that Draco made", snapshot.arn)
        };
        ensure!(
            snapshot.status == Status::Available,
            "{} is not whole: `event check-copy` asks how far it is",
            snapshot.arn
        );
        let what = format!("{} is safe as {}", origin.snapshot, snapshot.arn);
        let source = origin.snapshot.place.clone();
        Ok(Self::said(what, &Message::Completed { origin, copy: snapshot.arn }, Role::Producer, &source))
    }

    /// The consumer says that it has no copy.
    ///
    /// # Errors
    ///
    /// If there is no such snapshot.
    pub async fn no_copy(source: &Account, named: &str, reason: RefusalReason) -> anyhow::Result<Self> {
        let origin = origin(&find(source, named).await?)?;
        let what = format!("there is no copy of {} ({reason})", origin.snapshot);
        let message = Message::NoCopy(NoCopy { origin, reason, why: "told by hand".to_owned() });
        Ok(Self::said(what, &message, Role::Producer, &source.place))
    }

    /// The timer asks how far this account's copy is.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn check(account: &Account, named: &str) -> anyhow::Result<Self> {
        let snapshot = find(account, named).await?;
        let origin = origin(&snapshot)?;
        let copy = match account.role {
            Role::Producer => origin.transit(),
            Role::Consumer => origin.copy(&account.place),
        };
        // AWS tells since when it is copied once there is something.
        let begun = account.cloud().find(&copy).await?.and_then(|copy| copy.created);
        let since = begun.unwrap_or_else(|| account.cloud().now());
        Ok(Self::asks(format!("how far is {copy}?"), Awaited::Copying(origin), since))
    }

    /// The timer asks whether a transit copy that was announced can be seen by now.
    ///
    /// # Errors
    ///
    /// If there is no whole one.
    pub async fn check_shared(source: &Account, named: &str) -> anyhow::Result<Self> {
        let announcement = announcement(source, named).await?;
        let what = format!("can {} be seen?", announcement.transit);
        Ok(Self::asks(what, Awaited::Sharing(announcement), source.cloud().now()))
    }

    fn said(what: String, message: &Message, to: Role, place: &Place) -> Self {
        Self { what, payload: Delivery::of_message(message, &topic(to, place)).payload() }
    }

    fn asks(what: String, awaited: Awaited, since: DateTime<Utc>) -> Self {
        Self { what, payload: asked(&Trigger::Check(Box::new(Check { awaited, since }))) }
    }
}

fn topic(role: Role, place: &Place) -> String {
    place.arn("sns", role.topic())
}

/// Texts and times: nothing that JSON could refuse.
fn asked(trigger: &Trigger) -> Value {
    serde_json::to_value(trigger).unwrap_or_default()
}

async fn announcement(source: &Account, named: &str) -> anyhow::Result<Announcement> {
    let origin = origin(&find(source, named).await?)?;
    let transit = origin.transit();
    let found = source.cloud().find(&transit).await?.filter(|found| found.status == Status::Available);
    let found = found.with_context(|| format!("there is no whole transit copy {transit}: `event look` starts one"))?;
    Ok(Announcement { origin, transit, tags: found.tags })
}

/// What it was made from, or itself.
fn origin(snapshot: &Snapshot) -> anyhow::Result<Origin> {
    match SnapshotRole::of(snapshot) {
        SnapshotRole::Transit(origin) | SnapshotRole::Copy(origin) => Ok(origin),
        SnapshotRole::Source => {
            snapshot.origin()?.with_context(|| format!("{} is still being taken: AWS does not tell when", snapshot.arn))
        }
    }
}

/// The snapshot of this name: itself, or else what Draco made of the one that is called so.
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
        [] => bail!("{account} has no snapshot {named}, and nothing that Draco made of one"),
        [one, other, ..] => bail!("{named} may be {} or {}: give the ARN that you mean", one.arn, other.arn),
    }
}

/// Whether this is what was meant. Of an identifier it is not known in which account it is.
fn is_of(origin: &Origin, arn: &SnapshotArn, named: &str) -> bool {
    let by_arn = origin.snapshot == *arn || origin.transit() == *arn;
    let by_id = !named.starts_with("arn:") && origin.snapshot.kind == arn.kind;
    by_arn || by_id && [origin.snapshot.id(), origin.transit().id()].contains(&arn.id())
}
