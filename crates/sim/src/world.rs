//! A world: accounts and regions that share one clock.
//!
//! All mutable state is in [`State`], behind one lock that is never held across an `await`. The state changes for two
//! reasons: a call is processed, or a change on the agenda is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::agenda::Agenda;
use crate::alarms::Alarm;
use crate::bill::Meter;
use crate::call::{Call, CallResult, Caller, Error, Output, Service};
use crate::clock::Clock;
use crate::durations::Durations;
use crate::fault::{self, Action, Faults, Point};
use crate::journal::{Event, Follower, Journal};
use crate::questions::Answers;
use crate::rds::Quotas;
use crate::regions::{self, Regions, Unreachable};
use crate::servers::{NoServers, Servers};
use crate::throttle::Throttle;
use crate::{iam, kms, lambda, rds, s3, schedule, secrets, sns, sqs, states, sts, wire};

/// The settings of a new world.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time at which the world starts.
    pub epoch: DateTime<Utc>,
    /// Simulated seconds per real second. Leave it at 1 on tokio's paused clock, which already runs as fast as
    /// possible.
    pub speed: u32,
    /// The duration of a call that no fault delays.
    pub latency: Duration,
    /// The seed of random values and identifiers.
    pub seed: u64,
    /// The speed at which snapshots are created and copied.
    pub copy_gib_per_minute: u32,
    /// The speed at which the storage of a restored instance is loaded, after the instance has become available.
    pub load_gib_per_minute: u32,
    /// How much of an instance changes in a day, in percent of its storage: the size of incremental copies.
    pub changed_percent_per_day: u32,
    /// The storage of an Aurora cluster. AWS has no parameter for it.
    pub cluster_gib: u32,
    /// The quota of manual snapshots for each kind (instance, cluster), account and region.
    pub snapshot_quota: usize,
    /// The quota of copies of instance snapshots in progress from other regions, for each account. What counts is an open
    /// question, `cross-region-limit`.
    pub copy_quota: usize,
    /// The same for copies of cluster snapshots.
    pub cluster_copy_quota: usize,
    /// The quotas of databases and their groups.
    pub quotas: Quotas,
    /// The rate limit for each service, account and region. `None`: no throttling.
    pub calls_per_second: Option<u32>,
    /// The maximum number of journal entries. When it is exceeded, the older half is removed. `None`: all entries are
    /// kept.
    pub max_journal_entries: Option<usize>,
    /// How long changes of databases take.
    pub durations: Durations,
    /// The answers to the open questions about AWS.
    pub answers: Answers,
    /// What stands behind the endpoints of databases.
    pub servers: Arc<dyn Servers>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epoch: DateTime::UNIX_EPOCH,
            speed: 1,
            latency: Duration::from_millis(20),
            seed: 0,
            copy_gib_per_minute: 10,
            load_gib_per_minute: 5,
            changed_percent_per_day: 5,
            cluster_gib: 100,
            snapshot_quota: 100,
            // "For each AWS account, you can copy up to 20 DB snapshots at a time from one AWS Region to another" (RDS User Guide),
            // "up to five DB cluster snapshots" (Aurora User Guide).
            copy_quota: 20,
            cluster_copy_quota: 5,
            quotas: Quotas::default(),
            calls_per_second: None,
            max_journal_entries: None,
            durations: Durations::default(),
            answers: Answers::default(),
            servers: Arc::new(NoServers),
        }
    }
}

/// A simulated AWS. Clones share the same state.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    clock: Clock,
    latency: Duration,
    state: Mutex<State>,
    /// Notified when a change was added to the agenda.
    agenda_changed: Arc<Notify>,
}

