//! Real servers: what a database contains after each thing that RDS does with it.
//!
//! They need PostgreSQL and MariaDB, which `cargo xtask test` installs.

#![allow(clippy::expect_used, reason = "a test may stop")]

mod ends;
mod mariadb;
mod paused;
mod postgres;
mod support;
mod world;
