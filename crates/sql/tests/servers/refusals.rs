//! Statements that a server refuses, and that writes are among them.

use sql::{Error, Excess, Product, Refusal, Value};

use crate::support::{Server, ample, both, error, server, unique};

/// What is refused, and as what. The connection stays usable.
async fn check(server: &Server, statements: &[(&str, Refusal, &str)]) {
    let mut connection = server.open(&server.reader()).await.expect("a connection");
    for (sql, expected, number) in statements {
        let error = error(connection.query(sql, ample()).await);
        let Error::Refused { class, code, .. } = &error else { unreachable!("{sql}: {error}") };
        assert_eq!((*class, code.as_str()), (*expected, *number), "{sql}");
        assert!(connection.is_open());
    }
    assert_eq!(connection.query("select 1", ample()).await.unwrap().rows, [[Value::Int(1)]]);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn refusals_of_postgresql() {
    check(
        server(Product::Postgres),
        &[
            ("selec 1", Refusal::Syntax, "SQLSTATE 42601"),
            ("select id from items group by name", Refusal::Syntax, "SQLSTATE 42803"),
            ("select $1::int", Refusal::Syntax, "SQLSTATE 42P02"),
            ("select * from missing", Refusal::MissingObject, "SQLSTATE 42P01"),
            ("select missing from items", Refusal::MissingObject, "SQLSTATE 42703"),
            ("select missing()", Refusal::MissingObject, "SQLSTATE 42883"),
            ("select * from secrets", Refusal::Privilege, "SQLSTATE 42501"),
            ("select 'a'::int", Refusal::Type, "SQLSTATE 22P02"),
            ("select 1 from items where id = true", Refusal::MissingObject, "SQLSTATE 42883"),
            ("select case when true then 1 else name end from items", Refusal::Type, "SQLSTATE 42804"),
            ("select 1 where 1", Refusal::Type, "SQLSTATE 42804"),
            ("select 1 / 0", Refusal::Type, "SQLSTATE 22012"),
            ("select 1; select 2", Refusal::Syntax, "SQLSTATE 42601"),
            ("create table t (a int)", Refusal::ReadOnly, "SQLSTATE 25006"),
        ],
    )
    .await;
}

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn refusals_of_mariadb() {
    check(
        server(Product::Mysql),
        &[
            ("selec 1", Refusal::Syntax, "error 1064"),
            ("select ?", Refusal::Syntax, "error 1210"),
            ("select missing from items", Refusal::MissingObject, "error 1054"),
            ("select missing()", Refusal::Privilege, "error 1370"),
            ("select * from secrets", Refusal::Privilege, "error 1142"),
            ("select point(1, 1) + 1", Refusal::Type, "error 4078"),
            ("select 18446744073709551615 + 1", Refusal::Type, "error 1690"),
            ("select (select 1, 2)", Refusal::Syntax, "error 1241"),
            ("select 1; select 2", Refusal::Syntax, "error 1064"),
        ],
    )
    .await;
    let mut connection = server(Product::Mysql).connect().await;
    let refused = error(connection.query("select * from missing", ample()).await);
    let text = "the server refused the statement: a table, column or function does not exist (error 1146)";
    assert_eq!(refused.to_string(), text);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn postgresql_names_the_character() {
    let mut connection = server(Product::Postgres).connect().await;
    let refused = error(connection.query("select 1, missing from items", ample()).await);
    let text = "the server refused the statement: a table, column or function does not exist (SQLSTATE 42703) at \
                character 11";
    assert_eq!(refused.to_string(), text);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn no_value_is_in_an_error() {
    for server in both() {
        let mut connection = server.connect().await;
        let sql =
            server.either("select note::int from secrets", "select extractvalue(1, concat('~', note)) from secrets");
        let refused = error(connection.query(sql, ample()).await);
        assert!(matches!(refused, Error::Refused { class: Refusal::Type | Refusal::Other, .. }), "{refused}");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn the_server_refuses_every_write() {
    for server in both() {
        let mut connection = server.connect().await;
        let table = unique();
        let create = format!("create table {table} (a int)");
        for sql in [
            "insert into items values (0, 'x')",
            "update items set id = 0",
            "delete from items",
            "drop table items",
            &create,
            server.either("select nextval('s')", "insert into items values (0, 'x') returning id"),
            server.either("with w as (delete from items returning id) select * from w", "truncate table items"),
        ] {
            let refused = error(connection.query(sql, ample()).await);
            assert!(matches!(refused, Error::Refused { class: Refusal::ReadOnly, .. }), "{sql}: {refused}");
        }
        let rows = connection.query("select count(*), min(id) from items", ample()).await.unwrap();
        assert_eq!(rows.rows, [[Value::Int(1000), Value::Int(1)]]);
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn no_statement_makes_the_next_one_a_write() {
    for server in both() {
        let mut connection = server.connect().await;
        for sql in [
            "commit",
            "rollback",
            server.either("commit and chain", "set autocommit = 1"),
            server.either("set transaction read write", "start transaction read write"),
            "set session transaction read write",
            server.either("set session characteristics as transaction read write", "set session tx_read_only = 0"),
            server.either("set default_transaction_read_only = off", "set sql_mode = ''"),
        ] {
            // Whether it is accepted does not matter.
            let _ = connection.query(sql, ample()).await;
            let refused = error(connection.query("insert into items values (0, 'x')", ample()).await);
            assert!(matches!(refused, Error::Refused { class: Refusal::ReadOnly, .. }), "{sql}: {refused}");
        }
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn of_several_statements_none_is_run() {
    for server in both() {
        let mut connection = server.connect().await;
        for sql in ["select 1; select 2", "commit; delete from items", "select 1; commit; delete from items"] {
            let refused = error(connection.query(sql, ample()).await);
            assert!(matches!(refused, Error::Refused { class: Refusal::Syntax, .. }), "{sql}: {refused}");
        }
        // A semicolon at the end is no second statement.
        let rows = connection.query("select count(*) from items;", ample()).await.unwrap();
        assert_eq!(rows.rows, [[Value::Int(1000)]]);
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn a_row_that_is_too_large_is_not_read() {
    let mut connection = server(Product::Postgres).connect().await;
    let refused = error(connection.query("select repeat('x', 70000000)", ample()).await);
    assert_eq!(refused, Error::TooMuch(Excess::Row(64 << 20)));
    assert!(!connection.is_open());
}
