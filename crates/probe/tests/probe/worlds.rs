//! The answers that the experiments find are those of the world.

use probe::experiment::Need;
use probe::experiments::{all, not_probed};
use probe::{Estimate, Experiment, Verdict};
use sim::questions::{Answers, QUESTIONS};

use crate::existing::existing;
use crate::{lab, run, world};

/// With the default answers and with the worst ones, all experiments run. In a world with one other answer, its experiment
/// runs.
#[tokio::test(start_paused = true)]
async fn every_world_is_recognised() {
    let default = Answers::default();
    for (nth, answers) in Answers::worlds().into_iter().enumerate() {
        let differs = |experiment: &&Experiment| {
            let question = experiment.question();
            question.is_some_and(|question| answers.to(question).name != default.to(question).name)
        };
        let runs_all = [default, Answers::worst()].contains(&answers);
        let experiments: Vec<_> = all().filter(|experiment| runs_all || differs(experiment)).collect();
        let world = world(answers);
        let mut lab = lab(&world, &format!("world-{nth}"));
        if experiments.iter().any(|experiment| experiment.needs_existing()) {
            lab = lab.with_existing(existing(&world, 200).await);
        }
        let findings = run(&mut lab, &experiments).await;
        for (experiment, finding) in experiments.iter().zip(findings) {
            let expected = match experiment.question() {
                Some(question) => Verdict::answer(answers.to(question).name),
                None => Verdict::Holds,
            };
            let found = match finding.verdict {
                Verdict::Answer { answer, measured: _ } => Verdict::answer(&answer),
                other => other,
            };
            assert_eq!(found, expected, "{}, in the world {answers}: {:#?}", experiment.name, finding.trace);
        }
    }
}

/// What the plan shows is what a run creates.
#[tokio::test(start_paused = true)]
async fn the_estimate_has_every_database_that_is_created() {
    let own = all().filter(|experiment| experiment.creates().is_some());
    let shared = ["snapshot-tags", "cluster-copies"];
    let experiments: Vec<_> = own.chain(all().filter(|experiment| shared.contains(&experiment.name))).collect();
    let world = world(Answers::default());
    run(&mut lab(&world, "databases"), &experiments).await;
    let is_creation = |operation: &str| ["CreateDBInstance", "CreateDBCluster"].contains(&operation);
    let created = world.journal(|journal| journal.calls().filter(|(_, _, operation)| is_creation(operation)).count());
    let estimate = Estimate::of(&experiments, None);
    let databases = estimate.needs.iter().filter(|need| matches!(need, Need::Database(_))).count();
    assert_eq!(created, databases + estimate.databases.len(), "{estimate:?}");
}

#[test]
fn every_question_has_an_experiment_or_a_reason() {
    let probed = all().filter_map(|experiment| experiment.question()).map(|question| question.name);
    let mut names: Vec<_> = probed.chain(not_probed().map(|other| other.question.name)).collect();
    names.sort_unstable();
    let mut expected: Vec<_> = QUESTIONS.iter().map(|question| question.name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let silent: Vec<_> = not_probed().filter(|other| other.reason.contains("no experiment is written")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
