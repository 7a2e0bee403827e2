//! Virtual time, for the whole demo: tokio's clock, paused.
//!
//! A paused clock stands still while anything is being done and jumps to the next timer when nothing is, so that days pass
//! as fast as the machine allows. It is of tokio's feature `test-util`, made for tests, and safe here for the same reason:
//! one thread, no sockets, no timer of the outside world. Nothing else of the command runs on this runtime; `draco sim` has
//! one of its own whose clock runs.

use anyhow::Context;
use tokio::runtime::Builder;

use crate::Failure;

/// Runs this to its end.
pub(super) fn run<F: Future>(play: F) -> Result<F::Output, Failure> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().context("starting")?;
    Ok(runtime.block_on(play))
}
