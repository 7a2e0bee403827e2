//! Every kind of bad copy is found by the deployed functions. Servers that hang are with the tests of the checker: here the clock stands still
//! while a server is waited for.

use super::*;

/// A bad copy, and how it is found.
struct Bad {
    what: &'static str,
    harm: Option<Harm>,
    /// What happens in production before the snapshot: in PostgreSQL, and in MariaDB.
    statements: Option<[&'static str; 2]>,
    checks: Value,
    verdict: &'static str,
    /// What the report contains.
    found: &'static str,
}

fn harmed(what: &'static str, harm: Harm, verdict: &'static str, found: &'static str) -> Bad {
    Bad { what, harm: Some(harm), statements: None, checks: json!({}), verdict, found }
}

fn written(
    what: &'static str,
    statements: [&'static str; 2],
    check: Value,
    verdict: &'static str,
    found: &'static str,
) -> Bad {
    Bad { what, harm: None, statements: Some(statements), checks: json!({ "orders": [check] }), verdict, found }
}

fn all() -> Vec<Bad> {
    vec![
        harmed("a wrong password", Harm::WrongPassword, "not-verified", r#""fault":"credentials""#),
        harmed("a server that does not start", Harm::NoStart, "not-verified", "AWS reports"),
        written(
            "a missing table",
            ["drop table orders", "drop table shop.orders"],
            json!({ "sql": "select count(*) from orders", "at_least": 1 }),
            "not-verified available read",
            "broken",
        ),
        written(
            "rows that end a week ago",
            [
                "update orders set placed_at = placed_at - interval '7 days'",
                "update shop.orders set placed_at = placed_at - interval 7 day",
            ],
            json!({ "sql": "select max(placed_at) from orders", "within": "26h" }),
            "failed available read",
            "26h",
        ),
        written(
            "half of the rows missing",
            ["delete from orders where id > 2500", "delete from shop.orders where id > 2500"],
            json!({ "sql": "select count(*) from orders", "at_least": 5000 }),
            "failed available read",
            "2500",
        ),
        written(
            "a query that never ends",
            ["select 1", "select 1"],
            json!({ "sql": "SLEEP", "equals": 1, "time": "2s" }),
            "not-verified available read",
            "broken",
        ),
    ]
}

async fn is_found(product: Product, bad: Bad) -> anyhow::Result<()> {
    println!("{product:?}: {}", bad.what);
    let deployed = Deployed::with_engines(product, bad.harm).await?;
    deployed.write_orders().await?;
    if let Some([postgres, mysql]) = bad.statements {
        deployed.sql(deployed.either(postgres, mysql)).await?;
    }
    let checks = bad.checks.to_string();
    let checks = checks.replace("SLEEP", deployed.either("select pg_sleep(100000)", "select sleep(100000)"));
    deployed.put("checks.json", checks.into_bytes()).await?;
    let (copy, report) = deployed.verified("bad").await?;
    assert!(verdict(&copy).starts_with(bad.verdict), "{}: {}: {report:#}", bad.what, verdict(&copy));
    assert!(report.to_string().contains(bad.found), "{}: {report:#}", bad.what);
    deployed.assert_calm().await
}

// Invariant 27.
#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL"]
async fn every_bad_copy_of_postgresql_is_found() -> anyhow::Result<()> {
    let index = harmed("damage in an index", Harm::Index, "failed available", r#""fault":"damaged_index""#);
    let table = harmed("a flipped byte in a table", Harm::Table, "failed available", r#""fault":"damaged_table""#);
    let gone = harmed("a table whose file is gone", Harm::Removed, "failed available", r#""name":"orders""#);
    for bad in all().into_iter().chain([index, table, gone]) {
        is_found(Product::Postgres, bad).await?;
    }
    Ok(())
}

// Invariant 27.
#[tokio::test(start_paused = true)]
#[ignore = "it needs MariaDB"]
async fn every_bad_copy_of_mariadb_is_found() -> anyhow::Result<()> {
    // Its log has changes of the table, so the server does not start without the file.
    let gone = harmed("a table whose file is gone", Harm::Removed, "not-verified", "AWS reports");
    for bad in all().into_iter().chain([gone]) {
        is_found(Product::Mysql, bad).await?;
    }
    Ok(())
}

// The copy cannot be restored, so nothing is known about its data, and the alarm says why.
#[tokio::test(start_paused = true)]
async fn a_copy_whose_key_is_disabled_is_reported() -> anyhow::Result<()> {
    let deployed = Deployed::new(settings(), Kind::Instance, None).await?;
    deployed.put("roots.pem", b"-----BEGIN CERTIFICATE-----".to_vec()).await?;
    deployed.fixture.rehearsal.take_snapshot(&deployed.orders, "locked").await?;
    let kms = aws_sdk_kms::Client::new(&deployed.fixture.owner_config(DR));
    let key = loop {
        deployed.fixture.rehearsal.world().sleep(MINUTE).await;
        let copies = deployed.fixture.snapshots(DR).await?;
        let copy = copies.into_iter().find(|copy| copy.arn.id().contains("locked"));
        if let Some(copy) = copy.filter(|copy| copy.status == protocol::Status::Available) {
            break copy.key.map(|key| key.to_string());
        }
    };
    kms.disable_key().set_key_id(key).send().await?;
    let (copy, report) = deployed.verdict_on("locked").await?;
    assert_eq!(verdict(&copy).split(' ').next(), Some("not-verified"), "{report:#}");
    assert!(report.to_string().to_lowercase().contains("key"), "{report:#}");
    deployed.assert_calm().await
}
