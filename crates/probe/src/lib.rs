//! Finds out how AWS behaves where no text of AWS's decides it, and whether the facts hold on which Draco relies.
//!
//! An [`Experiment`] is a pure description: the calls, and how their responses decide a question of [`sim::questions`] or a
//! fact. [`Lab::run`] carries out experiments in two accounts, with the smallest database that there is. Everything that it
//! creates is in a [`Journal`] before it exists, so that [`Lab::remove_all`] removes it, also after a crash.
//!
//! Reading order: [`experiment`], one file of [`experiments`], then `engine`, `needs` and `cleanup`.
//!
//! The crate reads no configuration and prints nothing. The command `cargo xtask probe` is in the crate `deploy`.

mod actions;
mod backups;
mod cleanup;
mod engine;
mod estimate;
mod existing;
pub mod experiment;
pub mod experiments;
mod journal;
mod lab;
mod needs;
mod rds;
mod report;
mod singles;
pub mod trace;

pub use cleanup::Leftover;
pub use engine::{Finding, Progress};
pub use estimate::Estimate;
pub use existing::{Existing, MIN_FULL};
pub use experiment::{Experiment, Verdict};
pub use journal::{Journal, Resource, Run, What};
pub use lab::{Account, Lab, Pace, TAG};
pub use report::{Report, ReportedResult};
