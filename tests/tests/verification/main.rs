//! Verifications by the deployed functions, under the template's roles: from a real database in production to the verdict on its copy in DR.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod bad;
mod harm;

use std::process::Command;
use std::sync::Arc;

use checks::Product;
use cloud::{Cloud, Version};
use engines::{Engines, Pace};
use harm::{Harm, Harmed};
use protocol::{DatabaseArn, Kind, Snapshot, tags};
use rehearsal::{Database, Setup};
use serde_json::{Value, json};
use sim::Settings;
use sim::journal::Event;
use sim::servers::Servers;
use tests::{DR, Fixture, HOUR, MINUTE, REGION, SOURCE, settings};

const PRODUCTS: [Product; 2] = [Product::Postgres, Product::Mysql];

/// Production, with a real server if there are engines, and DR with the verifier.
struct Deployed {
    fixture: Fixture,
    engines: Option<Arc<Engines>>,
    harmed: Option<Arc<Harmed>>,
    product: Product,
    orders: DatabaseArn,
    bucket: String,
}

impl Deployed {
    /// With a real server, and what happens to a copy when it is restored.
    async fn with_engines(product: Product, harm: Option<Harm>) -> anyhow::Result<Self> {
        assert_eq!(engines::missing(), None);
        let engines = Arc::new(Engines::new(Pace::Paused, None)?);
        let harmed = harm.map(|harm| Arc::new(Harmed::new(Arc::clone(&engines), harm)));
        let servers = match &harmed {
            Some(harmed) => Arc::clone(harmed) as Arc<dyn Servers>,
            None => Arc::clone(&engines) as Arc<dyn Servers>,
        };
        let settings = Settings { servers, ..settings() };
        let engine = match product {
            Product::Postgres => "postgres",
            Product::Mysql => "mysql",
        };
        let deployed = Self {
            engines: Some(engines),
            harmed,
            product,
            ..Self::new(settings, Kind::Instance, Some(engine)).await?
        };
        let roots = deployed.engines.as_ref().map(|engines| std::fs::read(engines.ca())).expect("engines")?;
        deployed.put("roots.pem", roots).await?;
        Ok(deployed)
    }

    async fn new(settings: Settings, kind: Kind, engine: Option<&str>) -> anyhow::Result<Self> {
        let setup = Setup::new(SOURCE, DR, REGION)?.verified(&[("EveryDays", "1")]);
        let fixture = Fixture::with(settings, setup).await?;
        let database = Database {
            kind,
            retention_days: 1,
            backup_window: "23:00-23:30".to_owned(),
            gib: 20,
            engine: engine.map(str::to_owned),
            ..Database::instance("orders")
        };
        let orders = fixture.create_database(&database.lifecycle("Standard")).await?;
        fixture.rehearsal.world().sleep(20 * MINUTE).await;
        let bucket = format!("draco-verify-{DR}-{REGION}");
        Ok(Self { fixture, engines: None, harmed: None, product: Product::Postgres, orders, bucket })
    }

    fn dr(&self) -> Cloud {
        Cloud::new(&self.fixture.owner_config(DR), self.fixture.rehearsal.setup().dr())
    }

    async fn put(&self, key: &str, content: Vec<u8>) -> anyhow::Result<()> {
        self.dr().write_object(&self.bucket, key, content, &Version::Any).await?;
        Ok(())
    }

