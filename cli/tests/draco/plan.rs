//! What `draco plan` prints, whole.

use std::process::Stdio;

use insta::assert_snapshot;

use crate::{draco, run, run_on};

/// Of every kind: two on one day, one kept and one not; a gap; no source; a name that nobody knows; `Ignore`.
const MIXED: &str = r#"[
    {"id": "o-1", "taken": "2026-11-21T03:06:39Z", "source": "orders", "lifecycle": "standard"},
    {"id": "o-2", "taken": "2026-11-21T15:06:39.25Z", "source": "orders", "lifecycle": "STANDARD"},
    {"id": "o-3", "taken": "2026-11-20T03:06:39+02:00", "source": "orders"},
    {"id": "o-4", "taken": "2025-08-02T03:06:39Z", "source": "orders", "lifecycle": "Test"},
    {"id": "o-5", "taken": "2025-08-01T03:06:39Z", "source": "orders", "lifecycle": "Test"},
    {"id": "b-1", "taken": "2026-11-21T03:06:39Z", "source": "billing", "lifecycle": "Standrad"},
    {"id": "i-1", "taken": "2026-11-21T03:06:39Z", "source": "ignored", "lifecycle": "Ignore"},
    {"id": "n-2", "taken": "2026-11-21T03:06:39Z"},
    {"id": "n-1", "taken": "2026-11-20T03:06:39Z", "more": {"than": ["is", "needed"]}},
    {"id": "n-1", "taken": "2026-11-20T03:06:39Z"}
]"#;

#[test]
fn a_person_sees_a_calendar_a_table_and_sums_of_each_source() {
    assert_snapshot!(run_on(MIXED, &["plan"]).out);
}

