//! What travels between the functions, and how parts of a report are joined.

use std::collections::BTreeMap;

use checks::{
    Answer, CheckResult, Column, Facts, Fault, Limits, Marker, NotChecked, ObjectName, Part, Product, Progress, Secret,
    Server, Spent, Stage, Table, Task, Verdict,
};
use proptest::prelude::*;

fn name(number: u8) -> ObjectName {
    ObjectName::in_schema("shop", "public", &format!("t{number}"))
}

prop_compose! {
    fn table()(number in 0..4_u8, rows in 0..9_u64, is_read in any::<bool>(), has_columns in any::<bool>()) -> Table {
        let column = Column { name: "id".to_owned(), kind: "int".to_owned(), sample: None };
        Table {
            name: name(number),
            partition_of: None,
            rows,
            bytes: rows * 10,
            milliseconds: rows,
            unread: (!is_read).then(|| "budget".to_owned()),
            columns: if has_columns { vec![column] } else { vec![] },
        }
    }
}

prop_compose! {
    fn part()(
        tables in prop::collection::vec(table(), 0..4),
        faults in prop::collection::btree_set(0..4_u8, 0..3),
        checks in prop::collection::btree_map(0..4_u32, 0..5_u64, 0..3),
        has_facts in any::<bool>(),
        version in 0..3_u8,
        spent in 0..100_u64,
    ) -> Part {
        let result = |milliseconds| CheckResult {
            id: "id".to_owned(), sql: "select 1".to_owned(), database: "shop".to_owned(),
            verdict: Verdict::Passed { why: None }, value: Some(1.into()), milliseconds,
        };
        let part = Part {
            complete: has_facts,
            facts: has_facts.then(|| Facts { version: version.to_string(), databases: vec![] }),
            tables,
            faults: faults.iter().map(|number| Fault::Unlogged { table: name(*number) }).collect(),
            not_checked: faults.iter().map(|n| NotChecked { what: n.to_string(), why: String::new() }).collect(),
            checks: checks.into_iter().map(|(at, milliseconds)| (at, result(milliseconds))).collect(),
            indexes: BTreeMap::from([("shop".to_owned(), spent)]),
            spent: Spent { milliseconds: spent, bytes: spent },
        };
        // Each table once, and in order, as the checker writes them.
        Part::default().merge(part)
    }
}

proptest! {
    #[test]
    fn merging_is_associative(a in part(), b in part(), c in part()) {
        prop_assert_eq!(a.clone().merge(b.clone()).merge(c.clone()), a.merge(b.merge(c)));
    }

    #[test]
    fn an_empty_part_changes_nothing(a in part()) {
        prop_assert_eq!(a.clone().merge(Part::default()), a.clone());
        prop_assert_eq!(Part::default().merge(a.clone()), a);
    }

    #[test]
    fn a_repeated_part_replaces_and_does_not_double(a in part(), b in part()) {
        let once = a.merge(b.clone());
        prop_assert_eq!(once.clone().merge(b), once);
    }

    #[test]
    fn a_part_travels_as_json(a in part()) {
        let answer = Answer { part: a, next: Some(marker()) };
        let json = serde_json::to_string(&answer).unwrap();
        prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
    }
}

fn marker() -> Marker {
    Marker {
        stage: Stage::Tables,
        database: Some("shop".to_owned()),
        after: Some(name(1)),
        progress: Some(Progress { table: name(2), next: i128::from(u64::MAX), rows: 1, bytes: 2, milliseconds: 3 }),
        indexes: 7,
        checks: 1,
        spent: Spent { milliseconds: 4, bytes: 5 },
    }
}

fn task() -> Task {
    Task {
        server: Server {
            product: Product::Postgres,
            host: "orders.example".to_owned(),
            port: 5432,
            address: Some(([127, 0, 0, 1], 5432).into()),
            user: "boss".to_owned(),
            password: Secret::new("correct-horse"),
            roots: "pem".to_owned(),
        },
        database: Some("shop".to_owned()),
        checks: vec![serde_json::from_str(r#"{"sql":"select 1","within":"26h"}"#).unwrap()],
        last: BTreeMap::from([("id".to_owned(), "0.5".parse().unwrap())]),
        taken: "2026-11-27T03:00:00Z".parse().unwrap(),
        limits: Limits::default(),
        marker: Some(marker()),
    }
}

#[test]
fn a_task_travels_as_json_with_its_password() {
    let json = serde_json::to_string(&task()).unwrap();
    assert!(json.contains(r#""password":"correct-horse""#));
    assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), task());
}

#[test]
fn a_password_is_not_shown() {
    let shown = format!("{:?}", task());
    assert!(shown.contains("Secret(…)") && !shown.contains("horse"), "{shown}");
}

#[test]
fn a_task_may_leave_out_what_has_a_default() {
    let json = r#"{"server": {"product": "mysql", "host": "h", "port": 3306, "user": "u", "password": "p", "roots": ""},
                   "taken": "2026-11-27T03:00:00Z", "limits": {"check_seconds": 5}}"#;
    let task: Task = serde_json::from_str(json).unwrap();
    assert_eq!(task.limits, Limits { check_seconds: 5, ..Limits::default() });
    assert_eq!((task.marker, task.database), (None, None));
}

#[test]
fn the_name_of_an_object_is_one_line() {
    assert_eq!(ObjectName::in_schema("a", "b", "c\nd").to_string(), "a.b.c\\nd");
    assert_eq!(ObjectName::in_database("a", "c").to_string(), "a.c");
}
