//! Sharing snapshots, and the view of other accounts.

use sim::World;
use sim::questions::{SharedByArn, SharedIdentifier};

use super::support::*;

const THIRD_ACCOUNT: &str = "333333333333";

/// A snapshot with a tag that is not shared.
async fn tagged(world: &World, kind: Kind) -> (Rds, String) {
    let prod = Rds::new(world, PROD, REGION, kind);
    prod.database(world, "orders").await;
    prod.create_tagged("orders", "s", tags(&[("team", "shop")])).await.expect("a snapshot");
    world.sleep(10 * MINUTE).await;
    (prod, kind.arn(PROD, REGION, "s"))
}

#[tokio::test(start_paused = true)]
async fn another_account_sees_shared_snapshots_without_tags() {
    let world = world();
    for kind in BOTH {
        let (prod, arn) = tagged(&world, kind).await;
        let dr = Rds::new(&world, DR, REGION, kind);
        assert_eq!(dr.describe(&arn).await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(prod.share("s", &[DR], &[]).await, Ok(vec![DR.to_owned()]));
        let seen = dr.describe(&arn).await.expect("it");
        assert_eq!((&seen.id, &seen.arn, seen.origin.as_str(), &seen.tags), (&arn, &arn, "shared", &Tags::new()));
        assert_eq!(dr.describe("s").await.err(), Some(kind.snapshot_not_found()));
        let shared = Query { origin: Some("shared"), ..Query::default() };
        assert_eq!(dr.list(shared.clone()).await, Ok((vec![seen.clone()], None)));
        assert_eq!(dr.list(Query { shared: true, ..Query::default() }).await, Ok((vec![seen], None)));
        assert_eq!(dr.list(Query::default()).await, Ok((vec![], None)));
        // No other account sees it, and it is not listed as shared with its owner.
        assert_eq!(Rds::new(&world, THIRD_ACCOUNT, REGION, kind).list(shared.clone()).await, Ok((vec![], None)));
        assert_eq!(Rds::new(&world, DR, OTHER_REGION, kind).list(shared.clone()).await, Ok((vec![], None)));
        assert_eq!(prod.list(shared).await, Ok((vec![], None)));
        assert_eq!(prod.describe(&arn).await.expect("it").tags, tags(&[("team", "shop")]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_is_found_by_its_arn_with_include_shared_or_without() {
    for answer in SharedByArn::ALL {
        let world = world_where(|answers| answers.shared_by_arn = *answer);
        for kind in BOTH {
            let (prod, arn) = tagged(&world, kind).await;
            prod.share("s", &[DR], &[]).await.expect("a share");
            let dr = Rds::new(&world, DR, REGION, kind);
            let by_arn = Query { id: Some(&arn), ..Query::default() };
            let found = Ok(vec![arn.clone()]);
            let expected = match answer {
                SharedByArn::NeedsIncludeShared => Err(kind.snapshot_not_found()),
                SharedByArn::Found => found.clone(),
            };
            assert_eq!(dr.ids(by_arn.clone()).await, expected);
            assert_eq!(dr.ids(Query { shared: true, ..by_arn.clone() }).await, found);
            assert_eq!(dr.ids(Query { origin: Some("shared"), ..by_arn }).await, found);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_snapshot_is_identified_by_its_arn_or_by_its_name() {
    for answer in SharedIdentifier::ALL {
        let world = world_where(|answers| answers.shared_identifier = *answer);
        for kind in BOTH {
            let (prod, arn) = tagged(&world, kind).await;
            prod.share("s", &[DR], &[]).await.expect("a share");
            let dr = Rds::new(&world, DR, REGION, kind);
            let seen = dr.describe(&arn).await.expect("it");
            let expected = match answer {
                SharedIdentifier::Arn => arn.as_str(),
                SharedIdentifier::Bare => "s",
            };
            assert_eq!((seen.id.as_str(), &seen.arn), (expected, &arn));
            let by_snapshot = kind.pick("db-snapshot-id", "db-cluster-snapshot-id");
            let filters = [(by_snapshot.as_str(), expected)];
            let shared = Query { origin: Some("shared"), filters: &filters, ..Query::default() };
            assert_eq!(dr.ids(shared).await, Ok(vec![expected.to_owned()]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unshared_and_deleted_snapshots_disappear_for_other_accounts() {
    let world = world();
    for kind in BOTH {
        let (prod, arn) = tagged(&world, kind).await;
        let shared = Query { shared: true, public: true, ..Query::default() };
        let others = [DR, THIRD_ACCOUNT].map(|account| Rds::new(&world, account, REGION, kind));
        let seen = async || {
            let mut seen = Vec::new();
            for other in &others {
                let found = other.ids(Query { id: Some(&arn), ..shared.clone() }).await.is_ok();
                seen.push((found, other.ids(shared.clone()).await.expect("a page").len()));
            }
            seen
        };
        prod.share("s", &[DR, THIRD_ACCOUNT], &[]).await.expect("a share");
        assert_eq!(seen().await, [(true, 1), (true, 1)]);
        assert_eq!(prod.share("s", &[], &[DR]).await, Ok(vec![THIRD_ACCOUNT.to_owned()]));
        assert_eq!(seen().await, [(false, 0), (true, 1)]);
        prod.share("s", &["all"], &[]).await.expect("a share");
        assert_eq!(seen().await, [(true, 1), (true, 1)]);
        prod.delete("s").await.expect("a deletion");
        assert_eq!(seen().await, [(false, 0), (false, 0)]);
        // A later snapshot of the same name is not shared.
        prod.create("orders", "s").await.expect("a snapshot");
        assert_eq!(seen().await, [(false, 0), (false, 0)]);
        prod.delete_database("orders", true).await.expect("a deletion");
    }
}

#[tokio::test(start_paused = true)]
async fn all_accounts_see_public_snapshots() {
    let world = world();
    for kind in BOTH {
        let (prod, arn) = tagged(&world, kind).await;
        prod.share("s", &["all"], &[]).await.expect("a share");
        let dr = Rds::new(&world, DR, REGION, kind);
        let (found, _) = dr.list(Query { origin: Some("public"), ..Query::default() }).await.expect("a page");
        assert_eq!(found.iter().map(|seen| (&seen.arn, seen.origin.as_str())).collect::<Vec<_>>(), [(&arn, "public")]);
        assert_eq!(dr.list(Query { origin: Some("shared"), ..Query::default() }).await, Ok((vec![], None)));
        // A snapshot that is shared with the account and public is listed once.
        prod.share("s", &[DR], &[]).await.expect("a share");
        let (found, _) = dr.list(Query { shared: true, public: true, ..Query::default() }).await.expect("a page");
        assert_eq!(found.iter().map(|seen| seen.origin.as_str()).collect::<Vec<_>>(), ["shared"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_shared_with_at_most_20_accounts() {
    let world = world();
    for kind in BOTH {
        let (prod, _) = tagged(&world, kind).await;
        let accounts: Vec<String> = (0..21).map(|n| format!("{:012}", 500_000_000_000_u64 + n)).collect();
        let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
        assert_eq!(prod.share("s", &accounts, &[]).await.err().as_deref(), Some("SharedSnapshotQuotaExceeded"));
        assert_eq!(prod.shared_with("s").await, Ok(vec![]));
        assert_eq!(prod.share("s", &accounts[..20], &[]).await.expect("a share").len(), 20);
        assert_eq!(prod.share("s", &accounts[20..], &accounts[..1]).await.expect("a share"), accounts[1..]);
    }
}

#[tokio::test(start_paused = true)]
async fn shared_and_public_snapshots_are_not_listed_with_manual_and_automated_ones() {
    let world = world();
    for kind in BOTH {
        let (prod, _) = tagged(&world, kind).await;
        prod.share("s", &[DR, "all"], &[]).await.expect("a share");
        let dr = Rds::new(&world, DR, REGION, kind);
        for origin in ["manual", "automated"] {
            let query = Query { origin: Some(origin), shared: true, public: true, ..Query::default() };
            assert_eq!(dr.list(query).await, Ok((vec![], None)), "{origin}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_owner_shares_a_snapshot_and_lists_its_accounts() {
    let world = world();
    for kind in BOTH {
        let (prod, arn) = tagged(&world, kind).await;
        prod.share("s", &[DR], &[]).await.expect("a share");
        let dr = Rds::new(&world, DR, REGION, kind);
        assert_eq!(dr.shared_with(&arn).await, Err(kind.snapshot_not_found()));
        assert_eq!(dr.share(&arn, &[THIRD_ACCOUNT], &[]).await, Err(kind.snapshot_not_found()));
        assert_eq!(dr.delete(&arn).await.err(), Some(kind.snapshot_not_found()));
        assert_eq!(prod.shared_with("s").await, Ok(vec![DR.to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn automated_and_incomplete_snapshots_cannot_be_shared() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.create_database("daily", DatabaseSpec::daily(1)).await.expect("a database");
        world.sleep(DAY).await;
        let automated =
            rds.ids(Query { origin: Some("automated"), ..Query::default() }).await.expect("a page").remove(0);
        assert_eq!(rds.share(&automated, &[DR], &[]).await, Err("InvalidParameterValue".to_owned()));
        assert_eq!(rds.shared_with(&automated).await, Ok(vec![]));
        rds.create("daily", "young").await.expect("a snapshot");
        assert_eq!(rds.share("young", &[DR], &[]).await, Err(kind.invalid_snapshot_state()));
        for bad in ["42", "everyone", "22222222222a"] {
            assert_eq!(rds.share("young", &[bad], &[]).await, Err("InvalidParameterValue".to_owned()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_contain_shared_and_own_snapshots_in_one_order() {
    let world = world();
    for kind in BOTH {
        let (dr, before) = (Rds::new(&world, DR, REGION, kind), "000000000001");
        for (account, name) in [(before, "w"), (PROD, "x"), (DR, "y"), (THIRD_ACCOUNT, "z")] {
            let rds = Rds::new(&world, account, REGION, kind);
            rds.database(&world, "orders").await;
            for n in 0..12 {
                rds.create("orders", &format!("{name}-{n:02}")).await.expect("a snapshot");
            }
            world.sleep(10 * MINUTE).await;
            for n in (0..12).filter(|_| account != DR) {
                rds.share(&format!("{name}-{n:02}"), &[DR, "all"], &[]).await.expect("a share");
            }
        }
        let mut query = Query { shared: true, public: true, size: Some(20), filters: &[], ..Query::default() };
        let mut names = Vec::new();
        loop {
            let (page, marker) = dr.list(query.clone()).await.expect("a page");
            let manual = page.iter().filter(|seen| seen.origin != "automated");
            names.extend(manual.map(|seen| seen.arn.rsplit(':').next().expect("a name").to_owned()));
            let Some(marker) = marker else { break };
            query.marker = Some(marker);
        }
        let expected: Vec<String> =
            ["w", "x", "y", "z"].iter().flat_map(|name| (0..12).map(move |n| format!("{name}-{n:02}"))).collect();
        assert_eq!(names, expected);
    }
}
