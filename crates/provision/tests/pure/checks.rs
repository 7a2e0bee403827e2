//! Requests that cannot work: one line each, with what was requested, what AWS has, and what to do.

use cloud::{Backups, Offer, ParameterGroup, SubnetGroup};
use protocol::job::Moment;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Group, Member, Setting, Value};
use provision::check::{Facts, check, family_of};

use super::plans::text;
use super::*;

fn spec(settings: &[(Setting, Value)]) -> Spec {
    Spec { settings: settings.iter().cloned().collect(), ..Spec::new(Kind::Instance, "postgres", "16.3") }
}

pub(crate) fn offer(class: &str, storage: &str) -> Offer {
    Offer {
        class: class.to_owned(),
        storage_type: Some(storage.to_owned()),
        min_gib: Some(20),
        max_gib: Some(1000),
        supports_iops: true,
        supports_encryption: true,
        min_iops: None,
        max_iops: None,
        supports_multi_az: true,
        supports_clusters: false,
        license: None,
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        snapshot: None,
        backups: None,
        gib: None,
        offers: Vec::new(),
        of_version: None,
        subnet_group: None,
        vpc_of_security_groups: None,
        parameter_groups: Vec::new(),
        option_group: None,
        taken: Vec::new(),
    }
}

fn problems(spec: &Spec, facts: &Facts) -> Vec<String> {
    check(&job(Kind::Instance, Verb::Restore), spec, facts, now())
}

