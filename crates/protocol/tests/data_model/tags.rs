//! Invariant 3: a copy has its source's tags.

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::tags::{JOB_REPORT, LIFECYCLE, MAX_KEY_CHARS, MAX_TAGS_OF_COPY, MAX_VALUE_CHARS, PREFIX, SPEC};
use protocol::{SnapshotRole, SourceTags, Tags};

use crate::fixtures::{self, DR, SOURCE, orders, place};

/// The keys that describe one snapshot. They are not copied.
const OWN_KEYS: [&str; 8] = [
    "Draco_Copied",
    "Draco_NotCopied",
    "Draco_Source",
    "Draco_SourceSnapshot",
    "Draco_Taken",
    "Draco_Transit",
    "Draco_TransitCreated",
    "Draco_Reported",
];

/// The key on a copy.
fn renamed(key: &str) -> String {
    if ["aws:", "rds:"].iter().any(|reserved| key.to_lowercase().starts_with(reserved)) {
        format!("origin:{key}")
    } else {
        key.to_owned()
    }
}

proptest! {
    #[test]
    fn a_copy_has_its_own_tags_and_as_many_tags_of_its_source_as_aws_allows(
        source in fixtures::any_tags(), user in prop::option::of("[a-z]{1,2}"),
    ) {
        let own = orders().to_tags().with(user.as_deref().map(|key| (key, "ours")));
        let (copy, left_out) = source.for_copy(&own, &SourceTags::Keep);

        for (key, value) in own.iter() {
            prop_assert_eq!(copy.get(key), Some(value), "{} is one of Draco's own tags", key);
        }
        prop_assert!(copy.len() <= MAX_TAGS_OF_COPY);
        for (key, value) in copy.iter() {
            prop_assert!(!key.to_lowercase().starts_with("aws:"), "{} is reserved by AWS", key);
            prop_assert!((1..=MAX_KEY_CHARS).contains(&key.chars().count()), "{}", key);
            prop_assert!(value.chars().count() <= MAX_VALUE_CHARS, "{}", value);
            let is_of_source = source.iter().any(|(source_key, source_value)| renamed(source_key) == key && source_value == value);
            prop_assert!(own.get(key).is_some() || is_of_source, "{} is neither Draco's own nor the source's", key);
            let is_dracos = key.to_lowercase().starts_with("draco_");
            prop_assert!(!is_dracos || key == LIFECYCLE || own.get(key).is_some(), "{} is reserved for Draco", key);
        }
        // Tags that describe only the source are not copied.
        for key in OWN_KEYS {
            prop_assert_eq!(copy.get(key), own.get(key));
        }
        // Each tag of the source is copied or reported as left out, and only for a reason.
        let reported: BTreeSet<&str> = left_out.iter().map(String::as_str).collect();
        for (key, value) in source.iter().filter(|(key, _)| !OWN_KEYS.contains(key)) {
            let name = renamed(key);
            let is_copied = copy.get(&name) == Some(value);
            prop_assert!(is_copied || reported.contains(&*name), "{} is neither copied nor reported", key);
        }
        for key in reported {
            let is_too_long = key.chars().count() > MAX_KEY_CHARS
                || source.iter().any(|(source_key, value)| renamed(source_key) == key && value.chars().count() > MAX_VALUE_CHARS);
            let is_dracos = key.to_lowercase().starts_with("draco_");
            prop_assert!(is_too_long || is_dracos || copy.get(key).is_some() || copy.len() == MAX_TAGS_OF_COPY, "{} was left out without a reason", key);
        }
    }

    #[test]
    fn the_lifecycle_is_copied_first_and_the_tags_of_aws_last(source in fixtures::any_tags(), lifecycle in "[a-z]{1,9}") {
        let source = source.with([(LIFECYCLE, lifecycle.as_str())]);
        let (copy, left_out) = source.for_copy(&orders().to_tags(), &SourceTags::Keep);
        prop_assert_eq!(copy.get(LIFECYCLE), Some(&*lifecycle));
        let fits = |key: &str| {
            key.chars().count() <= MAX_KEY_CHARS && source.get(key).is_some_and(|value| value.chars().count() <= MAX_VALUE_CHARS)
        };
        let is_dracos = |key: &str| key.to_lowercase().starts_with("draco_");
        if left_out.iter().any(|key| !key.starts_with("origin:") && !is_dracos(key) && fits(key)) {
            prop_assert!(copy.iter().all(|(key, _)| !key.starts_with("origin:")), "a tag of AWS was copied instead of a tag of the user");
        }
    }

    #[test]
    fn a_copy_of_a_transit_copy_has_the_same_tags(source in fixtures::any_tags()) {
        let (transit, _) = source.for_copy(&orders().to_tags(), &SourceTags::Keep);
        let (copy, left_out) = transit.for_copy(&orders().to_tags(), &SourceTags::Keep);
        prop_assert_eq!(copy, transit);
        prop_assert_eq!(left_out, Vec::<String>::new());
    }

    #[test]
    fn the_origin_can_be_read_from_its_tags(
        kind in fixtures::kind(), id in fixtures::id(), account in fixtures::account(), taken in fixtures::moment(), others in fixtures::any_tags(),
    ) {
        let origin = fixtures::origin(kind, account, &id, taken);
        let tags = origin.to_tags();
        for (key, value) in tags.iter() {
            prop_assert!(value.len() <= MAX_VALUE_CHARS, "{} {}", key, value);
        }
        let (all, _) = others.for_copy(&tags, &SourceTags::Keep);
        prop_assert_eq!(protocol::Origin::from_tags(&all), Some(origin));
    }

    /// A manual copy of a copy, and a snapshot of a database that was restored from one, inherit its tags.
    #[test]
    fn a_snapshot_is_draco_s_only_if_it_has_the_name_that_draco_generates(
        kind in fixtures::kind(), id in fixtures::id(), another in fixtures::id(), taken in fixtures::moment(),
    ) {
        let origin = fixtures::origin(kind, SOURCE, &id, taken);
        let role = |arn| SnapshotRole::of(&fixtures::snapshot(arn, origin.to_tags()));
        let copy = origin.copy(&place(DR));
        prop_assert_eq!(role(origin.transit()), SnapshotRole::Transit(origin.clone()));
        prop_assert_eq!(role(copy.clone()), SnapshotRole::Copy(origin.clone()));
        prop_assert_eq!(role(origin.snapshot.clone()), SnapshotRole::Source);
        prop_assert_eq!(role(fixtures::snapshot_arn(kind, DR, &another)), SnapshotRole::Source);
        prop_assert_eq!(role(fixtures::snapshot_arn(kind, DR, origin.transit().id())), SnapshotRole::Source, "DR has no transit copies");
        let another_kind = if kind == protocol::Kind::Instance { protocol::Kind::Cluster } else { protocol::Kind::Instance };
        prop_assert_eq!(role(fixtures::snapshot_arn(another_kind, SOURCE, origin.transit().id())), SnapshotRole::Source);
        for missing in ["Draco_Source", "Draco_SourceSnapshot", "Draco_Taken"] {
            for instead in ["", "odd value"] {
                let tags = origin.to_tags().with([(missing, instead)]);
                prop_assert_eq!(SnapshotRole::of(&fixtures::snapshot(copy.clone(), tags)), SnapshotRole::Source, "{}", missing);
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
fn the_last_of_fifty_tags_are_left_out_in_favour_of_draco_s_own_now_and_later() {
    let (copy, left_out) = numbered("tag", 0..50).for_copy(&orders().to_tags(), &SourceTags::Keep);
    let kept = numbered("tag", 0..41);
    assert_eq!(keys(&copy), [vec!["Draco_Source", "Draco_SourceSnapshot", "Draco_Taken"], keys(&kept)].concat());
    assert_eq!(left_out, ["tag41", "tag42", "tag43", "tag44", "tag45", "tag46", "tag47", "tag48", "tag49"]);
}

#[test]
fn tags_of_aws_are_left_out_before_tags_of_the_user() {
    let source: Tags = numbered("aws:", 0..10).with(numbered("tag", 0..39).iter()).with([(LIFECYCLE, "daily")]);
    assert_eq!(source.len(), 50);
    let (copy, left_out) = source.for_copy(&orders().to_tags(), &SourceTags::Keep);
    let expected: Tags = orders()
        .to_tags()
        .with([(LIFECYCLE, "daily")])
        .with(numbered("tag", 0..39).iter())
        .with(numbered("origin:aws:", 0..1).iter());
    assert_eq!(copy, expected);
    assert_eq!(left_out, (1..10).map(|nth| format!("origin:aws:{nth:02}")).collect::<Vec<_>>());
}

#[test]
fn the_lifecycle_is_copied_before_keys_that_sort_before_it() {
    let (copy, left_out) =
        numbered("A", 0..49).with([(LIFECYCLE, "daily")]).for_copy(&orders().to_tags(), &SourceTags::Keep);
    assert_eq!(copy.get(LIFECYCLE), Some("daily"));
    assert_eq!(left_out, ["A40", "A41", "A42", "A43", "A44", "A45", "A46", "A47", "A48"]);
}

#[test]
fn a_source_tag_that_the_user_s_own_tag_replaces_is_left_out_unless_it_is_equal() {
    let own = Tags::from_iter([("owner", "draco")]);
    let check = |value: &str, left_out: &[&str]| {
        assert_eq!(
            Tags::from_iter([("owner", value)]).for_copy(&own, &SourceTags::Keep),
            (own.clone(), left_out.iter().map(|&key| key.to_owned()).collect())
        );
    };
    check("shop", &["owner"]);
    check("draco", &[]);
}

#[test]
fn a_user_s_tag_with_the_new_key_of_a_tag_of_aws_is_left_out() {
    let source = Tags::from_iter([("aws:a", "AWS"), ("origin:aws:a", "user")]);
    let expected = Tags::from_iter([("origin:aws:a", "AWS")]);
    assert_eq!(source.for_copy(&Tags::default(), &SourceTags::Keep), (expected, vec!["origin:aws:a".to_owned()]));
}

// Invariant 10.
#[test]
fn keys_that_are_reserved_for_draco_are_left_out_in_any_case() {
    let source = Tags::from_iter([
        (LIFECYCLE, "Standard"),
        ("Draco_Unknown", "1"),
        ("draco_lifecycle", "Hour"),
        ("DRACO_Reported", "2026-11-21T03:20:00Z"),
        ("Dracon", "mine"),
    ]);
    for rule in [SourceTags::Keep, SourceTags::Prefix, SourceTags::Only(["Dracon".to_owned()].into())] {
        let (copy, left_out) = source.for_copy(&Tags::default(), &rule);
        assert_eq!(copy.len(), 2, "{copy:?}");
        assert_eq!(copy.get(LIFECYCLE), Some("Standard"));
        assert_eq!(left_out, ["DRACO_Reported", "Draco_Unknown", "draco_lifecycle"]);
    }
}

// Invariant 10.
#[test]
fn dr_decides_which_tags_of_a_source_its_copies_get() {
    // As a transit copy has them: the tag of AWS has been renamed.
    let source = Tags::from_iter([
        (LIFECYCLE, "Standard"),
        ("env", "production"),
        ("origin:aws:cloudformation:stack-name", "shop"),
        ("team", "data"),
    ]);
    let check = |rule: &str, expected: &[&str]| {
        let (copy, left_out) = source.for_copy(&Tags::default(), &SourceTags::parse(rule).unwrap_or_default());
        assert_eq!((keys(&copy), left_out), (expected.to_vec(), Vec::new()), "{rule}");
    };
    check("keep", &[LIFECYCLE, "env", "origin:aws:cloudformation:stack-name", "team"]);
    check("prefix", &[LIFECYCLE, "origin:aws:cloudformation:stack-name", "origin:env", "origin:team"]);
    check("team", &[LIFECYCLE, "team"]);
    check("origin:aws:cloudformation:stack-name, Env", &[LIFECYCLE, "origin:aws:cloudformation:stack-name"]);
}

#[test]
fn a_rule_for_tags_of_the_source_can_be_written_and_parsed() {
    for (text, written) in
        [("keep", "keep"), ("prefix", "prefix"), ("b, a ,", "a,b"), ("keep,", "keep,"), ("keep,a", "a,keep")]
    {
        let rule = SourceTags::parse(text);
        assert_eq!(rule.as_ref().map(ToString::to_string), Ok(written.to_owned()));
        assert_eq!(SourceTags::parse(written), rule);
    }
    let refused = |text: &str| SourceTags::parse(text).err().unwrap_or_default();
    assert_eq!(refused(","), "expected keep, prefix, or the keys of tags, separated by commas");
    assert_eq!(refused("a,aws:b"), "the key of aws:b on a copy is origin:aws:b: list that key");
    assert_eq!(refused("Draco_Lifecycle"), "Draco_Lifecycle is always copied: remove it from the list");
    assert_eq!(refused("draco_team"), "\"draco_team\": keys that begin with Draco_ are reserved by Draco");
    assert_eq!(refused("a;b"), "\"a;b\": tags can contain only letters, digits, spaces and _.:/=+-@");
}

#[test]
fn lengths_are_counted_in_characters_and_longer_tags_are_left_out() {
    let (key, value) = ("キ".repeat(128), "✓".repeat(256));
    let source = Tags::from_iter([
        (key.clone(), value.clone()),
        ("キ".repeat(129), String::new()),
        ("v".to_owned(), "✓".repeat(257)),
    ]);
    let expected = Tags::from_iter([(key, value)]);
    assert_eq!(
        source.for_copy(&Tags::default(), &SourceTags::Keep),
        (expected, vec!["v".to_owned(), "キ".repeat(129)])
    );
    // AWS's longest keys are too long after they are renamed.
    let (longest, longer) = (format!("aws:{}", "k".repeat(117)), format!("aws:{}", "k".repeat(118)));
    let (copy, left_out) =
        Tags::from_iter([(longest.clone(), ""), (longer.clone(), "")]).for_copy(&Tags::default(), &SourceTags::Keep);
    assert_eq!((keys(&copy), left_out), (vec![&*format!("origin:{longest}")], vec![format!("origin:{longer}")]));
}

#[test]
fn setting_a_tag_again_replaces_its_value() {
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
    let keys: BTreeSet<&str> =
        include_str!("../../src/tags.rs").lines().filter_map(constant).chain([SPEC[0], JOB_REPORT[0]]).collect();
    let headings: BTreeSet<&str> = include_str!("../../../../doc/tags.md").lines().filter_map(heading).collect();
    assert!(keys.contains(LIFECYCLE) && keys.len() > OWN_KEYS.len(), "{keys:?}");
    assert_eq!(headings, keys);
}

#[test]
fn any_text_becomes_a_value_that_aws_accepts() {
    let value = protocol::tags::as_value;
    assert_eq!(
        value("AWS reports \"failed\" for a-1: (no\n disk, x_y=1/2+3@4.5)"),
        "AWS reports failed for a-1: no disk x_y=1/2+3@4.5"
    );
    assert_eq!(value(&"ab ".repeat(100)).chars().count(), MAX_VALUE_CHARS);
    assert_eq!(value("é"), "");
}
