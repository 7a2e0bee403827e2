//! The table of the decision: each row, and what holds for every combination.

use protocol::spec::Spec;
use provision::decide::{Reason, Step as Provision};
use restorer::decide::{Refusal, Step, decide};
use restorer::marks::Mark;
use restorer::members::Move;
use restorer::seen::{Arrived, Aside, Beside, Course, Keep, New, Old, Progress, Seen, Side, Target};

use super::*;

const HOUR: TimeDelta = TimeDelta::hours(1);

fn arn(name: &str) -> DatabaseArn {
    DatabaseArn::new(Kind::Instance, place(), name).unwrap()
}

fn side(name: &str) -> Side {
    Side { arn: arn(name), resource_id: format!("db-{name}"), condition: Condition::Ready, asked: None }
}

fn observed(name: &str) -> Box<Observed> {
    Box::new(Observed {
        arn: arn(name),
        resource_id: String::new(),
        created: None,
        condition: Condition::Ready,
        is_protected: false,
        needs_reboot: false,
        spec: Spec::new(Kind::Instance, "postgres", "16.3"),
        members: Vec::new(),
        endpoint: None,
        secret: None,
        has_impaired_secret: false,
        failed_groups: Vec::new(),
        latest_restorable: None,
        vpc: None,
        tags: protocol::Tags::default(),
    })
}

fn old(name: &str) -> Box<Old> {
    Box::new(Old {
        side: side(name),
        moves: Vec::new(),
        is_protected: true,
        mark: None,
        is_tagged: name != "orders",
        tagged_members: Vec::new(),
        is_incomplete: false,
        held_by: None,
    })
}

fn of_job() -> Box<Old> {
    let mark = Some(Mark { resource_id: "db-orders".to_owned(), was_protected: Some(false), rename: None });
    Box::new(Old { is_tagged: true, mark, ..*old("orders") })
}

fn beside(progress: Progress) -> New {
    New::Ours(Box::new(Beside { side: side("new"), was_asked: false, moves: Vec::new(), progress }))
}

fn wait() -> Box<Provision> {
    Box::new(Provision::Wait { why: "creating".to_owned(), database: None })
}

fn complete() -> New {
    beside(Progress::Complete { database: observed("new"), report: Vec::new() })
}

fn lost() -> New {
    beside(Progress::Lost(Box::new(Provision::GiveUp(Reason::Gone))))
}

fn arrived(keep: Keep) -> Target {
    Target::New(Box::new(Arrived {
        side: side("orders"),
        moves: Vec::new(),
        keep,
        missing: Vec::new(),
        has_endpoint: true,
        database: observed("orders"),
        report: Vec::new(),
    }))
}

fn with(condition: Condition, new: New) -> New {
    match new {
        New::Ours(beside) => New::Ours(Box::new(Beside { side: Side { condition, ..beside.side }, ..*beside })),
        new => new,
    }
}

fn busy() -> Condition {
    Condition::InProgress("renaming".to_owned())
}

/// The name of the step, and why a person has to decide.
fn name(step: &Step) -> String {
    match step {
        Step::Refuse(Refusal::TargetTaken { .. }) => "Refuse: taken".to_owned(),
        Step::Refuse(Refusal::Foreign(_)) => "Refuse: foreign".to_owned(),
        Step::Refuse(Refusal::Moved(_)) => "Refuse: moved".to_owned(),
        Step::Refuse(Refusal::Held(..)) => "Refuse: held".to_owned(),
        Step::Refuse(Refusal::MembersMissing(..)) => "Refuse: members".to_owned(),
        step => format!("{step:?}").split([' ', '(', '{']).next().unwrap().to_owned(),
    }
}

fn step(course: Course, target: Target, new: New, aside: Aside) -> String {
    name(&decide(Seen { target, new, aside, course, approval: Approval::Given }))
}

fn forward(target: Target, new: New, aside: Aside) -> String {
    step(Course::Forward, target, new, aside)
}

fn undo(target: Target, new: New, aside: Aside) -> String {
    step(Course::Undo, target, new, aside)
}

