//! Requests that cannot work, in the simulated AWS: one line, and nothing is created.

use protocol::job::Moment;
use protocol::spec::{Setting, Value};

use super::*;

fn text(value: &str) -> Value {
    Value::Name(value.to_owned())
}

/// The lines of the refusal. Nothing was changed.
async fn refusal(fixture: &Fixture, request: Request) -> Vec<String> {
    let job = Job::new(request).unwrap();
    let start = fixture.world.now();
    let outcome = provision::step(&fixture.cloud, &job, Begin::Allowed, None, start).await.unwrap();
    let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
    let calls = fixture.calls_since(start);
    assert!(calls.keys().all(|operation| operation.starts_with("Describe")), "{calls:?}");
    reason.lines().map(str::to_owned).collect()
}

async fn with(fixture: &Fixture, overrides: &[(Setting, Value)]) -> String {
    let overrides = overrides.iter().cloned().collect();
    let mut lines = refusal(fixture, Request { overrides, ..fixture.request(Verb::Restore) }).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_class_a_version_or_storage_that_is_not_offered() {
    let fixture = Fixture::new(Kind::Instance).await;
    let line = with(&fixture, &[(Setting::Class, text("db.m9z.large"))]).await;
    assert!(
        line.starts_with(
            "db.m9z.large is not offered for postgres 16.3 in eu-west-1: choose another class, such as db."
        ),
        "{line}"
    );
    let line = with(&fixture, &[(Setting::AllocatedStorage, Value::Number(50))]).await;
    assert_eq!(line, "the requested storage of 50 GiB is less than the 100 GiB of the data: request 100 GiB at least");
    fixture.world.retire_engine_version("postgres", "16.3");
    let line = with(&fixture, &[]).await;
    assert!(line.starts_with("postgres 16.3 is not offered in eu-west-1 any more"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_subnet_group_of_another_vpc() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let subnets = [("subnet-a", "eu-west-1a"), ("subnet-b", "eu-west-1b")];
        fixture.world.add_vpc(ACCOUNT, REGION, "vpc-2", &subnets, &["sg-2"]);
        let group = fixture.rds.create_db_subnet_group().db_subnet_group_name("other");
        let group = group.db_subnet_group_description("Other").subnet_ids("subnet-a").subnet_ids("subnet-b");
        group.send().await.unwrap();
        fixture.world.sleep(Duration::from_secs(26 * 3600)).await;
        let (vpc, _) = fixture.world.default_vpc(ACCOUNT, REGION);
        let live = Source::PointInTime { resource_id: fixture.orders.resource_id.clone(), moment: Moment::Latest };
        for source in [fixture.request(Verb::Restore).source, live] {
            let overrides = [(Setting::SubnetGroup, text("other"))].into();
            let lines = refusal(&fixture, Request { source, overrides, ..fixture.request(Verb::Restore) }).await;
            assert_eq!(
                lines,
                [format!(
                    "the subnet group other is in vpc-2, and the security groups are in {vpc}: name security groups of vpc-2, or a subnet group of {vpc}"
                )],
                "{kind:?}"
            );
        }
    }
}

// Settings that only a modification has would be refused after hours.
#[tokio::test(start_paused = true)]
async fn a_value_that_aws_does_not_take() {
    use Setting::*;
    let fixture = Fixture::new(Kind::Instance).await;
    let role = || (MonitoringRole, text("arn:aws:iam::222222222222:role/monitoring"));
    let insights = || (PerformanceInsights, Value::Flag(true));
    for (overrides, expected) in [
        (
            vec![(MaintenanceWindow, text("sunday"))],
            "PreferredMaintenanceWindow sunday was requested, and AWS takes ddd:hh:mm-ddd:hh:mm of at least 30 minutes, such as sun:05:00-sun:05:30: correct it",
        ),
        (
            vec![(MonitoringInterval, Value::Number(7)), role()],
            "MonitoringInterval 7 was requested, and AWS takes 0, 1, 5, 10, 15, 30 or 60: correct it",
        ),
        (
            vec![(InsightsRetention, Value::Number(10)), insights()],
            "PerformanceInsightsRetentionPeriod 10 was requested, and AWS takes 7, a multiple of 31 up to 713, or 731: correct it",
        ),
        (
            vec![(BackupRetention, Value::Number(36))],
            "BackupRetentionPeriod 36 was requested, and AWS takes 0 to 35: correct it",
        ),
        (
            vec![(BackupWindow, text("05:00-05:30")), (MaintenanceWindow, text("sun:05:00-sun:05:30"))],
            "the backup window 05:00-05:30 and the maintenance window sun:05:00-sun:05:30 overlap: give windows that do not",
        ),
        (
            vec![(InsightsMode, text("advanced"))],
            "the advanced mode of Database Insights was requested, which needs Performance Insights with a retention of 465 days at least: give both, or leave it out",
        ),
        (
            vec![(InsightsRetention, Value::Number(31))],
            "a retention was requested for Performance Insights, which is off: turn it on, or leave it out",
        ),
        (
            vec![(MaxAllocatedStorage, Value::Number(99))],
            "the highest storage of 99 GiB is not more than the storage of 100 GiB: request more, or leave it out",
        ),
    ] {
        let expected = [expected];
        for verb in [Verb::Restore, Verb::Verify] {
            if overrides.iter().any(|(setting, _)| *setting == BackupRetention) && verb == Verb::Verify {
                continue;
            }
            let overrides = overrides.iter().cloned().collect();
            let lines = refusal(&fixture, Request { overrides, ..fixture.request(verb) }).await;
            assert_eq!(lines, expected, "{verb:?}");
        }
    }
}

// Invariant 22.
#[tokio::test(start_paused = true)]
async fn a_deadline_of_a_temporary_database_that_is_too_far_away() {
    let fixture = Fixture::new(Kind::Instance).await;
    let deadline = fixture.world.now() + TimeDelta::days(30) + TimeDelta::hours(1);
    let lines = refusal(&fixture, Request { deadline, ..fixture.request(Verb::Verify) }).await;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(
        line.ends_with("is 30 days away, a temporary database has at most 7: choose an earlier deadline"),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn groups_that_are_missing_or_do_not_fit() {
    let fixture = Fixture::new(Kind::Instance).await;
    let line = with(&fixture, &[(Setting::SubnetGroup, text("none"))]).await;
    assert_eq!(line, "there is no subnet group none in this region and account: create it, or name another one");
    let line = with(&fixture, &[(Setting::ParameterGroup, text("none"))]).await;
    assert_eq!(line, "there is no parameter group none in this region and account: create it, or name another one");
    let group = fixture.rds.create_db_parameter_group().db_parameter_group_name("older");
    group.db_parameter_group_family("postgres15").description("Older").send().await.unwrap();
    let line = with(&fixture, &[(Setting::ParameterGroup, text("older"))]).await;
    assert_eq!(
        line,
        "the parameter group older is of the family postgres15, and postgres 16.3 needs postgres16: name a group of that family"
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_that_cannot_be_restored() {
    let fixture = Fixture::new(Kind::Instance).await;
    fixture.world.sleep(Duration::from_secs(26 * 3600)).await;
    let now = fixture.world.now();
    let at = |time| Request {
        source: Source::PointInTime { resource_id: fixture.orders.resource_id.clone(), moment: Moment::At(time) },
        ..fixture.request(Verb::Rewind)
    };
    for (time, text) in [
        (now - TimeDelta::days(40), "is before the earliest time"),
        (now + TimeDelta::hours(1), "is in the future"),
        (now - TimeDelta::seconds(5), "AWS is some 5 minutes behind"),
    ] {
        let lines = refusal(&fixture, at(time)).await;
        assert!(lines.len() == 1 && lines[0].contains(text), "{lines:?}");
    }
}

// AWS would use the default VPC and its default security group.
#[tokio::test(start_paused = true)]
async fn data_without_recorded_settings_for_which_no_network_is_given() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let lines = refusal(&fixture, Request { replaces: None, ..fixture.request(Verb::Verify) }).await;
        assert_eq!(
            lines,
            [
                "the network of the data's database is not known, and the job has no DBSubnetGroupName and no VpcSecurityGroupIds: \
              give the subnet group and the security groups of the new database"
            ]
        );
    }
}

// After the deadline the data are not described: a call that AWS denies would fail each time.
#[tokio::test(start_paused = true)]
async fn a_job_after_its_deadline_does_not_look_at_the_data() {
    let fixture = Fixture::new(Kind::Instance).await;
    let snapshot = SnapshotArn::new(Kind::Instance, place(), "none").unwrap();
    let start = fixture.world.now();
    for (hours, looks) in [(0, false), (1, true)] {
        let deadline = start + TimeDelta::hours(hours);
        let source = Source::Snapshot(snapshot.clone());
        refusal(&fixture, Request { source, deadline, replaces: None, ..fixture.request(Verb::Restore) }).await;
        assert_eq!(fixture.calls_since(start).contains_key("DescribeDBSnapshots"), looks);
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_are_gone() {
    let fixture = Fixture::new(Kind::Instance).await;
    let snapshot = SnapshotArn::new(Kind::Instance, place(), "none").unwrap();
    let lines =
        refusal(&fixture, Request { source: Source::Snapshot(snapshot.clone()), ..fixture.request(Verb::Verify) })
            .await;
    assert_eq!(lines, [format!("there is no snapshot {snapshot}: choose another one")]);
    let source = Source::PointInTime { resource_id: "db-NONE".to_owned(), moment: Moment::Latest };
    let lines = refusal(&fixture, Request { source, ..fixture.request(Verb::Rewind) }).await;
    assert_eq!(
        lines,
        ["there is neither a database with the resource ID db-NONE nor a backup of it: restore a snapshot"]
    );
}

// Each of several problems has a line.
#[tokio::test(start_paused = true)]
async fn several_problems_at_once() {
    let fixture = Fixture::new(Kind::Instance).await;
    let overrides = [(Setting::AllocatedStorage, Value::Number(50)), (Setting::SubnetGroup, text("none"))].into();
    let lines = refusal(&fixture, Request { overrides, ..fixture.request(Verb::Restore) }).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_shared_and_encrypted() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind).await;
        let other = Cloud::new(
            &fixture.world.sdk_config("333333333333", REGION),
            Place { account: "333333333333".parse().unwrap(), ..place() },
        );
        share(&fixture).await;
        let target = DatabaseArn::new(kind, other.here().clone(), "orders").unwrap();
        let source = Source::Snapshot(SnapshotArn::new(kind, place(), "copy").unwrap());
        let job = Job::new(Request { source, target, replaces: None, ..fixture.request(Verb::Verify) }).unwrap();
        let outcome = provision::step(&other, &job, Begin::Allowed, None, fixture.world.now()).await.unwrap();
        let Outcome::Refused { reason } = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("is encrypted and shared by 222222222222, and AWS restores only copies"), "{reason}");
    }
}

/// Shares a copy of the snapshot under a key that the other account may use.
async fn share(fixture: &Fixture) {
    let account: protocol::AccountId = "333333333333".parse().unwrap();
    let kms = aws_sdk_kms::Client::new(&fixture.world.sdk_config(ACCOUNT, REGION));
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["arn:aws:iam::{ACCOUNT}:root","arn:aws:iam::333333333333:root"]}},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    let key = kms.create_key().policy(policy).send().await.unwrap().key_metadata.unwrap().key_id;
    let copy = SnapshotArn::new(fixture.kind, place(), "copy").unwrap();
    fixture.cloud.copy(&fixture.snapshot, &copy, Some(&key), &protocol::Tags::default()).await.unwrap();
    fixture.world.sleep(Duration::from_secs(7200)).await;
    fixture.cloud.share(&copy, &account).await.unwrap();
}
