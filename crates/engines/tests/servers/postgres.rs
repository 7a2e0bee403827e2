//! PostgreSQL behind an endpoint.

use sim::servers::Servers;

use crate::support::{Fixture, PASSWORD, host, minute, volume};

#[test]
#[ignore = "it needs PostgreSQL"]
fn snapshots_copies_restores_and_points_in_time_contain_the_rows_of_then() {
    let fixture = Fixture::new(5432);
    let engines = &fixture.engines;
    fixture.create("orders", "postgres");
    let rows = |name: &str| fixture.psql(name, "select string_agg(item, ' ' order by item) from orders").unwrap();

    fixture.psql("orders", "create table orders (item text); insert into orders values ('a')").unwrap();
    engines.note_time(minute(10));
    fixture.psql("orders", "insert into orders values ('b')").unwrap();

    // A transaction that is in progress is in no snapshot.
    engines.freeze(&volume("orders"), &volume("snapshot")).unwrap();
    engines.copy(&volume("snapshot"), &volume("copy")).unwrap();
    engines.drop_volume(&volume("snapshot"));
    engines.note_time(minute(20));
    fixture.psql("orders", "insert into orders values ('c')").unwrap();
    fixture.restore("copy", "restored");
    assert_eq!(rows("restored"), "a b");

    // To the minute, and to the end, from a database that runs and from one that is stopped.
    let restore_to = |time, name: &str| {
        engines.restore_to_time(&volume("orders"), time, &volume(name), minute(30)).unwrap();
        fixture.start(name, &host(name));
        rows(name)
    };
    assert_eq!(restore_to(minute(9), "nine"), "a");
    assert_eq!(restore_to(minute(10), "ten"), "a b");
    assert_eq!(restore_to(minute(25), "latest"), "a b c");
    engines.stop(&volume("orders"));
    assert_eq!(engines.resolve(&host("orders")), None);
    assert_eq!(restore_to(minute(19), "stopped"), "a b");

    // What was restored has a log of its own.
    engines.note_time(minute(40));
    fixture.psql("nine", "insert into orders values ('x')").unwrap();
    engines.note_time(minute(50));
    fixture.psql("nine", "insert into orders values ('y')").unwrap();
    engines.restore_to_time(&volume("nine"), minute(45), &volume("again"), minute(50)).unwrap();
    fixture.start("again", &host("again"));
    assert_eq!(rows("again"), "a x");
    let early = engines.restore_to_time(&volume("nine"), minute(29), &volume("early"), minute(50));
    assert_eq!(early.unwrap_err().0, "the log of changes begins at 1970-01-01T00:30:00.000Z, which is later");
}

#[test]
#[ignore = "it needs PostgreSQL"]
fn users_and_connections_are_as_on_rds() {
    let fixture = Fixture::new(5432);
    fixture.create("orders", "aurora-postgresql");
    let address = fixture.engines.resolve(&host("orders")).unwrap();
    assert_eq!(address.port(), 5432);
    assert!(address.ip().is_loopback());
    let refused = |result: Result<String, String>, why: &str| {
        let error = result.unwrap_err();
        assert!(error.contains(why), "{error}");
    };

    // The host's name is verified against its certificate.
    let other = format!("host={}", host("other"));
    refused(fixture.psql_as("orders", "boss", PASSWORD, &other, "select 1"), "does not match host name");
    refused(fixture.psql_as("orders", "boss", PASSWORD, "sslmode=disable", "select 1"), "no encryption");
    refused(fixture.psql_as("orders", "boss", "wrong-password", "", "select 1"), "password authentication failed");
    refused(fixture.psql_as("orders", "rdsadmin", "", "", "select 1"), "pg_hba.conf rejects connection");

    // The master user.
    let about = "select rolsuper, rolcreatedb, rolcreaterole, pg_has_role('rds_superuser', 'member') from pg_roles
                 where rolname = current_user";
    assert_eq!(fixture.psql("orders", about).unwrap(), "f|t|t|t");
    fixture.psql("orders", "set session_replication_role = replica; create role clerk login").unwrap();
    fixture.psql("orders", "create database new").unwrap();

    refused(fixture.psql("orders", "copy (select 1) to program 'true'"), "must be superuser");
    refused(fixture.psql("orders", "alter role boss superuser"), "must be superuser");
    let trigger = "create table t (i int primary key); create table u (i int references t); \
                   alter table u disable trigger all";
    refused(fixture.psql("orders", trigger), "permission denied: \"RI_ConstraintTrigger");

    // The ways around that.
    for role in ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"] {
        refused(fixture.psql("orders", &format!("grant {role} to boss")), "must be superuser");
    }
    let folder = crate::support::servers_folder(&fixture.clients).unwrap();
    let socket = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let socket = socket.into_iter().find(|path| path.join(".s.PGSQL.5432").exists()).unwrap();
    let local = format!("host={} user=rdsadmin dbname=postgres", socket.display());
    let local = std::process::Command::new("psql").args(["-X", "-w", &local, "-c", "select 1"]).output().unwrap();
    assert!(!local.status.success());
    // What the master user does to its database does not concern `rdsadmin`.
    fixture.psql("orders", "drop database postgres").unwrap();

    // A new password, and a new name with another certificate, at the same address.
    fixture.engines.set_password(&volume("orders"), "it's \"new\"").unwrap();
    assert_eq!(fixture.psql_as("orders", "boss", "it's \"new\"", "", "select 1").unwrap(), "1");
    fixture.engines.stop(&volume("orders"));
    fixture.engines.set_password(&volume("orders"), "another-one").unwrap();
    fixture.start("orders", &host("renamed"));
    assert_eq!(fixture.engines.resolve(&host("orders")), None);
    assert_eq!(fixture.engines.resolve(&host("renamed")), Some(address));
    assert_eq!(fixture.psql_as("renamed", "boss", "another-one", "", "select 1").unwrap(), "1");
    assert_eq!(
        std::fs::read_to_string(fixture.clients.join("hosts")).unwrap(),
        format!("{} {}\n", address.ip(), host("renamed"))
    );
}
