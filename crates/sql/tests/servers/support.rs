//! A server of each product for all tests, servers for those that stop theirs, and clients that prepare data.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::DateTime;
use engines::{Engines, Pace};
use sim::servers::{Endpoint, NewVolume, Servers, Volume};
use sql::{Connection, Error, Limits, Login, Password, Product, ReadOnly, Roots};

pub(crate) const PASSWORD: &str = "correct-horse";
/// A value in a table that is in no error.
pub(crate) const TREASURE: &str = "treasure-0815";
/// Long enough for a machine that does much else.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// The host of all servers.
pub(crate) const HOST: &str = "orders.c0ffee123456.eu-west-1.rds.amazonaws.com";

static POSTGRES: LazyLock<Server> = LazyLock::new(|| Server::new(Product::Postgres));
static MYSQL: LazyLock<Server> = LazyLock::new(|| Server::new(Product::Mysql));

/// The server that tests share. It ends with the program.
pub(crate) fn server(product: Product) -> &'static Server {
    match product {
        Product::Postgres => &POSTGRES,
        Product::Mysql => &MYSQL,
    }
}

pub(crate) fn both() -> [&'static Server; 2] {
    [server(Product::Postgres), server(Product::Mysql)]
}

/// A server with the database `shop`: 1000 `items`, and `secrets`, which the user `reader` may not read.
pub(crate) struct Server {
    engines: Engines,
    pub(crate) product: Product,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn new(product: Product) -> Self {
        assert_eq!(engines::missing(), None);
        let (engine, port) = match product {
            Product::Postgres => ("postgres", 5432),
            Product::Mysql => ("mysql", 3306),
        };
        let engines = Engines::new(Pace::Paused, None).expect("a folder");
        let volume = Volume::new("orders");
        let contents = NewVolume {
            engine: engine.to_owned(),
            master_username: "boss".to_owned(),
            master_password: Some(PASSWORD.to_owned()),
            database: Some("shop".to_owned()),
        };
        engines.note_time(DateTime::UNIX_EPOCH);
        engines.create(&volume, &contents, DateTime::UNIX_EPOCH).expect("a database");
        engines.start(&volume, &Endpoint { hosts: vec![HOST.to_owned()], port }).expect("a server");
        let address = engines.resolve(HOST).expect("an address");
        let server = Self { engines, product, address };
        server.prepare();
        server
    }

    fn prepare(&self) {
        let common = format!("create table secrets (note varchar(40)); insert into secrets values ('{TREASURE}');");
        self.write(&match self.product {
            Product::Postgres => format!(
                "{common} create sequence s;
                create table items as select n as id, 'item ' || n as name from generate_series(1, 1000) n;
                create role reader login password '{PASSWORD}'; grant select on items to reader;"
            ),
            Product::Mysql => format!(
                "{common} create table items as select seq as id, concat('item ', seq) as name from seq_1_to_1000;
                create user reader@'%' identified by '{PASSWORD}'; grant select on shop.items to reader@'%';"
            ),
        });
    }

    /// Runs statements as the master user, with the product's own client.
    pub(crate) fn write(&self, statements: &str) {
        let (ip, port, ca) = (self.address.ip(), self.address.port(), self.engines.ca().display());
        let mut client = match self.product {
            Product::Postgres => {
                let mut psql = Command::new("psql");
                psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements]);
                psql.arg(format!("hostaddr={ip} port={port} sslmode=verify-ca sslrootcert={ca} user=boss dbname=shop"));
                psql
            }
            Product::Mysql => {
                let mut mariadb = Command::new("mariadb");
                mariadb.args(["--no-defaults", "-u", "boss", "-h", &ip.to_string(), "-P", &port.to_string()]);
                mariadb.arg(format!("--ssl-ca={ca}")).args(["shop", "-e", statements]).env("MYSQL_PWD", PASSWORD);
                mariadb
            }
        };
        let output = client.output().expect("a client");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(&std::fs::read(self.engines.ca()).expect("a file")).expect("certificates")
    }

    /// As the master user.
    pub(crate) fn login(&self) -> Login {
        login(self.product, self.address)
    }

    /// As the user who may only read `items`.
    pub(crate) fn reader(&self) -> Login {
        Login { user: "reader".to_owned(), ..self.login() }
    }

    pub(crate) async fn open(&self, login: &Login) -> Result<ReadOnly, Error> {
        Connection::open(login, &self.roots(), LONG).await?.read_only(LONG).await
    }

    pub(crate) async fn connect(&self) -> ReadOnly {
        self.open(&self.login()).await.expect("a connection")
    }

    /// The one of two texts that is for this product.
    pub(crate) fn either<'a>(&self, postgres: &'a str, mysql: &'a str) -> &'a str {
        match self.product {
            Product::Postgres => postgres,
            Product::Mysql => mysql,
        }
    }

    /// A query of this many numbers, which reads no table.
    pub(crate) fn numbers(&self, count: u64) -> String {
        match self.product {
            Product::Postgres => format!("select n, repeat('x', 500) from generate_series(1, {count}) n"),
            Product::Mysql => format!("select seq, repeat('x', 500) from seq_1_to_{count}"),
        }
    }
}

pub(crate) fn login(product: Product, address: SocketAddr) -> Login {
    Login {
        product,
        host: HOST.to_owned(),
        port: 1,
        address: Some(address),
        database: "shop".to_owned(),
        user: "boss".to_owned(),
        password: Password::new(PASSWORD),
    }
}

/// A certificate that no server here has.
pub(crate) fn other_roots() -> Roots {
    let other = Engines::new(Pace::Paused, None).expect("a folder");
    Roots::from_pem(&std::fs::read(other.ca()).expect("a file")).expect("certificates")
}

/// The error, whose texts contain neither a password nor data.
#[track_caller]
pub(crate) fn error<T>(result: Result<T, Error>) -> Error {
    let error = result.err().expect("an error");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(PASSWORD) && !text.contains("treasure") && !text.contains('\n'), "{text}");
    }
    error
}

/// Limits that no test reaches.
pub(crate) fn ample() -> Limits {
    Limits::within(LONG)
}

/// A text that no test has twice.
pub(crate) fn unique() -> String {
    format!("u{:016x}", RandomState::new().build_hasher().finish())
}
