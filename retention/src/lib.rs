//! Which snapshots a [`Lifecycle`] keeps, and why.
//!
//! A lifecycle is a named list of [`Rule`]s: *daily 7, weekly 5, monthly 12*. A rule looks at the snapshots of one
//! database, newest first, and holds some of them; a snapshot that no rule holds may go. [`plan()`] says for each
//! snapshot which of the two it is, and every rule's reason.
//!
//! Two choices make it safe to plan again and again over what an earlier plan left, in whatever order snapshots arrive:
//! a rule keeps the **newest** snapshot of a period, never the oldest, and everything is measured from the newest
//! **snapshot**, never from today. So a rule that once let a snapshot go would never have wanted it back, and a database
//! whose backups have stopped loses nothing more. The laws are proved in `tests/laws.rs`.
//!
//! Read [`rule`] first (what a rule is, and the one table of them), then [`plan`](mod@plan), then [`lifecycle`].
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
//! let told: Vec<String> = plan.verdicts().map(|verdict| format!("{}: {verdict}", verdict.snapshot.0)).collect();
//! assert_eq!(
//!     told,
//!     [
//!         "monday: keep: daily 1 of 7, weekly 1 of 5, monthly 1 of 12, yearly 1 of 7",
//!         "sunday-again: keep: daily 2 of 7, weekly 2 of 5",
//!         "sunday: delete: daily needs the newest of its day, weekly needs the newest of its week, \
//!          monthly needs the newest of its month, yearly needs the newest of its year",
//!     ],
//! );
//! ```

pub mod lifecycle;
pub mod plan;
pub mod reason;
pub mod rule;

pub use lifecycle::{Lifecycle, Lifecycles, Rules};
pub use plan::{Plan, Snapshot, Verdict, plan};
pub use reason::Reason;
pub use rule::{Counted, Rule, Span};
