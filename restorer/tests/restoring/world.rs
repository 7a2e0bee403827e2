//! One account with a production database, `orders`, a snapshot of it, and a client of it.

use super::*;

/// What a production database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Instance,
    /// An Aurora cluster of three.
    Cluster,
    /// An Aurora cluster with one serverless instance.
    Serverless,
}

pub(crate) const SHAPES: [Shape; 3] = [Shape::Instance, Shape::Cluster, Shape::Serverless];

impl Shape {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Instance => Kind::Instance,
            Self::Cluster | Self::Serverless => Kind::Cluster,
        }
    }
}

pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) cloud: Cloud,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) client: Arc<Client>,
    pub(crate) kind: Kind,
    /// The database as it was described before the job.
    pub(crate) orders: Observed,
    pub(crate) snapshot: SnapshotArn,
    pub(crate) start: DateTime<Utc>,
}

/// How far the steps of a job go.
pub(crate) type Goal<'g> = &'g dyn Fn(&Fixture, &Outcome) -> bool;

pub(crate) fn settings(client: &Arc<Client>) -> sim::Settings {
    let epoch = DateTime::from_timestamp(1_795_226_400, 0).unwrap();
    sim::Settings { epoch, servers: Arc::clone(client) as _, answers: answers(), ..sim::Settings::default() }
}

/// The answers to the open questions about AWS, as the whole-system tests have them.
fn answers() -> sim::questions::Answers {
    std::env::var("SIM_WORLD").unwrap_or_default().parse().expect("SIM_WORLD")
}

impl Fixture {
    pub(crate) async fn of(shape: Shape) -> Self {
        Self::with(shape, |_| ()).await
    }

