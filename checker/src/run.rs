//! One run: its stages, its time, and the marker for the next one.

use std::time::Duration;

use checks::{Answer, Fault, Marker, Part, Spent, Stage, Task};
use sql::{ReadOnly, Roots};
use tokio::time::Instant;

/// The time between the end of a run and its deadline: a query that the server does not end takes a second longer, and
/// then a login is tried.
const MARGIN: Duration = Duration::from_secs(8);

/// A run hands on once its answer has about this many bytes. A function's response has at most 6 MB.
const FULL: usize = 2 << 20;
/// The bytes of a finding in JSON.
const FINDING: usize = 200;

/// A step begins only if there is this much time for it.
const WORTHWHILE: Duration = Duration::from_millis(500);

/// What a run has and does.
pub(crate) struct Run {
    pub(crate) task: Task,
    pub(crate) roots: Roots,
    /// The connection, and its database.
    pub(crate) connection: Option<(String, ReadOnly)>,
    pub(crate) part: Part,
    /// All before it is done.
    pub(crate) marker: Marker,
    /// Whether PostgreSQL finds a page without reading those before it.
    pub(crate) has_page_ranges: bool,
    steps: u32,
    /// The bytes of the answer so far, about.
    pub(crate) bytes: usize,
    end: Instant,
}

/// Why a run does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The next run continues.
    Pause,
    /// The server is of no use, so no run continues.
    End,
}

pub(crate) type Step<T> = Result<T, Stop>;

pub(crate) async fn run(task: Task, deadline: Duration) -> Answer {
    let roots = match Roots::from_pem(task.server.roots.as_bytes()) {
        Ok(roots) => roots,
        Err(error) => {
            let faults = [Fault::Tls { why: error.to_string() }].into();
            return Answer { part: Part { faults, ..Part::default() }, next: None };
        }
    };
    let time = deadline.min(Duration::from_secs(task.limits.run_seconds.into()));
    let marker = task.marker.clone().unwrap_or_default();
    let end = Instant::now() + time.saturating_sub(MARGIN);
    let part = Part::default();
    let mut run = Run { task, roots, connection: None, part, marker, has_page_ranges: false, steps: 0, bytes: 0, end };
    let ended = run.stages().await;
    run.part.spent = run.marker.spent;
    run.part.complete = ended.is_ok();
    let next = match ended {
        Err(Stop::Pause) => Some(run.marker),
        Ok(()) | Err(Stop::End) => None,
    };
    tracing::info!(tables = run.part.tables.len(), faults = run.part.faults.len(), is_last = next.is_none(), "checked");
    // In the order of names, as parts that were merged.
    Answer { part: Part::default().merge(run.part), next }
}

impl Run {
    async fn stages(&mut self) -> Step<()> {
        let databases = self.facts().await?;
        for (stage, next) in
            [(Stage::Structure, Stage::Indexes), (Stage::Indexes, Stage::Tables), (Stage::Tables, Stage::Checks)]
        {
            if self.marker.stage == stage {
                self.databases(stage, &databases).await?;
                self.marker = Marker { stage: next, spent: self.marker.spent, ..Marker::default() };
            }
        }
        self.checks(&databases).await
    }

    async fn databases(&mut self, stage: Stage, databases: &[String]) -> Step<()> {
        for database in databases {
            if self.marker.database.as_ref().is_some_and(|current| database < current) {
                continue;
            }
            if self.marker.database.as_ref() != Some(database) {
                self.step()?;
                let spent = self.marker.spent;
                self.marker = Marker { stage, database: Some(database.clone()), spent, ..Marker::default() };
            }
            if !self.open(database).await? {
                continue;
            }
            match stage {
                Stage::Structure => self.structure(database).await?,
                Stage::Indexes => self.indexes(database).await?,
                Stage::Tables | Stage::Checks => self.tables(database).await?,
            }
        }
        Ok(())
    }

    /// Begins a step, if there is time for it. The first step of a run always is.
    pub(crate) fn step(&mut self) -> Step<()> {
        let is_full = self.steps >= self.task.limits.steps || self.bytes >= FULL;
        if self.steps > 0 && (is_full || self.left() < WORTHWHILE) {
            return Err(Stop::Pause);
        }
        self.steps += 1;
        Ok(())
    }

    /// Whether this run has made a step.
    pub(crate) fn has_begun(&self) -> bool {
        self.steps > 0
    }

    /// Whether the current step is the first one of this run. If its time is not enough, no run has enough.
    pub(crate) fn is_first_step(&self) -> bool {
        self.steps <= 1
    }

    /// The time that this run has left.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// What may still be spent on reading. `None` if there is nothing left.
    pub(crate) fn budget(&self) -> Option<(Duration, u64)> {
        let Spent { milliseconds, bytes } = self.marker.spent;
        let limits = self.task.limits;
        let milliseconds =
            (u64::from(limits.read_seconds) * 1000).checked_sub(milliseconds).filter(|left| *left > 0)?;
        let bytes = limits.read_bytes.checked_sub(bytes).filter(|left| *left > 0)?;
        Some((Duration::from_millis(milliseconds), bytes))
    }

    /// What may still be spent on checking indexes: half of the time, so that tables are read in any case.
    pub(crate) fn budget_of_indexes(&self) -> Option<Duration> {
        let half = Duration::from_secs(self.task.limits.read_seconds.into()) / 2;
        let spent = Duration::from_millis(self.marker.spent.milliseconds);
        half.checked_sub(spent).filter(|left| !left.is_zero())
    }

    pub(crate) fn spend(&mut self, since: Instant, bytes: u64) -> u64 {
        let milliseconds = milliseconds(since);
        self.marker.spent.milliseconds += milliseconds;
        self.marker.spent.bytes += bytes;
        milliseconds
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        tracing::warn!(%fault, "fault");
        self.bytes += FINDING;
        self.part.faults.insert(fault);
    }

    pub(crate) fn not_checked(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.bytes += FINDING;
        self.part.not_checked.insert(checks::NotChecked { what: what.into(), why: why.into() });
    }
}

/// At least one, so that every step counts.
pub(crate) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Why a table or index is left out when the budget is spent.
pub(crate) const OVER_BUDGET: &str = "the budget for reading was spent";
/// Why a table or index that one run cannot do is left out.
pub(crate) const TOO_LONG: &str = "one run is too short for it";
