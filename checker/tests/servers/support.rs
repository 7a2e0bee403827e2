//! Servers with the database `shop`, and verifications of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use checks::report::Progress::Finished;
use checks::{Answer, Limits, Part, Product, Report, Secret, Task};
use chrono::{DateTime, Utc};
use engines::{Engines, Pace};
use nix::unistd::Pid;
use sim::servers::{Endpoint, NewVolume, Servers, Volume};

pub(crate) const PASSWORD: &str = "correct-horse";
/// A value in a table that is in no answer.
pub(crate) const TREASURE: &str = "treasure-0815";
/// Long enough for a machine that does much else.
const LONG: Duration = Duration::from_secs(300);
/// The host of all servers.
const HOST: &str = "orders.c0ffee123456.eu-west-1.rds.amazonaws.com";

static POSTGRES: LazyLock<Server> = LazyLock::new(|| Server::new(Product::Postgres).rich());
static MYSQL: LazyLock<Server> = LazyLock::new(|| Server::new(Product::Mysql).rich());

pub(crate) const PRODUCTS: [Product; 2] = [Product::Postgres, Product::Mysql];

/// The server that tests share. It ends with the program.
pub(crate) fn server(product: Product) -> &'static Server {
    match product {
        Product::Postgres => &POSTGRES,
        Product::Mysql => &MYSQL,
    }
}

/// A server with the database `shop`: 1000 `items` and 20 `secrets`.
pub(crate) struct Server {
    engines: Engines,
    volume: Volume,
    endpoint: Endpoint,
    pub(crate) product: Product,
    pub(crate) address: SocketAddr,
}

/// What only the owner of the server may do: the extension.
const AMCHECK: &str = "\
create extension amcheck;
grant execute on all functions in schema public to boss;
";
/// As `rds_superuser` on RDS, the user may install it.
const MAY_INSTALL: &str = "alter role boss superuser;\n";
/// A table of another server.
const FAR: &str = "\
create foreign data wrapper nowhere;
create server far foreign data wrapper nowhere;
create foreign table remote (a int) server far;
grant select on remote to boss;
";

impl Server {
    pub(crate) fn new(product: Product) -> Self {
        Self::owned(product, AMCHECK)
    }

    /// Without the extension amcheck, which the user may install or not.
    pub(crate) fn without_amcheck(may_install: bool) -> Self {
        Self::owned(Product::Postgres, if may_install { MAY_INSTALL } else { "" })
    }

    fn owned(product: Product, as_owner: &str) -> Self {
        assert_eq!(engines::missing(), None);
        let (engine, port) = match product {
            Product::Postgres => ("postgres", 5432),
            Product::Mysql => ("mysql", 3306),
        };
        let engines = Engines::new(Pace::Paused, None).expect("a folder");
        let (volume, endpoint) = (Volume::new("orders"), Endpoint { hosts: vec![HOST.to_owned()], port });
        let contents = NewVolume {
            engine: engine.to_owned(),
            master_username: "boss".to_owned(),
            master_password: Some(PASSWORD.to_owned()),
            database: Some("shop".to_owned()),
        };
        engines.note_time(DateTime::UNIX_EPOCH);
        engines.create(&volume, &contents, DateTime::UNIX_EPOCH).expect("a database");
        if product == Product::Postgres {
            run_as_owner(&data(&engines), &format!("{as_owner}{FAR}"));
        }
        engines.start(&volume, &endpoint).expect("a server");
        let address = engines.resolve(HOST).expect("an address");
        let server = Self { engines, volume, endpoint, product, address };
        server.write(&server.either(
            "create table items as select n as id, 'item ' || n as name from generate_series(1, 1000) n;
             alter table items add primary key (id);",
            "create table items (id int primary key, name varchar(40)) as \
             select seq as id, concat('item ', seq) as name from seq_1_to_1000;",
        ));
        server.write(&format!(
            "create table secrets (note varchar(40)); insert into secrets select '{TREASURE}' from items where id <= 20;"
        ));
        server
    }

    /// With all that a database may have.
    fn rich(self) -> Self {
        match self.product {
            Product::Postgres => {
                self.write(include_str!("postgres.sql"));
                self.write("create database \"o\"\"dd\"");
                // It fails, and leaves an index that is invalid.
                let _ = self.client("create unique index concurrently broken on twice (a)").output();
            }
            Product::Mysql => self.write(include_str!("mariadb.sql")),
        }
        self
    }

