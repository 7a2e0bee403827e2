//! The programs of PostgreSQL and MariaDB: where they are, and what is missing.

use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use sim::servers::Failure;

/// The oldest PostgreSQL that will do: `GRANT SET ON PARAMETER` is new in it.
const OLDEST_POSTGRES: u32 = 15;

/// What Debian calls the packages. The first one is of the version that the release has.
const POSTGRES_PACKAGE: &str = "postgresql";
const MARIADB_PACKAGES: &str = "mariadb-server-core mariadb-client";

/// The folder with `postgres`, `initdb` and `psql`.
pub(crate) fn postgres() -> Option<PathBuf> {
    newest_postgres(Path::new("/usr/lib/postgresql")).or_else(|| {
        let postgres = on_path("postgres")?;
        let folder = postgres.parent()?;
        ["initdb", "psql"].iter().all(|program| folder.join(program).exists()).then(|| folder.to_owned())
    })
}

/// Debian has a folder for each version.
fn newest_postgres(versions: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(versions).ok()?.flatten();
    let numbered =
        versions.filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path())));
    let usable = numbered.filter(|(number, folder)| *number >= OLDEST_POSTGRES && folder.join("bin/postgres").exists());
    usable.max().map(|(_, folder)| folder.join("bin"))
}

/// The programs of MariaDB.
#[derive(Clone, Debug)]
pub(crate) struct MariaDbPrograms {
    pub(crate) server: PathBuf,
    pub(crate) install: PathBuf,
    pub(crate) client: PathBuf,
    pub(crate) log_reader: PathBuf,
}

pub(crate) fn mariadb() -> Option<MariaDbPrograms> {
    Some(MariaDbPrograms {
        server: on_path("mariadbd")?,
        install: on_path("mariadb-install-db")?,
        client: on_path("mariadb")?,
        log_reader: on_path("mariadb-binlog")?,
    })
}

/// A program on the search path, or where an ordinary user's search path does not lead.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// What is missing, as one line with the command that installs it. `None`: everything is there.
#[must_use]
pub fn missing() -> Option<String> {
    line(postgres().is_none(), mariadb().is_none(), on_path("setpriv").is_none())
}

/// Whether servers can run at all.
pub(crate) fn can_run() -> bool {
    on_path("setpriv").is_some()
}

fn line(postgres: bool, mariadb: bool, setpriv: bool) -> Option<String> {
    if setpriv {
        return Some("no database servers: they need Linux and its program setpriv; databases have no data".to_owned());
    }
    let (what, packages, without) = match (postgres, mariadb) {
        (true, true) => {
            ("PostgreSQL 15 or later and MariaDB are", format!("{POSTGRES_PACKAGE} {MARIADB_PACKAGES}"), "databases")
        }
        (true, false) => ("PostgreSQL 15 or later is", POSTGRES_PACKAGE.to_owned(), "PostgreSQL databases"),
        (false, true) => ("MariaDB is", MARIADB_PACKAGES.to_owned(), "MySQL and MariaDB databases"),
        (false, false) => return None,
    };
    Some(format!(
        "{what} not installed, so {without} have no data; Debian: apt-get install --no-install-recommends {packages}"
    ))
}

/// Random numbers that differ in each program. Those of the thread do not: a world seeds them, and worlds with the same seed run
/// side by side.
pub(crate) fn random() -> fastrand::Rng {
    fastrand::Rng::with_seed(RandomState::new().build_hasher().finish())
}

pub(crate) fn failure(text: impl Into<String>) -> Failure {
    Failure(text.into())
}

#[cfg(test)]
mod tests {
    use super::{line, random};

    #[test]
    fn random_numbers_do_not_depend_on_the_seed_of_the_thread() {
        let [one, other] = [(); 2].map(|()| {
            fastrand::seed(7);
            random().u64(..)
        });
        assert_ne!(one, other);
    }

    #[test]
    fn one_line_has_what_is_missing_and_how_to_install_it() {
        assert_eq!(line(false, false, false), None);
        let all = "PostgreSQL 15 or later and MariaDB are not installed, so databases have no data; Debian: apt-get install \
                   --no-install-recommends postgresql mariadb-server-core mariadb-client";
        assert_eq!(line(true, true, false).as_deref(), Some(all));
        let mariadb = "MariaDB is not installed, so MySQL and MariaDB databases have no data; Debian: apt-get install \
                       --no-install-recommends mariadb-server-core mariadb-client";
        assert_eq!(line(false, true, false).as_deref(), Some(mariadb));
        let postgres = "PostgreSQL 15 or later is not installed, so PostgreSQL databases have no data; Debian: apt-get install \
                        --no-install-recommends postgresql";
        assert_eq!(line(true, false, false).as_deref(), Some(postgres));
    }
}
