//! An attacker who controls a source account, and uses AWS's calls in place of Draco's producer.

use std::ops::Range;
use std::time::Duration;

use anyhow::Context;
use cloud::Cloud;
use protocol::{Announcement, DatabaseArn, Message, Origin, Snapshot, SnapshotArn, Tags};
use tests::{DR, Fixture, MINUTE};

use crate::{draco_event, sns_event};

/// A source that does not exist. Its name is that of an automated snapshot, so the transit copy's name does not depend on the
/// time.
fn forged_source(database: &DatabaseArn, nth: u32) -> anyhow::Result<SnapshotArn> {
    let id = format!("rds:{}-2026-11-21-{:02}-{:02}", database.id(), nth / 60, nth % 60);
    Ok(SnapshotArn::new(database.kind, database.place.clone(), &id)?)
}

/// The announcement of a forged source, with the time of this transit copy.
pub(crate) fn announcement(
    database: &DatabaseArn,
    nth: u32,
    transit: &Snapshot,
    tags: Tags,
) -> anyhow::Result<Announcement> {
    let taken = transit.taken().context("no time")?;
    let origin = Origin { snapshot: forged_source(database, nth)?, database: database.clone(), taken };
    Ok(Announcement { transit: origin.transit(), origin, tags })
}

/// Takes a snapshot of a database with the name of a transit copy, and shares it with DR after eleven minutes.
pub(crate) async fn share_snapshot(fixture: &Fixture, database: &DatabaseArn, nth: u32) -> anyhow::Result<Snapshot> {
    share_snapshot_after(fixture, database, nth, 11 * MINUTE).await
}

/// The same, after a time in which the snapshot becomes available.
pub(crate) async fn share_snapshot_after(
    fixture: &Fixture,
    database: &DatabaseArn,
    nth: u32,
    delay: Duration,
) -> anyhow::Result<Snapshot> {
    let any_time = fixture.rehearsal.world().now();
    let origin = Origin { snapshot: forged_source(database, nth)?, database: database.clone(), taken: any_time };
    let transit = origin.transit();
    fixture.rehearsal.take_snapshot(database, transit.id()).await?;
    fixture.rehearsal.world().sleep(delay).await;
    share(fixture, &transit).await?;
    as_owner(fixture, &transit).find(&transit).await?.context("no snapshot")
}

/// The same for each of these snapshots, at the same time.
pub(crate) async fn share_snapshots(
    fixture: &Fixture,
    database: &DatabaseArn,
    numbers: Range<u32>,
) -> anyhow::Result<Vec<Snapshot>> {
    let any_time = fixture.rehearsal.world().now();
    let mut snapshots = Vec::new();
    for nth in numbers {
        let origin = Origin { snapshot: forged_source(database, nth)?, database: database.clone(), taken: any_time };
        fixture.rehearsal.take_snapshot(database, origin.transit().id()).await?;
        snapshots.push(origin.transit());
    }
    fixture.rehearsal.world().sleep(11 * MINUTE).await;
    let mut shared = Vec::new();
    for snapshot in &snapshots {
        share(fixture, snapshot).await?;
        shared.push(as_owner(fixture, snapshot).find(snapshot).await?.context("no snapshot")?);
    }
    Ok(shared)
}

/// Shares a snapshot with DR.
pub(crate) async fn share(fixture: &Fixture, snapshot: &SnapshotArn) -> anyhow::Result<()> {
    Ok(as_owner(fixture, snapshot).share(snapshot, &DR.parse()?).await?)
}

/// Withdraws the share of a cluster's snapshot.
pub(crate) async fn unshare(fixture: &Fixture, snapshot: &SnapshotArn) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(snapshot.place.account.as_str()));
    let call = rds.modify_db_cluster_snapshot_attribute().db_cluster_snapshot_identifier(snapshot.id());
    call.attribute_name("restore").values_to_remove(DR).send().await?;
    Ok(())
}

/// Deletes a snapshot of a source account.
pub(crate) async fn delete_snapshot(fixture: &Fixture, snapshot: &SnapshotArn) -> anyhow::Result<()> {
    as_owner(fixture, snapshot).delete(snapshot).await?;
    Ok(())
}

fn as_owner(fixture: &Fixture, snapshot: &SnapshotArn) -> Cloud {
    let place = &snapshot.place;
    Cloud::new(&fixture.owner_config(place.account.as_str()), place.clone())
}

/// Publishes an announcement to DR.
pub(crate) fn announce(fixture: &Fixture, announcement: Announcement) {
    let event = draco_event(&Message::Shared(announcement));
    fixture.rehearsal.world().invoke_function(&fixture.function_arn(DR, "draco-consumer"), event);
}

/// Publishes an announcement to the topic of its account in DR, and waits until the consumer has handled it.
pub(crate) async fn announce_and_wait(fixture: &Fixture, announcement: Announcement) -> anyhow::Result<()> {
    let account = &announcement.origin.snapshot.place.account;
    let topic = fixture.place(DR)?.arn("sns", &format!("DracoConsumer-{account}"));
    let event = sns_event(&topic, "DRACO Event", &Message::Shared(announcement).to_string());
    let consumer = fixture.function_arn(DR, "draco-consumer");
    let answer = fixture.rehearsal.world().invoke_function_and_wait(&consumer, event).await;
    anyhow::ensure!(answer.is_ok(), "{answer:?}");
    Ok(())
}
