//! Values of all common types, and results of any size.

use chrono::{NaiveDate, NaiveDateTime};
use sql::{Error, Product, Row, Value};

use crate::support::{ample, both, error, server};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 27).unwrap()
}

fn noon() -> NaiveDateTime {
    day().and_hms_micro_opt(12, 0, 0, 250_000).unwrap()
}

/// The only row of a query with these expressions, of which each is compared with its value.
async fn check(product: Product, expressions: &[(&str, Value)]) {
    let columns: Vec<_> = expressions.iter().map(|(expression, _)| *expression).collect();
    let sql = format!("select {}", columns.join(", "));
    let rows = server(product).connect().await.query(&sql, ample()).await.expect("a row");
    let [row]: [Row; 1] = rows.rows.try_into().expect("one row");
    assert_eq!(row.len(), expressions.len());
    for ((expression, expected), value) in expressions.iter().zip(row) {
        assert_eq!(value, *expected, "{expression}");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn values_of_postgresql() {
    let server = server(Product::Postgres);
    server.write("create type mood as enum ('good', 'bad'); create domain age as int");
    check(
        Product::Postgres,
        &[
            ("null::text", Value::Null),
            ("true", Value::Bool(true)),
            ("'-32768'::smallint", Value::Int(-32768)),
            ("'-2147483648'::int", Value::Int(i32::MIN.into())),
            ("9223372036854775807", Value::Int(i64::MAX.into())),
            ("4294967295::oid", Value::Int(u32::MAX.into())),
            ("7::age", Value::Int(7)),
            ("1.5::real", Value::Float(1.5)),
            ("'-Infinity'::double precision", Value::Float(f64::NEG_INFINITY)),
            ("0.00::numeric", Value::Decimal("0.00".to_owned())),
            ("-12345678.000120::numeric", Value::Decimal("-12345678.000120".to_owned())),
            ("100000000000000000000::numeric", Value::Decimal("100000000000000000000".to_owned())),
            ("0.00001::numeric", Value::Decimal("0.00001".to_owned())),
            ("'NaN'::numeric", Value::Decimal("NaN".to_owned())),
            ("'ä'::text", text("ä")),
            ("'a'::char(3)", text("a  ")),
            ("'a'::name", text("a")),
            ("'good'::mood", text("good")),
            ("'\\x00ff'::bytea", Value::Bytes(vec![0, 255])),
            ("'{\"a\": 1}'::json", text("{\"a\": 1}")),
            ("'{\"a\":1}'::jsonb", text("{\"a\": 1}")),
            ("'12345678-9abc-def0-1234-56789abcdef0'::uuid", text("12345678-9abc-def0-1234-56789abcdef0")),
            ("'2026-11-27'::date", Value::Date(day())),
            ("'infinity'::date", text("infinity")),
            ("'2026-11-27 12:00:00.25'::timestamp", Value::DateTime(noon())),
            ("'2026-11-27 14:00:00.25+02'::timestamptz", Value::Instant(noon().and_utc())),
            ("'-infinity'::timestamptz", text("-infinity")),
            ("'12:30:01.5'::time", text("12:30:01.500")),
            ("'24:00'::time", text("24:00:00")),
            ("'1 year 2 days -3.5 seconds'::interval", text("P12M2DT-3.500000S")),
            // Types that are not known.
            ("'(1,2)'::point", Value::Bytes([1f64.to_be_bytes(), 2f64.to_be_bytes()].concat())),
            ("array[]::int[]", Value::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23])),
        ],
    )
    .await;
    // A row without columns is one.
    let rows = server.connect().await.query("select from items", ample()).await.unwrap();
    assert_eq!((rows.columns.len(), rows.rows.len()), (0, 1000));
}

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn values_of_mariadb() {
    let server = server(Product::Mysql);
    server.write(
        "create table kinds (tiny tinyint, big bigint unsigned, small float, wide double, price decimal(12,4),
            word varchar(9), fixed char(3), raw varbinary(9), pages blob, story text, mood enum('good','bad'),
            tags set('a','b'), bits bit(9), day date, at datetime(6), moment timestamp(6) null, hour time(1), y year,
            doc json, place point, nothing int);
        set time_zone = '+02:00'; set sql_mode = '';
        insert into kinds values (-128, 18446744073709551615, 1.5, -2.25, -12.5, 'ä', 'a', x'00ff', x'01', 'long',
            'bad', 'a,b', b'100000001', '2026-11-27', '2026-11-27 12:00:00.25', '2026-11-27 14:00:00.25',
            '-100:30:01.5', 2026,
            '{\"a\": 1}', point(1, 2), null);
        insert into kinds (day, at) values ('0000-00-00', '2026-00-01 10:00:00')",
    );
    let rows = server.connect().await.query("select * from kinds", ample()).await.expect("rows");
    let point = [&[0, 0, 0, 0, 1, 1, 0, 0, 0][..], &1f64.to_le_bytes(), &2f64.to_le_bytes()].concat();
    let expected = [
        Value::Int(-128),
        Value::Int(u64::MAX.into()),
        Value::Float(1.5),
        Value::Float(-2.25),
        Value::Decimal("-12.5000".to_owned()),
        text("ä"),
        text("a"),
        Value::Bytes(vec![0, 255]),
        Value::Bytes(vec![1]),
        text("long"),
        text("bad"),
        text("a,b"),
        Value::Bytes(vec![1, 1]),
        Value::Date(day()),
        Value::DateTime(noon()),
        Value::Instant(noon().and_utc()),
        text("-100:30:01.500000"),
        Value::Int(2026),
        text("{\"a\": 1}"),
        Value::Bytes(point),
        Value::Null,
    ];
    for ((name, value), expected) in rows.columns.iter().zip(&rows.rows[0]).zip(&expected) {
        assert_eq!(value, expected, "{name}");
    }
    assert_eq!(rows.rows[1][13..15], [text("0000-00-00"), text("2026-00-01 10:00:00")]);
}

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn a_statement_that_cannot_be_prepared_is_sent_as_text() {
    let mut connection = server(Product::Mysql).connect().await;
    let rows = connection.query("check table items", ample()).await.unwrap();
    assert_eq!(rows.rows[0][3], text("OK"));
    connection.query("show tables", ample()).await.unwrap();
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_stream_of_many_rows_is_not_kept() {
    for server in both() {
        let (sql, before) = (server.numbers(200_000), resident_bytes());
        let mut connection = server.connect().await;
        let mut stream = connection.stream(&sql, ample()).await.unwrap();
        assert_eq!(stream.columns().len(), 2);
        let (mut rows, mut sum, mut most) = (0, 0, 0);
        while let Some(row) = stream.next().await.unwrap() {
            let Value::Int(number) = row[0] else { unreachable!("{row:?}") };
            rows += 1;
            sum += number;
            if rows % 10_000 == 0 {
                most = most.max(resident_bytes());
            }
        }
        assert_eq!((rows, sum), (200_000, 200_000 * 200_001 / 2));
        assert!(stream.next().await.unwrap().is_none());
        let total = stream.total();
        assert!(total.rows == 200_000 && (100_000_000..110_000_000).contains(&total.bytes), "{total:?}");
        assert!(most.saturating_sub(before) < 40_000_000, "{most} after {before}");
        drop(stream);
        assert!(connection.is_open());
        let measured = connection.measure(&sql, ample()).await.unwrap();
        assert_eq!(measured, total);
    }
}

/// The memory of this process.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("a file");
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4096
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_stream_that_is_dropped_before_its_end_closes_the_connection() {
    for server in both() {
        let mut connection = server.connect().await;
        let mut stream = connection.stream(&server.numbers(100_000), ample()).await.unwrap();
        stream.next().await.unwrap();
        drop(stream);
        assert!(!connection.is_open());
        assert_eq!(error(connection.query("select 1", ample()).await), Error::Lost);
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_query_may_have_no_rows() {
    for server in both() {
        let mut connection = server.connect().await;
        let rows = connection.query("select id from items where id < 0", ample()).await.unwrap();
        assert_eq!((rows.columns, rows.rows.len()), (vec!["id".to_owned()], 0));
        let mut stream = connection.stream("select id from items where id < 0", ample()).await.unwrap();
        assert_eq!(stream.columns(), ["id"]);
        assert_eq!(stream.next().await.unwrap(), None);
    }
}
