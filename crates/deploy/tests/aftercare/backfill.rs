//! The existing copies that a new second region gets.

use std::collections::BTreeSet;

use deploy::Role;
use deploy::backfill::{estimate, estimate_update, show};
use protocol::{Place, tags};
use rehearsal::{Database, Ledger, Rehearsal, Setup};
use sim::World;
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{Output, account, config};

const SECOND: &str = "eu-north-1";

#[tokio::test(start_paused = true)]
async fn the_cost_of_existing_copies_is_shown() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    for database in [Database::instance("orders"), Database::cluster("ledger")] {
        fixture.create_database(&database.lifecycle("Standard")).await?;
    }
    fixture.pass_hours(4 * 24).await?;
    let (dr, output) = (account(&fixture, Role::Consumer), Output::default());
    for backfill in ["", "\nBACKFILL_GIB: 450"] {
        let config = config(&format!("SECOND_REGION: {SECOND}{backfill}"));
        show(&dr, &config, &mut output.terminal()).await?;
    }
    insta::assert_snapshot!(output.text());
    Ok(())
}

/// The second region decides by itself, also for a cluster, whose size AWS does not describe, from the tags of the copies.
#[tokio::test(start_paused = true)]
async fn the_second_region_then_copies_what_was_estimated() -> anyhow::Result<()> {
    let second = Place { account: DR.parse()?, region: SECOND.parse()? };
    for (backfill, expected) in [("0", 2), ("450", 4)] {
        let setup = Setup::new(SOURCE, DR, REGION)?.second_region(SECOND)?.second_parameter("BackfillGib", backfill);
        let rehearsal = Rehearsal::deploy_without_second(World::with_settings(settings()), setup)?;
        let mut fixture = Fixture { rehearsal, ledger: Ledger::default() };
        for database in [Database::instance("orders"), Database::cluster("ledger")] {
            fixture.create_database(&database.lifecycle("Standard")).await?;
        }
        fixture.pass_hours(4 * 24).await?;
        let existing = fixture.snapshots(DR).await?;
        let config = config(&format!("SECOND_REGION: {SECOND}\nBACKFILL_GIB: {backfill}"));
        let estimate = estimate(&existing, &config, fixture.rehearsal.world().now());
        let since = fixture.rehearsal.world().now();
        fixture.rehearsal.create_second()?;
        fixture.pass_hours(12).await?;
        let existing: BTreeSet<_> = existing.iter().map(|copy| copy.arn.to_string()).collect();
        let mut copied = fixture.second_copies().await?;
        copied.retain(|copy| copy.tags.get(tags::TRANSIT).is_some_and(|from| existing.contains(from)));
        let gib: u64 = copied.iter().map(|copy| u64::from(copy.counted_gib())).sum();
        assert_eq!((copied.len(), gib), (estimate.copies, estimate.gib), "BACKFILL_GIB is {backfill}");
        assert_eq!(existing.len(), estimate.copies + estimate.left_copies, "BACKFILL_GIB is {backfill}");
        assert_eq!(estimate.copies, expected, "BACKFILL_GIB is {backfill}");
        // A larger budget is for those that were left. Those that are there use it up, too.
        let (existing, larger) =
            (fixture.snapshots(DR).await?, crate::config(&format!("SECOND_REGION: {SECOND}\nBACKFILL_GIB: 450")));
        let more = estimate_update(&existing, &larger, &second, since);
        assert_eq!(more.copies, 4 - expected, "BACKFILL_GIB was {backfill}");
        assert_eq!(more.left_copies + 4, estimate.copies + estimate.left_copies, "BACKFILL_GIB was {backfill}");
    }
    Ok(())
}
