//! The copies of a database in DR, case by case and under attack.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop")]

mod attacks;
mod onward;
mod support;
mod tables;
