//! `draco demo`, whole. That a broken invariant is told is proven beside the code that tells it.

use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::{draco, run};

/// The sums of a demo that went well.
#[track_caller]
fn sums(args: &[&str]) -> Value {
    let ran = run(&[&["demo", "--json"], args].concat());
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn a_person_sees_one_snapshots_way_what_is_kept_and_the_sums() {
    let ran = run(&["demo", "--days", "3", "--seed", "7"]);
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    assert_snapshot!(ran.out);
}

#[test]
fn a_script_gets_one_object() {
    assert_snapshot!(run(&["demo", "--days", "2", "--seed", "7", "--json"]).out);
}

#[test]
fn the_same_seed_is_the_same_demo_and_another_is_another() {
    let play = |seed| run(&["demo", "--days", "1", "--databases", "2", "--seed", seed]).out;
    let once = play("5");
    assert_eq!(once, play("5"));
    assert_ne!(once, play("6"));
}

#[test]
fn lifecycles_delete_when_they_may() {
    let dry = sums(&["--days", "12", "--databases", "1"]);
    assert_eq!((dry["copied"].as_u64(), dry["deleted"].as_u64()), (Some(12), Some(0)));
    let wet = sums(&["--days", "12", "--databases", "1", "--no-dry-run"]);
    assert_eq!((wet["copied"].as_u64(), wet["would_delete"].as_u64()), (Some(12), Some(0)));
    assert_eq!(dry["would_delete"], wet["deleted"]);
    assert!(wet["deleted"].as_u64() > Some(0), "{wet}");
}

#[test]
fn of_many_databases_each_kind_has_its_turn() {
    let sums = sums(&["--days", "1", "--databases", "13"]);
    let counts = ["databases", "snapshots", "eligible", "copied", "lost"].map(|name| sums[name].as_u64());
    assert_eq!(counts, [13, 13, 9, 9, 0].map(Some));
}

#[test]
fn whoever_has_seen_enough_may_go() {
    let mut command = draco(&["demo", "--days", "1", "--databases", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("draco runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("draco ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn questions_that_are_wrong() {
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
fn help_says_what_it_shows() {
    assert_snapshot!(run(&["demo", "--help"]).out);
}
