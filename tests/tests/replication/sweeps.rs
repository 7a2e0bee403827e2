//! Sweeps that have more snapshots than time.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex};

use cloud::{Cloud, batch};
use protocol::event::Sweep;
use rehearsal::Database;
use tests::{Fixture, HOUR, settings};
use tracing::instrument::WithSubscriber;

/// The lines of a sweep that a test runs by itself.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn writer(&self) -> impl Fn() -> Self + Send + Sync + 'static {
        let log = self.clone();
        move || log.clone()
    }

    /// The metric in each line that has it.
    fn metric(&self, name: &str) -> Vec<Option<u64>> {
        let text = self.0.lock().map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.filter_map(|line| Some(line.get(name)?.as_u64())).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("poisoned"))?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// Invariant 16.
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
    let (looked, log) = (RefCell::new(Vec::new()), Log::default());
    let look = |snapshot: protocol::Snapshot| {
        looked.borrow_mut().push(snapshot.arn.id().to_owned());
        async { anyhow::bail!("an error must not start a second timer") }
    };
    let from_second = Sweep { done: 1, ..Sweep::default() };
    let subscriber = cloud::log::subscriber("producer", log.writer(), move || settings().epoch);
    batch::sweep(&cloud, from_second, cloud.now(), &machine, look).with_subscriber(subscriber).await?;
    assert_eq!(log.metric("SweepFailures"), [Some(1)], "the failed look is counted");
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
