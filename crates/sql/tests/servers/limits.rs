//! What a query may take: rows, bytes and time.

use std::time::Duration;

use sql::{Error, Excess, Limits, Value};

use crate::support::{LONG, ample, both, error};

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_result_has_at_most_the_allowed_rows_and_bytes() {
    for server in both() {
        let mut connection = server.connect().await;
        let rows = |rows| Limits { rows, ..ample() };
        assert_eq!(connection.query("select id from items", rows(1000)).await.unwrap().rows.len(), 1000);
        let refused = error(connection.query("select id from items", rows(999)).await);
        assert_eq!(refused, Error::TooMuch(Excess::Rows(999)));
        assert_eq!(refused.to_string(), "the result has more than 999 rows");
        assert!(!connection.is_open());

        let mut connection = server.connect().await;
        let bytes = |bytes| Limits { bytes, ..ample() };
        let total = connection.measure("select name from items", ample()).await.unwrap();
        assert_eq!(total.rows, 1000);
        let exact = connection.measure("select name from items", bytes(total.bytes)).await.unwrap();
        assert_eq!(exact, total);
        let refused = error(connection.measure("select name from items", bytes(total.bytes - 1)).await);
        assert_eq!(refused, Error::TooMuch(Excess::Bytes(total.bytes - 1)));

        let mut connection = server.connect().await;
        let mut stream = connection.stream("select id from items", rows(10)).await.unwrap();
        let mut read = 0;
        let refused = loop {
            match stream.next().await {
                Ok(row) => read += u64::from(row.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(read, 10);
        assert_eq!(refused, Error::TooMuch(Excess::Rows(10)));
        assert_eq!(stream.next().await, Ok(None));
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn the_server_ends_a_query_that_takes_too_long() {
    for server in both() {
        let mut connection = server.connect().await;
        let limit = Duration::from_millis(100);
        for sql in [
            server.either(
                "select pg_sleep(60)",
                "select count(*) from items a, items b, items c, items d where a.name <> d.name",
            ),
            server.either(
                "select count(*) from generate_series(1, 1000000000000)",
                "select count(*) from seq_1_to_1000000000 a, seq_1_to_1000000000 b",
            ),
        ] {
            let ended = error(connection.query(sql, Limits::within(limit)).await);
            assert_eq!(ended, Error::TimedOut(limit), "{sql}");
            assert_eq!(ended.to_string(), "no result within 0.1 s");
            // It was the server, so the connection is in order.
            assert!(connection.is_open(), "{sql}");
        }
        // The limit is that of the query, not of the session.
        let slow = server.either("select 1 from pg_sleep(0.2)", "select 1 + sleep(0.2)");
        let rows = connection.query(slow, Limits::within(LONG)).await.unwrap();
        assert_eq!(rows.rows, [[Value::Int(1)]]);
    }
}
