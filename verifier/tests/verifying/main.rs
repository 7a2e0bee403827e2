//! Verifications in the simulated AWS. The checker is a stand-in that answers what a test says: the real one has tests of its own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod attacks;
mod configured;
mod crashes;
mod plans;
mod stages;
mod verdicts;
mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use checks::{Answer, Facts, Fault, ObjectName, Part, Task};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::{Cloud, Function as _};
use protocol::{DatabaseArn, Kind, Origin, Place, SnapshotArn, Tags, tags};
use serde_json::{Value, json};
use sim::lambda::{Function, Invocation};
use sim::{Settings, World};
use verifier::Verifier;
use verifier::verified::Verified;

const SOURCE: &str = "111111111111";
const DR: &str = "222222222222";
const REGION: &str = "eu-west-1";
const BUCKET: &str = "draco-verify-reports";
const KEY: &str = "alias/draco";
const TIMER: &str = include_str!("../../../cfn/wait4copy.asl.json");

/// Answers a task as the checker.
type Script = Arc<Mutex<dyn FnMut(Task) -> Result<Answer, String> + Send>>;

fn place(account: &str) -> Place {
    Place { region: REGION.parse().unwrap(), account: account.parse().unwrap() }
}

fn settings() -> Settings {
    let answers = std::env::var("SIM_WORLD").unwrap_or_default().parse().expect("SIM_WORLD");
    Settings { epoch: DateTime::from_timestamp(1_795_226_400, 0).unwrap(), answers, ..Settings::default() }
}

/// The DR account with the verifier, which runs each hour.
struct Fixture {
    world: World,
    cloud: Cloud,
    rds: aws_sdk_rds::Client,
    sfn: aws_sdk_sfn::Client,
    /// The queue that has subscribed to the results.
    results: (aws_sdk_sqs::Client, String),
}

/// The part of a good copy with one table.
fn good() -> Part {
    let table = json!({ "database": "shop", "schema": "public", "name": "orders", "rows": 1000, "bytes": 64_000,
        "milliseconds": 20, "columns": [{ "name": "id", "type": "bigint" }] });
    Part {
        complete: true,
        facts: Some(Facts { version: "16.3".to_owned(), databases: vec!["shop".to_owned()] }),
        tables: vec![serde_json::from_value(table).unwrap()],
        ..Part::default()
    }
}

/// A fault of a copy that is not good.
fn damage() -> Fault {
    Fault::DamagedTable { table: ObjectName::in_schema("shop", "public", "orders"), code: "XX001".to_owned() }
}

fn done(part: Part) -> Result<Answer, String> {
    Ok(Answer { part, next: None })
}

fn script(answer: impl FnMut(Task) -> Result<Answer, String> + Send + 'static) -> Script {
    Arc::new(Mutex::new(answer))
}

async fn put(cloud: &Cloud, key: &str, content: &[u8]) {
    cloud.write_object(BUCKET, key, content.to_vec(), &cloud::Version::Any).await.unwrap();
}

impl Fixture {
    /// The verifier with more settings than it needs, and this checker.
    async fn new(more: &[(&str, &str)], checker: Script) -> Self {
        Self::with(settings(), more, checker).await
    }