/// The mutable state of a world.
pub(crate) struct State {
    /// The time of the change that is being made.
    pub(crate) now: DateTime<Utc>,
    pub(crate) agenda: Agenda,
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    pub(crate) faults: Faults,
    pub(crate) throttle: Throttle,
    pub(crate) regions: Regions,
    pub(crate) random: fastrand::Rng,
    pub(crate) settings: Settings,
    /// Keyed by account and region.
    region_states: BTreeMap<(String, String), RegionState>,
    /// The buckets of all accounts and regions.
    pub(crate) s3: s3::S3,
    pub(crate) roles: iam::Roles,
    pub(crate) retired_versions: rds::RetiredVersions,
    pub(crate) restore_failure: Option<rds::RestoreFailure>,
    pub(crate) withheld_classes: rds::WithheldClasses,
    pub(crate) accounts: iam::Accounts,
    /// The function invocations that are running.
    pub(crate) runs: lambda::FunctionRuns,
    /// The world of this state. Functions need it, because they run as tasks of their own.
    pub(crate) world: WeakHandle,
}

/// The state of every service in one region of one account.
#[derive(Default)]
pub(crate) struct RegionState {
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) kms: kms::Kms,
    pub(crate) lambda: lambda::Lambda,
    pub(crate) rds: rds::Rds,
    pub(crate) schedules: schedule::Schedules,
    pub(crate) secrets: secrets::Secrets,
    pub(crate) sns: sns::Sns,
    pub(crate) sqs: sqs::Sqs,
    pub(crate) states: states::States,
}

/// A reference that does not keep the world alive.
#[derive(Clone)]
pub(crate) struct WeakHandle(Weak<Inner>);

impl WeakHandle {
    pub(crate) fn upgrade(&self) -> Option<World> {
        self.0.upgrade().map(World)
    }
}

impl World {
    /// A world that starts at this time, with default settings. Requires a tokio runtime, whose clock it follows.
    #[must_use]
    pub fn new(epoch: DateTime<Utc>) -> Self {
        Self::with_settings(Settings { epoch, ..Settings::default() })
    }

    /// A world with these settings. Requires a tokio runtime, whose clock it follows.
    #[must_use]
    pub fn with_settings(settings: Settings) -> Self {
        let clock = Clock::new(settings.epoch, settings.speed);
        // The SDK takes the jitter of its retries from this thread's random number generator.
        fastrand::seed(settings.seed);
        let agenda_changed = Arc::new(Notify::new());
        let world = Self(Arc::new_cyclic(|world| {
            let state = State {
                now: settings.epoch,
                agenda: Agenda::default(),
                journal: Journal::new(settings.max_journal_entries),
                meter: Meter::default(),
                faults: Faults::default(),
                throttle: Throttle::default(),
                random: fastrand::Rng::with_seed(settings.seed),
                settings: settings.clone(),
                regions: Regions::default(),
                region_states: BTreeMap::new(),
                s3: s3::S3::default(),
                roles: iam::Roles::default(),
                retired_versions: rds::RetiredVersions::default(),
                restore_failure: None,
                withheld_classes: rds::WithheldClasses::default(),
                accounts: iam::Accounts::default(),
                runs: lambda::FunctionRuns::default(),
                world: WeakHandle(Weak::clone(world)),
            };
            Inner {
                clock,
                latency: settings.latency,
                state: Mutex::new(state),
                agenda_changed: Arc::clone(&agenda_changed),
            }
        }));
        tokio::spawn(run_agenda(Arc::downgrade(&world.0), clock, agenda_changed));
        world
    }

