//! The existing copies that a new second region gets.

use deploy::Role;
use deploy::backfill::show;
use rehearsal::Database;
use tests::Fixture;

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
    for backfill in ["", "\nBACKFILL_GIB: 250"] {
        let config = config(&format!("SECOND_REGION: {SECOND}{backfill}"));
        show(&dr, &config, &mut output.terminal()).await?;
    }
    insta::assert_snapshot!(output.text());
    Ok(())
}
