//! The context of a call: its caller and region.

use crate::call::{Call, Caller};
use crate::world::{RegionState, State};

/// The caller and the region of a call.
pub(crate) struct CallContext {
    pub(crate) caller: Caller,
    pub(crate) region: String,
}

impl CallContext {
    pub(crate) fn of(call: &Call) -> Self {
        Self { caller: call.caller.clone(), region: call.region.clone() }
    }

    /// The state of the caller's account in this region.
    pub(crate) fn region_state<'s>(&self, state: &'s mut State) -> &'s mut RegionState {
        state.region_state(&self.caller.account, &self.region)
    }

    /// The ARN of a resource of the caller's account in this region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.caller.account)
    }
}
