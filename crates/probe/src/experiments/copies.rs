//! Copies: their status, their times, canceling them.

use crate::experiment::{
    Action, Copy, Experiment, Kind, Need, Scope, Side, Snapshot, Subject, Tags, Verdict, may, must,
};
use crate::trace::{Settled, View};

const BASE: Snapshot = Snapshot::base(Kind::Instance);
const TRANSIT: Snapshot = Snapshot::transit(Kind::Instance);

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "copy-status",
        subject: Subject::Question,
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 5,
        steps: &[
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("status")))),
            must("wait", Action::Settle(&[Snapshot::source("status")])),
        ],
        read: |trace| {
            let first = &trace.snapshot("copy")?.status;
            trace.available("wait")?;
            Ok(Verdict::answer(first))
        },
    },
    Experiment {
        name: "times-of-copies",
        subject: Subject::Fact {
            statement: "OriginalSnapshotCreateTime of a copy in DR is the time of the first snapshot, and SnapshotCreateTime \
                        is that of the copy.",
            relied_on_by: "crates/cloud/src/rds/snapshots.rs: invariant 10 compares it with the announcement",
        },
        needs: &[Need::Transit(Kind::Instance), Need::Key(Side::Dr)],
        minutes: 10,
        steps: &[
            must("base", Action::Describe(Side::Source, BASE, Scope::Plain)),
            must("transit", Action::Describe(Side::Source, TRANSIT, Scope::Plain)),
            must("visible", Action::Appear(TRANSIT)),
            must("copy", Action::Copy(Copy::new(TRANSIT, Snapshot::dr("times")))),
            must("wait", Action::Settle(&[Snapshot::dr("times")])),
        ],
        read: |trace| {
            let (base, transit, copy) = (trace.snapshot("base")?, trace.snapshot("transit")?, trace.available("wait")?);
            let is_wrong = |view: &View| view.originally_created != base.created || view.created <= base.created;
            Ok(Verdict::unless([transit, copy].into_iter().find(|view| is_wrong(view)).map(|view| {
                let text = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
                let (created, original) = (text(view.created), text(view.originally_created));
                format!("{}: created {created}, originally {original}", view.identifier)
            })))
        },
    },
    Experiment {
        name: "cancel-copy",
        subject: Subject::Fact {
            statement: "Deleting a copy in progress cancels it.",
            relied_on_by: "producer/src/act.rs: copies that are not wanted any more are deleted",
        },
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 3,
        steps: &[
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("canceled")))),
            may("delete", Action::Delete(Snapshot::source("canceled"))),
            must("wait", Action::Settle(&[Snapshot::source("canceled")])),
        ],
        read: |trace| {
            if trace.snapshot("copy")?.status == "available" {
                return Err("the copy was finished at once".to_owned());
            }
            let (code, end) = (trace.code("delete")?, trace.settled("wait")?.first().map_or("", Settled::end));
            Ok(Verdict::unless(((code, end) != ("accepted", "gone")).then(|| format!("{code}, then {end}"))))
        },
    },
    Experiment {
        name: "source-of-local-copy",
        subject: Subject::Question,
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 5,
        steps: &[
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("sourced")))),
            must("wait", Action::Settle(&[Snapshot::source("sourced")])),
        ],
        read: |trace| {
            let source = &trace.available("wait")?.source;
            let is_reported = source.as_ref().is_some_and(|source| !source.is_empty());
            Ok(Verdict::answer(if is_reported { "reported" } else { "not-reported" }))
        },
    },
    Experiment {
        name: "copies-of-one-database",
        subject: Subject::Question,
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 10,
        steps: &[
            must("first", Action::Copy(Copy::new(BASE, Snapshot::source("first")))),
            must("second", Action::Copy(Copy::new(BASE, Snapshot::source("second")))),
            must("wait", Action::Settle(&[Snapshot::source("first"), Snapshot::source("second")])),
        ],
        read: |trace| {
            let [first, second] = trace.settled("wait")? else { return Err("there are not two copies".to_owned()) };
            if (first.end(), second.end()) != ("available", "available") {
                return Err(format!("the copies are {} and {}", first.end(), second.end()));
            }
            // One after the other, both need twice the time of one.
            let ratio = first.seconds().max(second.seconds()) / first.seconds().min(second.seconds());
            match ratio {
                ..1.3 => Ok(Verdict::answer("parallel")),
                1.6.. => Ok(Verdict::answer("queued")),
                _ => Err(format!("the copies took {:.0} s and {:.0} s", first.seconds(), second.seconds())),
            }
        },
    },
    Experiment {
        name: "source-deleted",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Instance), Need::Key(Side::Source)],
        minutes: 10,
        steps: &[
            must("take", Action::Take(Snapshot::source("short-lived"), Tags::Own(&[]))),
            must("taken", Action::Settle(&[Snapshot::source("short-lived")])),
            must("copy", Action::Copy(Copy::new(Snapshot::source("short-lived"), Snapshot::source("orphan")))),
            must("delete", Action::Delete(Snapshot::source("short-lived"))),
            must("wait", Action::Settle(&[Snapshot::source("orphan")])),
        ],
        read: |trace| match trace.settled("wait")?.first().map_or("", Settled::end) {
            "failed" => Ok(Verdict::answer("copy-fails")),
            "gone" => Ok(Verdict::answer("copy-disappears")),
            "available" => Ok(Verdict::answer("copy-goes-on")),
            end => Err(format!("the copy is {end}")),
        },
    },
];
