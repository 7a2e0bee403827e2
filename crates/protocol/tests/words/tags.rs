//! Invariant 3: a copy has its source's tags.

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::tags::{LIFECYCLE, MAX_KEY_CHARS, MAX_TAGS, MAX_VALUE_CHARS, PREFIX};
use protocol::{SnapshotRole, Tags};

use crate::given::{self, DR, SOURCE, orders, place};

/// That are about one snapshot alone.
const OF_ONE: [&str; 7] = [
    "Draco_Copied",
    "Draco_NotCopied",
    "Draco_Source",
    "Draco_SourceSnapshot",
    "Draco_Taken",
    "Draco_Transit",
    "Draco_Reported",
];

/// As it is called on a copy.
fn renamed(key: &str) -> String {
    if ["aws:", "rds:"].iter().any(|theirs| key.to_lowercase().starts_with(theirs)) {
        format!("origin:{key}")
    } else {
        key.to_owned()
    }
}

proptest! {
    #[test]
    fn a_copy_bears_its_own_tags_and_as_many_of_its_source_s_as_aws_takes(
        source in given::any_tags(), user in prop::option::of("[a-z]{1,2}"),
    ) {
        let own = orders().to_tags().with(user.as_deref().map(|key| (key, "ours")));
        let (copy, left_out) = source.for_copy(&own);

        for (key, value) in own.iter() {
            prop_assert_eq!(copy.get(key), Some(value), "{} is Draco's own", key);
        }
        prop_assert!(copy.len() <= MAX_TAGS);
        for (key, value) in copy.iter() {
            prop_assert!(!key.to_lowercase().starts_with("aws:"), "{} is AWS's own", key);
            prop_assert!((1..=MAX_KEY_CHARS).contains(&key.chars().count()), "{}", key);
            prop_assert!(value.chars().count() <= MAX_VALUE_CHARS, "{}", value);
            let is_of_source = source.iter().any(|(theirs, same)| renamed(theirs) == key && same == value);
            prop_assert!(own.get(key).is_some() || is_of_source, "{} comes from nowhere", key);
        }
        // What is about the source alone is no tag of the copy, unless it is its own.
        for key in OF_ONE {
            prop_assert_eq!(copy.get(key), own.get(key));
        }
        // Nothing is lost, or it is told, and with a reason.
        let told: BTreeSet<&str> = left_out.iter().map(String::as_str).collect();
        for (key, value) in source.iter().filter(|(key, _)| !OF_ONE.contains(key)) {
            let name = renamed(key);
            let is_there = copy.get(&name) == Some(value);
            prop_assert!(is_there || told.contains(&*name), "{} is lost and not told", key);
        }
        for key in told {
            let is_refused = key.chars().count() > MAX_KEY_CHARS
                || source.iter().any(|(theirs, value)| renamed(theirs) == key && value.chars().count() > MAX_VALUE_CHARS);
            prop_assert!(is_refused || copy.get(key).is_some() || copy.len() == MAX_TAGS, "{} had room", key);
        }
    }

    #[test]
    fn the_lifecycle_comes_first_and_aws_s_own_last(source in given::any_tags(), lifecycle in "[a-z]{1,9}") {
        let source = source.with([(LIFECYCLE, lifecycle.as_str())]);
        let (copy, left_out) = source.for_copy(&orders().to_tags());
        prop_assert_eq!(copy.get(LIFECYCLE), Some(&*lifecycle));
        let fits = |key: &str| {
            key.chars().count() <= MAX_KEY_CHARS && source.get(key).is_some_and(|value| value.chars().count() <= MAX_VALUE_CHARS)
        };
        if left_out.iter().any(|key| !key.starts_with("origin:") && fits(key)) {
            prop_assert!(copy.iter().all(|(key, _)| !key.starts_with("origin:")), "AWS's own had a place before the user's");
        }
    }

    /// What the transit copy bears comes along to the copy.
    #[test]
    fn a_second_copy_bears_what_the_first_did(source in given::any_tags()) {
        let (transit, _) = source.for_copy(&orders().to_tags());
        let (copy, left_out) = transit.for_copy(&orders().to_tags());
        prop_assert_eq!(copy, transit);
        prop_assert_eq!(left_out, Vec::<String>::new());
    }

    #[test]
    fn what_the_origin_is_can_be_read_from_its_tags(
        kind in given::kind(), id in given::id(), account in given::account(), taken in given::moment(), others in given::any_tags(),
    ) {
        let origin = given::origin(kind, account, &id, taken);
        let tags = origin.to_tags();
        for (key, value) in tags.iter() {
            prop_assert!(value.len() <= MAX_VALUE_CHARS, "{} {}", key, value);
        }
        let (all, _) = others.for_copy(&tags);
        prop_assert_eq!(protocol::Origin::from_tags(&all), Some(origin));
    }

    /// A manual copy of a copy, and a snapshot of a database that was restored from one, inherit its tags.
    #[test]
    fn a_snapshot_is_draco_s_only_if_its_name_is_the_one_that_draco_would_give(
        kind in given::kind(), id in given::id(), another in given::id(), taken in given::moment(),
    ) {
        let origin = given::origin(kind, SOURCE, &id, taken);
        let part = |arn| SnapshotRole::of(&given::snapshot(arn, origin.to_tags()));
        let copy = origin.copy(&place(DR));
        prop_assert_eq!(part(origin.transit()), SnapshotRole::Transit(origin.clone()));
        prop_assert_eq!(part(copy.clone()), SnapshotRole::Copy(origin.clone()));
        prop_assert_eq!(part(origin.snapshot.clone()), SnapshotRole::Source);
        prop_assert_eq!(part(given::snapshot_arn(kind, DR, &another)), SnapshotRole::Source);
        prop_assert_eq!(part(given::snapshot_arn(kind, DR, origin.transit().id())), SnapshotRole::Source, "no transit copy in DR");
        let another_kind = if kind == protocol::Kind::Instance { protocol::Kind::Cluster } else { protocol::Kind::Instance };
        prop_assert_eq!(part(given::snapshot_arn(another_kind, SOURCE, origin.transit().id())), SnapshotRole::Source);
        for missing in ["Draco_Source", "Draco_SourceSnapshot", "Draco_Taken"] {
            for instead in ["", "odd value"] {
                let tags = origin.to_tags().with([(missing, instead)]);
                prop_assert_eq!(SnapshotRole::of(&given::snapshot(copy.clone(), tags)), SnapshotRole::Source, "{}", missing);
            }
        }
    }
}

