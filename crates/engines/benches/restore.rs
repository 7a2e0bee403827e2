//! The real time from a snapshot of a database that runs to the first row of a restored one, and the same for a point in time. One JSON
//! line for each product. `cargo xtask bench provision` runs it.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use engines::{Engines, Pace};
use sim::servers::{Endpoint, Failure, NewVolume, Servers, Volume};

const ROUNDS: u32 = 10;
const PASSWORD: &str = "correct-horse";
/// Rows of about a kilobyte: 20 MB.
const ROWS: u32 = 20_000;

/// One of the two products.
struct Product {
    engine: &'static str,
    port: u16,
    fill: String,
    first_row: &'static str,
    client: fn(&Engines, &str, &str) -> Command,
}

fn main() -> ExitCode {
    let products = [
        Product {
            engine: "postgres",
            port: 5432,
            fill: format!("create table t as select i, repeat('x', 1000) from generate_series(1, {ROWS}) as i"),
            first_row: "select * from t limit 1",
            client: psql,
        },
        Product {
            engine: "mysql",
            port: 3306,
            fill: format!("create table t as select seq, repeat('x', 1000) as x from seq_1_to_{ROWS}"),
            first_row: "select * from t limit 1",
            client: mariadb,
        },
    ];
    for product in products {
        if let Err(error) = measure(&product) {
            eprintln!("error: {}: {error}", product.engine);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(product: &Product) -> Result<(), Failure> {
    let engines = Engines::new(Pace::Paused, None)?;
    let source = Volume::new("source");
    engines.note_time(minute(0));
    let contents = NewVolume {
        engine: product.engine.to_owned(),
        master_username: "boss".to_owned(),
        master_password: Some(PASSWORD.to_owned()),
        database: Some("shop".to_owned()),
    };
    // The first one also makes the template.
    let template = timed(|| engines.create(&Volume::new("first"), &contents, minute(0)))?;
    let created = timed(|| engines.create(&source, &contents, minute(0)))?;
    start(&engines, &source, product)?;
    query(&engines, &source, product, &product.fill)?;
    engines.note_time(minute(10));

    let (mut snapshots, mut times) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let (snapshot, restored) = (Volume::new("snapshot"), Volume::new("restored"));
        snapshots += timed(|| {
            engines.freeze(&source, &snapshot)?;
            engines.restore(&snapshot, &restored, minute(10))?;
            start(&engines, &restored, product)?;
            query(&engines, &restored, product, product.first_row)
        })?;
        times += timed(|| {
            engines.restore_to_time(&source, minute(5), &restored, minute(10))?;
            start(&engines, &restored, product)?;
            query(&engines, &restored, product, product.first_row)
        })?;
    }
    let seconds = |total: Duration| total.as_secs_f64() / f64::from(ROUNDS);
    println!(
        r#"{{"bench":"engines","engine":"{}","rows":{ROWS},"template_seconds":{:.2},"create_seconds":{:.2},"snapshot_to_first_row_seconds":{:.2},"point_in_time_to_first_row_seconds":{:.2}}}"#,
        product.engine,
        template.as_secs_f64(),
        created.as_secs_f64(),
        seconds(snapshots),
        seconds(times),
    );
    Ok(())
}

fn minute(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(number)
}

fn timed(act: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let since = Instant::now();
    act()?;
    Ok(since.elapsed())
}

fn host(volume: &Volume) -> String {
    format!("{volume}.c0ffee123456.eu-west-1.rds.amazonaws.com")
}

fn start(engines: &Engines, volume: &Volume, product: &Product) -> Result<(), Failure> {
    engines.start(volume, &Endpoint { hosts: vec![host(volume)], port: product.port })
}

/// Runs a statement in a new connection.
fn query(engines: &Engines, volume: &Volume, product: &Product, statement: &str) -> Result<(), Failure> {
    let output = (product.client)(engines, &host(volume), statement).output();
    let output = output.map_err(|error| Failure(format!("starting a client: {error}")))?;
    if output.status.success() { Ok(()) } else { Err(Failure(String::from_utf8_lossy(&output.stderr).into_owned())) }
}

fn psql(engines: &Engines, host: &str, statement: &str) -> Command {
    let mut psql = Command::new("psql");
    let address = engines.resolve(host).map(|address| address.ip().to_string()).unwrap_or_default();
    let ca = engines.ca().display();
    psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-c", statement]);
    psql.arg(format!("host={host} hostaddr={address} sslmode=verify-full sslrootcert={ca} user=boss dbname=shop"));
    psql
}

fn mariadb(engines: &Engines, host: &str, statement: &str) -> Command {
    let mut mariadb = Command::new("mariadb");
    let address = engines.resolve(host).map(|address| address.ip().to_string()).unwrap_or_default();
    let ca = format!("--ssl-ca={}", engines.ca().display());
    mariadb.env("MYSQL_PWD", PASSWORD).args([
        "--no-defaults",
        "-u",
        "boss",
        "-h",
        &address,
        &ca,
        "-e",
        statement,
        "shop",
    ]);
    mariadb
}
