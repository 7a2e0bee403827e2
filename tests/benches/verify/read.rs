//! The GiB a minute that the checker reads from real servers on this machine, in real time.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use checks::report::Progress;
use checks::{Answer, Conclusion, Limits, Part, Product, Report, Secret, Task};
use chrono::{DateTime, TimeDelta, Utc};
use engines::{Engines, Pace};
use serde_json::json;
use sim::servers::{Endpoint, NewVolume, Servers, Volume};

use crate::rounded;

const ROUNDS: usize = 3;
const ROWS: u32 = 3_000_000;
const PASSWORD: &str = "correct-horse";
const HOST: &str = "orders.c0ffee123456.eu-west-1.rds.amazonaws.com";

pub(crate) fn run() -> anyhow::Result<()> {
    if let Some(missing) = engines::missing() {
        eprintln!("not measured: {missing}");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    [Product::Postgres, Product::Mysql].into_iter().try_for_each(|product| runtime.block_on(read(product)))
}

async fn read(product: Product) -> anyhow::Result<()> {
    let server = Server::new(product)?;
    let mut seconds = Vec::new();
    let mut report = None;
    for _ in 0..ROUNDS {
        let since = Instant::now();
        report = Some(server.verify().await?);
        seconds.push(since.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let (report, seconds) = (report.context("no round")?, seconds[ROUNDS / 2]);
    ensure!(report.conclusion == Conclusion::Verified && report.totals.rows == u64::from(ROWS), "{report:#?}");
    let gib = server.bytes_of_table()? as f64 / f64::from(1 << 30);
    println!(
        "{}",
        json!({
            "bench": "verify",
            "what": "reading",
            "product": product,
            "rows": ROWS,
            "mib_of_table": rounded(gib * 1024.0, 1.0),
            "mib_sent": report.totals.bytes >> 20,
            "rounds": ROUNDS,
            "seconds": rounded(seconds, 100.0),
            "gib_a_minute": rounded(gib / seconds * 60.0, 10.0),
        })
    );
    Ok(())
}

/// A server with one table.
struct Server {
    product: Product,
    engines: Engines,
}

impl Server {
    fn new(product: Product) -> anyhow::Result<Self> {
        let (engine, fill) = match product {
            Product::Postgres => ("postgres", format!("{} from generate_series(1, {ROWS}) n; {KEY}", rows("n"))),
            Product::Mysql => ("mysql", format!("{} from seq_1_to_{ROWS}; {KEY}", rows("seq"))),
        };
        let server = Self { product, engines: Engines::new(Pace::Paused, None)? };
        let contents = NewVolume {
            engine: engine.to_owned(),
            master_username: "boss".to_owned(),
            master_password: Some(PASSWORD.to_owned()),
            database: Some("shop".to_owned()),
        };
        let volume = Volume::new("orders");
        server.engines.note_time(DateTime::UNIX_EPOCH);
        server.engines.create(&volume, &contents, DateTime::UNIX_EPOCH)?;
        server.engines.start(&volume, &Endpoint { hosts: vec![HOST.to_owned()], port: server.port() })?;
        server.sql(&fill)?;
        Ok(server)
    }

    fn port(&self) -> u16 {
        if self.product == Product::Postgres { 5432 } else { 3306 }
    }

    /// Runs statements with the product's own client, as the master user. What they print.
    fn sql(&self, statements: &str) -> anyhow::Result<String> {
        let address = self.engines.resolve(HOST).context("the server has no address")?;
        let (ip, port, ca) = (address.ip(), address.port(), self.engines.ca().display());
        let mut client = match self.product {
            Product::Postgres => {
                let at = format!("hostaddr={ip} port={port} sslmode=verify-ca sslrootcert={ca} user=boss dbname=shop");
                let mut psql = Command::new("psql");
                psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", statements]);
                psql.arg(at);
                psql
            }
            Product::Mysql => {
                let mut mariadb = Command::new("mariadb");
                mariadb.env("MYSQL_PWD", PASSWORD).args(["--no-defaults", "-N", "-u", "boss", "-h", &ip.to_string()]);
                mariadb.args(["-P", &port.to_string(), &format!("--ssl-ca={ca}"), "shop", "-e", statements]);
                mariadb
            }
        };
        let output = client.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The size of the table in the server's files, without indexes of their own.
    fn bytes_of_table(&self) -> anyhow::Result<u64> {
        let size = match self.product {
            Product::Postgres => self.sql("select pg_relation_size('orders')")?,
            Product::Mysql => self.sql(
                "analyze table orders; select data_length from information_schema.tables where table_name = 'orders'",
            )?,
        };
        Ok(size.lines().last().unwrap_or_default().parse()?)
    }

    /// All runs of the checker.
    async fn verify(&self) -> anyhow::Result<Report> {
        let mut task = Task {
            server: checks::Server {
                product: self.product,
                host: HOST.to_owned(),
                port: self.port(),
                address: self.engines.resolve(HOST),
                user: "boss".to_owned(),
                password: Secret::new(PASSWORD),
                roots: std::fs::read_to_string(self.engines.ca())?,
            },
            database: Some("shop".to_owned()),
            checks: Vec::new(),
            last: std::collections::BTreeMap::new(),
            taken: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(1),
            limits: Limits::default(),
            marker: None,
        };
        let mut part = Part::default();
        loop {
            let deadline = std::time::Duration::from_secs(task.limits.run_seconds.into());
            let Answer { part: next, next: marker } = checker::run(task.clone(), deadline).await;
            part = part.merge(next);
            match marker {
                Some(marker) => task.marker = Some(marker),
                None => return Ok(Report::of(&part, Progress::Finished, 0, Vec::new())),
            }
        }
    }
}

/// Rows of about 130 bytes.
fn rows(number: &str) -> String {
    format!(
        "create table orders as select {number} as id, {number} % 1000 as customer, {number} * 1.25 as total, \
         concat(md5(concat({number}, '')), md5(concat(-{number}, ''))) as note"
    )
}

const KEY: &str = "alter table orders add primary key (id)";
