//! What `doctor` finds.

use std::collections::BTreeMap;

use aws_sdk_rds::types::Tag;
use deploy::Role;
use deploy::doctor::databases::Databases;
use deploy::doctor::finding::{self, Section};
use deploy::doctor::quotas::{Quota, Quotas};
use deploy::doctor::{copying, standing};
use protocol::Kind;
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

async fn found(fixture: &Fixture, more: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    for role in Role::BOTH {
        let findings = standing(&account(fixture, role), &config(more)).await;
        sections.push(Section { title: role.to_string(), findings });
    }
    sections
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_whole_gets_ticks() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let sections = found(&fixture, "ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:pager\n").await;
    assert_eq!(finding::wrong(&sections), 0);
    insta::assert_snapshot!(plain(&finding::told(&sections)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_broken_is_told_with_what_mends_it() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    subscribe(&fixture, DR, "DracoConsumerAlarms").await?;
    let (source, dr) = (fixture.owner_config(SOURCE), fixture.owner_config(DR));
    // The transit key keeps DR out, DR's own is disabled.
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
    // Nobody hears the producer's topic, and RDS tells of instances only.
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
    let sections = found(&fixture, EMAIL).await;
    insta::assert_snapshot!(plain(&finding::told(&sections)));
    insta::assert_snapshot!(serde_json::to_string_pretty(&sections)?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn databases_are_told_by_their_lifecycles_and_what_keeps_them_from_being_copied() -> anyhow::Result<()> {
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
    let call = call.engine("postgres").allocated_storage(20).master_username("draco").backup_retention_period(0);
    call.tags(Tag::builder().key("Draco_Lifecycle").value("Test").build()).send().await?;
    fixture.pass_hours(6).await?;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let config = config("lifecycles:\n  Fortnight: { daily: 14 }\n");
    let sections = copying(Some(&source), Some(&dr), &config).await;
    insta::assert_snapshot!(plain(&finding::told(&sections)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn before_anything_is_tagged_nothing_is_wrong() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let source = account(&fixture, Role::Producer);
    let told = async || plain(&finding::told(&copying(Some(&source), None, &config("")).await));
    let nothing = told().await;
    fixture.create_database(&Database::instance("orders")).await?;
    fixture.pass_hours(1).await?;
    insta::assert_snapshot!(format!("{nothing}\n\n{}", told().await));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn room_that_the_lifecycles_will_need_is_compared_with_the_quota() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for nth in 0..4 {
        fixture.create_database(&Database::instance(&format!("orders-{nth}")).lifecycle("Standard")).await?;
    }
    fixture.pass_hours(6).await?;
    let databases = Databases::look(&account(&fixture, Role::Producer)).await?;
    let snapshots = fixture.snapshots(DR).await?;
    let judged = |used, most| {
        let quotas = Quotas(BTreeMap::from([(Kind::Instance, Quota { used, most })]));
        let mut findings = quotas.judge_copies(&snapshots, &databases, &config(""));
        findings.extend(quotas.judge_transit());
        plain(&finding::told(&[Section { title: format!("{used} of {most}"), findings }]))
    };
    insta::assert_snapshot!([judged(4, 200), judged(4, 100), judged(40, 144), judged(190, 200)].join("\n"));
    Ok(())
}
