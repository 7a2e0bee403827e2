//! `doctor` and `status` if copies are in other regions than their databases.

use deploy::deployed::Deployment;
use deploy::doctor::finding::{self, Area, Section, Severity};
use deploy::doctor::{copying, regions, resources};
use deploy::status::AccountStatus;
use deploy::{Account, Role};
use protocol::Place;
use rehearsal::{Database, Setup};
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{config, plain};

const COPIES: &str = "us-east-1";
const SECOND: &str = "eu-central-1";
const CONFIG: &str = "DR_REGION: us-east-1\nSECOND_REGION: eu-central-1\n\
                      ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:pager\n";

async fn fixture() -> anyhow::Result<Fixture> {
    Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.dr_region(COPIES)?.second_region(SECOND)?).await
}

fn account(fixture: &Fixture, role: Role) -> Account {
    let (account, region) = match role {
        Role::Producer => (SOURCE, REGION),
        Role::Consumer | Role::Verifier => (DR, COPIES),
        Role::Second => (DR, SECOND),
    };
    let place = Place { region: region.parse().unwrap(), account: account.parse().unwrap() };
    Account::unchecked(role, place, fixture.rehearsal.world().sdk_config(account, region))
}

fn section(account: &Account, findings: Vec<finding::Finding>) -> Section {
    Section { area: Area::DrAccount, place: Some(account.place.clone()), title: account.to_string(), findings }
}

