//! Experiments with automated snapshots, which AWS takes at a time of its choice.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::actions::empty;
use crate::experiment::{Copy, Kind, Side, Snapshot, Tags};
use crate::journal::What;
use crate::lab::{Lab, Wait, failure};
use crate::rds::{self, CopyOf, Response};
use crate::trace::{Backups, Outcome, View};

const KIND: Kind = Kind::Instance;

/// The time from the creation of the shared instance to its backup window. Experiments that do not wait for the window are
/// over before.
const SHARED_LEAD: TimeDelta = TimeDelta::minutes(90);
/// The same for an instance that is created for its window. It and a first snapshot of it are available before.
const LEAD: TimeDelta = TimeDelta::minutes(30);
/// The shortest window that AWS allows.
const WINDOW: TimeDelta = TimeDelta::minutes(30);
/// When to give up on a backup, after the end of its window.
const LATE: TimeDelta = TimeDelta::minutes(45);
/// The number of copies in progress at any time, and the time between their starts, so that the end of one is no gap.
const COPIES: usize = 4;
const STAGGER: TimeDelta = TimeDelta::seconds(40);

/// A backup window: its start and its end.
pub(crate) type Window = (DateTime<Utc>, DateTime<Utc>);

/// The window of the shared instance, if it is created now.
pub(crate) fn shared_window(now: DateTime<Utc>) -> Window {
    window(now + SHARED_LEAD)
}

fn window(start: DateTime<Utc>) -> Window {
    let start = start.with_second(0).and_then(|start| start.with_nanosecond(0)).unwrap_or(start);
    (start, start + WINDOW)
}

/// The window as AWS writes it: `03:10-03:40`.
pub(crate) fn text((start, end): Window) -> String {
    format!("{}-{}", start.format("%H:%M"), end.format("%H:%M"))
}

/// A maintenance window that is far from a backup window. AWS chooses one that does not conflict with it; moto has one for all databases,
/// and refuses a backup window at that time.
pub(crate) fn maintenance((start, end): Window) -> String {
    let text = |time: DateTime<Utc>| (time + TimeDelta::hours(84)).format("%a:%H:%M").to_string().to_lowercase();
    format!("{}-{}", text(start), text(end))
}

/// Waits for an automated snapshot of the shared instance until shortly before its window.
pub(crate) async fn first(lab: &Lab) -> Response<Backups> {
    let window = lab.window.ok_or_else(|| failure("the window of the instance is not known".to_owned()))?;
    let until = window.0 - TimeDelta::minutes(5);
    let mut found = await_automated(lab, &lab.database(KIND), DateTime::UNIX_EPOCH, until).await?;
    // Other experiments may have taken until the window.
    found.automated.retain(|created| *created < window.0);
    Ok(Backups { window: Some(window), ..found })
}

/// Waits until the shared instance has an automated snapshot.
pub(crate) async fn await_first(lab: &Lab) -> Response<()> {
    let window = lab.window.ok_or_else(|| failure("the window of the instance is not known".to_owned()))?;
    let found = await_automated(lab, &lab.database(KIND), DateTime::UNIX_EPOCH, window.1 + LATE).await?;
    if found.automated.is_empty() { Err(failure("there is no automated snapshot".to_owned())) } else { Ok(()) }
}

/// Waits for an automated snapshot of a database that was taken after `since`.
async fn await_automated(lab: &Lab, database: &str, since: DateTime<Utc>, until: DateTime<Utc>) -> Response<Backups> {
    let mut wait = Wait::new(lab.pace);
    loop {
        let found = rds::automated(&lab.source.rds, database).await?;
        let now = lab.time().await?;
        // A snapshot has its time when it is available.
        let mut automated: Vec<_> = found.iter().filter_map(|view| view.created).collect();
        automated.retain(|created| *created >= since);
        automated.sort_unstable();
        if !automated.is_empty() || now > until {
            return Ok(Backups { automated, until: Some(now), ..Backups::default() });
        }
        wait.pause("an automated snapshot").await?;
    }
}

