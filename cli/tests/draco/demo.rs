//! `draco demo`. The test for violated invariants is in `src/demo/outcome.rs`.

use std::collections::BTreeSet;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::json::documented;
use crate::{draco, run};

/// The JSON output of a demo without violations.
#[track_caller]
fn json(args: &[&str]) -> Value {
    let ran = run(&[&["demo", "--json"], args].concat());
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn the_story_the_copies_and_the_totals_are_printed() {
    let ran = run(&["demo", "--days", "3", "--seed", "7", "--no-engines"]);
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    assert_snapshot!(ran.out);
}

// Invariant 27.
#[test]
#[ignore = "it needs PostgreSQL"]
fn with_postgresql_the_copy_is_queried_and_verified() {
    let demo = || run(&["demo", "--days", "1", "--databases", "1", "--seed", "7"]);
    let ran = demo();
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    let (_, verification) = ran.out.split_once("The verification of one copy\n").expect("a verification");
    let (verification, _) = verification.split_once("Copies after").expect("its end");
    assert_snapshot!(verification);
    assert_eq!(ran.out, demo().out);
}

#[test]
fn json_is_one_object() {
    assert_snapshot!(run(&["demo", "--days", "2", "--seed", "7", "--json"]).out);
}

#[test]
fn the_documented_keys_of_json_are_those_that_are_printed() {
    let totals = json(&["--days", "1", "--databases", "1"]);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&totals), documented("## `draco demo --json`"));
    assert_eq!(keys(&totals["overhead_seconds"]), documented("### `overhead_seconds`"));
}

#[test]
fn the_same_seed_gives_the_same_output_and_another_seed_does_not() {
    let demo = |seed| run(&["demo", "--days", "1", "--databases", "2", "--seed", seed, "--no-engines"]).out;
    let first = demo("5");
    assert_eq!(first, demo("5"));
    assert_ne!(first, demo("6"));
}

// Invariant 6.
#[test]
fn lifecycles_delete_the_copies_that_the_dry_run_reports() {
    let dry = json(&["--days", "12", "--databases", "1"]);
    assert_eq!((dry["copied"].as_u64(), dry["deleted"].as_u64()), (Some(12), Some(0)));
    let wet = json(&["--days", "12", "--databases", "1", "--no-dry-run"]);
    assert_eq!((wet["copied"].as_u64(), wet["would_delete"].as_u64()), (Some(12), Some(0)));
    assert_eq!(dry["would_delete"], wet["deleted"]);
    assert!(wet["deleted"].as_u64() > Some(0), "{wet}");
}

#[test]
fn databases_are_of_six_kinds_in_turn() {
    let totals = json(&["--days", "1", "--databases", "13"]);
    let counts = ["databases", "snapshots", "eligible", "copied", "lost"].map(|name| totals[name].as_u64());
    assert_eq!(counts, [13, 13, 9, 9, 0].map(Some));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let mut command = draco(&["demo", "--days", "1", "--databases", "1", "--no-engines"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("draco runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("draco ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn invalid_arguments_exit_with_2() {
    for (args, why) in [
        (["--days", "0"], "error: invalid value '0' for '--days <N>': 0 is not in 1..=3650"),
        (["--databases", "0"], "error: invalid value '0' for '--databases <N>': 0 is not in 1..=1000"),
        (["--seed", "x"], "error: invalid value 'x' for '--seed <N>': invalid digit found in string"),
    ] {
        let ran = run(&[&["demo"], &args[..]].concat());
        assert_eq!((ran.err.lines().next(), ran.out.as_str(), ran.code), (Some(why), "", Some(2)));
    }
}

#[test]
fn help_of_demo() {
    assert_snapshot!(run(&["demo", "--help"]).out);
}
