//! Each row of the spec: a value that is read from a database and given to a restore reads the same afterwards.

use protocol::spec::value::HalfUnits;
use protocol::spec::{Given, Setting, Target, Value};

use super::*;

fn text(value: &str) -> Value {
    Value::Name(value.to_owned())
}

fn names(values: &[&str]) -> Value {
    Value::Names(values.iter().map(|value| (*value).to_owned()).collect())
}

/// The rows that no test here has, and why.
const NOT_HERE: [(Setting, &str); 20] = [
    (Setting::ServerlessPause, "the simulated AWS does not pause clusters"),
    (Setting::ProcessorFeatures, "not simulated"),
    (Setting::EngineMode, "all modes but the usual one are gone"),
    (Setting::BacktrackWindow, "not simulated"),
    (Setting::NetworkType, "the simulated AWS has no subnets with IPv6"),
    (Setting::InsightsKey, "it is not compared, and has a test of its own"),
    (Setting::AvailabilityZone, "AWS chooses"),
    (Setting::AvailabilityZones, "AWS chooses"),
    (Setting::PasswordKey, "it is not compared"),
    (Setting::Domain, "not simulated"),
    (Setting::DomainRole, "not simulated"),
    (Setting::DomainFqdn, "not simulated"),
    (Setting::DomainUnit, "not simulated"),
    (Setting::DomainSecret, "not simulated"),
    (Setting::DomainDnsIps, "not simulated"),
    (Setting::BackupTarget, "not simulated"),
    (Setting::CustomerOwnedIp, "not simulated"),
    (Setting::AdditionalVolumes, "no request of Draco's has it"),
    (Setting::HttpEndpoint, "no request of Draco's has it"),
    (Setting::Roles, "no request of Draco's has it"),
];

/// A setting that was forgotten here would be lost in a restore without notice.
#[test]
fn each_row_is_read_back_or_has_a_reason() {
    let all = [of_instance(), of_sql_server(), of_multi_az_cluster(), of_cluster()].concat();
    let is_read = |setting: Setting| all.iter().any(|(_, given)| given.iter().any(|(of, _)| *of == setting));
    for setting in Setting::ALL.iter().copied() {
        let reason = NOT_HERE.iter().find(|(of, _)| *of == setting);
        assert_ne!(is_read(setting), reason.is_some(), "{setting:?}: {reason:?}");
    }
}

/// The rows of an instance, each with a value that differs from the old database's and from AWS's default, and with the settings that it
/// needs.
fn of_instance() -> Vec<(Setting, Vec<(Setting, Value)>)> {
    use Setting::*;
    let one = |setting, value| (setting, vec![(setting, value)]);
    vec![
        one(Class, text("db.t4g.large")),
        (StorageType, vec![(StorageType, text("io1")), (Iops, Value::Number(3000))]),
        one(AllocatedStorage, Value::Number(200)),
        (Iops, vec![(Iops, Value::Number(13_000)), (AllocatedStorage, Value::Number(500))]),
        (
            StorageThroughput,
            vec![
                (StorageThroughput, Value::Number(600)),
                (AllocatedStorage, Value::Number(500)),
                (Iops, Value::Number(12_500)),
            ],
        ),
        one(MaxAllocatedStorage, Value::Number(1000)),
        (
            DedicatedLogVolume,
            vec![(DedicatedLogVolume, Value::Flag(true)), (StorageType, text("io1")), (Iops, Value::Number(3000))],
        ),
        one(OptionGroup, text("other")),
        (SubnetGroup, vec![(SubnetGroup, text("other")), (SecurityGroups, names(&["sg-other"]))]),
        // PostgreSQL has no other.
        one(LicenseModel, text("postgresql-license")),
        one(MultiAz, Value::Flag(false)),
        one(Port, Value::Number(5555)),
        one(ParameterGroup, text("other")),
        one(IamAuthentication, Value::Flag(true)),
        one(ManagedPassword, Value::Flag(true)),
        one(DeletionProtection, Value::Flag(false)),
        one(BackupRetention, Value::Number(3)),
        one(LogExports, names(&["postgresql"])),
        one(CopyTagsToSnapshot, Value::Flag(false)),
        (BackupWindow, vec![(BackupWindow, text("01:00-01:30")), (MaintenanceWindow, text("sun:05:00-sun:05:30"))]),
        one(AutoMinorUpgrade, Value::Flag(false)),
        one(PubliclyAccessible, Value::Flag(true)),
        (InsightsRetention, vec![(InsightsRetention, Value::Number(31)), (PerformanceInsights, Value::Flag(true))]),
        (
            MonitoringInterval,
            vec![
                (MonitoringInterval, Value::Number(60)),
                (MonitoringRole, text("arn:aws:iam::222222222222:role/monitoring")),
            ],
        ),
        one(CertificateAuthority, text("rds-ca-rsa4096-g1")),
        one(LifecycleSupport, text("open-source-rds-extended-support-disabled")),
        advanced(),
    ]
}

