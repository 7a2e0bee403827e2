//! Invariants 2, 10 and 14: the keys of copies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::types::Tag;
use aws_sdk_rds::error::ProvideErrorMetadata;
use protocol::{Kind, tags};
use rehearsal::{Database, Setup};
use sim::Settings;
use sim::journal::Event;
use sim::questions::{Answers, KeyTagDelay};
use tests::{DR, Fixture, REGION, SOURCE, settings};

async fn deploy(parameters: &[(&str, &str)]) -> anyhow::Result<Fixture> {
    let mut setup = Setup::new(SOURCE, DR, REGION)?;
    for (name, value) in parameters {
        setup = setup.consumer_parameter(name, value);
    }
    Fixture::with(settings(), setup).await
}

fn kms(fixture: &Fixture) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::new(&fixture.owner_config(DR))
}

/// The key of each copy, by kind.
async fn keys(fixture: &Fixture) -> anyhow::Result<BTreeMap<Kind, Option<String>>> {
    Ok(fixture.snapshots(DR).await?.into_iter().map(|copy| (copy.arn.kind, copy.key.map(String::from))).collect())
}

/// The key that an alias names.
async fn named(fixture: &Fixture, alias: &str) -> anyhow::Result<Option<String>> {
    Ok(kms(fixture).describe_key().key_id(alias).send().await?.key_metadata.and_then(|key| key.arn))
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_instance_and_a_cluster_of_one_name_have_their_own_keys() -> anyhow::Result<()> {
    let mut fixture = deploy(&[("KeyPerDatabase", "true")]).await?;
    for database in [Database::instance("orders"), Database::cluster("orders")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(4).await?;
    let expected = [
        (Kind::Instance, named(&fixture, "alias/DRACO-111111111111/instance/orders").await?),
        (Kind::Cluster, named(&fixture, "alias/DRACO-111111111111/cluster/orders").await?),
    ];
    assert_eq!(keys(&fixture).await?, expected.into());
    assert_eq!(fixture.keys_in_use().await?, 2);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_key_under_an_alias_without_a_kind_stays_the_key_of_the_instance() -> anyhow::Result<()> {
    let mut fixture = deploy(&[("KeyPerDatabase", "true")]).await?;
    let source =
        Tag::builder().tag_key(tags::SOURCE).tag_value("arn:aws:rds:eu-west-1:111111111111:db:orders").build()?;
    let created = kms(&fixture).create_key().tags(source).send().await?.key_metadata;
    let (id, key) = created.map(|key| (key.key_id, key.arn)).unwrap_or_default();
    let former = "alias/DRACO-111111111111-orders";
    kms(&fixture).create_alias().alias_name(former).target_key_id(id).send().await?;
    for database in [Database::instance("orders"), Database::cluster("orders")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(28).await?;
    let keys = keys(&fixture).await?;
    assert_eq!(keys[&Kind::Instance], key);
    assert_eq!(named(&fixture, "alias/DRACO-111111111111/instance/orders").await?, key, "it has the new alias, too");
    assert_eq!(keys[&Kind::Cluster], named(&fixture, "alias/DRACO-111111111111/cluster/orders").await?);
    assert_ne!(keys[&Kind::Cluster], key);
    // AWS may take the first backup at the creation of a database, in addition to those of its windows.
    assert!(fixture.snapshots(DR).await?.len() >= 4);
    assert_eq!(fixture.keys_in_use().await?, 2);
    Ok(())
}

/// The consumer may use only keys with its tag, and a tag may count late. A copy that is refused would raise an alarm.
#[tokio::test(start_paused = true)]
async fn a_new_key_is_used_when_its_tag_counts() -> anyhow::Result<()> {
    for key_tag_delay in KeyTagDelay::ALL {
        let settings =
            Settings { answers: Answers { key_tag_delay: *key_tag_delay, ..settings().answers }, ..settings() };
        let setup = Setup::new(SOURCE, DR, REGION)?.consumer_parameter("KeyPerDatabase", "true");
        let mut fixture = Fixture::with(settings, setup).await?;
        for database in [Database::instance("orders"), Database::cluster("orders")] {
            fixture.create_database(&database.lifecycle("Standard")).await?;
        }
        fixture.pass_hours(4).await?;
        assert!(fixture.snapshots(DR).await?.len() >= 2, "{key_tag_delay:?}");
        assert_eq!(fixture.keys_in_use().await?, 2, "{key_tag_delay:?}");
        assert_eq!(fixture.violations(), []);
        let refused = fixture.rehearsal.world().journal(|journal| {
            let is_refusal =
                |event: &Event| matches!(event, Event::Call { error: Some(code), .. } if code.starts_with("KMS"));
            journal.entries().iter().filter(|entry| is_refusal(&entry.event)).count()
        });
        assert_eq!(refused, 0, "{key_tag_delay:?}");
        let lines = fixture.rehearsal.logs().lines();
        let steps = |step: &str| lines.iter().filter(|line| line.text("step") == step).count();
        assert!(steps("waiting_for_key") >= 2, "{key_tag_delay:?}");
        assert_eq!(steps("refused"), 0, "{key_tag_delay:?}");
    }
    Ok(())
}

// Invariant 14.
#[tokio::test(start_paused = true)]
async fn an_account_gets_no_more_keys_than_its_limit() -> anyhow::Result<()> {
    let mut fixture = deploy(&[("KeyPerDatabase", "true"), ("MaxDatabases", "2")]).await?;
    // As if one database were renamed again and again. AWS may take the first backup at once, or in the window.
    let renamed = async |fixture: &mut Fixture, name: &str, window: &str| {
        let database = Database { backup_window: window.to_owned(), ..Database::instance(name) };
        fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.pass_hours(2).await
    };
    renamed(&mut fixture, "orders", "02:35-03:05").await?;
    renamed(&mut fixture, "orders-2", "04:35-05:05").await?;
    let databases: BTreeSet<_> = fixture.snapshots(DR).await?.into_iter().map(|copy| copy.database).collect();
    assert_eq!(databases, ["orders", "orders-2"].map(Into::into).into());
    assert_eq!(fixture.keys_in_use().await?, 2);
    // The copies of the first names expire. Their keys stay.
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    for copy in fixture.snapshots(DR).await? {
        rds.delete_db_snapshot().db_snapshot_identifier(copy.arn.id()).send().await?;
    }
    renamed(&mut fixture, "orders-3", "06:35-07:05").await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 0);
    let created = fixture.rehearsal.world().journal(|journal| journal.count_calls("CreateKey"));
    // Two of the stacks, and two of databases.
    assert_eq!(created, 4, "no unused key is created");
    let lines = fixture.rehearsal.logs().lines();
    let refused: Vec<_> = lines.iter().filter(|line| line.text("step") == "refused").collect();
    assert!(!refused.is_empty() && refused.iter().all(|line| line.text("reason") == "too-many"));
    let why = "account 111111111111 has 2 keys in DR, and the limit MAX_DATABASES is 2; ";
    assert!(refused[0].text("message").starts_with(why), "{}", refused[0].text("message"));
    Ok(())
}

// Invariant 2.
#[tokio::test(start_paused = true)]
async fn with_the_managed_key_of_aws_no_one_can_delete_the_key_of_copies() -> anyhow::Result<()> {
    let mut fixture = deploy(&[("AwsManagedKey", "true")]).await?;
    for database in [Database::instance("orders"), Database::cluster("orders")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(4).await?;
    let managed = named(&fixture, "alias/aws/rds").await?;
    assert_eq!(keys(&fixture).await?, [(Kind::Instance, managed.clone()), (Kind::Cluster, managed.clone())].into());
    assert_eq!(fixture.violations(), []);
    // The owner of the account can neither delete nor disable it.
    let (kms, key) = (kms(&fixture), managed.unwrap_or_default());
    let deleted = kms.schedule_key_deletion().key_id(&key).send().await.err();
    let disabled = kms.disable_key().key_id(&key).send().await.err();
    assert!(deleted.is_some() && disabled.is_some());
    // The price: such a copy cannot be shared.
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(DR));
    let share =
        rds.modify_db_snapshot_attribute().db_snapshot_identifier("draco-111111111111-rds-orders-2026-11-21-03-05");
    let shared = share.attribute_name("restore").values_to_add("333333333333").send().await;
    assert_eq!(
        shared.err().and_then(|error| error.code().map(str::to_owned)).as_deref(),
        Some("InvalidDBSnapshotState")
    );
    Ok(())
}
