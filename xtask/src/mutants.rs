//! `cargo xtask mutants`: a mutant that survives is a line that no test needs.

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    if cmd!(shell, "cargo mutants --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        bail!("cargo-mutants is not there; `cargo install --locked cargo-mutants` installs it");
    }
    cmd!(shell, "cargo mutants --package retention --package protocol --output target")
        .run()
        .context("a mutant survived, or the tests do not even pass without one")
}
