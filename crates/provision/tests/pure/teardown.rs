//! `teardown::decide`: each combination, against the table, which is written here once more, row by row and in words.

use provision::teardown::*;
use provision::{User, identity};

use super::*;

fn name(step: &Step) -> &'static str {
    match step {
        Step::Refuse(Refusal::Foreign(_)) => "refuse: foreign",
        Step::Refuse(Refusal::ForeignMember(_)) => "refuse: foreign member",
        Step::Refuse(Refusal::InUse(_)) => "refuse: in use",
        Step::Refuse(Refusal::NoFinalSnapshot(..)) => "refuse: no final snapshot",
        Step::Refuse(Refusal::FinalNameTaken(_)) => "refuse: final name is taken",
        Step::Refuse(Refusal::FinalSnapshotMissing(_)) => "refuse: final snapshot is missing",
        Step::Refuse(Refusal::Elsewhere(_)) => "refuse: elsewhere",
        Step::Resume(_) => "resume",
        Step::Unprotect(_) => "unprotect",
        Step::DeleteMembers(_) => "delete members",
        Step::Delete { remains: Remains::Nothing, .. } => "delete: nothing remains",
        Step::Delete { remains: Remains::Data { .. } | Remains::NameTaken { .. }, .. } => "delete: data remain",
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
    let count: usize = Kind::ALL.into_iter().map(each_combination_of).sum();
    // Two kinds, four users x three that remain, each with: nothing, not visible, nothing remains, not tagged yet, foreign, and 6 conditions x 32.
    assert_eq!(count, 2 * 4 * 3 * (5 + 6 * 32));
}

fn each_combination_of(kind: Kind) -> usize {
    let job = job(kind, Verb::Restore);
    let data = Remains::Data { snapshot: job.final_snapshot() };
    let mut count = 0;
    let taken = Remains::NameTaken { snapshot: job.final_snapshot() };
    let remains = [Remains::Nothing, data, taken.clone()];
    for (user, remains) in users(&job).into_iter().flat_map(|user| remains.clone().map(|it| (user.clone(), it))) {
        let mut expect = |found: Found, row: &str| {
            let seen = Seen { found, user: user.clone(), remains: remains.clone() };
            let step = decide(seen.clone());
            assert_eq!(name(&step), row, "{seen:?}");
            count += 1;
        };
        expect(Found::Nothing, "torn down");
        expect(Found::NotVisible, "wait");
        expect(Found::NothingRemains(job.final_snapshot()), "refuse: final snapshot is missing");
        expect(Found::Untagged(job.database(Role::Old)), "wait");
        expect(Found::Foreign(job.request().target.clone()), "refuse: foreign");
        for condition in conditions() {
            for flags in 0..32 {
                let [is_protected, has_members, has_foreign_member, has_untagged_member, has_ended] =
                    [1, 2, 4, 8, 16].map(|flag| flags & flag > 0);
                let ours = Ours {
                    database: job.database(Role::Old),
                    condition: condition.clone(),
                    has_ended,
                    is_protected,
                    members: has_members.then(|| job.member(Role::Old, 1)).into_iter().collect(),
                    foreign_member: has_foreign_member.then(|| job.request().target.clone()),
                    untagged_member: has_untagged_member.then(|| job.member(Role::New, 2)),
                };
                let stays = remains != Remains::Nothing;
                let row = match &condition {
                    _ if user.is_some() => "refuse: in use",
                    Condition::Deleting => "wait",
                    _ if has_foreign_member => "refuse: foreign member",
                    _ if has_untagged_member => "wait",
                    _ if remains == taken => "refuse: final name is taken",
                    Condition::Failed(_) if stays => "refuse: no final snapshot",
                    Condition::Stopped if stays || is_protected || kind == Kind::Cluster => "resume",
                    _ if is_protected => "unprotect",
                    Condition::InProgress(_) | Condition::BackingUp if stays => "wait",
                    _ if has_members => "delete members",
                    _ if stays => "delete: data remain",
                    _ => "delete: nothing remains",
                };
                expect(Found::Ours(Box::new(ours)), row);
            }
        }
    }
    count
}

