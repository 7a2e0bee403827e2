//! The output of `draco plan`.

use std::process::Stdio;

use insta::assert_snapshot;

use crate::{draco, run, run_on};

/// Two snapshots on one day, a gap of months, no database name, an unknown lifecycle, `Ignore`, a duplicate.
pub(crate) const MIXED: &str = r#"[
    {"id": "o-1", "taken": "2026-11-21T03:06:39Z", "database": "orders", "lifecycle": "standard"},
    {"id": "o-2", "taken": "2026-11-21T15:06:39.25Z", "database": "orders", "lifecycle": "STANDARD"},
    {"id": "o-3", "taken": "2026-11-20T03:06:39+02:00", "database": "orders"},
    {"id": "o-4", "taken": "2025-08-02T03:06:39Z", "database": "orders", "lifecycle": "Test"},
    {"id": "o-5", "taken": "2025-08-01T03:06:39Z", "database": "orders", "lifecycle": "Test"},
    {"id": "b-1", "taken": "2026-11-21T03:06:39Z", "database": "billing", "lifecycle": "Standrad"},
    {"id": "i-1", "taken": "2026-11-21T03:06:39Z", "database": "ignored", "lifecycle": "Ignore"},
    {"id": "n-2", "taken": "2026-11-21T03:06:39Z"},
    {"id": "n-1", "taken": "2026-11-20T03:06:39Z", "more": {"than": ["is", "needed"]}},
    {"id": "n-1", "taken": "2026-11-20T03:06:39Z"}
]"#;

#[test]
fn each_database_has_a_calendar_and_sums() {
    assert_snapshot!(run_on(MIXED, &["plan"]).out);
}

#[test]
fn reasons_adds_a_table_of_verdicts() {
    assert_snapshot!(run_on(MIXED, &["plan", "--reasons"]).out);
}

