//! A simulation of the AWS services that Draco uses.
//!
//! A [`World`] has accounts and regions, which share one clock. Clients send requests in AWS's own wire formats. The
//! AWS SDK for Rust calls the world in process, without sockets; on tokio's paused clock, a simulated year takes
//! seconds. Any other client connects over HTTP. The services are plain Rust functions on plain structs and do not
//! depend on the wire format.
//!
//! ```text
//!   SDK in process ─┐                              ┌─► rds  kms  s3  secrets  sns  sqs  states  sts    (the services)
//!                   ├─► wire ─► Call ─► World ─────┤
//!   HTTP ───────────┘            (faults, journal) └─► agenda                              (scheduled changes)
//! ```
//!
//! Reading order: [`world`] (how a call is processed), [`agenda`] (how time passes), then a service: `sts` is the
//! smallest, `rds` the largest. All services have the same structure: `serve` is the table of operations. An operation
//! is a function of the [`world`]'s state, the caller and region ([`context`]), and the operation's input. Only `wire`
//! knows the format of requests and responses.
//!
//! Time, randomness and identifiers come only from the world, so that a run with the same seed produces the same
//! [`journal`], byte for byte.

mod agenda;
pub mod alarms;
mod arn;
pub mod bill;
mod call;
mod clock;
mod context;
mod durations;
pub mod fault;
mod iam;
pub mod journal;
mod kms;
pub mod lambda;
mod page;
pub mod questions;
mod rds;
mod regions;
mod s3;
mod schedule;
mod secrets;
pub mod servers;
mod sns;
mod sqs;
pub mod stack;
mod states;
mod sts;
mod tags;
mod throttle;
mod wire;
mod without_effect;
pub mod world;

pub use call::Service;
pub use durations::{Bounds, Durations};
pub use iam::Network;
pub use rds::{Quotas, RestoreFailure};
pub use world::{Settings, World};
