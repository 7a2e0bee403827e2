//! MariaDB behind an endpoint.

use sim::servers::Servers;

use crate::support::{Fixture, PASSWORD, host, minute, volume};

#[test]
#[ignore = "it needs MariaDB"]
fn contents_users_and_connections_are_as_on_rds() {
    let fixture = Fixture::new(3306);
    let engines = &fixture.engines;
    fixture.create("orders", "mysql");
    let trusts = fixture.trusts();
    let run = |name: &str, statements: &str| fixture.mariadb(name, "boss", &[&trusts, "shop"], statements).unwrap();
    let rows = |name: &str| run(name, "select group_concat(item order by item separator ' ') from orders");
    let refused = |result: Result<String, String>, why: &str| {
        let error = result.unwrap_err();
        assert!(error.contains(why), "{error}");
    };

    // Users and connections.
    refused(fixture.mariadb("orders", "boss", &["--skip-ssl"], "select 1"), "Access denied");
    assert_eq!(run("orders", "select 1"), "1");
    refused(fixture.mariadb("orders", "rdsadmin", &[&trusts], "select 1"), "Access denied");
    refused(fixture.mariadb("orders", "boss", &[&trusts], "set global max_connections = 7"), "SUPER");
    assert!(run("orders", "show grants").contains("WITH GRANT OPTION"));

    // The ways around that.
    let boss = |statements: &str| fixture.mariadb("orders", "boss", &[&trusts], statements);
    refused(boss("update mysql.global_priv set priv = '{}'"), "denied");
    refused(boss("grant update on mysql.* to boss"), "denied");
    refused(boss("grant file on *.* to boss"), "denied");
    boss("create database more; create table more.t (i int); create user clerk; grant select on more.* to clerk")
        .unwrap();
    boss("alter user rdsadmin@localhost identified by 'correct-horse'").unwrap();
    refused(fixture.mariadb("orders", "rdsadmin", &[&trusts], "select * from mysql.global_priv"), "denied");
    assert!(engines.set_password(&volume("orders"), PASSWORD).is_err());
    // It is made anew with each start.
    engines.stop(&volume("orders"));
    fixture.start("orders", &host("orders"));
    engines.set_password(&volume("orders"), PASSWORD).unwrap();

    // Contents.
    run("orders", "create table orders (item text); insert into orders values ('a')");
    engines.note_time(minute(10));
    run("orders", "insert into orders values ('b')");
    engines.freeze(&volume("orders"), &volume("snapshot")).unwrap();
    engines.note_time(minute(20));
    run("orders", "insert into orders values ('c')");
    fixture.restore("snapshot", "restored");
    assert_eq!(rows("restored"), "a b");
    for (time, expected) in [(9, "a"), (10, "a b"), (25, "a b c")] {
        let name = format!("at{time}");
        engines.restore_to_time(&volume("orders"), minute(time), &volume(&name), minute(30)).unwrap();
        fixture.start(&name, &host(&name));
        assert_eq!(rows(&name), expected, "{time}");
    }

    // A password of a database that does not run.
    engines.stop(&volume("orders"));
    engines.set_password(&volume("orders"), "another-one").unwrap();
    fixture.start("orders", &host("orders"));
    refused(fixture.mariadb("orders", "boss", &[&trusts], "select 1"), "Access denied");
    assert_eq!(fixture.mariadb("orders", "boss", &[&trusts, "-panother-one"], "select 1").unwrap(), "1");
}
