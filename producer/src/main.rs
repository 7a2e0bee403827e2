//! The producer as the program that Lambda runs.

use std::process::ExitCode;

use producer::Producer;

fn main() -> ExitCode {
    cloud::lambda::run("producer", Producer::new)
}
