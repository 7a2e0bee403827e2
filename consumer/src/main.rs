//! The consumer as the program that Lambda runs.

use std::process::ExitCode;

use consumer::Consumer;

fn main() -> ExitCode {
    cloud::lambda::run("consumer", Consumer::new)
}
