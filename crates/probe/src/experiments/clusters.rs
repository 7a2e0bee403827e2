//! Aurora clusters.

use chrono::TimeDelta;

use crate::experiment::{Action, Copy, Experiment, Kind, Need, Scope, Side, Snapshot, Subject, Verdict, may, must};

const BASE: Snapshot = Snapshot::base(Kind::Cluster);
const TRANSIT: Snapshot = Snapshot::transit(Kind::Cluster);
const LOCAL: Snapshot = Snapshot::source("local").of_cluster();
const COPY: Snapshot = Snapshot::dr("cluster").of_cluster();

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "cluster-copies",
        subject: Subject::Question,
        needs: &[Need::Base(Kind::Cluster), Need::Key(Side::Source)],
        minutes: 10,
        steps: &[must("copy", Action::Copy(Copy::new(BASE, LOCAL))), must("wait", Action::Settle(&[LOCAL]))],
        read: |trace| {
            let is_done = trace.snapshot("copy")?.status == "available";
            Ok(Verdict::answer(if is_done { "at-once" } else { "take-time" }))
        },
    },
    Experiment {
        name: "cluster-copy-time",
        subject: Subject::Question,
        needs: &[Need::Transit(Kind::Cluster), Need::Key(Side::Source)],
        minutes: 10,
        steps: &[
            must("base", Action::Describe(Side::Source, BASE, Scope::Plain)),
            must("copy", Action::Copy(Copy::new(BASE, LOCAL))),
            must("wait", Action::Settle(&[LOCAL])),
        ],
        read: |trace| {
            let (base, copy) = (trace.snapshot("base")?.created, trace.available("wait")?.created);
            let (Some(base), Some(copy)) = (base, copy) else { return Err("a time is missing".to_owned()) };
            let is_same = (copy - base).abs() < TimeDelta::seconds(1);
            Ok(Verdict::answer(if is_same { "of-the-original" } else { "of-the-copy" }))
        },
    },
    Experiment {
        name: "cluster-copy-key",
        subject: Subject::Question,
        needs: &[Need::Key(Side::Source)],
        minutes: 20,
        steps: &[may("copy", Action::CopyPlaintextCluster)],
        read: |trace| trace.code("copy").map(Verdict::answer),
    },
    Experiment {
        name: "cluster-copy",
        subject: Subject::Fact {
            statement: "DR can copy a shared Aurora snapshot under its own key.",
            relied_on_by: "consumer/src/decide.rs",
        },
        needs: &[Need::Transit(Kind::Cluster), Need::Key(Side::Dr)],
        minutes: 15,
        steps: &[
            must("visible", Action::Appear(TRANSIT)),
            must("copy", Action::Copy(Copy::new(TRANSIT, COPY))),
            must("wait", Action::Settle(&[COPY])),
        ],
        read: |trace| trace.available("wait").map(|_| Verdict::Holds),
    },
];
