//! Aurora clusters.

use chrono::TimeDelta;

use crate::experiment::{
    Action, Copy, Experiment, Kind, Need, Scope, Side, Snapshot, Subject, Tags, Verdict, may, must,
};

const BASE: Snapshot = Snapshot::base(Kind::Cluster);
const TRANSIT: Snapshot = Snapshot::transit(Kind::Cluster);
const LOCAL: Snapshot = Snapshot::source("local").of_cluster();
const OF_AURORA: Snapshot = Snapshot::source("of-aurora").of_cluster();
const OF_DOCUMENT_DB: Snapshot = Snapshot::source("of-documents").of_cluster();
/// RDS-EVENT-0075: a manual snapshot of a cluster was created.
const CREATED: u16 = 75;
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
        name: "other-engines-events",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Cluster), Need::Notifications],
        minutes: 40,
        steps: &[
            must("subscribe", Action::SubscribeToClusters),
            // The control: this one is notified in any case.
            must("take one of Aurora", Action::Take(OF_AURORA, Tags::Own(&[]))),
            must("of Aurora", Action::Notified(OF_AURORA, CREATED)),
            must("take one of DocumentDB", Action::TakeOfDocumentDb(OF_DOCUMENT_DB)),
            must("of DocumentDB", Action::Notified(OF_DOCUMENT_DB, CREATED)),
        ],
        read: |trace| match (trace.notified("of Aurora", CREATED)?, trace.notified("of DocumentDB", CREATED)?) {
            (true, true) => Ok(Verdict::answer("reported")),
            (true, false) => Ok(Verdict::answer("not-reported")),
            (false, _) => Err("the snapshot of the Aurora cluster was not notified either".to_owned()),
        },
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
