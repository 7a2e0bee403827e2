//! The results of `DescribeEvents`.

use aws_sdk_rds::operation::describe_events::builders::DescribeEventsFluentBuilder;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::SourceType;

use super::support::*;

/// Source type, source and message of each event.
async fn events(call: DescribeEventsFluentBuilder) -> Result<Vec<(String, String, String)>, String> {
    let answer = code(call.send().await)?;
    let text = |text: Option<&str>| text.expect("a text").to_owned();
    let events = answer.events().iter().map(|event| {
        let source_type = event.source_type().expect("a type").as_str().to_owned();
        (source_type, text(event.source_identifier()), text(event.message()))
    });
    Ok(events.collect())
}

fn row(source_type: &str, id: &str, message: &str) -> (String, String, String) {
    (source_type.to_owned(), id.to_owned(), message.to_owned())
}

#[tokio::test(start_paused = true)]
async fn snapshot_events_have_the_messages_of_the_user_guide() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "s").await;
        rds.copy(CopyRequest { source: "s", target: "c", ..CopyRequest::default() }).await.expect("a copy");
        world.sleep(10 * MINUTE).await;
        rds.copy(CopyRequest { source: "s", target: "cancelled", ..CopyRequest::default() }).await.expect("a copy");
        rds.delete("cancelled").await.expect("a deletion");
        rds.delete("s").await.expect("a deletion");
        let expected = match kind {
            Kind::Instance => vec![
                row("db-instance", "of-s", "DB instance created"),
                row("db-snapshot", "s", "Creating manual snapshot"),
                row("db-snapshot", "s", "Manual snapshot created"),
                row("db-snapshot", "c", "Started copy of snapshot s in region eu-west-1"),
                row("db-snapshot", "c", "Finished copy of snapshot s in region eu-west-1"),
                row("db-snapshot", "cancelled", "Started copy of snapshot s in region eu-west-1"),
                row("db-snapshot", "cancelled", "Canceled snapshot copy request of s in region eu-west-1"),
                row("db-snapshot", "s", "Deleted user snapshot"),
            ],
            // AWS has no event for the end of a cluster snapshot's copy.
            Kind::Cluster => vec![
                row("db-cluster", "of-s", "DB cluster created"),
                row("db-cluster-snapshot", "s", "Creating manual cluster snapshot"),
                row("db-cluster-snapshot", "s", "Manual cluster snapshot created"),
            ],
        };
        let wanted =
            if kind == Kind::Instance { ["db-instance", "db-snapshot"] } else { ["db-cluster", "db-cluster-snapshot"] };
        let mut all = events(rds.client.describe_events()).await.expect("events");
        all.retain(|(source_type, ..)| wanted.contains(&source_type.as_str()));
        assert_eq!(all, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_cross_region_copies_are_in_the_target_region() {
    let world = world();
    let [here, other_region] = [REGION, OTHER_REGION].map(|region| Rds::new(&world, PROD, region, Kind::Instance));
    here.snapshot(&world, "s").await;
    let source = Kind::Instance.arn(PROD, REGION, "s");
    other_region.copy(CopyRequest { source: &source, target: "c", ..CopyRequest::default() }).await.expect("a copy");
    world.sleep(10 * MINUTE).await;
    other_region.copy(CopyRequest { source: &source, target: "d", ..CopyRequest::default() }).await.expect("a copy");
    other_region.delete("d").await.expect("a deletion");
    let expected = [
        row("db-snapshot", "c", "Started copy of snapshot s from region eu-west-1"),
        row("db-snapshot", "c", "Finished copy of snapshot s from region eu-west-1 in 10 minutes"),
        row("db-snapshot", "d", "Started copy of snapshot s from region eu-west-1"),
        row("db-snapshot", "d", "Canceled snapshot copy request of s from region eu-west-1"),
    ];
    assert_eq!(events(other_region.client.describe_events()).await, Ok(expected.to_vec()));
}

#[tokio::test(start_paused = true)]
async fn automated_snapshots_have_events() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let id = rds.ids(Query { origin: Some("automated"), ..Query::default() }).await.expect("a page").remove(0);
        let source_type = kind.pick("db-snapshot", "db-cluster-snapshot");
        let call = rds.client.describe_events().source_type(SourceType::from(source_type.as_str())).duration(24 * 60);
        let call = call.source_identifier(&id);
        let noun = kind.pick("snapshot", "cluster snapshot");
        let expected = [
            row(&source_type, &id, &format!("Creating automated {noun}")),
            row(&source_type, &id, &format!("Automated {noun} created")),
        ];
        assert_eq!(events(call).await, Ok(expected.to_vec()));
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_found_by_time_source_and_category() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    let made = DateTime::from_millis(world.now().timestamp_millis());
    world.sleep(90 * MINUTE).await;
    rds.create("of-s", "t").await.expect("a snapshot");
    let call = || rds.client.describe_events();
    let count = async |call: DescribeEventsFluentBuilder| events(call).await.map(|events| events.len());
    // The default is the past hour.
    assert_eq!(count(call()).await, Ok(1));
    assert_eq!(count(call().duration(24 * 60)).await, Ok(4));
    assert_eq!(count(call().end_time(made)).await, Ok(3));
    assert_eq!(count(call().end_time(made).duration(9)).await, Ok(1));
    assert_eq!(count(call().start_time(made)).await, Ok(2));
    assert_eq!(count(call().start_time(made).duration(5)).await, Ok(1));
    let day = || call().duration(24 * 60);
    assert_eq!(count(day().source_type(SourceType::DbSnapshot)).await, Ok(3));
    assert_eq!(count(day().source_type(SourceType::DbSnapshot).source_identifier("T")).await, Ok(1));
    assert_eq!(count(day().event_categories("deletion")).await, Ok(0));
    assert_eq!(count(day().event_categories("creation").event_categories("deletion")).await, Ok(4));
    assert_eq!(count(day().source_identifier("t")).await, Err("InvalidParameterCombination".to_owned()));
    let invalid = Err("InvalidParameterValue".to_owned());
    assert_eq!(count(day().source_type(SourceType::from("db-teapot"))).await, invalid);
    assert_eq!(count(day().source_type(SourceType::DbSnapshot).source_identifier("t-")).await, invalid);
    assert_eq!(count(call().duration(0)).await, invalid);
    assert_eq!(count(day().source_type(SourceType::DbParameterGroup)).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_for_14_days() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.snapshot(&world, "s").await;
    let call = || rds.client.describe_events().duration(30 * 24 * 60);
    world.sleep(14 * DAY - 20 * MINUTE).await;
    assert_eq!(events(call()).await.expect("events").len(), 3);
    world.sleep(21 * MINUTE).await;
    assert_eq!(events(call()).await.expect("events").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn events_come_in_pages_of_100() {
    let world = world();
    let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
    rds.database(&world, "orders").await;
    for n in 0..70 {
        rds.create("orders", &format!("s-{n}")).await.expect("a snapshot");
    }
    world.sleep(10 * MINUTE).await;
    let mut pages = rds.client.describe_events().into_paginator().send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.push(page.expect("a page").events().len());
    }
    assert_eq!(seen, [100, 41]);
}
