//! `retire` and `accept`: the decisions of DR's owner.

use archive::Archive;
use archive::expired::expired;
use deploy::{Role, owner};
use protocol::{Place, Snapshot, tags};
use rehearsal::{Database, Setup};
use tests::{DR, Fixture, REGION, SOURCE, settings};

use crate::{Output, account, config};

const ORDERS: &str = "111111111111/Orders";

/// The copies with this tag.
fn tagged<'s>(snapshots: &'s [Snapshot], key: &str) -> Vec<&'s str> {
    let tagged = snapshots.iter().filter(|copy| copy.tags.get(key).is_some());
    tagged.map(|copy| copy.arn.id()).collect()
}

/// Invariant 15: only DR can retire a database.
#[tokio::test(start_paused = true)]
async fn a_database_is_retired_by_a_tag_on_its_last_copy() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.create_database(&Database::instance("ledger").lifecycle("Standard")).await?;
    fixture.pass_hours(54).await?;
    let (dr, output) = (account(&fixture, Role::Consumer), Output::default());
    let first = owner::retire(&dr, &ORDERS.parse().unwrap(), &mut output.agreeing()).await?;
    let again = owner::retire(&dr, &ORDERS.parse().unwrap(), &mut output.agreeing()).await?;
    let last = "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-orders-2026-11-23-03-05";
    let expected = |changed: &[&str]| {
        serde_json::json!([{
            "database": "arn:aws:rds:eu-west-1:111111111111:db:orders",
            "copies": 3,
            "arrived": "2026-11-23T03:35:00Z",
            "changed": changed,
            "expires": null,
        }])
    };
    assert_eq!(serde_json::to_value(&first)?, expected(&[last]));
    assert_eq!(serde_json::to_value(&again)?, expected(&[]));

    let snapshots = fixture.snapshots(DR).await?;
    let archive = Archive::of(dr.place.clone(), &snapshots);
    let retired: Vec<_> = archive
        .databases()
        .filter(|(_, history)| history.newest().is_some_and(|copy| copy.mark.is_retired))
        .map(|(database, _)| database.id())
        .collect();
    assert_eq!(retired, ["orders"]);
    assert_eq!(tagged(&snapshots, tags::RETIRED).len(), 1);

    let undone = owner::undo_retire(&dr, &ORDERS.parse().unwrap(), &mut output.agreeing()).await?;
    assert_eq!(serde_json::to_value(&undone)?, expected(&[last]));
    owner::undo_retire(&dr, &ORDERS.parse().unwrap(), &mut output.agreeing()).await?;
    assert_eq!(tagged(&fixture.snapshots(DR).await?, tags::RETIRED), Vec::<&str>::new());
    insta::assert_snapshot!(output.text());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_database_of_the_same_name_in_two_regions_needs_its_region() -> anyhow::Result<()> {
    let setup = Setup::new(SOURCE, DR, REGION)?.and_region("eu-south-1")?.dr_region(REGION)?;
    let setup = setup.source_parameter("SourceRegions", &format!("{REGION},eu-south-1"));
    let mut fixture = Fixture::with(settings(), setup).await?;
    for region in [REGION, "eu-south-1"] {
        let place = Place { account: SOURCE.parse()?, region: region.parse()? };
        fixture.rehearsal.create_database(&place, &Database::instance("orders").lifecycle("Standard")).await?;
    }
    fixture.pass_hours(30).await?;
    let (dr, output) = (account(&fixture, Role::Consumer), Output::default());
    let both = owner::retire(&dr, &ORDERS.parse().unwrap(), &mut output.agreeing()).await;
    assert_eq!(
        both.unwrap_err().to_string(),
        "111111111111/orders exists in 2 regions; name one: 111111111111/eu-south-1/orders, 111111111111/eu-west-1/orders"
    );
    let one = "111111111111/eu-south-1/orders".parse().unwrap();
    owner::retire(&dr, &one, &mut output.agreeing()).await?;
    let snapshots = fixture.snapshots(DR).await?;
    let retired = tagged(&snapshots, tags::RETIRED);
    assert!(
        matches!(retired[..], [copy] if copy.starts_with("draco-eu-south-1-111111111111-rds-orders-")),
        "{retired:?}"
    );
    Ok(())
}

/// Invariant 17: a lifecycle that keeps less takes effect at once only if DR's owner accepts it.
#[tokio::test(start_paused = true)]
async fn an_accepted_lifecycle_takes_effect_at_once() -> anyhow::Result<()> {
    let mut fixture = Fixture::new().await?;
    fixture.create_database(&Database::instance("orders").lifecycle("Standard")).await?;
    fixture.pass_hours(24 * 12).await?;
    let rds = aws_sdk_rds::Client::new(&fixture.owner_config(SOURCE));
    let tag = aws_sdk_rds::types::Tag::builder().key(tags::LIFECYCLE).value("Test").build();
    let arn = "arn:aws:rds:eu-west-1:111111111111:db:orders";
    rds.add_tags_to_resource().resource_name(arn).tags(tag).send().await?;
    fixture.pass_hours(48).await?;

    let (dr, output) = (account(&fixture, Role::Consumer), Output::default());
    let config = config("FLOOR: { last: 1 }\n");
    let now_expired = async || {
        let archive = Archive::of(dr.place.clone(), &fixture.snapshots(DR).await?);
        let history = archive.database(&arn.parse()?);
        anyhow::Ok(expired(&history, &config.lifecycles, &config.floor.clone().named("Floor")).len())
    };
    let before = now_expired().await?;
    let declined = owner::accept(&dr, &config, &ORDERS.parse().unwrap(), &mut output.terminal()).await;
    assert!(declined.is_err_and(|why| why.to_string().contains("re-run with --yes")));
    assert_eq!(now_expired().await?, before);

    let accepted = owner::accept(&dr, &config, &ORDERS.parse().unwrap(), &mut output.agreeing()).await?;
    let expires: Vec<_> = accepted.iter().flat_map(|one| one.expires.clone().unwrap()).collect();
    assert_eq!(before + expires.len(), now_expired().await?);
    assert!(!expires.is_empty());
    assert_eq!(tagged(&fixture.snapshots(DR).await?, tags::ACCEPTED).len(), 1);
    insta::assert_snapshot!(output.text());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_database_without_copies_is_an_error() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let dr = account(&fixture, Role::Consumer);
    let retired = owner::retire(&dr, &"111111111111/other".parse().unwrap(), &mut Output::default().agreeing()).await;
    assert_eq!(retired.unwrap_err().to_string(), "DR has no complete copy of 111111111111/other");
    Ok(())
}