fn numbered(prefix: &str, numbers: std::ops::Range<usize>) -> Tags {
    numbers.map(|number| (format!("{prefix}{number:02}"), "v")).collect()
}

fn keys(tags: &Tags) -> Vec<&str> {
    tags.iter().map(|(key, _)| key).collect()
}

#[test]
fn of_fifty_tags_the_last_make_room_for_draco_s_own_and_are_told() {
    let (copy, left_out) = numbered("tag", 0..50).for_copy(&orders().to_tags());
    let kept = numbered("tag", 0..47);
    assert_eq!(keys(&copy), [vec!["Draco_Source", "Draco_SourceSnapshot", "Draco_Taken"], keys(&kept)].concat());
    assert_eq!(left_out, ["tag47", "tag48", "tag49"]);
}

#[test]
fn of_fifty_tags_with_ten_of_aws_s_own_the_last_of_aws_s_make_room() {
    let source: Tags = numbered("aws:", 0..10).with(numbered("tag", 0..39).iter()).with([(LIFECYCLE, "daily")]);
    assert_eq!(source.len(), 50);
    let (copy, left_out) = source.for_copy(&orders().to_tags());
    let expected: Tags = orders()
        .to_tags()
        .with([(LIFECYCLE, "daily")])
        .with(numbered("tag", 0..39).iter())
        .with(numbered("origin:aws:", 0..7).iter());
    assert_eq!(copy, expected);
    assert_eq!(left_out, ["origin:aws:07", "origin:aws:08", "origin:aws:09"]);
}

