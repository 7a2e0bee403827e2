//! One after the other: records of an event, snapshots of a sweep. What fails does not keep the others from their turn, and
//! is told at the end.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::event::{Heard, Sweep, Trigger, Unheard};
use protocol::wait::{Answer, Timer};
use protocol::{Kind, Snapshot};
use tracing::info;

use crate::{Cloud, log};

/// What is left of the time at the end of a sweep for handing on where it is: more than one look takes.
const RESERVE: TimeDelta = TimeDelta::seconds(20);

/// What has failed so far.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn note(&mut self, result: anyhow::Result<()>) {
        self.0.extend(result.err().map(|why| format!("{why:#}")));
    }

    fn tell(self) -> anyhow::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(self.0.join("; "))) }
    }
}

/// Obeys everything that was heard.
///
/// # Errors
/// All that was not understood or failed.
pub async fn hear<F>(records: Vec<Result<Heard, Unheard>>, obey: impl Fn(Heard) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    if records.is_empty() {
        info!(step = "ignore", reason = "no records", "an event without records");
    }
    let mut failures = Failures::default();
    for record in records {
        failures.note(match record {
            Ok(heard) => obey(heard).await,
            // Its text tells the cause already, and is not to tell it twice.
            Err(unheard) => Err(anyhow::Error::msg(unheard.to_string())),
        });
    }
    failures.tell()
}

/// Looks at every snapshot of this account from there on, page by page. Before time is up, it hands on where it is to a
/// timer of this state machine.
///
/// # Errors
/// All that failed.
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
            let page = match cloud.page(kind, None, marker.as_deref()).await {
                Ok(page) => page,
                Err(why) => {
                    failures.note(Err(why.into()));
                    return failures.tell();
                }
            };
            for (nth, snapshot) in page.snapshots.into_iter().enumerate().skip(skipped) {
                // At least one look: however little time there is, a sweep gets further.
                if looked > 0 && cloud.now() + RESERVE > deadline {
                    go_on(cloud, Sweep { kind: Some(kind), marker, done: nth }, state_machine).await?;
                    info!(step = "sweep", looked, "time is up; the rest follows");
                    // The rest is on its way, so this must not be tried again, or it would be on its way twice.
                    if let Err(why) = failures.tell() {
                        log::failure(&why);
                    }
                    return Ok(());
                }
                looked += 1;
                failures.note(look(snapshot).await);
            }
            (marker, skipped) = (page.marker, 0);
            if marker.is_none() {
                break;
            }
        }
    }
    info!(step = "sweep", looked, "looked at everything");
    failures.tell()
}

async fn go_on(cloud: &Cloud, rest: Sweep, state_machine: &str) -> anyhow::Result<()> {
    let name = format!("{}-sweep", cloud.now().format("%Y%m%dt%H%M%S"));
    let timer = Timer { trigger: Trigger::Sweep(rest), answer: Answer::Again { seconds: 1 } };
    Ok(cloud.start_timer(state_machine, &name, &timer).await?)
}
