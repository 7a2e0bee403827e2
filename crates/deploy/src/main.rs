//! The program `deploy`, which runs on behalf of `cargo xtask`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::Styles;
use deploy_args::CommandLine;

fn main() -> ExitCode {
    let CommandLine { task } = CommandLine::parse();
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(deploy::run(task)));
    let Err(why) = result else { return ExitCode::SUCCESS };
    let error = *Styles::styled().get_error();
    // Standard error may be closed.
    let _ = writeln!(anstream::stderr(), "{error}error:{error:#} {why:#}");
    ExitCode::FAILURE
}