#[test]
fn duplicates_and_missing_lifecycles_are_noted_on_standard_error() {
    assert_snapshot!(run_on(MIXED, &["plan", "-"]).err, @"
    note: 1 snapshot listed more than once
    note: 1 of 4 databases without a lifecycle: Draco does not copy them; try one with --lifecycle: Ignore, Standard, Test
    note: unknown lifecycle `Standrad`; known lifecycles: Ignore, Standard, Test
    ");
}

#[test]
fn a_lifecycle_option_without_effect_is_noted() {
    let ran = run_on(
        r#"[{"id": "a", "taken": "2026-11-21T03:06:39Z", "lifecycle": "Test"}]"#,
        &["plan", "--lifecycle", "Week"],
    );
    assert_snapshot!(ran.err, @"note: --lifecycle has no effect: every database names its own lifecycle");
}

#[test]
fn the_order_of_duplicates_does_not_matter() {
    let twice = ["Test", "Ignore"]
        .map(|name| format!(r#"{{"id": "a", "taken": "2026-11-21T03:06:39Z", "lifecycle": "{name}"}}"#));
    let plan = |a: usize, b: usize| run_on(&format!("[{}, {}]", twice[a], twice[b]), &["plan", "--json"]).out;
    assert_eq!(plan(0, 1), plan(1, 0));
}

#[test]
fn notes_that_cannot_be_written_are_ignored() {
    let full = std::fs::File::create("/dev/full").expect("a device that is always full");
    let mut command = draco(&["plan", "samples/describe-db-snapshots.json", "--json"]);
    let output = command.stderr(full).output().expect("draco runs");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn output_that_cannot_be_written_exits_with_1() {
    let full = std::fs::File::create("/dev/full").expect("a device that is always full");
    let output = draco(&["plan", "samples/a-year-of-orders.json"]).stdout(full).output().expect("draco runs");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    let expected = "error: writing the output: No space left on device (os error 28)";
    assert_eq!((error.lines().last(), output.status.code()), (Some(expected), Some(1)));
}

#[test]
fn the_lifecycle_option_is_for_databases_whose_newest_snapshot_names_none() {
    let ran = run_on(MIXED, &["plan", "--lifecycle", "nosuch", "--json"]);
    let rows: Vec<&str> = ran.out.lines().filter(|line| line.contains(r#""lifecycle":"nosuch""#)).collect();
    assert_eq!(rows.len(), 2, "{}", ran.out);
    assert!(rows.iter().all(|line| line.contains(r#""database":null"#)), "{}", ran.out);
}

#[test]
fn output_without_colour_has_the_same_text() {
    let plain = run_on(MIXED, &["plan", "--reasons", "--color", "never"]).out;
    let coloured = run_on(MIXED, &["plan", "--reasons", "--color", "always"]).out;
    assert!(coloured.contains("\u{1b}[32m■\u{1b}[0m"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    assert_eq!(run_on(MIXED, &["plan", "--reasons"]).out, plain);
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
        for lifecycle in ["every", "an-unknown-lifecycle"] {
            for form in ["--no-pager", "--reasons"] {
                let out = run_on(list, &["plan", form, "--config", &config, "--lifecycle", lifecycle]).out;
                let widest = out.lines().max_by_key(|line| line.chars().count()).expect("a line");
                assert!(widest.chars().count() <= 80, "{widest}");
            }
        }
    }
}

#[test]
fn a_year_of_daily_snapshots_fits_on_a_screen_of_24_lines() {
    let ran = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard"]);
    // One more line is for the prompt.
    assert!(ran.out.lines().count() < 24 && ran.err.is_empty(), "{}", ran.err);
    assert_snapshot!(ran.out);
}

#[test]
fn the_reasons_of_a_year_of_daily_snapshots() {
    assert_snapshot!(run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--reasons"]).out);
}

#[test]
fn output_of_describe_db_snapshots() {
    let ran = run(&["plan", "samples/describe-db-snapshots.json", "--reasons"]);
    assert_snapshot!(format!("{}{}", ran.err, ran.out));
}

#[test]
fn copies_of_cluster_snapshots_are_planned_by_their_tags() {
    assert_snapshot!(run(&["plan", "samples/describe-db-cluster-snapshots.json", "--reasons"]).out);
}

#[test]
fn the_time_is_the_tag_else_the_time_of_the_original_else_the_creation() {
    let describe = |more: &str| {
        let list = format!(
            r#"{{"DBSnapshots": [{{"DBSnapshotIdentifier": "s", "DBInstanceIdentifier": "d", "Status": "available",
                "SnapshotCreateTime": "2026-11-03T00:00:00.000000+00:00" {more}}}]}}"#
        );
        run_on(&list, &["plan", "--json"]).out.split_once(r#""taken":""#).expect("a time").1[..20].to_owned()
    };
    let original = r#", "OriginalSnapshotCreateTime": "2026-11-02T00:00:00+00:00""#;
    let tag = r#", "TagList": [{"Key": "Draco_Taken", "Value": "2026-11-01T00:00:00Z"}]"#;
    assert_eq!(describe(""), "2026-11-03T00:00:00Z");
    assert_eq!(describe(original), "2026-11-02T00:00:00Z");
    assert_eq!(describe(tag), "2026-11-01T00:00:00Z");
    assert_eq!(describe(&format!("{original}{tag}")), "2026-11-01T00:00:00Z");
}

#[test]
fn databases_of_the_same_name_in_two_accounts_are_planned_separately() {
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
fn a_list_with_a_marker_is_noted_as_partial() {
    let page = r#"{"DBSnapshots": [], "Marker": "more", "ResponseMetadata": {}}"#;
    assert_snapshot!(run_on(page, &["plan"]).err, @"note: the list is one page of several: it ends with a marker, so snapshots are missing");
    assert_snapshot!(run_on(r#"{"DBSnapshots": [], "Marker": null}"#, &["plan"]).err, @"");
}

#[test]
fn byte_order_marks_line_ends_and_null_tags_are_accepted() {
    let list = "\u{feff}{\"DBSnapshots\": [{\"DBSnapshotIdentifier\": \"s\", \"DBInstanceIdentifier\": \"d\",\r\n\
        \"Status\": \"available\", \"SnapshotCreateTime\": \"2026-11-03T00:00:00Z\", \"TagList\": null}]}";
    let ran = run_on(list, &["plan", "--json", "--lifecycle", "Test"]);
    assert!(ran.out.contains(r#""rule":"whole_days","kept":true,"cause":null,"ordinal":1,"limit":5"#), "{}", ran.err);
}

#[test]
fn an_empty_list_is_an_empty_plan() {
    assert_snapshot!(run_on("[]", &["plan"]).out, @"The list has no snapshots: nothing to plan.");
    assert_snapshot!(run_on("[]", &["plan", "--json"]).out, @"[]");
}

#[test]
fn planning_the_kept_snapshots_again_keeps_all_of_them() {
    let once = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--json"]).out;
    let kept: Vec<&str> =
        once.lines().filter(|line| line.contains(r#""keep":true"#)).map(|line| line.trim_end_matches(',')).collect();
    let again = run_on(&format!("[{}]", kept.join(",")), &["plan", "--json", "--lifecycle", "Standard"]).out;
    assert_eq!(again.matches(r#""keep":true"#).count(), kept.len());
    assert!(!again.contains(r#""keep":false"#), "{again}");
}

#[test]
fn every_lifecycle_of_the_sample_configuration_plans_a_year() {
    let kept = |lifecycle| {
        let sample = "samples/a-year-of-orders.json";
        let args = ["plan", sample, "--json", "--config", "config.yaml.sample", "--lifecycle", lifecycle];
        run(&args).out.matches(r#""keep":true"#).count()
    };
    let own = ["week", "FORTNIGHT", "TwoWeekly", "Month", "Hourly", "Finance"];
    assert_eq!(own.map(kept), [7, 14, 2, 16, 31, 46]);
}

#[test]
fn config_yaml_is_read_if_it_exists() {
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
    {"database":null,"role":"source","lifecycle":"Own","id":"b","taken":"2026-11-21T00:00:00Z","keep":true,"reasons":[{"kind":"rule","rule":"last","kept":true,"cause":null,"ordinal":1,"limit":1,"hours":null}]},
    {"database":null,"role":"source","lifecycle":"Own","id":"a","taken":"2026-11-20T00:00:00Z","keep":false,"reasons":[{"kind":"rule","rule":"last","kept":false,"cause":"too_old","ordinal":2,"limit":1,"hours":null}]}
    ]
    "#);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
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
            let (database, day) = (n % 1000, n / 1000);
            format!(
                r#"{{"id":"{n}","taken":"2026-{:02}-{:02}T03:05:00Z","database":"db-{database:04}"}}"#,
                day / 28 + 1,
                day % 28 + 1
            )
        })
        .collect();
    let out = run_on(&format!("[{}]", rows.join(",\n")), &["plan", "--lifecycle", "Standard"]).out;
    // Kept of each: 7 dailies, 10 to 16 April; weeklies of 5 April, 28 and 22 March; monthlies of 28 February and 28
    // January.
    assert!(
        out.contains("\n1000 databases, 100000 source snapshots: 12000 copies kept,\n88000 copies would be deleted\n")
    );
}

/// A snapshot as AWS describes it, in this account and with the tags that Draco sets on its copies.
fn described_copy(id: &str, account: &str) -> String {
    format!(
        r#"{{"DBSnapshots": [{{"DBSnapshotIdentifier": "{id}", "DBInstanceIdentifier": "orders", "Status": "available",
            "DBSnapshotArn": "arn:aws:rds:eu-west-1:{account}:snapshot:{id}",
            "SnapshotCreateTime": "2026-11-21T00:00:00Z", "TagList": [{{"Key": "Draco_Lifecycle", "Value": "Test"}},
            {{"Key": "Draco_Source", "Value": "arn:aws:rds:eu-west-1:111111111111:db:orders"}}]}}]}}"#
    )
}

#[test]
fn copies_in_dr_would_be_deleted_themselves() {
    let ran = run_on(&described_copy("draco-111111111111-a", "222222222222"), &["plan", "--reasons"]);
    assert!(ran.out.contains("\n1 copy: 1 kept, nothing to delete\n"), "{}", ran.out);
    assert!(ran.out.contains("■ kept   □ would be deleted"), "{}", ran.out);
    assert!(!ran.out.contains("source snapshot"), "{}", ran.out);
}

/// A restore needs the settings, and a person who plans can still record them while the database exists.
#[test]
fn a_newest_copy_without_all_settings_of_its_database_is_noted() {
    let copy = described_copy("draco-111111111111-a", "222222222222");
    let with = |spec: &str| {
        let spec = format!(r#""TagList": [{{"Key": "Draco_Spec", "Value": "{spec}"}}, "#);
        copy.replace(r#""TagList": ["#, &spec)
    };
    let bare = "v=1 n=1 kind=instance engine=postgres version=16.3";
    let partial = "note: the newest copies of 1 of 1 database do not record all settings: a restore uses AWS's defaults for the rest\n";
    let unreadable = "note: the newest copies of 1 of 1 database have settings that cannot be read: remove their tags Draco_Spec… \
                      before a restore, which then uses AWS's defaults\n";
    for (list, spec, note) in [
        (copy.clone(), "none", partial),
        (with(&format!("{bare} class=db.r6g.large")), "complete", ""),
        (with(bare), "incomplete", partial),
        (with(&format!("{bare} class=db.r6g.large lost=gib")), "incomplete", partial),
        (with("v=2"), "unreadable", unreadable),
    ] {
        let ran = run_on(&list, &["plan", "--json", "--summary"]);
        assert!(ran.out.contains(&format!(r#""spec":"{spec}""#)), "{}", ran.out);
        assert_eq!(ran.err, note);
    }
}

#[test]
fn the_copies_of_source_snapshots_would_be_deleted() {
    let ran = run(&["plan", "samples/describe-db-snapshots.json", "--database", "orders", "--reasons"]);
    assert!(ran.out.contains("\n12 source snapshots: 7 copies kept, 5 copies would be deleted\n"), "{}", ran.out);
    assert!(ran.out.contains("\nDraco never deletes source snapshots, only copies in DR."), "{}", ran.out);
    assert!(ran.out.contains("\ndelete copy  2026-11-14 03:05  rds:orders-2026-11-14-03-05"), "{}", ran.out);
    assert!(!ran.out.contains("\ndelete  "), "{}", ran.out);
}

#[test]
fn a_plain_list_has_source_snapshots_unless_their_role_is_copy() {
    let plan = |more: &str| {
        run_on(&format!(r#"[{{"id": "a", "taken": "2026-11-21T03:06:39Z"{more}}}]"#), &["plan", "--lifecycle", "Test"])
            .out
    };
    assert!(plan("").contains("\n1 source snapshot: 1 copy kept, nothing to delete\n"));
    assert!(plan(r#", "role": "copy""#).contains("\n1 copy: 1 kept, nothing to delete\n"));
}

#[test]
fn transit_copies_are_left_out() {
    let ran = run_on(&described_copy("draco-rds-orders-a", "111111111111"), &["plan"]);
    assert_snapshot!(ran.err, @"note: 1 transit copy left out: no lifecycle applies to them");
    assert_snapshot!(ran.out, @"The list has no snapshots: nothing to plan.");
}

#[test]
fn source_is_accepted_as_the_name_of_the_database_key() {
    let plan = |key: &str| {
        run_on(&format!(r#"[{{"id": "a", "taken": "2026-11-21T03:06:39Z", "{key}": "orders"}}]"#), &["plan", "--json"])
            .out
    };
    assert_eq!(plan("source"), plan("database"));
}
