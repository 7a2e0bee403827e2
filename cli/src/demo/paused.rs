//! Virtual time for the demo: tokio's clock, paused.
//!
//! A paused clock does not advance while tasks run, and jumps to the next timer when all tasks wait. So days pass as fast as the
//! machine allows. tokio offers it in its feature `test-util`. It is safe here because the runtime has one thread and no
//! timers of the outside world, and because the clock is held while a socket of a database server is used. Only the demo uses this runtime; `draco sim` has its own, with a running clock.

use anyhow::Context;
use tokio::runtime::Builder;

use crate::Failure;

/// Runs a future to its end.
pub(super) fn run<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().context("starting tokio")?;
    Ok(runtime.block_on(future))
}
