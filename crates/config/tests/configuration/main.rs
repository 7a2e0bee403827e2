//! What the configuration reads, and how it says no.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop")]

mod laws;
mod sample;
mod tells;
mod wrong;
