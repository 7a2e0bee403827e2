//! Which snapshots a [`Lifecycle`] keeps, and why.
//!
//! A lifecycle is a named list of [`Rule`]s: *daily 7, weekly 5, monthly 12*. Each rule looks at the snapshots of one
//! database, newest first, and keeps some of them. A snapshot that no rule keeps can be deleted. [`plan()`] returns a
//! verdict for each snapshot, keep or delete, with the reasons.
//!
//! Planning is safe to repeat after each deletion, in any order of arrival. Two choices make it so: a rule keeps the
//! **newest** snapshot of a period, never the oldest, and ages are measured from the newest **snapshot**, never from
//! today. So no later plan needs a snapshot that an earlier plan deleted, and a database whose backups have stopped loses
//! no further snapshots. `tests/laws.rs` tests these properties on random histories.
//!
//! Read [`rule`] first (what a rule is, and the one table of them), then [`plan`](mod@plan), then [`lifecycle`]. Two modules
//! reason about rules instead of snapshots: `compare` (does a lifecycle keep at least as much as another?) and `guarantee` (for
//! how many days does a floor hold?).
//!
//! This crate reads no clock, does no I/O and does not know AWS.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use retention::Lifecycles;
//!
//! let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
//! let snapshots = [
//!     ("monday", at("2026-11-16T03:05:00Z")),
//!     ("sunday", at("2026-11-15T03:05:00Z")),
//!     ("sunday-again", at("2026-11-15T15:00:00Z")),
//! ];
//! let lifecycle = Lifecycles::built_in().named("Standard");
//! let plan = retention::plan(&lifecycle, &snapshots);
//!
//! let lines: Vec<String> = plan.verdicts().map(|verdict| format!("{}: {verdict}", verdict.snapshot.0)).collect();
//! assert_eq!(
//!     lines,
//!     [
//!         "monday: keep: daily 1 of 7, weekly 1 of 5, monthly 1 of 12, yearly 1 of 7",
//!         "sunday-again: keep: daily 2 of 7, weekly 2 of 5",
//!         "sunday: delete: daily keeps only the newest of a day; weekly keeps only the newest of a week; \
//!          monthly keeps only the newest of a month; yearly keeps only the newest of a year",
//!     ],
//! );
//! ```

mod compare;
mod guarantee;
pub mod lifecycle;
pub mod plan;
pub mod reason;
pub mod rule;

pub use lifecycle::{Lifecycle, Lifecycles, Rules};
pub use plan::{Plan, Snapshot, Verdict, plan};
pub use reason::Reason;
pub use rule::{Counted, ParseSpanError, Rule, Span};
