//! The exact JSON that functions, timers and accounts exchange. Other versions of Draco have to be able to parse it.

use proptest::prelude::*;
use protocol::audit::{Sources, SourcesError};
use protocol::event::{Audit, Awaited, Check, Event, Sweep, Trigger};
use protocol::message::Refusal;
use protocol::wait::{Answer, Timer};
use protocol::{Announcement, Kind, Message, NoCopy, Origin, RefusalReason, Tags};
use serde_json::{Value, json};

use crate::fixtures::{self, DR, orders, place, time};

/// The fields of the origin in every message and check.
fn origin() -> Value {
    json!({
        "snapshot": "arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-05",
        "database": "arn:aws:rds:eu-west-1:111111111111:db:orders",
        "taken": "2026-11-21T03:06:39Z",
    })
}

fn with(mut json: Value, more: Value) -> Value {
    let (Value::Object(all), Value::Object(more)) = (&mut json, more) else { unreachable!("both are objects") };
    all.extend(more);
    json
}

fn announcement() -> Announcement {
    Announcement {
        origin: orders(),
        transit: orders().transit(),
        tags: Tags::from_iter([("Draco_Lifecycle", "daily")]),
    }
}

/// The fields of the announcement.
fn announcement_json() -> Value {
    with(
        origin(),
        json!({
            "transit": "arn:aws:rds:eu-west-1:111111111111:snapshot:draco-rds-orders-2026-11-21-03-05",
            "tags": {"Draco_Lifecycle": "daily"},
        }),
    )
}

fn sources(number: usize) -> Result<Sources, SourcesError> {
    Sources::try_from(vec![orders(); number])
}

fn messages() -> [(Message, Value); 5] {
    let version = |event: &str| json!({"version": 1, "event": event});
    [
        (Message::Shared(announcement()), with(announcement_json(), version("snapshot-copy-shared"))),
        (
            Message::Completed { origin: orders(), copy: orders().copy(&place(DR)) },
            with(
                with(origin(), version("snapshot-copy-completed")),
                json!({"copy": "arn:aws:rds:eu-west-1:222222222222:snapshot:draco-111111111111-rds-orders-2026-11-21-03-05"}),
            ),
        ),
        (
            Message::NoCopy(NoCopy { origin: orders(), reason: RefusalReason::PlaintextCluster, why: "no".to_owned() }),
            with(with(origin(), version("snapshot-no-copy")), json!({"reason": "plaintext-cluster", "why": "no"})),
        ),
        (
            Message::Audit { sources: sources(1).unwrap() },
            with(version("snapshot-audit"), json!({"sources": [origin()]})),
        ),
        (
            Message::Missing { sources: sources(1).unwrap() },
            with(version("snapshot-missing"), json!({"sources": [origin()]})),
        ),
    ]
}

// Invariant 11: DR lists the copies of each database.
#[test]
fn an_audit_has_at_most_twenty_databases() {
    let of = |number: usize| {
        let database = |nth| format!("arn:aws:rds:eu-west-1:111111111111:db:db-{nth}").parse().unwrap();
        Sources::try_from((0..number).map(|nth| Origin { database: database(nth), ..orders() }).collect::<Vec<_>>())
    };
    assert!(of(20).is_ok());
    assert_eq!(of(21), Err(SourcesError::Databases(21)));
}

#[test]
fn format_of_messages() {
    for (message, expected) in messages() {
        let text = message.to_string();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert_eq!(Message::parse(&text).unwrap(), message);
        assert_eq!(expected["event"], message.event());
        assert_eq!(message.origin(), &orders());
    }
}

/// A newer release with the same message version may add fields.
#[test]
fn unknown_fields_of_messages_are_ignored() {
    for (message, json) in messages() {
        let more = with(json, json!({"size": {"gib": [20]}, "why-not": null, "Version": 7}));
        assert_eq!(Message::parse(&more.to_string()).unwrap(), message);
    }
}

#[test]
fn format_of_timers_and_triggers() {
    let since = time("2026-11-21T03:10:00Z");
    let check = |awaited| Trigger::Check(Box::new(Check { awaited, since }));
    let cases = [
        (check(Awaited::Copying(orders())), json!({"check": {"copying": origin(), "since": "2026-11-21T03:10:00Z"}})),
        (
            check(Awaited::Sharing(announcement())),
            json!({"check": {"sharing": announcement_json(), "since": "2026-11-21T03:10:00Z"}}),
        ),
        (Trigger::Sweep(Sweep::default()), json!({"sweep": {}})),
        (Trigger::Audit(Audit {}), json!({"audit": {}})),
        (
            Trigger::Sweep(Sweep { kind: Some(Kind::Cluster), marker: Some("abc".to_owned()), done: 7 }),
            json!({"sweep": {"kind": "cluster", "marker": "abc", "done": 7}}),
        ),
    ];
    for (trigger, expected) in cases {
        let timer = Timer { trigger: trigger.clone(), answer: Answer::Again { seconds: 42 } };
        assert_eq!(
            serde_json::to_value(&timer).unwrap(),
            json!({"trigger": expected, "answer": {"timer": "again", "seconds": 42}})
        );
        let Event::Trigger(read) = Event::parse(expected).unwrap() else { panic!("not a trigger") };
        assert_eq!(read, trigger);
    }
}

