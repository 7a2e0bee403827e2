//! What building needs on this machine. To deploy what somebody else has uploaded, and to look after it, none of it is
//! needed, so nothing of it is to be mended.

use std::path::{Path, PathBuf};
use std::process::Command;

use config::Config;

use super::finding::Finding;
use crate::files::Files;

/// What is there.
pub(super) struct Tools {
    cargo_lambda: bool,
    zig: bool,
    /// Rust's name for what the functions run on, and whether its standard library is there.
    target: (&'static str, bool),
}

pub(super) fn look(config: &Config) -> Tools {
    let target = config.architecture.triple();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Where `cargo xtask test` puts them, and `cargo xtask build` finds them.
    if let Some(built_into) = Files::of_workspace().ok().as_ref().and_then(|files| files.built.parent()) {
        folders.push(built_into.join("python/bin"));
    }
    let is_there = |names: &[&str]| folders.iter().any(|folder| names.iter().any(|name| folder.join(name).is_file()));
    Tools {
        cargo_lambda: is_there(&["cargo-lambda"]),
        // The package ziglang on PyPI calls it python-zig.
        zig: is_there(&["zig", "python-zig"]),
        target: (target, has_library(target)),
    }
}

/// `rustc` names the folder whether there is one or not, and knows nothing of rustup, which not everybody has.
fn has_library(target: &str) -> bool {
    let said = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    said.is_ok_and(|said| Path::new(String::from_utf8_lossy(&said.stdout).trim()).is_dir())
}

pub(super) fn judge(tools: &Tools) -> Vec<Finding> {
    let package = |name: &str, is_there| match is_there {
        true => Finding::good(format!("{name} is there, for `cargo xtask build`")),
        false => Finding::caution(
            format!("{name} is not there, and `cargo xtask build` needs it"),
            format!("`pipx install {name}`, or as `cargo xtask build` says"),
        ),
    };
    let (target, has_target) = tools.target;
    let library = match has_target {
        true => Finding::good(format!("Rust's standard library for {target} is there")),
        false => Finding::caution(
            format!("Rust's standard library for {target} is not there, and `cargo xtask build` needs it"),
            format!("`rustup target add {target}`"),
        ),
    };
    vec![package("cargo-lambda", tools.cargo_lambda), package("ziglang", tools.zig), library]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Section, told};
    use super::{Tools, judge};

    #[test]
    fn a_missing_tool_is_told_with_the_command_that_installs_it() {
        let tools = Tools { cargo_lambda: true, zig: false, target: ("aarch64-unknown-linux-gnu", false) };
        let lines = told(&[Section { title: "This machine".to_owned(), findings: judge(&tools) }]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines.join("\n")));
    }
}