/// Lets an account copy a snapshot of an instance without a pause, from before its backup window until the window is over.
pub(crate) async fn during_copies(lab: &mut Lab, by: Side) -> Response<Backups> {
    let (name, from) = match by {
        Side::Source => ("window", Snapshot::source("window")),
        Side::Dr => ("shared-window", Snapshot::source("shared-window-copy")),
    };
    let window = window(lab.time().await? + LEAD);
    let database = lab.name(name);
    lab.create_database(KIND, &database, Some(window), true).await?;
    let snapshot = Snapshot::source(name);
    lab.take(snapshot, Tags::Own(&[]), &database).await?;
    lab.await_available(snapshot).await?;
    let source = match by {
        Side::Source => lab.name(name),
        Side::Dr => {
            lab.copy(Copy::new(snapshot, from)).await?;
            lab.await_available(from).await?;
            rds::share(&lab.source.rds, KIND, &lab.name(from.name), &lab.dr.id).await?;
            lab.arn(from)?.to_owned()
        }
    };

    let first = lab.time().await?;
    if first > window.0 {
        return Err(failure("the copies would start after the beginning of the window".to_owned()));
    }
    let (mut running, mut newest, mut made, mut last) = (Vec::<String>::new(), DateTime::UNIX_EPOCH, 0, first);
    loop {
        let now = lab.time().await?;
        let mut left = Vec::new();
        for id in running {
            let rds = &lab.account(by).rds;
            match rds::describe(rds, KIND, &id, None).await? {
                Some(copy) if copy.status == "available" || copy.status == "failed" => {
                    // A few copies at a time do not reach the quota of snapshots.
                    rds::delete(rds, KIND, &id).await?;
                }
                _ => left.push(id),
            }
        }
        running = left;
        if !running.is_empty() {
            last = now;
        } else if made > 0 && now < window.1 {
            return Err(failure("for a moment, no copy was in progress".to_owned()));
        } else if now >= window.1 {
            break;
        }
        if now < window.1 && running.len() < COPIES && now - newest >= STAGGER {
            (made, newest) = (made + 1, now);
            running.push(start_copy(lab, by, &source, format!("{name}-{made}")).await?);
        }
        tokio::time::sleep(lab.pace.steady).await;
    }
    let found = await_automated(lab, &database, window.0, window.1.max(last) + LATE).await?;
    Ok(Backups { window: Some(window), copies: Some((first, last)), ..found })
}

/// Copies a snapshot within the region, under the key of the account that copies.
async fn start_copy(lab: &mut Lab, by: Side, from: &str, name: String) -> Response<String> {
    lab.announce(by, What::Snapshot(KIND), &name)?;
    let (id, tags, key) = (lab.name(&name), lab.tags(Tags::Own(&[])), lab.keys.get(&by).cloned());
    rds::copy(&lab.account(by).rds, KIND, CopyOf { from, to: &id, key, carries_tags: false, tags }).await?;
    Ok(id)
}

/// Describes the newest automated snapshot of the shared instance by its identifier alone.
pub(crate) async fn describe_automated(lab: &Lab) -> Response<View> {
    let found = rds::describe(&lab.source.rds, KIND, &newest(lab).await?, None).await?;
    found.ok_or_else(empty)
}

/// Shares the newest automated snapshot of the shared instance.
pub(crate) async fn share_automated(lab: &Lab) -> Response<Outcome> {
    rds::share(&lab.source.rds, KIND, &newest(lab).await?, &lab.dr.id).await?;
    Ok(Outcome::Done)
}

/// Copies the newest automated snapshot of the shared instance, with its tags.
pub(crate) async fn copy_automated(lab: &mut Lab, to: Snapshot) -> Response<View> {
    let newest = newest(lab).await?;
    lab.announce(to.side, What::Snapshot(KIND), to.name)?;
    let id = lab.name(to.name);
    let wanted = CopyOf { from: &newest, to: &id, key: None, carries_tags: true, tags: None };
    let copied = rds::copy(&lab.source.rds, KIND, wanted).await?;
    lab.note(to, copied)
}

/// The identifier of the newest automated snapshot of the shared instance.
async fn newest(lab: &Lab) -> Response<String> {
    let mut found = rds::automated(&lab.source.rds, &lab.database(KIND)).await?;
    found.retain(|view| view.status == "available");
    let newest = found.into_iter().max_by_key(|view| view.created).map(|view| view.identifier);
    newest.ok_or_else(|| failure("the instance has no automated snapshot".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_half_an_hour_may_cross_midnight_and_is_far_from_maintenance() {
        let now: DateTime<Utc> = "2026-11-21T22:05:59Z".parse().expect("a time");
        let window = shared_window(now);
        assert_eq!((text(window).as_str(), maintenance(window).as_str()), ("23:35-00:05", "wed:11:35-wed:12:05"));
    }
}
