//! `draco plan --summary`.

use insta::assert_snapshot;

use crate::plan::MIXED;
use crate::{run, run_on};

#[test]
fn each_database_has_one_line() {
    assert_snapshot!(run_on(MIXED, &["plan", "--summary"]).out);
}

#[test]
fn arns_are_shown_without_their_common_prefix() {
    assert_snapshot!(run(&["plan", "samples/describe-db-cluster-snapshots.json", "--summary"]).out);
}

#[test]
fn databases_of_the_same_name_in_two_regions_are_two_rows() {
    let copy = |region: &str| {
        let database = format!("arn:aws:rds:{region}:111111111111:db:orders");
        format!(r#"{{"id": "draco-{region}", "taken": "2026-11-21T03:05:00Z", "database": "{database}"}}"#)
    };
    let list = format!("[{}, {}]", copy("eu-central-1"), copy("eu-west-1"));
    let out = run_on(&list, &["plan", "--summary", "--lifecycle", "Standard"]).out;
    let rows: Vec<&str> = out.lines().skip(1).take(2).collect();
    assert!(rows[0].starts_with("arn:aws:rds:eu-central-1:111111111111:db:orders "), "{out}");
    assert!(rows[1].starts_with("arn:aws:rds:eu-west-1:111111111111:db:orders "), "{out}");
}

#[test]
fn three_thousand_databases_fit_80_columns_sorted_and_aligned() {
    let list: Vec<String> = (0..3000)
        .rev()
        .map(|n| {
            format!(r#"{{"id": "{n}", "taken": "2026-11-21T03:06:39Z", "database": "customer-{n:04}-production"}}"#)
        })
        .collect();
    let out = run_on(&format!("[{}]", list.join(",")), &["plan", "--summary", "--lifecycle", "Standard"]).out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", lines[0]);
    let rows = &lines[1..3001];
    assert!(rows.is_sorted() && rows.iter().all(|row| row.len() == rows[0].len()), "{}", rows[0]);
    assert_snapshot!(lines[3002], @"3000 databases, 3000 source snapshots: 3000 copies kept, nothing to delete");
}

#[test]
fn in_a_pipe_names_are_complete() {
    let name = "a-database-with-a-name-that-is-as-long-as-aws-allows-it-to-be-63";
    let list = format!(r#"[{{"id": "a", "taken": "2026-11-21T03:06:39Z", "database": "{name}"}}]"#);
    assert!(run_on(&list, &["plan", "--summary"]).out.contains(name));
}

#[test]
fn an_empty_list_has_no_table() {
    assert_snapshot!(run_on("[]", &["plan", "--summary"]).out, @"The list has no snapshots: nothing to plan.");
}

#[test]
fn the_summary_has_no_reasons() {
    let ran = run_on("[]", &["plan", "--summary", "--reasons"]);
    let expected = "error: the argument '--summary' cannot be used with '--reasons'";
    assert_eq!((ran.err.lines().next(), ran.code), (Some(expected), Some(2)));
}
