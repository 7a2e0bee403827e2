//! Listing many snapshots, page by page.

use super::*;

/// The names of all snapshots, and the number of snapshots on each page.
async fn all(cloud: &Cloud, kind: Kind, database: Option<&str>) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut sizes, mut marker) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let page = cloud.list_page(kind, database, marker.as_deref()).await.expect("a page");
        sizes.push(page.snapshots.len());
        names.extend(page.snapshots.into_iter().map(|snapshot| snapshot.arn.id().to_owned()));
        marker = page.marker;
        if marker.is_none() {
            return (names, sizes);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_snapshot_is_on_exactly_one_page() {
    for kind in Kind::ALL {
        let world = World::with_settings(Settings { snapshot_quota: 300, ..settings() });
        database(&world, kind, "orders", true).await;
        database(&world, kind, "users", true).await;
        for n in 0..125 {
            take(&world, kind, "orders", &format!("orders-{n:03}"), &[("n", "1")]).await;
            take(&world, kind, "users", &format!("users-{n:03}"), &[]).await;
        }
        let prod = cloud(&world, PROD);
        let own = |(names, sizes): (Vec<String>, _)| {
            // Clusters also have automated snapshots.
            (names.into_iter().filter(|name| !name.starts_with("rds:")).collect::<Vec<_>>(), sizes)
        };
        let expected = |databases: &[&str]| -> Vec<String> {
            databases.iter().flat_map(|of| (0..125).map(move |n| format!("{of}-{n:03}"))).collect()
        };
        let (names, sizes) = own(all(&prod, kind, None).await);
        assert_eq!((names, sizes.len()), (expected(&["orders", "users"]), 3));
        let (names, sizes) = own(all(&prod, kind, Some("users")).await);
        assert_eq!((names, sizes.len()), (expected(&["users"]), 2));
        assert_eq!(all(&prod, kind, Some("none")).await, (vec![], vec![0]));
        // Pages include the tags, so that no call for each snapshot is needed.
        let page = prod.list_page(kind, Some("orders"), None).await.expect("a page");
        let tagged = page.snapshots.iter().filter(|snapshot| snapshot.tags.get("n") == Some("1")).count();
        assert!(tagged >= 98, "{tagged}");
        let listed = calls(&world, &["DescribeDBSnapshots", "DescribeDBClusterSnapshots"]);
        assert_eq!(listed, 3 + 2 + 1 + 1);
    }
}

/// Sweeps look at the account's own snapshots only. Shared snapshots are looked at when they are announced.
#[tokio::test(start_paused = true)]
async fn shared_snapshots_are_on_no_page() {
    for kind in Kind::ALL {
        let world = world();
        shared(&world, kind, true).await;
        assert_eq!(all(&cloud(&world, DR), kind, None).await, (vec![], vec![0]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_marker_is_an_error() {
    let prod = cloud(&world(), PROD);
    let why = prod.list_page(Kind::Cluster, Some("orders"), Some("?")).await.expect_err("an error");
    assert!(why.to_string().starts_with("listing cluster-snapshots of orders: InvalidParameterValue: "), "{why}");
}

#[tokio::test(start_paused = true)]
async fn the_quota_counts_manual_snapshots_of_one_kind() {
    let world = World::with_settings(Settings { snapshot_quota: 7, ..settings() });
    for (kind, manual) in [(Kind::Instance, 1), (Kind::Cluster, 2)] {
        database(&world, kind, "orders", true).await;
        for nth in 0..manual {
            take(&world, kind, "orders", &format!("by-hand-{nth}"), &[]).await;
        }
        assert_eq!(cloud(&world, PROD).snapshot_quota(kind).await, Ok(Some(cloud::Quota { used: manual, most: 7 })));
    }
}
