//! Databases of the simulated AWS, through its API.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_rds::Client;
use engines::{Engines, Pace};
use sim::journal::{Event, Journal};
use sim::servers::Servers;
use sim::{Settings, World};

use crate::support::{PASSWORD, psql_at};

const PROD: &str = "111111111111";
const DR: &str = "222222222222";

/// The failures of servers.
fn failures(journal: &Journal) -> Vec<String> {
    let failures = journal.entries().iter().filter_map(|entry| match &entry.event {
        Event::ServerFailed { resource, reason } => Some(format!("{resource}: {reason}")),
        _ => None,
    });
    failures.collect()
}

struct Fixture {
    world: World,
    engines: Arc<Engines>,
}

impl Fixture {
    fn new() -> Self {
        assert_eq!(engines::missing(), None);
        let engines = Arc::new(Engines::new(Pace::Paused, None).expect("a folder"));
        let servers = Arc::clone(&engines) as Arc<dyn Servers>;
        let world = World::with_settings(Settings { servers, latency: Duration::ZERO, ..Settings::default() });
        Self { world, engines }
    }

    fn rds(&self, account: &str, region: &str) -> Client {
        Client::new(&self.world.sdk_config(account, region))
    }

    /// Waits until a database is available. Its host.
    async fn available(&self, rds: &Client, id: &str) -> String {
        for _ in 0..1000 {
            let found = rds.describe_db_instances().db_instance_identifier(id).send().await.expect("a database");
            let found = found.db_instances().first().expect("a database");
            match found.db_instance_status() {
                Some("available") => return found.endpoint().and_then(|at| at.address()).expect("a host").to_owned(),
                Some(status) => assert!(!status.contains("fail") && !status.contains("incompatible"), "{status}"),
                None => {}
            }
            self.world.sleep(Duration::from_secs(30)).await;
        }
        unreachable!("{id} is not available");
    }