fn is_old() -> Target {
    Target::Old(old("orders"))
}

fn is_aside() -> Aside {
    Aside::Old(old("aside"))
}

#[test]
fn each_row_of_a_restore() {
    let foreign = || Target::Foreign(arn("orders"));
    let elsewhere = || Aside::Elsewhere(arn("by-hand"));
    assert_eq!(forward(foreign(), complete(), is_aside()), "Refuse: taken");
    assert_eq!(forward(foreign(), complete(), Aside::Never), "Refuse: foreign");
    assert_eq!(forward(is_old(), complete(), elsewhere()), "Refuse: moved");
    assert_eq!(forward(Target::Nothing, complete(), elsewhere()), "Refuse: moved");
    assert_eq!(forward(is_old(), complete(), Aside::Foreign(arn("aside"))), "Refuse: foreign");
    assert_eq!(forward(is_old(), New::Foreign(arn("new")), Aside::Nothing), "Refuse: foreign");
    assert_eq!(forward(is_old(), New::NotYet(wait()), Aside::Nothing), "Provision");
    assert_eq!(forward(is_old(), beside(Progress::Unfinished(wait())), Aside::Nothing), "Provision");
    assert_eq!(forward(is_old(), lost(), Aside::Nothing), "Provision");
    assert_eq!(forward(Target::Old(of_job()), lost(), Aside::Nothing), "Clean");
    assert_eq!(forward(is_old(), complete(), Aside::Nothing), "SetAside");
    assert_eq!(forward(is_old(), with(Condition::BackingUp, complete()), Aside::Nothing), "Wait");
    assert_eq!(forward(Target::Nothing, with(busy(), complete()), is_aside()), "Wait");
    assert_eq!(forward(Target::Nothing, complete(), is_aside()), "TakeName");
    assert_eq!(forward(Target::Nothing, beside(Progress::Unfinished(wait())), is_aside()), "TakeName");
    for gone in [lost(), New::NotVisible, New::NotYet(wait()), New::Foreign(arn("new"))] {
        assert_eq!(forward(Target::Nothing, gone, is_aside()), "PutBack");
    }
    assert_eq!(forward(Target::Nothing, New::Old(old("new")), Aside::Nothing), "PutBack");
    assert_eq!(forward(Target::Nothing, New::Foreign(arn("new")), Aside::Never), "Refuse: foreign");
    assert_eq!(forward(Target::Nothing, New::NotYet(wait()), Aside::Never), "Provision");
    assert_eq!(forward(Target::Nothing, complete(), Aside::Never), "TakeName");
    assert_eq!(forward(arrived(Keep::Unconfirmed), New::Nothing, is_aside()), "Confirm");
    let Target::New(it) = arrived(Keep::Unconfirmed) else { panic!() };
    let lacking = Target::New(Box::new(Arrived { missing: vec!["reader".to_owned()], ..(*it).clone() }));
    assert_eq!(forward(lacking, New::Nothing, is_aside()), "Refuse: members");
    let without_endpoint = Target::New(Box::new(Arrived { has_endpoint: false, ..*it }));
    assert_eq!(forward(without_endpoint, New::Nothing, is_aside()), "Wait");
    let unprotected = Aside::Old(Box::new(Old { is_protected: false, ..*old("aside") }));
    assert_eq!(forward(arrived(Keep::Unconfirmed), New::Nothing, unprotected), "Secure");
    assert_eq!(forward(arrived(Keep::Lasts(HOUR)), New::Nothing, is_aside()), "Keep");
    assert_eq!(forward(arrived(Keep::Over), New::Nothing, is_aside()), "TearDownOld");
    assert_eq!(forward(arrived(Keep::Over), New::Nothing, Aside::Nothing), "TearDownOld");
    assert_eq!(forward(arrived(Keep::Over), New::Nothing, Aside::Never), "Done");
    assert_eq!(forward(arrived(Keep::Over), New::Nothing, elsewhere()), "Done");
}

