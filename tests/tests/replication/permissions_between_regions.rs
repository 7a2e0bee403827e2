//! The roles of several regions: each can do what its region needs, and no more. Invariants 5, 10 and 13.

use aws_sdk_rds::types::Tag;
use protocol::tags;
use rehearsal::{Database, Setup};
use tests::{DR, DR_REGION, Fixture, OTHER, REGION, SECOND_REGION, SOURCE, settings};

use crate::permissions::code;

const ALL: &str = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

async fn all_regions() -> anyhow::Result<Fixture> {
    let setup = Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?;
    let mut fixture = Fixture::with(settings(), setup.dr_region(DR_REGION)?.second_region(SECOND_REGION)?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    Ok(fixture)
}

// Invariant 10.
// Invariant 13.
#[tokio::test(start_paused = true)]
async fn only_the_function_before_it_may_publish_to_a_topic_of_another_region() -> anyhow::Result<()> {
    let fixture = all_regions().await?;
    let world = fixture.rehearsal.world();
    for (account, role) in [(SOURCE, "admin"), (DR, "admin"), (SOURCE, "draco-producer-eu-south-1")] {
        world.add_role(account, role, &[ALL]).map_err(anyhow::Error::msg)?;
    }
    let publish = async |account: &str, role: &str, (region, owner, name): (&str, &str, &str)| {
        let sns = aws_sdk_sns::Client::new(&world.sdk_config_for_role(account, region, role));
        code(sns.publish().topic_arn(format!("arn:aws:sns:{region}:{owner}:{name}")).message("hello").send().await)
    };
    let replies = (REGION, SOURCE, "DracoProducer");
    let announcements = (DR_REGION, DR, "DracoConsumer-111111111111");
    let onward = (SECOND_REGION, DR, "DracoConsumer-222222222222");
    for (account, role, topic) in [
        (SOURCE, "draco-producer-eu-west-1", announcements),
        (DR, "draco-consumer-eu-central-1", replies),
        (DR, "draco-consumer-eu-central-1", onward),
    ] {
        assert_eq!(publish(account, role, topic).await, "", "{role} to {topic:?}");
    }
    for (account, role, topic) in [
        (SOURCE, "admin", announcements),
        // There are no databases in this region.
        (SOURCE, "draco-producer-eu-south-1", announcements),
        (OTHER, "draco-producer-eu-west-1", announcements),
        (SOURCE, "draco-producer-eu-west-1", onward),
        (SOURCE, "admin", onward),
        // Also an administrator of the DR account.
        (DR, "admin", onward),
        (DR, "draco-consumer-eu-north-1", onward),
        (DR, "draco-consumer-eu-north-1", replies),
        (DR, "draco-consumer-eu-north-1", announcements),
    ] {
        assert_eq!(publish(account, role, topic).await, "AuthorizationError", "{role} to {topic:?}");
    }
    Ok(())
}

// Invariant 5.
// Invariant 10.
#[tokio::test(start_paused = true)]
async fn the_second_regions_role_only_reads_and_marks_copies_of_the_first() -> anyhow::Result<()> {
    let fixture = all_regions().await?;
    let world = fixture.rehearsal.world();
    let (copies, second) = (fixture.snapshots(DR).await?, "draco-consumer-eu-north-1");
    let [copy] = &copies[..] else { anyhow::bail!("one copy is expected: {copies:?}") };
    let first = aws_sdk_rds::Client::new(&world.sdk_config_for_role(DR, DR_REGION, second));
    let delete = first.delete_db_snapshot().db_snapshot_identifier(copy.arn.id()).send().await;
    assert_eq!(code(delete), "AccessDenied");
    let share = first.modify_db_snapshot_attribute().db_snapshot_identifier(copy.arn.id()).attribute_name("restore");
    assert_eq!(code(share.values_to_add(OTHER).send().await), "AccessDenied");
    let tag = async |keys: &[&str]| {
        let tags = keys.iter().map(|key| Tag::builder().key(*key).value("mine").build()).collect();
        let call = first.add_tags_to_resource().resource_name(copy.arn.to_string()).set_tags(Some(tags));
        code(call.send().await)
    };
    assert_eq!(tag(&[tags::SECOND]).await, "");
    for keys in [&[tags::LIFECYCLE][..], &[tags::RETIRED], &[tags::SOURCE_SNAPSHOT], &[tags::SECOND, "team"]] {
        assert_eq!(tag(keys).await, "AccessDenied", "{keys:?}");
    }
    // Nothing of the source accounts.
    let source = aws_sdk_rds::Client::new(&world.sdk_config_for_role(DR, REGION, second));
    assert_eq!(code(source.describe_db_snapshots().send().await), "AccessDenied");
    Ok(())
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn the_transit_key_serves_only_the_consumer_of_the_copies_region() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.dr_region(DR_REGION)?).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    // The transit copy is shared, but not copied.
    let world = fixture.rehearsal.world().clone();
    world.remove_function(DR, DR_REGION, "draco-consumer");
    fixture.pass_hours(4).await?;
    let transit = format!("arn:aws:rds:{REGION}:{SOURCE}:snapshot:draco-rds-orders-2026-11-21-03-05");
    // The consumer itself copies only with Draco's tag.
    let consumer = aws_sdk_rds::Client::new(&world.sdk_config_for_role(DR, DR_REGION, "draco-consumer-eu-central-1"));
    let copy = consumer.copy_db_snapshot().source_db_snapshot_identifier(&transit);
    let untagged = copy.target_db_snapshot_identifier("draco-mine").kms_key_id("alias/draco").send().await;
    assert_eq!(code(untagged), "AccessDenied");
    for role in ["admin", "draco-consumer-eu-west-1", "draco-consumer-eu-north-1"] {
        world.add_role(DR, role, &[ALL]).map_err(anyhow::Error::msg)?;
        let rds = aws_sdk_rds::Client::new(&world.sdk_config_for_role(DR, DR_REGION, role));
        let copy = rds.copy_db_snapshot().source_db_snapshot_identifier(&transit).target_db_snapshot_identifier("mine");
        let copied = copy.kms_key_id("alias/draco").send().await;
        assert_eq!(code(copied), "KMSKeyNotAccessibleFault", "{role}");
    }
    Ok(())
}
