//! The templates' roles, in both directions: whatever Draco needs it is allowed, and whatever it is allowed it needs.

use std::collections::BTreeMap;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::Tag;
use aws_types::SdkConfig;
use protocol::{Kind, tags};
use rehearsal::{Cast, Database, Encryption};
use serde_json::json;
use sim::journal::{DeliveryOutcome, Event};
use tests::{DR, REGION, SOURCE, Stage, settings};

/// The roles of both stacks, by account.
const ROLES: [(&str, &str); 6] = [
    (SOURCE, "draco-producer"),
    (SOURCE, "draco-producer-timer"),
    (SOURCE, "draco-producer-sweep"),
    (DR, "draco-consumer"),
    (DR, "draco-consumer-timer"),
    (DR, "draco-consumer-sweep"),
];

/// Snapshots of every kind, copied, thinned in earnest, and one event for each function that it can do nothing with.
async fn everything(cast: Cast) -> anyhow::Result<Stage> {
    let cast = cast.consumer("NoDryRun", "true").consumer("AllowPlaintextClusters", "true");
    let cast = cast.consumer("Lifecycles", r#"{"Hour": {"within": "1h"}}"#).consumer("Floor", r#"{"last": 1}"#);
    let mut stage = Stage::with(settings(), cast).await?;
    for (nth, encryption) in [Encryption::DefaultKey, Encryption::CustomerKey, Encryption::None].into_iter().enumerate()
    {
        for kind in Kind::ALL {
            let database = Database { kind, ..Database::instance(&format!("orders-{nth}")) };
            stage.create(&database.encryption(encryption).lifecycle("Hour")).await?;
        }
    }
    for (account, function) in [(SOURCE, "draco-producer"), (DR, "draco-consumer")] {
        let nonsense = json!({ "Records": [{ "EventSource": "aws:s3" }] });
        stage.rehearsal.world().invoke_function(&stage.function(account, function), nonsense);
    }
    stage.hours(2 * 24 + 12).await?;
    Ok(stage)
}

/// What was refused to Draco, or lost because it would have been.
fn refused(stage: &Stage) -> Vec<Event> {
    let is_refusal = |event: &Event| match event {
        Event::Call { role: Some(_), error: Some(code), .. } => {
            code.starts_with("AccessDenied") || code == "AuthorizationError" || code == "KMSKeyNotAccessibleFault"
        }
        Event::Delivery { outcome, .. } | Event::DeadLetter { outcome, .. } => *outcome != DeliveryOutcome::Delivered,
        Event::LogDenied { .. } => true,
        _ => false,
    };
    stage.rehearsal.world().journal(|journal| {
        journal.entries().iter().map(|entry| entry.event.clone()).filter(|event| is_refusal(event)).collect()
    })
}

#[tokio::test(start_paused = true)]
async fn what_draco_needs_it_is_allowed_and_what_it_is_allowed_it_needs() -> anyhow::Result<()> {
    let mut used = BTreeMap::<String, bool>::new();
    for keys in ["false", "true"] {
        let stage = everything(Cast::of(SOURCE, DR, REGION)?.consumer("KeyPerDatabase", keys)).await?;
        assert_eq!(stage.broken(), []);
        assert_eq!(refused(&stage), []);
        for (account, role) in ROLES {
            let role = stage.rehearsal.cast().role(role);
            let permissions = stage.rehearsal.world().permissions(account, &role).map_err(anyhow::Error::msg)?;
            assert!(!permissions.is_empty(), "{role}");
            for (permission, was_used) in permissions {
                *used.entry(format!("{role}: {permission}")).or_default() |= was_used;
            }
        }
    }
    let unused: Vec<_> = used.into_iter().filter(|(_, used)| !used).map(|(permission, _)| permission).collect();
    assert_eq!(unused, [""; 0]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_choice_that_the_templates_leave_makes_stacks_that_replicate() -> anyhow::Result<()> {
    let both = [
        ("Concurrency", "5"),
        ("AlarmEmail", "dr@example.com"),
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:111111111111:alarms"),
        ("NoCopyHours", "0"),
        ("LogDays", "30"),
        ("CodeVersion", "L4kqtJlcpXroDTDmpUMLUo"),
        ("TimerVersion", "L4kqtJlcpXroDTDmpUMLUo"),
        ("WaitLimitHours", "48"),
        ("TagKey", "team"),
        ("TagValue", "platform"),
    ];
    let mut cast = Cast::of(SOURCE, DR, REGION)?.consumer("KeyPerDatabase", "true");
    for (name, value) in both {
        cast = cast.consumer(name, value).producer(name, value);
    }
    // A role's policies may not grow over AWS's limit by the accounts that are served.
    for nth in 1..=40_u64 {
        cast.sources.push((333_333_333_000 + nth).to_string().parse()?);
    }
    let mut stage = Stage::with(settings(), cast).await?;
    stage.create(&Database::instance("orders").lifecycle("Standard")).await?;
    stage.hours(4).await?;
    assert_eq!(stage.broken(), []);
    let copies = stage.all(DR).await?;
    assert_eq!(copies.iter().map(|copy| copy.tags.get("team")).collect::<Vec<_>>(), [Some("platform")]);
    Ok(())
}

/// Calls RDS in DR as somebody who has taken over the consumer's role.
fn as_consumer(stage: &Stage) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&as_role(stage, DR, "draco-consumer"))
}

fn as_role(stage: &Stage, account: &str, role: &str) -> SdkConfig {
    stage.rehearsal.world().sdk_config_for_role(account, REGION, &stage.rehearsal.cast().role(role))
}

/// Whether it was allowed: the code of its error, if it came to one.
fn code<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    answer.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default()
}