#[test]
fn each_row_of_an_undo() {
    let foreign = || Target::Foreign(arn("orders"));
    assert_eq!(undo(foreign(), complete(), is_aside()), "Refuse: taken");
    assert_eq!(undo(foreign(), complete(), Aside::Never), "TearDownNew");
    assert_eq!(undo(Target::Old(of_job()), complete(), Aside::Nothing), "Clean");
    assert_eq!(undo(is_old(), complete(), Aside::Nothing), "TearDownNew");
    assert_eq!(undo(is_old(), New::NotVisible, Aside::Nothing), "Wait");
    assert_eq!(undo(Target::Nothing, complete(), Aside::Elsewhere(arn("by-hand"))), "Refuse: moved");
    assert_eq!(undo(Target::Nothing, complete(), is_aside()), "PutBack");
    assert_eq!(undo(Target::Nothing, with(busy(), complete()), is_aside()), "Wait");
    assert_eq!(undo(Target::Nothing, New::Nothing, is_aside()), "PutBack");
    assert_eq!(undo(Target::Nothing, New::Old(old("new")), Aside::Nothing), "PutBack");
    assert_eq!(undo(Target::Nothing, complete(), Aside::Never), "TearDownNew");
    for keep in [Keep::Unconfirmed, Keep::Lasts(HOUR), Keep::Over] {
        assert_eq!(undo(arrived(keep), New::Nothing, is_aside()), "GiveName");
        assert_eq!(undo(arrived(keep), New::Nothing, Aside::Nothing), "TooLate");
        let incomplete = Old { is_incomplete: true, ..*old("aside") };
        assert_eq!(undo(arrived(keep), New::Nothing, Aside::Old(Box::new(incomplete))), "TooLate");
    }
}

#[test]
fn without_approval_it_asks_and_at_once_it_interrupts_first() {
    let step =
        |approval, target, new, aside| name(&decide(Seen { target, new, aside, course: Course::Forward, approval }));
    assert_eq!(step(Approval::Ask, is_old(), complete(), Aside::Nothing), "Ask");
    assert_eq!(step(Approval::Ask, is_old(), New::NotYet(wait()), Aside::Nothing), "Provision");
    let start = || {
        New::NotYet(Box::new(Provision::Start(Box::new(provision::decide::Start {
            engine: String::new(),
            version: String::new(),
            settings: Settings::new(),
            tags: protocol::Tags::default(),
            defaults: None,
        }))))
    };
    assert_eq!(step(Approval::Given, is_old(), start(), Aside::Nothing), "Provision");
    assert_eq!(step(Approval::AtOnce, is_old(), start(), Aside::Nothing), "SetAside");
    assert_eq!(step(Approval::AtOnce, is_old(), New::NotYet(wait()), Aside::Nothing), "Provision");
    assert_eq!(step(Approval::AtOnce, Target::Nothing, start(), is_aside()), "Provision");
    assert_eq!(step(Approval::Given, Target::Nothing, start(), is_aside()), "PutBack");
    assert_eq!(step(Approval::AtOnce, Target::Nothing, beside(Progress::Unfinished(wait())), is_aside()), "Provision");
    assert_eq!(step(Approval::AtOnce, Target::Nothing, lost(), is_aside()), "PutBack");
    assert_eq!(step(Approval::AtOnce, Target::Nothing, complete(), is_aside()), "TakeName");
}

#[test]
fn another_job_that_keeps_its_old_database_is_waited_for() {
    let job = protocol::job::names::parse("draco-old-orders-1a2b3c4d5e6f").unwrap().1;
    let held = || Target::Old(Box::new(Old { held_by: Some((job.clone(), arn("kept"))), ..*old("orders") }));
    assert_eq!(forward(held(), New::NotYet(wait()), Aside::Nothing), "Refuse: held");
    assert_eq!(forward(held(), complete(), Aside::Nothing), "Refuse: held");
    assert_eq!(undo(held(), complete(), Aside::Nothing), "TearDownNew");
}

