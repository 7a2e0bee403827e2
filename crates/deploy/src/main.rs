//! The program `deploy`, which `cargo xtask` runs.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::Styles;
use deploy::Deploy;

fn main() -> ExitCode {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(Deploy::parse().run()));
    let Err(why) = done else { return ExitCode::SUCCESS };
    let error = *Styles::styled().get_error();
    // Nobody may be there to hear it.
    let _ = writeln!(anstream::stderr(), "{error}error:{error:#} {why:#}");
    ExitCode::FAILURE
}
