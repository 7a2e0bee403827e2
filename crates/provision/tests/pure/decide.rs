//! `provision::decide`: each combination, against the table, which is written here once more, row by row and in words.

use protocol::observed::Condition;
use protocol::spec::{Setting, Settings, Value};
use provision::decide::Source;
use provision::decide::*;
use provision::wait::Changes;

use super::*;

/// The name of a step, with what it carries as far as a row decides it.
fn name(step: &Step) -> &'static str {
    match step {
        Step::Refuse(Refusal::Foreign(_)) => "refuse: foreign",
        Step::Refuse(Refusal::Gone(_)) => "refuse: gone",
        Step::Refuse(Refusal::Unfit(_)) => "refuse: unfit",
        Step::Refuse(Refusal::Overdue) => "refuse: overdue",
        Step::Wait { .. } => "wait",
        Step::Start(_) => "start",
        Step::Discard { reason: Reason::Failed(..), .. } => "discard: failed",
        Step::Discard { reason: Reason::Overdue, .. } => "discard: overdue",
        Step::Discard { reason: Reason::Ended(_), .. } => "discard: ended",
        Step::Discard { reason: Reason::Deleting | Reason::Gone, .. } => "discard: deleting or gone",
        Step::Discard { reason: Reason::NoSpec(_), .. } => "discard: no spec",
        Step::GiveUp(Reason::NoSpec(_)) => "give up: no spec",
        Step::GiveUp(Reason::Overdue) => "give up: overdue",
        Step::GiveUp(Reason::Deleting) => "give up: deleting",
        Step::GiveUp(Reason::Ended(_)) => "give up: ended",
        Step::GiveUp(Reason::Gone) => "give up: gone",
        Step::GiveUp(Reason::Failed(..)) => "give up: failed",
        Step::Resume(_) => "resume",
        Step::CreateMembers { .. } => "create members",
        Step::Configure { .. } => "configure",
        Step::Reboot { .. } => "reboot",
        Step::Provisioned { .. } => "provisioned",
    }
}

const DEADLINES: [Deadline; 3] = [Deadline::Ahead, Deadline::PassedForTemporary, Deadline::PassedForLasting];

fn start() -> Start {
    Start {
        engine: "postgres".into(),
        version: "16.3".into(),
        settings: Settings::new(),
        tags: Tags::default(),
        defaults: None,
    }
}

fn ours(job: &Job, condition: &Condition, members: &[Condition], flags: [bool; 7], no_spec: Option<NoSpec>) -> Ours {
    let role = job.request().verb.role();
    let mut observed = observed(job, role);
    observed.condition = condition.clone();
    observed.members = (1..).zip(members).map(|(nth, condition)| member(job, role, nth, condition.clone())).collect();
    let [lacks_writer, lacks_reader, differs, waits_for_reboot, are_changes_recent, has_untagged, has_ended] = flags;
    if has_ended {
        observed.tags.set(tags::JOB_ENDED, "the deadline of the job has passed");
    }
    let start = |nth, is_writer| MemberStart {
        member: job.member(role, nth),
        is_writer,
        engine: "aurora-postgresql".into(),
        settings: Settings::new(),
        tags: Tags::default(),
    };
    let missing = [lacks_writer.then(|| start(1, true)), lacks_reader.then(|| start(9, false))];
    let change = Change {
        database: observed.arn.clone(),
        current: Settings::new(),
        wanted: [(Setting::MultiAz, Value::Flag(true))].into(),
    };
    Ours {
        untagged: has_untagged.then(|| job.member(role, 8)),
        missing: missing.into_iter().flatten().collect(),
        differences: differs.then_some(change).into_iter().collect(),
        reboots: waits_for_reboot.then(|| observed.arn.clone()).into_iter().collect(),
        changes: Changes { count: 3, last: None },
        are_changes_recent,
        no_spec,
        report: vec!["a line".to_owned()],
        observed,
    }
}

/// No member, one, or two, in each pair of conditions. The order of the members decides nothing.
fn member_conditions() -> Vec<Vec<Condition>> {
    let (all, count) = (conditions(), conditions().len());
    let ones = all.iter().map(|one| vec![one.clone()]).collect();
    let pairs = (0..count).flat_map(|one| (one..count).map(move |other| (one, other)));
    let twos = pairs.map(|(one, other)| vec![all[one].clone(), all[other].clone()]).collect();
    [vec![Vec::new()], ones, twos].concat()
}

/// Every state of the spec.
fn no_specs() -> [Option<NoSpec>; 4] {
    [None, Some(NoSpec::NotYet), Some(NoSpec::Temporary("damaged".into())), Some(NoSpec::Lasting("damaged".into()))]
}

