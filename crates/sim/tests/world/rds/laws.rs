//! Properties that hold for any sequence of operations.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use sim::questions::{Answers, CopyTags};
use sim::{Settings, World};

use super::support::*;

/// Runs a test in its own world and on its own clock.
fn in_a_world<F: Future>(run: impl FnOnce(World) -> F, settings: Settings) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async move { run(World::with_settings(settings)).await })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Instance), Just(Kind::Cluster)]
}

/// An operation on the snapshots `a` to `d` of one of the accounts.
#[derive(Clone, Copy, Debug)]
enum Action {
    Create(usize),
    CopyRequest { from: usize, to: usize, cross_account: bool },
    Share(usize),
    Unshare(usize),
    Delete(usize),
    Wait(u32),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn action() -> impl Strategy<Value = Action> {
    let name = || 0..NAMES.len();
    prop_oneof![
        name().prop_map(Action::Create),
        (name(), name(), any::<bool>()).prop_map(|(from, to, cross_account)| Action::CopyRequest {
            from,
            to,
            cross_account
        }),
        name().prop_map(Action::Share),
        name().prop_map(Action::Unshare),
        name().prop_map(Action::Delete),
        (1_u32..12).prop_map(Action::Wait),
    ]
}

/// Performs the operation, which may fail.
async fn perform(world: &World, [prod, dr]: &[Rds; 2], action: Action) {
    match action {
        Action::Create(name) => drop(prod.create("orders", NAMES[name]).await),
        Action::CopyRequest { from, to, cross_account } => {
            let source = prod.kind.arn(PROD, REGION, NAMES[from]);
            let by = if cross_account { dr } else { prod };
            drop(
                by.copy(CopyRequest { source: &source, target: NAMES[to], copy_tags: true, ..CopyRequest::default() })
                    .await,
            );
        }
        Action::Share(name) => drop(prod.share(NAMES[name], &[DR], &[]).await),
        Action::Unshare(name) => drop(prod.share(NAMES[name], &[], &[DR]).await),
        Action::Delete(name) => drop(prod.delete(NAMES[name]).await),
        Action::Wait(minutes) => world.sleep(minutes * MINUTE).await,
    }
}

/// All snapshots that an account sees.
async fn everything(rds: &Rds) -> Vec<SnapshotView> {
    rds.list(Query { shared: true, public: true, ..Query::default() }).await.expect("a page").0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn identifiers_are_unique_progress_only_grows_and_deleted_snapshots_are_invisible(
        kind in kind(),
        actions in prop::collection::vec(action(), 1..30),
        answers in prop::sample::select(Answers::worlds()),
    ) {
        in_a_world(async |world| {
            let all = [Rds::new(&world, PROD, REGION, kind), Rds::new(&world, DR, OTHER_REGION, kind)];
            let guest = Rds::new(&world, DR, REGION, kind);
            all[0].database(&world, "orders").await;
            let mut before: BTreeMap<String, SnapshotView> = BTreeMap::new();
            for action in actions {
                perform(&world, &all, action).await;
                let mut now = BTreeMap::new();
                for rds in &all {
                    let seen = everything(rds).await;
                    let ids: BTreeSet<_> = seen.iter().map(|seen| seen.arn.clone()).collect();
                    prop_assert_eq!(ids.len(), seen.len());
                    now.extend(seen.into_iter().map(|seen| (seen.arn.clone(), seen)));
                }
                for (arn, seen) in &now {
                    // Only a new snapshot starts again at 0 percent.
                    let earlier = before.get(arn).filter(|earlier| earlier.source == seen.source);
                    let is_same = !matches!(action, Action::Create(_) | Action::CopyRequest { .. } | Action::Delete(_));
                    if let Some(earlier) = earlier.filter(|_| is_same) {
                        prop_assert!(earlier.percent <= seen.percent, "{:?}, then {:?}", earlier, seen);
                    }
                }
                for seen in everything(&guest).await {
                    prop_assert!(now.contains_key(&seen.arn), "{} is gone, but {} sees it", seen.arn, DR);
                    prop_assert_eq!(&seen.tags, &Tags::new());
                    let with = all[0].shared_with(seen.arn.rsplit(':').next().expect("an identifier")).await.expect("attributes");
                    prop_assert_eq!(with, [DR]);
                }
                before = now;
            }
            // In the end no operation is in progress, even if copies waited for others.
            world.sleep(DAY).await;
            for rds in &all {
                for seen in everything(rds).await {
                    prop_assert!(["available", "failed"].contains(&seen.status.as_str()), "{:?}", seen);
                }
            }
            Ok(())
        }, Settings { copy_quota: 3, cluster_copy_quota: 3, answers, ..settings() })?;
    }

    #[test]
    fn copying_with_tags_loses_none(
        kind in kind(),
        own in prop::collection::btree_map("[a-zA-Z0-9 _.:/=+@-]{1,128}", "[a-zA-Z0-9 _.:/=+@-]{0,256}", 0..50),
        given in prop::collection::btree_map("[b-z]{1,5}", "[a-z]{0,5}", 0..3),
        region in prop_oneof![Just(REGION), Just(OTHER_REGION)],
        answer in prop::sample::select(CopyTags::ALL),
    ) {
        let is_reserved = |text: &str| ["aws:", "rds:"].iter().any(|prefix| text.to_lowercase().starts_with(prefix));
        let own: Tags = own.into_iter().filter(|(key, value)| !is_reserved(key) && !is_reserved(value)).collect();
        let mut settings = settings();
        settings.answers.copy_tags = answer;
        in_a_world(async |world| {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.database(&world, "orders").await;
            rds.create_tagged("orders", "s", own.clone()).await.expect("a snapshot");
            world.sleep(10 * MINUTE).await;
            let arn = kind.arn(PROD, REGION, "s");
            let wanted = CopyRequest { source: &arn, target: "c", copy_tags: true, tags: given.clone(), key: None };
            let copied = Rds::new(&world, PROD, region, kind).copy(wanted).await;
            let is_replaced = answer == CopyTags::Replace && !given.is_empty();
            let all: Tags = if is_replaced { given } else { own.into_iter().chain(given).collect() };
            let expected = if all.len() > 50 { Err("InvalidParameterValue".to_owned()) } else { Ok(all) };
            prop_assert_eq!(copied.map(|copied| copied.tags), expected);
            Ok(())
        }, settings)?;
    }

    #[test]
    fn paging_returns_each_remaining_snapshot_once_while_others_change(
        kind in kind(),
        staying in prop::collection::btree_set(0_u32..500, 1..90),
        going in prop::collection::btree_set(0_u32..500, 0..60),
        coming in prop::collection::vec(0_u32..500, 0..60),
    ) {
        let going: Vec<u32> = going.difference(&staying).copied().collect();
        let coming: BTreeSet<u32> =
            coming.into_iter().filter(|n| !staying.contains(n) && !going.contains(n)).collect();
        let name = |n: &u32| format!("s{n:03}");
        in_a_world(async |world| {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.database(&world, "orders").await;
            for n in staying.iter().chain(&going) {
                rds.create("orders", &name(n)).await.expect("a snapshot");
            }
            world.sleep(Duration::from_mins(10)).await;
            let (mut going, mut coming) = (going.into_iter(), coming.into_iter());
            let mut query = Query { origin: Some("manual"), size: Some(20), ..Query::default() };
            let mut walked = Vec::new();
            loop {
                let (page, marker) = rds.list(query.clone()).await.expect("a page");
                walked.extend(page.into_iter().map(|seen| seen.id));
                let Some(marker) = marker else { break };
                query.marker = Some(marker);
                for n in going.by_ref().take(15) {
                    rds.delete(&name(&n)).await.expect("a deletion");
                }
                for n in coming.by_ref().take(15) {
                    rds.create("orders", &name(&n)).await.expect("a snapshot");
                }
            }
            let seen_once: BTreeSet<_> = walked.iter().cloned().collect();
            prop_assert_eq!(seen_once.len(), walked.len());
            prop_assert!(staying.iter().all(|n| seen_once.contains(&name(n))));
            Ok(())
        }, Settings { snapshot_quota: 1000, ..settings() })?;
    }
}
