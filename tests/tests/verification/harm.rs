//! What happens to a copy when it is restored in DR: its files are damaged, or its server does not do what it should.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use engines::Engines;
use sim::servers::{Endpoint, Failure, NewVolume, Servers, Volume};

/// What happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// A byte of the table is flipped, in PostgreSQL. MariaDB mends a file that was in use from its log.
    Table,
    /// Keys in the index on the names of orders are changed.
    Index,
    /// The file of the table is gone.
    Removed,
    /// The password is not the one that RDS has set.
    WrongPassword,
    /// The server does not start.
    NoStart,
}

/// Real servers. Those of restored copies are harmed.
#[derive(Debug)]
pub(crate) struct Harmed {
    engines: Arc<Engines>,
    harm: Harm,
    /// The paths of the table and of its index, in the folder of a server's data.
    files: Mutex<[PathBuf; 2]>,
    /// The volumes of copies that were restored.
    copies: Mutex<Vec<Volume>>,
}

impl Harmed {
    pub(crate) fn new(engines: Arc<Engines>, harm: Harm) -> Self {
        Self { engines, harm, files: Mutex::default(), copies: Mutex::default() }
    }

    /// The table and its index are in these files.
    pub(crate) fn set_files(&self, files: [PathBuf; 2]) {
        *self.files.lock().expect("a lock") = files;
    }

    /// The folder of the newest volume.
    fn data(&self) -> PathBuf {
        let folder = self.engines.ca().parent().expect("a folder");
        let numbers = std::fs::read_dir(folder).expect("volumes").flatten();
        let newest = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok()).max();
        folder.join(newest.expect("a volume").to_string()).join("data")
    }

    /// Does the harm to the files of a volume whose server does not run.
    fn to_files(&self) {
        let (data, [table, index]) = (self.data(), self.files.lock().expect("a lock").clone());
        match self.harm {
            // The pointer to the free space of the third page.
            Harm::Table => flip(&data.join(table), [2 * 8192 + 13]),
            Harm::Index => {
                as_owner(&data, "alter role draco superuser;\n");
                flip(&data.join(index), (8192 + 7000..8192 + 7400).step_by(7));
            }
            Harm::Removed => std::fs::remove_file(data.join(table)).expect("the table"),
            Harm::WrongPassword | Harm::NoStart => {}
        }
    }
}

fn flip(file: &Path, places: impl IntoIterator<Item = usize>) {
    let mut bytes = std::fs::read(file).expect("a file");
    places.into_iter().for_each(|at| bytes[at] ^= 0xff);
    std::fs::write(file, bytes).expect("a file");
}

/// Runs a statement in the files of a PostgreSQL that does not run. On RDS, the master user may install extensions.
fn as_owner(data: &Path, statement: &str) {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok()).max();
    let program =
        newest.map_or_else(|| "postgres".into(), |newest| format!("/usr/lib/postgresql/{newest}/bin/postgres"));
    let mut single = Command::new(program);
    single.args(["--single", "-c", "exit_on_error=on", "-D"]).arg(data).arg("postgres").current_dir("/");
    if std::fs::metadata("/proc/self").is_ok_and(|of| of.uid() == 0) {
        single.uid(65534).gid(65534);
    }
    let mut child =
        single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("postgres");
    child.stdin.take().expect("a pipe").write_all(statement.as_bytes()).expect("a statement");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Servers for Harmed {
    fn create(&self, volume: &Volume, contents: &NewVolume, now: DateTime<Utc>) -> Result<(), Failure> {
        self.engines.create(volume, contents, now)
    }

    fn freeze(&self, volume: &Volume, snapshot: &Volume) -> Result<(), Failure> {
        self.engines.freeze(volume, snapshot)
    }

    fn copy(&self, snapshot: &Volume, copy: &Volume) -> Result<(), Failure> {
        self.engines.copy(snapshot, copy)
    }

    fn restore(&self, snapshot: &Volume, volume: &Volume, now: DateTime<Utc>) -> Result<(), Failure> {
        self.engines.restore(snapshot, volume, now)?;
        self.copies.lock().expect("a lock").push(volume.clone());
        self.to_files();
        Ok(())
    }

    fn restore_to_time(
        &self,
        source: &Volume,
        time: DateTime<Utc>,
        volume: &Volume,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.engines.restore_to_time(source, time, volume, now)
    }

    fn start(&self, volume: &Volume, endpoint: &Endpoint) -> Result<(), Failure> {
        let is_copy = self.copies.lock().expect("a lock").contains(volume);
        match self.harm {
            Harm::NoStart if is_copy => Err(Failure("the server does not start".to_owned())),
            _ => self.engines.start(volume, endpoint),
        }
    }

    fn stop(&self, volume: &Volume) {
        self.engines.stop(volume);
    }

    fn set_password(&self, volume: &Volume, password: &str) -> Result<(), Failure> {
        let is_copy = self.copies.lock().expect("a lock").contains(volume);
        match self.harm {
            Harm::WrongPassword if is_copy => self.engines.set_password(volume, "another-one"),
            _ => self.engines.set_password(volume, password),
        }
    }

    fn drop_volume(&self, volume: &Volume) {
        self.engines.drop_volume(volume);
    }

    fn note_time(&self, now: DateTime<Utc>) {
        self.engines.note_time(now);
    }

    fn resolve(&self, host: &str) -> Option<SocketAddr> {
        self.engines.resolve(host)
    }
}