    /// Runs statements at a host, at this time.
    async fn psql(&self, host: &str, password: &str, statements: &str) -> Result<String, String> {
        let address = self.world.resolve(host).ok_or("no server")?;
        let ca = self.engines.ca();
        self.world.hold_clock(async { psql_at(host, address, ca, password, statements) }).await
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL"]
async fn rows_survive_a_snapshot_a_copy_in_another_account_and_a_restore_there() {
    let fixture = Fixture::new();
    let (prod, dr) = (fixture.rds(PROD, "eu-west-1"), fixture.rds(DR, "eu-central-1"));
    prod.create_db_instance()
        .db_instance_identifier("orders")
        .db_instance_class("db.t4g.micro")
        .engine("postgres")
        .allocated_storage(20)
        .master_username("boss")
        .master_user_password(PASSWORD)
        .db_name("shop")
        .send()
        .await
        .expect("a database");
    let host = fixture.available(&prod, "orders").await;
    fixture.psql(&host, PASSWORD, "create table orders (item text); insert into orders values ('a')").await.unwrap();

    // The window of times begins with the first automated backup.
    fixture.world.sleep(Duration::from_secs(3600)).await;
    prod.create_db_snapshot().db_instance_identifier("orders").db_snapshot_identifier("s").send().await.expect("begun");
    let moment = fixture.world.now();
    fixture.world.sleep(Duration::from_secs(3600)).await;
    fixture.psql(&host, PASSWORD, "insert into orders values ('b')").await.unwrap();
    prod.modify_db_snapshot_attribute()
        .db_snapshot_identifier("s")
        .attribute_name("restore")
        .values_to_add(DR)
        .send()
        .await
        .expect("shared");
    dr.copy_db_snapshot()
        .source_db_snapshot_identifier("arn:aws:rds:eu-west-1:111111111111:snapshot:s")
        .target_db_snapshot_identifier("copy")
        .send()
        .await
        .expect("begun");
    fixture.world.sleep(Duration::from_secs(3600)).await;
    let rows = "select string_agg(item, ' ' order by item) from orders";

    // The copy outlives its source.
    prod.delete_db_snapshot().db_snapshot_identifier("s").send().await.expect("deleted");
    dr.restore_db_instance_from_db_snapshot()
        .db_instance_identifier("orders")
        .db_snapshot_identifier("copy")
        .send()
        .await
        .expect("begun");
    let restored = fixture.available(&dr, "orders").await;
    assert_ne!(restored, host);
    assert_eq!(fixture.psql(&restored, PASSWORD, rows).await.unwrap(), "a");

    // To a point in time.
    let time = aws_sdk_rds::primitives::DateTime::from_secs((moment + Duration::from_secs(60)).timestamp());
    prod.restore_db_instance_to_point_in_time()
        .source_db_instance_identifier("orders")
        .target_db_instance_identifier("rewound")
        .restore_time(time)
        .send()
        .await
        .expect("begun");
    let rewound = fixture.available(&prod, "rewound").await;
    assert_eq!(fixture.psql(&rewound, PASSWORD, rows).await.unwrap(), "a");
    assert_eq!(fixture.psql(&host, PASSWORD, rows).await.unwrap(), "a b");
    assert_eq!(fixture.world.journal(failures), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL"]
async fn a_server_follows_what_happens_to_its_database() {
    let fixture = Fixture::new();
    let rds = fixture.rds(PROD, "eu-west-1");
    rds.create_db_instance()
        .db_instance_identifier("orders")
        .db_instance_class("db.t4g.micro")
        .engine("postgres")
        .allocated_storage(20)
        .master_username("boss")
        .master_user_password(PASSWORD)
        .db_name("shop")
        .send()
        .await
        .expect("a database");
    let host = fixture.available(&rds, "orders").await;
    let address = fixture.world.resolve(&host);
    fixture.psql(&host, PASSWORD, "create table t as select 1").await.unwrap();
    let soon = || fixture.world.sleep(Duration::from_secs(3600));

    rds.stop_db_instance().db_instance_identifier("orders").send().await.expect("begun");
    soon().await;
    assert_eq!(fixture.world.resolve(&host), None);
    rds.start_db_instance().db_instance_identifier("orders").send().await.expect("begun");
    fixture.available(&rds, "orders").await;
    assert_eq!(fixture.psql(&host, PASSWORD, "select * from t").await.unwrap(), "1");

    let modified = rds.modify_db_instance().db_instance_identifier("orders").apply_immediately(true);
    modified.master_user_password("a-new-password").new_db_instance_identifier("renamed").send().await.expect("begun");
    soon().await;
    let renamed = fixture.available(&rds, "renamed").await;
    assert_eq!(fixture.world.resolve(&host), None);
    assert_eq!(fixture.world.resolve(&renamed), address);
    assert_eq!(fixture.psql(&renamed, "a-new-password", "select * from t").await.unwrap(), "1");

    rds.delete_db_instance().db_instance_identifier("renamed").skip_final_snapshot(true).send().await.expect("begun");
    soon().await;
    assert_eq!(fixture.world.resolve(&renamed), None);
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL"]
async fn a_cluster_has_one_server_for_all_its_hosts() {
    let fixture = Fixture::new();
    let rds = fixture.rds(PROD, "eu-west-1");
    let soon = || fixture.world.sleep(Duration::from_secs(3600));
    let member = |cluster: &str, id: &str| {
        let member = rds.create_db_instance().db_cluster_identifier(cluster).db_instance_identifier(id);
        member.engine("aurora-postgresql").db_instance_class("db.r6g.large").send()
    };
    rds.create_db_cluster()
        .db_cluster_identifier("ledger")
        .engine("aurora-postgresql")
        .master_username("boss")
        .master_user_password(PASSWORD)
        .database_name("shop")
        .send()
        .await
        .expect("a cluster");
    soon().await;
    let found = rds.describe_db_clusters().db_cluster_identifier("ledger").send().await.expect("a cluster");
    let [writer, reader] = [found.db_clusters()[0].endpoint(), found.db_clusters()[0].reader_endpoint()]
        .map(|host| host.expect("a host").to_owned());
    // A cluster without instances has storage alone.
    assert_eq!(fixture.world.resolve(&writer), None);
    member("ledger", "ledger-1").await.expect("an instance");
    let host = fixture.available(&rds, "ledger-1").await;
    fixture.psql(&writer, PASSWORD, "create table t as select 7").await.unwrap();
    for host in [&reader, &host] {
        assert_eq!(fixture.psql(host, PASSWORD, "select * from t").await.unwrap(), "7");
    }

    // A restored cluster has its data before it has instances, and gets another password.
    let snapshot = rds.create_db_cluster_snapshot().db_cluster_identifier("ledger");
    snapshot.db_cluster_snapshot_identifier("s").send().await.expect("begun");
    soon().await;
    let restore = rds.restore_db_cluster_from_snapshot().db_cluster_identifier("restored").snapshot_identifier("s");
    restore.engine("aurora-postgresql").send().await.expect("begun");
    soon().await;
    let modify = rds.modify_db_cluster().db_cluster_identifier("restored").apply_immediately(true);
    modify.master_user_password("a-new-password").send().await.expect("begun");
    soon().await;
    member("restored", "restored-1").await.expect("an instance");
    let host = fixture.available(&rds, "restored-1").await;
    assert_eq!(fixture.psql(&host, "a-new-password", "select * from t").await.unwrap(), "7");

    rds.delete_db_instance().db_instance_identifier("restored-1").send().await.expect("begun");
    soon().await;
    assert_eq!(fixture.world.resolve(&host), None);
    assert_eq!(fixture.world.journal(failures), Vec::<String>::new());
}