    /// A world with other settings.
    pub(crate) async fn with(shape: Shape, change: impl FnOnce(&mut sim::Settings)) -> Self {
        let client = Arc::new(Client::default());
        let mut settings = settings(&client);
        change(&mut settings);
        let world = World::with_settings(settings);
        let config = world.sdk_config(ACCOUNT, REGION);
        let (cloud, rds) = (Cloud::new(&config, place()), aws_sdk_rds::Client::new(&config));
        let kind = shape.kind();
        create(&world, &cloud, &rds, shape).await;
        ready(&world, &cloud, &target(kind)).await;
        // Until its first automated backup is complete, there is none that a teardown could keep.
        world.sleep(Duration::from_secs(26 * 3600)).await;
        let snapshot = SnapshotArn::new(kind, place(), "before").unwrap();
        match kind {
            Kind::Instance => {
                let call = rds.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("before");
                drop(call.send().await.unwrap());
            }
            Kind::Cluster => {
                let call = rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
                drop(call.db_cluster_snapshot_identifier("before").send().await.unwrap());
            }
        }
        loop {
            world.sleep(Duration::from_secs(60)).await;
            let found = cloud.find(&snapshot).await.unwrap();
            if found.is_some_and(|found| found.status == protocol::Status::Available) {
                break;
            }
        }
        let orders = ready(&world, &cloud, &target(kind)).await;
        let start = world.now();
        Self { world, cloud, rds, client, kind, orders, snapshot, start }
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            verb: Verb::Restore,
            source: Source::Snapshot(self.snapshot.clone()),
            target: target(self.kind),
            replaces: Some(self.orders.resource_id.clone()),
            overrides: Settings::new(),
            approval: Approval::Given,
            keep: TimeDelta::hours(1),
            deadline: self.world.now() + TimeDelta::hours(24),
        }
    }

    pub(crate) fn job(&self) -> Job {
        Job::new(self.request()).unwrap()
    }

    /// Makes steps until the last outcome.
    pub(crate) async fn go(&self, job: &Job, direction: Direction) -> Outcome {
        self.go_until(job, direction, Begin::Allowed, &|_, outcome| is_last(outcome)).await.0
    }

    pub(crate) async fn undo(&self, job: &Job) -> Outcome {
        self.go(job, Direction::Undo { since: self.world.now() }).await
    }

    /// Makes steps until the goal is reached.
    pub(crate) async fn go_until(
        &self,
        job: &Job,
        direction: Direction,
        mut begin: Begin,
        is_reached: Goal<'_>,
    ) -> (Outcome, Begin) {
        let mut last = String::new();
        for _ in 0..STEPS {
            let after = match restorer::step(&self.cloud, job, direction, begin, self.world.now()).await {
                Ok(outcome) => {
                    if let Outcome::Again { begin: next, .. } = &outcome {
                        begin = *next;
                    }
                    if is_reached(self, &outcome) {
                        return (outcome, begin);
                    }
                    last = format!("{outcome:?}");
                    delay(&outcome)
                }
                // A function is invoked again by its timer.
                Err(error) => {
                    last = error.to_string();
                    provision::wait::CHANGE
                }
            };
            self.world.sleep(after.to_std().unwrap()).await;
        }
        panic!("{STEPS} steps were not enough: {last}")
    }

    /// The database under this name.
    pub(crate) async fn find(&self, arn: &DatabaseArn) -> Option<Observed> {
        self.cloud.observe(arn).await.unwrap()
    }

    pub(crate) async fn old(&self) -> Option<Observed> {
        self.cloud.observe_by_id(self.kind, &self.orders.resource_id).await.unwrap()
    }

    /// The identifiers of all instances and clusters.
    pub(crate) async fn names(&self) -> BTreeSet<String> {
        let instances = self.rds.describe_db_instances().send().await.unwrap();
        let clusters = self.rds.describe_db_clusters().send().await.unwrap();
        let instances = instances.db_instances().iter().filter_map(|it| it.db_instance_identifier());
        let clusters = clusters.db_clusters().iter().filter_map(|it| it.db_cluster_identifier());
        instances.chain(clusters).map(str::to_owned).collect()
    }

    /// The job is done: the target is a new database like the old one, and of the old one its data remain (invariant 19).
    pub(crate) async fn assert_done(&self, job: &Job, context: &str) {
        let found = ready(&self.world, &self.cloud, &target(self.kind)).await;
        assert_ne!(found.resource_id, self.orders.resource_id, "{context}");
        assert_eq!(lasting(&found.spec.settings), lasting(&self.orders.spec.settings), "{context}");
        assert_eq!(found.is_protected, self.orders.is_protected, "{context}");
        assert_eq!(found.endpoint, self.orders.endpoint, "{context}");
        let of_members = |it: &Observed| -> Vec<_> {
            let mut all: Vec<_> = it.members.iter().map(|it| (it.arn.clone(), lasting(&it.settings))).collect();
            all.sort_by(|one, other| one.0.id().cmp(other.0.id()));
            all
        };
        assert_eq!(of_members(&found), of_members(&self.orders), "{context}");
        let of_job = |name: &String| protocol::job::names::parse(name).is_some();
        assert_eq!(self.names().await.into_iter().filter(of_job).collect::<Vec<_>>(), [""; 0], "{context}");
        let snapshot = SnapshotArn::new(self.kind, place(), &job.final_snapshot()).unwrap();
        let snapshot = self.cloud.find(&snapshot).await.unwrap().expect("a final snapshot");
        assert_eq!(snapshot.resource_id.as_deref(), Some(&*self.orders.resource_id), "{context}");
        let backups = self.cloud.backups(self.kind, &self.orders.resource_id).await.unwrap();
        assert!(backups.is_some(), "no backups of the old database: {context}");
    }

    /// The undo is complete: the old database is as it was (invariant 20), and nothing else is there.
    pub(crate) async fn assert_undone(&self, names: &BTreeSet<String>, context: &str) {
        let found = ready(&self.world, &self.cloud, &target(self.kind)).await;
        assert_eq!(as_it_was(found), as_it_was(self.orders.clone()), "{context}");
        assert_eq!(self.names().await, *names, "{context}");
    }

    /// How long no database answered under the target's name, in all.
    pub(crate) fn interruption(&self) -> TimeDelta {
        self.client.interruptions(self.start, self.world.now()).iter().map(client::Interruption::length).sum()
    }

    /// The operations that the job has called since the start, and how often.
    pub(crate) fn calls(&self) -> Vec<(DateTime<Utc>, String, bool)> {
        self.world.journal(|journal| {
            let entries = journal.entries().iter().filter(|entry| entry.at > self.start);
            let calls = entries.filter_map(|entry| match &entry.event {
                Event::Call { operation, error, .. } => Some((entry.at, operation.clone(), error.is_some())),
                _ => None,
            });
            calls.collect()
        })
    }
}

