//! The findings of `doctor`.

use std::collections::BTreeMap;

use aws_sdk_rds::types::Tag;
use deploy::Role;
use deploy::doctor::databases::Databases;
use deploy::doctor::finding::{self, Area, Section, Severity};
use deploy::doctor::quotas::{Copies, Quota, Quotas};
use deploy::doctor::{Coverage, copying, resources};
use protocol::{Kind, tags};
use rehearsal::{Database, Encryption};
use tests::{DR, Fixture, SOURCE};

use crate::{account, config, plain};

const EMAIL: &str = "ALARM_EMAIL: dr-team@example.com\n";

async fn subscribe(fixture: &Fixture, account: &str, topic: &str) -> anyhow::Result<()> {
    let sns = aws_sdk_sns::Client::new(&fixture.owner_config(account));
    let topic = sns.create_topic().name(topic).send().await?.topic_arn.unwrap();
    sns.subscribe().topic_arn(topic).protocol("email").endpoint("dr-team@example.com").send().await?;
    Ok(())
}

/// Creates the topic `pager` in DR, with this subscription.
async fn pager(fixture: &Fixture, protocol: &str, endpoint: &str) -> anyhow::Result<()> {
    let sns = aws_sdk_sns::Client::new(&fixture.owner_config(DR));
    let topic = sns.create_topic().name("pager").send().await?.topic_arn.unwrap();
    aws_sdk_sqs::Client::new(&fixture.owner_config(DR)).create_queue().queue_name("pager").send().await?;
    sns.subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint).send().await?;
    Ok(())
}

const PAGER: &str = "ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:pager\n";

async fn examined(fixture: &Fixture, more: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    for role in Role::BOTH {
        let account = account(fixture, role);
        let findings = resources(&account, &config(more)).await;
        let area = if role == Role::Consumer { Area::DrAccount } else { Area::SourceAccount };
        let title = role.to_string();
        sections.push(Section { area, place: Some(account.place.clone()), title, findings });
    }
    sections
}

#[tokio::test(start_paused = true)]
async fn complete_deployment_has_no_problems() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    pager(&fixture, "sqs", "arn:aws:sqs:eu-west-1:222222222222:pager").await?;
    let sections = examined(&fixture, PAGER).await;
    assert_eq!(finding::count(&sections, Severity::Error), 0);
    insta::assert_snapshot!(plain(&finding::lines(&sections)));
    let aws_managed = examined(&fixture, &format!("{PAGER}AWS_MANAGED_KEY: yes\n")).await;
    assert!(plain(&finding::lines(&aws_managed)).contains("✓ AWS_MANAGED_KEY: copies are under AWS's managed key"));
    Ok(())
}

