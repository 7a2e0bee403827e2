//! Snapshots that are shared with DR.

use crate::actions::is_missing;
use crate::experiment::{
    Action, Copy, Experiment, Key, Kind, Need, Scope, Side, Snapshot, Subject, Verdict, may, must,
};

const TRANSIT: Snapshot = Snapshot::transit(Kind::Instance);

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "shared-by-arn",
        subject: Subject::Question,
        needs: &[Need::Transit(Kind::Instance)],
        minutes: 1,
        steps: &[
            must("visible", Action::Appear(TRANSIT)),
            may("describe", Action::Describe(Side::Dr, TRANSIT, Scope::Plain)),
        ],
        read: |trace| match trace.code("describe")? {
            "accepted" => Ok(Verdict::answer("found")),
            code if is_missing(code) => Ok(Verdict::answer("needs-include-shared")),
            code => Err(code.to_owned()),
        },
    },
    Experiment {
        name: "shared-identifier",
        subject: Subject::Question,
        needs: &[Need::Transit(Kind::Instance)],
        minutes: 1,
        steps: &[must("visible", Action::Appear(TRANSIT))],
        read: |trace| {
            let is_arn = trace.snapshot("visible")?.identifier.starts_with("arn:");
            Ok(Verdict::answer(if is_arn { "arn" } else { "bare" }))
        },
    },
    Experiment {
        name: "shared-copy-without-key",
        subject: Subject::Question,
        needs: &[Need::Transit(Kind::Instance)],
        minutes: 5,
        steps: &[
            must("visible", Action::Appear(TRANSIT)),
            may("copy", Action::Copy(Copy::new(TRANSIT, Snapshot::dr("without-key")).under(Key::Unset))),
        ],
        read: |trace| trace.code("copy").map(Verdict::answer),
    },
    Experiment {
        name: "copies-listed-by-database",
        subject: Subject::Fact {
            statement: "The filter `db-instance-id` lists the copies of a database that does not exist in the account.",
            relied_on_by: "crates/cloud/src/rds/snapshots.rs and consumer/src/lib.rs: DR lists the copies of a database",
        },
        needs: &[Need::Transit(Kind::Instance), Need::Key(Side::Dr)],
        minutes: 10,
        steps: &[
            must("visible", Action::Appear(TRANSIT)),
            must("copy", Action::Copy(Copy::new(TRANSIT, Snapshot::dr("listed")))),
            must("wait", Action::Settle(&[Snapshot::dr("listed")])),
            may("list", Action::ListInDr),
        ],
        read: |trace| {
            let code = trace.code("list")?;
            Ok(Verdict::unless((code != "accepted").then(|| code.to_owned())))
        },
    },
    Experiment {
        name: "shared-without-tags",
        subject: Subject::Fact {
            statement: "The account that a snapshot is shared with does not see its tags.",
            relied_on_by: "crates/protocol/src/message.rs: the announcement carries the tags",
        },
        needs: &[Need::Transit(Kind::Instance)],
        minutes: 1,
        steps: &[
            must("owner", Action::Describe(Side::Source, TRANSIT, Scope::Plain)),
            must("visible", Action::Appear(TRANSIT)),
        ],
        read: |trace| {
            if trace.snapshot("owner")?.tags.is_empty() {
                return Err("the snapshot has no tags for its owner".to_owned());
            }
            let tags = &trace.snapshot("visible")?.tags;
            Ok(Verdict::unless((!tags.is_empty()).then(|| format!("visible tags: {tags:?}"))))
        },
    },
    Experiment {
        name: "managed-key-copy",
        subject: Subject::Fact {
            statement: "DR can copy a shared snapshot under its AWS managed key.",
            relied_on_by: "consumer/src/keys.rs: AWS_MANAGED_KEY",
        },
        needs: &[Need::Transit(Kind::Instance)],
        minutes: 10,
        steps: &[
            must("visible", Action::Appear(TRANSIT)),
            may("copy", Action::Copy(Copy::new(TRANSIT, Snapshot::dr("managed")).under(Key::Managed))),
            must("wait", Action::Settle(&[Snapshot::dr("managed")])),
        ],
        read: |trace| match trace.code("copy")? {
            "accepted" => trace.available("wait").map(|_| Verdict::Holds),
            code => Ok(Verdict::Differs { observed: code.to_owned() }),
        },
    },
];
