//! The identifiers of transit copies and copies.

use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use protocol::{Attempt, Engine, Kind, Origin, Place, Snapshot, SnapshotArn, SnapshotRole, Status};

use crate::fixtures::{self, DR, REGIONS, SOURCE, moved, place, place_in, time};

/// The identifier is valid by AWS's rules for manual snapshots.
fn check_valid(arn: &SnapshotArn) {
    let id = arn.id();
    let longest = match arn.kind {
        Kind::Instance => 255,
        Kind::Cluster => 63,
    };
    assert!(id.len() <= longest, "{id} has {} characters", id.len());
    assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
    assert!(id.starts_with(|first: char| first.is_ascii_lowercase()), "{id}");
    assert!(!id.contains("--") && !id.ends_with('-'), "{id}");
    // Tags contain the ARN, and a tag value has at most 256 characters.
    assert!(arn.to_string().len() <= 256, "{arn}");
}

/// The identity of a source. The name of an automated snapshot contains its time; a manual snapshot's name can be reused.
fn identity(origin: &Origin) -> (SnapshotArn, Option<i64>) {
    let id = origin.snapshot.id();
    let is_automated = id.starts_with("rds:") || id.starts_with("awsbackup:");
    (origin.snapshot.clone(), (!is_automated).then(|| origin.taken.timestamp()))
}

/// No two sources have copies with the same name, and no transit copy has the name of a copy. The sources may be in several
/// regions: their transit copies are compared only in the region of their copies.
fn check_distinct<'o>(origins: impl IntoIterator<Item = &'o Origin>, dr: &Place) {
    let mut known = HashMap::new();
    for origin in origins {
        let copies = Attempt::ALL.map(|attempt| (origin.copy_of(attempt, dr), Some(attempt)));
        for (arn, role) in copies.into_iter().chain([(origin.transit(), None)]) {
            let meaning = (identity(origin), role);
            if let Some(other) = known.insert(arn.clone(), meaning.clone()) {
                assert_eq!(other, meaning, "both have the name {arn}");
            }
        }
    }
}

proptest! {
    #[test]
    fn names_are_valid_and_deterministic(
        kind in fixtures::kind(), id in fixtures::id(), account in fixtures::account(), taken in fixtures::moment(),
    ) {
        let origin = fixtures::origin(kind, account, &id, taken);
        let (transit, copy) = (origin.transit(), origin.copy(&place(DR)));
        check_valid(&transit);
        for attempt in Attempt::ALL {
            let copy = origin.copy_of(attempt, &place(DR));
            check_valid(&copy);
            prop_assert!(copy.id().starts_with(&["draco-", account, "-"].concat()));
            prop_assert_eq!(origin.attempt(&copy), Some(attempt));
            prop_assert_eq!(SnapshotRole::of(&with_tags_of(&origin, copy)), SnapshotRole::Copy(origin.clone()));
        }
        prop_assert!(transit.id().starts_with("draco-"));
        prop_assert_eq!((transit.kind, copy.kind), (kind, kind));
        prop_assert_eq!((&transit.place, &copy.place), (&place(account), &place(DR)));
        prop_assert_eq!((&origin.clone().transit(), &origin.copy(&place(DR))), (&transit, &copy));
        // AWS does not always return fractions of a second, so they do not count.
        let whole = Origin { taken: time("1970-01-01T00:00:00Z") + TimeDelta::seconds(taken.timestamp()), ..origin };
        prop_assert_eq!((whole.transit(), whole.copy(&place(DR))), (transit, copy));
    }

    /// The DR account is also a source account here, which is the most difficult case.
    #[test]
    fn names_of_different_sources_are_distinct(
        sources in prop::collection::vec((fixtures::kind(), fixtures::id(), fixtures::account(), fixtures::moment()), 2..40),
    ) {
        let origins: Vec<_> = sources.iter().map(|(kind, id, account, taken)| fixtures::origin(*kind, account, id, *taken)).collect();
        check_distinct(&origins, &place(SOURCE));
    }

    /// Sources in several regions. The DR account is also a source account here.
    #[test]
    fn names_of_sources_in_different_regions_are_distinct(
        sources in prop::collection::vec((
            fixtures::kind(), fixtures::id(), fixtures::account(), fixtures::moment(), prop::sample::select(REGIONS.to_vec()),
        ), 2..40),
        dr in prop::sample::select(REGIONS.to_vec()),
    ) {
        let origins: Vec<_> = sources.iter()
            .flat_map(|(kind, id, account, taken, region)| {
                let origin = fixtures::origin(*kind, account, id, *taken);
                let again = look_alikes(&moved(&origin, region)).map(|id| fixtures::origin(*kind, account, &id, *taken));
                let again: Vec<_> = again.collect();
                [moved(&origin, region), origin].into_iter().chain(again)
            })
            .collect();
        check_distinct(&origins, &place_in(dr, SOURCE));
    }

    /// A copy in another region has a name that no copy of this account, and no transit copy, had before there were such copies.
    #[test]
    fn a_copy_in_another_region_begins_with_that_of_its_source(
        kind in fixtures::kind(), id in fixtures::id(), account in fixtures::account(), taken in fixtures::moment(),
        region in prop::sample::select(REGIONS[1..].to_vec()),
    ) {
        let origin = moved(&fixtures::origin(kind, account, &id, taken), region);
        for attempt in Attempt::ALL {
            let copy = origin.copy_of(attempt, &place(DR));
            check_valid(&copy);
            prop_assert!(copy.id().starts_with(&format!("draco-{region}-{account}-")), "{}", copy);
            prop_assert_eq!(origin.attempt(&copy), Some(attempt));
            prop_assert_eq!(SnapshotRole::of(&with_tags_of(&origin, copy)), SnapshotRole::Copy(origin.clone()));
            let in_region = origin.copy_of(attempt, &place_in(region, DR));
            prop_assert!(in_region.id().starts_with(&format!("draco-{account}-")), "{}", in_region);
        }
    }

    /// Sources with names that Draco generates for other sources, three times over.
    #[test]
    fn names_of_sources_that_resemble_generated_names_are_distinct(
        kind in fixtures::kind(), id in fixtures::id(), taken in fixtures::moment(),
        later in prop::sample::select(vec![0_i64, 1, 60, 86_400]),
    ) {
        let (mut ids, mut origins) = (vec![id], Vec::new());
        for _ in 0..3 {
            origins.extend(ids.iter().map(|id| fixtures::origin(kind, SOURCE, id, taken)));
            origins.extend(ids.iter().map(|id| fixtures::origin(kind, SOURCE, id, taken + TimeDelta::seconds(later))));
            ids = ids.iter().flat_map(|id| look_alikes(&fixtures::origin(kind, SOURCE, id, taken))).collect();
        }
        check_distinct(&origins, &place(SOURCE));
    }
}

