//! RDS, as the AWS SDK sees it. Instances and clusters are two spellings of one behaviour, so what is proved is proved
//! for both: `support` spells.

mod copies;
mod databases;
mod events;
mod keys;
mod laws;
mod notifications;
mod sharing;
mod snapshots;
mod support;
mod tags;
