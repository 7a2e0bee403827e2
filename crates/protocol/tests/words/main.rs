//! What must hold for Draco's words, whatever is said to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod any_input;
mod bad_input;
mod given;
mod identifiers;
mod messages;
mod round_trips;
mod settings;
mod shapes;
mod tags;
mod waiting;