/// The mode of Database Insights, which AWS takes only with the others.
fn advanced() -> (Setting, Vec<(Setting, Value)>) {
    use Setting::*;
    let insights = [(PerformanceInsights, Value::Flag(true)), (InsightsRetention, Value::Number(465))];
    (InsightsMode, [&[(InsightsMode, text("advanced"))], &insights[..]].concat())
}

/// The storage of SQL Server, which its restore does not have.
fn of_sql_server() -> Vec<(Setting, Vec<(Setting, Value)>)> {
    use Setting::*;
    vec![
        (AllocatedStorage, vec![(AllocatedStorage, Value::Number(200))]),
        (StorageType, vec![(StorageType, text("io1")), (Iops, Value::Number(3000))]),
        (StorageThroughput, vec![(StorageThroughput, Value::Number(250)), (Iops, Value::Number(4000))]),
    ]
}

fn of_multi_az_cluster() -> Vec<(Setting, Vec<(Setting, Value)>)> {
    use Setting::*;
    vec![
        (ClusterClass, vec![(ClusterClass, text("db.r6gd.large"))]),
        (StorageType, vec![(StorageType, text("gp3")), (Iops, Value::Number(3000))]),
        // With the recorded IOPS.
        (AllocatedStorage, vec![(AllocatedStorage, Value::Number(200))]),
        (InsightsRetention, vec![(InsightsRetention, Value::Number(31)), (PerformanceInsights, Value::Flag(true))]),
        advanced(),
        (
            MonitoringInterval,
            vec![
                (MonitoringInterval, Value::Number(60)),
                (MonitoringRole, text("arn:aws:iam::222222222222:role/monitoring")),
            ],
        ),
    ]
}

