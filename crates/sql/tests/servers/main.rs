//! Both products, as real servers behind the simulated RDS.
//!
//! They need PostgreSQL and MariaDB, which `cargo xtask test` installs.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop")]

mod ends;
mod limits;
mod login;
mod queries;
mod refusals;
mod support;