#[test]
fn what_is_not_in_the_plan_is_noted_on_standard_error() {
    assert_snapshot!(run_on(MIXED, &["plan", "-"]).err, @"
    note: 1 listed more than once, counted once
    note: no lifecycle for 1 of 4 sources; `--lifecycle NAME` gives one: Ignore, Standard, Test
    note: there is no lifecycle `Standrad`, so everything under it is kept; there are Ignore, Standard, Test
    ");
}

#[test]
fn a_lifecycle_that_is_not_asked_is_noted() {
    let ran = run_on(
        r#"[{"id": "a", "taken": "2026-11-21T03:06:39Z", "lifecycle": "Test"}]"#,
        &["plan", "--lifecycle", "Week"],
    );
    assert_snapshot!(ran.err, @"note: `--lifecycle` decides nothing here: every source names its own");
}

#[test]
fn of_one_snapshot_that_is_there_twice_the_order_decides_nothing() {
    let twice = ["Test", "Ignore"]
        .map(|name| format!(r#"{{"id": "a", "taken": "2026-11-21T03:06:39Z", "lifecycle": "{name}"}}"#));
    let plan = |a: usize, b: usize| run_on(&format!("[{}, {}]", twice[a], twice[b]), &["plan", "--json"]).out;
    assert_eq!(plan(0, 1), plan(1, 0));
}

#[test]
fn nobody_has_to_listen_to_the_notes() {
    let full = std::fs::File::create("/dev/full").expect("a device that is always full");
    let mut command = draco(&["plan", "samples/describe-db-snapshots.json", "--json"]);
    let output = command.stderr(full).output().expect("draco runs");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_answer_that_cannot_be_written_is_another_failure() {
    let full = std::fs::File::create("/dev/full").expect("a device that is always full");
    let output = draco(&["plan", "samples/a-year-of-orders.json"]).stdout(full).output().expect("draco runs");
    assert_eq!(output.status.code(), Some(1));
    let ran = run(&["plan", "samples/a-year-of-orders.json", "--svg", "/dev/full"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
}

#[test]
fn a_script_gets_one_array() {
    assert_snapshot!(run_on(MIXED, &["plan", "--json"]).out);
}

#[test]
fn a_lifecycle_given_by_hand_is_for_sources_whose_newest_snapshot_names_none() {
    let ran = run_on(MIXED, &["plan", "--lifecycle", "nosuch", "--json"]);
    let reasons: Vec<&str> = ran.out.lines().filter(|line| line.contains("unknown lifecycle `nosuch`")).collect();
    assert_eq!(reasons.len(), 2, "{}", ran.out);
    assert!(reasons.iter().all(|line| line.contains(r#""source":null"#)), "{}", ran.out);
}

#[test]
fn colour_only_repeats_what_the_words_say() {
    let plain = run_on(MIXED, &["plan", "--color", "never"]).out;
    let coloured = run_on(MIXED, &["plan", "--color", "always"]).out;
    assert!(coloured.contains("\u{1b}[32m■\u{1b}[0m"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    assert_eq!(run_on(MIXED, &["plan"]).out, plain);
}

#[test]
fn the_output_fits_80_columns() {
    let sample = |name: &str| std::fs::read_to_string(crate::root().join("samples").join(name)).expect("a sample");
    let long = format!(
        r#"[{{"id": "draco-{0}", "taken": "2026-11-21T00:00:00Z"}}, {{"id": "注文データ", "taken": "2026-11-20T00:00:00Z"}}]"#,
        "0123456789".repeat(6)
    );
    let every = "lifecycles: { Every: { last: 1000, whole_days: 2000, hourly: 3000, daily: 4000, weekly: 5000, monthly: 6000 } }";
    let config = crate::file("every.yaml", every);
    let lists =
        ["a-year-of-orders.json", "describe-db-snapshots.json", "describe-db-cluster-snapshots.json"].map(sample);
    for list in lists.iter().chain([&MIXED.to_owned(), &long]) {
        for lifecycle in ["every", "a-name-that-nobody-knows"] {
            let out = run_on(list, &["plan", "--config", &config, "--lifecycle", lifecycle]).out;
            let widest = out.lines().max_by_key(|line| line.chars().count()).expect("a line");
            assert!(widest.chars().count() <= 80, "{widest}");
        }
    }
}

#[test]
fn the_plan_of_a_year_of_daily_snapshots() {
    assert_snapshot!(run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard"]).out);
}

#[test]
fn snapshots_as_aws_describes_them() {
    let ran = run(&["plan", "samples/describe-db-snapshots.json"]);
    assert_snapshot!(format!("{}{}", ran.err, ran.out));
}

#[test]
fn copies_of_cluster_snapshots_go_by_their_tags() {
    assert_snapshot!(run(&["plan", "samples/describe-db-cluster-snapshots.json"]).out);
}

#[test]
fn the_time_of_a_described_snapshot_is_its_tag_else_that_of_the_original_else_its_own() {
    let describe = |more: &str| {
        let list = format!(
            r#"{{"DBSnapshots": [{{"DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "d", "Status": "available",
                "SnapshotCreateTime": "2026-11-03T00:00:00.000000+00:00" {more}}}]}}"#
        );
        run_on(&list, &["plan", "--json"]).out.split('"').nth(11).expect("a time").to_owned()
    };
    let original = r#", "OriginalSnapshotCreateTime": "2026-11-02T00:00:00+00:00""#;
    let tag = r#", "TagList": [{"Key": "Draco_Taken", "Value": "2026-11-01T00:00:00Z"}]"#;
    assert_eq!(describe(""), "2026-11-03T00:00:00Z");
    assert_eq!(describe(original), "2026-11-02T00:00:00Z");
    assert_eq!(describe(tag), "2026-11-01T00:00:00Z");
    assert_eq!(describe(&format!("{original}{tag}")), "2026-11-01T00:00:00Z");
}

#[test]
fn databases_of_the_same_name_in_two_accounts_are_two_sources() {
    let copy = |id: &str, account: &str| {
        format!(
            r#"{{"DBSnapshotIdentifier": "{id}", "DBInstanceIdentifier": "orders", "Status": "available",
                "SnapshotCreateTime": "2026-11-21T00:00:00Z", "TagList": [{{"Key": "Draco_Lifecycle", "Value": "Standard"}},
                {{"Key": "Draco_Source", "Value": "arn:aws:rds:eu-west-1:{account}:db:orders"}}]}}"#
        )
    };
    let list = format!(r#"{{"DBSnapshots": [{}, {}]}}"#, copy("a", "111111111111"), copy("b", "333333333333"));
    let out = run_on(&list, &["plan", "--json"]).out;
    assert_eq!(out.matches(r#""keep":true"#).count(), 2, "{out}");
}

#[test]
fn a_page_that_is_not_the_last_is_noted() {
    let page = r#"{"DBSnapshots": [], "Marker": "more", "ResponseMetadata": {}}"#;
    assert_snapshot!(run_on(page, &["plan"]).err, @"note: the list ends with a marker, so there is more that is not in it");
    assert_snapshot!(run_on(r#"{"DBSnapshots": [], "Marker": null}"#, &["plan"]).err, @"");
}

#[test]
fn lists_as_other_programs_write_them() {
    let list = "\u{feff}{\"DBSnapshots\": [{\"DBSnapshotIdentifier\": \"s\", \"DBInstanceIdentifier\": \"d\",\r\n\
        \"Status\": \"available\", \"SnapshotCreateTime\": \"2026-11-03T00:00:00Z\", \"TagList\": null}]}";
    let ran = run_on(list, &["plan", "--json", "--lifecycle", "Test"]);
    assert!(ran.out.contains(r#""reasons":["whole_days 1 of 5"]"#), "{}", ran.err);
}

#[test]
fn an_empty_list_is_an_empty_plan() {
    assert_snapshot!(run_on("[]", &["plan"]).out, @"The list has no snapshots.");
    assert_snapshot!(run_on("[]", &["plan", "--json"]).out, @"[]");
}

#[test]
fn planning_what_a_plan_keeps_keeps_all_of_it() {
    let once = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--json"]).out;
    let kept: Vec<&str> =
        once.lines().filter(|line| line.contains(r#""keep":true"#)).map(|line| line.trim_end_matches(',')).collect();
    let again = run_on(&format!("[{}]", kept.join(",")), &["plan", "--json", "--lifecycle", "Standard"]).out;
    assert_eq!(again.matches(r#""keep":true"#).count(), kept.len());
    assert!(!again.contains(r#""keep":false"#), "{again}");
}

#[test]
fn every_lifecycle_of_the_sample_configuration_thins_a_year() {
    let kept = |lifecycle| {
        let sample = "samples/a-year-of-orders.json";
        let args = ["plan", sample, "--json", "--config", "config.yaml.sample", "--lifecycle", lifecycle];
        run(&args).out.matches(r#""keep":true"#).count()
    };
    let own = ["week", "FORTNIGHT", "TwoWeekly", "Month", "Hourly", "Finance"];
    assert_eq!(own.map(kept), [7, 14, 2, 16, 31, 46]);
}

#[test]
fn the_usual_configuration_is_read_if_it_is_there() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("with-a-configuration");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config.yaml"), "lifecycles:\n  Own: { last: 1 }\n").expect("a configuration");
    let list = crate::file(
        "two.json",
        r#"[{"id": "a", "taken": "2026-11-20T00:00:00Z"}, {"id": "b", "taken": "2026-11-21T00:00:00Z"}]"#,
    );
    let output =
        draco(&["plan", &list, "--lifecycle", "own", "--json"]).current_dir(&folder).output().expect("draco runs");
    assert_snapshot!(crate::Ran::from(output).out, @r#"
    [
    {"source":null,"id":"b","taken":"2026-11-21T00:00:00Z","keep":true,"reasons":["last 1 of 1"]},
    {"source":null,"id":"a","taken":"2026-11-20T00:00:00Z","keep":false,"reasons":["last keeps 1 snapshot, this is the 2nd"]}
    ]
    "#);
}

#[test]
fn whoever_has_read_enough_may_go() {
    let mut command = draco(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("draco runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("draco ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
#[ignore = "slow: a hundred thousand snapshots of a thousand databases"]
fn many_snapshots_of_many_databases() {
    let rows: Vec<String> = (0..100_000)
        .map(|n| {
            let (source, day) = (n % 1000, n / 1000);
            format!(
                r#"{{"id":"{n}","taken":"2026-{:02}-{:02}T03:05:00Z","source":"db-{source:04}"}}"#,
                day / 28 + 1,
                day % 28 + 1
            )
        })
        .collect();
    let out = run_on(&format!("[{}]", rows.join(",\n")), &["plan", "--lifecycle", "Standard"]).out;
    // From the 10th to the 16th of April the dailies, then the weeklies of 5 April, 28 and 22 March, then the monthlies
    // of 28 February and 28 January.
    assert_eq!(out.lines().last(), Some("1000 sources, 100000 snapshots: 12000 kept, 88000 to be deleted"));
}
