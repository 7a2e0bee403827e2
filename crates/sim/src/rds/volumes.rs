//! What RDS's resources ask of the servers behind databases ([`crate::servers`]).
//!
//! A database has a volume under its resource identifier, and a snapshot one of its own. The status of a database says whether
//! its server runs: [`follow`] is called whenever the status changes.

use crate::journal::Event;
use crate::servers::{Endpoint, Failure, NewVolume, Volume};
use crate::world::State;

use super::databases::plan::Data;
use super::databases::{Class, DatabaseUid, Status, hosts, members};
use super::identifiers::Arn;
use super::kind::Kind;
use super::snapshots::SnapshotUid;

fn of_database(uid: &DatabaseUid) -> Volume {
    Volume::new(uid.resource_id.clone())
}

fn of_snapshot(uid: &SnapshotUid) -> Volume {
    Volume::new(format!("{}#{}", uid.arn, uid.number))
}

/// Creates the volume of a new database. `password` is that of its master user, if RDS manages it. Returns the status in which
/// the creation ends if there is no such volume.
pub(super) fn create(state: &mut State, uid: &DatabaseUid, data: &Data, password: Option<String>) -> Option<Status> {
    let (servers, now, volume) = (state.settings.servers.clone(), state.now, of_database(uid));
    let found = uid.find(state)?;
    let (result, otherwise) = match data {
        Data::New { password: given } => {
            let settings = &found.facts.settings;
            let contents = NewVolume {
                engine: found.facts.engine.name.to_owned(),
                master_username: found.master_username(),
                master_password: password.or_else(|| given.clone()),
                database: settings.text("DBName").or_else(|| settings.text("DatabaseName")).map(str::to_owned),
            };
            (servers.create(&volume, &contents, now), Status::Failed)
        }
        Data::Snapshot(snapshot) => {
            (servers.restore(&of_snapshot(snapshot), &volume, now), Status::IncompatibleRestore)
        }
        Data::OfCluster => return None,
        Data::PointInTime { of, at } => {
            (servers.restore_to_time(&of_database(of), *at, &volume, now), Status::IncompatibleRestore)
        }
    };
    let arn = found.arn.clone();
    report(state, &arn, result).then_some(otherwise)
}

/// Starts or stops the server of a database, as its status has it. An instance of a cluster has the server of the cluster.
pub(super) fn follow(state: &mut State, uid: &DatabaseUid) {
    let Some(found) = uid.find(state) else { return };
    match found.cluster.clone() {
        None => serve(state, uid),
        Some(cluster) => serve(state, &cluster),
    }
}

fn serve(state: &mut State, uid: &DatabaseUid) {
    let (servers, volume) = (state.settings.servers.clone(), of_database(uid));
    let hosts = hosts(state, uid);
    let Some(found) = uid.find(state) else { return };
    if hosts.is_empty() {
        servers.stop(&volume);
        return;
    }
    let port = found.facts.settings.number("Port").and_then(|port| u16::try_from(port).ok());
    let arn = found.arn.clone();
    let result = servers.start(&volume, &Endpoint { hosts, port: port.unwrap_or_default() });
    if report(state, &arn, result)
        && let Some(found) = uid.find(state)
    {
        found.status = Status::Failed;
    }
}

/// The hosts at which clients can connect to an instance or a cluster. All hosts of a cluster lead to one server.
fn hosts(state: &mut State, uid: &DatabaseUid) -> Vec<String> {
    let seed = state.settings.seed;
    let Some(found) = uid.find(state).filter(|found| is_up(found.status)) else { return Vec::new() };
    let arn = found.arn.clone();
    match arn.kind {
        Kind::Instance => vec![hosts::of_instance(seed, &arn)],
        Kind::Cluster => {
            let members = members::of(state, uid).into_iter().filter_map(|member| {
                let member = member.find(state)?;
                is_up(member.status).then(|| hosts::of_instance(seed, &member.arn))
            });
            let members: Vec<_> = members.collect();
            // A cluster without instances has storage alone.
            if members.is_empty() { members } else { [&hosts::of_cluster(seed, &arn)[..], &members].concat() }
        }
    }
}

/// Whether clients can connect to a database. The tables of statuses have it for some; a database that is changed in other ways
/// goes on.
fn is_up(status: Status) -> bool {
    match status.class() {
        Class::Usable => true,
        Class::Passing => !matches!(
            status,
            Status::Creating
                | Status::Deleting
                | Status::FailingOver
                | Status::Rebooting
                | Status::Renaming
                | Status::Starting
                | Status::Stopping
        ),
        Class::Halted => matches!(
            status,
            Status::IncompatibleCredentials
                | Status::IncompatibleOptionGroup
                | Status::ModifyFailed
                | Status::StorageFull
                | Status::UpgradeFailed
        ),
    }
}

/// Takes the contents of a snapshot: "The snapshot includes the entire storage volume" as it is when the snapshot begins. Returns whether
/// it has them.
pub(super) fn freeze(state: &mut State, database: &DatabaseUid, snapshot: &SnapshotUid) -> bool {
    let result = state.settings.servers.freeze(&of_database(database), &of_snapshot(snapshot));
    !report(state, &snapshot.arn, result)
}

/// Copies the contents of a snapshot to another one. Returns whether that has them.
pub(super) fn copy(state: &mut State, source: &SnapshotUid, copy: &SnapshotUid) -> bool {
    let result = state.settings.servers.copy(&of_snapshot(source), &of_snapshot(copy));
    !report(state, &copy.arn, result)
}

pub(super) fn remove_snapshot(state: &State, snapshot: &SnapshotUid) {
    state.settings.servers.drop_volume(&of_snapshot(snapshot));
}

/// The contents of a deleted database are kept for as long as its automated backups are.
pub(super) fn remove(state: &State, database: &DatabaseUid, is_retained: bool) {
    let (servers, volume) = (&state.settings.servers, of_database(database));
    if is_retained { servers.stop(&volume) } else { servers.drop_volume(&volume) }
}

/// The contents of a deleted database go with its automated backups.
pub(super) fn remove_retained(state: &State, resource_id: &str) {
    state.settings.servers.drop_volume(&Volume::new(resource_id));
}

/// Sets the password of the master user. A server that fails keeps the old one. Returns whether the server has the new one.
pub(super) fn set_password(state: &mut State, database: &DatabaseUid, password: &str) -> bool {
    let result = state.settings.servers.set_password(&of_database(database), password);
    database.arn(state).is_none_or(|arn| !report(state, &arn, result))
}

/// Writes a failure of a server to the journal: AWS's responses have no such text. Returns whether it failed.
fn report(state: &mut State, of: &Arn, result: Result<(), Failure>) -> bool {
    let Err(Failure(reason)) = result else { return false };
    state.write(Event::ServerFailed { resource: of.to_string(), reason });
    true
}
