//! A world: accounts with regions, on one clock.
//!
//! Everything that changes is in [`State`], behind one lock that is never held across an `await`. Two things change it:
//! a call, as soon as it comes in, and the agenda, when its time has come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::agenda::Agenda;
use crate::bill::Meter;
use crate::call::{Call, CallResult, Caller, Error, Service};
use crate::clock::Clock;
use crate::fault::{self, Action, Faults, Point};
use crate::journal::{Event, Follower, Journal};
use crate::throttle::Throttle;
use crate::{iam, kms, lambda, rds, schedule, sns, sqs, states, sts, wire};

/// What can be chosen about a world before it begins.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What time it is when it begins.
    pub epoch: DateTime<Utc>,
    /// How many virtual seconds pass in a real one. On tokio's paused clock, leave it at 1: it runs as fast as it can.
    pub speed: u32,
    /// How long a call takes that nothing slows down.
    pub latency: Duration,
    /// Where randomness and identifiers begin.
    pub seed: u64,
    /// How fast snapshots are taken and copied.
    pub copy_gib_per_minute: u32,
    /// How much an Aurora cluster holds: AWS lets nobody choose it.
    pub cluster_gib: u32,
    /// How many manual snapshots of each kind an account may have in a region.
    pub snapshot_quota: usize,
    /// How many copies from other regions may be under way to a region of an account.
    pub copy_quota: usize,
    /// How many calls a second each service takes from an account in a region before it throttles. Without a number it
    /// takes all.
    pub calls_per_second: Option<u32>,
    /// How many entries the journal has at most: when there are more, the older half goes. Without a number it keeps all.
    pub max_journal_entries: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epoch: DateTime::UNIX_EPOCH,
            speed: 1,
            latency: Duration::from_millis(20),
            seed: 0,
            copy_gib_per_minute: 10,
            cluster_gib: 100,
            snapshot_quota: 100,
            copy_quota: 20,
            calls_per_second: None,
            max_journal_entries: None,
        }
    }
}

/// A simulated AWS. Clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    clock: Clock,
    latency: Duration,
    state: Mutex<State>,
    /// Something was written into the agenda.
    agenda_changed: Arc<Notify>,
}

/// Everything that changes.
pub(crate) struct State {
    /// The time of the change that is being made.
    pub(crate) now: DateTime<Utc>,
    pub(crate) agenda: Agenda,
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    pub(crate) faults: Faults,
    pub(crate) throttle: Throttle,
    pub(crate) random: fastrand::Rng,
    pub(crate) settings: Settings,
    /// By account and region.
    regions: BTreeMap<(String, String), RegionState>,
    pub(crate) roles: iam::Roles,
    /// The functions that are running.
    pub(crate) runs: lambda::FunctionRuns,
    /// The world that this is the state of, for what goes on by itself: the functions.
    pub(crate) world: WeakHandle,
}

/// One region of one account: what each service has there.
#[derive(Default)]
pub(crate) struct RegionState {
    pub(crate) kms: kms::Kms,
    pub(crate) lambda: lambda::Lambda,
    pub(crate) rds: rds::Rds,
    pub(crate) schedules: schedule::Schedules,
    pub(crate) sns: sns::Sns,
    pub(crate) sqs: sqs::Sqs,
    pub(crate) states: states::States,
}

/// A world that may be gone.
#[derive(Clone)]
pub(crate) struct WeakHandle(Weak<Inner>);

impl WeakHandle {
    pub(crate) fn upgrade(&self) -> Option<World> {
        self.0.upgrade().map(World)
    }
}

impl World {
    /// A world in which it is now this time. Make it inside a tokio runtime, whose clock it follows.
    #[must_use]
    pub fn new(epoch: DateTime<Utc>) -> Self {
        Self::with_settings(Settings { epoch, ..Settings::default() })
    }

    /// A world made to order.
    #[must_use]
    pub fn with_settings(settings: Settings) -> Self {
        let clock = Clock::new(settings.epoch, settings.speed);
        // The SDK takes the jitter of its retries from this thread's generator.
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
                regions: BTreeMap::new(),
                roles: iam::Roles::default(),
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

    /// What was chosen about it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.lock().settings.clone()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Lets time pass.
    pub async fn sleep(&self, duration: Duration) {
        self.0.clock.sleep_until(self.now() + duration).await;
    }

    /// What has happened so far.
    pub fn journal<R>(&self, read: impl FnOnce(&Journal) -> R) -> R {
        self.change(|state| read(&state.journal))
    }

    /// What has happened and what will, as it is written.
    #[must_use]
    pub fn follow_journal(&self) -> Follower {
        Follower::new(self.clone())
    }

    /// What goes wrong from now on.
    pub fn plan_faults(&self, plan: fault::Plan) {
        self.0.lock().faults = Faults::new(plan);
    }

    /// Looks at the world or changes it, from outside and not by a call. Everything that is due has happened before.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.0.lock();
        let now = self.now();
        state.run_due_changes(now);
        state.now = state.now.max(now);
        let result = change(&mut state);
        self.0.agenda_changed.notify_one();
        result
    }