    /// The settings of this world.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.lock().settings.clone()
    }

    /// The current simulated time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Waits for a duration of simulated time.
    pub async fn sleep(&self, duration: Duration) {
        self.0.clock.sleep_until(self.now() + duration).await;
    }

    /// Reads the journal. Changes that are due are made first.
    pub fn journal<R>(&self, read: impl FnOnce(&Journal) -> R) -> R {
        self.change(|state| read(&state.journal))
    }

    /// Follows the journal: all entries so far, then each new one.
    #[must_use]
    pub fn follow_journal(&self) -> Follower {
        Follower::new(self.clone())
    }

    /// Replaces the fault plan.
    pub fn plan_faults(&self, plan: fault::Plan) {
        self.0.lock().faults = Faults::new(plan);
    }

    /// Reads or changes the state directly, without a call. Changes that are due are made first.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.0.lock();
        let now = self.now();
        state.run_due_changes(now);
        state.now = state.now.max(now);
        state.settings.servers.note_time(state.now);
        let result = change(&mut state);
        self.0.agenda_changed.notify_one();
        result
    }

    /// The caller to whom an access key was assigned, if it was.
    pub(crate) fn caller_for_access_key(&self, access_key: &str) -> Option<Caller> {
        self.0.lock().roles.owner_of(access_key)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// The response to a request, and its request ID. A request that could not be read gets an error response.
    pub(crate) async fn respond(
        &self,
        call: Result<Call, wire::RequestError>,
    ) -> Result<(wire::Response, String), Unreachable> {
        let id = self.0.lock().new_uuid();
        let response = match call {
            Ok(call) => {
                let (service, operation) = (call.service, call.operation.clone());
                let answer = self.call(call).await?;
                let response = wire::write(Some((service, &operation)), &answer, &id);
                // AWS's models do not have the errors of fault plans and of this simulation's limits.
                if !answer.is_err_and(|error| error.is_artificial) {
                    wire::record(service, &operation, &response);
                }
                response
            }
            Err(wire::RequestError { service, error }) => {
                wire::write(service.map(|service| (service, "")), &Err(error), &id)
            }
        };
        Ok((response, id))
    }

    /// Processes a call: choose the fault, wait for the latency, run the operation, write the journal entry.
    async fn call(&self, call: Call) -> Result<CallResult, Unreachable> {
        let received = self.now();
        if self.change(|state| state.is_cut(&call.region)) {
            self.sleep(regions::CONNECT_TIMEOUT).await;
            return Err(self.change(|state| state.unreachable(&call, received)));
        }
        let action = self.0.lock().faults.next_action(&Point::call(&call));
        if action == Action::Crash && lambda::kill(&mut self.0.lock(), &call.caller) {
            // The function that made the call is stopped and never receives a response.
            return std::future::pending().await;
        }
        let delay = if let Action::Delay(delay) = action { delay } else { Duration::ZERO };
        self.sleep(self.0.latency + delay).await;
        self.wait_for_messages(&call).await;

        let answer = self.change(|state| {
            // The region was cut off while the call was on its way.
            if state.is_cut(&call.region) {
                return Err(state.unreachable(&call, received));
            }
            let mut entry = Event::of(&call);
            let answer = match action {
                Action::FailBefore => Err(Error::internal_failure()),
                Action::Refuse(code) => Err(Error::injected(code, "The request was refused.")),
                Action::Break(code) => Err(Error::injected(code, "The request could not be handled.").status(500)),
                _ if state.throttle.is_exceeded(&call, state.settings.calls_per_second, state.now) => {
                    Err(Error::throttled(call.service))
                }
                Action::FailAfter => state.serve(call).and(Err(Error::internal_failure())),
                Action::Throttle => Err(Error::throttled(call.service)),
                Action::Pass
                | Action::Delay(_)
                | Action::Lose
                | Action::Duplicate
                | Action::Crash
                | Action::Become(_) => state.serve(call),
            };
            entry.set_response(answer.as_ref().err(), (state.now - received).num_milliseconds());
            state.write(entry);
            Ok(answer)
        })?;
        Ok(match answer {
            Ok(Output::Running(function)) => function.response().await,
            answer => answer,
        })
    }
}

/// Wakes the agenda task, which then ends.
impl Drop for Inner {
    fn drop(&mut self) {
        self.agenda_changed.notify_one();
    }
}

