//! Who asks, and where: what every operation is told besides its input.

use crate::call::Caller;
use crate::world::{RegionState, State};

/// Who asks, and in which region.
pub(crate) struct CallContext {
    pub(crate) caller: Caller,
    pub(crate) region: String,
}

impl CallContext {
    /// What the caller's account has in this region.
    pub(crate) fn region_state<'s>(&self, state: &'s mut State) -> &'s mut RegionState {
        state.region_state(&self.caller.account, &self.region)
    }

    /// The ARN that something of the caller's account has in this region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.caller.account)
    }
}
