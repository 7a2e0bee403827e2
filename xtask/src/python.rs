//! What is written in Python, each in a virtual environment under `target/` that belongs to nobody else.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use xshell::{Shell, cmd};

/// A virtual environment, and all that is installed there: each at one version, known by its hash.
pub(crate) struct Environment {
    name: &'static str,
    requirements: &'static str,
}

/// Real clients of AWS and emulators of it, which the tests talk to; cfn-lint; and what the functions are built with.
pub(crate) const TOOLS: Environment = Environment { name: "python", requirements: "xtask/python/requirements.txt" };

/// The security scanner for the templates. It wants an old boto3, so it lives alone.
pub(crate) const CHECKOV: Environment = Environment { name: "checkov", requirements: "xtask/python/checkov.txt" };

impl Environment {
    /// Makes it, unless there is one with just these requirements.
    pub(crate) fn make(&self, shell: &Shell) -> anyhow::Result<()> {
        let requirements = self.requirements;
        let wanted = shell.read_file(requirements)?;
        let folder = self.folder()?;
        // A copy of the requirements is the last thing put into it, so that half an environment is none.
        let installed = folder.join("requirements.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        println!("\n$ python3 -m venv --clear {}", folder.display());
        cmd!(shell, "python3 -m venv --clear {folder}").quiet().run().context(
            "the tests with real clients need python3 (3.11 or later) with its module venv, which Debian has in the package python3-venv",
        )?;
        let python = self.program()?;
        println!("$ pip install --require-hashes -r {requirements}");
        cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check --require-hashes -r {requirements}")
            .quiet()
            .run()
            .with_context(|| format!("what {requirements} lists cannot be installed"))?;
        Ok(fs::write(installed, wanted)?)
    }

    /// Its interpreter.
    pub(crate) fn program(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("bin/python"))
    }

    /// Where the tests look for it, too.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(crate::target()?.join(self.name))
    }
}
