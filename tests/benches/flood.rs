//! What announcements of snapshots that do not exist cost DR: one, and a flood from one source account. Everything is counted
//! in virtual time, so the results are the same in every run. Prints one JSON line per result.

use std::time::Duration;

use chrono::TimeDelta;
use protocol::event::Delivery;
use protocol::topic::consumer_topic;
use protocol::{Announcement, DatabaseArn, Kind, Message, Origin, SnapshotArn, Tags};
use rehearsal::{Rehearsal, Setup};
use serde_json::json;
use sim::World;
use sim::journal::Event;
use tests::{DR, HOUR, REGION, SOURCE, settings};

fn main() -> anyhow::Result<()> {
    for announcements in [1, 10_000] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(flood(announcements))?;
    }
    Ok(())
}

/// This many different announcements within ten minutes.
async fn flood(announcements: u32) -> anyhow::Result<()> {
    let rehearsal = Rehearsal::deploy(World::with_settings(settings()), Setup::new(SOURCE, DR, REGION)?)?;
    let world = rehearsal.world();
    // The replies cost the source account, not DR.
    world.remove_function(SOURCE, REGION, "draco-producer");
    // After the sweeps with which the simulation begins.
    world.sleep(HOUR / 60).await;
    let (start, bill) = (world.now(), running_cost(world));
    let consumer = format!("arn:aws:lambda:{REGION}:{DR}:function:draco-consumer");
    let place = rehearsal.setup().place(&SOURCE.parse()?);
    let topic = consumer_topic(&rehearsal.setup().dr(), &place.account);
    for nth in 0..announcements {
        let snapshot = SnapshotArn::new(Kind::Instance, place.clone(), &format!("forged-{nth}"))?;
        let database = DatabaseArn::new(Kind::Instance, place.clone(), &format!("db-{}", nth % 100))?;
        let origin = Origin { snapshot, database, taken: start - TimeDelta::hours(1) };
        let message = Message::Shared(Announcement { transit: origin.transit(), origin, tags: Tags::default() });
        world.invoke_function(&consumer, Delivery::of_message(&message, &topic).payload());
        world.sleep(Duration::from_millis(60)).await;
    }
    // Before the next sweep of DR, which is a day after the first.
    world.sleep(HOUR).await;
    let count = |is_one: &dyn Fn(&Event) -> bool| {
        world.journal(|journal| journal.entries().iter().filter(|it| it.at >= start && is_one(&it.event)).count())
    };
    let called = |event: &Event, of: &str| matches!(event, Event::Call { role: Some(role), operation, .. } if role.starts_with("draco-consumer") && operation.starts_with(of));
    let dollars = running_cost(world) - bill;
    let line = json!({
        "bench": "flood",
        "announcements": announcements,
        "calls": count(&|event| called(event, "")),
        "describe": count(&|event| called(event, "Describe")),
        "timers": count(&|event| called(event, "StartExecution")),
        "invocations": count(&|event| matches!(event, Event::Invocation { account, .. } if account == DR)),
        "transitions": count(&|event| matches!(event, Event::Transition { account, .. } if account == DR)),
        "dollars": format!("{dollars:.6}").parse::<f64>()?,
    });
    println!("{line}");
    Ok(())
}

/// The cost so far, without storage and keys.
fn running_cost(world: &World) -> f64 {
    let lines = world.bill().lines.into_iter();
    lines.filter(|line| !line.item.ends_with("storage") && !line.item.ends_with("keys")).map(|line| line.dollars).sum()
}