    /// In an AWS with these settings.
    async fn with(settings: Settings, more: &[(&str, &str)], checker: Script) -> Self {
        let world = World::with_settings(settings);
        let config = world.sdk_config(DR, REGION);
        let rds = aws_sdk_rds::Client::new(&config);
        let subnets = [("subnet-a", "eu-west-1a"), ("subnet-b", "eu-west-1b")];
        world.add_vpc(DR, REGION, "vpc-draco", &subnets, &["sg-draco"]);
        let group =
            rds.create_db_subnet_group().db_subnet_group_name("draco-verify").db_subnet_group_description("Draco");
        group.subnet_ids("subnet-a").subnet_ids("subnet-b").send().await.unwrap();
        let s3 = aws_sdk_s3::Client::new(&config);
        let location = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1);
        s3.create_bucket().bucket(BUCKET).create_bucket_configuration(location.build()).send().await.unwrap();
        let cloud = Cloud::new(&config, place(DR));
        cloud.find_or_create_key(KEY, "Draco", &Tags::default()).await.unwrap();
        put(&cloud, "roots.pem", b"-----BEGIN CERTIFICATE-----").await;
        let sns = aws_sdk_sns::Client::new(&config);
        let topic = sns.create_topic().name("draco-verifications").send().await.unwrap().topic_arn.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let queue = sqs.create_queue().queue_name("results").send().await.unwrap().queue_url.unwrap();
        let arn = format!("arn:aws:sqs:{REGION}:{DR}:results");
        let subscription = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
        subscription.attributes("RawMessageDelivery", "true").send().await.unwrap();
        let check = move |invocation: Invocation| {
            let checker = Arc::clone(&checker);
            async move {
                let task = serde_json::from_value(invocation.payload).map_err(|error| error.to_string())?;
                let answer = (*checker.lock().unwrap())(task)?;
                serde_json::to_value(answer).map_err(|error| error.to_string())
            }
        };
        let checker = Function::new("draco-checker", check).timeout(Duration::from_secs(900));
        let checker = world.add_function(DR, REGION, "draco-checker", checker);
        let code = |invocation: Invocation| async move {
            let cloud = Cloud::new(&invocation.config, place(DR));
            let verifier = Verifier::new(cloud, &invocation.environment).map_err(|error| error.to_string())?;
            let handled = verifier.handle(invocation.payload, invocation.deadline).await;
            handled.map_err(|error| format!("{error:#}"))
        };
        let mut function = Function::new("draco-verifier", code).timeout(Duration::from_secs(900));
        let timer = format!("arn:aws:states:{REGION}:{DR}:stateMachine:draco-verify");
        let base = [
            ("SOURCE_ACCTS", SOURCE),
            ("CHECKER_ARN", &checker),
            ("REPORT_BUCKET", BUCKET),
            ("RESULT_TOPIC_ARN", &topic),
            ("SUBNET_GROUP", "draco-verify"),
            ("SECURITY_GROUP", "sg-draco"),
            ("VERIFY_TIMER_ARN", &timer),
        ];
        for (name, value) in base.iter().chain(more) {
            function = function.environment(name, value);
        }
        let function = world.add_function(DR, REGION, "draco-verifier", function);
        let sfn = aws_sdk_sfn::Client::new(&config);
        let machine =
            sfn.create_state_machine().name("draco-verify").definition(TIMER.replace("${FunctionArn}", &function));
        machine.role_arn(format!("arn:aws:iam::{DR}:role/draco-timer")).send().await.unwrap();
        world.add_schedule(DR, REGION, "draco-verify", Duration::from_secs(3600), &function, json!({ "verify": {} }));
        Self { world, cloud, rds, sfn, results: (sqs, queue) }
    }

    /// A complete copy of a snapshot of this database in the source account.
    async fn copy(&self, kind: Kind, name: &str) -> SnapshotArn {
        let base = format!("base-{name}");
        let database = DatabaseArn::new(kind, place(SOURCE), name).unwrap();
        match kind {
            Kind::Instance => {
                let call = self.rds.create_db_instance().db_instance_identifier(&base).engine("postgres");
                let call = call.engine_version("16.3").db_instance_class("db.m6g.xlarge").allocated_storage(100);
                let call = call.master_username("draco").master_user_password("not-a-secret").storage_encrypted(true);
                call.backup_retention_period(0).send().await.unwrap();
            }
            Kind::Cluster => {
                let call = self.rds.create_db_cluster().db_cluster_identifier(&base).engine("aurora-postgresql");
                let call = call.engine_version("16.4").master_username("draco").master_user_password("not-a-secret");
                call.storage_encrypted(true).send().await.unwrap();
            }
        }
        self.world.sleep(Duration::from_secs(1800)).await;
        let snapshot = SnapshotArn::new(kind, place(DR), &format!("{base}-snapshot")).unwrap();
        match kind {
            Kind::Instance => {
                let call = self.rds.create_db_snapshot().db_instance_identifier(&base);
                drop(call.db_snapshot_identifier(snapshot.id()).send().await.unwrap());
            }
            Kind::Cluster => {
                let call = self.rds.create_db_cluster_snapshot().db_cluster_identifier(&base);
                drop(call.db_cluster_snapshot_identifier(snapshot.id()).send().await.unwrap());
            }
        }
        self.world.sleep(Duration::from_secs(1200)).await;
        let taken = self.world.now();
        let source = SnapshotArn::new(kind, place(SOURCE), &format!("{name}-nightly")).unwrap();
        let origin =
            Origin { snapshot: source, database, taken: DateTime::from_timestamp(taken.timestamp(), 0).unwrap() };
        let reported = self.world.now().to_rfc3339();
        let all = origin.to_tags().with([(tags::LIFECYCLE, "Standard"), (tags::REPORTED, reported.as_str())]);
        let copy = origin.copy(&place(DR));
        self.cloud.copy(&snapshot, &copy, Some(KEY), &all).await.unwrap();
        self.world.sleep(Duration::from_secs(1200)).await;
        copy
    }

    /// A copy of a later snapshot of the same database.
    async fn later_copy(&self, earlier: &Origin) -> SnapshotArn {
        let id = format!("{}-later", earlier.snapshot.id());
        let snapshot = SnapshotArn::new(earlier.snapshot.kind, earlier.snapshot.place.clone(), &id).unwrap();
        let taken = DateTime::from_timestamp(self.world.now().timestamp(), 0).unwrap();
        let origin = Origin { snapshot, taken, database: earlier.database.clone() };
        let reported = self.world.now().to_rfc3339();
        let all = origin.to_tags().with([(tags::LIFECYCLE, "Standard"), (tags::REPORTED, reported.as_str())]);
        let copy = origin.copy(&place(DR));
        self.cloud.copy(&earlier.copy(&place(DR)), &copy, Some(KEY), &all).await.unwrap();
        self.world.sleep(Duration::from_secs(1200)).await;
        copy
    }

    async fn hours(&self, hours: u64) {
        self.world.sleep(Duration::from_secs(3600 * hours)).await;
    }

    /// The words of the verdict on a copy, without the time.
    async fn verdict(&self, copy: &SnapshotArn) -> Option<String> {
        let found = self.cloud.find(copy).await.unwrap().unwrap();
        let verified: Verified = found.tags.get(tags::VERIFIED)?.parse().unwrap();
        Some(format!("{} {}", verified.conclusion.word(), verified.reached()).trim_end().to_owned())
    }

    /// The identifiers of the databases that Draco has made.
    async fn databases(&self) -> BTreeSet<String> {
        let instances = self.rds.describe_db_instances().send().await.unwrap();
        let clusters = self.rds.describe_db_clusters().send().await.unwrap();
        let instances = instances.db_instances().iter().filter_map(|it| it.db_instance_identifier());
        let clusters = clusters.db_clusters().iter().filter_map(|it| it.db_cluster_identifier());
        instances.chain(clusters).filter(|name| name.starts_with("draco-")).map(str::to_owned).collect()
    }

    /// The messages about results.
    async fn messages(&self) -> Vec<Value> {
        let (sqs, url) = &self.results;
        let received = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
        received.messages().iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
    }
}
