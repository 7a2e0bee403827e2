//! What stands in the way now and then: each is told, and when it is gone the snapshot arrives (invariants 1, 2 and 4).

use protocol::{Kind, Status, tags};
use rehearsal::{Cast, Database, Encryption};
use sim::fault::{Action, Fault, Plan, Point};
use tests::{DR, MINUTE, REGION, SOURCE, Stage, settings};

// Invariants 1, 2, 3 and 4: after each obstacle, `rehearsal::invariants` finds nothing broken.

fn cast() -> anyhow::Result<Cast> {
    Cast::of(SOURCE, DR, REGION)
}

/// A database that is backed up at night, while it is two in the morning.
fn database(kind: Kind) -> Database {
    Database { kind, window: "23:00-23:30".to_owned(), ..Database::instance("orders") }.lifecycle("Standard")
}

/// The names of everything that is in an account, and how far it is.
async fn names(stage: &Stage, account: &str) -> anyhow::Result<Vec<(String, Status)>> {
    Ok(stage.all(account).await?.into_iter().map(|it| (it.arn.id().to_owned(), it.status)).collect())
}

/// How many alarms were raised about a snapshot in this step.
fn alarms(stage: &Stage, snapshot: &str, step: &str) -> usize {
    let lines = stage.rehearsal.logs().lines();
    lines.iter().filter(|line| line.is_alarm_about(snapshot) && line.text("step") == step).count()
}

async fn begin(kind: Kind, cast: Cast) -> anyhow::Result<Stage> {
    let stage = Stage::with(settings(), cast).await?;
    stage.create(&database(kind)).await?;
    stage.rehearsal.world().sleep(10 * MINUTE).await;
    Ok(stage)
}

