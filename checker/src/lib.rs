//! The function inside the VPC: it checks a restored database.
//!
//! It is handed a [`Task`] with the server, its password and the user's checks, and answers with a part of the report.
//! It has no permissions and no route out, and keeps nothing.
//!
//! The stages, in this order:
//!
//! 1. connect over verified TLS, and list the databases;
//! 2. structure: unlogged and foreign tables, invalid indexes, sequences behind their keys;
//! 3. indexes: `amcheck`, `CHECK TABLE`, in half of the time;
//! 4. tables: each is read to its end, and sampled, within the budget;
//! 5. the user's checks, also if the budget is spent.
//!
//! Databases, tables and indexes come in the order of their names. That order does not change between two runs, so a
//! [`Marker`](checks::Marker) with the last name is enough to continue, whatever the number of tables. A large table is read in
//! pieces, of pages or of keys, so one that takes longer than a run is continued too.
//!
//! Reading order: [`mod@run`] (stages and markers), [`connect`], [`structure`], [`indexes`], [`tables`], [`user`]; what is
//! asked of each product is in [`postgres`] and [`mysql`].
//!
//! **Absent on purpose:** AWS; writes, but for the installation of `amcheck`; the messages of servers, which quote data.

mod connect;
mod indexes;
mod mysql;
mod pieces;
mod postgres;
mod quote;
mod run;
mod sample;
mod structure;
mod tables;
mod user;
mod values;

use std::time::Duration;

use checks::{Answer, Task};

/// Runs a task for at most `deadline`, and less if the task has a lower limit. All faults of the server are in the answer.
///
/// A run makes at least one step, however little time it has. So runs that continue each other come to their end.
pub async fn run(task: Task, deadline: Duration) -> Answer {
    run::run(task, deadline).await
}