pub(crate) fn is_last(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Again { .. } | Outcome::Swapped { .. })
}

fn delay(outcome: &Outcome) -> TimeDelta {
    match outcome {
        Outcome::Again { after, .. } => *after,
        Outcome::Swapped { .. } => TimeDelta::seconds(1),
        // As a timer that waits for a person.
        _ => TimeDelta::minutes(5),
    }
}

/// What AWS chooses at random is left out.
fn lasting(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.remove(&Setting::AvailabilityZone);
    settings.remove(&Setting::AvailabilityZones);
    settings
}

/// Without what changes as time passes, and in an order.
fn as_it_was(mut observed: Observed) -> Observed {
    observed.latest_restorable = None;
    observed.members.sort_by(|one, other| one.arn.id().cmp(other.arn.id()));
    // A reboot of the writer may make a reader the writer.
    observed.members.iter_mut().for_each(|member| member.is_writer = false);
    observed
}

/// Waits until the database is ready.
pub(crate) async fn ready(world: &World, cloud: &Cloud, arn: &DatabaseArn) -> Observed {
    for _ in 0..STEPS {
        if let Some(found) = cloud.observe(arn).await.unwrap()
            && found.condition == Condition::Ready
            && found.members.iter().all(|member| member.condition == Condition::Ready)
        {
            return found;
        }
        world.sleep(Duration::from_secs(60)).await;
    }
    panic!("{arn} is never ready")
}

/// A production database. It is not protected, so that an undo has to remove the protection that it gives.
async fn create(world: &World, cloud: &Cloud, rds: &aws_sdk_rds::Client, shape: Shape) {
    if shape == Shape::Instance {
        let call = rds.create_db_instance().db_instance_identifier("orders").engine("postgres").engine_version("16.3");
        let call = call.db_instance_class("db.t4g.medium").allocated_storage(100).storage_type("gp3");
        let call = call.master_username("draco").master_user_password("not-a-secret");
        let call = call.backup_retention_period(7).multi_az(true).port(5433).copy_tags_to_snapshot(true);
        call.storage_encrypted(true).tags(tag("owner", "shop")).send().await.unwrap();
        return;
    }
    let call = rds.create_db_cluster().db_cluster_identifier("orders").engine("aurora-postgresql");
    let call = call.engine_version("16.4").master_username("draco").master_user_password("not-a-secret");
    let call = call.backup_retention_period(7).storage_encrypted(true).copy_tags_to_snapshot(true);
    let call = call.tags(tag("owner", "shop"));
    let (call, members): (_, &[_]) = match shape {
        Shape::Serverless => {
            let range = ServerlessV2ScalingConfiguration::builder().min_capacity(0.5).max_capacity(8.0).build();
            (call.serverless_v2_scaling_configuration(range), &[("a", "db.serverless")])
        }
        Shape::Instance | Shape::Cluster => {
            (call, &[("a", "db.r6g.large"), ("b", "db.t4g.medium"), ("c", "db.t4g.medium")])
        }
    };
    call.send().await.unwrap();
    ready(world, cloud, &target(Kind::Cluster)).await;
    for (tier, (name, class)) in (1..).zip(members) {
        let call = rds.create_db_instance().db_instance_identifier(format!("orders-{name}"));
        let call = call.db_cluster_identifier("orders").engine("aurora-postgresql").db_instance_class(*class);
        call.promotion_tier(tier).send().await.unwrap();
    }
}
