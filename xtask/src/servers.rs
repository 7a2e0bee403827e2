//! The database servers that the tests of `engines` start, and their clients: packages of Debian.

use std::path::Path;

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

/// A package, and a program that only it has.
struct Package {
    name: &'static str,
    program: &'static str,
}

/// The packages of MariaDB have no service. That of PostgreSQL does.
const PACKAGES: [Package; 3] = [
    Package { name: "postgresql-15", program: "/usr/lib/postgresql/15/bin/postgres" },
    Package { name: "mariadb-server-core", program: "/usr/sbin/mariadbd" },
    Package { name: "mariadb-client", program: "/usr/bin/mariadb-binlog" },
];

/// Installs what is missing. Only root can do so.
pub(crate) fn install(shell: &Shell) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !Path::new(package.program).exists()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !nix::unistd::geteuid().is_root() {
        bail!("the tests of engines need {list}; run: sudo apt-get install --no-install-recommends {list}");
    }
    crate::announce(&format!("installing {list}, once"), "half a minute", "200 MB");
    println!("\n$ apt-get install --no-install-recommends {list}");
    // In runlevel 1, no service is started.
    let _variables = [shell.push_env("DEBIAN_FRONTEND", "noninteractive"), shell.push_env("RUNLEVEL", "1")];
    let packages = &missing;
    let install = || cmd!(shell, "apt-get install --yes --quiet=2 --no-install-recommends {packages...}").quiet().run();
    if install().is_err() {
        // The lists may be absent, or older than what the archive has.
        println!("$ apt-get update");
        cmd!(shell, "apt-get update --quiet=2").quiet().run().context("reading Debian's lists of packages")?;
        install().with_context(|| format!("installing {list}"))?;
    }
    Ok(())
}
