//! What the functions are built with, besides Cargo: on the search path, or where `cargo xtask test` has put it.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use crate::python::TOOLS;

/// Each at the version that the tests build with, since the bytes depend on it.
const CARGO_LAMBDA: Package = Package { name: "cargo-lambda", version: "1.9.2", programs: &["cargo-lambda"] };
/// The package on PyPI has its program under another name.
const ZIG: Package = Package { name: "ziglang", version: "0.17.1", programs: &["zig", "python-zig"] };

struct Package {
    name: &'static str,
    version: &'static str,
    programs: &'static [&'static str],
}

pub(super) struct Tools {
    pub(super) cargo_lambda: PathBuf,
    pub(super) zig: PathBuf,
}

pub(super) fn find(shell: &Shell, triple: &str) -> anyhow::Result<Tools> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push(TOOLS.folder()?.join("bin"));

    // It names the folder whether there is one or not, and knows nothing of rustup, which not everybody has.
    let library = cmd!(shell, "rustc --print target-libdir --target {triple}").quiet().read()?;
    ensure!(
        Path::new(&library).is_dir(),
        "Rust's standard library for {triple} is not there; `rustup target add {triple}` installs it"
    );
    Ok(Tools { cargo_lambda: CARGO_LAMBDA.find(&folders)?, zig: ZIG.find(&folders)? })
}

impl Package {
    fn find(&self, folders: &[PathBuf]) -> anyhow::Result<PathBuf> {
        let places = folders.iter().flat_map(|folder| self.programs.iter().map(|program| folder.join(program)));
        places.into_iter().find(|place| place.is_file()).with_context(|| {
            let Self { name, version, .. } = self;
            format!(
                "{name} is not there; `pipx install {name}=={version}` installs it, and so do `uv tool install` and pip"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CARGO_LAMBDA, ZIG};

    #[test]
    fn a_missing_tool_is_told_with_the_command_that_installs_it() {
        assert_eq!(
            ZIG.find(&["/nowhere".into()]).unwrap_err().to_string(),
            "ziglang is not there; `pipx install ziglang==0.17.1` installs it, and so do `uv tool install` and pip"
        );
    }

    #[test]
    fn the_tests_build_with_the_versions_that_are_told() {
        let requirements = include_str!("../../python/requirements.txt");
        for package in [CARGO_LAMBDA, ZIG] {
            let wanted = format!("{}=={} \\", package.name, package.version);
            assert!(requirements.lines().any(|line| line == wanted), "{wanted} is not in the requirements");
        }
    }
}
