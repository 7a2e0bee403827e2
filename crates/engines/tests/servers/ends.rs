//! Servers end with the program, and leave nothing.

use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sim::servers::Servers;

use crate::support::{Fixture, host, processes_with, servers_folder};

/// The variable that lets the test below be the program that is killed.
const KILLED: &str = "DRACO_TEST_KILLED";

#[test]
#[ignore = "it needs PostgreSQL"]
fn a_program_that_is_killed_leaves_no_server_and_no_files() {
    if std::env::var_os(KILLED).is_some() {
        let fixture = Fixture::new(5432);
        fixture.create("orders", "postgres");
        println!("clients: {}", fixture.clients.display());
        // Until it is killed.
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let mut child = Command::new(this)
        .args(["--exact", "ends::a_program_that_is_killed_leaves_no_server_and_no_files", "--include-ignored"])
        .arg("--nocapture")
        .env(KILLED, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("output"));
    let mut clients = None;
    while clients.is_none() {
        let mut line = String::new();
        assert_ne!(std::io::BufRead::read_line(&mut output, &mut line).expect("a line"), 0, "the program ended");
        clients = line.split_once("clients: ").map(|(_, folder)| std::path::PathBuf::from(folder.trim()));
    }
    let clients = clients.expect("a folder");
    let folder = servers_folder(&clients).expect("a folder of servers");
    let name = folder.display().to_string();
    assert!(processes_with(&name).iter().any(|line| line.contains("postgres")));

    child.kill().expect("killed");
    child.wait().expect("ended");
    // This is about processes, so it takes real time.
    let since = Instant::now();
    while folder.exists() || clients.exists() || !processes_with(&name).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", processes_with(&name));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "it needs PostgreSQL"]
fn two_worlds_run_side_by_side_and_leave_nothing() {
    let (one, other) = (Fixture::new(5432), Fixture::new(5432));
    for (fixture, text) in [(&one, "one"), (&other, "other")] {
        fixture.create("orders", "postgres");
        fixture.psql("orders", &format!("create table t as select '{text}' as t")).unwrap();
    }
    assert_eq!(one.psql("orders", "select t from t").unwrap(), "one");
    assert_eq!(other.psql("orders", "select t from t").unwrap(), "other");
    let (one_address, other_address) = (one.engines.resolve(&host("orders")), other.engines.resolve(&host("orders")));
    assert_ne!(one_address, other_address);
    assert_ne!(one_address.unwrap().ip(), Ipv4Addr::LOCALHOST);

    let taken = engines::Engines::new(engines::Pace::Paused, Some(&one.clients)).unwrap_err().to_string();
    assert!(taken.contains("use --engines=DIR"), "{taken}");

    let folder = servers_folder(&one.clients).expect("a folder of servers");
    let clients = one.clients.clone();
    drop(one);
    assert!(!folder.exists() && !clients.exists());
    assert_eq!(processes_with(&folder.display().to_string()), Vec::<String>::new());
    assert_eq!(other.psql("orders", "select t from t").unwrap(), "other");
}
