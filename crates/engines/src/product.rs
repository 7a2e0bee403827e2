//! What PostgreSQL and MariaDB have in common: the folders of a volume, and the steps that a volume goes through.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::sys::signal::Signal;
use sim::servers::{Failure, NewVolume};

use crate::folder::Folder;
use crate::process::Process;

/// The folder of a volume, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    /// The place of the volume with this number.
    pub(crate) fn new(folder: &Folder, number: u64) -> Self {
        Self { path: folder.path().join(number.to_string()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the server.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// The files as they were when the log of changes began.
    pub(crate) fn base(&self) -> PathBuf {
        self.path.join("base")
    }

    /// What the server prints.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// A file in the folder, as text for a command line.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }
}

/// One of the two products.
pub(crate) trait Product: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;

    /// Makes the data that every new volume is a copy of. Its only user is `rdsadmin`.
    fn make_template(&self, template: &Place, folder: &Folder) -> Result<(), Failure>;

    /// Gives a new volume its master user and database. No server runs before or after.
    fn fill(&self, place: &Place, contents: &NewVolume, folder: &Folder) -> Result<(), Failure>;

    /// Makes the copy of a volume that was in use a volume whose log begins now.
    fn recover(&self, place: &Place, folder: &Folder) -> Result<(), Failure>;

    /// Starts the server at an address.
    fn start(&self, place: &Place, address: SocketAddr, folder: &Folder) -> Result<Process, Failure>;

    /// The signal that ends the server in good order.
    fn stop_signal(&self) -> Signal;

    /// The signal that ends the server at once.
    fn end_signal(&self) -> Signal;

    /// Lets a server that runs read its certificate again.
    fn reload(&self, place: &Place, process: &Process, folder: &Folder) -> Result<(), Failure>;

    /// Sets the password of a user in a server that runs.
    fn set_password(&self, place: &Place, user: &str, password: &str, folder: &Folder) -> Result<(), Failure>;

    /// The same for a volume without a server.
    fn set_password_of_stopped(
        &self,
        place: &Place,
        user: &str,
        password: &str,
        folder: &Folder,
    ) -> Result<(), Failure>;

    /// Makes sure that all changes up to now are in the log, and that the log goes beyond now.
    fn mark(&self, place: &Place, folder: &Folder) -> Result<(), Failure>;

    /// Replays the log of `source` over `place`, which contains the base of `source`. The changes of `until` and later are
    /// left out. No server runs at `place` before or after.
    fn replay(&self, source: &Place, until: Option<Until>, place: &Place, folder: &Folder) -> Result<(), Failure>;

    /// Where the log of a server ends now, if its place in the log has to be noted by time.
    fn position(&self, place: &Place) -> Option<Position>;
}

/// Where a replay ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    /// The first real time whose changes are left out.
    pub(crate) time: SystemTime,
    /// The position in the log at this time, if it was noted.
    pub(crate) position: Option<Position>,
}

/// A place in a log that consists of numbered files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) file: u32,
    pub(crate) bytes: u64,
}