#[test]
fn a_step_carries_what_its_action_needs() {
    let job = job(Kind::Cluster, Verb::Restore);
    let members = vec![job.member(Role::New, 2), job.member(Role::New, 1)];
    let ours = Ours {
        database: job.database(Role::New),
        condition: Condition::Ready,
        has_ended: false,
        is_protected: true,
        members: members.clone(),
        foreign_member: None,
        untagged_member: None,
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
    for (condition, why) in
        [(Condition::BackingUp, "backing-up"), (Condition::InProgress("modifying".into()), "modifying")]
    {
        let busy = Ours { condition, ..empty.clone() };
        assert_eq!(decided(&busy, &data), Step::Wait { why: why.into() });
    }
    let stopped = Ours { condition: Condition::Stopped, ..empty.clone() };
    assert_eq!(decided(&stopped, &data), Step::Resume(stopped.database.clone()));
    let failed = Ours { condition: Condition::Failed("failed".into()), ..empty };
    let refusal = Refusal::NoFinalSnapshot(failed.database.clone(), "failed".into());
    assert_eq!(decided(&failed, &data), Step::Refuse(refusal));
}

// Otherwise a look at the same time would create the members again.
#[test]
fn a_database_says_that_its_job_has_ended_unless_data_remain() {
    let job = job(Kind::Cluster, Verb::Verify);
    let (database, torn_down) = (job.new_database(), Some("the database is torn down"));
    let delete = Step::Delete { database: database.clone(), remains: Remains::Nothing };
    let rows = [
        (Step::Resume(database.clone()), torn_down),
        (Step::Unprotect(database.clone()), torn_down),
        (Step::DeleteMembers(vec![job.member(Role::Verify, 1)]), torn_down),
        (delete, None),
        (Step::Wait { why: "deleting".into() }, None),
        (Step::TornDown, None),
        (Step::Refuse(Refusal::Foreign(database.clone())), None),
    ];
    for (step, value) in rows {
        let ours = Ours::of(&observed(&job, Role::Verify), &job, Role::Verify, now());
        let seen = |ours: &Ours, remains| Seen { found: Found::Ours(Box::new(ours.clone())), user: None, remains };
        let open = seen(&ours, Remains::Nothing);
        let marked = |reason: Option<&str>| mark(&open, &step, reason).map(|mark| (mark.database, mark.value));
        assert_eq!(marked(None), value.map(|value| (database.clone(), value.to_owned())), "{step:?}");
        let changes = !matches!(step, Step::Wait { .. } | Step::TornDown | Step::Refuse(_));
        let failed = Some("AWS reports failed: (out of disk)");
        let expected = changes.then(|| (database.clone(), "AWS reports failed: out of disk".to_owned()));
        assert_eq!(marked(failed), expected, "{step:?}");
        let ended = Ours { has_ended: true, ..ours.clone() };
        assert_eq!(mark(&seen(&ended, Remains::Nothing), &step, failed), None);
        assert_eq!(mark(&seen(&ours, Remains::Data { snapshot: "final".into() }), &step, failed), None);
        assert_eq!(mark(&Seen { found: Found::Nothing, ..open.clone() }, &step, failed), None);
    }
}

// Invariant 21.
#[test]
fn a_database_is_compared_with_the_job_by_name_and_tag() {
    let job = job(Kind::Cluster, Verb::Restore);
    let database = observed(&job, Role::New);
    let of = |observed: Option<&Observed>, job: &Job| Found::of(observed, job, Role::New, now());
    assert_eq!(of(None, &job), Found::Nothing);
    assert!(matches!(of(Some(&database), &job), Found::Ours(_)));
    let mut other = database.clone();
    other.tags = Tags::default();
    assert_eq!(of(Some(&other), &job), Found::Foreign(database.arn.clone()));
    let other = super::job(Kind::Cluster, Verb::Verify);
    assert_eq!(of(Some(&database), &other), Found::Foreign(database.arn.clone()));
}

// Invariants 20 and 21. The old database and the new one both have the tag of the job, and a person can give either the name of the other.
#[test]
fn the_old_database_is_the_one_that_is_replaced_and_no_other_role_has_it() {
    let job = job(Kind::Instance, Verb::Restore);
    for role in [Role::New, Role::Old] {
        let right = observed(&job, role);
        assert!(matches!(Found::of(Some(&right), &job, role, now()), Found::Ours(_)));
        let other = if role == Role::Old { Role::New } else { Role::Old };
        let renamed = Observed { resource_id: observed(&job, other).resource_id, ..right.clone() };
        assert_eq!(Found::of(Some(&renamed), &job, role, now()), Found::Foreign(right.arn));
    }
}

// RDS describes a database before it describes its tags.
#[test]
fn a_new_database_without_a_tag_is_waited_for_and_is_foreign_later() {
    let job = job(Kind::Instance, Verb::Restore);
    let found = |created: Option<DateTime<Utc>>, tags: Tags, now: DateTime<Utc>| {
        let untagged = Observed { created, tags, ..observed(&job, Role::New) };
        Found::of(Some(&untagged), &job, Role::New, now)
    };
    let at = |created, tags| found(created, tags, now());
    let arn = job.new_database();
    let ago = |seconds| Some(now() - TimeDelta::seconds(seconds));
    assert_eq!(at(None, Tags::default()), Found::Untagged(arn.clone()));
    assert_eq!(at(ago(299), Tags::default()), Found::Untagged(arn.clone()));
    assert_eq!(at(ago(300), Tags::default()), Found::Foreign(arn.clone()));
    assert_eq!(at(ago(0), Tags::from_iter([(tags::JOB, "ba9876543210")])), Found::Foreign(arn.clone()));
    // Its time of creation is stated when the creation has ended. It may never end, and may begin in the last second.
    let latest = job.request().deadline + identity::LATE;
    let second = TimeDelta::seconds(1);
    assert_eq!(found(None, Tags::default(), latest - second), Found::Untagged(arn.clone()));
    assert_eq!(found(None, Tags::default(), latest), Found::Foreign(arn.clone()));
    // It is never stated if the creation has failed.
    let condition = Condition::Failed("incompatible-restore".to_owned());
    let failed = Observed { created: None, tags: Tags::default(), condition, ..observed(&job, Role::New) };
    assert_eq!(Found::of(Some(&failed), &job, Role::New, now()), Found::Foreign(arn));
}

#[test]
fn members_are_deleted_readers_first_and_only_those_of_the_job() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut database = observed(&job, Role::New);
    let [one, two, three] = [1, 2, 3].map(|nth| member(&job, Role::New, nth, Condition::Ready));
    let gone = ObservedMember { condition: Condition::Deleting, ..member(&job, Role::New, 4, Condition::Ready) };
    database.members = vec![one.clone(), two.clone(), gone, three.clone()];
    let ours = Ours::of(&database, &job, Role::New, now());
    assert_eq!((ours.members, ours.foreign_member), (vec![two.arn.clone(), three.arn, one.arn], None));
    assert!(!ours.has_ended);
    database.tags.set(tags::JOB_ENDED, "the database is torn down");
    assert!(Ours::of(&database, &job, Role::New, now()).has_ended);
    let foreign = ObservedMember { tags: Tags::default(), ..two };
    database.members[1] = foreign.clone();
    let of = |database: &Observed| {
        let ours = Ours::of(database, &job, Role::New, now());
        (ours.foreign_member, ours.untagged_member)
    };
    assert_eq!(of(&database), (Some(foreign.arn.clone()), None));
    // The tags of one that was created a moment ago may follow.
    let new = ObservedMember { created: Some(now() - TimeDelta::minutes(4)), ..foreign.clone() };
    database.members[1] = new.clone();
    assert_eq!(of(&database), (None, Some(foreign.arn)));
    let elsewhere = DatabaseArn::new(Kind::Instance, place(), "reports").unwrap();
    database.members[1] = ObservedMember { arn: elsewhere.clone(), ..new };
    assert_eq!(of(&database), (Some(elsewhere), None));
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
        Refusal::FinalNameTaken("draco-final-a".to_owned()),
        Refusal::FinalSnapshotMissing("draco-final-a".to_owned()),
        Refusal::Elsewhere(place()),
    ]
    .map(|refusal| refusal.to_string());
    let id = job.id();
    assert_eq!(
        texts,
        [
            format!("{database} does not belong to this job, so it is not deleted: rename it, or choose another target"),
            format!(
                "{database} is in the cluster and does not belong to this job, so neither is deleted: delete the instance, and Draco deletes the cluster"
            ),
            "the database has the name of the target, arn:aws:rds:eu-west-1:222222222222:db:orders, so it is not deleted: give the target's name to another database first"
                .to_owned(),
            "the DNS record db.example.com. points at the database, so it is not deleted: change the record first".to_owned(),
            format!("the job {id} uses the database, so it is not deleted: end that job first"),
            format!(
                "{database} has the status failed, in which AWS takes no final snapshot, so it is not deleted: repair it, or delete it by hand"
            ),
            "the snapshot draco-final-a is of another database, so the final snapshot cannot have that name, and nothing is deleted: rename or delete that snapshot".to_owned(),
            "the old database is gone, and there is no final snapshot draco-final-a of it: look for its automated backups (aws rds describe-db-instance-automated-backups)".to_owned(),
            "the job is for the account 222222222222 and the region eu-west-1: run it there".to_owned(),
        ]
    );
}
