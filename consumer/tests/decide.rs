//! The table above `decide` is what it does, for everything that can be seen.

use consumer::decide::{Asked, Copy, Nature, Seen, Shared, Step, Told, decide};
use protocol::{Status, WhyNot};

/// A row of the table, as it stands in the documentation, for what it is, and which step it says.
type Row = (&'static str, fn(&Seen) -> bool, Step);

const ROWS: [Row; 13] = [
    (
        "| another snapshot    | any                       | any       | `Refuse(NameTaken)`        |",
        |s| s.copy == Copy::Another,
        Step::Refuse(WhyNot::NameTaken),
    ),
    (
        "| on its way          | any                       | any       | `Wait`                     |",
        |s| is(s, Status::Creating) || is(s, Status::Copying),
        Step::Wait,
    ),
    (
        "| failed              | any                       | any       | `Discard`                  |",
        |s| is(s, Status::Failed),
        Step::Discard,
    ),
    (
        "| deleting            | any                       | any       | `Nothing`                  |",
        |s| is(s, Status::Deleting),
        Step::Nothing,
    ),
    (
        "| available, not told | any                       | any       | `Finish`                   |",
        |s| s.copy == Copy::There(Status::Available, Told::No),
        Step::Finish,
    ),
    (
        "| available, told     | any                       | by source | `Repeat`                   |",
        |s| is(s, Status::Available) && s.asked == Asked::BySource,
        Step::Repeat,
    ),
    (
        "| available, told     | any                       | by DR     | `Nothing`                  |",
        |s| is(s, Status::Available),
        Step::Nothing,
    ),
    (
        "| none                | nobody looked             | any       | `Nothing`                  |",
        |s| s.shared == Shared::Unseen,
        Step::Nothing,
    ),
    (
        "| none                | not yet                   | any       | `LookAgain`                |",
        |s| s.shared == Shared::NotYet,
        Step::LookAgain,
    ),
    (
        "| none                | never                     | any       | `Refuse(NotShared)`        |",
        |s| s.shared == Shared::Never,
        Step::Refuse(WhyNot::NotShared),
    ),
    (
        "| none                | taken later than it was made | any    | `Refuse(TakenLater)`       |",
        |s| s.shared == Shared::There(Nature::TakenLater),
        Step::Refuse(WhyNot::TakenLater),
    ),
    (
        "| none                | plaintext, not allowed    | any       | `Refuse(PlaintextCluster)` |",
        |s| s.shared == Shared::There(Nature::PlaintextForbidden),
        Step::Refuse(WhyNot::PlaintextCluster),
    ),
    (
        "| none                | there                     | any       | `Copy`                     |",
        |s| matches!(s.shared, Shared::There(_)),
        Step::Copy,
    ),
];

fn is(seen: &Seen, status: Status) -> bool {
    matches!(seen.copy, Copy::There(it, _) if it == status)
}

fn everything_that_can_be_seen() -> Vec<Seen> {
    let there = Status::ALL.into_iter().flat_map(|status| [Told::No, Told::Yes].map(|told| Copy::There(status, told)));
    let copies: Vec<_> = [Copy::None, Copy::Another].into_iter().chain(there).collect();
    let natures = [Nature::Encryptable, Nature::PlaintextAllowed, Nature::PlaintextForbidden, Nature::TakenLater];
    let shared: Vec<_> =
        [Shared::Unseen, Shared::NotYet, Shared::Never].into_iter().chain(natures.map(Shared::There)).collect();
    let pairs = copies.into_iter().flat_map(|copy| shared.clone().into_iter().map(move |shared| (copy, shared)));
    pairs.flat_map(|(copy, shared)| [Asked::BySource, Asked::ByDr].map(|asked| Seen { copy, shared, asked })).collect()
}

#[test]
fn the_first_row_that_fits_says_the_step_for_everything_that_can_be_seen() {
    let mut used = [false; ROWS.len()];
    for seen in everything_that_can_be_seen() {
        let (nth, (_, _, step)) = ROWS.iter().enumerate().find(|(_, (_, fits, _))| fits(&seen)).expect("a row");
        used[nth] = true;
        assert_eq!(decide(&seen), *step, "{seen:?}");
    }
    assert_eq!(used, [true; ROWS.len()], "every row is of use");
}

#[test]
fn the_table_that_is_tested_is_the_table_that_is_read() {
    let source = include_str!("../src/decide.rs");
    let rows = source.lines().filter_map(|line| line.trim().strip_prefix("/// |")).map(|row| format!("|{row}")).skip(2);
    assert_eq!(rows.collect::<Vec<_>>(), ROWS.map(|(text, ..)| text));
}

#[test]
fn nothing_that_is_seen_makes_a_second_copy() {
    // invariant 9
    for seen in everything_that_can_be_seen() {
        assert!(seen.copy == Copy::None || decide(&seen) != Step::Copy, "{seen:?}");
    }
}

#[test]
fn what_cannot_be_encrypted_is_copied_only_where_that_is_allowed() {
    // invariant 2
    for seen in everything_that_can_be_seen() {
        let may = matches!(seen.shared, Shared::There(Nature::Encryptable | Nature::PlaintextAllowed));
        assert!(decide(&seen) != Step::Copy || may, "{seen:?}");
    }
}
