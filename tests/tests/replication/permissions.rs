//! The templates' roles: Draco has every permission that it needs, and needs every permission that it has. Invariant 10: an
//! attacker with one of the roles can do no more.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::Tag;
use aws_types::SdkConfig;
use protocol::{Kind, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use serde_json::json;
use sim::journal::{DeliveryOutcome, Event};
use tests::{DR, DR_REGION, Fixture, MINUTE, OTHER, REGION, SECOND_REGION, SOURCE, settings};

use crate::attacker::{announce, announcement};

/// The roles of both stacks, by account, without their regions.
const ROLES: [(&str, &str); 8] = [
    (SOURCE, "draco-producer"),
    (SOURCE, "draco-producer-timer"),
    (SOURCE, "draco-producer-sweep"),
    (DR, "draco-consumer"),
    (DR, "draco-consumer-timer"),
    (DR, "draco-consumer-sweep"),
    (DR, "draco-keeper"),
    (DR, "draco-keeper-schedule"),
];

/// Snapshots of every kind, copied and deleted by lifecycles, and one invalid event for each function.
async fn everything(setup: Setup) -> anyhow::Result<Fixture> {
    let mut setup = setup;
    let lifecycles = ("Lifecycles", r#"{"Hour": {"within": "1h"}}"#);
    for (name, value) in
        [("NoDryRun", "true"), ("AllowPlaintextClusters", "true"), lifecycles, ("Floor", r#"{"last": 1}"#)]
    {
        setup = setup.consumer_parameter(name, value).second_parameter(name, value);
    }
    let crosses_regions = setup.dr_region.is_some();
    let mut fixture = Fixture::with(settings(), setup).await?;
    for (nth, encryption) in [Encryption::DefaultKey, Encryption::CustomerKey, Encryption::None].into_iter().enumerate()
    {
        for kind in Kind::ALL {
            let database = Database { kind, copies_tags: nth > 0, ..Database::instance(&format!("orders-{nth}")) };
            let database = database.encryption(encryption).lifecycle("Hour");
            fixture.create_database(&database.parameter("timezone", "Europe/Zurich")).await?;
        }
    }
    // More than AWS copies to a region at the same time.
    for nth in 0..if crosses_regions { 4 } else { 0 } {
        fixture.create_database(&Database::cluster(&format!("fleet-{nth}")).lifecycle("Hour")).await?;
    }
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer"), (DR, "draco-keeper")] {
        let nonsense = json!({ "nonsense": true });
        fixture.rehearsal.world().invoke_function(&fixture.function_arn(account, function), nonsense);
    }
    // While the transit copies and the copies are in progress, sweeps look whether their timers are running.
    let world = fixture.rehearsal.world().clone();
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        let start = settings().epoch + if account == SOURCE { 80 * MINUTE } else { 90 * MINUTE };
        world.sleep((start - world.now()).to_std()?).await;
        world.invoke_function(&fixture.function_arn(account, function), json!({ "sweep": {} }));
    }
    // A transit copy that does not exist.
    let transit = fixture.snapshots(SOURCE).await?.into_iter().next().context("a snapshot")?;
    announce(&fixture, announcement(&fixture.database(Kind::Instance, "none")?, 1, &transit, Tags::default())?);
    fixture.pass_hours(2 * 24 + 12).await?;
    Ok(fixture)
}

/// The calls, deliveries and logs of Draco that were denied.
fn refused(fixture: &Fixture) -> Vec<Event> {
    let is_refusal = |event: &Event| match event {
        Event::Call { role: Some(_), error: Some(code), .. } => {
            code.starts_with("AccessDenied") || code == "AuthorizationError" || code == "KMSKeyNotAccessibleFault"
        }
        Event::Delivery { outcome, .. } | Event::DeadLetter { outcome, .. } => *outcome != DeliveryOutcome::Delivered,
        Event::LogDenied { .. } => true,
        _ => false,
    };
    fixture.rehearsal.world().journal(|journal| {
        journal.entries().iter().map(|entry| entry.event.clone()).filter(|event| is_refusal(event)).collect()
    })
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn no_permission_is_missing_or_unused() -> anyhow::Result<()> {
    let mut used = BTreeMap::<String, bool>::new();
    let one_region = Setup::new(SOURCE, DR, REGION)?;
    let all_regions = one_region.clone().dr_region(DR_REGION)?.second_region(SECOND_REGION)?;
    for (setup, keys, is_set) in [
        (&one_region, "KeyPerDatabase", "false"),
        (&one_region, "KeyPerDatabase", "true"),
        (&one_region, "AwsManagedKey", "true"),
        (&all_regions, "KeyPerDatabase", "false"),
    ] {
        let fixture = everything(setup.clone().consumer_parameter(keys, is_set)).await?;
        assert_eq!(fixture.violations(), []);
        assert_eq!(refused(&fixture), []);
        let setup = fixture.rehearsal.setup();
        let places = setup.sources().chain([setup.dr()]).chain(setup.second());
        let roles = places.flat_map(|place| {
            let of_account = ROLES.into_iter().filter(move |(account, _)| *account == place.account.as_str());
            of_account.map(move |(account, role)| (account, role, place.region.to_string()))
        });
        for (account, role, region) in roles {
            let name = format!("{role}-{region}");
            let permissions = fixture.rehearsal.world().permissions(account, &name).map_err(anyhow::Error::msg)?;
            assert!(!permissions.is_empty(), "{name}");
            // It is enough that one region needs a permission.
            for (permission, was_used) in permissions {
                let permission = permission.replace(&region, "REGION");
                *used.entry(format!("{role}: {permission}")).or_default() |= was_used;
            }
        }
    }
    let unused: Vec<_> = used.into_iter().filter(|(_, used)| !used).map(|(permission, _)| permission).collect();
    assert_eq!(unused, [""; 0]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn stacks_with_every_parameter_set_copy_snapshots() -> anyhow::Result<()> {
    let both = [
        ("Concurrency", "5"),
        ("AlarmEmail", "dr@example.com"),
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:111111111111:alarms"),
        ("LogDays", "30"),
        ("CodeVersion", "L4kqtJlcpXroDTDmpUMLUo"),
        ("TimerVersion", "L4kqtJlcpXroDTDmpUMLUo"),
        ("WaitLimitHours", "48"),
        ("TagKey", "team"),
        ("TagValue", "platform"),
    ];
    let mut setup = Setup::new(SOURCE, DR, REGION)?
        .consumer_parameter("KeyPerDatabase", "true")
        .consumer_parameter("SourceTags", "prefix");
    for (name, value) in &both[1..3] {
        setup = setup.source_parameter(name, value);
    }
    setup = setup.source_parameter("NoCopyHours", "0").producer_parameter("NoCopyHours", "0");
    setup = setup.producer_parameter("KeepNewestTransit", "true");
    for (name, value) in both {
        setup = setup.consumer_parameter(name, value).producer_parameter(name, value).second_parameter(name, value);
    }
    // Each role has the permissions for other regions, too.
    let mut setup = setup.and_region("eu-south-1")?.dr_region(DR_REGION)?.second_region(SECOND_REGION)?;
    for (name, value) in [("SecondLifecycle", "Test"), ("BackfillGib", "100"), ("KeyPerDatabase", "true")] {
        setup = setup.second_parameter(name, value);
    }
    // The policies of a role stay within AWS's limit with 40 source accounts.
    for nth in 1..=40_u64 {
        setup.sources.push((333_333_333_000 + nth).to_string().parse()?);
    }
    let mut fixture = Fixture::with(settings(), setup).await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(4).await?;
    assert_eq!(fixture.violations(), []);
    for place in [fixture.place(DR)?, fixture.rehearsal.setup().second().context("a second region")?] {
        let copies = fixture.rehearsal.snapshots(&place).await?;
        assert_eq!(
            copies.iter().map(|copy| copy.tags.get("team")).collect::<Vec<_>>(),
            [Some("platform")],
            "{place:?}"
        );
    }
    Ok(())
}

/// A client for RDS in DR with the consumer's role, as an attacker would have it.
fn as_consumer(fixture: &Fixture) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&as_role(fixture, DR, "draco-consumer"))
}

fn as_role(fixture: &Fixture, account: &str, role: &str) -> SdkConfig {
    fixture.rehearsal.world().sdk_config_for_role(account, REGION, &fixture.rehearsal.setup().role_name(role))
}

/// The error code of a response; empty if the call succeeded.
pub(crate) fn code<T, E: ProvideErrorMetadata, R>(response: Result<T, SdkError<E, R>>) -> String {
    response.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default()
}

/// The name of a snapshot in DR that looks like a copy, but has no tags of Draco.
const LOOKALIKE: &str = "draco-111111111111-orders-by-hand";

/// DR with one copy, a database of its own, and manual snapshots of it.
async fn dr_with_own_snapshots() -> anyhow::Result<Fixture> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    let dr = fixture.place(DR)?;
    let own = fixture.rehearsal.create_database(&dr, &Database::instance("own")).await?;
    fixture.pass_hours(4).await?;
    fixture.rehearsal.take_snapshot(&own, LOOKALIKE).await?;
    fixture.rehearsal.take_snapshot(&own, "by-hand").await?;
    fixture.pass_hours(1).await?;
    Ok(fixture)
}

// Invariant 5.
// Invariant 10.
#[tokio::test(start_paused = true)]
async fn the_consumers_role_cannot_delete_foreign_snapshots_or_keys() -> anyhow::Result<()> {
    let fixture = dr_with_own_snapshots().await?;
    let rds = as_consumer(&fixture);
    let delete = async |id: &str| code(rds.delete_db_snapshot().db_snapshot_identifier(id).send().await);
    let automated =
        fixture.snapshots(DR).await?.into_iter().map(|it| it.arn.id().to_owned()).find(|id| id.starts_with("rds:own"));
    assert_eq!(delete(&automated.unwrap_or_default()).await, "AccessDenied");
    assert_eq!(delete(LOOKALIKE).await, "AccessDenied");
    assert_eq!(delete("by-hand").await, "AccessDenied");
    // Tagging cannot turn it into a copy of Draco.
    for keys in [vec![tags::SOURCE_SNAPSHOT], vec![tags::REPORTED]] {
        let tags = keys.iter().map(|key| Tag::builder().key(*key).value("mine").build()).collect();
        let arn = format!("arn:aws:rds:{REGION}:{DR}:snapshot:by-hand");
        let tagged = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags)).send().await;
        assert_eq!(code(tagged), "AccessDenied", "{keys:?}");
    }
    // If the name looks like that of a copy, only the one tag is allowed, without others.
    let tags = [tags::REPORTED, "team"].map(|key| Tag::builder().key(key).value("mine").build());
    let arn = format!("arn:aws:rds:{REGION}:{DR}:snapshot:{LOOKALIKE}");
    let tagged = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags.into())).send().await;
    assert_eq!(code(tagged), "AccessDenied");
    // The key of the copies.
    let kms = aws_sdk_kms::Client::new(&as_role(&fixture, DR, "draco-consumer"));
    let owner = aws_sdk_kms::Client::new(&fixture.owner_config(DR));
    let key =
        owner.describe_key().key_id("alias/draco").send().await?.key_metadata.map(|key| key.key_id).unwrap_or_default();
    let refused = [
        code(kms.schedule_key_deletion().key_id(&key).send().await),
        code(kms.disable_key().key_id(&key).send().await),
        code(kms.put_key_policy().key_id(&key).policy("{}").send().await),
        code(kms.delete_alias().alias_name("alias/draco").send().await),
        code(kms.update_alias().alias_name("alias/draco").target_key_id(&key).send().await),
        // Directly instead of through RDS.
        code(kms.describe_key().key_id(&key).send().await),
    ];
    assert_eq!(refused, ["AccessDeniedException"; 6]);
    Ok(())
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn the_consumers_role_cannot_share_snapshots_or_copy_without_dracos_tag() -> anyhow::Result<()> {
    let fixture = dr_with_own_snapshots().await?;
    let rds = as_consumer(&fixture);
    let copy =
        fixture.snapshots(DR).await?.into_iter().map(|it| it.arn.id().to_owned()).find(|id| id.contains("rds-orders"));
    let copy = copy.unwrap_or_default();
    let share = rds.modify_db_snapshot_attribute().db_snapshot_identifier(&copy).attribute_name("restore");
    assert_eq!(code(share.values_to_add("333333333333").send().await), "AccessDenied");
    let untagged = rds.copy_db_snapshot().source_db_snapshot_identifier(&copy).target_db_snapshot_identifier("draco-x");
    assert_eq!(code(untagged.send().await), "AccessDenied");
    Ok(())
}