/// The row of a database of the job.
fn row(
    condition: &Condition,
    members: &[Condition],
    [lacks_writer, lacks_reader, differs, waits_for_reboot, are_changes_recent, has_untagged, has_ended]: [bool; 7],
    no_spec: Option<&NoSpec>,
    deadline: Deadline,
) -> &'static str {
    let has = |wanted: fn(&Condition) -> bool| members.iter().any(wanted);
    let is_failed = |it: &Condition| matches!(it, Condition::Failed(_));
    let is_busy = |it: &Condition| matches!(it, Condition::InProgress(_) | Condition::Stopped | Condition::Deleting);
    let is_as_wanted = !(lacks_writer || lacks_reader || differs || waits_for_reboot || has_untagged);
    let unfinished = match (condition, no_spec) {
        (Condition::Deleting, _) if has_ended => return "give up: ended",
        (Condition::Deleting, _) => return "give up: deleting",
        _ if has_ended => return "discard: ended",
        _ if deadline == Deadline::PassedForTemporary => return "discard: overdue",
        _ if is_failed(condition) || has(is_failed) => {
            return if deadline == Deadline::Ahead { "discard: failed" } else { "give up: failed" };
        }
        (_, Some(NoSpec::Temporary(_))) => return "discard: no spec",
        (_, Some(NoSpec::Lasting(_))) => return "give up: no spec",
        (Condition::Stopped, _) => Some("resume"),
        (_, Some(NoSpec::NotYet)) => Some("wait"),
        _ if is_busy(condition) => Some("wait"),
        (Condition::BackingUp, _) if !is_as_wanted => Some("wait"),
        _ if has_untagged => Some("wait"),
        _ if lacks_writer => Some("create members"),
        _ if has(is_busy) || (!is_as_wanted && members.contains(&Condition::BackingUp)) => Some("wait"),
        _ if lacks_reader => Some("create members"),
        _ if is_as_wanted => None,
        _ if are_changes_recent => Some("wait"),
        _ if differs => Some("configure"),
        _ if waits_for_reboot => Some("reboot"),
        _ => None,
    };
    match unfinished {
        None => "provisioned",
        Some(_) if deadline == Deadline::PassedForLasting => "give up: overdue",
        Some(row) => row,
    }
}

// Invariants 21 and 22.
#[test]
fn each_combination_has_the_step_of_its_row() {
    let job = job(Kind::Cluster, Verb::Restore);
    let mut count = 0;
    for deadline in DEADLINES {
        let late = deadline != Deadline::Ahead;
        let foreign = Found::Foreign(job.request().target.clone());
        let nothing = [
            (Source::NotReady("creating".into()), "wait"),
            (Source::Gone("gone".into()), "refuse: gone"),
            (Source::Unfit(vec!["unfit".into()]), "refuse: unfit"),
            (Source::Ready(Box::new(start())), "start"),
        ];
        let mut expect = |found: Found, row: &str| {
            let seen = Seen { found, deadline };
            let step = decide(seen.clone());
            assert_eq!(name(&step), row, "{seen:?}");
            count += 1;
        };
        expect(foreign, "refuse: foreign");
        expect(Found::Untagged(job.new_database()), "wait");
        expect(Found::NotVisible, "wait");
        expect(Found::Gone, "give up: gone");
        for (source, row) in nothing {
            expect(Found::Nothing(source), if late { "refuse: overdue" } else { row });
        }
        for (condition, no_spec) in
            conditions().iter().flat_map(|condition| no_specs().map(|no_spec| (condition, no_spec)))
        {
            for members in member_conditions() {
                // The end of a job decides before all but the deletion: with nothing else, and with everything.
                for flags in (0..64).chain([64, 127]) {
                    let flags = [1, 2, 4, 8, 16, 32, 64].map(|flag| flags & flag > 0);
                    let row = row(condition, &members, flags, no_spec.as_ref(), deadline);
                    let ours = ours(&job, condition, &members, flags, no_spec.clone());
                    expect(Found::Ours(Box::new(ours)), row);
                }
            }
        }
    }
    // Three deadlines, each with: foreign, not tagged, not visible, gone, four states of the source, and 6 conditions x 4 of the spec x
    // 28 of members x 66.
    assert_eq!(count, 3 * (4 + 4 + 6 * 4 * 28 * 66));
}

