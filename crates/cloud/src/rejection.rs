//! Messages that a function rejects. An event with a rejected message is handled: a retry could not help, and the sender
//! announces what matters again.

use std::fmt::Display;

use protocol::AccountId;
use tracing::error;

use crate::log::step;

/// Why a message is rejected: it cannot be parsed, its sender may not send it, or it contradicts AWS's description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(String);

impl Rejection {
    /// A rejection with this reason.
    #[must_use]
    pub fn new(why: impl Display) -> Self {
        Self(why.to_string())
    }
}

/// Rejects a message that does not meet a condition.
///
/// # Errors
/// The rejection with this reason, if the condition does not hold.
pub fn require<W: Display>(condition: bool, why: impl FnOnce() -> W) -> Result<(), Rejection> {
    if condition { Ok(()) } else { Err(Rejection::new(why())) }
}

/// Logs a rejection, which then counts for the account that sent the message. Any other error is returned.
///
/// # Errors
/// The error, if it is not a [`Rejection`].
pub fn reject(sender: Option<&AccountId>, error: anyhow::Error) -> anyhow::Result<()> {
    if error.downcast_ref::<Rejection>().is_none() {
        return Err(error);
    }
    let account = sender.map(AccountId::as_str);
    error!(
        account,
        step = step::MESSAGE_REJECTED,
        reason = format!("{error:#}"),
        rejected = 1,
        "the message was rejected"
    );
    Ok(())
}
