//! `cargo xtask mutants`: mutation tests of the pure crates. A surviving mutant is code that no test covers.

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    if cmd!(shell, "cargo mutants --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        bail!("cargo-mutants is not installed; run `cargo install --locked cargo-mutants`");
    }
    cmd!(shell, "cargo mutants --package retention --package protocol --output target")
        .run()
        .context("a mutant survived, or the tests fail without mutants")
}
