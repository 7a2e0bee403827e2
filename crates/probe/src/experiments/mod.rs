//! All experiments. Those that wait for a backup window come last, when most of the wait is over.

mod backups;
mod clusters;
mod copies;
mod existing;
mod messages;
mod refusals;
mod sharing;
mod tags;

use sim::questions::{QUESTIONS, Question};

use crate::experiment::{Experiment, Kind, Need, Subject};

/// All experiments, in the order in which they run. A question that is closed has none.
pub fn all() -> impl Iterator<Item = &'static Experiment> {
    let all = [
        copies::ALL,
        tags::ALL,
        sharing::ALL,
        refusals::ALL,
        messages::ALL,
        clusters::ALL,
        existing::ALL,
        backups::ALL,
    ];
    all.into_iter().flatten().filter(|experiment| !experiment.is_question() || experiment.question().is_some())
}

/// A question without an experiment, and why it has none.
#[derive(Clone, Copy, Debug)]
pub struct NotProbed {
    /// The question.
    pub question: &'static Question,
    /// Why it is not probed.
    pub reason: &'static str,
}

/// Why there is no experiment for some questions.
const REASONS: &[(&str, &str)] = &[
    (
        "multi-az-cluster-copies",
        "a Multi-AZ DB cluster has three instances, of which the smallest cost about half a dollar an hour",
    ),
    (
        "copied-tags-permission",
        "it needs a role that may copy and not tag; probe creates no roles, and a session with fewer permissions needs a role, \
         too",
    ),
    ("kms-via-region", "it copies to another region, and probe works in one"),
    ("cross-region-limit", "it needs 41 copies at a time from two regions to a third, and probe works in one"),
    ("lost-source-region", "it needs a region that fails"),
    ("documentdb-cross-region", "it needs a cluster of DocumentDB, and probe works in one region"),
    ("renamed-snapshots", "probe finds its database by name to remove it, so it does not rename it"),
    ("restored-storage-type", "probe restores no databases: they cost more than its snapshots"),
    ("restored-tags", "probe restores no databases: they cost more than its snapshots"),
    ("restored-parameter-group", "probe restores no databases: they cost more than its snapshots"),
    ("restore-source-deleted", "probe restores no databases: they cost more than its snapshots"),
    ("restore-key-lost", "probe restores no databases: they cost more than its snapshots"),
    ("throttled-events", "it needs a function with a role, and probe creates neither"),
];

/// The questions that no experiment answers. [`Question::experiment`] says how to answer them by hand.
pub fn not_probed() -> impl Iterator<Item = NotProbed> {
    let is_probed = |name: &str| all().any(|experiment| experiment.is_question() && experiment.name == name);
    QUESTIONS.iter().filter(move |question| !is_probed(question.name)).map(|question| {
        let found = REASONS.iter().find(|(name, _)| *name == question.name);
        NotProbed { question, reason: found.map_or("no experiment is written for it yet", |(_, reason)| reason) }
    })
}

impl Experiment {
    /// Whether it answers an open question.
    #[must_use]
    pub fn is_question(&self) -> bool {
        matches!(self.subject, Subject::Question)
    }

    /// The question that it answers, if it is one.
    #[must_use]
    pub fn question(&self) -> Option<&'static Question> {
        QUESTIONS.iter().find(|question| self.is_question() && question.name == self.name)
    }

    /// What it decides, as a sentence.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self.subject {
            Subject::Fact { statement, .. } => statement,
            Subject::Question => self.question().map_or("", |question| question.unknown),
        }
    }

    /// The database that it creates for itself, and that is removed at its end.
    #[must_use]
    pub fn creates(&self) -> Option<Kind> {
        self.steps.iter().find_map(|step| step.action.creates())
    }

    /// Whether it needs an existing database.
    #[must_use]
    pub fn needs_existing(&self) -> bool {
        self.needs.contains(&Need::Existing)
    }

    /// Whether it needs an Aurora cluster.
    #[must_use]
    pub fn needs_cluster(&self) -> bool {
        let is_cluster = |need: &Need| {
            matches!(need, Need::Database(Kind::Cluster) | Need::Base(Kind::Cluster) | Need::Transit(Kind::Cluster))
        };
        self.needs.iter().any(is_cluster) || self.creates() == Some(Kind::Cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|experiment| experiment.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn steps_have_unique_names() {
        for experiment in all() {
            let mut names: Vec<_> = experiment.steps.iter().map(|step| step.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), experiment.steps.len(), "{}", experiment.name);
        }
    }
}
