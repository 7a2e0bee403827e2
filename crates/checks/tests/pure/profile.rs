//! How data change between two verifications.

use checks::profile::TableProfile;
use checks::{Column, ObjectName, Part, Profile, Sample, Table, Thresholds, compare};

fn column(name: &str, kind: &str, sample: Option<Sample>) -> Column {
    Column { name: name.to_owned(), kind: kind.to_owned(), sample }
}

fn sample(distinct: u64, entropy: f64) -> Option<Sample> {
    Some(Sample { values: 100, distinct, bytes: 4000, entropy })
}

fn table(name: &str, rows: u64, columns: &[Column]) -> Table {
    Table {
        name: ObjectName::in_schema("shop", "public", name),
        partition_of: None,
        rows,
        bytes: rows * 10,
        milliseconds: 1,
        unread: None,
        columns: columns.to_vec(),
    }
}

fn profile(tables: &[Table]) -> Profile {
    Profile::of(&Part { tables: tables.to_vec(), complete: true, ..Part::default() })
}

/// The changes, as their lines.
fn changes(last: &[Table], now: &[Table]) -> Vec<String> {
    let changes = compare(&profile(last), &profile(now), &Thresholds::default());
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_data_have_not_changed() {
    let tables = [table("orders", 100, &[column("id", "integer", None), column("note", "text", sample(40, 4.2))])];
    assert!(changes(&tables, &tables).is_empty());
    let more = [table("orders", 51, &tables[0].columns), table("new", 0, &[])];
    assert!(changes(&tables, &more).is_empty());
}

#[test]
fn lost_rows_are_a_change_above_the_threshold() {
    let orders = |rows| [table("orders", rows, &[])];
    assert!(changes(&orders(100), &orders(50)).is_empty());
    assert_eq!(changes(&orders(100), &orders(49)), ["table shop.public.orders: 49 rows, and 100 before"]);
    assert!(changes(&orders(0), &orders(0)).is_empty());
    // Empty is a change at every threshold.
    let all = Thresholds { rows_lost_percent: 100, ..Thresholds::default() };
    assert_eq!(compare(&profile(&orders(1)), &profile(&orders(0)), &all).len(), 1);
}

#[test]
fn a_missing_table_is_a_change() {
    let last = [table("orders", 1, &[]), table("users", 1, &[])];
    assert_eq!(changes(&last, &last[1..]), ["table shop.public.orders: missing, and it was there before"]);
}

#[test]
fn no_table_is_missing_in_a_profile_that_is_not_complete() {
    let now = Profile { complete: false, ..Profile::default() };
    assert!(compare(&profile(&[table("orders", 1, &[])]), &now, &Thresholds::default()).is_empty());
}

#[test]
fn a_table_that_was_not_read_is_not_missing_and_has_lost_no_rows() {
    let last = [table("orders", 100, &[column("id", "integer", None)])];
    let unread = Table { unread: Some("budget".to_owned()), rows: 0, columns: vec![], ..last[0].clone() };
    assert!(changes(&last, &[unread]).is_empty());
}

#[test]
fn the_partitions_of_a_table_are_one_table() {
    let partition = |name: &str, rows| Table {
        partition_of: Some(ObjectName::in_schema("shop", "public", "events")),
        ..table(name, rows, &[column("id", "integer", None)])
    };
    let last = [partition("events_1", 10), partition("events_2", 10)];
    let now = [partition("events_2", 10), partition("events_3", 9)];
    assert!(changes(&last, &now).is_empty());
    let TableProfile { name, rows, .. } = &profile(&now).tables[0];
    assert_eq!((name.to_string().as_str(), *rows), ("shop.public.events", Some(19)));
    assert_eq!(profile(&last).schema, profile(&now).schema);
}

#[test]
fn a_column_that_is_gone_or_has_another_type_is_a_change() {
    let last = [table("orders", 1, &[column("id", "integer", None), column("note", "text", None)])];
    let now = [table("orders", 1, &[column("id", "bigint", None)])];
    assert_eq!(
        changes(&last, &now),
        [
            "table shop.public.orders: column id has type bigint, and integer before",
            "table shop.public.orders: column note is missing"
        ]
    );
    assert_ne!(profile(&last).schema, profile(&now).schema);
}

#[test]
fn a_column_that_became_random_is_a_change() {
    let note = |distinct, entropy| [table("orders", 1, &[column("note", "text", sample(distinct, entropy))])];
    let line = "table shop.public.orders: column note looks encrypted: 7.9 bits of entropy per byte, and 4.2 before";
    assert_eq!(changes(&note(100, 4.2), &note(100, 7.9)), [line]);
    // Base64 of random bytes.
    assert_eq!(changes(&note(100, 4.4), &note(100, 6.0)).len(), 1);
    // Hexadecimal text is seen by its distinct values alone.
    let line = "table shop.public.orders: column note looks encrypted: 100% distinct values, and 3% before";
    assert_eq!(changes(&note(3, 4.0), &note(100, 4.0)), [line]);
    // What was random before, and what became less so, is none.
    assert!(changes(&note(100, 7.9), &note(100, 7.95)).is_empty());
    assert!(changes(&note(100, 7.9), &note(3, 4.0)).is_empty());
}

#[test]
fn distinct_values_that_became_much_longer_are_a_change() {
    let note = |distinct, bytes| {
        let sample = Some(Sample { values: 100, distinct, bytes, entropy: 4.0 });
        [table("orders", 1, &[column("note", "text", sample)])]
    };
    let line = "table shop.public.orders: column note looks encrypted: values of 32 bytes on average, and 16 before";
    assert_eq!(changes(&note(100, 1600), &note(100, 3200)), [line]);
    assert!(changes(&note(100, 1600), &note(100, 3199)).is_empty());
    assert!(changes(&note(90, 1600), &note(90, 3200)).is_empty());
    assert!(changes(&note(90, 0), &note(100, 3200)).is_empty());
}

#[test]
fn small_samples_are_not_compared() {
    let note = |values, bytes, distinct, entropy| {
        [table("orders", 1, &[column("note", "text", Some(Sample { values, distinct, bytes, entropy }))])]
    };
    assert!(changes(&note(49, 4000, 1, 1.0), &note(100, 4000, 100, 7.9)).is_empty());
    assert!(changes(&note(100, 1000, 90, 1.0), &note(100, 1000, 100, 7.9)).is_empty());
}

#[test]
fn a_profile_travels_as_json() {
    let profile = profile(&[table("orders", 1, &[column("note", "text", sample(3, 4.25))])]);
    let json = serde_json::to_string(&profile).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
    let changes = compare(&profile, &self::profile(&[]), &Thresholds::default());
    assert_eq!(
        serde_json::to_string(&changes).unwrap(),
        r#"[{"change":"table_gone","table":{"database":"shop","schema":"public","name":"orders"}}]"#
    );
}
