//! The output of `status`.

use std::collections::BTreeMap;

use deploy::deployed::{self, Deployment, Function};
use deploy::stack::Stack;
use deploy::status::AccountStatus;
use deploy::{Account, Role, owner};
use protocol::{DatabaseArn, Snapshot, tags};
use rehearsal::Database;
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use tests::{DR, Fixture, SOURCE};

use crate::{account, config, plain};

fn stack(status: &str) -> Stack {
    Stack {
        id: String::new(),
        status: status.to_owned(),
        updated: "2026-11-20T09:00:00Z".parse().ok(),
        parameters: [("CodeVersion".to_owned(), "Xy3kPq".to_owned())].into_iter().collect(),
        outputs: Default::default(),
        protected: true,
    }
}

fn function(no_dry_run: &str) -> Function {
    Function {
        sha256: "5f0c8f4d1d2b7a90".to_owned(),
        updated: "2026-11-20T09:01:00Z".parse().ok(),
        environment: BTreeMap::from([("NO_DRY_RUN".to_owned(), no_dry_run.to_owned())]),
    }
}

async fn status(fixture: &Fixture, account: &Account, deployment: Deployment) -> AccountStatus {
    let now = fixture.rehearsal.world().now();
    AccountStatus::with(account, &config(""), now, deployment).await.unwrap()
}

/// The deployment in DR, with the stack of the fixture's source account and one that is left of another.
fn deployment(consumer: &str, no_dry_run: &str) -> Deployment {
    let sources = [SOURCE, "333333333333"].map(|source| (source.parse().unwrap(), stack("CREATE_COMPLETE")));
    Deployment {
        stack: Some(stack(consumer)),
        function: Some(function("")),
        keeper: Some(function(no_dry_run)),
        source_stacks: BTreeMap::from(sources),
        uploaded: Some(function("").sha256),
        built: Some("e3b0c44298fc1c14".to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn both_stacks_the_last_copy_and_the_quotas_are_shown() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let now = fixture.rehearsal.world().now();
    let producer =
        Deployment { stack: Some(stack("UPDATE_COMPLETE")), function: Some(function("")), ..Deployment::default() };
    let source = status(&fixture, &source, producer).await;
    let mut lines = source.lines(Role::Producer, now);
    let consumer = status(&fixture, &dr, deployment("UPDATE_ROLLBACK_FAILED", "false")).await;
    lines.extend(consumer.lines(Role::Consumer, now));
    insta::assert_snapshot!(plain(&lines));
    insta::assert_snapshot!(serde_json::to_string_pretty(&consumer)?);
    let deleting = status(&fixture, &dr, deployment("UPDATE_COMPLETE", "true")).await;
    let quotas = serde_json::to_value(&deleting)?;
    assert_eq!(quotas["quotas"][0]["days_left"], serde_json::Value::Null);
    assert_eq!(quotas["quotas"][0]["fits"], true);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn before_the_deployment_missing_resources_are_shown() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let empty = fixture.place("333333333333")?;
    let dr = Account::unchecked(Role::Consumer, empty, fixture.owner_config("333333333333"));
    let now = fixture.rehearsal.world().now();
    insta::assert_snapshot!(plain(&status(&fixture, &dr, Deployment::default()).await.lines(Role::Consumer, now)));
    Ok(())
}

/// `update consumer` would not create the stacks of the second region, and no update works before the first deployment.
#[tokio::test(start_paused = true)]
async fn a_missing_source_stack_is_created_with_the_stack_of_its_region_or_by_an_update_of_that() -> anyhow::Result<()>
{
    let fixture = Fixture::new().await?;
    let now = fixture.rehearsal.world().now();
    for role in [Role::Consumer, Role::Second] {
        for (command, stack) in [("create", None), ("update", Some(stack("CREATE_COMPLETE")))] {
            let deployment = Deployment { stack, ..Deployment::default() };
            let status = status(&fixture, &account(&fixture, role), deployment).await;
            let next = format!("{SOURCE}: its stack does not exist; run `cargo xtask {command} {role}`");
            assert!(plain(&status.lines(role, now)).contains(&next), "{role}");
        }
    }
    Ok(())
}

/// The quotas are one line of many.
#[tokio::test(start_paused = true)]
async fn quotas_that_cannot_be_read_hide_nothing_else() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    let refused = Fault {
        at: Point::Call("DescribeAccountAttributes".to_owned()),
        nth: EVERY,
        action: Action::Refuse("AccessDenied"),
    };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![refused]));
    let (dr, now) = (account(&fixture, Role::Consumer), fixture.rehearsal.world().now());
    let status = status(&fixture, &dr, deployment("UPDATE_COMPLETE", "false")).await;
    let lines = plain(&status.lines(Role::Consumer, now));
    assert!(lines.contains("  quota         unknown: reading the quotas of RDS: "), "{lines}");
    assert!(lines.contains("  last copy     rds:orders-2026-11-21-03-05 of orders"), "{lines}");
    let json = serde_json::to_value(&status)?;
    assert_eq!((json["quotas"].is_null(), json["quotas_error"]["message"].is_string()), (true, true));
    Ok(())
}

