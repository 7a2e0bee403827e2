//! Servers that stop answering, or end.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sql::{Connection, Error, Limits, Product, Value};

use crate::support::{LONG, Server, ample, error};

const PRODUCTS: [Product; 2] = [Product::Postgres, Product::Mysql];

/// The process at the other end of a connection: of this connection alone, or of the whole server.
async fn process(server: &Server, connection: &mut sql::ReadOnly) -> Pid {
    let pid = match server.product {
        Product::Postgres => {
            let rows = connection.query("select pg_backend_pid()", ample()).await.unwrap();
            let Value::Int(pid) = rows.rows[0][0] else { unreachable!("{rows:?}") };
            i32::try_from(pid).unwrap()
        }
        Product::Mysql => with_argument(&format!("--bind-address={}", server.address.ip())),
    };
    Pid::from_raw(pid)
}

/// The process with this argument.
fn with_argument(argument: &str) -> i32 {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let mut found = processes.filter_map(|process| {
        let line = std::fs::read(process.path().join("cmdline")).ok()?;
        let has_it = line.split(|byte| *byte == 0).any(|part| part == argument.as_bytes());
        if has_it { process.file_name().to_str()?.parse().ok() } else { None }
    });
    found.next().expect("a process")
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_server_that_stands_still_is_not_waited_for() {
    for product in PRODUCTS {
        let server = Server::new(product);
        let mut connection = server.connect().await;
        let mut other = server.connect().await;
        let process = process(&server, &mut connection).await;
        kill(process, Signal::SIGSTOP).unwrap();
        let limit = Duration::from_millis(100);
        let waited = error(connection.query("select 1", Limits::within(limit)).await);
        assert_eq!(waited, Error::TimedOut(limit));
        assert!(!connection.is_open());
        assert_eq!(error(connection.query("select 1", ample()).await), Error::Lost);
        if product == Product::Mysql {
            // The whole server stands still. It was reached, so it is no matter of the network.
            let login = server.login();
            assert_eq!(error(Connection::open(&login, &server.roots(), limit).await), Error::TimedOut(limit));
        }
        kill(process, Signal::SIGCONT).unwrap();
        other.query("select 1", ample()).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_connection_ends_with_its_server() {
    for product in PRODUCTS {
        let server = Server::new(product);
        let mut connection = server.connect().await;
        let mut idle = server.connect().await;
        let process = process(&server, &mut connection).await;
        let mut stream = connection.stream(&server.numbers(1_000_000), Limits::within(LONG)).await.unwrap();
        stream.next().await.unwrap().expect("a row");
        kill(process, Signal::SIGKILL).unwrap();
        let ended = loop {
            if let Err(ended) = stream.next().await {
                break ended;
            }
        };
        assert_eq!(error::<()>(Err(ended)), Error::Lost);
        drop(stream);
        assert!(!connection.is_open());
        // PostgreSQL ends all sessions soon after one crashes.
        let ended = loop {
            if let Err(ended) = idle.query("select 1", ample()).await {
                break ended;
            }
        };
        assert_eq!(error::<()>(Err(ended)), Error::Lost);
        assert!(!idle.is_open());
    }
}
