//! Servers without a simulated AWS, and clients in the form of the products' own programs.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use engines::{Engines, Pace};
use sim::servers::{Endpoint, NewVolume, Servers, Volume};

pub(crate) const PASSWORD: &str = "correct-horse";

/// A minute of simulated time.
pub(crate) fn minute(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(number)
}

pub(crate) fn volume(name: &str) -> Volume {
    Volume::new(name)
}

/// A host name as RDS gives it.
pub(crate) fn host(name: &str) -> String {
    format!("{name}.c0ffee123456.eu-west-1.rds.amazonaws.com")
}

pub(crate) struct Fixture {
    pub(crate) engines: Engines,
    pub(crate) clients: PathBuf,
    port: u16,
}

impl Fixture {
    pub(crate) fn new(port: u16) -> Self {
        assert_eq!(engines::missing(), None);
        let clients =
            std::env::temp_dir().join(format!("draco-clients-{:016x}", RandomState::new().build_hasher().finish()));
        let engines = Engines::new(Pace::Paused, Some(&clients)).expect("a folder");
        engines.note_time(minute(0));
        Self { engines, clients, port }
    }

    /// Creates a database, and starts it.
    pub(crate) fn create(&self, name: &str, engine: &str) {
        let contents = NewVolume {
            engine: engine.to_owned(),
            master_username: "boss".to_owned(),
            master_password: Some(PASSWORD.to_owned()),
            database: Some("shop".to_owned()),
        };
        self.engines.create(&volume(name), &contents, minute(0)).expect("a database");
        self.start(name, &host(name));
    }

    pub(crate) fn start(&self, name: &str, host: &str) {
        let endpoint = Endpoint { hosts: vec![host.to_owned()], port: self.port };
        self.engines.start(&volume(name), &endpoint).expect("a server");
    }

    pub(crate) fn restore(&self, snapshot: &str, name: &str) {
        self.engines.restore(&volume(snapshot), &volume(name), minute(0)).expect("a database");
        self.start(name, &host(name));
    }

    /// Runs statements with `psql`, as the master user. Its output, or its errors.
    pub(crate) fn psql(&self, name: &str, statements: &str) -> Result<String, String> {
        self.psql_as(name, "boss", PASSWORD, "", statements)
    }

    pub(crate) fn psql_as(
        &self,
        name: &str,
        user: &str,
        password: &str,
        more: &str,
        statements: &str,
    ) -> Result<String, String> {
        let mut psql = Command::new("psql");
        psql.env("PGSERVICEFILE", self.clients.join("pg_service.conf")).env("PGPASSWORD", password);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements]);
        psql.arg(format!("service={} user={user} dbname=shop {more}", host(name)));
        output(psql)
    }

    /// Runs statements with `mariadb`.
    pub(crate) fn mariadb(&self, name: &str, user: &str, args: &[&str], statements: &str) -> Result<String, String> {
        let mut mariadb = Command::new("mariadb");
        let address = self.engines.resolve(&host(name)).expect("an address");
        mariadb.args(["--no-defaults", "-N", "-B", "-u", user, "-h", &address.ip().to_string()]);
        mariadb.args(["-P", &address.port().to_string(), "-e", statements]).args(args);
        mariadb.env("MYSQL_PWD", PASSWORD);
        output(mariadb)
    }

    /// The option that lets `mariadb` use TLS.
    pub(crate) fn trusts(&self) -> String {
        format!("--ssl-ca={}", self.engines.ca().display())
    }
}

/// Runs statements in the database `shop` with `psql`, as the master user.
pub(crate) fn psql_at(
    host: &str,
    address: SocketAddr,
    ca: &Path,
    password: &str,
    statements: &str,
) -> Result<String, String> {
    let (ip, port, ca) = (address.ip(), address.port(), ca.display());
    let mut psql = Command::new("psql");
    psql.env("PGPASSWORD", password).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements]);
    psql.arg(format!(
        "host={host} hostaddr={ip} port={port} sslmode=verify-full sslrootcert={ca} user=boss dbname=shop"
    ));
    output(psql)
}

fn output(mut command: Command) -> Result<String, String> {
    let output = command.output().expect("a client");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// The processes whose command lines contain a text.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(text)).collect()
}

/// The folder of the servers that serve files to clients in this folder: it has the same certificate.
pub(crate) fn servers_folder(clients: &Path) -> Option<PathBuf> {
    let ca = std::fs::read(clients.join("ca.pem")).ok()?;
    let parents = [std::env::temp_dir(), PathBuf::from("/dev/shm")];
    let folders = parents.iter().filter_map(|parent| std::fs::read_dir(parent).ok()).flatten().flatten();
    let mut folders = folders.map(|folder| folder.path());
    folders.find(|folder| std::fs::read(folder.join("ca.pem")).is_ok_and(|other| other == ca) && folder != clients)
}
