//! Each snapshot has a copy in each region of DR, under a name of its own.

use std::collections::BTreeSet;

use protocol::{Place, tags};
use rehearsal::{Database, Encryption, Setup, Totals};
use tests::{DR, DR_REGION, Fixture, REGION, SECOND_REGION, SOURCE, settings};

use super::Shape;

// Invariants 1, 2, 3 and 4.
#[tokio::test(start_paused = true)]
async fn snapshots_of_every_kind_cross_regions() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        let mut fixture = Fixture::with(settings(), shape.setup()?).await?;
        for database in [
            Database::instance("orders"),
            Database::instance("customers").encryption(Encryption::CustomerKey),
            Database::instance("plain").encryption(Encryption::None),
            Database::cluster("ledger"),
        ] {
            fixture.create_database(&database.lifecycle("Standard").tag("team", "shop")).await?;
        }
        fixture.pass_hours(24).await?;
        for line in fixture.rehearsal.logs().lines() {
            println!("{}", line.json);
        }
        assert_eq!(fixture.violations(), [], "{shape:?}");
        let totals = Totals::of(&fixture.rehearsal, &fixture.ledger);
        assert_eq!((totals.snapshots, totals.copied, totals.transit_left), (4, 4, 0), "{shape:?}");
        assert_eq!(totals.copied_onward, (shape != Shape::Elsewhere).then_some(4), "{shape:?}");
    }
    Ok(())
}

/// The names of the copies in a region of DR.
async fn names(fixture: &Fixture, region: &str) -> anyhow::Result<BTreeSet<String>> {
    let place = Place { account: DR.parse()?, region: region.parse()? };
    Ok(fixture.rehearsal.snapshots(&place).await?.into_iter().map(|copy| copy.arn.id().to_owned()).collect())
}

/// Two regions of one account have databases of the same name, whose snapshots are taken in the same minute.
#[tokio::test(start_paused = true)]
async fn snapshots_of_the_same_name_in_two_regions_have_different_copies() -> anyhow::Result<()> {
    let two = || Setup::new(SOURCE, DR, REGION)?.and_region("eu-west-3");
    // DR is in the region of some of the sources, or of none.
    for (setup, dr) in [(two()?, REGION), (two()?.dr_region(DR_REGION)?, DR_REGION)] {
        let mut fixture = Fixture::with(settings(), setup.second_region(SECOND_REGION)?).await?;
        let sources: Vec<_> = fixture.rehearsal.setup().sources().collect();
        for place in &sources {
            for database in [Database::instance("orders"), Database::cluster("ledger")] {
                fixture.rehearsal.create_database(place, &database.lifecycle("Standard")).await?;
            }
        }
        fixture.pass_hours(8).await?;
        assert_eq!(fixture.violations(), []);
        let name = |region: &str, at: &str, database: &str| match region {
            _ if region == at => format!("draco-{SOURCE}-rds-{database}-2026-11-21-03-05"),
            _ => format!("draco-{region}-{SOURCE}-rds-{database}-2026-11-21-03-05"),
        };
        for region in [dr, SECOND_REGION] {
            let expected = [REGION, "eu-west-3"]
                .into_iter()
                .flat_map(|source| ["orders", "ledger"].map(|database| name(source, region, database)));
            assert_eq!(names(&fixture, region).await?, expected.collect(), "in {region}");
        }
        // Each source is marked with the copy of its own region.
        for place in &sources {
            for source in fixture.rehearsal.snapshots(place).await? {
                let copy = source.origin()?.map(|origin| origin.copy(&fixture.rehearsal.setup().dr()).to_string());
                assert_eq!(source.tags.get(tags::COPIED), copy.as_deref());
            }
        }
    }
    Ok(())
}