/// Neither its missing copies nor its age matter any more.
#[tokio::test(start_paused = true)]
async fn a_retired_database_counts_neither_for_the_rpo_nor_for_the_settings() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for name in ["orders", "ledger"] {
        fixture.create_database(&Database::instance(name).lifecycle("Standard")).await?;
    }
    fixture.pass_hours(30).await?;
    let (dr, snapshots) = (account(&fixture, Role::Consumer), fixture.snapshots(DR).await?);
    let settings = |snapshots: &[Snapshot], more: &str| deployed::specs(snapshots, &config(more)).map(|it| it.complete);
    let counted = |snapshots: &[Snapshot], more: &str| deployed::rpo(snapshots, &config(more)).map(|rpo| rpo.databases);
    assert_eq!(counted(&snapshots, ""), Some(2));
    assert_eq!(counted(&snapshots, &format!("RETIRED: {SOURCE}/ledger\n")), Some(1));
    assert_eq!(settings(&snapshots, &format!("RETIRED: {SOURCE}/ledger\n")), Some(1));
    // As for the keeper, the copy that arrived last has the mark. Here it is of the older snapshot.
    let mut of_orders: Vec<_> = snapshots.iter().filter(|copy| &*copy.database == "orders").cloned().collect();
    of_orders.sort_by_key(|copy| copy.tags.get(tags::TAKEN).map(str::to_owned));
    let [older, newer] = &mut of_orders[..] else { panic!("{of_orders:#?}") };
    let reported = newer.tags.get(tags::REPORTED).unwrap().to_owned();
    newer.tags.set(tags::REPORTED, older.tags.get(tags::REPORTED).unwrap());
    older.tags.set(tags::REPORTED, &reported);
    older.tags.set(tags::RETIRED, "2026-11-22T12:00:00Z");
    assert_eq!((counted(&of_orders, ""), settings(&of_orders, "")), (None, None));
    // A copy that was not reported is not complete.
    let taken = of_orders[0].tags.get(tags::TAKEN).map(str::to_owned);
    for (nth, key) in [(0, tags::RETIRED), (1, tags::REPORTED)] {
        let tags = &mut of_orders[nth].tags;
        *tags = tags.iter().filter(|(other, _)| *other != key).collect();
    }
    let rpo = deployed::rpo(&of_orders, &config("")).unwrap();
    assert_eq!(Some(rpo.taken), taken.and_then(|taken| taken.parse().ok()));
    let output = crate::Output::default();
    for name in ["orders", "ledger"] {
        owner::retire(&dr, &format!("{SOURCE}/{name}").parse().unwrap(), &mut output.agreeing()).await?;
    }
    assert_eq!(counted(&fixture.snapshots(DR).await?, ""), None);
    let now = fixture.rehearsal.world().now();
    let lines = plain(&status(&fixture, &dr, deployment("UPDATE_COMPLETE", "false")).await.lines(Role::Consumer, now));
    assert!(lines.contains("  RPO           all databases are retired\n") && !lines.contains("settings"), "{lines}");
    Ok(())
}

/// A restore of a copy without them uses AWS's defaults.
#[tokio::test(start_paused = true)]
async fn the_newest_copies_without_recorded_settings_are_named() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let group = Database::instance("grouped").parameter("timezone", "Europe/Zurich");
    for database in [Database::instance("orders"), group] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    let at = Point::Call("DescribeDBParameters".to_owned());
    let refused = Fault { at, nth: EVERY, action: Action::Refuse("AccessDenied") };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![refused]));
    fixture.pass_hours(6).await?;
    let mut snapshots = fixture.snapshots(DR).await?;
    let specs = |snapshots: &[Snapshot]| {
        let specs = deployed::specs(snapshots, &config("")).unwrap();
        let ids = |databases: &[DatabaseArn]| databases.iter().map(|it| it.id().to_owned()).collect::<Vec<_>>();
        (specs.complete, ids(&specs.incomplete), ids(&specs.missing))
    };
    assert_eq!(specs(&snapshots), (1, vec!["grouped".to_owned()], vec![]));
    let (dr, now) = (account(&fixture, Role::Consumer), fixture.rehearsal.world().now());
    let lines = plain(&status(&fixture, &dr, deployment("UPDATE_COMPLETE", "false")).await.lines(Role::Consumer, now));
    let line = "  settings      recorded with the newest copies of 1 of 2 databases; a part of grouped\n";
    assert!(lines.contains(line), "{lines}");
    // As copies from before there were specs.
    for snapshot in &mut snapshots {
        snapshot.tags = snapshot.tags.iter().filter(|(key, _)| !tags::SPEC.contains(key)).collect();
    }
    assert_eq!(specs(&snapshots), (0, vec![], vec!["grouped".to_owned(), "orders".to_owned()]));
    assert_eq!(deployed::specs(&[], &config("")), None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn failed_events_are_shown() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    for _ in 0..2 {
        // The function cannot parse this payload.
        fixture
            .rehearsal
            .world()
            .invoke_function(&fixture.function_arn(SOURCE, "draco-producer"), serde_json::json!({}));
    }
    fixture.rehearsal.world().sleep(tests::HOUR).await;
    let source = account(&fixture, Role::Producer);
    let source =
        status(&fixture, &source, Deployment { stack: Some(stack("CREATE_COMPLETE")), ..Deployment::default() }).await;
    let lines = source.lines(Role::Producer, fixture.rehearsal.world().now());
    assert_eq!(plain(&lines[2..]), "  dead letters  2 in draco-producer-dead-letters; see doc/operations.md");
    Ok(())
}

#[test]
fn account_that_cannot_be_read_has_an_error() {
    let region = "eu-west-1".parse().unwrap();
    let failed = AccountStatus::failed(Some(&region), &anyhow::anyhow!("no AWS credentials for the DR account"));
    let lines = failed.lines(Role::Consumer, Default::default());
    assert_eq!(
        plain(&lines),
        "consumer, the DR account in eu-west-1\n  unknown       no AWS credentials for the DR account"
    );
    let json = serde_json::to_value(&failed).unwrap();
    assert_eq!(json["error"]["message"], "no AWS credentials for the DR account");
    assert_eq!(json["stack"], serde_json::Value::Null);
}
