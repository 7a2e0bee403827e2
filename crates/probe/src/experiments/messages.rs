//! RDS's notifications, and the tags of keys.

use crate::experiment::{
    Action, Copy, Experiment, Kind, Need, Publisher, Side, Snapshot, Subject, Tags, Verdict, must,
};
use crate::trace::Outcome;

const BASE: Snapshot = Snapshot::base(Kind::Instance);

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "copy-events",
        subject: Subject::Fact {
            statement: "RDS notifies of the end of a copy with RDS-EVENT-0197.",
            relied_on_by: "crates/protocol/src/event.rs: the fast way; timers and the sweep do without it",
        },
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source), Need::Notifications],
        minutes: 10,
        steps: &[
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("notified")))),
            must("wait", Action::Settle(&[Snapshot::source("notified")])),
            must("events", Action::Notified(Snapshot::source("notified"), 197)),
        ],
        read: |trace| {
            let missing = !trace.notified("events", 197)?;
            Ok(Verdict::unless(missing.then(|| "it was not notified".to_owned())))
        },
    },
    Experiment {
        name: "source-arn",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Instance), Need::Notifications],
        minutes: 40,
        steps: &[
            must("accept snapshots", Action::Accept(Publisher::Snapshot)),
            must("take one", Action::Take(Snapshot::source("by-snapshot"), Tags::Own(&[]))),
            must("by snapshots", Action::Notified(Snapshot::source("by-snapshot"), 42)),
            must("accept subscriptions", Action::Accept(Publisher::Subscription)),
            must("take another", Action::Take(Snapshot::source("by-subscription"), Tags::Own(&[]))),
            must("by subscriptions", Action::Notified(Snapshot::source("by-subscription"), 42)),
            must("accept any", Action::Accept(Publisher::Any)),
        ],
        read: |trace| match (trace.notified("by snapshots", 42)?, trace.notified("by subscriptions", 42)?) {
            (true, false) => Ok(Verdict::answer("resource")),
            (false, true) => Ok(Verdict::answer("subscription")),
            (true, true) => Err("both policies let the notification pass".to_owned()),
            (false, false) => Err("neither policy lets the notification pass".to_owned()),
        },
    },
    Experiment {
        name: "key-tag-delay",
        subject: Subject::Question,
        needs: &[Need::Clock],
        minutes: 6,
        steps: &[must("tag", Action::TagKey)],
        read: |trace| match trace.outcome("tag")? {
            Outcome::Took(..30) => Ok(Verdict::answer("at-once")),
            Outcome::Took(240..) => Ok(Verdict::answer("five-minutes")),
            Outcome::Took(seconds) => Err(format!("the tag counted after {seconds} seconds")),
            _ => Err("the tag did not count".to_owned()),
        },
    },
];
