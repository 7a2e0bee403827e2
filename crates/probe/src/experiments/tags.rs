//! Tags of snapshots and copies.

use crate::experiment::{
    Action, Copy, Experiment, Kind, Need, Scope, Side, Snapshot, Subject, Tags, Verdict, may, must,
};
use crate::needs::DATABASE_TAG;
use crate::trace::View;

const BASE: Snapshot = Snapshot::base(Kind::Instance);

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "snapshot-tags",
        subject: Subject::Fact {
            statement: "A snapshot that is created with a tag does not get the tags of its database.",
            relied_on_by: "doc/tags.md; the user guide states it. Draco works with and without: see tests/tests/replication/databases.rs",
        },
        needs: &[Need::Database(Kind::Instance)],
        minutes: 5,
        steps: &[
            must("take", Action::Take(Snapshot::source("own-tags"), Tags::Own(&[]))),
            must("wait", Action::Settle(&[Snapshot::source("own-tags")])),
        ],
        read: |trace| {
            let tags = &trace.available("wait")?.tags;
            let is_merged = has_database_tag(trace.available("wait")?);
            Ok(Verdict::unless(is_merged.then(|| format!("the tags are {tags:?}"))))
        },
    },
    Experiment {
        name: "copy-tags",
        subject: Subject::Question,
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 5,
        steps: &[
            must("source", Action::Describe(Side::Source, BASE, Scope::Plain)),
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("copied-tags")).carrying_tags())),
            must("wait", Action::Settle(&[Snapshot::source("copied-tags")])),
        ],
        read: |trace| {
            if !has_database_tag(trace.snapshot("source")?) {
                return Err("the source does not have the database's tag".to_owned());
            }
            Ok(merged(trace.available("wait")?))
        },
    },
    Experiment {
        name: "tag-during-copy",
        subject: Subject::Fact {
            statement: "Tags can be added to a copy in progress, and stay.",
            relied_on_by: "crates/cloud/src/lib.rs: copies are tagged in any status",
        },
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 5,
        steps: &[
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("tagged")))),
            may("tag", Action::Tag(Snapshot::source("tagged"), &[("added", "yes")])),
            must("wait", Action::Settle(&[Snapshot::source("tagged")])),
        ],
        read: |trace| {
            if trace.snapshot("copy")?.status == "available" {
                return Err("the copy was finished at once".to_owned());
            }
            let (code, copy) = (trace.code("tag")?, trace.available("wait")?);
            let stays = copy.tags.get("added").is_some_and(|value| value == "yes");
            Ok(Verdict::unless((code != "accepted" || !stays).then(|| format!("{code}, then tags {:?}", copy.tags))))
        },
    },
];

/// Whether the request's own tag replaced the others or was merged with them.
fn merged(view: &View) -> Verdict {
    Verdict::answer(if has_database_tag(view) { "merge" } else { "replace" })
}

/// Whether a snapshot has the tag of its database.
pub(super) fn has_database_tag(view: &View) -> bool {
    view.tags.get(DATABASE_TAG.0).is_some_and(|value| value == DATABASE_TAG.1)
}
