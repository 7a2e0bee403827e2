//! The folder with everything that the servers of one world write, and the user that they run as.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::statvfs::statvfs;
use sim::servers::Failure;

use crate::programs::{failure, random};

/// The user and group `nobody`, on all of Linux.
const NOBODY: u32 = 65534;

/// The user that servers run as: `nobody` if this program runs as root, because PostgreSQL refuses to run as root.
/// Otherwise the user of this program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    is_other: bool,
}

impl Owner {
    fn new() -> Self {
        Self { is_other: nix::unistd::geteuid().is_root() }
    }

    /// Gives a file to this user.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        if self.is_other { chown(path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) }
    }

    /// Lets a command run as this user, without other groups.
    pub(crate) fn run(&self, command: &mut Command) {
        if self.is_other {
            command.uid(NOBODY).gid(NOBODY);
        }
    }
}

/// The folder. It is deleted when this is dropped, and also if this process is killed.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    pub(crate) owner: Owner,
    /// Deletes the folder when its standard input, a pipe from this process, is closed.
    sweeper: Child,
}

/// The folders are the arguments. The servers end at about the same time as this process, so it is tried until nothing
/// writes into them.
const SWEEPER: &str = r#"trap '' INT TERM HUP
cat >/dev/null
for try in $(seq 100); do
  rm -rf "$@" 2>/dev/null
  for folder; do [ -e "$folder" ] && break; done
  [ -e "$folder" ] || exit 0
  sleep 0.05
done"#;

impl Folder {
    /// Creates a folder for temporary files. `also` is a folder that is deleted together with it.
    pub(crate) fn new(also: Option<&Path>) -> Result<Self, Failure> {
        let owner = Owner::new();
        let number = random().u64(..);
        let path = directory().join(format!("draco-engines-{number:016x}"));
        // Only its owner may enter, because anyone who reaches the local sockets is `rdsadmin`.
        let made = DirBuilder::new().mode(0o700).create(&path).and_then(|()| owner.give(&path));
        made.map_err(|error| failure(format!("creating {}: {error}", path.display())))?;
        let sweeper = Command::new("sh")
            .args(["-c", SWEEPER, "sh"])
            .args([Some(path.as_path()), also].into_iter().flatten())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Ctrl-C in a terminal is for this program.
            .process_group(0)
            .spawn()
            .map_err(|error| failure(format!("starting sh: {error}")))?;
        let folder = Self { path, owner, sweeper };
        let mut probe = Command::new("test");
        probe.arg("-x").arg(&folder.path);
        owner.run(&mut probe);
        if !probe.status().is_ok_and(|status| status.success()) {
            let path = folder.path.display();
            return Err(failure(format!(
                "the user nobody cannot enter {path}; set TMPDIR to a folder open to all users"
            )));
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a folder in it, for the servers alone.
    pub(crate) fn create(&self, path: &Path) -> Result<(), Failure> {
        let made = DirBuilder::new().mode(0o700).create(path).and_then(|()| self.owner.give(path));
        made.map_err(|error| failure(format!("creating {}: {error}", path.display())))
    }
}

/// Where folders are created: `TMPDIR`, or in memory if there is plenty, or `/tmp`. Databases of tests are small, and copying
/// them in memory takes a sixth of the time.
fn directory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let free = statvfs(memory).map(|memory| u128::from(memory.blocks_available()) * u128::from(memory.fragment_size()));
    let is_plenty = free.is_ok_and(|free| free >= PLENTY);
    if std::env::var_os("TMPDIR").is_none() && is_plenty { memory.to_owned() } else { std::env::temp_dir() }
}

/// In bytes.
const PLENTY: u128 = 4 << 30;

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        drop(self.sweeper.stdin.take());
        let _ = self.sweeper.wait();
    }
}
