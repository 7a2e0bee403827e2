//! Snapshots that AWS refuses to copy or to share for good. AWS's documentation names them (option groups with permanent or
//! persistent options such as TDE, Multi-AZ DB clusters, RDS Custom), but not the error codes. So Draco is tested with several.

use protocol::{Kind, RefusalReason, tags};
use rehearsal::{Database, Setup};
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use sim::questions::DocumentDbCrossRegion;
use tests::{DR, Fixture, MINUTE, REGION, SOURCE, settings, settings_where};

/// Codes with which AWS might refuse it. The second is that of a snapshot in another state.
const CODES: [&str; 4] =
    ["InvalidParameterCombination", "InvalidDBSnapshotState", "OperationNotSupported", "SomeCodeThatIsNotKnown"];

/// A manual snapshot, while AWS answers calls of this operation in an account with this error.
async fn take(kind: Kind, operation: &str, code: &'static str, plan: Plan) -> anyhow::Result<Fixture> {
    let fixture = Fixture::new().await?;
    let database = Database { kind, retention_days: 1, ..Database::instance("orders") };
    let database = fixture.create_database(&database.lifecycle("Ignore")).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    let refused = Fault { at: Point::Call(operation.to_owned()), nth: EVERY, action: Action::Refuse(code) };
    let faults = match plan {
        Plan::List(faults) => faults.into_iter().chain([refused]).collect(),
        _ => vec![refused],
    };
    fixture.rehearsal.world().plan_faults(Plan::List(faults));
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    tag(&fixture, kind).await?;
    Ok(fixture)
}

/// Gives the snapshot a lifecycle. That of the database is `Ignore`, so that no other snapshot is copied.
async fn tag(fixture: &Fixture, kind: Kind) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let tag = aws_sdk_rds::types::Tag::builder().key(tags::LIFECYCLE).value("Standard").build();
    let arn = format!("arn:aws:rds:eu-west-1:{SOURCE}:{}:mine", kind.snapshot_type());
    rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await?;
    Ok(())
}

/// The snapshots of the source account that are not automated, each with the reason for which it was not copied.
async fn sources(fixture: &Fixture) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let reason = |it: &protocol::Snapshot| it.tags.get(tags::NOT_COPIED).map(|refusal| refusal[21..].to_owned());
    let all = fixture.snapshots(SOURCE).await?;
    let manual = all.into_iter().filter(|it| !it.arn.id().starts_with("rds:"));
    Ok(manual.map(|it| (it.arn.id().to_owned(), reason(&it))).collect())
}

/// The lines that raise an alarm about the snapshot, by step and reason.
fn alarms(fixture: &Fixture) -> Vec<(String, String)> {
    let lines = fixture.rehearsal.logs().lines();
    let failed = lines.iter().filter(|line| line.json["failed"] == 1 && line.text("snapshot").ends_with(":mine"));
    failed.map(|line| (line.text("step").to_owned(), line.text("reason").to_owned())).collect()
}

/// The source is tagged with the reason, no transit copy is left, and there is one alarm, also after a week.
async fn check(mut fixture: Fixture, reason: RefusalReason, hint: &str) -> anyhow::Result<Fixture> {
    fixture.pass_hours(7 * 24).await?;
    assert_eq!(sources(&fixture).await?, [("mine".to_owned(), Some(reason.to_string()))], "{hint}");
    let alarms: Vec<_> = alarms(&fixture).into_iter().filter(|(step, _)| step == "not_copied").collect();
    assert_eq!(alarms, [("not_copied".to_owned(), reason.to_string())], "{hint}");
    assert_eq!(fixture.violations(), [], "{hint}");
    Ok(fixture)
}

