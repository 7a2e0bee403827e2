//! What `status` shows.

use std::collections::BTreeMap;

use deploy::deployed::Function;
use deploy::stack::Stack;
use deploy::status::{Seen, There};
use deploy::{Account, Role};
use rehearsal::Database;
use tests::{Fixture, SOURCE};

use crate::{account, plain};

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

async fn seen(account: &Account, stack: Option<Stack>, function: Option<Function>) -> Seen {
    Seen::There(There::beside(account, stack, function).await.unwrap().into())
}

#[tokio::test(start_paused = true)]
async fn a_person_sees_both_stacks_and_the_last_copy() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(6).await?;
    let (source, dr) = (account(&fixture, Role::Producer), account(&fixture, Role::Consumer));
    let now = fixture.rehearsal.world().now();
    let mut lines = seen(&source, Some(stack("UPDATE_COMPLETE")), Some(function(""))).await.told(Role::Producer, now);
    let dr = seen(&dr, Some(stack("UPDATE_ROLLBACK_FAILED")), Some(function("false"))).await;
    lines.extend(dr.told(Role::Consumer, now));
    insta::assert_snapshot!(plain(&lines));
    insta::assert_snapshot!(serde_json::to_string_pretty(&dr)?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn before_the_deployment_it_says_what_is_not_there() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let nowhere = fixture.place("333333333333")?;
    let dr = Account::unchecked(Role::Consumer, nowhere, fixture.owner_config("333333333333"));
    let now = fixture.rehearsal.world().now();
    insta::assert_snapshot!(plain(&seen(&dr, None, None).await.told(Role::Consumer, now)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_person_is_told() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    for _ in 0..2 {
        // Nobody understands this.
        fixture
            .rehearsal
            .world()
            .invoke_function(&fixture.function_arn(SOURCE, "draco-producer"), serde_json::json!({}));
    }
    fixture.rehearsal.world().sleep(tests::HOUR).await;
    let source = account(&fixture, Role::Producer);
    let lines =
        seen(&source, Some(stack("CREATE_COMPLETE")), None).await.told(Role::Producer, fixture.rehearsal.world().now());
    assert_eq!(
        plain(&lines[2..]),
        "  dead letters  2 in draco-producer-dead-letters: doc/operations.md says what to do"
    );
    Ok(())
}

#[test]
fn an_account_that_cannot_be_looked_at_does_not_hide_the_other() {
    let unseen = Seen::Unseen { error: "no credentials for the DR account".to_owned() };
    let lines = unseen.told(Role::Consumer, Default::default());
    assert_eq!(plain(&lines), "consumer the DR account\n  unknown       no credentials for the DR account");
    assert_eq!(serde_json::to_string(&unseen).unwrap(), r#"{"error":"no credentials for the DR account"}"#);
}