    /// The product's own client, which runs statements as the master user.
    pub(crate) fn client(&self, statements: &str) -> Command {
        let (ip, port, ca) = (self.address.ip(), self.address.port(), self.engines.ca().display());
        match self.product {
            Product::Postgres => {
                let mut psql = Command::new("psql");
                psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", statements]);
                psql.arg(format!("hostaddr={ip} port={port} sslmode=verify-ca sslrootcert={ca} user=boss dbname=shop"));
                psql
            }
            Product::Mysql => {
                let mut mariadb = Command::new("mariadb");
                mariadb.args(["--no-defaults", "-N", "-u", "boss", "-h", &ip.to_string(), "-P", &port.to_string()]);
                mariadb.arg(format!("--ssl-ca={ca}")).args(["shop", "-e", statements]).env("MYSQL_PWD", PASSWORD);
                mariadb
            }
        }
    }

    /// Runs statements. What they print.
    pub(crate) fn ask(&self, statements: &str) -> String {
        let output = self.client(statements).output().expect("a client");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, statements: &str) {
        self.ask(statements);
    }

    /// The folder of the server's files.
    pub(crate) fn data(&self) -> PathBuf {
        data(&self.engines)
    }

    pub(crate) fn stop(&self) {
        self.engines.stop(&self.volume);
    }

    pub(crate) fn start(&self) {
        self.engines.start(&self.volume, &self.endpoint).expect("a server");
    }

    /// The one of two texts that is for this product.
    pub(crate) fn either(&self, postgres: &str, mysql: &str) -> String {
        match self.product {
            Product::Postgres => postgres.to_owned(),
            Product::Mysql => mysql.to_owned(),
        }
    }

    /// A task without a marker, with limits that no test reaches.
    pub(crate) fn task(&self, checks: &[&str]) -> Task {
        Task {
            server: checks::Server {
                product: self.product,
                host: HOST.to_owned(),
                port: self.endpoint.port,
                address: Some(self.address),
                user: "boss".to_owned(),
                password: Secret::new(PASSWORD),
                roots: std::fs::read_to_string(self.engines.ca()).expect("certificates"),
            },
            database: Some("shop".to_owned()),
            checks: checks.iter().map(|check| serde_json::from_str(check).expect(check)).collect(),
            last: BTreeMap::new(),
            taken: "2026-11-27T03:00:00Z".parse::<DateTime<Utc>>().unwrap(),
            limits: Limits { connect_seconds: 60, ..Limits::default() },
            marker: None,
        }
    }
}

/// The first volume is the folder `0`.
fn data(engines: &Engines) -> PathBuf {
    engines.ca().parent().expect("a folder").join("0/data")
}

/// Runs statements in the files of a server that does not run, as its owner. Each is on a line of its own.
fn run_as_owner(data: &Path, statements: &str) {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok()).max();
    let program =
        newest.map_or_else(|| "postgres".into(), |newest| format!("/usr/lib/postgresql/{newest}/bin/postgres"));
    let mut single = Command::new(program);
    single.args(["--single", "-c", "exit_on_error=on", "-D"]).arg(data).arg("shop").current_dir("/");
    if nix::unistd::geteuid().is_root() {
        single.uid(65534).gid(65534);
    }
    let mut child =
        single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("postgres");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), statements.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One run, whose answer contains neither the password nor data.
async fn run(task: &Task, deadline: Duration) -> Answer {
    let answer = checker::run(task.clone(), deadline).await;
    let json = serde_json::to_string(&answer).unwrap();
    assert!(!json.contains(PASSWORD) && !json.contains(TREASURE), "{json}");
    answer
}

/// All runs of a verification, merged, and their number.
pub(crate) async fn verify(task: &Task) -> (Part, u32) {
    verify_within(task, LONG).await
}

/// The same, with a deadline for each run.
pub(crate) async fn verify_within(task: &Task, deadline: Duration) -> (Part, u32) {
    let (mut whole, mut task, mut runs) = (Part::default(), task.clone(), 0);
    loop {
        let Answer { part, next } = run(&task, deadline).await;
        // A run may be repeated, and its part be merged twice.
        whole = whole.merge(part.clone()).merge(part);
        runs += 1;
        assert!(runs < 1000, "{next:?}");
        match next {
            Some(marker) => task.marker = Some(marker),
            None => return (whole, runs),
        }
    }
}

/// The report of a verification.
pub(crate) async fn report(task: &Task) -> Report {
    let (part, _) = verify(task).await;
    Report::of(&part, Finished, task.checks.len(), vec![])
}

/// All faults, as their lines.
pub(crate) fn faults(part: &Part) -> Vec<String> {
    part.faults.iter().map(ToString::to_string).collect()
}

/// The process with this argument.
pub(crate) fn with_argument(argument: &str) -> Pid {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let mut found = processes.filter_map(|process| {
        let line = std::fs::read(process.path().join("cmdline")).ok()?;
        let has_it = line.split(|byte| *byte == 0).any(|part| part == argument.as_bytes());
        if has_it { process.file_name().to_str()?.parse().ok() } else { None }
    });
    Pid::from_raw(found.next().expect("a process"))
}
