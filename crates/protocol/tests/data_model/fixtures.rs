//! Fixed values and proptest strategies that several tests use.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use protocol::{DatabaseArn, Engine, Kind, Origin, Place, Snapshot, SnapshotArn, Status, Tags};

/// The source account.
pub(crate) const SOURCE: &str = "111111111111";
/// The DR account.
pub(crate) const DR: &str = "222222222222";

pub(crate) fn place(account: &str) -> Place {
    Place { region: "eu-west-1".parse().unwrap(), account: account.parse().unwrap() }
}

/// A place in one of these regions.
pub(crate) fn place_in(region: &str, account: &str) -> Place {
    Place { region: region.parse().unwrap(), account: account.parse().unwrap() }
}

/// The same source in another region.
pub(crate) fn moved(origin: &Origin, region: &str) -> Origin {
    let place = place_in(region, origin.snapshot.place.account.as_str());
    let Origin { snapshot, database, taken } = origin;
    Origin {
        snapshot: SnapshotArn::new(snapshot.kind, place.clone(), snapshot.id()).unwrap(),
        database: DatabaseArn::new(database.kind, place, database.id()).unwrap(),
        taken: *taken,
    }
}

/// A few regions, with the one of [`place`], and the longest that is possible.
pub(crate) const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-southeast-1", "abcdefghijk-abcde-12"];

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn snapshot_arn(kind: Kind, account: &str, id: &str) -> SnapshotArn {
    SnapshotArn::new(kind, place(account), id).unwrap()
}

/// The origin of a snapshot of the database `orders`.
pub(crate) fn origin(kind: Kind, account: &str, id: &str, taken: DateTime<Utc>) -> Origin {
    let database = DatabaseArn::new(kind, place(account), "orders").unwrap();
    Origin { snapshot: snapshot_arn(kind, account, id), database, taken }
}

/// The origin in all expected texts.
pub(crate) fn orders() -> Origin {
    origin(Kind::Instance, SOURCE, "rds:orders-2026-11-21-03-05", time("2026-11-21T03:06:39Z"))
}

/// An available, encrypted snapshot with this ARN and these tags.
pub(crate) fn snapshot(arn: SnapshotArn, tags: Tags) -> Snapshot {
    Snapshot {
        arn,
        database: "orders".into(),
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
        tags,
    }
}

pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

/// Times within three days, so that some are equal, with and without fractions of a second.
pub(crate) fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0..3_i64 * 86_400, prop::sample::select(vec![0_i64, 1, 999])).prop_map(|(seconds, milliseconds)| {
        time("2026-11-20T00:00:00Z") + TimeDelta::seconds(seconds) + TimeDelta::milliseconds(milliseconds)
    })
}

/// A few accounts.
pub(crate) fn account() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![SOURCE, DR, "000000000001"])
}

/// Identifiers that resemble those of other snapshots: with prefixes, account IDs, times and hashes.
pub(crate) fn id() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "orders",
        "rds",
        "awsbackup",
        "draco",
        "rds:",
        "awsbackup:",
        "job",
        "111111111111",
        "222222222222",
        "us-east-1",
        "eu-west-1-111111111111",
        "us-east-1-222222222222",
        "x0123456789abcdef",
        "x0123456789abcde",
        "20261121t140359",
        "20261121T140359",
        "2026-11-21-03-05",
        "a-name-that-is-longer-than-clusters-have-names-for",
        "",
        "_",
        ".",
    ]);
    let pieces = prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.join("-"));
    let glued = prop::collection::vec("[a-c:.0-9-]{1,4}", 1..4).prop_map(|pieces| pieces.concat());
    let long = ("[a-z]", "[a-z0-9-]{30,254}").prop_map(|(first, rest)| format!("{first}{rest}"));
    let periodic = (1..20_usize).prop_map(|times| "111111111111-".repeat(times));
    let automatic = ("rds:|awsbackup:|rds-|awsbackup-|", "[a-c]{1,2}", "|-20261121t140359|-x0123456789abcdef")
        .prop_map(|(prefix, name, end)| format!("{prefix}{name}{end}"));
    prop_oneof![pieces, glued, long, periodic, automatic].prop_map(|id| {
        let id: String = id.trim_start_matches('-').chars().take(255).collect();
        if id.is_empty() { "a".to_owned() } else { id }
    })
}

/// Tag values, also at the maximum length and with characters outside ASCII.
pub(crate) fn tag_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zé✓ ]{0,6}",
        1 => Just("é".repeat(256)),
        1 => Just("é".repeat(257)),
    ]
}

/// Tag keys: also at the maximum length, reserved by AWS, defined by Draco, and some that are equal when they are renamed.
pub(crate) fn tag_key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zé]{1,3}",
        3 => "(origin:)?(aws|AWS|rds):[a-z]{1,2}",
        2 => prop::sample::select(vec![
            "Draco_Lifecycle", "Draco_Copied", "Draco_NotCopied", "Draco_Source", "Draco_SourceSnapshot", "Draco_Taken",
            "Draco_Transit", "Draco_TransitCreated", "Draco_Reported", "Draco_Else", "dRACO_else", "owner",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec![120_usize, 121, 122, 128, 129]).prop_map(|length| format!("aws:{}", "ü".repeat(length - 4))),
        1 => prop::sample::select(vec![127_usize, 128, 129]).prop_map(|length| "ü".repeat(length)),
    ]
}

/// Up to 59 tags, more than AWS's maximum.
pub(crate) fn any_tags() -> impl Strategy<Value = Tags> {
    prop::collection::btree_map(tag_key(), tag_value(), 0..60).prop_map(Tags::from_iter)
}
