//! Files for clients outside this program: how host names resolve, and what certificates to trust.
//!
//! No name server knows the names of the simulation's hosts. `libpq` reads services from a file, with the address beside
//! the name that the certificate is checked against. Other clients take the address from `hosts`, which has the format of
//! `/etc/hosts`.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sim::servers::Failure;

use crate::programs::failure;

/// A folder with the files for clients. Each change of an endpoint writes them again.
#[derive(Debug)]
pub struct ClientFiles {
    folder: PathBuf,
}

/// A host that clients can reach.
#[derive(Debug)]
pub(crate) struct Reachable {
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) is_postgres: bool,
}

impl ClientFiles {
    /// The certificate of the authority of all servers.
    pub const CA: &'static str = "ca.pem";
    /// Names and addresses, as in `/etc/hosts`.
    pub const HOSTS: &'static str = "hosts";
    /// The services of PostgreSQL, for the environment variable `PGSERVICEFILE`. The name of each is that of its host.
    pub const SERVICES: &'static str = "pg_service.conf";

    /// Creates the folder, which must not exist.
    pub(crate) fn new(folder: &Path, ca: &str) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let created = fs::create_dir(&folder).and_then(|()| fs::write(folder.join(Self::CA), ca));
        created.map_err(|error| {
            let folder = folder.display();
            failure(match error.kind() {
                std::io::ErrorKind::AlreadyExists => format!(
                    "the folder {folder} for clients of databases exists, perhaps of another simulation that runs here; use \
                     --engines=DIR with another folder"
                ),
                _ => format!("creating the folder {folder} for clients of databases: {error}"),
            })
        })?;
        let files = Self { folder };
        files.write(&[])?;
        Ok(files)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join(Self::CA)
    }

    /// Writes the files for these hosts.
    pub(crate) fn write(&self, hosts: &[Reachable]) -> Result<(), Failure> {
        let (mut names, mut services) = (String::new(), String::new());
        for Reachable { host, address, is_postgres } in hosts {
            let _ = writeln!(names, "{} {host}", address.ip());
            if *is_postgres {
                let (ip, port, ca) = (address.ip(), address.port(), self.ca());
                let _ = writeln!(services, "[{host}]\nhost={host}\nhostaddr={ip}\nport={port}");
                let _ = writeln!(services, "sslmode=verify-full\nsslrootcert={}\n", ca.display());
            }
        }
        for (name, text) in [(Self::HOSTS, names), (Self::SERVICES, services)] {
            let path = self.folder.join(name);
            fs::write(&path, text).map_err(|error| failure(format!("writing {}: {error}", path.display())))?;
        }
        Ok(())
    }
}

impl Drop for ClientFiles {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