    /// Whose an access key is, if somebody has told.
    pub(crate) fn caller_for_access_key(&self, access_key: &str) -> Option<Caller> {
        self.0.lock().roles.owner_of(access_key)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// Answers a request, if it was one, and says under which identifier.
    pub(crate) async fn respond(&self, call: Result<Call, wire::RequestError>) -> (wire::Response, String) {
        let id = self.0.lock().new_uuid();
        let response = match call {
            Ok(call) => {
                let (service, operation) = (call.service, call.operation.clone());
                let response = wire::write(Some((service, &operation)), &self.call(call).await, &id);
                wire::record(service, &operation, &response);
                response
            }
            Err(wire::RequestError { service, error }) => {
                wire::write(service.map(|service| (service, "")), &Err(error), &id)
            }
        };
        (response, id)
    }

    /// What a call goes through: its action is decided, it takes its time, has its effect, and is written down.
    async fn call(&self, call: Call) -> CallResult {
        let received = self.now();
        let action = self.0.lock().faults.next_action(&Point::call(&call));
        if action == Action::Crash && lambda::kill(&mut self.0.lock(), &call.caller) {
            // Whoever would hear the answer is gone.
            return std::future::pending().await;
        }
        let delay = if let Action::Delay(delay) = action { delay } else { Duration::ZERO };
        self.sleep(self.0.latency + delay).await;

        self.change(|state| {
            let mut entry = Event::of(&call);
            let answer = match action {
                Action::FailBefore => Err(Error::internal_failure()),
                _ if state.throttle.is_exceeded(&call, state.settings.calls_per_second, state.now) => {
                    Err(Error::throttled(call.service))
                }
                Action::FailAfter => state.serve(call).and(Err(Error::internal_failure())),
                Action::Throttle => Err(Error::throttled(call.service)),
                Action::Pass | Action::Delay(_) | Action::Lose | Action::Duplicate | Action::Crash => state.serve(call),
            };
            entry.answered(answer.as_ref().err(), (state.now - received).num_milliseconds());
            state.write(entry);
            answer
        })
    }
}

/// The world is gone, and so is what was going to happen.
impl Drop for Inner {
    fn drop(&mut self) {
        self.agenda_changed.notify_one();
    }
}

impl Inner {
    /// Nothing that holds the lock panics half-way through a change, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what the agenda says until the world is gone.
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
    /// What the service does, if its caller's role may want it.
    pub(crate) fn serve(&mut self, call: Call) -> CallResult {
        // Most callers have no policies, and this costs them nothing.
        if self.roles.has_policies(&call.caller) {
            let needs = self.required_permissions(&call)?;
            iam::authorize(self, &call, &needs)?;
        }
        match call.service {
            Service::Kms => kms::serve(self, call),
            Service::Rds => rds::serve(self, call),
            Service::Sns => sns::serve(self, call),
            Service::Sqs => sqs::serve(self, call),
            Service::States => states::serve(self, call),
            Service::Sts => sts::serve(call),
        }
    }

    /// What a call needs to be allowed by its caller's own policies alone.
    fn required_permissions(&mut self, call: &Call) -> Result<Vec<iam::RequiredPermission>, Error> {
        match call.service {
            Service::Rds => rds::required_permissions(self, call),
            Service::Sns => Ok(sns::required_permissions(call)),
            Service::Sqs => sqs::required_permissions(call),
            Service::States => states::required_permissions(call),
            // Keys have policies of their own, which decide together with the caller's: the service asks for both.
            Service::Kms => Ok(Vec::new()),
            // "No permissions are required to perform this operation" (API reference, `GetCallerIdentity`).
            Service::Sts => Ok(Vec::new()),
        }
    }

    /// What there is in this region of this account.
    pub(crate) fn region_state(&mut self, account: &str, region: &str) -> &mut RegionState {
        self.regions.entry((account.to_owned(), region.to_owned())).or_default()
    }

    /// Writes down what happens now, and what it costs.
    pub(crate) fn write(&mut self, event: Event) {
        self.meter.count(&event);
        self.journal.write(self.now, event);
    }

    /// An identifier that is never given twice.
    pub(crate) fn new_uuid(&mut self) -> String {
        let bits = self.random.u128(..);
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// Does everything that is due, each at its own time, and says when the next is.
    fn run_due_changes(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        while let Some((time, change)) = self.agenda.take_due(now) {
            self.now = self.now.max(time);
            change(self);
        }
        self.agenda.next()
    }
}
