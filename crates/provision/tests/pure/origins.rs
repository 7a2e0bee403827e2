//! Whose the settings in the tags of a snapshot are: those of this account and region are trusted, and no others.

use protocol::{AccountId, Origin as SnapshotOrigin};
use provision::look::origin_of;
use provision::plan::Origin;

use super::*;

fn at(account: &str, region: &str) -> Place {
    Place { account: account.parse::<AccountId>().unwrap(), region: region.parse().unwrap() }
}

#[test]
fn only_settings_of_this_account_and_region_are_trusted() {
    let [source, region] = [at("111111111111", "eu-west-1"), at("222222222222", "us-east-1")];
    for kind in Kind::ALL {
        let origin = |taken_in: &Place, database_in: &Place| SnapshotOrigin {
            snapshot: SnapshotArn::new(kind, taken_in.clone(), "nightly").unwrap(),
            database: DatabaseArn::new(kind, database_in.clone(), "orders").unwrap(),
            taken: now(),
        };
        let of = |arn: SnapshotArn, tags: Tags| origin_of(&snapshot(arn, tags), &place());
        let by_hand = |place: &Place| SnapshotArn::new(kind, place.clone(), "before-the-drill").unwrap();
        // A snapshot that is no copy.
        assert_eq!(of(by_hand(&place()), Tags::default()), Origin::Here);
        for other in [&source, &region] {
            assert_eq!(of(by_hand(other), Tags::default()), Origin::Elsewhere);
        }
        for (taken_in, database_in, expected) in [
            (&place(), &place(), Origin::Here),
            (&source, &source, Origin::Elsewhere),
            (&region, &region, Origin::Elsewhere),
            (&source, &place(), Origin::Elsewhere),
            (&place(), &source, Origin::Elsewhere),
        ] {
            let origin = origin(taken_in, database_in);
            assert_eq!(of(origin.copy(&place()), origin.to_tags()), expected, "{origin:?}");
            // A person has copied the copy, with its tags: they are still those of the source account, of which one is enough.
            for (key, value) in origin.to_tags().iter().filter(|(key, _)| *key != tags::TAKEN) {
                assert_eq!(of(by_hand(&place()), Tags::from_iter([(key, value)])), Origin::Elsewhere, "{key}");
            }
        }
    }
}
