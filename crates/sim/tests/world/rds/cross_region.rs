//! Copies from another region: their limit, their keys, their price.

use serde_json::json;
use sim::questions::{CrossRegionLimit, DocumentDbCrossRegion, KmsViaRegion};
use sim::{Settings, World};

use super::support::*;

const THIRD_REGION: &str = "ap-southeast-2";

#[tokio::test(start_paused = true)]
async fn cross_region_copies_in_progress_have_a_quota() {
    let world = World::with_settings(Settings { copy_quota: 2, cluster_copy_quota: 2, ..settings() });
    for kind in BOTH {
        let here = Rds::new(&world, PROD, REGION, kind);
        let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
        here.snapshot(&world, "source").await;
        let source = kind.arn(PROD, REGION, "source");
        let copy = async |target: &str| {
            other_region.copy(CopyRequest { source: &source, target, ..CopyRequest::default() }).await.map(drop)
        };
        let full = Err("SnapshotQuotaExceeded".to_owned());
        assert_eq!([copy("a").await, copy("b").await, copy("c").await], [Ok(()), Ok(()), full.clone()]);
        // Copies within the region and cancelled copies do not count.
        for target in ["x", "y", "z"] {
            here.copy(CopyRequest { source: "source", target, ..CopyRequest::default() }).await.expect("a copy");
        }
        other_region.delete("a").await.expect("a deletion");
        assert_eq!([copy("c").await, copy("d").await], [Ok(()), full.clone()]);
        world.sleep(10 * MINUTE).await;
        assert_eq!([copy("d").await, copy("e").await, copy("f").await], [Ok(()), Ok(()), full]);
        here.delete("source").await.expect("a deletion");
        assert_eq!(
            other_region.copy(CopyRequest { source: "b", target: "g", ..CopyRequest::default() }).await.map(drop),
            Ok(())
        );
        world.sleep(10 * MINUTE).await;
        assert_eq!(other_region.describe("d").await.expect("it").status, "failed");
    }
}

