//! A client that connects to the target's name all the time, and notes who answers. It makes no calls of AWS.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use sim::servers::{Endpoint, Failure, NewVolume, Servers, Volume};

use super::*;

/// What stands behind the endpoints: nothing, but it knows which database has the host of the target.
#[derive(Debug, Default)]
pub(crate) struct Client(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: DateTime<Utc>,
    hosts: BTreeMap<Volume, Vec<String>>,
    /// Each change of who answers: the resource ID.
    answers: Vec<(DateTime<Utc>, Option<String>)>,
}

/// An interval in which no database answers under the target's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interruption {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

impl Interruption {
    pub(crate) fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

impl Client {
    /// The intervals since then in which no database answered under the target's name.
    pub(crate) fn interruptions(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Interruption> {
        let state = self.state();
        let ends = state.answers.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let spans = state.answers.iter().zip(ends).filter(|((_, who), _)| who.is_none());
        let spans = spans.map(|((from, _), to)| Interruption { from: (*from).max(since), to });
        spans.filter(|span| span.to > span.from).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<Volume, Vec<String>>)) {
        let mut state = self.state();
        change(&mut state.hosts);
        let is_target = |host: &String| host.starts_with("orders.");
        let found = state.hosts.iter().find(|(_, hosts)| hosts.iter().any(is_target));
        let who = found.map(|(volume, _)| volume.as_str().to_owned());
        let now = state.now;
        if state.answers.last().is_none_or(|(_, last)| *last != who) {
            state.answers.push((now, who));
        }
    }
}

impl Servers for Client {
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

    fn start(&self, volume: &Volume, endpoint: &Endpoint) -> Result<(), Failure> {
        self.change(|hosts| drop(hosts.insert(volume.clone(), endpoint.hosts.clone())));
        Ok(())
    }

    fn stop(&self, volume: &Volume) {
        self.change(|hosts| drop(hosts.remove(volume)));
    }

    fn set_password(&self, _: &Volume, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn drop_volume(&self, volume: &Volume) {
        self.stop(volume);
    }

    fn note_time(&self, now: DateTime<Utc>) {
        self.state().now = now;
    }

    fn resolve(&self, _: &str) -> Option<SocketAddr> {
        None
    }
}
