//! Runs experiments, one after the other.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::experiment::{Experiment, Refused, Verdict};
use crate::lab::Lab;
use crate::trace::{Observed, Outcome, Trace};

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the experiment.
    pub experiment: String,
    /// What it decided.
    pub verdict: Verdict,
    /// What was observed.
    pub trace: Trace,
}

/// News of a run.
#[derive(Debug)]
pub enum Progress<'a> {
    /// An experiment starts. Its needs are created first.
    Starts(&'static Experiment),
    /// A step starts.
    Step(&'static str),
    /// An experiment ended.
    Ended(&'a Finding),
}

impl Lab {
    /// Runs experiments. What they share stays until [`remove_all`](Self::remove_all).
    ///
    /// # Errors
    ///
    /// If the journal cannot be written.
    pub async fn run(
        &mut self,
        experiments: &[&'static Experiment],
        mut news: impl FnMut(Progress<'_>),
    ) -> anyhow::Result<()> {
        for experiment in experiments {
            news(Progress::Starts(experiment));
            let finding = self.run_one(experiment, &mut news).await;
            self.journal.found(&finding)?;
            news(Progress::Ended(&finding));
        }
        Ok(())
    }

    async fn run_one(&mut self, experiment: &'static Experiment, news: &mut impl FnMut(Progress<'_>)) -> Finding {
        let finding = |verdict, trace| Finding { experiment: experiment.name.to_owned(), verdict, trace };
        for need in experiment.needs {
            if let Err(reason) = self.ensure(*need).await {
                return finding(Verdict::Undecided { reason }, Trace::default());
            }
        }
        let kept = self.journal.existing().len();
        let mut trace = Trace::default();
        let mut obstacle = None;
        for step in experiment.steps {
            news(Progress::Step(step.name));
            let (at, since) = (DateTime::<Utc>::from(SystemTime::now()), Instant::now());
            let outcome = self.perform(step.action).await.unwrap_or_else(Outcome::Refused);
            if let (Outcome::Refused(refusal), Refused::Ends) = (&outcome, step.refusal) {
                obstacle = Some(format!("{}: {refusal}", step.name));
            }
            let milliseconds = since.elapsed().as_millis();
            let (step, action) = (step.name.to_owned(), format!("{:?}", step.action));
            trace.0.push(Observed { step, action, at, seconds: milliseconds as f64 / 1000.0, outcome });
            if obstacle.is_some() {
                break;
            }
        }
        // What cannot be removed now stays in the journal, and is tried again at the end.
        self.remove_from(kept).await;
        let verdict = match obstacle {
            Some(reason) => Err(reason),
            None => (experiment.read)(&trace),
        };
        finding(verdict.unwrap_or_else(|reason| Verdict::Undecided { reason }), trace)
    }
}