/// Starts copies to a region until AWS refuses, at most four. Returns how many it accepted.
async fn accepted(from: &Rds, to: &Rds, from_region: &str, prefix: &str) -> usize {
    let source = from.kind.arn(PROD, from_region, "source");
    for number in 0..4 {
        let target = format!("{prefix}-{number}");
        let copy = to.copy(CopyRequest { source: &source, target: &target, ..CopyRequest::default() }).await;
        if copy.is_err() {
            assert_eq!(copy.map(drop), Err("SnapshotQuotaExceeded".to_owned()));
            return number;
        }
    }
    4
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_copies_to_a_region_between_two_regions_or_of_both_kinds() {
    for answer in CrossRegionLimit::ALL {
        let mut settings = Settings { copy_quota: 3, cluster_copy_quota: 2, ..settings() };
        settings.answers.cross_region_limit = *answer;
        let world = World::with_settings(settings);
        let mut seen = Vec::new();
        for kind in BOTH {
            for region in [REGION, THIRD_REGION] {
                let here = Rds::new(&world, PROD, region, kind);
                here.snapshot(&world, "source").await;
            }
        }
        for kind in BOTH {
            let there = Rds::new(&world, PROD, OTHER_REGION, kind);
            for region in [REGION, THIRD_REGION] {
                let here = Rds::new(&world, PROD, region, kind);
                seen.push(accepted(&here, &there, region, &format!("from-{region}")).await);
            }
        }
        let expected = match answer {
            CrossRegionLimit::ToARegion => [3, 0, 2, 0],
            CrossRegionLimit::BetweenTwoRegions => [3, 3, 2, 2],
            CrossRegionLimit::Together => [3, 0, 0, 0],
        };
        assert_eq!(seen, expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_the_source_is_used_through_rds_of_one_of_both_regions() {
    for answer in KmsViaRegion::ALL {
        let world = world_where(|answers| answers.kms_via_region = *answer);
        let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
        let source_key = kms.create_key().send().await.expect("a key").key_metadata.expect("it").arn.expect("an ARN");
        let there_kms = aws_sdk_kms::Client::new(&world.sdk_config(DR, OTHER_REGION));
        let key = there_kms.create_key().send().await.expect("a key").key_metadata.expect("it").arn.expect("an ARN");
        let (prod, dr) =
            (Rds::new(&world, PROD, REGION, Kind::Instance), Rds::new(&world, DR, OTHER_REGION, Kind::Instance));
        let like =
            DatabaseSpec { key: Some(&source_key), is_encrypted: true, retention: Some(0), ..DatabaseSpec::default() };
        prod.create_database("orders", like).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        prod.create("orders", "s").await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        prod.share("s", &[DR], &[]).await.expect("a share");
        let source = Kind::Instance.arn(PROD, REGION, "s");
        for region in [REGION, OTHER_REGION] {
            let root = |account: &str| json!({ "AWS": format!("arn:aws:iam::{account}:root") });
            let policy = json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": root(PROD), "Action": "kms:*", "Resource": "*" },
                { "Effect": "Allow", "Principal": root(DR), "Action": "kms:*", "Resource": "*", "Condition": {
                    "StringEquals": { "kms:ViaService": format!("rds.{region}.amazonaws.com") },
                } },
            ]});
            kms.put_key_policy().key_id(&source_key).policy(policy.to_string()).send().await.expect("a policy");
            let target = format!("through-{region}");
            let copy = CopyRequest { source: &source, target: &target, key: Some(&key), ..CopyRequest::default() };
            let is_right = match answer {
                KmsViaRegion::Source => region == REGION,
                KmsViaRegion::Destination => region == OTHER_REGION,
            };
            let expected = if is_right { Ok(()) } else { Err("KMSKeyNotAccessibleFault".to_owned()) };
            assert_eq!(dr.copy(copy).await.map(drop), expected, "{answer:?} through {region}");
        }
        world.sleep(10 * MINUTE).await;
        let right = if *answer == KmsViaRegion::Source { REGION } else { OTHER_REGION };
        assert_eq!(dr.describe(&format!("through-{right}")).await.expect("it").status, "available");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_of_documentdb_may_not_be_copied_to_another_region() {
    for answer in DocumentDbCrossRegion::ALL {
        let world = world_where(|answers| answers.documentdb_cross_region = *answer);
        let prod = Rds::new(&world, PROD, REGION, Kind::Cluster);
        for engine in ["docdb", "neptune"] {
            let call = prod.client.create_db_cluster().db_cluster_identifier(engine).engine(engine);
            let call = match engine {
                "docdb" => call.master_username("owner").master_user_password("correct-horse"),
                _ => call,
            };
            code(call.send().await).expect("a cluster");
            world.sleep(5 * MINUTE).await;
            prod.create(engine, &format!("of-{engine}")).await.expect("a snapshot");
            world.sleep(10 * MINUTE).await;
            prod.share(&format!("of-{engine}"), &[DR], &[]).await.expect("a share");
        }
        let copy = async |account: &str, region: &str, engine: &str| {
            let source = Kind::Cluster.arn(PROD, REGION, &format!("of-{engine}"));
            let target = format!("copy-of-{engine}");
            let rds = Rds::new(&world, account, region, Kind::Cluster);
            rds.copy(CopyRequest { source: &source, target: &target, ..CopyRequest::default() }).await.map(drop)
        };
        let expected = match answer {
            DocumentDbCrossRegion::Copied => Ok(()),
            DocumentDbCrossRegion::Refused => Err("InvalidParameterValue".to_owned()),
        };
        assert_eq!(copy(DR, OTHER_REGION, "docdb").await, expected);
        // Within the account, within the region, and of other engines, it can.
        assert_eq!(copy(PROD, OTHER_REGION, "docdb").await, Ok(()));
        assert_eq!(copy(DR, REGION, "docdb").await, Ok(()));
        assert_eq!(copy(DR, OTHER_REGION, "neptune").await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn transfer_to_another_region_is_billed_once_by_its_size() {
    let world = world();
    let quantity = || {
        let bill = world.bill();
        let line = bill.lines.into_iter().find(|line| line.item == "RDS snapshot transfer").expect("a line");
        (line.quantity, line.dollars)
    };
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.snapshot(&world, "source").await;
        rds.copy(CopyRequest { source: "source", target: "local", ..CopyRequest::default() }).await.expect("a copy");
    }
    world.sleep(10 * MINUTE).await;
    assert_eq!(quantity(), (0.0, 0.0));
    for kind in BOTH {
        let source = kind.arn(PROD, REGION, "source");
        let there = Rds::new(&world, PROD, OTHER_REGION, kind);
        there.copy(CopyRequest { source: &source, target: "t", ..CopyRequest::default() }).await.expect("a copy");
    }
    world.sleep(10 * MINUTE).await;
    assert_eq!(quantity(), (200.0, 4.0));
}
