//! Requests that AWS refuses, and its error codes.

use crate::actions::{EMPTY, is_missing};
use crate::experiment::{
    Action, Copy, Experiment, Key, Kind, Need, Scope, Side, Snapshot, Subject, Tags, Verdict, may, must,
};
use crate::trace::Trace;

const BASE: Snapshot = Snapshot::base(Kind::Instance);
const NONE: Snapshot = Snapshot::source("none");

pub(super) const ALL: &[Experiment] = &[
    Experiment {
        name: "error-codes",
        subject: Subject::Fact {
            statement: "A missing snapshot is DBSnapshotNotFound, also one that is not shared, and a name in use is \
                        DBSnapshotAlreadyExists.",
            relied_on_by: "crates/cloud/src/error.rs: calls that are repeated",
        },
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Source)],
        minutes: 5,
        steps: &[
            may("describe", Action::Describe(Side::Source, NONE, Scope::Plain)),
            may("delete", Action::Delete(NONE)),
            may("not shared", Action::Describe(Side::Dr, BASE, Scope::Plain)),
            may("copy of none", Action::Copy(Copy::new(NONE, Snapshot::source("copy-of-none")))),
            must("copy", Action::Copy(Copy::new(BASE, Snapshot::source("twice")))),
            may("copy again", Action::Copy(Copy::new(BASE, Snapshot::source("twice")))),
            may("take", Action::Take(Snapshot::source("twice"), Tags::Own(&[]))),
        ],
        read: |trace| {
            let (missing, exists) = ("DBSnapshotNotFound", "DBSnapshotAlreadyExists");
            expect(
                trace,
                &[
                    ("describe", missing),
                    ("delete", missing),
                    ("not shared", missing),
                    ("copy of none", missing),
                    ("copy again", exists),
                    ("take", exists),
                ],
            )
        },
    },
    Experiment {
        name: "managed-key-not-shared",
        subject: Subject::Fact {
            statement: "A snapshot under the AWS managed key cannot be shared.",
            relied_on_by: "README.md: the reason why the transit copy exists",
        },
        needs: &[Need::Base(Kind::Instance)],
        minutes: 1,
        steps: &[may("share", Action::Share(BASE))],
        read: |trace| refused(trace, "share"),
    },
    Experiment {
        name: "key-refused",
        subject: Subject::Fact {
            statement: "A copy under a key that the caller may not use is KMSKeyNotAccessibleFault.",
            relied_on_by: "crates/cloud/src/error.rs: the remedy names the key's policy",
        },
        needs: &[Need::Base(Kind::Instance), Need::Key(Side::Dr)],
        minutes: 1,
        steps: &[may("copy", Action::Copy(Copy::new(BASE, Snapshot::source("refused")).under(Key::Forbidden)))],
        read: |trace| expect(trace, &[("copy", "KMSKeyNotAccessibleFault")]),
    },
    Experiment {
        name: "unnamed-errors",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Instance)],
        minutes: 1,
        steps: &[may("describe", Action::DescribeWithoutValues)],
        read: |trace| match trace.code("describe")? {
            "InvalidParameterCombination" => Ok(Verdict::answer("as-moto")),
            "InvalidParameterValue" => Ok(Verdict::answer("common")),
            code => Err(code.to_owned()),
        },
    },
    Experiment {
        name: "filtered-out",
        subject: Subject::Question,
        needs: &[Need::Database(Kind::Instance)],
        minutes: 1,
        steps: &[may("describe", Action::DescribeFiltered)],
        read: |trace| match trace.code("describe")? {
            EMPTY => Ok(Verdict::answer("empty")),
            code if is_missing(code) => Ok(Verdict::answer("not-found")),
            "accepted" => Err("the filter did not exclude the instance".to_owned()),
            code => Err(code.to_owned()),
        },
    },
];

/// Whether AWS refused each of these steps with this code.
fn expect(trace: &Trace, expected: &[(&str, &str)]) -> Result<Verdict, String> {
    let mut differences = Vec::new();
    for (step, expected) in expected {
        let code = trace.code(step)?;
        if code != *expected {
            differences.push(format!("{step}: {code}"));
        }
    }
    Ok(Verdict::unless((!differences.is_empty()).then(|| differences.join(", "))))
}

/// Whether AWS refused a step, with any code.
pub(super) fn refused(trace: &Trace, step: &str) -> Result<Verdict, String> {
    Ok(Verdict::unless((trace.code(step)? == "accepted").then(|| "accepted".to_owned())))
}