/// After AWS has accepted a rename, no step renames the database back while AWS still describes it under its old name.
#[test]
fn a_rename_that_was_requested_a_moment_ago_is_waited_for() {
    let asked = |to: &str| Some(to.to_owned());
    let old_asked = || Old { side: Side { asked: asked("aside"), ..side("orders") }, ..*of_job() };
    assert_eq!(forward(Target::Old(Box::new(old_asked())), complete(), Aside::Nothing), "Wait");
    assert_eq!(undo(Target::Old(Box::new(old_asked())), complete(), Aside::Nothing), "Wait");
    let New::Ours(beside) = complete() else { panic!() };
    let new_asked = New::Ours(Box::new(Beside { side: Side { asked: asked("orders"), ..side("new") }, ..*beside }));
    assert_eq!(undo(Target::Nothing, new_asked.clone(), is_aside()), "Wait");
    assert_eq!(forward(Target::Nothing, new_asked, is_aside()), "TakeName");
    let Target::New(it) = arrived(Keep::Over) else { panic!() };
    let going = Old { is_incomplete: true, ..*old("aside") };
    assert_eq!(undo(Target::Nothing, complete(), Aside::Old(Box::new(going))), "TakeName");
    let giving = Target::New(Box::new(Arrived { side: Side { asked: asked("new"), ..side("orders") }, ..*it }));
    assert_eq!(undo(giving, New::Nothing, is_aside()), "Wait");
}

#[test]
fn members_follow_the_old_ones_first_and_readers_before_the_writer() {
    let of = |name: &str, is_writer| Move {
        member: arn(name),
        to: arn(&format!("{name}-2")),
        is_writer,
        is_busy: false,
        tags: protocol::Tags::default(),
    };
    let moves = vec![of("w", true), of("r", false)];
    let Target::New(it) = arrived(Keep::Unconfirmed) else { panic!() };
    let confirm = |moves: &[Move], old_moves: &[Move]| {
        let target = Target::New(Box::new(Arrived { moves: moves.to_vec(), ..(*it).clone() }));
        let aside = Aside::Old(Box::new(Old { moves: old_moves.to_vec(), ..*old("aside") }));
        decide(Seen { target, new: New::Nothing, aside, course: Course::Forward, approval: Approval::Given })
    };
    assert_eq!(confirm(&moves, &moves), Step::MoveMembers(moves.clone()));
    assert_eq!(confirm(&moves, &[]), Step::MoveMembers(vec![moves[1].clone()]));
    assert_eq!(confirm(&moves[..1], &[]), Step::MoveMembers(vec![moves[0].clone()]));
    assert_eq!(name(&confirm(&[], &[])), "Confirm");
}

/// In every combination, no database is renamed to a name in use, no database that may be needed is torn down, and no foreign database is changed.
#[test]
fn no_combination_touches_what_it_must_not() {
    let conditions = || {
        [
            Condition::Ready,
            Condition::BackingUp,
            busy(),
            Condition::Stopped,
            Condition::Failed("failed".to_owned()),
            Condition::Deleting,
        ]
    };
    let olds = |name: &str, condition: Condition| -> [Box<Old>; 2] {
        let side = Side { condition, ..side(name) };
        [Box::new(Old { side: side.clone(), ..*old(name) }), Box::new(Old { side, is_tagged: true, ..*of_job() })]
    };
    let keeps = [Keep::Unconfirmed, Keep::Lasts(HOUR), Keep::Over];
    let mut targets = vec![Target::Nothing, Target::Foreign(arn("orders"))];
    let mut asides = vec![Aside::Never, Aside::Nothing, Aside::Foreign(arn("aside")), Aside::Elsewhere(arn("by-hand"))];
    let mut news = vec![New::Nothing, New::NotVisible, New::Foreign(arn("new")), New::NotYet(wait())];
    for condition in conditions() {
        targets.extend(olds("orders", condition.clone()).map(Target::Old));
        asides.extend(olds("aside", condition.clone()).map(Aside::Old));
        news.extend([complete(), lost(), beside(Progress::Unfinished(wait()))].map(|new| with(condition.clone(), new)));
        for keep in keeps {
            let Target::New(it) = arrived(keep) else { panic!() };
            let side = Side { condition: condition.clone(), ..side("orders") };
            targets.push(Target::New(Box::new(Arrived { side, ..*it })));
        }
    }
    let mut count = 0;
    for (target, aside) in targets.iter().flat_map(|target| asides.iter().map(move |aside| (target, aside))) {
        // The old database has one name.
        if matches!((target, aside), (Target::Old(_), Aside::Old(_) | Aside::Elsewhere(_))) {
            continue;
        }
        for new in &news {
            for course in [Course::Forward, Course::Undo] {
                for approval in [Approval::Ask, Approval::Given, Approval::AtOnce] {
                    let (target, new, aside) = (target.clone(), new.clone(), aside.clone());
                    let seen = Seen { target, new, aside, course, approval };
                    let step = decide(seen.clone());
                    assert!(is_allowed(&step, &seen), "{seen:#?} {step:?}");
                    count += 1;
                }
            }
        }
    }
    println!("{count} combinations");
    assert!(count > 20_000);
}