/// The only problem.
fn problem(spec: &Spec, facts: &Facts) -> String {
    let mut all = problems(spec, facts);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_request_without_problems_has_none() {
    let facts = Facts {
        gib: Some(100),
        offers: vec![("db.t4g.small".to_owned(), vec![offer("db.t4g.small", "gp2"), offer("db.t4g.small", "gp3")])],
        subnet_group: Some(("own".into(), Some(SubnetGroup { name: "own".into(), vpc: "vpc-1".into() }))),
        vpc_of_security_groups: Some("vpc-1".to_owned()),
        parameter_groups: vec![(
            Group { kind: Kind::Instance, name: "own".into() },
            Some(ParameterGroup { name: "own".into(), family: "postgres16".into() }),
        )],
        ..facts()
    };
    let settings = [
        (Setting::Class, text("db.t4g.small")),
        (Setting::StorageType, text("gp3")),
        (Setting::AllocatedStorage, Value::Number(100)),
        (Setting::MaxAllocatedStorage, Value::Number(101)),
        (Setting::MonitoringInterval, Value::Number(0)),
        (Setting::MultiAz, Value::Flag(true)),
    ];
    assert_eq!(problems(&spec(&settings), &facts), [""; 0]);
}

#[test]
fn a_shared_and_encrypted_snapshot() {
    let of = |account: &str, is_encrypted| {
        let place = Place { account: account.parse().unwrap(), ..place() };
        let arn = SnapshotArn::new(Kind::Instance, place, "shared").unwrap();
        let snapshot = Snapshot { is_encrypted, ..snapshot(arn, Tags::default()) };
        problems(&spec(&[]), &Facts { snapshot: Some(snapshot), ..facts() })
    };
    assert_eq!(
        of("111111111111", true),
        [
            "arn:aws:rds:eu-west-1:111111111111:snapshot:shared is encrypted and shared by 111111111111, and AWS restores only copies \
          of such snapshots: copy it into 222222222222 under a key of that account first"
        ]
    );
    assert_eq!([of("111111111111", false), of("222222222222", true)], [vec![""; 0], vec![]]);
}

#[test]
fn an_engine_version_that_is_gone() {
    let facts = Facts { offers: vec![("db.t4g.small".into(), vec![])], of_version: Some(vec![]), ..facts() };
    assert_eq!(
        problem(&spec(&[]), &facts),
        "postgres 16.3 is not offered in eu-west-1 any more: upgrade the snapshot with aws rds modify-db-snapshot --engine-version, \
         or restore a newer one"
    );
}

#[test]
fn a_class_that_the_region_lacks() {
    let others = ["f", "e", "d", "c", "b", "a", "a"].map(|class| offer(&format!("db.{class}"), "gp3")).to_vec();
    let facts = |of_version| Facts { offers: vec![("db.x".into(), vec![])], of_version: Some(of_version), ..facts() };
    assert_eq!(
        problem(&spec(&[]), &facts(others.clone())),
        "db.x is not offered for postgres 16.3 in eu-west-1: choose another class, such as db.a, db.b, db.c, db.d, db.e, …"
    );
    assert_eq!(
        problem(&spec(&[]), &facts(others[..1].to_vec())),
        "db.x is not offered for postgres 16.3 in eu-west-1: choose another class, such as db.f"
    );
}

// Copies in DR are encrypted, also those of a database that was not.
#[test]
fn a_class_that_does_not_support_encryption() {
    let old = Offer { supports_encryption: false, ..offer("db.t2.micro", "gp2") };
    let problems = |offers: &[Offer], is_encrypted| {
        let arn = SnapshotArn::new(Kind::Instance, place(), "copy").unwrap();
        let snapshot = Some(Snapshot { is_encrypted, ..snapshot(arn, Tags::default()) });
        problems(&spec(&[]), &Facts { snapshot, offers: vec![("db.t2.micro".into(), offers.to_vec())], ..facts() })
    };
    let line = "db.t2.micro does not support encrypted storage, and the data are encrypted: choose another class";
    assert_eq!(problems(std::slice::from_ref(&old), true), [line]);
    assert_eq!(problems(std::slice::from_ref(&old), false), [""; 0]);
    assert_eq!(problems(&[old, offer("db.t2.micro", "gp3")], true), [""; 0]);
}

#[test]
fn storage_that_a_class_does_not_have() {
    let facts = Facts { offers: vec![("db.x".into(), vec![offer("db.x", "io1"), offer("db.x", "gp2")])], ..facts() };
    let storage =
        |of: &str, gib| spec(&[(Setting::StorageType, text(of)), (Setting::AllocatedStorage, Value::Number(gib))]);
    assert_eq!(
        problem(&storage("gp3", 100), &facts),
        "db.x is not offered with the storage type gp3: choose gp2 or io1"
    );
    assert_eq!(
        problem(&storage("gp2", 1001), &facts),
        "db.x with gp2 has 20 to 1000 GiB, and 1001 GiB were requested: choose another class, type or size"
    );
    assert_eq!(
        problem(&storage("gp2", 19), &facts),
        "db.x with gp2 has 20 to 1000 GiB, and 19 GiB were requested: choose another class, type or size"
    );
    assert_eq!([problems(&storage("gp2", 20), &facts), problems(&storage("gp2", 1000), &facts)], [vec![""; 0], vec![]]);
}

#[test]
fn less_storage_than_the_data() {
    let requested = |gib| spec(&[(Setting::AllocatedStorage, Value::Number(gib))]);
    let facts = Facts { gib: Some(100), ..facts() };
    assert_eq!(
        problem(&requested(99), &facts),
        "the requested storage of 99 GiB is less than the 100 GiB of the data: request 100 GiB at least"
    );
    assert_eq!(problems(&requested(100), &facts), [""; 0]);
}

#[test]
fn a_subnet_group_that_is_missing_or_of_another_vpc() {
    let group = |vpc: &str| Some(SubnetGroup { name: "own".into(), vpc: vpc.into() });
    let with = |found, vpc: Option<&str>| Facts {
        subnet_group: Some(("own".into(), found)),
        vpc_of_security_groups: vpc.map(str::to_owned),
        ..facts()
    };
    assert_eq!(
        problem(&spec(&[]), &with(None, Some("vpc-1"))),
        "there is no subnet group own in this region and account: create it, or name another one"
    );
    assert_eq!(
        problem(&spec(&[]), &with(group("vpc-2"), Some("vpc-1"))),
        "the subnet group own is in vpc-2, and the security groups are in vpc-1: name security groups of vpc-2, or a subnet group of vpc-1"
    );
    assert_eq!(problems(&spec(&[]), &with(group("vpc-2"), None)), [""; 0]);
}

#[test]
fn a_parameter_group_that_is_missing_or_of_another_family() {
    let with = |kind, found: Option<&str>| {
        let found = found.map(|family| ParameterGroup { name: "own".into(), family: family.into() });
        Facts { parameter_groups: vec![(Group { kind, name: "own".into() }, found)], ..facts() }
    };
    assert_eq!(
        problem(&spec(&[]), &with(Kind::Instance, None)),
        "there is no parameter group own in this region and account: create it, or name another one"
    );
    assert_eq!(
        problem(&spec(&[]), &with(Kind::Cluster, Some("postgres15"))),
        "the cluster parameter group own is of the family postgres15, and postgres 16.3 needs postgres16: name a group of that family"
    );
    let oracle = Spec::new(Kind::Instance, "oracle-ee", "19.0.0.0");
    assert_eq!(problems(&oracle, &with(Kind::Instance, Some("oracle-ee-19"))), [""; 0]);
    assert_eq!(problems(&oracle, &with(Kind::Instance, Some("oracle-se2-19"))).len(), 1);
    // An engine whose families are not known: AWS decides.
    let custom = Spec::new(Kind::Instance, "custom-oracle-ee", "19.0.0.0");
    assert_eq!(problems(&custom, &with(Kind::Instance, Some("any"))), [""; 0]);
}

#[test]
fn families_follow_from_versions() {
    let family = |engine, version| family_of(engine, version).unwrap_or_default();
    assert_eq!(family("postgres", "16.3"), "postgres16");
    assert_eq!(family("postgres", "10.1"), "postgres10");
    assert_eq!(family("postgres", "9.6.24"), "postgres9.6");
    assert_eq!(family("mysql", "8.0.36"), "mysql8.0");
    assert_eq!(family("mariadb", "10.11.6"), "mariadb10.11");
    assert_eq!(family("aurora-postgresql", "15.4"), "aurora-postgresql15");
    assert_eq!(family("aurora-mysql", "8.0.mysql_aurora.3.04.0"), "aurora-mysql8.0");
    assert_eq!(family("oracle-ee", "19.0.0.0.ru-2024-07.rur-2024-07.r1"), "oracle-ee-19");
    assert_eq!(family("oracle-se2-cdb", "21.0.0.0.ru-2024-07.rur-2024-07.r1"), "oracle-se2-cdb-21");
    assert_eq!(family("oracle-ee", "12.2.0.1.ru-2021-07.rur-2021-07.r1"), "oracle-ee-12.2");
    assert_eq!(family("sqlserver-se", "15.00.4385.2.v1"), "sqlserver-se-15.0");
    assert_eq!(family("sqlserver-web", "10.50.6529.0.v1"), "sqlserver-web-10.5");
    assert_eq!(family("db2-se", "11.5.9.0.sb00000000.r1"), "db2-se-11.5");
    assert_eq!([family_of("custom-sqlserver-se", "15.00"), family_of("mysql", "8")], [None, None]);
}

#[test]
fn a_time_outside_of_the_window() {
    let minutes = |minutes| now() + TimeDelta::minutes(minutes);
    let at = |moment, backups: Option<Backups>| {
        let source = Source::PointInTime { resource_id: "db-ABC".into(), moment };
        let job = Job::new(Request { source, ..request(Kind::Instance, Verb::Rewind) }).unwrap();
        check(&job, &spec(&[(Setting::Class, text("db.x"))]), &Facts { backups, ..facts() }, now())
    };
    let backups = Backups {
        earliest: Some(minutes(-600)),
        latest: Some(minutes(-4)),
        engine: "postgres".into(),
        version: "16.3".into(),
        gib: 100,
        vpc: None,
        tags: Tags::default(),
    };
    for moment in [Moment::Latest, Moment::At(minutes(-10))] {
        assert_eq!(
            at(moment, Some(Backups { earliest: None, latest: None, ..backups.clone() })),
            [
                "db-ABC has automated backups, but no time to which it can be restored: wait until the first backup is complete, or \
              restore a snapshot"
            ]
        );
    }
    assert_eq!(
        at(Moment::At(minutes(-601)), Some(backups.clone())),
        [
            "2026-11-20T15:59:00Z is before the earliest time to which db-ABC can be restored, which is 2026-11-20T16:00:00Z: \
          choose a later time, or restore a snapshot"
        ]
    );
    assert_eq!(
        at(Moment::At(minutes(-4)), Some(backups.clone())),
        [
            "2026-11-21T01:56:00Z is not before 2026-11-21T01:56:00Z, the latest time to which db-ABC can be restored now: AWS is \
          some 5 minutes behind, so try again in a moment, or choose the latest"
        ]
    );
    assert_eq!(
        at(Moment::At(minutes(1)), Some(backups.clone())),
        [
            "2026-11-21T02:01:00Z is in the future, and db-ABC can be restored to 2026-11-21T01:56:00Z at the latest: choose \
          an earlier time, in UTC"
        ]
    );
    assert_eq!(
        at(Moment::Latest, None),
        [
            "db-ABC has no automated backups, so it cannot be restored to a time: restore a snapshot, or turn on backups for the next time"
        ]
    );
    let none = [""; 0];
    assert_eq!(at(Moment::At(minutes(-600)), Some(backups.clone())), none);
    assert_eq!(at(Moment::At(minutes(-5)), Some(backups.clone())), none);
    assert_eq!(at(Moment::Latest, Some(backups)), none);
}

#[test]
fn settings_that_contradict_each_other() {
    use Setting::*;
    let number = Value::Number;
    let only = |settings: &[(Setting, Value)]| problem(&spec(settings), &facts());
    assert_eq!(
        only(&[(StorageType, text("gp2")), (Iops, number(3000))]),
        "3000 IOPS were requested for gp2, which has none: choose gp3, io1 or io2, or leave them out"
    );
    assert_eq!(
        only(&[(StorageType, text("io1"))]),
        "no IOPS were requested for io1, which needs them: request some, or choose gp3"
    );
    assert_eq!(
        only(&[(StorageType, text("io2")), (Iops, number(3000)), (StorageThroughput, number(125))]),
        "a throughput of 125 MiB/s was requested for io2, which has none: choose gp3, or leave it out"
    );
    assert_eq!(
        only(&[(AllocatedStorage, number(100)), (MaxAllocatedStorage, number(100))]),
        "the highest storage of 100 GiB is not more than the storage of 100 GiB: request more, or leave it out"
    );
    assert_eq!(
        only(&[(ServerlessMin, Value::Capacity(HalfUnits(5))), (ServerlessMax, Value::Capacity(HalfUnits(4)))]),
        "the lowest capacity of 2.5 ACUs is above the highest of 2: exchange them"
    );
    assert_eq!(
        only(&[(MultiAz, Value::Flag(true)), (AvailabilityZone, text("eu-west-1a"))]),
        "the zone eu-west-1a was requested for a database with a standby, whose zones AWS chooses: leave one of the two out"
    );
    assert_eq!(
        only(&[(MonitoringInterval, number(60))]),
        "Enhanced Monitoring was requested without its role: give the role, or an interval of 0"
    );
    assert_eq!(
        only(&[(PerformanceInsights, Value::Flag(false)), (InsightsRetention, number(7))]),
        "a retention was requested for Performance Insights, which is off: turn it on, or leave it out"
    );
    // "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType`).
    let multi_az = |settings: &[(Setting, Value)]| {
        let settings = settings.iter().cloned().collect();
        let cluster = Spec { settings, ..Spec::new(Kind::Cluster, "postgres", "16.3") };
        check(&job(Kind::Cluster, Verb::Restore), &cluster, &facts(), now())
    };
    for storage in ["gp3", "io1"] {
        let line =
            format!("no IOPS were requested for {storage}, which needs them in a Multi-AZ cluster: request some");
        assert_eq!(multi_az(&[(StorageType, text(storage))]), [line]);
        assert_eq!(multi_az(&[(StorageType, text(storage)), (Iops, number(3000))]), [""; 0]);
    }
    let fine = [
        vec![(AllocatedStorage, number(100)), (MaxAllocatedStorage, number(101))],
        vec![(BackupWindow, text("05:30-06:00")), (MaintenanceWindow, text("sun:05:00-sun:05:30"))],
        vec![
            (InsightsMode, text("advanced")),
            (PerformanceInsights, Value::Flag(true)),
            (InsightsRetention, number(465)),
        ],
        vec![(StorageType, text("gp3")), (Iops, number(12_000)), (StorageThroughput, number(500))],
        vec![(StorageType, text("io1")), (Iops, number(3000))],
        vec![(ServerlessMin, Value::Capacity(HalfUnits(4))), (ServerlessMax, Value::Capacity(HalfUnits(4)))],
        vec![(MonitoringInterval, number(60)), (MonitoringRole, text("role"))],
        vec![(PerformanceInsights, Value::Flag(true)), (InsightsRetention, number(7))],
        vec![(MultiAz, Value::Flag(false)), (AvailabilityZone, text("eu-west-1a"))],
    ];
    for settings in fine {
        assert_eq!(problems(&spec(&settings), &facts()), [""; 0]);
    }
}

#[test]
fn a_serverless_member_without_a_range() {
    let settings = Settings::from([(Setting::Class, text("db.serverless"))]);
    let mut cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    cluster.members = vec![Member { name: "a".into(), is_writer: true, settings }];
    let job = job(Kind::Cluster, Verb::Restore);
    assert_eq!(
        check(&job, &cluster, &facts(), now()),
        ["a member of class db.serverless needs the lowest and the highest capacity of the cluster: give both"]
    );
    cluster.settings = [(Setting::ServerlessMax, Value::Capacity(HalfUnits(4)))].into();
    assert_eq!(check(&job, &cluster, &facts(), now()), [""; 0]);
}

#[test]
fn an_identifier_in_use() {
    let taken = vec![DatabaseArn::new(Kind::Instance, place(), "draco-new-orders-m1-0123456789ab").unwrap()];
    assert_eq!(
        problem(&spec(&[]), &Facts { taken, ..facts() }),
        "the identifier draco-new-orders-m1-0123456789ab is in use by another instance: rename that, or choose another target"
    );
}

#[test]
fn engines_with_an_api_of_their_own() {
    for engine in ["docdb", "neptune"] {
        assert_eq!(
            problem(&Spec::new(Kind::Cluster, engine, "1"), &facts()),
            format!(
                "Draco does not restore {engine}, which has an API of its own: use aws {engine} restore-db-cluster-from-snapshot"
            )
        );
    }
}
