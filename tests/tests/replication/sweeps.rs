//! The sweep, when there is more than it has time for.

use std::cell::RefCell;

use cloud::{Cloud, batch};
use protocol::event::Sweep;
use rehearsal::Database;
use tests::{HOUR, Stage};

#[tokio::test(start_paused = true)]
async fn a_sweep_without_time_gets_further_all_the_same_and_hands_on_where_it_is_once() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    for nth in 1..=3 {
        let arn = stage.create(&Database::instance(&format!("db-{nth}"))).await?;
        stage.rehearsal.world().sleep(HOUR).await;
        stage.rehearsal.take(&arn, &format!("by-hand-{nth}")).await?;
    }
    stage.rehearsal.world().sleep(HOUR).await;
    let place = stage.source();
    let config = stage.rehearsal.world().sdk_config(place.account.as_str(), place.region.as_str());
    let (cloud, machine) = (Cloud::new(&config, place.clone()), place.arn("states", "stateMachine:draco-wait4copy"));
    let looked = RefCell::new(Vec::new());
    let look = |snapshot: protocol::Snapshot| {
        looked.borrow_mut().push(snapshot.arn.id().to_owned());
        async { anyhow::bail!("what fails must not have it tried again, and handed on twice") }
    };
    let from_second = Sweep { done: 1, ..Sweep::default() };
    batch::sweep(&cloud, from_second, cloud.now(), &machine, look).await?;
    let all = cloud.list_page(protocol::Kind::Instance, None, None).await?.snapshots;
    assert_eq!(*looked.borrow(), [all[1].arn.id()], "one look, at the second");

    let handed_on = stage.rehearsal.world().journal(|journal| journal.count_calls("StartExecution"));
    assert_eq!(handed_on, 1);
    stage.rehearsal.world().sleep(10 * tests::MINUTE).await;
    let swept = stage
        .rehearsal
        .logs()
        .lines()
        .into_iter()
        .rfind(|line| matches!(line.text("step"), "sweep_completed" | "sweep_paused"));
    assert_eq!(
        swept.map(|line| line.json["snapshots"].clone()),
        Some((all.len() - 2).into()),
        "and the timer sees to the rest"
    );
    Ok(())
}
