//! Whose the settings in the tags of a snapshot are: those of this account and region are trusted, and no others.

use protocol::spec::Setting;
use protocol::{AccountId, Origin as SnapshotOrigin};
use provision::look::{origin_of, without_network};
use provision::plan::Origin;

use super::plans::{base, value, wanted};
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

// Tags that had no room for the network of this account (`lost=`). AWS would choose the default VPC and its default security group.
#[test]
fn a_network_that_was_not_recorded_has_to_be_given() {
    const NETWORK: [Setting; 2] = [Setting::SubnetGroup, Setting::SecurityGroups];
    for (kind, verb) in Kind::ALL.into_iter().flat_map(|kind| [Verb::Restore, Verb::Verify].map(|verb| (kind, verb))) {
        let problem = |lost: &[Setting], given: &[Setting]| {
            let mut base = base(kind, Origin::Here);
            base.recorded.as_mut().unwrap().settings.retain(|setting, _| !lost.contains(setting));
            let overrides = given.iter().map(|setting| (*setting, value(*setting))).collect();
            let job = Job::new(Request { overrides, ..request(kind, verb) }).unwrap();
            without_network(&wanted(&job, &base), &base)
        };
        let line = |missing: &str| {
            Some(format!(
                "the network of the data's database was not recorded completely, and the job has no {missing}: give the subnet group and the security groups of the new database"
            ))
        };
        assert_eq!(problem(&[], &[]), None);
        assert_eq!(problem(&NETWORK, &[]), line("DBSubnetGroupName and no VpcSecurityGroupIds"));
        assert_eq!(problem(&NETWORK[..1], &[]), line("DBSubnetGroupName"));
        assert_eq!(problem(&NETWORK[1..], &[]), line("VpcSecurityGroupIds"));
        assert_eq!(problem(&NETWORK, &NETWORK[..1]), line("VpcSecurityGroupIds"));
        assert_eq!(problem(&NETWORK, &NETWORK), None);
    }
}
