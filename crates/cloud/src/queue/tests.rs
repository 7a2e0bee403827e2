use chrono::TimeDelta;
use protocol::{Origin, Tags};

use super::*;

fn announcement(account: &str, region: &str, id: &str, minute: i64) -> Announcement {
    let snapshot = format!("arn:aws:rds:{region}:{account}:snapshot:{id}").parse().unwrap();
    let database = format!("arn:aws:rds:{region}:{account}:db:orders").parse().unwrap();
    let taken = "2026-11-21T03:05:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute);
    let origin = Origin { snapshot, database, taken };
    Announcement { transit: origin.transit(), origin, tags: Tags::default() }
}

const ONE: &str = "111111111111";
const OTHER: &str = "333333333333";

fn ticket(account: &str, region: &str, minute: i64) -> String {
    ticket_at(account, region, minute, "2026-11-21T04:05:00Z")
}

fn ticket_at(account: &str, region: &str, minute: i64, started: &str) -> String {
    let announced = announcement(account, region, &format!("s-{minute}"), minute);
    name(&announced, Urgency::Current, started.parse().unwrap())
}

#[test]
fn a_name_tells_everything_and_is_valid_after_any_number_of_starts() {
    // The longest region that is possible.
    for region in ["eu-west-1", "ap-southeast-2", "abcdefghijk-abcde-12"] {
        for urgency in [Urgency::Current, Urgency::Backfill] {
            let announced = announcement(ONE, region, "rds:orders-2026-11-21-03-05", 0);
            let hour = super::name(&announced, urgency, announced.origin.taken);
            for name in [hour.clone(), timer::nth(&hour, timer::STARTS)] {
                let is_valid = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && name.len() <= 80;
                assert!(is_valid, "{name}");
                let parsed = Ticket::parse(&name, DateTime::UNIX_EPOCH).expect("a ticket");
                assert_eq!(parsed.class(), class(&announced));
                assert_eq!((parsed.urgency, parsed.taken), (urgency, announced.origin.taken));
                assert_eq!(parsed.account.as_str(), ONE);
                assert_eq!(parsed.identity(), identity(&announced, urgency));
            }
        }
    }
    let example = ticket(ONE, "eu-west-1", 0);
    assert!(example.starts_with("queued-0i-eu-west-1-111111111111-"), "{example}");
    assert!(example.ends_with("-261121030500-aos4"), "{example}");
}

#[test]
fn another_timer_is_no_ticket() {
    for name in [
        "",
        "queued",
        "queued-",
        "copying-111111111111-20261121-1fac559f47ddf9af-s",
        "queued-0i-x-eu-1-2-3",
        "queued-0i-eu-west-1-111111111111-1fac559f47ddf9af",
        "queued-0i-eu-west-1-111111111111-1fac559f47ddf9af-x-ascp",
        "queued-é",
    ] {
        assert_eq!(Ticket::parse(name, DateTime::UNIX_EPOCH), None, "{name}");
    }
}

#[test]
fn the_tags_of_an_announcement_do_not_make_another_ticket() {
    let one = announcement(ONE, "eu-west-1", "s", 0);
    let other = Announcement { tags: Tags::from_iter([("owner", "sales")]), ..one.clone() };
    assert_eq!(identity(&one, Urgency::Current), identity(&other, Urgency::Current));
    let later = announcement(ONE, "eu-west-1", "s", 1);
    assert_ne!(identity(&one, Urgency::Current), identity(&later, Urgency::Current));
}

// Invariant 14.
#[test]
fn an_announced_time_does_not_make_another_ticket_of_the_same_transit_copy() {
    let [one, later] = [0, 1].map(|minute| announcement(ONE, "eu-west-1", "rds:orders-2026-11-21-03-05", minute));
    assert_eq!(one.transit, later.transit);
    assert_eq!(identity(&one, Urgency::Current), identity(&later, Urgency::Current));
    let now = one.origin.taken;
    let tickets = tickets(&[&one, &later].map(|announced| name(announced, Urgency::Current, now)));
    assert_eq!(tickets.len(), 1);
}

fn tickets(names: &[String]) -> Tickets {
    let timers = names.iter().zip(0..).map(|(name, nth)| {
        let started = DateTime::UNIX_EPOCH + TimeDelta::hours(nth);
        RunningTimer { name: name.clone(), started }
    });
    Tickets::of(&timers.collect::<Vec<_>>())
}

/// A process adds the tickets that it starts to its own list. The alarm about the age of the queue must not count them as old.
#[test]
fn a_ticket_that_was_just_started_has_waited_since_then() {
    let now = "2026-11-21T03:05:00Z".parse::<DateTime<Utc>>().unwrap();
    let mut tickets = Tickets::default();
    tickets.add(Ticket::parse(&ticket(ONE, "eu-west-1", 0), now).unwrap());
    assert_eq!(tickets.since(), Some(now));
}

/// AWS accepts a name once in ninety days.
#[test]
fn a_snapshot_has_another_name_in_each_hour() {
    let announced = announcement(ONE, "eu-west-1", "s", 0);
    let name = |hours| name(&announced, Urgency::Current, announced.origin.taken + TimeDelta::hours(hours));
    let names: BTreeSet<_> = (0..90 * 24).map(name).collect();
    assert_eq!(names.len(), 90 * 24);
}

#[test]
fn what_waits_longest_is_told_by_the_clock_of_aws_and_not_by_the_snapshot() {
    let names = [ticket(ONE, "eu-west-1", 5), ticket(ONE, "eu-west-1", -90_000)];
    assert_eq!(tickets(&names).since(), Some(DateTime::UNIX_EPOCH));
}

