//! Invariants 1, 2 and 4 under temporary obstacles: each raises an alarm, and once it is gone the snapshot is copied.

use protocol::{Kind, Status, tags};
use rehearsal::{Database, Encryption, Setup};
use sim::fault::{Action, Fault, Plan, Point};
use sim::questions::{ClusterCopies, SourceDeleted};
use tests::{DR, Fixture, MINUTE, REGION, SOURCE, copy_status, settings, settings_where};

// Invariants 1, 2, 3 and 4: after each obstacle, all checks of `rehearsal::invariants` hold.

fn setup() -> anyhow::Result<Setup> {
    Setup::new(SOURCE, DR, REGION)
}

/// A database whose next automated snapshot is 21 hours away.
fn database(kind: Kind) -> Database {
    Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") }.lifecycle("Standard")
}

/// The identifiers of the snapshots in an account, with their status.
async fn names(fixture: &Fixture, account: &str) -> anyhow::Result<Vec<(String, Status)>> {
    Ok(fixture
        .snapshots(account)
        .await?
        .into_iter()
        .map(|it| (it.arn.id().to_owned(), copy_status(it.status)))
        .collect())
}

/// The number of alarms about a snapshot with this step.
fn alarms(fixture: &Fixture, snapshot: &str, step: &str) -> usize {
    let lines = fixture.rehearsal.logs().lines();
    lines.iter().filter(|line| line.is_alarm_about(snapshot) && line.text("step") == step).count()
}

async fn start(kind: Kind, setup: Setup) -> anyhow::Result<Fixture> {
    start_where(SourceDeleted::CopyFails, kind, setup).await
}

async fn start_where(source_deleted: SourceDeleted, kind: Kind, setup: Setup) -> anyhow::Result<Fixture> {
    let settings = settings_where(|answers| {
        answers.cluster_copies = ClusterCopies::TakeTime;
        answers.source_deleted = source_deleted;
    });
    let fixture = Fixture::with(settings, setup).await?;
    fixture.create_database(&database(kind)).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    Ok(fixture)
}

// Invariant 2.
#[tokio::test(start_paused = true)]
async fn an_unencrypted_cluster_is_refused_with_an_alarm_each_day() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&database(Kind::Cluster).encryption(Encryption::None)).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&fixture.database(Kind::Cluster, "orders")?, "mine").await?;
    fixture.pass_hours(5).await?;
    let source = fixture.snapshots(SOURCE).await?;
    let [source] = &source[..] else { panic!("one source, no transit copy: {source:#?}") };
    assert_eq!(source.tags.get(tags::NOT_COPIED).map(|it| &it[20..]), Some(" plaintext-cluster"));
    assert_eq!((alarms(&fixture, "mine", "refused"), alarms(&fixture, "mine", "not_copied")), (1, 1));
    fixture.pass_hours(22).await?;
    assert_eq!((alarms(&fixture, "mine", "refused"), alarms(&fixture, "mine", "not_copied")), (2, 2));
    assert_eq!(names(&fixture, DR).await?, []);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 2.
#[tokio::test(start_paused = true)]
async fn an_unencrypted_cluster_is_copied_with_a_warning_if_allowed() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(settings(), setup()?.consumer_parameter("AllowPlaintextClusters", "true")).await?;
    fixture.create_database(&database(Kind::Cluster).encryption(Encryption::None)).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(&fixture.database(Kind::Cluster, "orders")?, "mine").await?;
    fixture.pass_hours(4).await?;
    assert_eq!(names(&fixture, DR).await?.len(), 1);
    let lines = fixture.rehearsal.logs().lines();
    let warnings =
        lines.iter().filter(|line| line.text("level") == "WARN" && line.text("message").contains("without encryption"));
    assert_eq!((warnings.count(), fixture.violations()), (1, vec![]));
    Ok(())
}

