//! The spec of a database arrives on DR's copy, in tags. A failure to read it never costs the copy, and forged ones are dropped.

use anyhow::Context;
use cloud::Cloud;
use protocol::spec::{Group, Missing, Parameters, Recorded, Setting, SpecState, Value};
use protocol::tags::{MAX_TAGS_OF_COPY, SPEC};
use protocol::{Database as Described, DatabaseArn, Kind, Snapshot, Spec, Tags, tags};
use rehearsal::{Database, Encryption, Setup};
use sim::fault::{Action, EVERY, Fault, Plan, Point};
use tests::{DR, DR_REGION, Fixture, MINUTE, REGION, SECOND_REGION, SOURCE, settings};

use crate::attacker;
use crate::transits::{calls, lines};

/// A database with settings of its own that is not snapshotted by itself during the test.
fn database(kind: Kind) -> Database {
    let database = Database { kind, backup_window: "23:00-23:30".to_owned(), ..Database::instance("orders") };
    database.lifecycle("Standard").tag("team", "shop")
}

fn owner(fixture: &Fixture) -> Cloud {
    Cloud::new(&fixture.owner_config(SOURCE), fixture.source())
}

/// The database as it is now, and its spec as the owner reads it.
async fn read(fixture: &Fixture, kind: Kind) -> anyhow::Result<(Described, Spec)> {
    let mut found = Vec::new();
    owner(fixture).for_each_database(kind, |database| found.push(database)).await?;
    let described = found.into_iter().find(|database| database.name.starts_with("orders")).context("no database")?;
    let (spec, failures) = owner(fixture).read_spec(&described).await;
    assert_eq!(failures, []);
    Ok((described, spec))
}

/// The only copy in DR.
async fn only_copy(fixture: &Fixture) -> anyhow::Result<Snapshot> {
    let mut copies = fixture.snapshots(DR).await?;
    assert_eq!(copies.len(), 1, "{copies:#?}");
    copies.pop().context("no copy")
}

fn recorded(copy: &Snapshot) -> anyhow::Result<Option<Recorded>> {
    Ok(Recorded::from_tags(&copy.tags)?)
}

async fn take(fixture: &Fixture, database: &DatabaseArn) -> anyhow::Result<()> {
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    fixture.rehearsal.take_snapshot(database, "mine").await
}

