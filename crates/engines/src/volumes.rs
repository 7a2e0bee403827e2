//! The volumes of one world, and what each call does with them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use sim::servers::{Endpoint, Failure, NewVolume, Volume};

use crate::addresses::Addresses;
use crate::clients::{ClientFiles, Reachable};
use crate::folder::Folder;
use crate::postgres;
use crate::process::{Process, copy_folder};
use crate::product::{Place, Position, Product, Until};
use crate::programs::failure;
use crate::templates::Template;
use crate::times::{Pace, Times};
use crate::tls::Authority;

/// All volumes. Servers end before their folder is deleted: fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Volumes {
    volumes: BTreeMap<Volume, Contents>,
    addresses: Addresses,
    authority: Authority,
    times: Times,
    clients: Option<ClientFiles>,
    next: u64,
    folder: Folder,
}

/// What a volume contains.
#[derive(Debug)]
enum Contents {
    /// There is no server for its engine.
    Empty,
    /// Of a snapshot.
    Frozen(Files),
    /// Of a database.
    Live(Box<Live>),
}

#[derive(Clone, Debug)]
struct Files {
    product: Arc<dyn Product>,
    place: Place,
    master: String,
}

/// A database.
#[derive(Debug)]
struct Live {
    files: Files,
    /// The log of changes begins at this time.
    since: DateTime<Utc>,
    /// All changes that were committed before this time are in the log, and the log goes beyond it.
    marked: Option<SystemTime>,
    /// Which positions the log had, and since when.
    positions: Vec<(SystemTime, Position)>,
    address: Option<Ipv4Addr>,
    endpoint: Option<Endpoint>,
    process: Option<Process>,
}

impl Volumes {
    pub(crate) fn new(pace: Pace, clients: Option<&Path>) -> Result<Self, Failure> {
        let authority = Authority::new()?;
        let files = clients.map(|clients| ClientFiles::new(clients, authority.pem())).transpose()?;
        let folder = Folder::new(files.as_ref().map(ClientFiles::folder))?;
        let ca = folder.path().join(ClientFiles::CA);
        let written = std::fs::write(&ca, authority.pem());
        written.map_err(|error| failure(format!("writing {}: {error}", ca.display())))?;
        Ok(Self {
            volumes: BTreeMap::new(),
            addresses: Addresses::default(),
            authority,
            times: Times::new(pace),
            clients: files,
            next: 0,
            folder,
        })
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.clients.as_ref().map_or_else(|| self.folder.path().join(ClientFiles::CA), ClientFiles::ca)
    }

    pub(crate) fn create(&mut self, volume: &Volume, new: &NewVolume, now: DateTime<Utc>) -> Result<(), Failure> {
        let Some(Template { product, data }) = Template::of(&new.engine)? else {
            return self.insert(volume, Contents::Empty);
        };
        let place = self.new_place()?;
        copy_folder(&data, &place.data())?;
        let files = Files { product, place, master: new.master_username.clone() };
        files.product.fill(&files.place, new, &self.folder)?;
        self.begin(volume, files, now)
    }

    /// Also copies a snapshot.
    pub(crate) fn freeze(&mut self, volume: &Volume, snapshot: &Volume) -> Result<(), Failure> {
        let (files, process) = match self.find(volume)? {
            Contents::Empty => return self.insert(snapshot, Contents::Empty),
            Contents::Frozen(files) => (files.clone(), None),
            Contents::Live(live) => (live.files.clone(), live.process.as_ref()),
        };
        let place = Place::new(&self.folder, self.next);
        self.folder.create(place.path())?;
        let copy = || copy_folder(&files.place.data(), &place.data());
        match process {
            Some(process) => process.frozen(copy)?,
            None => copy()?,
        }
        self.next += 1;
        self.insert(snapshot, Contents::Frozen(Files { place, ..files }))
    }