#[tokio::test(start_paused = true)]
async fn an_unencrypted_cluster_is_not_copied_in_the_clear_and_that_is_told_once_a_day() -> anyhow::Result<()> {
    let mut stage = Stage::new().await?;
    stage.create(&database(Kind::Cluster).encryption(Encryption::None)).await?;
    stage.rehearsal.world().sleep(10 * MINUTE).await;
    stage.rehearsal.take(&stage.database(Kind::Cluster, "orders")?, "mine").await?;
    stage.hours(5).await?;
    let source = stage.all(SOURCE).await?;
    let [source] = &source[..] else { panic!("one source, no transit copy: {source:#?}") };
    assert_eq!(source.tags.get(tags::NOT_COPIED).map(|it| &it[20..]), Some(" plaintext-cluster"));
    assert_eq!((alarms(&stage, "mine", "refused"), alarms(&stage, "mine", "not_copied")), (1, 1));
    stage.hours(22).await?;
    assert_eq!((alarms(&stage, "mine", "refused"), alarms(&stage, "mine", "not_copied")), (2, 2));
    assert_eq!(names(&stage, DR).await?, []);
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_unencrypted_cluster_is_copied_in_the_clear_if_that_is_allowed_and_it_is_said() -> anyhow::Result<()> {
    let mut stage = Stage::with(settings(), cast()?.consumer("AllowPlaintextClusters", "true")).await?;
    stage.create(&database(Kind::Cluster).encryption(Encryption::None)).await?;
    stage.rehearsal.world().sleep(10 * MINUTE).await;
    stage.rehearsal.take(&stage.database(Kind::Cluster, "orders")?, "mine").await?;
    stage.hours(4).await?;
    assert_eq!(names(&stage, DR).await?.len(), 1);
    let lines = stage.rehearsal.logs().lines();
    let said =
        lines.iter().filter(|line| line.text("level") == "WARN" && line.text("message").contains("without encryption"));
    assert_eq!((said.count(), stage.broken()), (1, vec![]));
    Ok(())
}

/// Of DR's one key.
async fn set_dr_key(stage: &Stage, enabled: bool) -> anyhow::Result<()> {
    let kms = aws_sdk_kms::Client::new(&stage.owner(DR));
    let key = kms.describe_key().key_id("alias/draco").send().await?.key_metadata.map(|key| key.key_id);
    let key = key.unwrap_or_default();
    if enabled {
        kms.enable_key().key_id(key).send().await?;
    } else {
        kms.disable_key().key_id(key).send().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_for_a_day_is_told_and_nothing_is_lost() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        set_dr_key(&stage, false).await?;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.hours(24).await?;
        assert_eq!(names(&stage, DR).await?, []);
        let told = "KMSKeyNotAccessibleFault";
        let lines = stage.rehearsal.logs().lines();
        assert!(
            lines
                .iter()
                .any(|line| line.is_alarm_about("draco-111111111111-mine-") && line.text("reason").contains(told))
        );
        assert_eq!(stage.broken(), []);
        set_dr_key(&stage, true).await?;
        stage.hours(4).await?;
        assert_eq!(names(&stage, DR).await?.len(), 2, "the one by hand, and the night's");
        assert!(names(&stage, SOURCE).await?.iter().all(|(name, _)| !name.starts_with("draco-")));
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_in_dr_is_told_and_tried_again() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        // Ten minutes to take it, ten for the transit copy, and now the copy is under way.
        stage.rehearsal.world().sleep(25 * MINUTE).await;
        assert_eq!(names(&stage, DR).await?, [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Copying)]);
        set_dr_key(&stage, false).await?;
        stage.hours(1).await?;
        set_dr_key(&stage, true).await?;
        assert_eq!(alarms(&stage, "mine", "not_copied"), 1);
        stage.hours(4).await?;
        assert_eq!(
            names(&stage, DR).await?,
            [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Available)]
        );
        assert_eq!(names(&stage, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

async fn delete(stage: &Stage, kind: Kind, account: &str, id: &str) -> anyhow::Result<()> {
    let rds = aws_sdk_rds::Client::new(&stage.owner(account));
    match kind {
        Kind::Instance => drop(rds.delete_db_snapshot().db_snapshot_identifier(id).send().await?),
        Kind::Cluster => drop(rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id).send().await?),
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_source_that_goes_while_its_transit_copy_is_made_is_told_and_leaves_nothing() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.rehearsal.world().sleep(15 * MINUTE).await;
        delete(&stage, kind, SOURCE, "mine").await?;
        stage.hours(4).await?;
        assert_eq!((names(&stage, SOURCE).await?, names(&stage, DR).await?), (vec![], vec![]));
        assert_eq!(alarms(&stage, "mine", "transit_failed"), 1);
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_source_that_goes_between_look_and_act_is_told_once() -> anyhow::Result<()> {
    for (kind, operation) in [(Kind::Instance, "CopyDBSnapshot"), (Kind::Cluster, "CopyDBClusterSnapshot")] {
        let mut stage = begin(kind, cast()?).await?;
        let late = Fault { at: Point::Call(operation.to_owned()), nth: 1, action: Action::Delay(MINUTE / 2) };
        stage.rehearsal.world().plan_faults(Plan::List(vec![late]));
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.rehearsal.world().sleep(10 * MINUTE + MINUTE / 6).await;
        delete(&stage, kind, SOURCE, "mine").await?;
        stage.hours(4).await?;
        assert_eq!((names(&stage, SOURCE).await?, names(&stage, DR).await?), (vec![], vec![]));
        let lines = stage.rehearsal.logs().lines();
        let told = lines.iter().filter(|line| line.text("level") == "ERROR").map(|line| line.text("reason"));
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(":mine: copying mine to draco-mine-20261121t021000: DB"), "{told:?}");
        assert!(told[0].ends_with("; it was deleted in the meantime"), "{told:?}");
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_source_that_goes_when_its_transit_copy_is_made_arrives() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&stage, kind, SOURCE, "mine").await?;
        stage.hours(4).await?;
        assert_eq!(names(&stage, SOURCE).await?, []);
        assert_eq!(
            names(&stage, DR).await?,
            [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Available)]
        );
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transit_copy_that_a_person_deletes_while_dr_copies_it_is_made_again() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&stage, kind, SOURCE, "draco-mine-20261121t021000").await?;
        stage.hours(6).await?;
        assert_eq!(names(&stage, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(
            names(&stage, DR).await?,
            [("draco-111111111111-mine-20261121t021000".to_owned(), Status::Available)]
        );
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_full_quota_is_told_and_when_there_is_room_the_snapshot_arrives() -> anyhow::Result<()> {
    let mut stage = Stage::with(sim::Settings { snapshot_quota: 2, ..settings() }, cast()?).await?;
    stage.create(&database(Kind::Instance)).await?;
    let database = stage.database(Kind::Instance, "orders")?;
    // One place is for the transit copy, so manual sources come and go.
    for id in ["one", "two"] {
        stage.rehearsal.world().sleep(10 * MINUTE).await;
        stage.rehearsal.take(&database, id).await?;
        stage.hours(2).await?;
        delete(&stage, Kind::Instance, SOURCE, id).await?;
    }
    stage.rehearsal.take(&database, "three").await?;
    stage.hours(4).await?;
    assert_eq!(names(&stage, DR).await?.len(), 2);
    let lines = stage.rehearsal.logs().lines();
    assert!(
        lines
            .iter()
            .any(|line| line.is_alarm_about("-three-") && line.text("reason").contains("SnapshotQuotaExceeded"))
    );
    let oldest =
        stage.all(DR).await?.into_iter().find(|it| it.arn.id().contains("-one-")).map(|it| it.arn.id().to_owned());
    delete(&stage, Kind::Instance, DR, &oldest.unwrap_or_default()).await?;
    stage.hours(2).await?;
    let there = names(&stage, DR).await?;
    assert!(there.iter().any(|(name, status)| name.contains("-three-") && *status == Status::Available), "{there:?}");
    assert_eq!(names(&stage, SOURCE).await?, [("three".to_owned(), Status::Available)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_given_again_is_another_snapshot_and_both_arrive() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = begin(kind, cast()?).await?;
        let database = stage.database(kind, "orders")?;
        stage.rehearsal.take(&database, "mine").await?;
        // Once while the first one's transit copy is on its way to DR, and once when it is done.
        stage.rehearsal.world().sleep(25 * MINUTE).await;
        delete(&stage, kind, SOURCE, "mine").await?;
        stage.rehearsal.take(&database, "mine").await?;
        stage.hours(3).await?;
        delete(&stage, kind, SOURCE, "mine").await?;
        stage.rehearsal.take(&database, "mine").await?;
        stage.hours(4).await?;
        assert_eq!(names(&stage, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(names(&stage, DR).await?.len(), 3);
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn fifty_tags_leave_no_room_for_all_on_the_copy_and_none_for_the_mark_on_the_source() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut stage = Stage::new().await?;
        let full = (1..50).fold(database(kind), |database, n| database.tag(&format!("tag-{n:02}"), "value"));
        assert_eq!(full.tags.len(), 50);
        stage.create(&full).await?;
        stage.rehearsal.world().sleep(10 * MINUTE).await;
        stage.rehearsal.take(&stage.database(kind, "orders")?, "mine").await?;
        stage.hours(6).await?;
        let there = stage.all(DR).await?;
        let [copy] = &there[..] else { panic!("one copy: {there:#?}") };
        assert_eq!(copy.tags.len(), 50);
        assert_eq!(copy.tags.get(tags::LIFECYCLE), Some("Standard"));
        assert_eq!(names(&stage, SOURCE).await?, [("mine".to_owned(), Status::Available)]);
        assert_eq!(stage.broken(), []);
        // And it was not copied again every hour.
        let copies = stage
            .rehearsal
            .world()
            .journal(|it| it.count_calls("CopyDBSnapshot") + it.count_calls("CopyDBClusterSnapshot"));
        assert_eq!(copies, 2);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn tags_of_aws_own_come_along_under_another_key_for_invariant_3() -> anyhow::Result<()> {
    let mut stage = begin(Kind::Instance, cast()?).await?;
    let database = stage.database(Kind::Instance, "orders")?;
    let set = |key: &str| stage.rehearsal.world().set_reserved_tag(&database.to_string(), key, "µ-stack");
    set("aws:cloudformation:stack-name").map_err(anyhow::Error::msg)?;
    stage.rehearsal.take(&database, "mine").await?;
    stage.hours(4).await?;
    let copies = stage.all(DR).await?;
    assert_eq!(
        copies.iter().map(|it| it.tags.get("origin:aws:cloudformation:stack-name")).collect::<Vec<_>>(),
        [Some("µ-stack")]
    );
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_snapshots_of_a_database_at_the_same_time_end_with_one_key() -> anyhow::Result<()> {
    let mut stage = begin(Kind::Instance, cast()?.consumer("KeyPerDatabase", "true")).await?;
    let database = stage.database(Kind::Instance, "orders")?;
    let (one, two) = tokio::join!(stage.rehearsal.take(&database, "one"), stage.rehearsal.take(&database, "two"));
    one.and(two)?;
    stage.hours(4).await?;
    assert_eq!((names(&stage, DR).await?.len(), stage.keys_in_use().await?), (2, 1));
    assert_eq!(stage.broken(), []);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn databases_of_the_same_name_in_several_accounts_never_meet() -> anyhow::Result<()> {
    for keys in ["false", "true"] {
        let mut cast = cast()?.consumer("KeyPerDatabase", keys);
        cast.sources.push("333333333333".parse()?);
        let mut stage = Stage::with(settings(), cast).await?;
        for place in stage.rehearsal.cast().sources().collect::<Vec<_>>() {
            stage.rehearsal.create(&place, &database(Kind::Instance)).await?;
        }
        stage.hours(23).await?;
        let expected = ["111111111111", "333333333333"]
            .map(|account| (format!("draco-{account}-rds-orders-2026-11-21-23-00"), Status::Available));
        assert_eq!(names(&stage, DR).await?, expected);
        assert_eq!(stage.keys_in_use().await?, if keys == "false" { 1 } else { 2 });
        assert_eq!(stage.broken(), []);
    }
    Ok(())
}
