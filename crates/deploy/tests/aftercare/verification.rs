//! The verifier's stack: what it reads, and what `status` and `doctor` tell of it.

use std::path::PathBuf;

use deploy::doctor::finding::{self, Area, Section};
use deploy::doctor::verification::resources;
use deploy::stack::Stack;
use deploy::status::AccountStatus;
use deploy::terminal::Answers;
use deploy::{Role, Terminal, deployed, verification};
use protocol::{DatabaseArn, Origin, Snapshot, SnapshotRole, tags};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{account, config, plain};

const CHECKS: &str = "checks: { orders: [{ sql: select count(*) from orders, at_least: 1000 }] }\n";

async fn fixture() -> anyhow::Result<Fixture> {
    Fixture::with(settings(), Setup::new(SOURCE, DR, REGION)?.verified(&[])).await
}

async fn findings(fixture: &Fixture, more: &str) -> String {
    let account = account(fixture, Role::Verifier);
    let findings = resources(&account, &config(more), fixture.rehearsal.world().now()).await;
    let place = Some(account.place.clone());
    plain(&finding::lines(&[Section { area: Area::Verification, place, title: "verification".to_owned(), findings }]))
}

/// Puts the objects of the configuration into the bucket.
async fn put(fixture: &Fixture, more: &str) -> anyhow::Result<()> {
    let verifier = account(fixture, Role::Verifier);
    let differing = verification::differing(&verifier, verification::wanted(&config(more))?).await?;
    let mut terminal = Terminal::with_output(Box::new(std::io::sink()), Answers::default());
    verification::put(&verifier, &differing, &mut terminal).await
}

/// Writes a verdict on the newest copy of a database, as the verifier does.
async fn verdict(fixture: &Fixture, database: &DatabaseArn, words: &str) -> anyhow::Result<()> {
    let copies = fixture.snapshots(DR).await?;
    let of = |copy: &&Snapshot| matches!(SnapshotRole::of(copy), SnapshotRole::Copy(Origin { database: of, .. }) if of == *database);
    let copy = copies.iter().filter(of).max_by_key(|copy| copy.created).expect("a copy");
    let at = fixture.rehearsal.world().now().format("%Y-%m-%dT%H:%M:%SZ");
    account(fixture, Role::Verifier).cloud().tag(&copy.arn, tags::VERIFIED, &format!("{at} {words}")).await?;
    Ok(())
}

/// The root certificates of a simulated RDS, as a file.
fn roots() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("draco-roots-of-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("roots.pem");
    std::fs::write(&path, include_str!("roots.pem"))?;
    Ok(path)
}

#[tokio::test(start_paused = true)]
async fn without_root_certificates_no_copy_can_be_verified() -> anyhow::Result<()> {
    let fixture = fixture().await?;
    let before = findings(&fixture, CHECKS).await;
    assert!(before.contains("roots.pem is missing or has no certificates, so no copy can be verified"), "{before}");
    assert!(before.contains("https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"), "{before}");
    assert!(before.contains("checks.json differs from the configuration"), "{before}");
    let more = format!("{CHECKS}RDS_ROOTS: {}\n", roots()?.display());
    put(&fixture, &more).await?;
    let after = findings(&fixture, &more).await;
    assert!(after.contains("✓ draco-verify-222222222222-eu-west-1: roots.pem has root certificates"), "{after}");
    assert!(!after.contains("differs"), "{after}");
    let changed = findings(&fixture, &more.replace("1000", "2000")).await;
    assert!(changed.contains("checks.json differs from the configuration"), "{changed}");
    // Checks that are removed from the configuration no longer decide a verdict.
    let removed = more.replace(CHECKS, "");
    assert!(findings(&fixture, &removed).await.contains("checks.json differs from the configuration"));
    put(&fixture, &removed).await?;
    assert!(!findings(&fixture, &removed).await.contains("differs"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn bad_and_unverified_databases_are_named() -> anyhow::Result<()> {
    let mut fixture = fixture().await?;
    let mut databases = Vec::new();
    for name in ["orders", "ledger", "mail"] {
        databases.push(fixture.create_database(&Database::instance(name).lifecycle("Standard")).await?);
    }
    // It has copies, and they are never verified.
    fixture.create_database(&Database::cluster("documents").engine("docdb").lifecycle("Standard")).await?;
    fixture.pass_hours(30).await?;
    verdict(&fixture, &databases[0], "verified available read restored:1830s").await?;
    verdict(&fixture, &databases[1], "failed available").await?;
    let verifier = account(&fixture, Role::Verifier);
    let stack = Stack { status: "CREATE_COMPLETE".to_owned(), ..Stack::default() };
    let deployment = deployed::Deployment { stack: Some(stack), ..deployed::Deployment::default() };
    let now = fixture.rehearsal.world().now();
    let status = AccountStatus::with(&verifier, &config(""), now, deployment).await?;
    let shown = plain(&status.lines(Role::Verifier, now));
    let line = shown.lines().find(|line| line.contains("verified")).unwrap_or_default();
    assert!(line.contains("1 of 3 databases, "), "{shown}");
    let rest = "; a copy is not good: ledger; not verified: mail; the longest restore took 30 minutes";
    assert!(line.ends_with(rest), "{shown}");
    let shown = findings(&fixture, "").await;
    assert!(shown.contains("db:ledger: a copy of it was restored, and is not good"), "{shown}");
    assert!(shown.contains("no copy was verified within 14 days of: mail"), "{shown}");
    Ok(())
}