// Invariants 1 and 4.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_aws_does_not_share_leaves_no_transit_copy_and_one_alarm() -> anyhow::Result<()> {
    for (kind, operation) in
        [(Kind::Instance, "ModifyDBSnapshotAttribute"), (Kind::Cluster, "ModifyDBClusterSnapshotAttribute")]
    {
        for code in CODES {
            let fixture = take(kind, operation, code, Plan::NoFaults).await?;
            check(fixture, RefusalReason::CannotBeShared, code).await?;
        }
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_aws_does_not_copy_raises_one_alarm() -> anyhow::Result<()> {
    for (kind, operation) in [(Kind::Instance, "CopyDBSnapshot"), (Kind::Cluster, "CopyDBClusterSnapshot")] {
        for code in CODES {
            let fixture = take(kind, operation, code, Plan::NoFaults).await?;
            check(fixture, RefusalReason::CannotBeCopied, code).await?;
        }
    }
    Ok(())
}

// Invariants 1 and 4.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_aws_does_not_copy_to_another_account_leaves_no_transit_copy_and_one_alarm()
-> anyhow::Result<()> {
    // The first copy is the transit copy.
    let first = Fault { at: Point::Call("CopyDBSnapshot".to_owned()), nth: 1, action: Action::Pass };
    let fixture =
        take(Kind::Instance, "CopyDBSnapshot", "InvalidParameterCombination", Plan::List(vec![first])).await?;
    let fixture = check(fixture, RefusalReason::CannotBeCopied, "in DR").await?;
    assert_eq!(fixture.snapshots(DR).await?, []);
    Ok(())
}

// Invariant 1: AWS's limitations change.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_aws_refused_is_tried_again_after_thirty_days() -> anyhow::Result<()> {
    let fixture = take(Kind::Instance, "ModifyDBSnapshotAttribute", "InvalidParameterValue", Plan::NoFaults).await?;
    let mut fixture = check(fixture, RefusalReason::CannotBeShared, "refused").await?;
    fixture.rehearsal.world().plan_faults(Plan::NoFaults);
    fixture.pass_hours(22 * 24).await?;
    assert_eq!(fixture.snapshots(DR).await?, []);
    fixture.pass_hours(2 * 24).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 1);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_failure_of_aws_with_an_unknown_code_is_not_a_refusal() -> anyhow::Result<()> {
    let operation = "ModifyDBSnapshotAttribute";
    let mut fixture = take(Kind::Instance, operation, "", Plan::NoFaults).await?;
    let broken = Action::Break("SomeCodeThatIsNotKnown");
    let at = Point::Call(operation.to_owned());
    fixture.rehearsal.world().plan_faults(Plan::List(vec![Fault { at, nth: EVERY, action: broken }]));
    fixture.pass_hours(2).await?;
    assert_eq!(sources(&fixture).await?.iter().filter(|(_, reason)| reason.is_some()).count(), 0);
    fixture.rehearsal.world().plan_faults(Plan::NoFaults);
    fixture.pass_hours(2).await?;
    assert_eq!(fixture.snapshots(DR).await?.len(), 1);
    Ok(())
}

/// A snapshot of an Oracle instance whose option group has this option.
async fn with_option(option: &str, setup: Setup) -> anyhow::Result<Fixture> {
    let fixture = Fixture::with(settings(), setup).await?;
    let world = fixture.rehearsal.world();
    world.add_option_group(SOURCE, REGION, "own", "oracle-ee", &[option]);
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let call = rds.create_db_instance().db_instance_identifier("orders").db_instance_class("db.m5.large");
    let call = call.engine("oracle-ee").license_model("bring-your-own-license").option_group_name("own");
    let call = call.allocated_storage(100).master_username("owner").master_user_password("correct-horse");
    call.preferred_backup_window("23:00-23:30").send().await?;
    world.sleep(10 * MINUTE).await;
    rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("mine").send().await?;
    tag(&fixture, Kind::Instance).await?;
    Ok(fixture)
}

// Invariants 1 and 4: as AWS's guides describe option groups with persistent options.
#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_bound_by_its_option_group_raises_one_alarm() -> anyhow::Result<()> {
    for elsewhere in [false, true] {
        for (option, reason) in [("TDE", RefusalReason::CannotBeShared), ("Timezone", RefusalReason::CannotBeCopied)] {
            let setup = Setup::new(SOURCE, DR, REGION)?;
            let setup = if elsewhere { setup.dr_region("us-east-1")? } else { setup };
            check(with_option(option, setup).await?, reason, option).await?;
        }
    }
    Ok(())
}

// Invariants 1 and 4: AWS's API reference refuses it, its developer guide does not.
#[tokio::test(start_paused = true)]
async fn a_snapshot_of_documentdb_that_cannot_cross_raises_one_alarm() -> anyhow::Result<()> {
    let settings = settings_where(|answers| answers.documentdb_cross_region = DocumentDbCrossRegion::Refused);
    let fixture = Fixture::with(settings, Setup::new(SOURCE, DR, REGION)?.dr_region("us-east-1")?).await?;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let call = rds.create_db_cluster().db_cluster_identifier("papers").engine("docdb");
    let call = call.master_username("owner").master_user_password("correct-horse");
    // Encrypted, as AWS does not encrypt copies of clusters.
    call.storage_encrypted(true).preferred_backup_window("23:00-23:30").send().await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    rds.create_db_cluster_snapshot()
        .db_cluster_identifier("papers")
        .db_cluster_snapshot_identifier("mine")
        .send()
        .await?;
    tag(&fixture, Kind::Cluster).await?;
    check(fixture, RefusalReason::CannotBeCopied, "DocumentDB").await?;
    Ok(())
}