    pub(crate) fn restore(&mut self, snapshot: &Volume, volume: &Volume, now: DateTime<Utc>) -> Result<(), Failure> {
        let files = match self.find(snapshot)? {
            Contents::Empty => return self.insert(volume, Contents::Empty),
            Contents::Frozen(files) => files.clone(),
            Contents::Live(_) => return Err(failure(format!("{snapshot} is not the volume of a snapshot"))),
        };
        let place = self.new_place()?;
        copy_folder(&files.place.data(), &place.data())?;
        files.product.recover(&place, &self.folder)?;
        self.begin(volume, Files { place, ..files }, now)
    }

    pub(crate) fn restore_to_time(
        &mut self,
        source: &Volume,
        time: DateTime<Utc>,
        volume: &Volume,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        self.mark(source)?;
        let end = self.times.end_of(time);
        let live = match self.find(source)? {
            Contents::Empty => return self.insert(volume, Contents::Empty),
            Contents::Live(live) => live,
            Contents::Frozen(_) => return Err(failure(format!("{source} has no log of changes"))),
        };
        if time < live.since {
            let since = live.since.to_rfc3339_opts(SecondsFormat::Millis, true);
            return Err(failure(format!("the log of changes begins at {since}, which is later")));
        }
        // If the log ends before, all of it is replayed.
        let until = end.filter(|end| live.marked.is_some_and(|marked| *end <= marked));
        let until = until.map(|time| Until { time, position: live.position_at(time) });
        let (files, base, from) = (live.files.clone(), live.files.place.base(), live.files.place.clone());
        let place = self.new_place()?;
        copy_folder(&base, &place.data())?;
        files.product.replay(&from, until, &place, &self.folder)?;
        self.begin(volume, Files { place, ..files }, now)
    }

    pub(crate) fn start(&mut self, volume: &Volume, endpoint: &Endpoint) -> Result<(), Failure> {
        let Some(Contents::Live(live)) = self.volumes.get_mut(volume) else {
            // An empty volume cannot be reached.
            return self.find(volume).map(drop);
        };
        if live.process.is_some() && live.endpoint.as_ref() == Some(endpoint) {
            return Ok(());
        }
        let Files { product, place, .. } = live.files.clone();
        self.authority.write(&endpoint.hosts, place.path(), &self.folder.owner)?;
        let is_same_port = live.endpoint.as_ref().is_some_and(|old| old.port == endpoint.port);
        match &live.process {
            Some(process) if is_same_port => product.reload(&place, process, &self.folder)?,
            _ => {
                if let Some(mut process) = live.process.take() {
                    process.end(product.stop_signal());
                }
                let address = match live.address {
                    Some(address) => address,
                    None => *live.address.insert(self.addresses.take()?),
                };
                live.process = Some(product.start(&place, (address, endpoint.port).into(), &self.folder)?);
            }
        }
        live.endpoint = Some(endpoint.clone());
        self.write_clients()
    }

    pub(crate) fn stop(&mut self, volume: &Volume) {
        // If this fails, the server does not run any more. Its log is then replayed as far as it goes.
        let _ = self.mark(volume);
        if let Some(Contents::Live(live)) = self.volumes.get_mut(volume) {
            live.note_position(SystemTime::now());
            if let Some(mut process) = live.process.take() {
                process.end(live.files.product.stop_signal());
            }
            live.endpoint = None;
            let _ = self.write_clients();
        }
    }

    pub(crate) fn set_password(&mut self, volume: &Volume, password: &str) -> Result<(), Failure> {
        match self.find(volume)? {
            Contents::Live(live) => {
                let Files { product, place, master } = &live.files;
                match live.process {
                    Some(_) => product.set_password(place, master, password, &self.folder),
                    None => product.set_password_of_stopped(place, master, password, &self.folder),
                }
            }
            Contents::Frozen(_) => Err(failure(format!("{volume} is the volume of a snapshot"))),
            Contents::Empty => Ok(()),
        }
    }