// Invariant 5.
// Invariant 10.
#[tokio::test(start_paused = true)]
async fn the_producers_role_cannot_share_tag_or_delete_foreign_snapshots() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let database = fixture.create_database(&Database::instance("orders").lifecycle("Ignore")).await?;
    fixture.pass_hours(1).await?;
    fixture.rehearsal.take_snapshot(&database, "before-migration").await?;
    fixture.rehearsal.take_snapshot(&database, "draco-before-migration").await?;
    fixture.pass_hours(1).await?;
    let rds = aws_sdk_rds::Client::new(&as_role(&fixture, SOURCE, "draco-producer"));
    for id in ["before-migration", "draco-before-migration"] {
        assert_eq!(code(rds.delete_db_snapshot().db_snapshot_identifier(id).send().await), "AccessDenied");
        let share = rds.modify_db_snapshot_attribute().db_snapshot_identifier(id).attribute_name("restore");
        assert_eq!(code(share.values_to_add("333333333333").send().await), "AccessDenied");
        let arn = format!("arn:aws:rds:{REGION}:{SOURCE}:snapshot:{id}");
        let tag = Tag::builder().key("team").value("mine").build();
        assert_eq!(code(rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await), "AccessDenied");
    }
    Ok(())
}

// Invariant 10.
// Invariant 13.
#[tokio::test(start_paused = true)]
async fn only_the_function_of_the_other_account_may_publish_to_a_topic() -> anyhow::Result<()> {
    let fixture = Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.and_source(OTHER)?).await?;
    let world = fixture.rehearsal.world();
    // An administrator of the account, allowed by IAM to do everything.
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    for (account, role) in [
        (SOURCE, "admin"),
        (DR, "admin"),
        (OTHER, "admin"),
        (OTHER, "draco-producer-eu-west-1-copy"),
        ("444444444444", "draco-producer-eu-west-1"),
    ] {
        world.add_role(account, role, &[all]).map_err(anyhow::Error::msg)?;
    }
    let topic = |account: &str, name: &str| format!("arn:aws:sns:{REGION}:{account}:{name}");
    let publish = async |account: &str, role: &str, to: &str| {
        let sns = aws_sdk_sns::Client::new(&world.sdk_config_for_role(account, REGION, role));
        code(sns.publish().topic_arn(to).message("hello").send().await)
    };
    let (consumer, producer) = (topic(DR, "DracoConsumer-111111111111"), topic(SOURCE, "DracoProducer"));
    let (of_other, of_rds) = (topic(DR, "DracoConsumer-333333333333"), topic(DR, "DracoConsumer"));
    assert_eq!(publish(SOURCE, "draco-producer-eu-west-1", &consumer).await, "");
    assert_eq!(publish(OTHER, "draco-producer-eu-west-1", &of_other).await, "");
    assert_eq!(publish(DR, "draco-consumer-eu-west-1", &producer).await, "");
    for (account, role, to) in [
        (SOURCE, "admin", &consumer),
        (SOURCE, "draco-producer-timer-eu-west-1", &consumer),
        (SOURCE, "draco-producer-eu-central-1", &consumer),
        (SOURCE, "draco-producer-eu-west-1", &of_other),
        (SOURCE, "draco-producer-eu-west-1", &of_rds),
        (OTHER, "draco-producer-eu-west-1", &consumer),
        (OTHER, "admin", &consumer),
        (OTHER, "draco-producer-eu-west-1-copy", &of_other),
        ("444444444444", "draco-producer-eu-west-1", &consumer),
        (DR, "admin", &producer),
    ] {
        assert_eq!(publish(account, role, to).await, "AuthorizationError", "{account} {role}");
    }
    Ok(())
}

