//! Draco's data model: snapshots, their names and tags, RDS notifications, and the messages between the two accounts.
//!
//! All input from outside is parsed here into a type, or into an error that states the input and the expected form. Reading
//! order: [`place`] and [`arn`] (accounts, regions, names), [`snapshot`] with [`engine`], [`database`] and [`backup_window`], [`origin`] (which source a copy was made from) with
//! [`tags`] and [`identifier`]; then [`event`] (what invokes a function), [`topic`] (who sent it), [`notification`] (from RDS)
//! and [`message`] (from the other account) with [`audit`]; then [`wait`] (how long until the next look). [`spec`] has the settings of
//! databases, which a restore needs; [`job`] and [`observed`] are requests to bring databases back, and databases as AWS describes them.
//!
//! This crate reads no clock, does no I/O and uses no AWS SDK type.

pub mod arn;
pub mod audit;
pub mod backup_window;
pub mod database;
pub mod engine;
pub mod event;
pub mod identifier;
pub mod job;
pub mod message;
pub mod notification;
pub mod observed;
pub mod origin;
pub mod place;
mod quote;
pub mod settings;
pub mod snapshot;
mod source_tags;
pub mod spec;
pub mod tags;
pub mod topic;
pub mod wait;

pub use arn::{DatabaseArn, Kind, SnapshotArn};
pub use backup_window::BackupWindow;
pub use database::Database;
pub use engine::Engine;
pub use identifier::Attempt;
pub use job::{Job, JobId};
pub use message::{Announcement, Message, NoCopy, RefusalReason};
pub use observed::Observed;
pub use origin::{Origin, SnapshotRole};
pub use place::{AccountId, Place, Region};
pub use snapshot::{Snapshot, Status};
pub use source_tags::SourceTags;
pub use spec::Spec;
pub use tags::Tags;
pub use topic::TopicArn;
