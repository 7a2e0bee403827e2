//! The tools that build the functions, besides Cargo: of fixed versions and hashes, because the bytes of the zip depend on
//! them, and the functions may do everything that Draco may.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use crate::python::BUILD;

pub(super) struct Tools {
    pub(super) cargo_lambda: PathBuf,
    pub(super) zig: PathBuf,
}

/// Installs them into a folder of their own, unless they are there.
pub(super) fn find(shell: &Shell, triple: &str) -> anyhow::Result<Tools> {
    // rustc prints the folder whether it exists or not. This works without rustup.
    let library = cmd!(shell, "rustc --print target-libdir --target {triple}").quiet().read()?;
    ensure!(
        Path::new(&library).is_dir(),
        "Rust's standard library for {triple} is not installed; run `rustup target add {triple}`"
    );
    BUILD.make(shell).context("installing the tools that build the functions")?;
    let programs = BUILD.folder()?.join("bin");
    // The package on PyPI has a different name for the program.
    Ok(Tools { cargo_lambda: programs.join("cargo-lambda"), zig: programs.join("python-zig") })
}