// Invariant 10.
#[tokio::test(start_paused = true)]
async fn in_dr_only_the_consumer_uses_the_transit_key_and_only_through_rds() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    // The transit copy is shared, but not copied.
    fixture.rehearsal.world().remove_function(DR, REGION, "draco-consumer");
    fixture.pass_hours(4).await?;
    let transit = format!("arn:aws:rds:{REGION}:{SOURCE}:snapshot:draco-rds-orders-2026-11-21-03-05");
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    fixture.rehearsal.world().add_role(DR, "admin", &[all]).map_err(anyhow::Error::msg)?;
    let admin = aws_sdk_rds::Client::new(&fixture.rehearsal.world().sdk_config_for_role(DR, REGION, "admin"));
    let copy = admin.copy_db_snapshot().source_db_snapshot_identifier(&transit).target_db_snapshot_identifier("mine");
    assert_eq!(code(copy.kms_key_id("alias/draco").send().await), "KMSKeyNotAccessibleFault");
    let owner = aws_sdk_kms::Client::new(&fixture.owner_config(SOURCE));
    let key = owner.describe_key().key_id("alias/draco-transit").send().await?.key_metadata.and_then(|key| key.arn);
    for role in ["admin".to_owned(), fixture.rehearsal.setup().role_name("draco-consumer")] {
        let kms = aws_sdk_kms::Client::new(&fixture.rehearsal.world().sdk_config_for_role(DR, REGION, &role));
        let response = kms.describe_key().set_key_id(key.clone()).send().await;
        assert_eq!(code(response), "AccessDeniedException", "allowed only through RDS");
    }
    Ok(())
}