    pub(crate) fn drop_volume(&mut self, volume: &Volume) {
        let place = match self.volumes.remove(volume) {
            None | Some(Contents::Empty) => return,
            Some(Contents::Frozen(files)) => files.place,
            Some(Contents::Live(mut live)) => {
                live.end();
                live.address.into_iter().for_each(|address| self.addresses.free(address));
                live.files.place.clone()
            }
        };
        // What remains goes with the folder of all volumes.
        let _ = std::fs::remove_dir_all(place.path());
        let _ = self.write_clients();
    }

    pub(crate) fn note_time(&mut self, now: DateTime<Utc>) {
        let real = SystemTime::now();
        self.times.note(now, real);
        for volume in self.volumes.values_mut() {
            if let Contents::Live(live) = volume {
                live.note_position(real);
            }
        }
    }

    pub(crate) fn resolve(&self, host: &str) -> Option<SocketAddr> {
        self.reachable().find(|reachable| reachable.host == host).map(|reachable| reachable.address)
    }

    /// The hosts of all databases that run.
    fn reachable(&self) -> impl Iterator<Item = Reachable> {
        let live = self.volumes.values().filter_map(|volume| match volume {
            Contents::Live(live) => Some((live.files.product.as_ref(), live.address?, live.endpoint.as_ref()?)),
            Contents::Empty | Contents::Frozen(_) => None,
        });
        live.flat_map(|(product, address, endpoint)| {
            let address = SocketAddr::from((address, endpoint.port));
            endpoint.hosts.iter().map(move |host| Reachable {
                host: host.clone(),
                address,
                is_postgres: product.name() == postgres::NAME,
            })
        })
    }

    fn write_clients(&self) -> Result<(), Failure> {
        let Some(clients) = &self.clients else { return Ok(()) };
        clients.write(&self.reachable().collect::<Vec<_>>())
    }

    /// Sees to it that the log of a server that runs contains everything up to now.
    fn mark(&mut self, volume: &Volume) -> Result<(), Failure> {
        let Some(Contents::Live(live)) = self.volumes.get_mut(volume) else { return Ok(()) };
        if live.process.is_some() {
            let now = SystemTime::now();
            live.files.product.mark(&live.files.place, &self.folder)?;
            live.marked = Some(now);
        }
        Ok(())
    }

    /// Makes a database of files whose log begins now.
    fn begin(&mut self, volume: &Volume, files: Files, now: DateTime<Utc>) -> Result<(), Failure> {
        copy_folder(&files.place.data(), &files.place.base())?;
        let live = Live {
            files,
            since: now,
            marked: None,
            positions: Vec::new(),
            address: None,
            endpoint: None,
            process: None,
        };
        self.insert(volume, Contents::Live(Box::new(live)))
    }

    fn insert(&mut self, volume: &Volume, contents: Contents) -> Result<(), Failure> {
        self.drop_volume(volume);
        self.volumes.insert(volume.clone(), contents);
        Ok(())
    }

    fn find(&self, volume: &Volume) -> Result<&Contents, Failure> {
        self.volumes.get(volume).ok_or_else(|| failure(format!("there is no volume {volume}")))
    }

    fn new_place(&mut self) -> Result<Place, Failure> {
        let place = Place::new(&self.folder, self.next);
        self.next += 1;
        self.folder.create(place.path())?;
        Ok(place)
    }
}

impl Live {
    /// Notes where the log ends now.
    fn note_position(&mut self, now: SystemTime) {
        if self.process.is_none() {
            return;
        }
        let Some(position) = self.files.product.position(&self.files.place) else { return };
        if self.positions.last().is_none_or(|(_, last)| *last != position) {
            self.positions.push((now, position));
        }
    }

    /// Where the log ended at a time, as far as it was noted.
    fn position_at(&self, time: SystemTime) -> Option<Position> {
        let later = self.positions.partition_point(|(since, _)| *since <= time);
        self.positions.get(later.checked_sub(1)?).map(|(_, position)| *position)
    }

    /// Ends the server at once.
    fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end(self.files.product.end_signal());
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}