/// Invariant 16: alarms arrive, and outside production.
#[tokio::test(start_paused = true)]
async fn a_topic_for_alarms_without_a_confirmed_recipient_is_an_error() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let consumer = async |more: &str| {
        let sections = examined(&fixture, more).await;
        let all = plain(&finding::lines(&sections[1..]));
        all.lines().filter(|line| line.contains("pager")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let missing = consumer(PAGER).await;
    pager(&fixture, "email", "dr-team@example.com").await?;
    let unconfirmed = consumer(PAGER).await;
    let in_source = consumer(&PAGER.replace(DR, SOURCE)).await;
    insta::assert_snapshot!([missing, unconfirmed, in_source].join("\n"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn problems_are_reported_with_the_next_step() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    subscribe(&fixture, DR, "DracoConsumerAlarms").await?;
    let (source, dr) = (fixture.owner_config(SOURCE), fixture.owner_config(DR));
    // The transit key does not allow DR, and the key of DR is disabled.
    let kms = aws_sdk_kms::Client::new(&source);
    let key = kms.describe_key().key_id("alias/draco-transit").send().await?.key_metadata.unwrap();
    let own = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{SOURCE}:root"}},"Action":"kms:*","Resource":"*"}},
            {{"Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::{DR}:root"]}},"Action":["kms:Describe*","kms:Decrypt"],"Resource":"*"}}
        ]}}"#
    );
    kms.put_key_policy().key_id(key.key_id()).policy_name("default").policy(own).send().await?;
    let kms = aws_sdk_kms::Client::new(&dr);
    let key = kms.describe_key().key_id("alias/draco").send().await?.key_metadata.unwrap();
    kms.disable_key().key_id(key.key_id()).send().await?;
    // The producer is not subscribed to its topic, and RDS publishes events of instances only.
    let sns = aws_sdk_sns::Client::new(&source);
    for one in sns.list_subscriptions().send().await?.subscriptions() {
        sns.unsubscribe().subscription_arn(one.subscription_arn().unwrap()).send().await?;
    }
    let rds = aws_sdk_rds::Client::new(&source);
    for one in rds.describe_event_subscriptions().send().await?.event_subscriptions_list() {
        if one.source_type() == Some("db-cluster-snapshot") {
            rds.delete_event_subscription().subscription_name(one.cust_subscription_id().unwrap()).send().await?;
        }
    }
    fixture.rehearsal.world().invoke_function(&fixture.function_arn(SOURCE, "draco-producer"), serde_json::json!({}));
    fixture.rehearsal.world().sleep(tests::HOUR).await;
    let sections = examined(&fixture, EMAIL).await;
    insta::assert_snapshot!(plain(&finding::lines(&sections)));
    insta::assert_snapshot!(finding::json(&sections)?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn databases_are_listed_by_lifecycle_with_their_problems() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for database in [
        Database::instance("orders").lifecycle("Standard"),
        Database::instance("customers").lifecycle("standard").encryption(Encryption::CustomerKey),
        Database::cluster("ledger").lifecycle("Fortnight"),
        Database::instance("legacy").lifecycle("Standart"),
        Database::instance("scratch"),
        Database::instance("cache").lifecycle("Ignore"),
    ] {
        fixture.create_database(&database).await?;
    }
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let call = rds.create_db_instance().db_instance_identifier("silent").db_instance_class("db.t4g.medium");
    let call = call
        .engine("postgres")
        .allocated_storage(20)
        .master_username("draco")
        .master_user_password("simulated")
        .backup_retention_period(0);
    call.tags(Tag::builder().key("Draco_Lifecycle").value("Test").build()).send().await?;
    fixture.pass_hours(6).await?;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let config = config("lifecycles:\n  Fortnight: { daily: 14 }\n");
    let now = fixture.rehearsal.world().now();
    let sections = copying(&[source], &[(dr, true)], &config, now).await;
    insta::assert_snapshot!(plain(&finding::lines(&sections)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_database_is_listed_as_not_copied_until_the_deadline_of_the_job_that_provisions_it() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let database = Database::instance("draco-new-orders-1a2b3c4d5e6f").lifecycle("Standard");
    let now = fixture.rehearsal.world().now();
    let deadline = now + chrono::TimeDelta::hours(2);
    let request = format!(
        "restore approval=given keep=0 deadline={}",
        deadline.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    let database = database.tag(tags::JOB, "1a2b3c4d5e6f").tag(tags::JOB_REQUEST, &request);
    fixture.create_database(&database).await?;
    fixture.pass_hours(1).await?;
    let (config, source) = (config(""), account(&fixture, Role::Producer));
    let not_copied = format!(
        "! draco-new-orders-1a2b3c4d5e6f: not copied before {}, the deadline of job 1a2b3c4d5e6f",
        deadline.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    // A database that its job gave up is one like others. So is one with a deadline that no job has.
    let copied_one = "✓ draco-new-orders-1a2b3c4d5e6f: lifecycle Standard";
    let too_early = deadline - chrono::TimeDelta::days(31);
    for (now, copied, expected) in [(now, 0, &*not_copied), (deadline, 1, copied_one), (too_early, 1, copied_one)] {
        let databases = Databases::look(&source, now).await?;
        assert_eq!(databases.copied(&config.lifecycles).count(), copied);
        let findings = databases.judge(&config);
        let lines = finding::lines(&[Section { area: Area::Databases, place: None, title: String::new(), findings }]);
        assert!(plain(&lines).contains(expected), "{lines:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn account_without_tagged_databases_has_no_errors() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let sources = [account(&fixture, Role::Producer)];
    let now = fixture.rehearsal.world().now();
    let lines = async || plain(&finding::lines(&copying(&sources, &[], &config(""), now).await));
    let empty = lines().await;
    fixture.create_database(&Database::instance("orders")).await?;
    fixture.pass_hours(1).await?;
    insta::assert_snapshot!(format!("{empty}\n\n{}", lines().await));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn quota_is_compared_with_dry_run_and_with_the_lifecycles() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for nth in 0..4 {
        fixture.create_database(&Database::instance(&format!("orders-{nth}")).lifecycle("Standard")).await?;
    }
    fixture.pass_hours(6).await?;
    let config = config("");
    let databases = Databases::look(&account(&fixture, Role::Producer), fixture.rehearsal.world().now()).await?;
    let copied = databases.copied(&config.lifecycles);
    let lifecycles: Vec<_> = copied.map(|(database, lifecycle)| (database.arn.kind, lifecycle)).collect();
    let (snapshots, now) = (fixture.snapshots(DR).await?, fixture.rehearsal.world().now());
    let judged = |used, limit, is_dry_run| {
        let quotas = Quotas(BTreeMap::from([(Kind::Instance, Quota { used, limit })]));
        let coverage = Coverage::All;
        let copies = Copies { snapshots: &snapshots, lifecycles: &lifecycles, coverage, is_dry_run, now };
        let mut findings = quotas.judge_copies(&copies, &config);
        findings.extend(quotas.judge_transit());
        let mode = if is_dry_run { "dry run" } else { "deletion enabled" };
        let title = format!("{used} of {limit}, {mode}");
        plain(&finding::lines(&[Section { area: Area::Quotas, place: None, title, findings }]))
    };
    let cases = [
        judged(4, 200, true),
        judged(4, 200, false),
        judged(4, 100, true),
        judged(40, 148, true),
        judged(40, 148, false),
        judged(4, 28, true),
        judged(190, 200, true),
    ];
    insta::assert_snapshot!(cases.join("\n"));
    Ok(())
}
