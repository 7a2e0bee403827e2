//! Who asks, and where: what every operation is told besides its input.

use crate::call::Caller;
use crate::world::{Place, State};

/// Who asks, and in which region.
pub(crate) struct Here {
    pub(crate) caller: Caller,
    pub(crate) region: String,
}

impl Here {
    /// What the caller's account has in this region.
    pub(crate) fn place<'s>(&self, state: &'s mut State) -> &'s mut Place {
        state.place(&self.caller.account, &self.region)
    }

    /// The ARN that something of the caller's account has in this region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.caller.account)
    }
}
