//! Sweeps that have more snapshots than time.

use std::cell::RefCell;

use cloud::{Cloud, batch};
use protocol::event::Sweep;
use rehearsal::Database;
use tests::{Fixture, HOUR};

#[tokio::test(start_paused = true)]
async fn a_sweep_without_time_handles_one_snapshot_and_starts_one_timer_for_the_rest() -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    for nth in 1..=3 {
        let arn = fixture.create_database(&Database::instance(&format!("db-{nth}"))).await?;
        fixture.rehearsal.world().sleep(HOUR).await;
        fixture.rehearsal.take_snapshot(&arn, &format!("by-hand-{nth}")).await?;
    }
    fixture.rehearsal.world().sleep(HOUR).await;
    let place = fixture.source();
    let config = fixture.rehearsal.world().sdk_config(place.account.as_str(), place.region.as_str());
    let (cloud, machine) = (Cloud::new(&config, place.clone()), place.arn("states", "stateMachine:draco-wait4copy"));
    let looked = RefCell::new(Vec::new());
    let look = |snapshot: protocol::Snapshot| {
        looked.borrow_mut().push(snapshot.arn.id().to_owned());
        async { anyhow::bail!("an error must not start a second timer") }
    };
    let from_second = Sweep { done: 1, ..Sweep::default() };
    batch::sweep(&cloud, from_second, cloud.now(), &machine, look).await?;
    let all = cloud.list_page(protocol::Kind::Instance, None, None).await?.snapshots;
    assert_eq!(*looked.borrow(), [all[1].arn.id()], "only the second snapshot");

    let timers = fixture.rehearsal.world().journal(|journal| journal.count_calls("StartExecution"));
    assert_eq!(timers, 1);
    fixture.rehearsal.world().sleep(10 * tests::MINUTE).await;
    let swept = fixture
        .rehearsal
        .logs()
        .lines()
        .into_iter()
        .rfind(|line| matches!(line.text("step"), "sweep_completed" | "sweep_paused"));
    assert_eq!(
        swept.map(|line| line.json["snapshots"].clone()),
        Some((all.len() - 2).into()),
        "the timer continues with the rest"
    );
    Ok(())
}
