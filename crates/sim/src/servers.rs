//! The database servers behind the endpoints of databases.
//!
//! The simulation knows when a database is created, restored, renamed or deleted. It does not know what the database
//! contains. A [`Servers`] does: it keeps a volume of data for each database, and a frozen one for each snapshot. Without
//! one, volumes are empty and endpoints accept no connections ([`NoServers`]). The crate `engines` has one with real servers.
//!
//! The simulation calls it while it changes its state, so the methods block. Real time passes during a call, and no
//! simulated time. An error becomes the status of the database.

use std::fmt;
use std::net::SocketAddr;
use std::sync::mpsc;

use chrono::{DateTime, Utc};

use crate::World;

/// The name of a volume. The simulation chooses it: the resource ID of a database, the ARN of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Volume(String);

impl Volume {
    /// The volume with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What a new database contains.
#[derive(Clone, Debug)]
pub struct NewVolume {
    /// As RDS names it: `postgres`, `aurora-mysql`. Volumes of an engine without servers are empty.
    pub engine: String,
    /// The name of the master user.
    pub master_username: String,
    /// `None`: the master user cannot connect until its password is set.
    pub master_password: Option<String>,
    /// The initial database, `DBName`.
    pub database: Option<String>,
}

/// Where a database is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The names of the hosts. A cluster has several: its own, the reader's, and one for each member.
    pub hosts: Vec<String>,
    /// The port, which is the same at all of them.
    pub port: u16,
}

/// Why a server cannot do something, as one line of text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// What stands behind the endpoints of a world.
///
/// A volume that does not exist is no error in [`stop`](Self::stop) and [`drop_volume`](Self::drop_volume), so that each
/// of them can be repeated.
pub trait Servers: fmt::Debug + Send + Sync {
    /// Creates the volume of a new database. Its log of changes begins at `now`.
    fn create(&self, volume: &Volume, contents: &NewVolume, now: DateTime<Utc>) -> Result<(), Failure>;

    /// Copies the contents of a database, which may be in use, to the volume of a snapshot.
    fn freeze(&self, volume: &Volume, snapshot: &Volume) -> Result<(), Failure>;

    /// Copies the volume of a snapshot to that of another snapshot.
    fn copy(&self, snapshot: &Volume, copy: &Volume) -> Result<(), Failure>;

    /// Creates the volume of a database from that of a snapshot. Its log of changes begins at `now`.
    fn restore(&self, snapshot: &Volume, volume: &Volume, now: DateTime<Utc>) -> Result<(), Failure>;

    /// Creates the volume of a database with the contents that another database had at a time: all changes that were
    /// committed at this time or before. The source may be stopped, or kept for its automated backups.
    fn restore_to_time(
        &self,
        source: &Volume,
        time: DateTime<Utc>,
        volume: &Volume,
        now: DateTime<Utc>,
    ) -> Result<(), Failure>;

    /// Makes a database reachable at an endpoint. If it is reachable already, it moves to this endpoint.
    fn start(&self, volume: &Volume, endpoint: &Endpoint) -> Result<(), Failure>;

    /// Stops a database. Its volume is kept.
    fn stop(&self, volume: &Volume);

    /// Sets the password of the master user, also of a database that is stopped.
    fn set_password(&self, volume: &Volume, password: &str) -> Result<(), Failure>;

    /// Deletes a volume. A database is stopped first.
    fn drop_volume(&self, volume: &Volume);

    /// Notes that this is the time now. All changes that are committed from now on, until the next call, are made at this
    /// time or later. It is called before each change of the state, so it must be cheap.
    fn note_time(&self, now: DateTime<Utc>);

    /// The address of a host, if a database is reachable there.
    fn resolve(&self, host: &str) -> Option<SocketAddr>;
}

/// No servers: volumes are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServers;

impl Servers for NoServers {
    fn create(&self, _: &Volume, _: &NewVolume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn freeze(&self, _: &Volume, _: &Volume) -> Result<(), Failure> {
        Ok(())
    }

    fn copy(&self, _: &Volume, _: &Volume) -> Result<(), Failure> {
        Ok(())
    }

    fn restore(&self, _: &Volume, _: &Volume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn restore_to_time(&self, _: &Volume, _: DateTime<Utc>, _: &Volume, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    fn start(&self, _: &Volume, _: &Endpoint) -> Result<(), Failure> {
        Ok(())
    }

    fn stop(&self, _: &Volume) {}

    fn set_password(&self, _: &Volume, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn drop_volume(&self, _: &Volume) {}

    fn note_time(&self, _: DateTime<Utc>) {}

    fn resolve(&self, _: &str) -> Option<SocketAddr> {
        None
    }
}

impl World {
    /// The address of the database server at this host name, if there is one.
    #[must_use]
    pub fn resolve(&self, host: &str) -> Option<SocketAddr> {
        self.change(|state| state.settings.servers.resolve(host))
    }

    /// Lets the servers note the time: changes from here on are made now or later.
    pub fn note_time(&self) {
        self.change(|_| ());
    }

    /// Awaits a future that waits for sockets, for example for a database server. No simulated time passes meanwhile.
    pub async fn hold_clock<F: Future>(&self, future: F) -> F::Output {
        // The servers note the time of what is written from here on.
        self.note_time();
        hold_clock(future).await
    }
}

/// The same for a future that only reads, without a world.
///
/// tokio's paused clock advances to the next timer when all tasks wait. A task that waits for a socket counts as
/// waiting, so without this function its timeouts would be reached at once. "When a blocking task is running, the
/// clock's auto-advance is temporarily inhibited" (`tokio::time::pause`).
pub async fn hold_clock<F: Future>(future: F) -> F::Output {
    let (release, held) = mpsc::channel::<()>();
    let guard = tokio::task::spawn_blocking(move || {
        // It ends when `release` is dropped, also if the future is cancelled.
        let _ = held.recv();
    });
    let output = future.await;
    drop(release);
    // It fails only if the runtime shuts down.
    let _ = guard.await;
    output
}