    /// Runs statements in production, at this time. What they print.
    async fn sql(&self, statements: &str) -> anyhow::Result<String> {
        let rds = aws_sdk_rds::Client::new(&self.fixture.owner_config(SOURCE));
        let found = rds.describe_db_instances().db_instance_identifier("orders").send().await?;
        let host = found.db_instances()[0].endpoint().and_then(|at| at.address()).expect("a host").to_owned();
        let world = self.fixture.rehearsal.world();
        let address = world.resolve(&host).expect("a server");
        let ca = self.engines.as_ref().map(|engines| engines.ca().display().to_string()).expect("engines");
        let (ip, port) = (address.ip(), address.port());
        let mut client = match self.product {
            Product::Postgres => {
                let mut psql = Command::new("psql");
                psql.env("PGPASSWORD", "simulated").args([
                    "-X",
                    "-q",
                    "-At",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-c",
                    statements,
                ]);
                psql.arg(format!(
                    "hostaddr={ip} port={port} sslmode=verify-ca sslrootcert={ca} user=draco dbname=postgres"
                ));
                psql
            }
            Product::Mysql => {
                let mut mariadb = Command::new("mariadb");
                mariadb.args(["--no-defaults", "-N", "-u", "draco", "-h", &ip.to_string(), "-P", &port.to_string()]);
                mariadb.arg(format!("--ssl-ca={ca}")).args(["-e", statements]).env("MYSQL_PWD", "simulated");
                mariadb
            }
        };
        let output = world.hold_clock(async { client.output().expect("a client") }).await;
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The one of two texts that is for the product.
    fn either<'t>(&self, postgres: &'t str, mysql: &'t str) -> &'t str {
        match self.product {
            Product::Postgres => postgres,
            Product::Mysql => mysql,
        }
    }

    /// Five thousand orders, one a minute, and some customers.
    async fn write_orders(&self) -> anyhow::Result<()> {
        self.sql(self.either(ROWS, MYSQL_ROWS)).await?;
        let Some(harmed) = &self.harmed else { return Ok(()) };
        let path = async |name: &str| self.sql(&format!("select pg_relation_filepath('{name}')")).await;
        harmed.set_files(match self.product {
            Product::Postgres => [path("orders").await?.into(), path("orders_name").await?.into()],
            Product::Mysql => ["shop/orders.ibd".into(), "shop/orders.ibd".into()],
        });
        Ok(())
    }

    /// A snapshot is taken, copied and verified. The copy, and the report.
    async fn verified(&self, snapshot: &str) -> anyhow::Result<(Snapshot, Value)> {
        self.fixture.rehearsal.take_snapshot(&self.orders, snapshot).await?;
        self.verdict_on(snapshot).await
    }

    /// The copy of a snapshot that was verified, and the report.
    async fn verdict_on(&self, snapshot: &str) -> anyhow::Result<(Snapshot, Value)> {
        let world = self.fixture.rehearsal.world();
        for _ in 0..48 {
            world.sleep(HOUR).await;
            let copies = self.fixture.snapshots(DR).await?;
            let copy = copies.into_iter().find(|copy| copy.arn.id().contains(snapshot));
            if let Some(copy) = copy.filter(|copy| copy.tags.get(tags::VERIFIED).is_some()) {
                return Ok((copy.clone(), self.report(&copy).await?));
            }
        }
        anyhow::bail!("the copy of {snapshot} was not verified: {:#?}", self.fixture.rehearsal.logs().lines())
    }

    /// The record of the last verification of a copy.
    async fn report(&self, copy: &Snapshot) -> anyhow::Result<Value> {
        let s3 = aws_sdk_s3::Client::new(&self.fixture.owner_config(DR));
        let listed = s3.list_objects_v2().bucket(&self.bucket).prefix("jobs/").send().await?;
        for key in listed.contents().iter().filter_map(|object| object.key()) {
            let object = self.dr().read_object(&self.bucket, key).await?.expect("an object");
            let record: Value = serde_json::from_slice(&object.content)?;
            if record["copy"] == copy.arn.to_string() {
                return Ok(record["concluded"]["report"].clone());
            }
        }
        anyhow::bail!("there is no report on {}", copy.arn)
    }

    /// No call of a function was denied, and no database of a verification is left.
    async fn assert_calm(&self) -> anyhow::Result<()> {
        let world = self.fixture.rehearsal.world();
        world.sleep(2 * HOUR).await;
        let denied: Vec<String> = world.journal(|journal| {
            let denied = journal.entries().iter().filter_map(|entry| match &entry.event {
                Event::Call { operation, error: Some(error), role: Some(role), .. } if error.contains("Denied") => {
                    Some(format!("{role} {operation}: {error}"))
                }
                _ => None,
            });
            denied.collect()
        });
        assert_eq!(denied, [""; 0]);
        let rds = aws_sdk_rds::Client::new(&self.fixture.owner_config(DR));
        let (instances, clusters) =
            (rds.describe_db_instances().send().await?, rds.describe_db_clusters().send().await?);
        assert_eq!((instances.db_instances().len(), clusters.db_clusters().len()), (0, 0), "{instances:#?}");
        Ok(())
    }
}

fn verdict(copy: &Snapshot) -> &str {
    copy.tags
        .get(tags::VERIFIED)
        .and_then(|tag| tag.split_once(' '))
        .map_or("", |(_, words)| words.split(" restored:").next().unwrap_or(words))
}

const MYSQL_ROWS: &str = "create database shop; use shop; create table orders (id int primary key, name varchar(40), placed_at datetime) \
     as select seq as id, concat('customer ', seq % 100) as name, \
     timestamp('2026-11-21 02:00:00') - interval seq minute as placed_at from seq_1_to_5000; \
     create table customers as select distinct name from orders;";

const ROWS: &str = "create table orders as select n as id, 'customer ' || n % 100 as name, \
     timestamptz '2026-11-21 02:00:00Z' - n * interval '1 minute' as placed_at from generate_series(1, 5000) n; \
     alter table orders add primary key (id); create index orders_name on orders (name); \
     create table customers as select distinct name from orders;";

// Invariant 27.
#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_copy_of_a_real_database_is_restored_read_and_checked() -> anyhow::Result<()> {
    for product in PRODUCTS {
        read_and_checked(product).await?;
    }
    Ok(())
}

