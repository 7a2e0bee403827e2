//! What building needs on this machine, besides Cargo: `cargo xtask build` installs its tools with Python. Deploying code that
//! was built elsewhere needs none of it, so what is missing is a warning.

use std::path::Path;
use std::process::Command;

use config::Config;

use super::finding::{Finding, Id};

/// What is installed.
pub(super) struct Tools {
    /// Python with the module that makes environments.
    python: bool,
    /// Rust's target triple of the functions, and whether its standard library is installed.
    target: (&'static str, bool),
}

pub(super) fn look(config: &Config) -> Tools {
    let target = config.architecture.triple();
    let python = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    Tools { python: python.is_ok_and(|output| output.status.success()), target: (target, has_library(target)) }
}

/// `rustc` prints the folder even if it does not exist. rustup is not needed for it.
fn has_library(target: &str) -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

pub(super) fn judge(tools: &Tools) -> Vec<Finding> {
    let python = match tools.python {
        true => Finding::ok(Id::ToolInstalled, "python3", "installed, with its module venv"),
        false => Finding::warning(
            Id::ToolMissing,
            "python3",
            "not installed, or without its module venv; `cargo xtask build` installs its tools with it",
        )
        .next("install python3 and python3-venv"),
    };
    let (target, has_target) = tools.target;
    let library = match has_target {
        true => Finding::ok(Id::TargetInstalled, target, "Rust's standard library is installed"),
        false => Finding::warning(
            Id::TargetMissing,
            target,
            "Rust's standard library is not installed; `cargo xtask build` needs it",
        )
        .next(format!("run `rustup target add {target}`")),
    };
    vec![python, library]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Area, Section, lines};
    use super::{Tools, judge};

    #[test]
    fn missing_tool_is_reported_with_the_command_that_installs_it() {
        let tools = Tools { python: false, target: ("aarch64-unknown-linux-gnu", false) };
        let title = "this machine".to_owned();
        let section = Section { area: Area::Machine, place: None, title, findings: judge(&tools) };
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines(&[section]).join("\n")));
    }
}
