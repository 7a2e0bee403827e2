//! The tools that building needs on this machine. Deploying code that was built elsewhere needs none of them, so a missing
//! tool is a warning.

use std::path::{Path, PathBuf};
use std::process::Command;

use config::Config;

use super::finding::{Finding, Id};
use crate::files::Files;

/// The installed tools.
pub(super) struct Tools {
    cargo_lambda: bool,
    zig: bool,
    /// Rust's target triple of the functions, and whether its standard library is installed.
    target: (&'static str, bool),
}

pub(super) fn look(config: &Config) -> Tools {
    let target = config.architecture.triple();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // `cargo xtask test` installs them here, and `cargo xtask build` finds them here.
    if let Some(built_into) = Files::of_workspace().ok().as_ref().and_then(|files| files.built.parent()) {
        folders.push(built_into.join("python/bin"));
    }
    let has_any = |names: &[&str]| folders.iter().any(|folder| names.iter().any(|name| folder.join(name).is_file()));
    Tools {
        cargo_lambda: has_any(&["cargo-lambda"]),
        // The command of the PyPI package ziglang is python-zig.
        zig: has_any(&["zig", "python-zig"]),
        target: (target, has_library(target)),
    }
}

/// `rustc` prints the folder even if it does not exist. rustup is not needed for it.
fn has_library(target: &str) -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

pub(super) fn judge(tools: &Tools) -> Vec<Finding> {
    let package = |name: &str, is_installed| match is_installed {
        true => Finding::ok(Id::ToolInstalled, name, "installed"),
        false => Finding::warning(Id::ToolMissing, name, "not installed; `cargo xtask build` needs it")
            .next(format!("run `pipx install {name}`")),
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
    vec![package("cargo-lambda", tools.cargo_lambda), package("ziglang", tools.zig), library]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Area, Section, lines};
    use super::{Tools, judge};

    #[test]
    fn missing_tool_is_reported_with_the_command_that_installs_it() {
        let tools = Tools { cargo_lambda: true, zig: false, target: ("aarch64-unknown-linux-gnu", false) };
        let title = "this machine".to_owned();
        let section = Section { area: Area::Machine, account: None, title, findings: judge(&tools) };
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines(&[section]).join("\n")));
    }
}
