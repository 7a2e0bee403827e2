//! What is checked in a restored database, and what the results mean.
//!
//! ```text
//!                    Task                              Answer
//! verifier ────────────────────────► checker ──────────────────────► verifier
//!           server, checks, limits             Part of the report,    Part::merge, Profile::of, compare
//!           Marker of an earlier run           Marker of the next run Report::of
//! ```
//!
//! One verification is one run of the checker or several. Each run hands on where it stopped, as a [`Marker`]. The parts
//! of the runs are merged in order, and [`Report::of`] grades the whole.
//!
//! Reading order: [`check`] (what a user configures), [`mod@judge`] (what the rows of its query mean), [`fault`] and
//! [`profile`] (what is found without configuration), [`task`] (what travels between the functions), [`report`].
//!
//! **Absent on purpose:** connections, queries, clocks, AWS. The time of the snapshot is part of the task.

mod check;
mod decimal;
mod fault;
mod judge;
mod name;
mod part;
pub mod profile;
pub mod report;
mod scalars;
mod task;

pub use check::{Check, Expect, InvalidCheck};
pub use decimal::{Decimal, InvalidDecimal};
pub use fault::{Fault, LOGIN, Severity};
pub use judge::{Judged, Rows, Value, Verdict, judge};
pub use name::ObjectName;
pub use part::{CheckResult, Column, Facts, NotChecked, Part, Sample, Table};
pub use profile::{Change, Profile, Thresholds, compare};
pub use report::{Conclusion, Grade, Report};
pub use scalars::{InvalidScalar, Pattern, Percent, Scalar, Span};
pub use task::{Answer, Limits, Marker, Product, Progress, Secret, Server, Spent, Stage, Task};

/// A short hash that is the same in every version of this program (FNV-1a, 64 bits). It is no protection against
/// collisions on purpose.
pub(crate) fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("{:016x}", hash_number(texts))
}

/// That hash as a number.
pub fn hash_number<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    // A byte that is in no text separates them.
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