/// A snapshot of this name with the tags of copies of this origin.
fn with_tags_of(origin: &Origin, arn: SnapshotArn) -> Snapshot {
    Snapshot {
        arn,
        database: origin.database.id().into(),
        resource_id: None,
        engine: Engine::Rds,
        status: Status::Available,
        progress: 100,
        gib: 20,
        is_encrypted: true,
        key: None,
        created: None,
        original_created: None,
        copied_from: None,
        tags: origin.to_tags(),
    }
}

/// Names that could be confused with the names generated for this source.
fn look_alikes(origin: &Origin) -> impl Iterator<Item = String> + use<> {
    let second = Attempt::ALL[1];
    let generated = [origin.transit(), origin.copy(&place(SOURCE)), origin.copy_of(second, &place(SOURCE))].into_iter();
    generated.flat_map(|arn| {
        let rest = arn.id().trim_start_matches("draco-");
        let automated = rest.replacen("rds-", "rds:", 1).replacen("awsbackup-", "awsbackup:", 1);
        [arn.id().to_owned(), rest.to_owned(), automated]
    })
}

#[test]
fn examples_of_names() {
    let taken = time("2026-11-21T14:03:59.500Z");
    let check = |kind, id: &str, transit: &str, copy: &str| {
        let origin = fixtures::origin(kind, SOURCE, id, taken);
        assert_eq!((origin.transit().id(), origin.copy(&place(DR)).id()), (transit, copy), "{id}");
    };
    check(
        Kind::Instance,
        "rds:orders-2026-11-21-03-05",
        "draco-rds-orders-2026-11-21-03-05",
        "draco-111111111111-rds-orders-2026-11-21-03-05",
    );
    check(
        Kind::Instance,
        "Before-Migration",
        "draco-before-migration-20261121t140359",
        "draco-111111111111-before-migration-20261121t140359",
    );
    check(Kind::Instance, "awsbackup:job-1f", "draco-awsbackup-job-1f", "draco-111111111111-awsbackup-job-1f");
    let elsewhere = moved(&fixtures::origin(Kind::Instance, SOURCE, "rds:orders-2026-11-21-03-05", taken), "us-east-1");
    assert_eq!(elsewhere.copy(&place(DR)).id(), "draco-us-east-1-111111111111-rds-orders-2026-11-21-03-05");
    check(
        Kind::Cluster,
        "rds:a-cluster-with-a-very-long-name-that-goes-on-2026-11-21-03-05",
        "draco-rds-a-cluster-with-a-very-long-name-tha-x1cd328bbe8624c9f",
        "draco-111111111111-rds-a-cluster-with-a-very-x27fe60ef473da5eb",
    );
}

