//! Databases that are in order, with all that they may have.

use checks::{Conclusion, Grade, Limits, ObjectName, Part, Product, Severity, Table};

use crate::support::{PRODUCTS, faults, report, server, verify};

const COUNT: &str = r#"{"sql": "select count(*) from items", "at_least": 1000}"#;

/// A table of the database `shop`, by its name.
fn table<'a>(part: &'a Part, name: &str) -> &'a Table {
    let shop = |table: &&Table| table.name.database == "shop" && table.name.name == name;
    part.tables.iter().find(shop).unwrap_or_else(|| panic!("no table {name}"))
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn good_databases_are_verified() {
    for product in PRODUCTS {
        let report = report(&server(product).task(&[COUNT])).await;
        assert_eq!(report.conclusion, Conclusion::Verified, "{report:?}");
        assert_eq!((&report.available, &report.checked), (&Grade::Yes, &Grade::Yes));
        assert!(report.faults.iter().all(|finding| finding.severity == Severity::Warning), "{:?}", report.faults);
        assert!(report.totals.indexes >= 3, "{:?}", report.totals);
        if product == Product::Mysql {
            assert_eq!((&report.read, report.not_checked.len()), (&Grade::Yes, 1), "{report:?}");
        }
        let version = report.facts.unwrap().version;
        assert!(version.contains("PostgreSQL 1") || version.contains("MariaDB"), "{version}");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn every_table_is_read_to_its_end_whatever_its_name() {
    let (part, _) = verify(&server(Product::Postgres).task(&[])).await;
    let rows: Vec<_> = part.tables.iter().map(|table| (table.name.to_string(), table.rows)).collect();
    let expected = [
        ("shop.S p.a\\\"b`c", 3),
        ("shop.public.Mixed", 10),
        ("shop.public.behind", 1),
        ("shop.public.events_1", 5),
        ("shop.public.events_2", 7),
        ("shop.public.hidden", 0),
        ("shop.public.items", 1000),
        ("shop.public.large", 400),
        ("shop.public.nothing", 1),
        ("shop.public.private", 0),
        ("shop.public.rights", 1),
        ("shop.public.scratch", 0),
        ("shop.public.secrets", 20),
        ("shop.public.totals", 1),
        ("shop.public.twice", 2),
    ];
    assert_eq!(rows, expected.map(|(name, rows)| (name.to_owned(), rows)));
    let root = Some(ObjectName::in_schema("shop", "public", "events"));
    assert_eq!(table(&part, "events_1").partition_of, root);
    let unread: Vec<_> = part.tables.iter().filter_map(|table| table.unread.as_deref()).collect();
    let refused = "the server refused the statement: missing privilege (SQLSTATE 42501)";
    assert_eq!(unread, ["row security hides rows from the user", refused]);

    let (part, _) = verify(&server(Product::Mysql).task(&[])).await;
    let rows: Vec<_> = part.tables.iter().map(|table| (table.name.to_string(), table.rows)).collect();
    let expected = [
        ("o`dd.t", 1),
        ("shop.Mixed", 10),
        ("shop.a`b\\\"c", 3),
        ("shop.items", 1000),
        ("shop.large", 400),
        ("shop.scratch", 0),
        ("shop.secrets", 20),
    ];
    assert_eq!(rows, expected.map(|(name, rows)| (name.to_owned(), rows)));
    assert!(part.tables.iter().all(|table| table.unread.is_none()), "{:?}", part.tables);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn the_structure_has_its_findings() {
    let (part, _) = verify(&server(Product::Postgres).task(&[])).await;
    assert_eq!(
        faults(&part),
        [
            "index shop.public.broken: invalid, so it is not used; build it again",
            "sequence shop.public.behind_id_seq: its next value is already in use as a key",
            "table shop.public.scratch: unlogged, so it is empty after a restore",
        ]
    );
    let skipped: Vec<_> = part.not_checked.iter().map(|not| format!("{}: {}", not.what, not.why)).collect();
    let missing = "the extension amcheck is not installed in this database, and cannot be installed: the server refused the statement: missing privilege (SQLSTATE 42501)";
    assert_eq!(
        skipped,
        [
            format!("indexes of database o\\\"dd: {missing}"),
            format!("indexes of database postgres: {missing}"),
            "materialized view shop.public.never: it was never filled".to_owned(),
            // No statement reads it: it would be an error, because it has no server.
            "table shop.public.remote: its rows are on another server".to_owned(),
        ]
    );

    let (part, _) = verify(&server(Product::Mysql).task(&[])).await;
    assert_eq!(faults(&part), ["table shop.scratch: unlogged, so it is empty after a restore"]);
    assert!(part.not_checked.iter().all(|not| not.what == "indexes of table shop.scratch"), "{:?}", part.not_checked);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn columns_are_profiled_by_a_sample() {
    for product in PRODUCTS {
        let (part, _) = verify(&server(product).task(&[])).await;
        let columns = &table(&part, "Mixed").columns;
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "note", "raw", "doc"]);
        assert_eq!(columns[0].sample, None);
        let note = columns[1].sample.unwrap();
        assert_eq!((note.values, note.distinct, note.bytes), (10, 1, 50));
        assert!((note.entropy - 5_f64.log2()).abs() < 0.001, "{note:?}");
        let [raw, doc] = [2, 3].map(|at: usize| columns[at].sample.unwrap());
        assert_eq!((raw.bytes, doc.bytes), (10, 20));
        let task = server(product).task(&[]);
        let few = checks::Task { limits: Limits { sample_rows: 3, ..task.limits }, ..task };
        assert_eq!(table(&verify(&few).await.0, "Mixed").columns[1].sample.unwrap().values, 3);
    }
}

/// What does not depend on time.
fn timeless(mut part: Part) -> Part {
    part.tables.iter_mut().for_each(|table| table.milliseconds = 0);
    part.checks.values_mut().for_each(|result| result.milliseconds = 0);
    part.spent.milliseconds = 0;
    part
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn runs_that_continue_each_other_find_what_one_run_finds() {
    for product in PRODUCTS {
        let mut task = server(product).task(&[COUNT, r#"{"sql": "select max(id) from items", "equals": 1000}"#]);
        task.limits.piece_bytes = 64 << 10;
        let (once, runs) = verify(&task).await;
        assert_eq!(runs, 1);
        task.limits.steps = 1;
        let (pieces, runs) = verify(&task).await;
        assert_eq!(timeless(pieces), timeless(once.clone()));
        // More than one for each table, so that some were read in pieces.
        assert!(runs as usize > once.tables.len() + 5, "{runs}");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn what_the_budget_is_too_small_for_is_listed_and_checks_run() {
    for product in PRODUCTS {
        for limits in
            [Limits { read_seconds: 0, ..Limits::default() }, Limits { read_bytes: 1000, ..Limits::default() }]
        {
            let task = checks::Task { limits, ..server(product).task(&[COUNT]) };
            let report = report(&task).await;
            assert_eq!((&report.conclusion, &report.checked), (&Conclusion::Verified, &Grade::Yes), "{report:?}");
            assert!(matches!(report.read, Grade::NotDone { .. }), "{:?}", report.read);
            let over = |not: &&checks::NotChecked| not.why == "the budget for reading was spent";
            assert!(report.not_checked.iter().filter(over).any(|not| not.what.ends_with(".secrets")), "{report:?}");
        }
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_run_without_time_still_makes_a_step() {
    for product in PRODUCTS {
        let mut task = server(product).task(&[]);
        let mut runs = 0;
        while let Some(marker) = checker::run(task.clone(), std::time::Duration::ZERO).await.next {
            assert_ne!(task.marker.replace(marker.clone()), Some(marker));
            runs += 1;
        }
        assert!(runs > 5, "{runs}");
    }
}