#[test]
fn the_lifecycle_has_a_place_before_all_that_sort_before_it() {
    let (copy, left_out) = numbered("A", 0..49).with([(LIFECYCLE, "daily")]).for_copy(&orders().to_tags());
    assert_eq!(copy.get(LIFECYCLE), Some("daily"));
    assert_eq!(left_out, ["A46", "A47", "A48"]);
}

#[test]
fn a_tag_of_the_source_s_that_the_user_s_own_replaces_is_told_unless_it_is_the_same() {
    let own = Tags::from_iter([("owner", "draco")]);
    let check = |value: &str, told: &[&str]| {
        assert_eq!(
            Tags::from_iter([("owner", value)]).for_copy(&own),
            (own.clone(), told.iter().map(|&key| key.to_owned()).collect())
        );
    };
    check("shop", &["owner"]);
    check("draco", &[]);
}

#[test]
fn when_aws_s_own_meets_the_user_s_of_its_new_name_one_is_told() {
    let source = Tags::from_iter([("aws:a", "theirs"), ("origin:aws:a", "user's")]);
    let expected = Tags::from_iter([("origin:aws:a", "theirs")]);
    assert_eq!(source.for_copy(&Tags::default()), (expected, vec!["origin:aws:a".to_owned()]));
}

#[test]
fn keys_and_values_of_any_script_come_along_up_to_the_limit_and_beyond_it_are_told() {
    let (key, value) = ("キ".repeat(128), "✓".repeat(256));
    let source = Tags::from_iter([
        (key.clone(), value.clone()),
        ("キ".repeat(129), String::new()),
        ("v".to_owned(), "✓".repeat(257)),
    ]);
    let expected = Tags::from_iter([(key, value)]);
    assert_eq!(source.for_copy(&Tags::default()), (expected, vec!["v".to_owned(), "キ".repeat(129)]));
    // The longest of AWS's own keys do not fit when they are renamed.
    let (longest, longer) = (format!("aws:{}", "k".repeat(117)), format!("aws:{}", "k".repeat(118)));
    let (copy, left_out) = Tags::from_iter([(longest.clone(), ""), (longer.clone(), "")]).for_copy(&Tags::default());
    assert_eq!((keys(&copy), left_out), (vec![&*format!("origin:{longest}")], vec![format!("origin:{longer}")]));
}

#[test]
fn tags_are_counted_and_set() {
    let mut tags = Tags::default();
    assert_eq!((tags.is_empty(), tags.len()), (true, 0));
    tags.set("a", "1");
    tags.set("a", "2");
    assert_eq!((tags.is_empty(), tags.len()), (false, 1));
    assert_eq!(tags.get("a"), Some("2"));
}

/// Every key in `tags.rs` has a section in `doc/tags.md`, and every section about one of Draco's keys has its key there.
#[test]
fn each_key_is_documented() {
    let is_key = |text: &&str| text.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty());
    let constant = |line: &'static str| {
        let (_, value) = line.strip_prefix("pub const ")?.split_once(": &str = \"")?;
        value.strip_suffix("\";").filter(is_key)
    };
    let heading = |line: &'static str| line.strip_prefix("### `")?.strip_suffix('`').filter(is_key);
    let keys: BTreeSet<&str> = include_str!("../../src/tags.rs").lines().filter_map(constant).collect();
    let headings: BTreeSet<&str> = include_str!("../../../../doc/tags.md").lines().filter_map(heading).collect();
    assert!(keys.contains(LIFECYCLE) && keys.len() > OF_ONE.len(), "{keys:?}");
    assert_eq!(headings, keys);
}
