//! The checker against real servers: good databases, and every kind of bad copy.
//!
//! They need PostgreSQL and MariaDB, which `cargo xtask test` installs.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod changed;
mod damaged;
mod good;
mod login;
mod slow;
mod support;
mod user;