/// The name of a snapshot of DR's own that looks like one of Draco's, but bears no tag of Draco's.
const LOOKALIKE: &str = "draco-111111111111-orders-by-hand";

/// One copy in DR, a database of DR's own, and its snapshots by hand.
async fn dr_with_something_of_its_own() -> anyhow::Result<Stage> {
    let mut stage = Stage::new().await?;
    stage.create(&Database::instance("orders").lifecycle("Standard")).await?;
    let dr = stage.place(DR)?;
    let own = stage.rehearsal.create(&dr, &Database::instance("own")).await?;
    stage.hours(4).await?;
    stage.rehearsal.take(&own, LOOKALIKE).await?;
    stage.rehearsal.take(&own, "by-hand").await?;
    stage.hours(1).await?;
    Ok(stage)
}

#[tokio::test(start_paused = true)]
async fn who_takes_over_the_consumer_can_delete_neither_foreign_snapshots_nor_keys() -> anyhow::Result<()> {
    let stage = dr_with_something_of_its_own().await?;
    let rds = as_consumer(&stage);
    let delete = async |id: &str| code(rds.delete_db_snapshot().db_snapshot_identifier(id).send().await);
    let automated =
        stage.all(DR).await?.into_iter().map(|it| it.arn.id().to_owned()).find(|id| id.starts_with("rds:own"));
    assert_eq!(delete(&automated.unwrap_or_default()).await, "AccessDenied");
    assert_eq!(delete(LOOKALIKE).await, "AccessDenied");
    assert_eq!(delete("by-hand").await, "AccessDenied");
    // Nor can it be made one of Draco's by tagging it.
    for keys in [vec![tags::SOURCE_SNAPSHOT], vec![tags::REPORTED]] {
        let tags = keys.iter().map(|key| Tag::builder().key(*key).value("mine").build()).collect();
        let arn = format!("arn:aws:rds:{REGION}:{DR}:snapshot:by-hand");
        let tagged = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags)).send().await;
        assert_eq!(code(tagged), "AccessDenied", "{keys:?}");
    }
    // Where the name is one that Draco gives, a mark may be set, and nothing with it.
    let tags = [tags::REPORTED, "team"].map(|key| Tag::builder().key(key).value("mine").build());
    let arn = format!("arn:aws:rds:{REGION}:{DR}:snapshot:{LOOKALIKE}");
    let tagged = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags.into())).send().await;
    assert_eq!(code(tagged), "AccessDenied");
    // The key of all copies.
    let kms = aws_sdk_kms::Client::new(&as_role(&stage, DR, "draco-consumer"));
    let owner = aws_sdk_kms::Client::new(&stage.owner(DR));
    let key =
        owner.describe_key().key_id("alias/draco").send().await?.key_metadata.map(|key| key.key_id).unwrap_or_default();
    let refused = [
        code(kms.schedule_key_deletion().key_id(&key).send().await),
        code(kms.disable_key().key_id(&key).send().await),
        code(kms.put_key_policy().key_id(&key).policy("{}").send().await),
        code(kms.delete_alias().alias_name("alias/draco").send().await),
        code(kms.update_alias().alias_name("alias/draco").target_key_id(&key).send().await),
        // Directly, and not through RDS.
        code(kms.describe_key().key_id(&key).send().await),
    ];
    assert_eq!(refused, ["AccessDeniedException"; 6]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_takes_over_the_consumer_can_share_nothing_and_copy_nothing_without_draco_s_tag() -> anyhow::Result<()> {
    let stage = dr_with_something_of_its_own().await?;
    let rds = as_consumer(&stage);
    let copy = stage.all(DR).await?.into_iter().map(|it| it.arn.id().to_owned()).find(|id| id.contains("rds-orders"));
    let copy = copy.unwrap_or_default();
    let share = rds.modify_db_snapshot_attribute().db_snapshot_identifier(&copy).attribute_name("restore");
    assert_eq!(code(share.values_to_add("333333333333").send().await), "AccessDenied");
    let untagged = rds.copy_db_snapshot().source_db_snapshot_identifier(&copy).target_db_snapshot_identifier("draco-x");
    assert_eq!(code(untagged.send().await), "AccessDenied");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_takes_over_the_producer_can_share_and_delete_only_what_draco_made() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    let database = stage.create(&Database::instance("orders").lifecycle("Ignore")).await?;
    stage.hours(1).await?;
    stage.rehearsal.take(&database, "before-migration").await?;
    stage.rehearsal.take(&database, "draco-before-migration").await?;
    stage.hours(1).await?;
    let rds = aws_sdk_rds::Client::new(&as_role(&stage, SOURCE, "draco-producer"));
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

#[tokio::test(start_paused = true)]
async fn each_topic_hears_the_other_accounts_function_and_nobody_else_there() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let world = stage.rehearsal.world();
    // The role of somebody else in the account may do whatever resources let it do.
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    for (account, role) in [(SOURCE, "admin"), (DR, "admin"), ("333333333333", "draco-producer-eu-west-1")] {
        world.add_role(account, role, &[all]).map_err(anyhow::Error::msg)?;
    }
    let topic = |account: &str, name: &str| format!("arn:aws:sns:{REGION}:{account}:{name}");
    let said = async |account: &str, role: &str, to: &str| {
        let sns = aws_sdk_sns::Client::new(&world.sdk_config_for_role(account, REGION, role));
        code(sns.publish().topic_arn(to).message("hello").send().await)
    };
    let (consumer, producer) = (topic(DR, "DracoConsumer"), topic(SOURCE, "DracoProducer"));
    assert_eq!(said(SOURCE, "draco-producer-eu-west-1", &consumer).await, "");
    assert_eq!(said(DR, "draco-consumer-eu-west-1", &producer).await, "");
    for (account, role, to) in [
        (SOURCE, "admin", &consumer),
        (SOURCE, "draco-producer-timer-eu-west-1", &consumer),
        (SOURCE, "draco-producer-eu-central-1", &consumer),
        ("333333333333", "draco-producer-eu-west-1", &consumer),
        (DR, "admin", &producer),
    ] {
        assert_eq!(said(account, role, to).await, "AuthorizationError", "{account} {role}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_the_consumer_copies_under_the_transit_key_and_nobody_of_dr_decrypts_with_it() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    stage.create(&Database::instance("orders").lifecycle("Standard")).await?;
    // The transit copy is shared, and DR has not got further.
    stage.rehearsal.world().remove_function(DR, REGION, "draco-consumer");
    stage.hours(4).await?;
    let transit = format!("arn:aws:rds:{REGION}:{SOURCE}:snapshot:draco-rds-orders-2026-11-21-03-05");
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    stage.rehearsal.world().add_role(DR, "admin", &[all]).map_err(anyhow::Error::msg)?;
    let admin = aws_sdk_rds::Client::new(&stage.rehearsal.world().sdk_config_for_role(DR, REGION, "admin"));
    let copy = admin.copy_db_snapshot().source_db_snapshot_identifier(&transit).target_db_snapshot_identifier("mine");
    assert_eq!(code(copy.kms_key_id("alias/draco").send().await), "KMSKeyNotAccessibleFault");
    let owner = aws_sdk_kms::Client::new(&stage.owner(SOURCE));
    let key = owner.describe_key().key_id("alias/draco-transit").send().await?.key_metadata.and_then(|key| key.arn);
    for role in ["admin".to_owned(), stage.rehearsal.cast().role("draco-consumer")] {
        let kms = aws_sdk_kms::Client::new(&stage.rehearsal.world().sdk_config_for_role(DR, REGION, &role));
        let told = kms.describe_key().set_key_id(key.clone()).send().await;
        assert_eq!(code(told), "AccessDeniedException", "not directly, only through RDS");
    }
    Ok(())
}
