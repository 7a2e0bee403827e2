//! The output of `status`.

use std::collections::BTreeMap;

use deploy::deployed::{Deployment, Function};
use deploy::stack::Stack;
use deploy::status::AccountStatus;
use deploy::{Account, Role};
use rehearsal::Database;
use tests::{Fixture, SOURCE};

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

/// `update consumer` would not create the stacks of the second region.
#[tokio::test(start_paused = true)]
async fn a_missing_source_stack_is_created_by_an_update_of_its_region() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let now = fixture.rehearsal.world().now();
    for role in [Role::Consumer, Role::Second] {
        let status = status(&fixture, &account(&fixture, role), Deployment::default()).await;
        let next = format!("{SOURCE}: its stack does not exist; run `cargo xtask update {role}`");
        assert!(plain(&status.lines(role, now)).contains(&next), "{role}");
    }
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
