//! `sweep::due`: each combination, against the table, which is written here once more, row by row and in words.

use provision::sweep::{Due, due};

use super::*;

fn name(due: Option<&Due>) -> &'static str {
    match due {
        None => "nothing yet",
        Some(Due::Continue(..)) => "continue",
        Some(Due::TearDown(..)) => "tear down",
        Some(Due::Report(_)) => "report",
    }
}

// Invariants 21 and 22.
#[test]
fn each_combination_is_that_of_its_row() {
    let mut count = 0;
    for kind in Kind::ALL {
        for verb in Verb::ALL {
            let job = job(kind, verb);
            for role in [verb.role(), Role::Old] {
                for condition in conditions() {
                    for late in [TimeDelta::seconds(-1), TimeDelta::zero(), TimeDelta::days(30)] {
                        for has_ended in [false, true] {
                            let now = job.request().deadline + late;
                            let mut database = Observed { condition: condition.clone(), ..observed(&job, role) };
                            if has_ended {
                                database.tags.set(tags::JOB_ENDED, "failed");
                            }
                            let is_temporary = matches!(verb, Verb::Verify | Verb::Rewind);
                            let is_late = late >= TimeDelta::zero();
                            let row = match role {
                                Role::Old => "continue",
                                _ if has_ended || (is_temporary && is_late) => "tear down",
                                _ => "continue",
                            };
                            let found = due(&database, now);
                            assert_eq!(name(found.as_ref()), row, "{verb:?} {role:?} {condition:?} {late} {has_ended}");
                            let expected = (Box::new(job.clone()), role);
                            assert!(
                                matches!(found, Some(Due::Continue(job, role) | Due::TearDown(job, role)) if (&job, role) == (&expected.0, expected.1))
                            );
                            count += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(count, 2 * 4 * 2 * 6 * 3 * 2);
}

// Invariant 21: what has not both the name and the tags of one job is reported, and not touched.
#[test]
fn a_database_of_an_unknown_job_is_reported() {
    let job = job(Kind::Instance, Verb::Verify);
    let (right, late) = (observed(&job, Role::Verify), job.request().deadline + TimeDelta::days(1));
    let report = |database: &Observed| match due(database, late) {
        Some(Due::Report(text)) => text,
        other => panic!("{other:?}"),
    };
    let arn = &right.arn;
    let untagged = Observed { tags: Tags::default(), ..right.clone() };
    let no_tag =
        format!("{arn} has a name that Draco gives, and no tag Draco_Job: delete it if no one needs it, or rename it");
    assert_eq!(report(&untagged), no_tag);
    let only_id = Observed { tags: Tags::from_iter([(tags::JOB, job.id().as_str())]), ..right.clone() };
    let text = report(&only_id);
    assert!(
        text.starts_with(&format!(
            "{arn} is not touched, because its job is unknown (the tag Draco_JobRequest of a job is missing"
        )),
        "{text}"
    );
    let mut changed = right.clone();
    let request = changed.tags.get(tags::JOB_REQUEST).unwrap().replace("verify", "rewind");
    changed.tags.set(tags::JOB_REQUEST, &request);
    assert!(report(&changed).contains("but their content is that of the job"), "{}", report(&changed));
    let other = super::job(Kind::Instance, Verb::Rewind);
    let copied_tags = Observed { tags: other.to_tags(), ..right.clone() };
    let foreign = format!(
        "{arn} has the tags of the job {}, and is not its database: delete it if no one needs it, or rename it",
        other.id()
    );
    assert_eq!(report(&copied_tags), foreign);
    // The replaced database under the name of the new one.
    let renamed = Observed { resource_id: OLD.to_owned(), ..right.clone() };
    assert!(report(&renamed).contains("is not its database"));
}

// RDS describes a database before it describes its tags.
#[test]
fn a_database_that_was_created_a_moment_ago_may_lack_its_tags() {
    let job = job(Kind::Instance, Verb::Verify);
    let at = |created| due(&Observed { created, tags: Tags::default(), ..observed(&job, Role::Verify) }, now());
    assert_eq!(at(None), None);
    // AWS never states it of one that has failed while it was created.
    let failed = Condition::Failed("incompatible-restore".to_owned());
    let failed = |created| Observed {
        created,
        tags: Tags::default(),
        condition: failed.clone(),
        ..observed(&job, Role::Verify)
    };
    assert!(matches!(due(&failed(None), now()), Some(Due::Report(_))));
    assert_eq!(due(&failed(Some(now())), now()), None);
    assert_eq!(at(Some(now() - TimeDelta::seconds(299))), None);
    assert!(matches!(at(Some(now() - TimeDelta::seconds(300))), Some(Due::Report(_))));
}

// Invariants 21 and 22: a person has renamed it, and its job does not find it any more.
#[test]
fn a_temporary_database_under_another_name_is_reported_after_its_deadline() {
    for verb in Verb::ALL {
        let job = job(Kind::Instance, verb);
        let deadline = job.request().deadline;
        let arn = DatabaseArn::new(Kind::Instance, place(), "mine").unwrap();
        let at = |now, tags| due(&Observed { arn: arn.clone(), tags, ..observed(&job, verb.role()) }, now);
        assert_eq!(at(deadline - TimeDelta::seconds(1), job.to_tags()), None);
        assert_eq!(at(deadline, Tags::from_iter([(tags::JOB, job.id().as_str())])), None);
        assert_eq!(at(deadline, Tags::default()), None);
        let is_temporary = matches!(verb, Verb::Verify | Verb::Rewind);
        let text = format!(
            "{arn} has the tags of the temporary job {}, whose deadline has passed, and another name, so it is not touched: delete it if no one needs it, or remove its tags Draco_Job…",
            job.id()
        );
        assert_eq!(at(deadline, job.to_tags()), is_temporary.then_some(Due::Report(text)), "{verb:?}");
    }
}
