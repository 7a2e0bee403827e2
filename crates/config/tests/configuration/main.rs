//! The configuration: values, errors, and the report of what is in force.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop")]

mod errors;
mod laws;
mod report;
mod sample;