/// The name of a failed copy is never used again.
#[test]
fn each_attempt_has_a_name_of_its_own() {
    let names = |kind, id: &str| {
        let origin = fixtures::origin(kind, SOURCE, id, time("2026-11-21T14:03:59Z"));
        Attempt::ALL.map(|attempt| origin.copy_of(attempt, &place(DR)).id().to_owned())
    };
    assert_eq!(
        names(Kind::Instance, "rds:orders-2026-11-21-03-05"),
        [
            "draco-111111111111-rds-orders-2026-11-21-03-05",
            "draco-111111111111-rds-orders-2026-11-21-03-05-xf44fdaade3c5381d",
            "draco-111111111111-rds-orders-2026-11-21-03-05-x874de1532916e366",
            "draco-111111111111-rds-orders-2026-11-21-03-05-x8fb5a75c4d3d889b",
        ],
    );
    let attempts: Vec<_> = std::iter::successors(Some(Attempt::FIRST), |attempt| attempt.next()).collect();
    assert_eq!(attempts, Attempt::ALL);
    assert_eq!(attempts.iter().map(|attempt| attempt.number()).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn only_an_ambiguous_or_invalid_name_ends_in_a_hash() {
    let is_hashed = |kind, id: &str| {
        let transit = fixtures::origin(kind, SOURCE, id, time("2026-11-21T14:03:59Z")).transit();
        let last = transit.id().rsplit('-').next().unwrap();
        last.len() == 17 && last.starts_with('x') && last.bytes().skip(1).all(|b| b.is_ascii_hexdigit())
    };
    let hashed = [
        "a_b",
        "a.b",
        "rds:a:b",
        "rds:",
        "rds:-a",
        "a-",
        "a--b",
        "rds:a-20261121t140359",
        "rds:a-x0123456789abcdef",
        "111111111111-a",
        "us-east-1-111111111111-a",
        "rds:",
    ];
    for id in hashed {
        assert!(is_hashed(Kind::Instance, id), "{id}");
    }
    let plain = [
        "a",
        "a-20261121t140359",
        "rds:a-20261121t14035",
        "rds:a-2026112t140359",
        "rds:a-20261121x140359",
        "rds:a-2026112at140359",
        "rds:a-20261121t14035a",
        "a-x0123456789abcdef",
        "rds:a-x0123456789abcde",
        "rds:a-y0123456789abcdef",
        "rds:a-x0123456789abcdeg",
        "11111111111-a",
        "1111111111111-a",
        "11111111111a-a",
        "rds:111111111111-a",
        "a-111111111111",
        "us-east-111111111111",
        "eu-west-1-111111111111-a",
    ];
    for id in plain {
        assert!(!is_hashed(Kind::Instance, id), "{id}");
    }
}

#[test]
fn a_name_is_shortened_only_if_it_is_too_long() {
    for (kind, longest) in [(Kind::Instance, 200), (Kind::Cluster, 63)] {
        let name = |length| {
            let id = format!("rds:{}", "a".repeat(length - "draco-rds-".len()));
            fixtures::origin(kind, SOURCE, &id, time("2026-11-21T14:03:59Z")).transit().id().to_owned()
        };
        assert_eq!(name(longest), format!("draco-rds-{}", "a".repeat(longest - "draco-rds-".len())));
        let shortened = name(longest + 1);
        assert_eq!(shortened.len(), longest);
        assert!(
            shortened.starts_with(&format!("draco-rds-{}-x", "a".repeat(longest - "draco-rds-".len() - 18))),
            "{shortened}"
        );
    }
}

#[test]
fn a_name_without_letters_or_digits_becomes_a_hash() {
    let transit = fixtures::origin(Kind::Instance, SOURCE, ":._-", time("2026-11-21T14:03:59Z")).transit();
    check_valid(&transit);
    assert_eq!(transit.id().len(), "draco-x0123456789abcdef".len());
}

/// A year of five digits is written with a sign.
#[test]
fn a_time_that_makes_the_name_invalid_is_hashed() {
    for taken in ["+10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"] {
        check_valid(&fixtures::origin(Kind::Instance, SOURCE, "a", time(taken)).transit());
    }
}
