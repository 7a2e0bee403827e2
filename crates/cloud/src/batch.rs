//! Handles items one after the other: the records of an event, the snapshots of a sweep. A failed item does not prevent the
//! others from being handled; all failures are reported together at the end.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::{Record, RecordError, Sweep, Trigger};
use protocol::wait::{Answer, Timer};
use protocol::{Kind, Snapshot};
use tracing::info;

use crate::log::step;
use crate::{Cloud, Rejection, log, reject, timer};

/// The time that a sweep reserves to hand over the rest. It is longer than one look takes, also if that calls a region that cannot be
/// reached.
const RESERVE: TimeDelta = TimeDelta::seconds(60);

/// The failures so far.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn add(&mut self, result: anyhow::Result<()>) {
        self.0.extend(result.err().map(|error| format!("{error:#}")));
    }

    fn log(self) {
        let count = self.0.len();
        if let Err(error) = self.into_result() {
            log::looks_failed(count, &error);
        }
    }

    fn into_result(self) -> anyhow::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(self.0.join("; "))) }
    }
}

/// Handles each record. One that is rejected is logged, and counts for the account that sent it.
///
/// # Errors
/// All records that could not be handled.
pub async fn handle_records<F>(
    records: Vec<Result<Record, RecordError>>,
    handle: impl Fn(Record) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    if records.is_empty() {
        info!(step = step::IGNORED, reason = "no-records", "received an event without records");
    }
    let mut failures = Failures::default();
    for record in records {
        let (sender, handled) = match record {
            Ok(record) => (record.topic.sender(), handle(record).await),
            // The text of the error contains its cause already.
            Err(error) => (error.sender().cloned(), Err(Rejection::new(error).into())),
        };
        failures.add(handled.or_else(|error| reject(sender.as_ref(), error)));
    }
    failures.into_result()
}

/// Looks at every snapshot of this account, page by page, starting at `from`. Before the deadline, it starts a timer of
/// this state machine, which continues with the rest.
///
/// # Errors
/// All looks that failed.
pub async fn sweep<F>(
    cloud: &Cloud,
    from: Sweep,
    deadline: DateTime<Utc>,
    state_machine: &str,
    look: impl Fn(Snapshot) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let first = from.kind.unwrap_or(Kind::Instance);
    let Sweep { mut marker, done: mut skipped, .. } = from;
    let (mut looked, mut failures) = (0, Failures::default());
    for kind in Kind::ALL.into_iter().filter(|kind| *kind >= first) {
        loop {
            let page = match cloud.list_page(kind, None, marker.as_deref()).await {
                Ok(page) => page,
                Err(error) => {
                    failures.add(Err(error.into()));
                    return failures.into_result();
                }
            };
            for (nth, snapshot) in page.snapshots.into_iter().enumerate().skip(skipped) {
                // At least one look, so that a sweep makes progress however little time it has.
                if looked > 0 && cloud.now() + RESERVE > deadline {
                    let rest = Trigger::Sweep(Sweep { kind: Some(kind), marker, done: nth });
                    continue_later(cloud, "sweep", rest, state_machine).await?;
                    info!(step = step::SWEEP_PAUSED, snapshots = looked, "time is up; a timer continues the sweep");
                    // The rest has its timer. An error here would make AWS retry this part and start the timer twice.
                    failures.log();
                    return Ok(());
                }
                looked += 1;
                failures.add(look(snapshot).await);
            }
            (marker, skipped) = (page.marker, 0);
            if marker.is_none() {
                break;
            }
        }
    }
    info!(step = step::SWEEP_COMPLETED, snapshots = looked, swept = 1, "looked at every snapshot");
    failures.into_result()
}

/// Both results: if both failed, the error states both reasons.
///
/// # Errors
/// If one failed.
pub fn both(one: anyhow::Result<()>, other: anyhow::Result<()>) -> anyhow::Result<()> {
    let mut failures = Failures::default();
    failures.add(one);
    failures.add(other);
    failures.into_result()
}

/// Starts a timer that continues with the rest of a sweep at once.
///
/// # Errors
/// If AWS does not start it.
pub async fn continue_later(cloud: &Cloud, purpose: &str, rest: Trigger, state_machine: &str) -> anyhow::Result<()> {
    let when = cloud.now().format("%Y%m%dt%H%M%S").to_string();
    let name = timer::name(purpose, &cloud.here().account, &when, &serde_json::to_string(&rest)?, "");
    let timer = Timer { trigger: rest, answer: Answer::Again { seconds: 1 } };
    cloud.start_timer(state_machine, &name, &timer).await?;
    Ok(())
}
