//! RDS through the AWS SDK. Instances and clusters behave the same, so each test proves both kinds. `support` has the
//! calls of each kind.

mod backups;
mod copies;
mod cross_region;
mod databases;
mod events;
mod filters;
mod grants;
mod groups;
mod inaccessible;
mod incremental;
mod insights;
mod keys;
mod laws;
mod managed_secrets;
mod members;
mod mishaps;
mod modifications;
mod notifications;
mod numbered_events;
mod power;
mod restores;
mod settings;
mod sharing;
mod snapshots;
pub(crate) mod support;
mod tags;
mod unnamed_errors;
