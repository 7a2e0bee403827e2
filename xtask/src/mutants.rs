//! `cargo xtask mutants`: mutation tests of the pure crates, and of the decisions of provision. A surviving mutant is code that no test
//! covers.

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    if cmd!(shell, "cargo mutants --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        bail!("cargo-mutants is not installed; run `cargo install --locked cargo-mutants`");
    }
    cmd!(shell, "cargo mutants --package retention --package protocol --output target")
        .run()
        .context("a mutant survived, or the tests fail without mutants")?;
    // The rest of provision makes calls: the tests in the simulated AWS cover it, and would take hours here.
    let pure = ["decide", "teardown", "plan", "check", "wait", "identity", "sweep"]
        .map(|name| format!("crates/provision/src/{name}.rs"));
    let files = pure.iter().flat_map(|path| ["--file", path]);
    cmd!(shell, "cargo mutants --package provision {files...} --exclude-re step|act|delete_members|delay|after_the_end|replace.sweep --output target -- --test pure")
        .run()
        .context("a mutant of provision survived, or its tests fail without mutants")
}
