//! Real PostgreSQL and MariaDB servers behind the endpoints of the simulated AWS.
//!
//! [`Engines`] implements `sim::servers::Servers` with processes. A volume is a directory. A snapshot is a frozen copy of
//! it, a restore is a server on a copy, and a point in time is a copy of what the volume was at first, with its log of
//! changes replayed up to that moment of simulated time.
//!
//! Reading order: [`volumes`] (what each call does), [`product`] (what the two products have in common), [`postgres`] and
//! [`mariadb`] (in what they differ), [`process`] (how servers start, freeze and end), [`times`] (simulated and real time).
//!
//! Users are as on RDS: `rdsadmin` owns the server and cannot connect over the network, and the master user is no
//! superuser. Connections need TLS, under a certificate authority of the simulation ([`tls`]). Each database has its own
//! address in 127.0.0.0/8 and the port that its endpoint shows ([`addresses`]).
//!
//! Servers do not run as root. They end when this program ends, also if it is killed, and leave no files.

mod addresses;
mod clients;
mod folder;
mod mariadb;
mod postgres;
mod process;
mod product;
mod programs;
mod templates;
mod times;
mod tls;
mod volumes;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sim::servers::{Endpoint, Failure, NewVolume, Servers, Volume};

pub use clients::ClientFiles;
pub use programs::missing;
pub use times::Pace;

use volumes::Volumes;

/// The servers behind the databases of one world. Dropping it ends them and deletes their files.
#[derive(Debug)]
pub struct Engines {
    volumes: Mutex<Volumes>,
    ca: PathBuf,
}

impl Engines {
    /// Starts without any server. An engine whose programs are missing gets empty volumes ([`missing`] names them).
    ///
    /// `clients` is a folder to be created, with files for clients ([`ClientFiles`]).
    pub fn new(pace: Pace, clients: Option<&Path>) -> Result<Self, Failure> {
        let volumes = Volumes::new(pace, clients)?;
        let ca = volumes.ca();
        Ok(Self { volumes: Mutex::new(volumes), ca })
    }

    /// The file with the certificate of the authority that signs the certificates of all servers.
    #[must_use]
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// A poisoned lock is used anyway: a volume that was being changed is at worst unusable.
    fn volumes(&self) -> MutexGuard<'_, Volumes> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Servers for Engines {
    fn create(&self, volume: &Volume, contents: &NewVolume, now: DateTime<Utc>) -> Result<(), Failure> {
        self.volumes().create(volume, contents, now)
    }

    fn freeze(&self, volume: &Volume, snapshot: &Volume) -> Result<(), Failure> {
        self.volumes().freeze(volume, snapshot)
    }

    fn copy(&self, snapshot: &Volume, copy: &Volume) -> Result<(), Failure> {
        self.volumes().freeze(snapshot, copy)
    }

    fn restore(&self, snapshot: &Volume, volume: &Volume, now: DateTime<Utc>) -> Result<(), Failure> {
        self.volumes().restore(snapshot, volume, now)
    }

    fn restore_to_time(
        &self,
        source: &Volume,
        time: DateTime<Utc>,
        volume: &Volume,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.volumes().restore_to_time(source, time, volume, now)
    }

    fn start(&self, volume: &Volume, endpoint: &Endpoint) -> Result<(), Failure> {
        self.volumes().start(volume, endpoint)
    }

    fn stop(&self, volume: &Volume) {
        self.volumes().stop(volume);
    }

    fn set_password(&self, volume: &Volume, password: &str) -> Result<(), Failure> {
        self.volumes().set_password(volume, password)
    }

    fn drop_volume(&self, volume: &Volume) {
        self.volumes().drop_volume(volume);
    }

    fn note_time(&self, now: DateTime<Utc>) {
        self.volumes().note_time(now);
    }

    fn resolve(&self, host: &str) -> Option<SocketAddr> {
        self.volumes().resolve(host)
    }
}
