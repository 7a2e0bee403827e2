//! The attacks on DR once more, across regions: no source account has a part in the way to the second region, and none speaks for
//! a region that is not served.

use aws_sdk_sns::error::ProvideErrorMetadata;
use protocol::{Announcement, DatabaseArn, Kind, Message, Origin, Place, SnapshotArn, Tags, tags};
use rehearsal::{Database, Line};
use tests::{DR, DR_REGION, Fixture, HOUR, MINUTE, REGION, SECOND_REGION, SOURCE, settings};

use super::Shape;
use crate::sns_event;

/// DR in another region, and a second region, with one copy in each.
async fn start() -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::with(settings(), Shape::Both.setup()?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(4).await?;
    assert_eq!((fixture.snapshots(DR).await?.len(), fixture.second_copies().await?.len()), (1, 1));
    Ok(fixture)
}

fn place(account: &str, region: &str) -> anyhow::Result<Place> {
    Ok(Place { account: account.parse()?, region: region.parse()? })
}

/// A source that does not exist.
fn forged(place: &Place, id: &str) -> anyhow::Result<Origin> {
    let snapshot = SnapshotArn::new(Kind::Instance, place.clone(), id)?;
    let database = DatabaseArn::new(Kind::Instance, place.clone(), "orders")?;
    Ok(Origin { snapshot, database, taken: settings().epoch })
}

fn announcement(origin: Origin, transit: SnapshotArn) -> String {
    let tags = Tags::from_iter([(tags::LIFECYCLE, "Test")]);
    Message::Shared(Announcement { origin, transit, tags }).to_string()
}

/// Invokes the consumer of a region of DR, as SNS does with a message to a topic.
async fn send(fixture: &Fixture, region: &str, topic_of: &str, message: &str) -> anyhow::Result<Vec<Line>> {
    let topic = place(DR, region)?.arn("sns", &format!("DracoConsumer-{topic_of}"));
    let consumer = place(DR, region)?.arn("lambda", "function:draco-consumer");
    let before = fixture.rehearsal.logs().lines().len();
    let event = sns_event(&topic, "DRACO Event", message);
    let answer = fixture.rehearsal.world().invoke_function_and_wait(&consumer, event).await;
    anyhow::ensure!(answer.is_ok(), "no retry, and no dead letter: {answer:?}");
    fixture.rehearsal.world().sleep(HOUR).await;
    let lines = fixture.rehearsal.logs().lines().split_off(before);
    Ok(lines.into_iter().filter(|line| line.text("step") == "message_rejected").collect())
}

// Invariants 10 and 13.
#[tokio::test(start_paused = true)]
async fn announcements_for_a_region_that_is_not_served_are_rejected() -> anyhow::Result<()> {
    let fixture = start().await?;
    let copies = fixture.all_snapshots().await?.len();
    // DR's own regions have no sources.
    for region in [DR_REGION, SECOND_REGION, "us-east-1"] {
        let origin = forged(&place(SOURCE, region)?, "mine")?;
        let message = announcement(origin.clone(), origin.transit());
        // Without SOURCE_REGIONS, the second region serves its own, but there is no topic for it.
        for consumer in
            [DR_REGION, SECOND_REGION].into_iter().filter(|consumer| *consumer == DR_REGION || *consumer != region)
        {
            assert_eq!(send(&fixture, consumer, SOURCE, &message).await?.len(), 1, "{region} in {consumer}");
        }
    }
    // And the second region serves no source account at all.
    let origin = forged(&place(SOURCE, REGION)?, "mine")?;
    let message = announcement(origin.clone(), origin.transit());
    assert_eq!(send(&fixture, SECOND_REGION, SOURCE, &message).await?.len(), 1);
    assert_eq!(fixture.all_snapshots().await?.len(), copies);
    Ok(())
}

// Invariants 10 and 13.
#[tokio::test(start_paused = true)]
async fn a_source_account_cannot_announce_copies_of_dr() -> anyhow::Result<()> {
    let fixture = start().await?;
    let copy = fixture.snapshots(DR).await?.remove(0);
    let origin = Origin::from_tags(&copy.tags).ok_or_else(|| anyhow::anyhow!("no origin"))?;
    let second = fixture.second_copies().await?.remove(0).arn;
    // In either region, through the topic of the source account: a copy of DR in place of the transit copy.
    for region in [DR_REGION, SECOND_REGION] {
        for transit in [&copy.arn, &second] {
            let rejected = send(&fixture, region, SOURCE, &announcement(origin.clone(), transit.clone())).await?;
            assert_eq!(rejected.len(), 1, "{transit} in {region}");
        }
    }
    // Through the topic of the DR account in its first region, which does not exist.
    assert_eq!(send(&fixture, DR_REGION, DR, &announcement(origin, second)).await?.len(), 1);
    assert_eq!((fixture.snapshots(DR).await?.len(), fixture.second_copies().await?.len()), (1, 1));
    Ok(())
}

// Invariant 13.
#[tokio::test(start_paused = true)]
async fn only_the_consumer_of_the_first_region_publishes_to_the_second_one() -> anyhow::Result<()> {
    let fixture = start().await?;
    let world = fixture.rehearsal.world();
    let topic = place(DR, SECOND_REGION)?.arn("sns", &format!("DracoConsumer-{DR}"));
    let consumer = format!("draco-consumer-{DR_REGION}");
    let callers = [
        (SOURCE, Some("draco-producer-eu-west-1".to_owned())),
        (SOURCE, Some(consumer.clone())),
        (SOURCE, None),
        (DR, Some(format!("draco-consumer-{SECOND_REGION}"))),
        (DR, Some(format!("draco-keeper-{DR_REGION}"))),
        (DR, None),
    ];
    let publish = async |config: &aws_types::SdkConfig| {
        let sent = aws_sdk_sns::Client::new(config).publish().topic_arn(&topic).message("any").send().await;
        sent.map(drop).map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    for (account, role) in callers {
        let config = match &role {
            Some(role) => world.sdk_config_for_role(account, SECOND_REGION, role),
            None => world.sdk_config(account, SECOND_REGION),
        };
        assert_eq!(publish(&config).await, Err("AuthorizationError".to_owned()), "{account} {role:?}");
    }
    assert_eq!(publish(&world.sdk_config_for_role(DR, SECOND_REGION, &consumer)).await, Ok(()));
    Ok(())
}

/// The second region believes its announcements as little as the first one: it looks at the copy in the first region.
// Invariants 5, 10 and 12.
#[tokio::test(start_paused = true)]
async fn the_second_region_copies_only_copies_that_draco_made_of_a_source() -> anyhow::Result<()> {
    let fixture = start().await?;
    let (source, dr) = (place(SOURCE, REGION)?, place(DR, DR_REGION)?);
    // A database of DR's owner, with a snapshot that has the name of a copy and none of its tags.
    let own = fixture.rehearsal.create_database(&dr, &Database::instance("orders")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    let missing = forged(&source, "missing")?;
    let untagged = forged(&source, "untagged")?;
    fixture.rehearsal.take_snapshot(&own, untagged.copy(&dr).id()).await?;
    fixture.rehearsal.world().sleep(20 * MINUTE).await;
    let second = fixture.second_copies().await?.len();
    for origin in [missing, untagged] {
        let message = announcement(origin.clone(), origin.copy(&dr));
        send(&fixture, SECOND_REGION, DR, &message).await?;
        assert_eq!(fixture.second_copies().await?.len(), second, "{}", origin.snapshot);
    }
    Ok(())
}
