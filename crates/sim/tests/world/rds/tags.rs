//! Tags: their owner, their limits, and how copies inherit them.

use sim::World;

use sim::questions::CopyTags;

use super::support::*;

async fn add(rds: &Rds, arn: &str, tags: Tags) -> Result<(), String> {
    code(rds.client.add_tags_to_resource().resource_name(arn).set_tags(Some(sdk_tags(&tags))).send().await).map(drop)
}

async fn list(rds: &Rds, arn: &str) -> Result<Tags, String> {
    let answer = code(rds.client.list_tags_for_resource().resource_name(arn).send().await)?;
    Ok(read_tags(answer.tag_list()))
}

async fn remove(rds: &Rds, arn: &str, keys: &[&str]) -> Result<(), String> {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    code(rds.client.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys)).send().await).map(drop)
}

/// This many tags.
fn many(count: usize) -> Tags {
    (0..count).map(|n| (format!("k{n:02}"), format!("v{n}"))).collect()
}

/// The ARNs of a database and a snapshot of it.
async fn two_resources(world: &World, kind: Kind) -> (Rds, [String; 2]) {
    let rds = Rds::new(world, PROD, REGION, kind);
    let snapshot = rds.snapshot(world, "s").await;
    (rds, [kind.database_arn(PROD, REGION, "of-s"), snapshot.arn])
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_overwritten_listed_and_removed() {
    let world = world();
    for kind in BOTH {
        let (rds, arns) = two_resources(&world, kind).await;
        for arn in &arns {
            assert_eq!(list(&rds, arn).await, Ok(Tags::new()));
            add(&rds, arn, tags(&[("team", "shop"), ("empty", "")])).await.expect("tags");
            add(&rds, arn, tags(&[("team", "ware house")])).await.expect("tags");
            assert_eq!(list(&rds, arn).await, Ok(tags(&[("team", "ware house"), ("empty", "")])));
            remove(&rds, arn, &["team", "absent"]).await.expect("no tag");
            assert_eq!(list(&rds, arn).await, Ok(tags(&[("empty", "")])));
        }
        assert_eq!(rds.describe("s").await.expect("it").tags, tags(&[("empty", "")]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_at_most_50_tags() {
    let world = world();
    for kind in BOTH {
        let (rds, [_, arn]) = two_resources(&world, kind).await;
        assert_eq!(add(&rds, &arn, many(51)).await, Err("InvalidParameterValue".to_owned()));
        add(&rds, &arn, many(50)).await.expect("tags");
        assert_eq!(add(&rds, &arn, tags(&[("one", "more")])).await, Err("InvalidParameterValue".to_owned()));
        add(&rds, &arn, tags(&[("k00", "other")])).await.expect("a tag");
        // AWS's own tags do not count, and are copied with the others.
        world.set_reserved_tag(&arn, "aws:cloudformation:stack-name", "shop").expect("a tag");
        let copy = CopyRequest { source: "s", target: "copied", copy_tags: true, ..CopyRequest::default() };
        let all = list(&rds, &arn).await.expect("tags");
        assert_eq!((all.len(), rds.copy(copy.clone()).await.expect("a copy").tags), (51, all));
        let more = CopyRequest { target: "more", tags: many(51), copy_tags: false, ..copy };
        assert_eq!(rds.copy(more).await.err().as_deref(), Some("InvalidParameterValue"));
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_tags_are_refused_by_every_operation() {
    let world = world();
    for kind in BOTH {
        let (rds, [_, arn]) = two_resources(&world, kind).await;
        let (key, value) = ("k".repeat(128), "v".repeat(256));
        add(&rds, &arn, tags(&[(&key, &value)])).await.expect("tags");
        let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
        for bad in [
            ("aws:x", ""),
            ("AWS:x", ""),
            ("rds:x", ""),
            ("k", "rds:x"),
            ("", "v"),
            (&long_key, ""),
            ("k", &long_value),
            ("k!", ""),
            ("k", "<"),
        ] {
            let (bad, refused) = (tags(&[bad]), "InvalidParameterValue".to_owned());
            assert_eq!(add(&rds, &arn, bad.clone()).await, Err(refused.clone()), "{bad:?}");
            let created = rds.create_tagged("of-s", "t", bad.clone()).await;
            assert_eq!(created.err(), Some(refused.clone()));
            let copied =
                rds.copy(CopyRequest { source: "s", target: "t", tags: bad.clone(), ..CopyRequest::default() }).await;
            assert_eq!(copied.err(), Some(refused.clone()));
            let database = rds.create_database("t", DatabaseSpec { tags: bad, ..DatabaseSpec::default() }).await;
            assert_eq!(database.err(), Some(refused));
        }
        world.set_reserved_tag(&arn, "aws:x", "y").expect("a tag");
        assert_eq!(remove(&rds, &arn, &["aws:x"]).await, Err("InvalidParameterValue".to_owned()));
        assert_eq!(list(&rds, &arn).await, Ok(tags(&[(&key, &value), ("aws:x", "y")])));
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_owner_reads_and_changes_tags_of_a_shared_snapshot() {
    let world = world();
    for kind in BOTH {
        let (prod, [database, snapshot]) = two_resources(&world, kind).await;
        prod.share("s", &[DR], &[]).await.expect("a share");
        let dr = Rds::new(&world, DR, REGION, kind);
        for arn in [&database, &snapshot] {
            assert_eq!(list(&dr, arn).await, Err("AccessDenied".to_owned()));
            assert_eq!(add(&dr, arn, many(1)).await, Err("AccessDenied".to_owned()));
            assert_eq!(remove(&dr, arn, &["k"]).await, Err("AccessDenied".to_owned()));
        }
        let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
        assert_eq!(list(&other_region, &snapshot).await, Err("InvalidParameterValue".to_owned()));
        assert_eq!(list(&prod, "s").await, Err("InvalidParameterValue".to_owned()));
        assert_eq!(list(&prod, &kind.arn(PROD, REGION, "none")).await, Err(Kind::Instance.snapshot_not_found()));
        assert_eq!(list(&prod, &kind.database_arn(PROD, REGION, "none")).await, Err(kind.database_not_found()));
    }
}

#[tokio::test(start_paused = true)]
async fn copies_carry_tags_if_requested_by_the_owner() {
    let world = world();
    for kind in BOTH {
        let prod = Rds::new(&world, PROD, REGION, kind);
        prod.database(&world, "orders").await;
        let own = tags(&[("a", "1"), ("b", "2")]);
        prod.create_tagged("orders", "s", own.clone()).await.expect("a snapshot");
        world.sleep(10 * MINUTE).await;
        prod.share("s", &[DR], &[]).await.expect("a share");
        let arn = kind.arn(PROD, REGION, "s");
        let copy = CopyRequest { source: &arn, target: "plain", ..CopyRequest::default() };
        assert_eq!(prod.copy(copy.clone()).await.expect("a copy").tags, Tags::new());
        let with = CopyRequest { target: "with", copy_tags: true, ..copy };
        assert_eq!(prod.copy(with.clone()).await.expect("a copy").tags, own);
        let other_region = Rds::new(&world, PROD, OTHER_REGION, kind);
        assert_eq!(other_region.copy(with.clone()).await.expect("a copy").tags, own);
        let dr = Rds::new(&world, DR, REGION, kind);
        assert_eq!(dr.copy(with).await.expect("a copy").tags, Tags::new());
    }
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_a_copy_request_replace_those_of_the_source_or_are_added_to_them() {
    for answer in CopyTags::ALL {
        let world = world_where(|answers| answers.copy_tags = *answer);
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.database(&world, "orders").await;
            rds.create_tagged("orders", "s", tags(&[("a", "1"), ("b", "2")])).await.expect("a snapshot");
            world.sleep(10 * MINUTE).await;
            let copy = CopyRequest { source: "s", target: "c", copy_tags: true, ..CopyRequest::default() };
            let copied = rds.copy(CopyRequest { tags: tags(&[("b", "3")]), ..copy }).await.expect("a copy");
            let expected = match answer {
                CopyTags::Replace => tags(&[("b", "3")]),
                CopyTags::Merge => tags(&[("a", "1"), ("b", "3")]),
            };
            assert_eq!(copied.tags, expected);
        }
    }
}

/// "Or you might supply at least one tag to the CreateDBSnapshot API operation. In these cases, RDS doesn't copy tags from the
/// source DB instance to the new DB snapshot" (user guide).
#[tokio::test(start_paused = true)]
async fn manual_snapshots_carry_the_databases_tags_unless_they_have_their_own() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let own = tags(&[("a", "1"), ("b", "2")]);
        let like = DatabaseSpec { tags: own.clone(), copies_tags: true, ..DatabaseSpec::default() };
        rds.create_database("orders", like).await.expect("a database");
        world.sleep(5 * MINUTE).await;
        assert_eq!(rds.create("orders", "s").await.expect("a snapshot").tags, own);
        let tagged = rds.create_tagged("orders", "t", tags(&[("b", "3")])).await.expect("a snapshot");
        assert_eq!(tagged.tags, tags(&[("b", "3")]));
    }
}