// Invariant 3.
#[tokio::test(start_paused = true)]
async fn the_spec_of_a_database_arrives_on_drs_copy() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind)).await?;
        take(&fixture, &arn).await?;
        fixture.pass_hours(4).await?;
        let copy = only_copy(&fixture).await?;
        let recorded = recorded(&copy)?.context("no spec")?;
        let (_, expected) = read(&fixture, kind).await?;
        assert_eq!(recorded, Recorded { spec: expected, missing: Default::default(), unknown: 0 });
        assert_eq!(recorded.spec.settings[&Setting::BackupWindow], Value::Name("23:00-23:30".to_owned()));
        assert_eq!(recorded.spec.tags, Tags::from_iter([(tags::LIFECYCLE, "Standard"), ("team", "shop")]));
        let started = lines(&fixture, "copy_started");
        let states: Vec<_> = started.iter().map(|line| (line.function(), line.text("spec"))).collect();
        assert_eq!(states, [("draco-producer".to_owned(), "complete"), ("draco-consumer".to_owned(), "complete")]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 3.
#[tokio::test(start_paused = true)]
async fn the_changed_parameters_of_a_group_arrive_as_far_as_there_is_room() -> anyhow::Result<()> {
    let short = [("timezone", "Europe/Zurich"), ("rds.force_ssl", "0")];
    let long = [("timezone", "Europe/Zurich ".repeat(200))];
    for (kind, call) in Kind::ALL.into_iter().zip(["DescribeDBParameters", "DescribeDBClusterParameters"]) {
        let with_short = short.iter().fold(database(kind), |it, (name, value)| it.parameter(name, value));
        let with_long = long.iter().fold(database(kind), |it, (name, value)| it.parameter(name, value));
        for (database, missing) in [(with_short, 0), (with_long, 1)] {
            let mut fixture = Fixture::new().await?;
            let arn = fixture.create_database(&database).await?;
            take(&fixture, &arn).await?;
            fixture.pass_hours(4).await?;
            let recorded = recorded(&only_copy(&fixture).await?)?.context("no spec")?;
            assert_eq!(recorded.missing, Missing { parameters: missing, ..Missing::default() });
            let parameters: Vec<_> = recorded.spec.groups.into_iter().collect();
            let expected = if missing == 0 {
                short.map(|(name, value)| (name.into(), value.into())).into()
            } else {
                Parameters::new()
            };
            assert_eq!(parameters, [(Group { kind, name: "orders-parameters".to_owned() }, expected)]);
            let incomplete = lines(&fixture, "spec_incomplete");
            let reasons: Vec<_> = incomplete.iter().map(|line| line.text("reason")).collect();
            assert_eq!(reasons, if missing == 0 { vec![] } else { vec!["no room for 1 parameter"] });
            assert_eq!(calls(&fixture, settings().epoch).remove(call), Some(1));
            assert_eq!(fixture.violations(), []);
        }
    }
    Ok(())
}

/// A role without the permission for parameter groups, as that of an older stack, records the rest.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_group_that_cannot_be_read_makes_the_spec_incomplete() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let fault = |at: &str, action| Fault { at: Point::Call(at.to_owned()), nth: EVERY, action };
    let refused = fault("DescribeDBParameters", Action::Refuse("AccessDenied"));
    fixture.rehearsal.world().plan_faults(Plan::List(vec![refused]));
    let arn = fixture.create_database(&database(Kind::Instance).parameter("timezone", "Europe/Zurich")).await?;
    take(&fixture, &arn).await?;
    fixture.pass_hours(4).await?;
    let recorded = recorded(&only_copy(&fixture).await?)?.context("no spec")?;
    assert_eq!(recorded.spec.settings[&Setting::ParameterGroup], Value::Name("orders-parameters".to_owned()));
    assert!(recorded.spec.groups.is_empty());
    // DR can tell it from a group without changes.
    assert_eq!(SpecState::of(&only_copy(&fixture).await?.tags), SpecState::Incomplete);
    let started = lines(&fixture, "copy_started");
    assert_eq!(started.iter().map(|line| line.text("spec")).collect::<Vec<_>>(), ["incomplete", "incomplete"]);
    let incomplete = lines(&fixture, "spec_incomplete");
    assert_eq!(incomplete.len(), 1);
    let reason = incomplete[0].text("reason");
    assert!(reason.starts_with("describing the parameters of the group orders-parameters: AccessDenied"), "{reason}");
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 3.
#[tokio::test(start_paused = true)]
async fn the_spec_goes_on_to_the_second_region_and_source_tags_do_not_limit_it() -> anyhow::Result<()> {
    for rule in ["prefix", "owner"] {
        let setup = Setup::new(SOURCE, DR, REGION)?.dr_region(DR_REGION)?.second_region(SECOND_REGION)?;
        let setup = setup.consumer_parameter("SourceTags", rule).second_parameter("SourceTags", rule);
        let mut fixture = Fixture::with(settings(), setup).await?;
        let arn = fixture.create_database(&database(Kind::Instance)).await?;
        take(&fixture, &arn).await?;
        fixture.pass_hours(6).await?;
        let (first, second) = (only_copy(&fixture).await?, fixture.second_copies().await?);
        let specs = [Some(&first), second.first()].map(|copy| copy.map(|copy| copy.tags.of_spec()));
        assert_eq!(specs[0], specs[1]);
        assert!(specs[0].as_ref().is_some_and(|tags| !tags.is_empty()));
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// Draco's tags have their place, and the user's tags that have none are reported.
// Invariant 3.
#[tokio::test(start_paused = true)]
async fn a_source_with_many_tags_has_a_complete_spec() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let tagged = (0..45).fold(database(Kind::Instance), |it, nth| it.tag(&format!("tag-{nth:02}"), "value"));
    let arn = fixture.create_database(&tagged).await?;
    take(&fixture, &arn).await?;
    fixture.pass_hours(4).await?;
    let copy = only_copy(&fixture).await?;
    assert!(recorded(&copy)?.is_some_and(|recorded| recorded.missing.is_empty()));
    // `Draco_Reported` has been added.
    assert_eq!((copy.tags.len(), copy.tags.get(tags::LIFECYCLE)), (MAX_TAGS_OF_COPY + 1, Some("Standard")));
    assert_eq!(lines(&fixture, "tags_left_out").len(), 2);
    assert_eq!(fixture.violations(), []);
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_gone_is_reported_once_and_its_snapshot_is_copied() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind)).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        crate::databases::delete(&fixture, &arn, "last").await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        fixture.pass_hours(4).await?;
        let copy = only_copy(&fixture).await?;
        let (missing, state) = (lines(&fixture, "spec_missing"), recorded(&copy)?);
        // Whether the database is gone by the time of the copy depends on the durations.
        match missing.first() {
            Some(line) => {
                assert_eq!((line.text("reason"), line.json["SpecsIncomplete"].as_i64()), ("database-gone", Some(1)));
                assert_eq!((missing.len(), state), (1, None));
                assert_eq!(lines(&fixture, "copy_started")[1].text("spec"), "none");
            }
            None => assert!(state.is_some()),
        }
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_failure_to_read_the_spec_does_not_cost_the_copy() -> anyhow::Result<()> {
    for action in [Action::Refuse("AccessDenied"), Action::Break("InternalFailure"), Action::Throttle] {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(Kind::Instance)).await?;
        let fault = Fault { at: Point::Call("DescribeDBInstances".to_owned()), nth: EVERY, action };
        take(&fixture, &arn).await?;
        fixture.rehearsal.world().plan_faults(Plan::List(vec![fault]));
        fixture.rehearsal.world().sleep(30 * MINUTE).await;
        fixture.rehearsal.world().plan_faults(Plan::NoFaults);
        fixture.pass_hours(4).await?;
        let copy = only_copy(&fixture).await?;
        assert_eq!(recorded(&copy)?, None);
        let missing = lines(&fixture, "spec_missing");
        assert_eq!(missing.len(), 1);
        assert!(missing[0].text("reason").starts_with("describing the db "), "{:?}", missing[0]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// A copy without a spec is better than no copy. Draco writes only characters that AWS allows in tags, as far as its texts tell.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_spec_whose_tags_aws_refuses_does_not_cost_the_copy() -> anyhow::Result<()> {
    for (kind, call) in Kind::ALL.into_iter().zip(["CopyDBSnapshot", "CopyDBClusterSnapshot"]) {
        let mut fixture = Fixture::new().await?;
        let refused = Action::Refuse("InvalidParameterValue");
        let arn = fixture.create_database(&database(kind)).await?;
        take(&fixture, &arn).await?;
        let fault = Fault { at: Point::Call(call.to_owned()), nth: 1, action: refused };
        fixture.rehearsal.world().plan_faults(Plan::List(vec![fault]));
        fixture.pass_hours(4).await?;
        let copy = only_copy(&fixture).await?;
        assert_eq!((recorded(&copy)?, copy.tags.get("team")), (None, Some("shop")));
        let missing = lines(&fixture, "spec_missing");
        assert_eq!(missing.len(), 1);
        assert!(missing[0].text("reason").contains("InvalidParameterValue"), "{:?}", missing[0]);
        assert_eq!(lines(&fixture, "copy_started")[0].text("spec"), "none");
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// A snapshot of a cluster contains nothing of its members.
// Invariant 3.
#[tokio::test(start_paused = true)]
async fn the_members_of_a_cluster_arrive_in_both_regions_of_dr() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.dr_region(DR_REGION)?.second_region(SECOND_REGION)?;
    let mut fixture = Fixture::with(settings(), setup).await?;
    let arn = fixture.create_database(&database(Kind::Cluster)).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    for (name, class, tier) in [("orders-1", "db.r6g.large", 1), ("orders-2", "db.r6g.xlarge", 15)] {
        let member = rds.create_db_instance().db_instance_identifier(name).db_cluster_identifier(arn.id());
        let member = member.engine("aurora-postgresql").db_instance_class(class).promotion_tier(tier);
        member.send().await?;
        fixture.rehearsal.world().sleep(15 * MINUTE).await;
    }
    take(&fixture, &arn).await?;
    fixture.pass_hours(6).await?;
    let (first, second) = (only_copy(&fixture).await?, fixture.second_copies().await?);
    let (_, expected) = read(&fixture, Kind::Cluster).await?;
    for copy in [&first, second.first().context("no copy in the second region")?] {
        let recorded = recorded(copy)?.context("no spec")?;
        assert_eq!(SpecState::of(&copy.tags), SpecState::Complete);
        assert_eq!(recorded.spec.members, expected.members);
        let classes: Vec<_> =
            recorded.spec.members.iter().map(|it| (it.is_writer, it.settings[&Setting::Class].clone())).collect();
        let class = |name: &str| Value::Name(name.to_owned());
        assert_eq!(classes, [(true, class("db.r6g.large")), (false, class("db.r6g.xlarge"))]);
    }
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// The resource ID finds it.
// Invariant 3.
#[tokio::test(start_paused = true)]
async fn a_database_that_is_renamed_before_its_snapshot_is_copied_has_its_spec_recorded() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let arn = fixture.create_database(&database(Kind::Instance)).await?;
    let lost = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
    take(&fixture, &arn).await?;
    fixture.rehearsal.world().sleep(15 * MINUTE).await;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let rename = rds.modify_db_instance().db_instance_identifier("orders").new_db_instance_identifier("orders-2");
    rename.apply_immediately(true).send().await?;
    fixture.rehearsal.world().sleep(20 * MINUTE).await;
    fixture.rehearsal.world().plan_faults(Plan::NoFaults);
    fixture.pass_hours(4).await?;
    let copy = only_copy(&fixture).await?;
    let (described, expected) = read(&fixture, Kind::Instance).await?;
    assert_eq!(described.name, "orders-2");
    assert_eq!(recorded(&copy)?.map(|recorded| recorded.spec), Some(expected));
    assert_eq!(fixture.violations(), []);
    Ok(())
}

/// Only the snapshot is left, so it is copied without a spec, and DR can tell.
// Invariant 1.
#[tokio::test(start_paused = true)]
async fn a_snapshot_whose_database_is_deleted_before_the_sweep_has_no_spec() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut fixture = Fixture::new().await?;
        let arn = fixture.create_database(&database(kind)).await?;
        let lost = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
        fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
        take(&fixture, &arn).await?;
        fixture.rehearsal.world().sleep(15 * MINUTE).await;
        crate::databases::delete_without_snapshot(&fixture, &arn).await?;
        fixture.rehearsal.world().sleep(20 * MINUTE).await;
        fixture.rehearsal.world().plan_faults(Plan::NoFaults);
        fixture.pass_hours(4).await?;
        assert_eq!(SpecState::of(&only_copy(&fixture).await?.tags), SpecState::None);
        let missing = lines(&fixture, "spec_missing");
        assert_eq!(missing.iter().map(|line| line.text("reason")).collect::<Vec<_>>(), ["database-gone"]);
        assert_eq!(fixture.violations(), []);
    }
    Ok(())
}

/// Tags of another spec that the source has inherited, by a copy or a restore, do not count.
// Invariant 3.
#[tokio::test(start_paused = true)]
async fn an_inherited_spec_is_replaced() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let inherited = SPEC.into_iter().fold(database(Kind::Instance), |it, key| it.tag(key, "v=1 n=6 kind=instance"));
    let arn = fixture.create_database(&inherited).await?;
    take(&fixture, &arn).await?;
    fixture.pass_hours(4).await?;
    let (_, mut expected) = read(&fixture, Kind::Instance).await?;
    expected.tags = Tags::from_iter([(tags::LIFECYCLE, "Standard"), ("team", "shop")]);
    assert_eq!(recorded(&only_copy(&fixture).await?)?.context("no spec")?.spec, expected);
    assert_eq!(lines(&fixture, "tags_left_out"), []);
    Ok(())
}

