//! Restore in the simulated AWS: a database gets its name back, or the old one does, also when calls fail.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod client;
mod conditions;
mod crashes;
mod faults;
mod foreign;
mod interleaved;
mod table;
mod ways;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_rds::types::{ServerlessV2ScalingConfiguration, Tag};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Cloud;
use protocol::job::{Approval, Request, Role, Source, Verb};
use protocol::observed::Condition;
use protocol::spec::{Setting, Settings};
use protocol::{DatabaseArn, Job, Kind, Observed, Place, SnapshotArn};
use restorer::{Begin, Direction, Outcome};
use sim::World;
use sim::journal::Event;

use client::Client;
use world::{Fixture, Shape};

const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";
/// The most steps that a job may need.
const STEPS: usize = 400;

fn place() -> Place {
    Place { region: REGION.parse().unwrap(), account: ACCOUNT.parse().unwrap() }
}

fn target(kind: Kind) -> DatabaseArn {
    DatabaseArn::new(kind, place(), "orders").unwrap()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}
