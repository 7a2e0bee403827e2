//! `teardown::decide`: each combination, against the table, which is written here once more, row by row and in words.

use provision::User;
use provision::teardown::*;

use super::*;

fn name(step: &Step) -> &'static str {
    match step {
        Step::Refuse(Refusal::Foreign(_)) => "refuse: foreign",
        Step::Refuse(Refusal::ForeignMember(_)) => "refuse: foreign member",
        Step::Refuse(Refusal::InUse(_)) => "refuse: in use",
        Step::Refuse(Refusal::NoFinalSnapshot(..)) => "refuse: no final snapshot",
        Step::Unprotect(_) => "unprotect",
        Step::DeleteMembers(_) => "delete members",
        Step::Delete { remains: Remains::Nothing, .. } => "delete: nothing remains",
        Step::Delete { remains: Remains::Data { .. }, .. } => "delete: data remain",
        Step::Wait { .. } => "wait",
        Step::TornDown => "torn down",
    }
}

fn users(job: &Job) -> [Option<User>; 4] {
    [
        None,
        Some(User::Target(job.request().target.clone())),
        Some(User::Dns("db.example.com.".to_owned())),
        Some(User::Job("0123456789ab".parse().unwrap())),
    ]
}

// Invariants 19, 21 and 22.
#[test]
fn each_combination_has_the_step_of_its_row() {
    let job = job(Kind::Cluster, Verb::Restore);
    let data = Remains::Data { snapshot: job.final_snapshot() };
    let mut count = 0;
    for (user, remains) in
        users(&job).into_iter().flat_map(|user| [Remains::Nothing, data.clone()].map(|it| (user.clone(), it)))
    {
        let mut expect = |found: Found, row: &str| {
            let seen = Seen { found, user: user.clone(), remains: remains.clone() };
            let step = decide(seen.clone());
            assert_eq!(name(&step), row, "{seen:?}");
            count += 1;
        };
        expect(Found::Nothing, "torn down");
        expect(Found::Foreign(job.request().target.clone()), "refuse: foreign");
        for condition in conditions() {
            for flags in 0..8 {
                let [is_protected, has_members, has_foreign_member] = [flags & 1 > 0, flags & 2 > 0, flags & 4 > 0];
                let ours = Ours {
                    database: job.database(Role::Old),
                    condition: condition.clone(),
                    is_protected,
                    members: has_members.then(|| job.member(Role::Old, 1)).into_iter().collect(),
                    foreign_member: has_foreign_member.then(|| job.request().target.clone()),
                };
                let stays = remains != Remains::Nothing;
                let row = match &condition {
                    _ if user.is_some() => "refuse: in use",
                    Condition::Deleting => "wait",
                    _ if has_foreign_member => "refuse: foreign member",
                    Condition::Failed(_) if stays => "refuse: no final snapshot",
                    _ if is_protected => "unprotect",
                    Condition::InProgress(_) if stays => "wait",
                    _ if has_members => "delete members",
                    _ if stays => "delete: data remain",
                    _ => "delete: nothing remains",
                };
                expect(Found::Ours(Box::new(ours)), row);
            }
        }
    }
    // Four users x two that remain, each with: nothing, foreign, and 4 conditions x 8.
    assert_eq!(count, 4 * 2 * (1 + 1 + 4 * 8));
}

#[test]
fn a_step_carries_what_its_action_needs() {
    let job = job(Kind::Cluster, Verb::Restore);
    let members = vec![job.member(Role::New, 2), job.member(Role::New, 1)];
    let ours = Ours {
        database: job.database(Role::New),
        condition: Condition::Ready,
        is_protected: true,
        members: members.clone(),
        foreign_member: None,
    };
    let decided = |ours: &Ours, remains: &Remains| {
        decide(Seen { found: Found::Ours(Box::new(ours.clone())), user: None, remains: remains.clone() })
    };
    let data = Remains::Data { snapshot: "final".to_owned() };
    assert_eq!(decided(&ours, &data), Step::Unprotect(ours.database.clone()));
    let open = Ours { is_protected: false, ..ours };
    assert_eq!(decided(&open, &data), Step::DeleteMembers(members));
    let empty = Ours { members: Vec::new(), ..open };
    assert_eq!(decided(&empty, &data), Step::Delete { database: empty.database.clone(), remains: data.clone() });
    let busy = Ours { condition: Condition::InProgress("backing-up".into()), ..empty.clone() };
    assert_eq!(decided(&busy, &data), Step::Wait { why: "backing-up".into() });
    let failed = Ours { condition: Condition::Failed("failed".into()), ..empty };
    let refusal = Refusal::NoFinalSnapshot(failed.database.clone(), "failed".into());
    assert_eq!(decided(&failed, &data), Step::Refuse(refusal));
}

// Invariant 21.
#[test]
fn a_database_is_compared_with_the_job_by_name_and_tag() {
    let job = job(Kind::Cluster, Verb::Restore);
    let database = observed(&job, Role::New);
    assert_eq!(Found::of(None, &job), Found::Nothing);
    assert!(matches!(Found::of(Some(&database), &job), Found::Ours(_)));
    let mut other = database.clone();
    other.tags = Tags::default();
    assert_eq!(Found::of(Some(&other), &job), Found::Foreign(database.arn.clone()));
    let other = super::job(Kind::Cluster, Verb::Verify);
    assert_eq!(Found::of(Some(&database), &other), Found::Foreign(database.arn.clone()));
}

#[test]
fn members_are_deleted_readers_first_and_only_those_of_the_job() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut database = observed(&job, Role::New);
    let [one, two, three] = [1, 2, 3].map(|nth| member(&job, Role::New, nth, Condition::Ready));
    let gone = ObservedMember { condition: Condition::Deleting, ..member(&job, Role::New, 4, Condition::Ready) };
    database.members = vec![one.clone(), two.clone(), gone, three.clone()];
    let ours = Ours::of(&database, &job);
    assert_eq!((ours.members, ours.foreign_member), (vec![two.arn.clone(), three.arn, one.arn], None));
    let foreign = ObservedMember { tags: Tags::default(), ..two };
    database.members[1] = foreign.clone();
    assert_eq!(Ours::of(&database, &job).foreign_member, Some(foreign.arn));
}

#[test]
fn refusals_say_what_to_do() {
    let job = job(Kind::Instance, Verb::Restore);
    let database = job.database(Role::Old);
    let texts = [
        Refusal::Foreign(database.clone()),
        Refusal::ForeignMember(database.clone()),
        Refusal::InUse(User::Target(job.request().target.clone())),
        Refusal::InUse(User::Dns("db.example.com.".to_owned())),
        Refusal::InUse(User::Job(job.id().clone())),
        Refusal::NoFinalSnapshot(database.clone(), "failed".to_owned()),
    ]
    .map(|refusal| refusal.to_string());
    let id = job.id();
    assert_eq!(
        texts,
        [
            format!("{database} is not of this job, so it is not deleted: rename it, or choose another target"),
            format!(
                "{database} is in the cluster and not of this job, so neither is deleted: delete the instance, and the cluster follows"
            ),
            "it has the name of the target arn:aws:rds:eu-west-1:222222222222:db:orders, so it is not deleted"
                .to_owned(),
            "the DNS record db.example.com. points at it, so it is not deleted: change the record first".to_owned(),
            format!("the job {id} uses it, so it is not deleted: end that job first"),
            format!(
                "{database} is failed, and AWS takes no final snapshot then, so it is not deleted: repair it, or delete it by hand"
            ),
        ]
    );
}