async fn pagers(fixture: &Fixture) -> anyhow::Result<()> {
    for region in [COPIES, SECOND] {
        let config = fixture.rehearsal.world().sdk_config(DR, region);
        let sns = aws_sdk_sns::Client::new(&config);
        let topic = sns.create_topic().name("pager").send().await?.topic_arn.unwrap();
        aws_sdk_sqs::Client::new(&config).create_queue().queue_name("pager").send().await?;
        let queue = format!("arn:aws:sqs:{region}:{DR}:pager");
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_complete_deployment_in_three_regions_has_no_problems() -> anyhow::Result<()> {
    let fixture = fixture().await?;
    pagers(&fixture).await?;
    let mut sections = Vec::new();
    for role in [Role::Producer, Role::Consumer, Role::Second] {
        let account = account(&fixture, role);
        let mut findings = resources(&account, &config(CONFIG)).await;
        if role != Role::Second {
            findings.extend(regions::examine(&account, &config(CONFIG)).await);
        }
        sections.push(section(&account, findings));
    }
    insta::assert_snapshot!(plain(&finding::lines(&sections)));
    assert_eq!(finding::count(&sections, Severity::Error), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_not_enabled_and_a_key_for_one_region_are_errors() -> anyhow::Result<()> {
    let fixture = fixture().await?;
    let source = account(&fixture, Role::Producer);
    let world = fixture.rehearsal.world();
    world.disable_region(SOURCE, COPIES);
    let mut findings = regions::examine(&source, &config(CONFIG)).await;
    // As it was before DR_REGION was set.
    let kms = aws_sdk_kms::Client::new(source.sdk());
    let key = kms.describe_key().key_id("alias/draco-transit").send().await?.key_metadata.unwrap();
    let policy = kms.get_key_policy().key_id(key.key_id()).send().await?.policy.unwrap();
    let policy = policy.replace(&format!("\"rds.{COPIES}.amazonaws.com\""), "\"rds.us-west-2.amazonaws.com\"");
    kms.put_key_policy().key_id(key.key_id()).policy(policy).send().await?;
    findings.extend(resources(&source, &config(CONFIG)).await);
    let sections = [section(&source, findings)];
    let errors = finding::lines(&sections).into_iter().filter(|line| line.contains('✗'));
    insta::assert_snapshot!(plain(&errors.collect::<Vec<_>>()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn databases_that_cannot_cross_are_named_and_copies_have_a_price() -> anyhow::Result<()> {
    let mut fixture = fixture().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    let world = fixture.rehearsal.world().clone();
    world.add_option_group(SOURCE, REGION, "secret", "oracle-ee", &["TDE", "JVM"]);
    let source = account(&fixture, Role::Producer);
    let rds = aws_sdk_rds::Client::new(source.sdk());
    let tag = || aws_sdk_rds::types::Tag::builder().key("Draco_Lifecycle").value("Standard").build();
    let call =
        rds.create_db_instance().db_instance_identifier("books").db_instance_class("db.m5.large").engine("oracle-ee");
    let call = call.license_model("bring-your-own-license").allocated_storage(100).option_group_name("secret");
    let call = call.master_username("owner").master_user_password("correct-horse").copy_tags_to_snapshot(true);
    call.preferred_backup_window("20:00-20:30").tags(tag()).send().await?;
    let call = rds.create_db_cluster().db_cluster_identifier("papers").engine("docdb").tags(tag());
    let call = call.preferred_backup_window("20:00-20:30");
    call.master_username("owner").master_user_password("correct-horse").send().await?;
    fixture.pass_hours(6).await?;
    let drs = [(account(&fixture, Role::Consumer), false), (account(&fixture, Role::Second), false)];
    let sections = copying(&[source], &drs, &config(CONFIG), world.now()).await;
    insta::assert_snapshot!(plain(&finding::lines(&sections)));
    Ok(())
}

/// As AWS does at the end of a version's support, in each region at another time.
#[tokio::test(start_paused = true)]
async fn engine_versions_that_a_region_of_dr_lacks_are_named() -> anyhow::Result<()> {
    let fixture = fixture().await?;
    for name in ["orders", "customers", "ledger", "stock", "parts"] {
        fixture.create_database(&Database::instance(name).lifecycle("Standard")).await?;
    }
    fixture.create_database(&Database::cluster("papers").lifecycle("Standard")).await?;
    fixture.create_database(&Database::instance("scratch").engine("mysql")).await?;
    let world = fixture.rehearsal.world().clone();
    world.sleep(10 * tests::MINUTE).await;
    let source = account(&fixture, Role::Producer);
    let rds = aws_sdk_rds::Client::new(source.sdk());
    let one = rds.describe_db_instances().db_instance_identifier("orders").send().await?;
    let version = one.db_instances()[0].engine_version().unwrap().to_owned();
    let drs = [(account(&fixture, Role::Consumer), false), (account(&fixture, Role::Second), false)];
    let lines = async |drs: &[(Account, bool)]| {
        let sections = copying(std::slice::from_ref(&source), drs, &config(CONFIG), world.now()).await;
        let engines: Vec<_> = sections.into_iter().filter(|section| section.area == Area::Engines).collect();
        plain(&finding::lines(&engines))
    };
    let before = lines(&drs).await;
    assert!(
        before.contains("✓ us-east-1: the region offers the engine versions of 6 databases that are copied there\n"),
        "{before}"
    );
    // Databases that were not read may have other versions, and copies.
    let more = config(&format!("{CONFIG}SOURCE_REGIONS: [eu-west-1, eu-south-1]\n"));
    let part = copying(std::slice::from_ref(&source), &drs[..1], &more, world.now()).await;
    // The same for databases that cannot be listed.
    let at = Point::Call("DescribeDBClusters".to_owned());
    world.plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: Action::Refuse("AccessDenied") }]));
    let unread = copying(std::slice::from_ref(&source), &drs[..1], &config(CONFIG), world.now()).await;
    world.plan_faults(Plan::NoFaults);
    for (sections, area, expected) in [(&part, Area::Engines, 1), (&part, Area::Quotas, 2), (&unread, Area::Quotas, 2)]
    {
        let of_dr = |section: &&Section| section.area == area && section.place.as_ref() == Some(&drs[0].0.place);
        let lines = finding::lines(&sections.iter().filter(of_dr).cloned().collect::<Vec<_>>());
        let pending =
            |line: &&String| line.contains('·') && line.ends_with("; not all source accounts and regions were read");
        assert_eq!(lines.iter().filter(pending).count(), expected, "{lines:#?}");
    }
    let calls = || world.journal(|journal| journal.count_calls("DescribeDBEngineVersions"));
    assert_eq!(calls(), 6, "one for each of two engines and three looks at a region");
    world.retire_engine_version("postgres", &version);
    let after = lines(&drs[..1]).await;
    assert_eq!(
        after,
        format!(
            "engine versions of the DR account 222222222222 in us-east-1\n  ! postgres {version}: us-east-1 does not offer this \
             version, so copies of customers, ledger, orders and 2 more cannot be restored there with it; upgrade to a version \
             of `aws rds describe-db-engine-versions --engine postgres --region us-east-1`\n1 warning"
        )
    );
    // A region that has the databases needs no call.
    let here = Account::unchecked(Role::Consumer, fixture.source(), source.sdk().clone());
    assert_eq!(lines(&[(here, false)]).await, "No problems found.");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_wait_are_counted_with_the_longest_wait() -> anyhow::Result<()> {
    let settings = sim::Settings { copy_quota: 1, copy_gib_per_minute: 1, ..settings() };
    let setup = Setup::new(SOURCE, DR, REGION)?.dr_region(COPIES)?;
    let mut fixture = Fixture::with(settings, setup).await?;
    for name in ["orders", "customers", "ledger"] {
        fixture.create_database(&Database::instance(name).lifecycle("Standard")).await?;
    }
    // Snapshots at 03:05 take 100 minutes, and so does each copy.
    fixture.pass_hours(5).await?;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let (config, now) = (config("DR_REGION: us-east-1\n"), fixture.rehearsal.world().now());
    let status = AccountStatus::with(&dr, &config, now, Deployment::default()).await?;
    let queue = serde_json::to_value(&status)?["queue"].clone();
    assert_eq!((queue["waiting"].as_u64(), queue["since"].is_string()), (Some(2), true), "{queue}");
    let lines = |lines: &[String]| {
        let found = lines.iter().filter(|line| line.contains("from another region")).cloned().collect::<Vec<_>>();
        plain(&found)
    };
    let waiting = "2 snapshots wait for their copies from another region; the longest for ";
    let shown = lines(&status.lines(Role::Consumer, now));
    assert!(shown.starts_with(&format!("  queue         {waiting}")), "{shown}");
    let judged = async |now| {
        lines(&finding::lines(&copying(std::slice::from_ref(&source), &[(dr.clone(), false)], &config, now).await))
    };
    let early = judged(now).await;
    assert!(early.starts_with(&format!("  ✓ us-east-1: {waiting}")), "{early}");
    let later = judged(now + chrono::TimeDelta::days(2)).await;
    assert!(later.starts_with(&format!("  ! us-east-1: {waiting}2 days; spread the backup windows")), "{later}");
    // The others get their turn.
    fixture.pass_hours(8).await?;
    let now = fixture.rehearsal.world().now();
    let status = AccountStatus::with(&dr, &config, now, Deployment::default()).await?;
    assert_eq!(serde_json::to_value(&status)?["queue"]["waiting"], 0);
    Ok(())
}