impl Inner {
    /// A poisoned lock is used anyway: no code panics in the middle of a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the changes on the agenda when they are due, until the world is dropped.
async fn run_agenda(world: Weak<Inner>, clock: Clock, changed: Arc<Notify>) {
    loop {
        let Some(inner) = world.upgrade() else { return };
        let next = inner.lock().run_due_changes(clock.now());
        drop(inner);
        match next {
            Some(next) => tokio::select! {
                () = clock.sleep_until(next) => {}
                () = changed.notified() => {}
            },
            None => changed.notified().await,
        }
    }
}

impl State {
    /// Authorizes the call and runs the operation.
    pub(crate) fn serve(&mut self, call: Call) -> CallResult {
        self.check_enabled(&call)?;
        // The required permissions are computed only for callers that have policies.
        if self.roles.has_policies(&call.caller) {
            let needs = self.required_permissions(&call)?;
            iam::authorize(self, &call, &needs)?;
        }
        match call.service {
            Service::Kms => kms::serve(self, call),
            Service::Lambda => lambda::serve(self, call),
            Service::Rds => rds::serve(self, call),
            Service::S3 => s3::serve(self, call),
            Service::Secrets => secrets::serve(self, call),
            Service::Sns => sns::serve(self, call),
            Service::Sqs => sqs::serve(self, call),
            Service::States => states::serve(self, call),
            Service::Sts => sts::serve(call),
        }
    }

    /// What a call needs to be allowed by its caller's own policies alone.
    fn required_permissions(&mut self, call: &Call) -> Result<Vec<iam::RequiredPermission>, Error> {
        match call.service {
            Service::Lambda => Ok(lambda::required_permissions(call)),
            Service::Rds => rds::required_permissions(self, call),
            Service::S3 => s3::required_permissions(self, call),
            Service::Secrets => secrets::required_permissions(self, call),
            Service::Sns => Ok(sns::required_permissions(call)),
            Service::Sqs => sqs::required_permissions(call),
            Service::States => states::required_permissions(call),
            // KMS evaluates the key policy together with the caller's policies.
            Service::Kms => Ok(Vec::new()),
            // "No permissions are required to perform this operation" (API reference, `GetCallerIdentity`).
            Service::Sts => Ok(Vec::new()),
        }
    }

    /// The state of this account and region.
    pub(crate) fn region_state(&mut self, account: &str, region: &str) -> &mut RegionState {
        self.region_states.entry((account.to_owned(), region.to_owned())).or_default()
    }

    /// The state of all accounts in this region.
    pub(crate) fn accounts_in(&self, region: &str) -> impl Iterator<Item = &RegionState> {
        self.region_states.iter().filter(move |((_, of), _)| of == region).map(|(_, state)| state)
    }

    /// The same, if it was ever used.
    pub(crate) fn used_region_state(&self, account: &str, region: &str) -> Option<&RegionState> {
        self.region_states.get(&(account.to_owned(), region.to_owned()))
    }

    /// Writes a journal entry and adds its cost to the bill.
    pub(crate) fn write(&mut self, event: Event) {
        self.meter.count(&event);
        self.journal.write(self.now, event);
    }

    /// Records a call that did not reach its region.
    fn unreachable(&mut self, call: &Call, received: DateTime<Utc>) -> Unreachable {
        let mut entry = Event::of(call);
        let error = Error::new(regions::UNREACHABLE, "The region cannot be reached.");
        entry.set_response(Some(&error), (self.now - received).num_milliseconds());
        self.write(entry);
        Unreachable
    }

    /// A random identifier in UUID format.
    pub(crate) fn new_uuid(&mut self) -> String {
        let bits = self.random.u128(..);
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// Makes all changes that are due, each at its own time. Returns the time of the next one.
    fn run_due_changes(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        while let Some((time, change)) = self.agenda.take_due(now) {
            self.now = self.now.max(time);
            change(self);
        }
        self.agenda.next()
    }
}
