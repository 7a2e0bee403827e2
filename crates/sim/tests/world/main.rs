//! Tests of the simulated AWS through its clients. They are one program, so that the AWS SDK is linked once.

#![allow(clippy::expect_used, reason = "a test may stop")]

mod bill;
mod clients;
mod concurrency;
mod faults;
mod functions;
mod http;
mod invoke;
mod journal;
mod kms;
mod messages;
mod permissions;
mod policies;
mod queues;
mod rds;
mod regions;
mod s3;
mod secrets;
mod stacks;
mod states;
mod support;
mod throttle;
