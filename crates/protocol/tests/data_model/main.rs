//! The data model: parsing, names, tags, messages and delays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod fixtures;
mod formats;
mod identifiers;
mod invalid_input;
mod jobs;
mod messages;
mod observed;
mod random_input;
mod round_trips;
mod settings;
mod spec;
mod spec_table;
mod tags;
mod topics;
mod waiting;