/// Snapshots of one database that come together cost one look.
#[tokio::test(start_paused = true)]
async fn a_sweep_reads_the_spec_of_a_database_once() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    let lost = Fault { at: Point::Delivery("DracoProducer".to_owned()), nth: EVERY, action: Action::Lose };
    fixture.rehearsal.world().plan_faults(Plan::List(vec![lost]));
    let arn = fixture.create_database(&database(Kind::Instance)).await?;
    fixture.rehearsal.world().sleep(10 * MINUTE).await;
    for nth in 0..3 {
        fixture.rehearsal.take_snapshot(&arn, &format!("mine-{nth}")).await?;
        fixture.rehearsal.world().sleep(15 * MINUTE).await;
    }
    fixture.rehearsal.world().plan_faults(Plan::NoFaults);
    fixture.pass_hours(4).await?;
    let copies = fixture.snapshots(DR).await?;
    let specs: Vec<bool> = copies.iter().map(|copy| !copy.tags.of_spec().is_empty()).collect();
    assert_eq!(specs, [true, true, true]);
    let looks = calls(&fixture, settings().epoch).remove("DescribeDBInstances");
    assert!(looks.is_some_and(|looks| looks < 3), "{looks:?}");
    Ok(())
}

/// What an attacker in a source account announces is kept only if it can be read, and never in another form.
// Invariant 10.
#[tokio::test(start_paused = true)]
async fn forged_specs_are_dropped_and_reported() -> anyhow::Result<()> {
    let instance = "v=1 n=1 kind=instance engine=postgres version=16.3";
    let long = format!("{instance} class=db.t4g.micro");
    let forged: [(&str, &[&str], bool); 8] = [
        ("a spec", &[&long], true),
        ("a setting of a newer version", &[&format!("{instance} quantum=1")], true),
        ("another kind", &["v=1 n=1 kind=cluster engine=aurora-mysql version=8.0"], false),
        ("another engine", &["v=1 n=1 kind=instance engine=docdb version=5.0"], false),
        ("another version", &["v=2 n=1"], false),
        ("a tag too few", &["v=1 n=2 kind=instance engine=postgres version=16.3"], false),
        ("no value", &[&format!("{instance} port=http")], false),
        ("a line break", &[&format!("{instance} class=@0Adb")], false),
    ];
    for (what, values, is_kept) in forged {
        let fixture = Fixture::new().await?;
        // A snapshot under the default key cannot be shared.
        let arn = fixture.create_database(&database(Kind::Instance).encryption(Encryption::None)).await?;
        fixture.rehearsal.world().sleep(10 * MINUTE).await;
        let spec: Tags = SPEC.into_iter().zip(values.iter().copied()).collect();
        let announced = spec.clone().with([(tags::LIFECYCLE, "Standard"), ("draco_spec", "x"), ("Draco_Spec9", "x")]);
        let transit = attacker::share_snapshot(&fixture, &arn, 1).await?;
        attacker::announce(&fixture, attacker::announcement(&arn, 1, &transit, announced)?);
        fixture.rehearsal.world().sleep(5 * MINUTE).await;
        let copy = only_copy(&fixture).await?;
        assert_eq!(copy.tags.of_spec(), if is_kept { spec } else { Tags::default() }, "{what}");
        assert_eq!((copy.tags.get("draco_spec"), copy.tags.get("Draco_Spec9")), (None, None));
        let rejected = lines(&fixture, "spec_rejected");
        assert_eq!(rejected.len(), usize::from(!is_kept), "{what}");
        assert!(rejected.iter().all(|line| line.json["SpecsIncomplete"].as_i64() == Some(1)));
    }
    Ok(())
}