#[test]
fn a_step_carries_what_its_action_needs() {
    let job = job(Kind::Cluster, Verb::Verify);
    let decided = |ours: &Ours| decide(Seen { found: Found::Ours(Box::new(ours.clone())), deadline: Deadline::Ahead });
    let all = ours(&job, &Condition::Ready, &[Condition::Ready], [true, true, true, true, false, false, false], None);
    let create =
        |members: &[MemberStart]| Step::CreateMembers { cluster: all.observed.arn.clone(), members: members.to_vec() };
    assert_eq!(decided(&all), create(&all.missing[..1]));
    let lacks_reader = Ours { missing: all.missing[1..].to_vec(), ..all.clone() };
    assert_eq!(decided(&lacks_reader), create(&all.missing[1..]));
    let differs = Ours { missing: Vec::new(), ..all.clone() };
    let (database, changes) = (all.observed.arn.clone(), all.differences.clone());
    assert_eq!(decided(&differs), Step::Configure { database, changes, before: 3 });
    let reboots = Ours { differences: Vec::new(), ..differs };
    let (database, instances) = (all.observed.arn.clone(), all.reboots.clone());
    assert_eq!(decided(&reboots), Step::Reboot { database, instances, before: 3 });
    let done = Ours { reboots: Vec::new(), ..reboots };
    let database = Box::new(done.observed.clone());
    assert_eq!(decided(&done), Step::Provisioned { database, report: done.report.clone() });
    let failed =
        ours(&job, &Condition::Ready, &[Condition::Ready, Condition::Failed("failed".into())], [false; 7], None);
    let reason = Reason::Failed(job.member(Role::Verify, 2), "failed".into());
    assert_eq!(decided(&failed), Step::Discard { database: Box::new(failed.observed.clone()), reason });
    let busy = ours(&job, &Condition::Ready, &[Condition::InProgress("rebooting".into())], [false; 7], None);
    let why = format!("{}: rebooting", job.member(Role::Verify, 1).id());
    assert_eq!(decided(&busy), Step::Wait { why, database: Some(Box::new(busy.observed.clone())) });
    let deleting = ours(&job, &Condition::Ready, &[Condition::Deleting], [false; 7], None);
    let why = format!("{}: deleting", job.member(Role::Verify, 1).id());
    assert_eq!(decided(&deleting), Step::Wait { why, database: Some(Box::new(deleting.observed.clone())) });
    let stopped = ours(&job, &Condition::Ready, &[Condition::Stopped], [false; 7], None);
    let why = format!("{}: stopped", job.member(Role::Verify, 1).id());
    assert_eq!(decided(&stopped), Step::Wait { why, database: Some(Box::new(stopped.observed.clone())) });
    let stopped = ours(&job, &Condition::Stopped, &[Condition::Stopped], [false; 7], None);
    assert_eq!(decided(&stopped), Step::Resume(stopped.observed.arn.clone()));
    let ended = ours(&job, &Condition::Ready, &[], [true, true, true, true, false, true, true], None);
    let reason = Reason::Ended("the deadline of the job has passed".into());
    assert_eq!(decided(&ended), Step::Discard { database: Box::new(ended.observed.clone()), reason });
}

// Invariant 21: an instance that a person has added to the cluster does not end the job.
#[test]
fn only_members_of_the_job_can_fail_it() {
    let job = job(Kind::Cluster, Verb::Restore);
    let failed = Condition::Failed("incompatible-parameters".into());
    let mut cluster = ours(&job, &Condition::Ready, &[Condition::Ready, failed], [false; 7], None);
    let decided = |ours: &Ours| {
        let found = Found::Ours(Box::new(ours.clone()));
        name(&decide(Seen { found, deadline: Deadline::Ahead }))
    };
    assert_eq!(decided(&cluster), "discard: failed");
    cluster.observed.members[1].tags = Tags::default();
    assert_eq!(decided(&cluster), "provisioned");
    // AWS may apply a change of it only in its maintenance window.
    cluster.observed.members[1].condition = Condition::InProgress("pending: DBInstanceClass".into());
    assert_eq!(decided(&cluster), "provisioned");
    cluster.observed.members[1].condition = Condition::Failed("incompatible-parameters".into());
    cluster.observed.members[1].tags = job.to_tags();
    cluster.observed.members[1].arn = DatabaseArn::new(Kind::Instance, place(), "reports").unwrap();
    assert_eq!(decided(&cluster), "provisioned");
}

#[test]
fn the_reasons_of_the_end_say_what_to_do() {
    let job = job(Kind::Instance, Verb::Verify);
    let id = job.new_database().id().to_owned();
    let texts = [
        Reason::Failed(job.new_database(), "failed".into()),
        Reason::Overdue,
        Reason::Ended("it had failed".into()),
        Reason::Deleting,
        Reason::Gone,
    ]
    .map(|reason| reason.to_string());
    assert_eq!(
        texts,
        [
            format!("AWS reports the status failed for {id}: see its events in RDS (aws rds describe-events)"),
            "the deadline of the job has passed".to_owned(),
            "it had failed".to_owned(),
            "the database of the job is being deleted: request the job again".to_owned(),
            "the database of the job was deleted: request the job again".to_owned(),
        ]
    );
}