/// The minutes of the tickets and their accounts, in the order in which they are taken, each started.
fn order(names: &[String], full: &[Class]) -> Vec<(String, i64)> {
    let mut tickets = tickets(names);
    let full = full.iter().cloned().collect();
    let mut order = Vec::new();
    let first = announcement(ONE, "eu-west-1", "s", 0).origin.taken;
    while let Some(ticket) = tickets.take_next(&full) {
        tickets.started(&ticket.account);
        order.push((ticket.account.to_string(), (ticket.taken - first).num_minutes()));
    }
    order
}

// Invariant 14.
#[test]
fn accounts_take_turns_and_each_sends_its_oldest_first() {
    let mut names: Vec<_> = [3, 1, 2].map(|minute| ticket(ONE, "eu-west-1", minute)).to_vec();
    names.extend([9, 8].map(|minute| ticket(OTHER, "eu-west-1", minute)));
    let of = |account: &str, minute| (account.to_owned(), minute);
    let expected = [of(ONE, 1), of(OTHER, 8), of(ONE, 2), of(OTHER, 9), of(ONE, 3)];
    assert_eq!(order(&names, &[]), expected);
    // The account with copies in progress waits until the other has as many.
    names.push("copying-111111111111-20261121-1fac559f47ddf9af-s".to_owned());
    names.push("copying-111111111111-20261121-2fac559f47ddf9af-s".to_owned());
    let expected = [of(OTHER, 8), of(OTHER, 9), of(ONE, 1), of(ONE, 2), of(ONE, 3)];
    assert_eq!(order(&names, &[]), expected);
}

#[test]
fn a_class_that_is_full_does_not_hold_up_the_others() {
    let names = [ticket(ONE, "eu-west-1", 1), ticket(ONE, "us-east-1", 2)];
    let full = (Kind::Instance, "eu-west-1".parse().unwrap());
    assert_eq!(order(&names, &[full]), [(ONE.to_owned(), 2)]);
}

#[test]
fn a_backfill_waits_for_everything_else() {
    let announced = announcement(ONE, "eu-west-1", "old", -9000);
    let old = name(&announced, Urgency::Backfill, announced.origin.taken);
    assert_eq!(order(&[old, ticket(ONE, "eu-west-1", 1)], &[]), [(ONE.to_owned(), 1), (ONE.to_owned(), -9000)]);
}

#[test]
fn a_snapshot_waits_once() {
    let name = ticket(ONE, "eu-west-1", 1);
    let again = ticket_at(ONE, "eu-west-1", 1, "2026-11-21T06:05:00Z");
    let tickets = tickets(&[name, again.clone(), timer::nth(&again, 2)]);
    let identity = identity(&announcement(ONE, "eu-west-1", "s-1", 1), Urgency::Current);
    assert_eq!((tickets.len(), tickets.has(&identity)), (1, true));
    let account = ONE.parse().unwrap();
    assert_eq!((tickets.of_account(&account), tickets.of_account(&OTHER.parse().unwrap())), (1, 0));
}

// Invariant 14.
#[test]
fn an_account_cannot_get_ahead_of_another_by_the_age_of_its_snapshots() {
    let names = [ticket(OTHER, "eu-west-1", 5), ticket(ONE, "eu-west-1", -9000), ticket(ONE, "eu-west-1", -9001)];
    let of = |account: &str, minute| (account.to_owned(), minute);
    assert_eq!(order(&names, &[]), [of(OTHER, 5), of(ONE, -9001), of(ONE, -9000)]);
}

// Invariant 14.
#[test]
fn a_snapshot_waits_behind_its_own_account_and_accounts_with_fewer_turns() {
    let mut tickets = tickets(&[ticket(ONE, "eu-west-1", 1)]);
    let [own, other, elsewhere] = [(ONE, "eu-west-1"), (OTHER, "eu-west-1"), (ONE, "us-east-1")]
        .map(|(account, region)| announcement(account, region, "s", 9));
    let must_wait =
        |tickets: &Tickets| [&own, &other, &elsewhere].map(|announced| tickets.must_wait(announced, Urgency::Current));
    assert_eq!(must_wait(&tickets), [true, false, false]);
    assert!(tickets.must_wait(&other, Urgency::Backfill));
    tickets.started(&OTHER.parse().unwrap());
    assert_eq!(must_wait(&tickets), [true, true, false]);
    tickets.was_fruitless(&ONE.parse().unwrap());
    assert_eq!(must_wait(&tickets), [true, false, false]);
    while tickets.take_next(&BTreeSet::new()).is_some() {}
    assert_eq!(must_wait(&tickets), [false; 3]);
}

// Invariant 14.
#[test]
fn an_account_whose_snapshots_are_not_copied_has_one_turn_before_the_others() {
    let mut names: Vec<_> = (0..30).map(|minute| ticket(ONE, "eu-west-1", minute)).collect();
    names.push(ticket(OTHER, "eu-west-1", 40));
    names.extend((0..25).map(|nth| format!("copying-{OTHER}-20261121-1fac559f47ddf9a{nth}-s")));
    let mut tickets = tickets(&names);
    let mut next = || {
        let ticket = tickets.take_next(&BTreeSet::new()).unwrap();
        tickets.was_fruitless(&ticket.account);
        ticket.account
    };
    assert_eq!([next(), next(), next()].map(|account| account.to_string()), [ONE, OTHER, ONE]);
}