async fn read_and_checked(product: Product) -> anyhow::Result<()> {
    let deployed = Deployed::with_engines(product, None).await?;
    deployed.write_orders().await?;
    let checks = json!({ "orders": [
        { "sql": "select count(*) from orders", "at_least": 5000 },
        { "sql": "select max(placed_at) from orders", "within": "26h" },
        { "sql": "select distinct left(name, 8) from orders", "matches": "^customer$" },
    ] });
    deployed.put("checks.json", checks.to_string().into_bytes()).await?;
    let (copy, report) = deployed.verified("good").await?;
    assert_eq!(verdict(&copy), "verified available read checked", "{report:#}");
    assert_eq!(report["totals"]["rows"], 5100);
    deployed.assert_calm().await?;

    // Rows are deleted in production, and the next copy has what is left: it is intact, and the data are not.
    deployed
        .sql(deployed.either("delete from orders where id > 1000", "delete from shop.orders where id > 1000"))
        .await?;
    deployed.fixture.rehearsal.world().sleep(20 * HOUR).await;
    let (copy, report) = deployed.verified("after-deletion").await?;
    assert!(verdict(&copy).starts_with("failed available read"), "{report:#}");
    let actual = &report["checks"][0];
    assert_eq!((&actual["verdict"], &actual["actual"]), (&json!("failed"), &json!("1000")), "{report:#}");
    assert!(report["changes"].to_string().contains("rows_lost"), "{report:#}");
    deployed.assert_calm().await
}

// The roles allow all that each kind needs, and without a server there is no verdict.
#[tokio::test(start_paused = true)]
async fn a_copy_whose_server_does_not_answer_is_not_verified() -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let deployed = Deployed::new(settings(), kind, None).await?;
        // Any certificate is a root.
        let key = rcgen::KeyPair::generate()?;
        let root = rcgen::CertificateParams::new(vec!["rds.example.com".to_owned()])?.self_signed(&key)?;
        deployed.put("roots.pem", root.pem().into_bytes()).await?;
        let (copy, report) = deployed.verified("silent").await?;
        assert_eq!(verdict(&copy).split(' ').next(), Some("not-verified"), "{report:#}");
        assert_eq!(report["available"]["grade"], "not_done", "{report:#}");
        deployed.assert_calm().await?;
    }
    Ok(())
}
