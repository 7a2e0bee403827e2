//! What goes between functions, timers and accounts, word for word: another version may read what this one wrote.

use proptest::prelude::*;
use protocol::event::{Awaited, Check, Event, Sweep, Trigger};
use protocol::message::Refusal;
use protocol::wait::{Answer, Timer};
use protocol::{Announcement, Kind, Message, NoCopy, RefusalReason, Tags};
use serde_json::{Value, json};

use crate::given::{DR, orders, place, time};

/// What every message and check tells of its origin.
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

/// What is told of an announcement.
fn announced() -> Value {
    with(
        origin(),
        json!({
            "transit": "arn:aws:rds:eu-west-1:111111111111:snapshot:draco-rds-orders-2026-11-21-03-05",
            "tags": {"Draco_Lifecycle": "daily"},
        }),
    )
}

fn messages() -> [(Message, Value); 3] {
    let version = |event: &str| json!({"version": 1, "event": event});
    [
        (Message::Shared(announcement()), with(announced(), version("snapshot-copy-shared"))),
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
    ]
}

#[test]
fn messages_are_written_and_read_so() {
    for (message, expected) in messages() {
        let text = message.to_string();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert_eq!(Message::parse(&text).unwrap(), message);
        assert_eq!(expected["event"], message.event());
        assert_eq!(message.origin(), &orders());
    }
}

/// A newer Draco of the same version may say more.
#[test]
fn fields_of_messages_that_nobody_knows_are_no_matter() {
    for (message, json) in messages() {
        let more = with(json, json!({"size": {"gib": [20]}, "why-not": null, "Version": 7}));
        assert_eq!(Message::parse(&more.to_string()).unwrap(), message);
    }
}

#[test]
fn timers_are_started_with_what_the_state_machine_waits_and_asks_with() {
    let since = time("2026-11-21T03:10:00Z");
    let check = |awaited| Trigger::Check(Box::new(Check { awaited, since }));
    let cases = [
        (check(Awaited::Copying(orders())), json!({"check": {"copying": origin(), "since": "2026-11-21T03:10:00Z"}})),
        (
            check(Awaited::Sharing(announcement())),
            json!({"check": {"sharing": announced(), "since": "2026-11-21T03:10:00Z"}}),
        ),
        (Trigger::Sweep(Sweep::default()), json!({"sweep": {}})),
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
        let Event::Trigger(read) = Event::parse(expected).unwrap() else { panic!("the timer asks") };
        assert_eq!(read, trigger);
    }
}

#[test]
fn answers_to_the_timer_are_what_its_choice_looks_at() {
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

const REASONS: [(RefusalReason, &str, i64); 6] = [
    (RefusalReason::NotShared, "not-shared", 1),
    (RefusalReason::PlaintextCluster, "plaintext-cluster", 24),
    (RefusalReason::TakenLater, "taken-later", 24),
    (RefusalReason::NameTaken, "name-taken", 24),
    (RefusalReason::CopyFailed, "copy-failed", 1),
    (RefusalReason::Other, "other", 24),
];

#[test]
fn a_refusal_is_told_in_a_tag_and_is_over_in_time() {
    let heard = time("2026-11-21T03:20:00Z");
    for (reason, word, hours) in REASONS {
        let refusal = Refusal { at: heard, reason };
        assert_eq!(refusal.to_string(), format!("2026-11-21T03:20:00Z {word}"));
        assert_eq!(Refusal::parse(&refusal.to_string()), Some(refusal));
        let over = heard + chrono::TimeDelta::hours(hours);
        assert!(refusal.may_retry(over) && !refusal.may_retry(over - chrono::TimeDelta::seconds(1)), "{word}");
    }
}

#[test]
fn reasons_that_this_version_does_not_know_are_understood_as_other() {
    let unknown = with(messages()[2].1.clone(), json!({"reason": "out-of-quota"}));
    let Message::NoCopy(no_copy) = Message::parse(&unknown.to_string()).unwrap() else { panic!("it is of no copy") };
    assert_eq!(no_copy.reason, RefusalReason::Other);
    let read = |text: &str| Refusal::parse(text).map(|refusal| refusal.reason);
    for text in ["out-of-quota", "", "Not-Shared", "not shared", "NotShared"] {
        assert_eq!(read(&format!("2026-11-21T03:20:00Z {text}")), Some(RefusalReason::Other), "{text:?}");
    }
}

#[test]
fn a_tag_that_is_no_refusal_is_none() {
    for text in ["", "not-shared", "yesterday not-shared", "2026-11-21T03:20:00Z", " 2026-11-21T03:20:00Z not-shared"] {
        assert_eq!(Refusal::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_tags_come_through_a_message_as_they_are(tags in crate::given::any_tags()) {
        let message = Message::Shared(Announcement { tags, ..announcement() });
        prop_assert_eq!(Message::parse(&message.to_string()).unwrap(), message);
    }
}
