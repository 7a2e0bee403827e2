//! Regions that cannot be reached, and regions that an account has not enabled.
//!
//! While a region is cut off, its changes on the agenda wait. AWS's services keep what they have accepted (messages, events of
//! functions, executions), so all of it continues when the region returns. A change that is not made up (a schedule, a daily
//! backup) asks [`State::is_cut`] instead of waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::agenda::Change;
use crate::call::{Call, Error, Service};
use crate::lambda;
use crate::rds;
use crate::world::{State, World};

/// A call did not reach its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreachable;

/// The error code of such a call in the journal. The caller gets no response.
pub(crate) const UNREACHABLE: &str = "Unreachable";

/// How long a client tries to connect: the default of AWS's SDK for Rust.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// The regions that differ from the others. All others can be reached, and are enabled in each account.
#[derive(Default)]
pub(crate) struct Regions {
    cut: BTreeMap<String, Cut>,
    /// Accounts and the regions that they have not enabled.
    disabled: BTreeSet<(String, String)>,
}

struct Cut {
    since: DateTime<Utc>,
    /// The changes that were due meanwhile, in the order of their times.
    waiting: Vec<Change>,
}

impl World {
    /// Cuts a region off. From now on, all calls to it fail to connect, running functions are killed, and its services do
    /// nothing. Copies to another region follow the answer to `lost-source-region`.
    pub fn cut_region(&self, region: &str) {
        self.change(|state| {
            let cut = Cut { since: state.now, waiting: Vec::new() };
            if state.regions.cut.contains_key(region) {
                return;
            }
            state.regions.cut.insert(region.to_owned(), cut);
            lambda::kill_all(state, region);
            rds::source_region_lost(state, region);
        });
    }

    /// Restores a region that was cut off. Its services continue with all that was due meanwhile. Schedules and daily backups
    /// that were missed are not made up.
    pub fn restore_region(&self, region: &str) {
        self.change(|state| {
            let waiting = state.regions.cut.remove(region).map_or(Vec::new(), |cut| cut.waiting);
            let now = state.now;
            waiting.into_iter().for_each(|change| state.agenda.at(now, change));
        });
    }

    /// Disables a region that an account has not opted in to: all its calls to this region fail, those of its roles too.
    pub fn disable_region(&self, account: &str, region: &str) {
        self.change(|state| state.regions.disabled.insert((account.to_owned(), region.to_owned())));
    }

    /// Enables it again.
    pub fn enable_region(&self, account: &str, region: &str) {
        self.change(|state| state.regions.disabled.remove(&(account.to_owned(), region.to_owned())));
    }
}

impl State {
    pub(crate) fn is_cut(&self, region: &str) -> bool {
        self.regions.cut.contains_key(region)
    }

    /// When the region was cut off, if it is.
    pub(crate) fn cut_since(&self, region: &str) -> Option<DateTime<Utc>> {
        self.regions.cut.get(region).map(|cut| cut.since)
    }

    /// Schedules a change in a region. It waits while the region is cut off.
    pub(crate) fn at_in(&mut self, region: &str, time: DateTime<Utc>, change: impl FnOnce(&mut Self) + Send + 'static) {
        let region = region.to_owned();
        self.agenda.at(time, move |state| state.when_reachable(&region, change));
    }

    /// Makes a change now, or when the region has returned.
    pub(crate) fn when_reachable(&mut self, region: &str, change: impl FnOnce(&mut Self) + Send + 'static) {
        match self.regions.cut.get_mut(region) {
            Some(cut) => cut.waiting.push(Box::new(change)),
            None => change(self),
        }
    }

    /// "If a Region is disabled, you can't access its resources" (Account Management guide). The errors are those that users
    /// reported (github.com/ekristen/aws-nuke/issues/774, github.com/boto/boto3/issues/2381).
    pub(crate) fn check_enabled(&self, call: &Call) -> Result<(), Error> {
        let Call { caller, region, service, .. } = call;
        if !self.regions.disabled.contains(&(caller.account.clone(), region.clone())) {
            return Ok(());
        }
        let (code, status) = match service {
            Service::Rds | Service::Sns | Service::Sts => ("InvalidClientTokenId", 403),
            Service::S3 => ("InvalidAccessKeyId", 403),
            Service::Kms | Service::Secrets | Service::Sqs | Service::States => ("UnrecognizedClientException", 400),
            Service::Lambda => ("UnrecognizedClientException", 403),
        };
        Err(Error::injected(code, "The security token included in the request is invalid.").status(status))
    }
}