/// Enables or disables DR's key.
pub(crate) async fn set_dr_key(fixture: &Fixture, enabled: bool) -> anyhow::Result<()> {
    let kms = aws_sdk_kms::Client::new(&fixture.owner_config(DR));
    let key = kms.describe_key().key_id("alias/draco").send().await?.key_metadata.map(|key| key.key_id);
    let key = key.unwrap_or_default();
    if enabled {
        kms.enable_key().key_id(key).send().await?;
    } else {
        kms.disable_key().key_id(key).send().await?;
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn after_a_day_with_a_disabled_key_all_snapshots_are_copied() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = start(kind, setup()?).await?;
        set_dr_key(&fixture, false).await?;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.pass_hours(24).await?;
        assert_eq!(names(&fixture, DR).await?, []);
        let code = "KMSKeyNotAccessibleFault";
        let lines = fixture.rehearsal.logs().lines();
        assert!(lines.iter().any(|line| line.text("reason") == "key-refused" && line.text("message").contains(code)));
        assert_eq!(fixture.violations(), []);
        set_dr_key(&fixture, true).await?;
        fixture.pass_hours(4).await?;
        assert_eq!(names(&fixture, DR).await?.len(), 2, "the manual and the automated snapshot");
        assert!(names(&fixture, SOURCE).await?.iter().all(|(name, _)| !name.starts_with("draco-")));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_in_dr_raises_an_alarm_and_is_retried() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = start(kind, setup()?).await?;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        // The snapshot takes ten minutes, the transit copy another ten. Then the copy starts.
        fixture.rehearsal.world().sleep(25 * MINUTE).await;
        assert_eq!(
            names(&fixture, DR).await?,
            [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Copying)]
        );
        set_dr_key(&fixture, false).await?;
        fixture.pass_hours(1).await?;
        set_dr_key(&fixture, true).await?;
        assert_eq!(alarms(&fixture, "mine", "copy_failed"), 1);
        fixture.pass_hours(4).await?;
        // The name of the failed copy is not used again.
        let copies = names(&fixture, DR).await?;
        assert_eq!(copies.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [Status::Failed, Status::Available]);
        assert_eq!(copies[0].0, "draco-111111111111-mine-20261121t021000");
        assert_eq!(names(&fixture, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

async fn delete(fixture: &Fixture, kind: Kind, account: &str, id: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(account));
    match kind {
        Kind::Instance => drop(rds.delete_db_snapshot().db_snapshot_identifier(id).send().await?),
        Kind::Cluster => drop(rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id).send().await?),
    }
    Ok(())
}

// Invariant 1.
// Invariant 4.
#[tokio::test(start_paused = true)]
async fn a_source_deleted_during_its_transit_copy_raises_an_alarm_and_leaves_no_snapshot() -> anyhow::Result<()> {
    let answers = [(SourceDeleted::CopyFails, "transit_failed"), (SourceDeleted::CopyDisappears, "copy_lost")];
    for (kind, (answer, step)) in Kind::ALL.into_iter().flat_map(|kind| answers.map(|answer| (kind, answer))) {
        let mut fixture = start_where(answer, kind, setup()?).await?;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.rehearsal.world().sleep(15 * MINUTE).await;
        delete(&fixture, kind, SOURCE, "mine").await?;
        fixture.pass_hours(4).await?;
        assert_eq!((names(&fixture, SOURCE).await?, names(&fixture, DR).await?), (vec![], vec![]));
        assert_eq!(alarms(&fixture, "mine", step), 1, "{kind:?}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_source_deleted_between_look_and_act_raises_one_alarm() -> anyhow::Result<()> {
    for (kind, operation) in [(Kind::Instance, "CopyDBSnapshot"), (Kind::Cluster, "CopyDBClusterSnapshot")] {
        let mut fixture = start(kind, setup()?).await?;
        let late = Fault { at: Point::Call(operation.to_owned()), nth: 1, action: Action::Delay(MINUTE / 2) };
        fixture.rehearsal.world().plan_faults(Plan::List(vec![late]));
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.rehearsal.world().sleep(10 * MINUTE + MINUTE / 6).await;
        delete(&fixture, kind, SOURCE, "mine").await?;
        fixture.pass_hours(4).await?;
        assert_eq!((names(&fixture, SOURCE).await?, names(&fixture, DR).await?), (vec![], vec![]));
        let lines = fixture.rehearsal.logs().lines();
        let alarms = lines.iter().filter(|line| line.text("level") == "ERROR").map(|line| line.text("reason"));
        let alarms: Vec<_> = alarms.collect();
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        assert!(alarms[0].contains(":mine: copying mine to draco-mine-20261121t021000: DB"), "{alarms:?}");
        assert!(alarms[0].ends_with("; it was deleted in the meantime"), "{alarms:?}");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_source_deleted_after_its_transit_copy_is_copied() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = start(kind, setup()?).await?;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&fixture, kind, SOURCE, "mine").await?;
        fixture.pass_hours(4).await?;
        assert_eq!(names(&fixture, SOURCE).await?, []);
        assert_eq!(
            names(&fixture, DR).await?,
            [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Available)]
        );
        assert_eq!(fixture.violations(), []);
        // The timer finds neither the source nor the transit copy. DR has the copy.
        assert_eq!(alarms(&fixture, "mine", "copy_lost"), 0);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_transit_copy_deleted_by_a_person_is_created_again() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = start(kind, setup()?).await?;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&fixture, kind, SOURCE, "draco-mine-20261121t021000").await?;
        fixture.pass_hours(6).await?;
        assert_eq!(names(&fixture, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        let statuses: Vec<_> = names(&fixture, DR).await?.into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, [Status::Failed, Status::Available]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_full_quota_raises_an_alarm_and_later_the_snapshot_is_copied() -> anyhow::Result<()> {
    let mut fixture = Fixture::with(sim::Settings { snapshot_quota: 2, ..settings() }, setup()?).await?;
    fixture.create_database(&database(Kind::Instance)).await?;
    let database = fixture.database(Kind::Instance, "orders")?;
    // The quota also counts the transit copy, so each manual source is deleted before the next.
    for id in ["one", "two"] {
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&database, id).await?;
        fixture.pass_hours(2).await?;
        delete(&fixture, Kind::Instance, SOURCE, id).await?;
    }
    fixture.rehearsal.take_snapshot(&database, "three").await?;
    fixture.pass_hours(4).await?;
    assert_eq!(names(&fixture, DR).await?.len(), 2);
    let lines = fixture.rehearsal.logs().lines();
    assert!(
        lines
            .iter()
            .any(|line| line.is_alarm_about("-three-") && line.text("message").contains("SnapshotQuotaExceeded"))
    );
    let oldest = fixture
        .snapshots(DR)
        .await?
        .into_iter()
        .find(|it| it.arn.id().contains("-one-"))
        .map(|it| it.arn.id().to_owned());
    delete(&fixture, Kind::Instance, DR, &oldest.unwrap_or_default()).await?;
    fixture.pass_hours(2).await?;
    let copies = names(&fixture, DR).await?;
    assert!(copies.iter().any(|(name, status)| name.contains("-three-") && *status == Status::Available), "{copies:?}");
    assert_eq!(names(&fixture, SOURCE).await?, [("three".to_owned(), Status::Available)]);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn snapshots_with_a_reused_name_are_all_copied() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = start(kind, setup()?).await?;
        let database = fixture.database(kind, "orders")?;
        fixture.rehearsal.take_snapshot(&database, "mine").await?;
        // The second while DR copies the transit copy of the first, the third after the copies are completed.
        fixture.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&fixture, kind, SOURCE, "mine").await?;
        fixture.rehearsal.take_snapshot(&database, "mine").await?;
        fixture.pass_hours(3).await?;
        delete(&fixture, kind, SOURCE, "mine").await?;
        fixture.rehearsal.take_snapshot(&database, "mine").await?;
        fixture.pass_hours(4).await?;
        assert_eq!(names(&fixture, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(names(&fixture, DR).await?.len(), 3);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 3.
#[tokio::test(start_paused = true)]
async fn a_source_with_fifty_tags_is_copied_once_without_some_of_its_tags() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let full = (1..50).fold(database(kind), |database, n| database.tag(&format!("tag-{n:02}"), "value"));
        assert_eq!(full.tags.len(), 50);
        fixture.create_database(&full).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.rehearsal.take_snapshot(&fixture.database(kind, "orders")?, "mine").await?;
        fixture.pass_hours(6).await?;
        let copies = fixture.snapshots(DR).await?;
        let [copy] = &copies[..] else { panic!("one copy: {copies:#?}") };
        // 44 tags of the source and of Draco, and Draco_Reported.
        assert_eq!(copy.tags.len(), tags::MAX_TAGS_OF_COPY + 1);
        assert_eq!(copy.tags.get(tags::LIFECYCLE), Some("Standard"));
        assert_eq!(names(&fixture, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(fixture.violations(), []);
        // The sweeps did not copy it again.
        let calls = fixture
            .rehearsal
            .world()
            .journal(|it| it.count_calls("CopyDBSnapshot") + it.count_calls("CopyDBClusterSnapshot"));
        assert_eq!(calls, 2);
    }
    Ok(())
}

// Invariant 3.
#[tokio::test(start_paused = true)]
async fn reserved_tags_are_copied_with_another_key() -> anyhow::Result<()> {
    let mut fixture = start(Kind::Instance, setup()?).await?;
    let database = fixture.database(Kind::Instance, "orders")?;
    let set = |key: &str| fixture.rehearsal.world().set_reserved_tag(&database.to_string(), key, "µ-stack");
    set("aws:cloudformation:stack-name").map_err(anyhow::Error::msg)?;
    fixture.rehearsal.take_snapshot(&database, "mine").await?;
    fixture.pass_hours(4).await?;
    let copies = fixture.snapshots(DR).await?;
    assert_eq!(
        copies.iter().map(|it| it.tags.get("origin:aws:cloudformation:stack-name")).collect::<Vec<_>>(),
        [Some("µ-stack")]
    );
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 8.
#[tokio::test(start_paused = true)]
async fn concurrent_snapshots_of_a_database_share_one_key() -> anyhow::Result<()> {
    let mut fixture = start(Kind::Instance, setup()?.consumer_parameter("KeyPerDatabase", "true")).await?;
    let database = fixture.database(Kind::Instance, "orders")?;
    let (one, two) = tokio::join!(
        fixture.rehearsal.take_snapshot(&database, "one"),
        fixture.rehearsal.take_snapshot(&database, "two")
    );
    one.and(two)?;
    fixture.pass_hours(4).await?;
    assert_eq!((names(&fixture, DR).await?.len(), fixture.keys_in_use().await?), (2, 1));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn databases_with_the_same_name_in_several_accounts_have_separate_copies_and_keys() -> anyhow::Result<()> {
    for keys in ["false", "true"] {
        let mut setup = setup()?.consumer_parameter("KeyPerDatabase", keys);
        setup.sources.push("333333333333".parse()?);
        let mut fixture = Fixture::with(settings(), setup).await?;
        for place in fixture.rehearsal.setup().sources().collect::<Vec<_>>() {
            fixture.rehearsal.create_database(&place, &database(Kind::Instance)).await?;
        }
        fixture.pass_hours(23).await?;
        let expected = ["111111111111", "333333333333"]
            .map(|account| (format!("draco-{account}-rds-orders-2026-11-21-23-00"), Status::Available));
        assert_eq!(names(&fixture, DR).await?, expected);
        assert_eq!(fixture.keys_in_use().await?, if keys == "false" { 1 } else { 2 });
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}