fn is_allowed(step: &Step, seen: &Seen) -> bool {
    let Seen { target, new, aside, course, approval } = seen;
    let (is_forward, is_free) = (*course == Course::Forward, *target == Target::Nothing);
    let is_ready = |side: &Side| side.condition == Condition::Ready;
    match step {
        // Only when the new one can follow at once, or the job is at once.
        Step::SetAside(old) => {
            let follows =
                matches!(new, New::Ours(it) if is_ready(&it.side) && matches!(it.progress, Progress::Complete { .. }));
            is_forward && *target == Target::Old(old.clone()) && follows && *approval != Approval::Ask
        }
        // Going back, only if the old one can no longer serve.
        Step::TakeName { .. } => {
            let is_gone = matches!(aside, Aside::Old(it) if it.side.condition == Condition::Deleting);
            is_free && (is_forward || is_gone) && !matches!(aside, Aside::Foreign(_) | Aside::Elsewhere(_))
        }
        Step::PutBack(_) => is_free,
        // The old one is ready to take the name.
        Step::GiveName(_) => {
            !is_forward && matches!(target, Target::New(_)) && matches!(aside, Aside::Old(it) if is_ready(&it.side))
        }
        Step::TearDownOld => match target {
            Target::New(it) => {
                is_forward && (it.keep == Keep::Over || (*aside == Aside::Nothing && it.keep != Keep::Unconfirmed))
            }
            Target::Nothing | Target::Old(_) | Target::Foreign(_) => false,
        },
        // Not as long as it has the target's name, and the old one not.
        Step::TearDownNew => {
            !is_forward && !matches!(target, Target::New(_)) && !matches!((target, aside), (_, Aside::Old(_)))
        }
        Step::Clean(_) => matches!(target, Target::Old(old) if old.is_tagged),
        Step::Confirm { .. } => is_forward && matches!(target, Target::New(it) if it.keep == Keep::Unconfirmed),
        Step::Secure(_) => is_forward && matches!((target, aside), (Target::New(_), Aside::Old(_))),
        Step::Keep(_) => matches!(target, Target::New(it) if matches!(it.keep, Keep::Lasts(_))),
        Step::Provision(_) => {
            is_forward
                && match (target, aside) {
                    (Target::New(_) | Target::Foreign(_), _) => false,
                    (Target::Nothing, Aside::Old(_)) => *approval == Approval::AtOnce,
                    (Target::Nothing | Target::Old(_), _) => true,
                }
        }
        Step::Ask { .. } => is_forward && *approval == Approval::Ask && matches!(target, Target::Old(_)),
        Step::TooLate => !is_forward && matches!(target, Target::New(_)),
        Step::Done => is_forward && matches!(target, Target::New(_)),
        Step::Resume(_) => matches!(aside, Aside::Old(it) if it.side.condition == Condition::Stopped),
        Step::MoveMembers(_) | Step::Wait(_) | Step::Refuse(_) => true,
    }
}
