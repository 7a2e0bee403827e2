//! The database servers that the tests of `engines` start, and their clients: packages of Debian.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use xshell::{Shell, cmd};

/// A package, and whether it is installed.
struct Package {
    name: &'static str,
    is_installed: fn() -> bool,
}

/// The packages of MariaDB have no service. That of PostgreSQL does. It is of the version that Debian's release has.
const PACKAGES: [Package; 3] = [
    Package { name: "postgresql", is_installed: has_postgresql },
    Package { name: "mariadb-server-core", is_installed: || Path::new("/usr/sbin/mariadbd").exists() },
    Package { name: "mariadb-client", is_installed: || Path::new("/usr/bin/mariadb-binlog").exists() },
];
/// The oldest version that will do.
const OLDEST_POSTGRESQL: u32 = 15;

/// Debian has a folder for each version.
fn has_postgresql() -> bool {
    let mut versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let is_usable = |version: fs::DirEntry| {
        let number = version.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        number.is_some_and(|number| number >= OLDEST_POSTGRESQL) && version.path().join("bin/postgres").exists()
    };
    versions.any(is_usable)
}

/// Installs what is missing. Only root can do so.
pub(crate) fn install(shell: &Shell) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !(package.is_installed)()).map(|package| package.name).collect();
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
