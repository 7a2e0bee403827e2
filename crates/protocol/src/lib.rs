//! Draco's words: what a snapshot is, how it and its copies are named and tagged, and what the two accounts say to each
//! other.
//!
//! Everything from outside becomes a type here, or an error that says what was seen and what was expected. Read
//! [`place`] and [`arn`] (where things are), [`snapshot`] (what is known of one), [`origin`] (what Draco's copies tell of
//! the snapshot they were made from) with [`tags`] and [`identifier`]; then what is heard: [`event`] (what invokes a
//! function), [`notification`] (from RDS) and [`message`] (from the other account); last [`wait`].
//!
//! This crate reads no clock, does no I/O and names no AWS SDK type.

pub mod arn;
pub mod event;
pub mod identifier;
pub mod message;
pub mod notification;
pub mod origin;
pub mod place;
mod seen;
pub mod settings;
pub mod snapshot;
pub mod tags;
pub mod wait;

pub use arn::{DatabaseArn, Kind, SnapshotArn};
pub use message::{Announcement, Message, NoCopy, WhyNot};
pub use origin::{Origin, Part};
pub use place::{AccountId, Place, Region};
pub use snapshot::{Snapshot, Status};
pub use tags::Tags;
