//! The checker as a function of Lambda. The crate `checker` knows no AWS.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use cloud::{Cloud, Function};
use serde_json::Value;

/// The checker. It makes no call of AWS: its role allows none.
pub(crate) struct Checker {
    clock: Cloud,
}

impl Checker {
    pub(crate) fn new(clock: Cloud) -> Self {
        Self { clock }
    }
}

impl Function for Checker {
    async fn handle(&self, payload: Value, deadline: DateTime<Utc>) -> anyhow::Result<Value> {
        // An error of the parser would quote the payload, which has a password (invariant 26).
        let task = serde_json::from_value(payload).map_err(|_| anyhow!("the payload is no task of the verifier"))?;
        let time = (deadline - self.clock.now()).to_std().unwrap_or_default();
        Ok(serde_json::to_value(::checker::run(task, time).await)?)
    }
}
