//! Automated snapshots.

use super::refusals::refused;
use super::tags::has_database_tag;
use crate::actions::is_missing;
use crate::experiment::{Action, Experiment, Kind, Need, Side, Snapshot, Subject, Verdict, may, must};
use crate::trace::Backups;

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "first-backup",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Instance)],
        minutes: 60,
        steps: &[must("wait", Action::FirstBackup)],
        read: |trace| {
            let is_early = !trace.backups("wait")?.automated.is_empty();
            Ok(Verdict::answer(if is_early { "at-creation" } else { "in-the-window" }))
        },
    },
    Experiment {
        name: "automated-by-identifier",
        subject: Subject::Question,
        needs: &[Need::Automated],
        minutes: 1,
        steps: &[may("describe", Action::DescribeAutomated)],
        read: |trace| match trace.code("describe")? {
            "accepted" => Ok(Verdict::answer("found")),
            code if is_missing(code) => Ok(Verdict::answer("needs-type")),
            code => Err(code.to_owned()),
        },
    },
    Experiment {
        name: "automated-not-shared",
        subject: Subject::Fact {
            statement: "An automated snapshot cannot be shared.",
            relied_on_by: "doc/glossary.md: the transit copy is made only to be shared",
        },
        needs: &[Need::Automated],
        minutes: 1,
        steps: &[may("share", Action::ShareAutomated)],
        read: |trace| refused(trace, "share"),
    },
    Experiment {
        name: "automated-copied-with-tags",
        subject: Subject::Fact {
            statement: "An automated snapshot has the database's tags if CopyTagsToSnapshot is on, and CopyTags carries them \
                        to a copy.",
            relied_on_by: "producer/src/decide.rs: the lifecycle is a tag of the snapshot",
        },
        needs: &[Need::Automated],
        minutes: 5,
        steps: &[
            must("copy", Action::CopyAutomated(Snapshot::source("automated"))),
            must("wait", Action::Settle(&[Snapshot::source("automated")])),
        ],
        read: |trace| {
            let copy = trace.available("wait")?;
            Ok(Verdict::unless((!has_database_tag(copy)).then(|| format!("tags {:?}", copy.tags))))
        },
    },
    Experiment {
        name: "snapshots-of-missing-database",
        subject: Subject::Question,
        needs: &[],
        minutes: 25,
        steps: &[may("list", Action::ListOfDeleted)],
        read: |trace| match trace.code("list")? {
            "accepted" => Ok(Verdict::answer("listed")),
            code if is_missing(code) => Ok(Verdict::answer("not-found")),
            code => Err(code.to_owned()),
        },
    },
    Experiment {
        name: "backup-during-copy",
        subject: Subject::Question,
        needs: &[Need::Clock, Need::Key(Side::Source)],
        minutes: 110,
        steps: &[must("copies", Action::BackUpDuringCopies(Side::Source))],
        read: |trace| Ok(Verdict::answer(backup(trace.backups("copies")?)?.name())),
    },
    Experiment {
        name: "backup-during-shared-copy",
        subject: Subject::Question,
        needs: &[Need::Clock, Need::Key(Side::Source), Need::Key(Side::Dr)],
        minutes: 120,
        steps: &[must("copies", Action::BackUpDuringCopies(Side::Dr))],
        read: |trace| match backup(trace.backups("copies")?)? {
            Backup::Taken => Ok(Verdict::answer("does-not-count")),
            Backup::Postponed | Backup::Skipped => Ok(Verdict::answer("counts")),
        },
    },
];

/// What became of a backup during copies.
enum Backup {
    Taken,
    Postponed,
    Skipped,
}

impl Backup {
    fn name(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Postponed => "postponed",
            Self::Skipped => "skipped",
        }
    }
}

fn backup(backups: &Backups) -> Result<Backup, String> {
    let (_, last) = backups.copies.ok_or("there were no copies")?;
    Ok(match backups.automated.first() {
        None => Backup::Skipped,
        Some(created) if *created < last => Backup::Taken,
        Some(_) => Backup::Postponed,
    })
}