#[test]
fn format_of_answers_to_the_timer() {
    let cases = [
        (Answer::Done, json!({"timer": "done"})),
        (Answer::Again { seconds: 5 }, json!({"timer": "again", "seconds": 5})),
        (Answer::TimedOut { why: "slow".to_owned() }, json!({"timer": "timed-out", "why": "slow"})),
    ];
    for (answer, expected) in cases {
        assert_eq!(serde_json::to_value(&answer).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Answer>(expected).unwrap(), answer);
    }
}

const REASONS: [(RefusalReason, &str, i64); 13] = [
    (RefusalReason::NotShared, "not-shared", 1),
    (RefusalReason::PlaintextCluster, "plaintext-cluster", 24),
    (RefusalReason::TakenLater, "taken-later", 24),
    (RefusalReason::NameTaken, "name-taken", 1),
    (RefusalReason::CopyFailed, "copy-failed", 24),
    (RefusalReason::TooMany, "too-many", 24),
    (RefusalReason::QuotaExceeded, "quota-exceeded", 1),
    (RefusalReason::KeyRefused, "key-refused", 1),
    (RefusalReason::TransitUnavailable, "transit-unavailable", 1),
    (RefusalReason::CannotBeShared, "cannot-be-shared", 720),
    (RefusalReason::CannotBeCopied, "cannot-be-copied", 720),
    (RefusalReason::NotAsAnnounced, "not-as-announced", 24),
    (RefusalReason::Other, "other", 24),
];

#[test]
fn a_refusal_is_retried_after_the_time_of_its_reason() {
    let at = time("2026-11-21T03:20:00Z");
    for (reason, name, hours) in REASONS {
        let refusal = Refusal { at, reason };
        assert_eq!(refusal.to_string(), format!("2026-11-21T03:20:00Z {name}"));
        assert_eq!(Refusal::parse(&refusal.to_string()), Some(refusal));
        let retry = at + chrono::TimeDelta::hours(hours);
        assert!(refusal.may_retry(retry) && !refusal.may_retry(retry - chrono::TimeDelta::seconds(1)), "{name}");
    }
}

#[test]
fn an_unknown_reason_is_parsed_as_other() {
    let unknown = with(messages()[2].1.clone(), json!({"reason": "out-of-quota"}));
    let Message::NoCopy(no_copy) = Message::parse(&unknown.to_string()).unwrap() else { panic!("not NoCopy") };
    assert_eq!(no_copy.reason, RefusalReason::Other);
    let read = |text: &str| Refusal::parse(text).map(|refusal| refusal.reason);
    for text in ["out-of-quota", "", "Not-Shared", "not shared", "NotShared"] {
        assert_eq!(read(&format!("2026-11-21T03:20:00Z {text}")), Some(RefusalReason::Other), "{text:?}");
    }
}

#[test]
fn an_invalid_refusal_tag_is_ignored() {
    for text in ["", "not-shared", "yesterday not-shared", "2026-11-21T03:20:00Z", " 2026-11-21T03:20:00Z not-shared"] {
        assert_eq!(Refusal::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_tags_survive_a_message(tags in crate::fixtures::any_tags()) {
        let message = Message::Shared(Announcement { tags, ..announcement() });
        prop_assert_eq!(Message::parse(&message.to_string()).unwrap(), message);
    }
}

#[test]
fn a_list_of_sources_has_one_to_a_hundred_of_one_account() {
    assert_eq!(sources(100).map(|sources| sources.origins().len()), Ok(100));
    for number in [0, 101] {
        let why = format!("{number} sources; expected 1 to 100");
        assert_eq!(sources(number).unwrap_err().to_string(), why);
        let json = json!({"event": "snapshot-audit", "version": 1, "sources": vec![origin(); number]});
        let error = Message::parse(&json.to_string()).unwrap_err().to_string();
        assert!(error.contains(&why), "{error}");
    }
    let theirs = fixtures::origin(Kind::Instance, DR, "theirs", orders().taken);
    let of_theirs = Origin { database: theirs.database.clone(), ..orders() };
    for (other, id) in [(theirs, "222222222222:snapshot:theirs"), (of_theirs, "rds:orders-2026-11-21-03-05")] {
        let error = Sources::try_from(vec![orders(), other]).unwrap_err().to_string();
        let end = "or its database is not in account 111111111111, region eu-west-1, as the first source is";
        assert!(error.contains(id) && error.ends_with(end), "{error}");
    }
}
