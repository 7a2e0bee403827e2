//! The tools that build the functions, besides Cargo: on the search path, or installed by `cargo xtask test`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use crate::python::TOOLS;

/// With the version that the tests build with, because the bytes of the zip depend on it.
const CARGO_LAMBDA: Package = Package { name: "cargo-lambda", version: "1.9.2", programs: &["cargo-lambda"] };
/// The package on PyPI has a different name for the program.
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

    // rustc prints the folder whether it exists or not. This works without rustup.
    let library = cmd!(shell, "rustc --print target-libdir --target {triple}").quiet().read()?;
    ensure!(
        Path::new(&library).is_dir(),
        "Rust's standard library for {triple} is not installed; run `rustup target add {triple}`"
    );
    Ok(Tools { cargo_lambda: CARGO_LAMBDA.find(&folders)?, zig: ZIG.find(&folders)? })
}

impl Package {
    fn find(&self, folders: &[PathBuf]) -> anyhow::Result<PathBuf> {
        let places = folders.iter().flat_map(|folder| self.programs.iter().map(|program| folder.join(program)));
        places.into_iter().find(|place| place.is_file()).with_context(|| {
            let Self { name, version, .. } = self;
            format!("{name} is not installed; run `pipx install {name}=={version}` (or `uv tool install`, or pip)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CARGO_LAMBDA, ZIG};

    #[test]
    fn missing_tool_is_reported_with_its_install_command() {
        assert_eq!(
            ZIG.find(&["/nowhere".into()]).unwrap_err().to_string(),
            "ziglang is not installed; run `pipx install ziglang==0.17.1` (or `uv tool install`, or pip)"
        );
    }

    #[test]
    fn reported_versions_are_those_of_the_tests() {
        let requirements = include_str!("../../python/requirements.txt");
        for package in [CARGO_LAMBDA, ZIG] {
            let wanted = format!("{}=={} \\", package.name, package.version);
            assert!(requirements.lines().any(|line| line == wanted), "{wanted} is not in the requirements");
        }
    }
}
