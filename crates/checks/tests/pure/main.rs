//! What the types of checks accept, and what results mean.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod check;
mod judge;
mod numbers;
mod parts;
mod profile;
mod report;
