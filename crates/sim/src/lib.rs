//! A simulated AWS, small enough to read and true enough to trust.
//!
//! A [`World`] holds accounts with regions on one clock. Real clients talk to it in AWS's own wire formats: the AWS SDK
//! in process, without sockets and on tokio's paused clock, so that a year passes in seconds; any other client over
//! HTTP. What the services do is plain Rust on plain structs, and can be read without knowing the wire.
//!
//! ```text
//!   SDK in process ─┐                              ┌─► rds  kms  sns  sts  sqs  states    (what a service does)
//!                   ├─► wire ─► Call ─► World ─────┤
//!   HTTP ───────────┘            (faults, journal) └─► agenda ─► what happens later, and what that causes
//! ```
//!
//! Read [`world`] first (what a call goes through), then [`agenda`] (how time passes), then a service: `sts` is the
//! smallest, `rds` the reason for all of it. All are built alike: `serve` is the table of operations, and an operation is
//! a function of the [`world`]'s state, of who asks and where ([`here`]), and of its input. `wire` is for those who must
//! know how a request looks.
//!
//! Time, randomness and identifiers come from the world and nowhere else, so a run can be run again, byte for byte in
//! its [`journal`].

mod agenda;
mod arn;
pub mod bill;
mod call;
mod clock;
mod context;
pub mod fault;
mod iam;
pub mod journal;
mod kms;
pub mod lambda;
mod page;
mod rds;
mod schedule;
mod sns;
mod sqs;
pub mod stack;
mod states;
mod sts;
mod throttle;
mod wire;
pub mod world;

pub use call::Service;
pub use world::{Settings, World};
