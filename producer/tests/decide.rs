//! The table above `decide` is what it does, for everything that can be seen.

use producer::decide::Because::{Coming, Copied, Gone, Leaving, LifecycleIgnore, NoLifecycle, Refused};
use producer::decide::{Done, Seen, Source, Step, Wish, Word, decide};
use protocol::Status;

/// A row of the table, as it stands in the documentation, for what it is, and which step it says.
type Row = (&'static str, fn(&Seen) -> bool, fn(&Seen) -> Step);

const ROWS: [Row; 12] = [
    (
        "| completed | any                          | any         | `Finish`  |",
        |s| s.word == Word::Completed,
        |_| Step::Finish,
    ),
    (
        "| no copy   | gone, or unseen              | any         | `Hold`    |",
        |s| s.word == Word::NoCopy && matches!(s.source, Source::Gone | Source::Unseen),
        |_| Step::Hold,
    ),
    (
        "| no copy   | there, not copied            | any         | `GiveUp`  |",
        |s| s.word == Word::NoCopy && !is_copied(s),
        |_| Step::GiveUp,
    ),
    (
        "|           | copied, or refused           | there       | `Clean`   |",
        |s| is_over(s) && is_there(s),
        |_| Step::Clean,
    ),
    ("|           | copied, or refused           | none        | `Nothing` |", is_over, |s| {
        Step::Nothing(if is_copied(s) { Copied } else { Refused })
    }),
    (
        "|           | any                          | on its way  | `Wait`    |",
        |s| matches!(s.transit, Some(Status::Creating | Status::Copying)),
        |_| Step::Wait,
    ),
    (
        "|           | any                          | failed      | `Discard` |",
        |s| s.transit == Some(Status::Failed),
        |_| Step::Discard,
    ),
    (
        "|           | any                          | available   | `Announce`|",
        |s| s.transit == Some(Status::Available),
        |_| Step::Announce,
    ),
    (
        "|           | any                          | deleting    | `Nothing` |",
        |s| s.transit == Some(Status::Deleting),
        |_| Step::Nothing(Leaving),
    ),
    (
        "|           | gone, unseen, not whole yet  | none        | `Nothing` |",
        |s| matches!(s.source, Source::Gone | Source::Unseen | Source::Coming),
        |s| Step::Nothing(if s.source == Source::Coming { Coming } else { Gone }),
    ),
    (
        "|           | no lifecycle, or `Ignore`    | none        | `Ignore`  |",
        |s| matches!(s.source, Source::There(Wish::None | Wish::Ignore, _)),
        |s| Step::Ignore(if matches!(s.source, Source::There(Wish::None, _)) { NoLifecycle } else { LifecycleIgnore }),
    ),
    (
        "|           | to be kept                   | none        | `Copy`    |",
        |s| matches!(s.source, Source::There(Wish::Keep, _)),
        |_| Step::Copy,
    ),
];

fn is_copied(seen: &Seen) -> bool {
    matches!(seen.source, Source::There(_, Done::Copied))
}

fn is_over(seen: &Seen) -> bool {
    matches!(seen.source, Source::There(_, Done::Copied | Done::Refused))
}

/// One that is being deleted is as good as gone.
fn is_there(seen: &Seen) -> bool {
    seen.transit.is_some_and(|transit| transit != Status::Deleting)
}

fn everything_that_can_be_seen() -> Vec<Seen> {
    let wishes = [Wish::None, Wish::Ignore, Wish::Keep];
    let dones = [Done::No, Done::Copied, Done::Refused];
    let there = wishes.into_iter().flat_map(|wish| dones.map(|done| Source::There(wish, done)));
    let sources: Vec<_> = [Source::Unseen, Source::Gone, Source::Coming].into_iter().chain(there).collect();
    let transits: Vec<_> = Status::ALL.into_iter().map(Some).chain([None]).collect();
    let words = [Word::None, Word::Completed, Word::NoCopy];
    let pairs =
        sources.into_iter().flat_map(|source| transits.clone().into_iter().map(move |transit| (source, transit)));
    pairs.flat_map(|(source, transit)| words.map(|word| Seen { source, transit, word })).collect()
}

#[test]
fn the_first_row_that_fits_says_the_step_for_everything_that_can_be_seen() {
    let mut used = [false; ROWS.len()];
    for seen in everything_that_can_be_seen() {
        let (nth, (_, _, step)) = ROWS.iter().enumerate().find(|(_, (_, fits, _))| fits(&seen)).expect("a row");
        used[nth] = true;
        assert_eq!(decide(&seen), step(&seen), "{seen:?}");
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
fn nothing_that_is_seen_makes_a_second_transit_copy() {
    // invariant 9
    for seen in everything_that_can_be_seen() {
        assert!(seen.transit.is_none() || decide(&seen) != Step::Copy, "{seen:?}");
    }
}

#[test]
fn a_transit_copy_is_given_up_only_when_dr_has_spoken_or_it_has_failed() {
    // invariant 1
    for seen in everything_that_can_be_seen() {
        let deletes = matches!(decide(&seen), Step::Finish | Step::GiveUp | Step::Discard | Step::Clean);
        let may = seen.word != Word::None || is_over(&seen) || seen.transit == Some(Status::Failed);
        assert!(!deletes || may, "{seen:?}");
    }
}