fn of_cluster() -> Vec<(Setting, Vec<(Setting, Value)>)> {
    use Setting::*;
    let one = |setting, value| (setting, vec![(setting, value)]);
    vec![
        one(Class, text("db.r6g.xlarge")),
        (
            ServerlessMax,
            vec![(ServerlessMin, Value::Capacity(HalfUnits(1))), (ServerlessMax, Value::Capacity(HalfUnits(9)))],
        ),
        one(StorageType, text("aurora-iopt1")),
        one(Port, Value::Number(5555)),
        one(ClusterParameterGroup, text("other")),
        one(ParameterGroup, text("other")),
        (SubnetGroup, vec![(SubnetGroup, text("other")), (SecurityGroups, names(&["sg-other"]))]),
        one(IamAuthentication, Value::Flag(true)),
        one(ManagedPassword, Value::Flag(true)),
        one(DeletionProtection, Value::Flag(false)),
        one(BackupRetention, Value::Number(3)),
        one(PromotionTier, Value::Number(9)),
        one(LogExports, names(&["postgresql"])),
        one(CopyTagsToSnapshot, Value::Flag(false)),
        (BackupWindow, vec![(BackupWindow, text("01:00-01:30")), (MaintenanceWindow, text("sun:05:00-sun:05:30"))]),
        one(AutoMinorUpgrade, Value::Flag(false)),
        one(AutoMinorUpgrade, Value::Flag(true)),
        one(CertificateAuthority, text("rds-ca-rsa4096-g1")),
        (InsightsRetention, vec![(InsightsRetention, Value::Number(31)), (PerformanceInsights, Value::Flag(true))]),
        (
            MonitoringInterval,
            vec![
                (MonitoringInterval, Value::Number(60)),
                (MonitoringRole, text("arn:aws:iam::222222222222:role/monitoring")),
            ],
        ),
        one(LocalWriteForwarding, Value::Flag(true)),
        one(PubliclyAccessible, Value::Flag(true)),
        advanced(),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_setting_of_an_instance_reads_the_same_after_a_restore() {
    each_reads_the_same(Shape::Instance, of_instance()).await;
}

#[tokio::test(start_paused = true)]
async fn each_setting_of_a_cluster_reads_the_same_after_a_restore() {
    each_reads_the_same(Shape::AuroraCluster, of_cluster()).await;
}

#[tokio::test(start_paused = true)]
async fn the_storage_of_sql_server_reads_the_same_after_a_restore() {
    each_reads_the_same(Shape::SqlServer, of_sql_server()).await;
}

#[tokio::test(start_paused = true)]
async fn each_setting_of_a_multi_az_cluster_reads_the_same_after_a_restore() {
    each_reads_the_same(Shape::MultiAzCluster, of_multi_az_cluster()).await;
}

async fn each_reads_the_same(shape: Shape, rows: Vec<(Setting, Vec<(Setting, Value)>)>) {
    for (setting, overrides) in rows {
        let fixture = Fixture::of(shape).await;
        if shape != Shape::SqlServer {
            groups(&fixture).await;
        }
        // First as an override; then as what is read from the database that has it.
        let first = Request { overrides: overrides.iter().cloned().collect(), ..fixture.request(Verb::Restore) };
        let Outcome::Provisioned { database: first, report } = fixture.provision(&Job::new(first).unwrap()).await
        else {
            panic!("{setting:?}")
        };
        assert!(!report.iter().any(|line| line.contains("does not take over")), "{report:?}");
        for (setting, value) in &overrides {
            has(&first, *setting, value);
        }
        let target = DatabaseArn::new(shape.kind(), place(), "others").unwrap();
        let replaces = Some(first.resource_id.clone());
        let second = Request { target, replaces, ..fixture.request(Verb::Restore) };
        let second = fixture.provisioned(&Job::new(second).unwrap()).await;
        for (setting, value) in &overrides {
            has(&second, *setting, value);
        }
        println!("{setting:?} reads the same");
    }
}

/// The value of a database, and of all members of a cluster, as far as the setting is given for them.
fn has(database: &Observed, setting: Setting, value: &Value) {
    let is_given = |target: Target| !matches!(setting.row().given(target), Given::No | Given::Report);
    let own = [&database.spec.settings].into_iter().filter(|_| is_given(database.spec.target()));
    let members = database.members.iter().map(|member| &member.settings).filter(|_| is_given(Target::Member));
    let all: Vec<_> = own.chain(members).collect();
    assert!(!all.is_empty(), "{setting:?}");
    for settings in all {
        assert_eq!(settings.get(&setting), Some(value), "{setting:?}: {settings:?}");
    }
}

/// Other groups than the old database's.
async fn groups(fixture: &Fixture) {
    let family = &format!("{}16", fixture.orders.spec.engine);
    let group =
        fixture.rds.create_db_parameter_group().db_parameter_group_name("other").db_parameter_group_family(family);
    group.description("Other").send().await.unwrap();
    let subnets = [("subnet-o1", "eu-west-1a"), ("subnet-o2", "eu-west-1b"), ("subnet-o3", "eu-west-1c")];
    fixture.world.add_vpc(ACCOUNT, REGION, "vpc-other", &subnets, &["sg-other"]);
    let group = fixture.rds.create_db_subnet_group().db_subnet_group_name("other").db_subnet_group_description("Other");
    let group = group.set_subnet_ids(Some(subnets.iter().map(|(subnet, _)| (*subnet).to_owned()).collect()));
    group.send().await.unwrap();
    if fixture.kind == Kind::Instance {
        let group = fixture.rds.create_option_group().option_group_name("other").engine_name("postgres");
        group.major_engine_version("16").option_group_description("Other").send().await.unwrap();
    }
    if fixture.kind == Kind::Cluster {
        let group = fixture.rds.create_db_cluster_parameter_group().db_cluster_parameter_group_name("other");
        group.db_parameter_group_family(family).description("Other").send().await.unwrap();
    }
}
