//! `draco plan --database NAME`.

use crate::plan::MIXED;
use crate::{run, run_on};

/// The databases in the output of these options.
fn databases(list: &str, options: &[&str]) -> Vec<String> {
    let ran = run_on(list, &[&["plan", "--summary", "--json"], options].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&ran.out).expect("JSON");
    rows.iter().map(|row| row["database"].to_string()).collect()
}

#[test]
fn only_the_named_databases_are_planned() {
    assert_eq!(databases(MIXED, &["--database", "orders"]), [r#""orders""#]);
    assert_eq!(databases(MIXED, &["--database", "orders", "--database", "billing"]), [r#""billing""#, r#""orders""#]);
}

#[test]
fn a_copy_is_selected_by_identifier_or_arn() {
    let copies =
        std::fs::read_to_string(crate::root().join("samples/describe-db-cluster-snapshots.json")).expect("a sample");
    let arn = "arn:aws:rds:eu-west-1:111111111111:cluster:warehouse";
    for name in ["warehouse", arn] {
        assert_eq!(databases(&copies, &["--database", name]), [format!("\"{arn}\"")]);
    }
}

#[test]
fn an_unknown_database_is_an_error_with_a_suggestion() {
    for (name, expected) in [
        ("oders", "error: no database `oders` in the list; did you mean `orders`?\n"),
        ("inventory", "error: no database `inventory` in the list; --summary shows the names of its databases\n"),
    ] {
        let ran = run_on(MIXED, &["plan", "--database", name]);
        assert_eq!((ran.err.as_str(), ran.out.as_str(), ran.code), (expected, "", Some(2)));
    }
    let ran = run_on("[]", &["plan", "--database", "orders"]);
    assert_eq!(ran.err, "error: no database `orders` in the list; it has no database names\n");
}

#[test]
fn many_databases_get_a_note_about_the_summary() {
    let list: Vec<String> = (0..11)
        .map(|n| {
            format!(r#"{{"id": "{n}", "taken": "2026-11-21T03:06:39Z", "database": "db-{n}", "lifecycle": "Test"}}"#)
        })
        .collect();
    let list = format!("[{}]", list.join(","));
    let note = "note: 11 databases; --summary prints one line for each, --database NAME selects one\n";
    assert_eq!(run_on(&list, &["plan"]).err, note);
    assert_eq!(run_on(&list, &["plan", "--summary"]).err, "");
    assert_eq!(run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Test"]).err, "");
}
