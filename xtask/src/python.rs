//! Real clients of AWS, which are written in Python: the AWS command line and boto3, in a virtual environment under
//! `target/` that belongs to nobody else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use xshell::{Shell, cmd};

/// What is installed: each at one version, known by its hash.
const REQUIREMENTS: &str = "cli/tests/clients/requirements.txt";

/// Makes the environment, unless there is one with just these requirements.
pub(crate) fn make(shell: &Shell) -> anyhow::Result<()> {
    let wanted = shell.read_file(REQUIREMENTS)?;
    let folder = folder()?;
    // A copy of the requirements is the last thing put into it, so that half an environment is none.
    let installed = folder.join("requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("\n$ python3 -m venv --clear {}", folder.display());
    cmd!(shell, "python3 -m venv --clear {folder}").quiet().run().context(
        "the tests with real clients need python3 (3.11 or later) with its module venv, which Debian has in the package python3-venv",
    )?;
    let python = program(&folder);
    println!("$ pip install --require-hashes -r {REQUIREMENTS}");
    cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check --require-hashes -r {REQUIREMENTS}")
        .quiet()
        .run()
        .context("the AWS command line, boto3, moto and MiniStack cannot be installed")?;
    Ok(fs::write(installed, wanted)?)
}

/// The interpreter of an environment.
pub(crate) fn program(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Where the tests look for the environment, too.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    Ok(crate::target()?.join("python"))
}
