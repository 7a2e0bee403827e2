//! Creates the stacks of the templates.

use std::collections::BTreeMap;
#[cfg(feature = "verify")]
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

#[cfg(feature = "verify")]
use aws_smithy_async::rt::sleep::{AsyncSleep as _, SharedAsyncSleep};
use aws_types::SdkConfig;
use aws_types::sdk_config::{SharedTimeSource, TimeSource};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cloud::{Cloud, Function};
use consumer::{Consumer, Memory};
use protocol::Place;
use serde_json::Value;
use sim::World;
use sim::lambda::Invocation;
#[cfg(feature = "verify")]
use sim::servers::Servers;
use sim::stack::{Bucket, Error, Stack, Template};
use tracing::instrument::WithSubscriber;

use crate::{Logs, Processes, Rehearsal, Setup};

static PRODUCER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("producer.yaml", include_str!("../../../cfn/producer.yaml")));
static CONSUMER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("consumer.yaml", include_str!("../../../cfn/consumer.yaml")));
static SOURCE: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("source.yaml", include_str!("../../../cfn/source.yaml")));

#[cfg(feature = "verify")]
static VERIFIER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("verifier.yaml", include_str!("../../../cfn/verifier.yaml")));

/// The key of the timer's definition in the bucket, and its text.
const TIMER: (&str, &str) = ("draco/wait4copy.asl.json", include_str!("../../../cfn/wait4copy.asl.json"));
/// The name of the bucket with the code and the definition.
const BUCKET: &str = "draco-code";

/// The stacks with functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FunctionStack {
    Producer,
    Consumer,
    #[cfg(feature = "verify")]
    Verifier,
}

impl FunctionStack {
    fn name(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
            #[cfg(feature = "verify")]
            Self::Verifier => "draco-verifier",
        }
    }

    fn template(self) -> Result<&'static Template, Error> {
        let template = match self {
            Self::Producer => &*PRODUCER,
            Self::Consumer => &*CONSUMER,
            #[cfg(feature = "verify")]
            Self::Verifier => &*VERIFIER,
        };
        template.as_ref().map_err(Clone::clone)
    }
}

/// The functions, by their handler names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DracoFunction {
    Producer,
    Consumer,
    Keeper,
    #[cfg(feature = "verify")]
    Verifier,
    #[cfg(feature = "verify")]
    Checker,
}

impl DracoFunction {
    fn of_handler(handler: &str) -> Option<Self> {
        match handler {
            "producer" => Some(Self::Producer),
            "consumer" => Some(Self::Consumer),
            "keeper" => Some(Self::Keeper),
            #[cfg(feature = "verify")]
            "verifier" => Some(Self::Verifier),
            #[cfg(feature = "verify")]
            "checker" => Some(Self::Checker),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
            Self::Keeper => "draco-keeper",
            #[cfg(feature = "verify")]
            Self::Verifier => "draco-verifier",
            #[cfg(feature = "verify")]
            Self::Checker => "draco-checker",
        }
    }
}

impl Rehearsal {
    /// Creates the stacks in all accounts and regions.
    ///
    /// # Errors
    /// If a stack cannot be created.
    pub fn deploy(world: World, setup: Setup) -> anyhow::Result<Self> {
        let mut rehearsal = Self::deploy_without_second(world, setup)?;
        rehearsal.create_second()?;
        Ok(rehearsal)
    }

    /// The same without the stacks in the second region, which [`Self::create_second`] creates later. Until then, DR announces its
    /// copies in vain.
    ///
    /// # Errors
    /// If a stack cannot be created.
    pub fn deploy_without_second(world: World, setup: Setup) -> anyhow::Result<Self> {
        let rehearsal = Self { world, setup, second_since: None, logs: Logs::default() };
        let Self { setup, .. } = &rehearsal;
        rehearsal.create_consumer()?;
        #[cfg(feature = "verify")]
        rehearsal.create_verifier()?;
        rehearsal.create_source_stacks(&setup.dr(), &setup.elsewhere())?;
        for source in setup.sources() {
            let mut parameters = with(&setup.producer_parameters, "DrAccount", setup.dr.as_str());
            if source.region != setup.dr().region {
                parameters.insert("DrRegion".to_owned(), setup.dr().region.to_string());
            }
            rehearsal.create_stack(FunctionStack::Producer, &source, parameters)?;
        }
        Ok(rehearsal)
    }

    /// Creates the stack of the consumer in DR's region.
    fn create_consumer(&self) -> anyhow::Result<()> {
        let setup = &self.setup;
        let mut parameters = with(&setup.consumer_parameters, "SourceAccounts", &list(&setup.sources));
        parameters.extend(setup.elsewhere());
        if let Some(region) = &setup.second_region {
            parameters.insert("SecondRegion".to_owned(), region.to_string());
        }
        self.create_stack(FunctionStack::Consumer, &setup.dr(), parameters)
    }

    /// Creates the stack of the verifier in DR's region, if DR verifies its copies.
    #[cfg(feature = "verify")]
    fn create_verifier(&self) -> anyhow::Result<()> {
        let Some(parameters) = &self.setup.verifier_parameters else { return Ok(()) };
        let parameters = with(parameters, "SourceAccounts", &list(&self.setup.sources));
        self.create_stack(FunctionStack::Verifier, &self.setup.dr(), parameters)
    }

    /// Creates the stacks in the second region, if there is one. Those of the source accounts have only alarms there.
    ///
    /// # Errors
    /// If a stack cannot be created.
    pub fn create_second(&mut self) -> anyhow::Result<()> {
        let (setup, since) = (&self.setup, self.world.now());
        let Some(second) = setup.second() else { return Ok(()) };
        let mut parameters = with(&setup.second_parameters, "SourceAccounts", &list(&setup.sources));
        let first = ("FirstRegion".to_owned(), setup.dr().region.to_string());
        parameters.extend([first.clone(), ("Since".to_owned(), since.to_rfc3339_opts(SecondsFormat::Secs, true))]);
        self.create_stack(FunctionStack::Consumer, &second, parameters)?;
        self.create_source_stacks(&second, &BTreeMap::from([first]))?;
        self.second_since = Some(since);
        Ok(())
    }

    fn create_stack(
        &self,
        stack: FunctionStack,
        place: &Place,
        parameters: BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let name = stack.name();
        let bucket = Bucket::new(BUCKET).code("draco/functions-arm64.zip", self.code(place)).text(TIMER.0, TIMER.1);
        let parameters = with(&parameters, "CodeBucket", BUCKET);
        let stack = Stack { name, template: stack.template()?, parameters: &parameters, bucket: &bucket };
        self.world.create_stack(place.account.as_str(), place.region.as_str(), &stack)?;
        Ok(())
    }

    /// Creates the stacks in a region of DR for the source accounts.
    fn create_source_stacks(&self, dr: &Place, regions: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let (setup, bucket) = (&self.setup, Bucket::new(BUCKET));
        for source in &setup.sources {
            let mut parameters = with(&setup.source_parameters, "SourceAccount", source.as_str());
            parameters.extend(regions.clone());
            let name = format!("draco-source-{source}");
            let template = SOURCE.as_ref().map_err(Clone::clone)?;
            let stack = Stack { name: &name, template, parameters: &parameters, bucket: &bucket };
            self.world.create_stack(dr.account.as_str(), dr.region.as_str(), &stack)?;
        }
        Ok(())
    }

    /// The code of all functions, as a closure from an event to its response. The handler name chooses the function.
    fn code(
        &self,
        place: &Place,
    ) -> impl Fn(Invocation) -> std::pin::Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> + Send + Sync + use<>
    {
        let (place, logs) = (place.clone(), self.logs.writer(place));
        let process = Process {
            idle: Idle::new(self.setup.processes),
            #[cfg(feature = "verify")]
            servers: Arc::clone(&self.world.settings().servers),
            #[cfg(feature = "verify")]
            scripted: self.setup.scripted,
        };
        let ahead = self.setup.clocks.get(&place.region).copied().unwrap_or_default();
        move |invocation| {
            let handler = invocation.environment.get("_HANDLER").map(String::as_str).unwrap_or_default();
            let Some(function) = DracoFunction::of_handler(handler) else {
                let why = format!("{handler:?} is not a handler of Draco");
                return Box::pin(async { Err(why) });
            };
            let cloud = Cloud::new(&with_clock(&invocation.config, ahead), place.clone());
            // "The date that the invocation times out", by the clock of the function's machine.
            let deadline = invocation.deadline + ahead;
            let clock = cloud.clone();
            // Lines have the name of the handler, as in the deployed program; alarms depend on it.
            let handler = function.name().trim_start_matches("draco-");
            let subscriber = cloud::log::subscriber(handler, logs.clone(), move || clock.now());
            let process = process.clone();
            let handled = async move {
                let handled = handle(function, cloud, &process, invocation, deadline).await;
                handled.map_err(|why| cloud::log::event_failed(&why))
            };
            Box::pin(handled.with_subscriber(subscriber))
        }
    }
}

impl Setup {
    /// The parameter with the regions of the source accounts, if they are not only DR's.
    fn elsewhere(&self) -> BTreeMap<String, String> {
        let is_elsewhere = self.dr_region.is_some() || !self.more_regions.is_empty();
        is_elsewhere.then(|| ("SourceRegions".to_owned(), list(self.source_regions()))).into_iter().collect()
    }
}

/// A clock that is ahead of another one.
#[derive(Debug)]
struct Ahead(SharedTimeSource, TimeDelta);

impl TimeSource for Ahead {
    fn now(&self) -> SystemTime {
        (DateTime::<Utc>::from(self.0.now()) + self.1).into()
    }
}

/// The configuration with a clock that is ahead of its own.
fn with_clock(config: &SdkConfig, ahead: TimeDelta) -> SdkConfig {
    match config.time_source().filter(|_| !ahead.is_zero()) {
        Some(clock) => config.clone().into_builder().time_source(Ahead(clock, ahead)).build(),
        None => config.clone(),
    }
}

/// The names, separated by commas.
fn list<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(",")
}

fn with(parameters: &BTreeMap<String, String>, name: &str, value: &str) -> BTreeMap<String, String> {
    let mut parameters = parameters.clone();
    parameters.insert(name.to_owned(), value.to_owned());
    parameters
}

/// Where functions run.
#[derive(Clone)]
struct Process {
    idle: Idle,
    /// What is behind the endpoints of databases.
    #[cfg(feature = "verify")]
    servers: Arc<dyn Servers>,
    /// The checker's answers where there is no server.
    #[cfg(feature = "verify")]
    scripted: Option<crate::Scripted>,
}

/// The memories of the consumer's processes that are idle.
#[derive(Clone)]
struct Idle(Option<Arc<Mutex<Vec<Arc<Memory>>>>>);

impl Idle {
    fn new(processes: Processes) -> Self {
        Self((processes == Processes::Reused).then(Arc::default))
    }

    /// That of the process which was busy last, or of a new one.
    fn take(&self) -> Arc<Memory> {
        let idle = self.0.as_ref().and_then(|all| all.lock().unwrap_or_else(PoisonError::into_inner).pop());
        idle.unwrap_or_default()
    }

    /// After an invocation. A process that was stopped has no further one.
    fn give(&self, memory: Arc<Memory>) {
        if let Some(all) = &self.0 {
            all.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

async fn handle(
    function: DracoFunction,
    cloud: Cloud,
    process: &Process,
    invocation: Invocation,
    deadline: DateTime<Utc>,
) -> anyhow::Result<Value> {
    #[cfg(feature = "verify")]
    let sleep = invocation.config.sleep_impl();
    let Invocation { environment, payload, .. } = invocation;
    let environment = &environment;
    match function {
        DracoFunction::Producer => {
            let producer = producer::Producer::new(cloud, environment)?;
            on_heap(|| producer.handle(payload, deadline)).await
        }
        DracoFunction::Consumer => {
            let memory = process.idle.take();
            let consumer = Consumer::new(cloud, environment)?.with_memory(Arc::clone(&memory));
            let handled = on_heap(|| consumer.handle(payload, deadline)).await;
            process.idle.give(memory);
            handled
        }
        DracoFunction::Keeper => {
            let keeper = keeper::Keeper::new(cloud, environment)?;
            on_heap(|| keeper.handle(payload, deadline)).await
        }
        #[cfg(feature = "verify")]
        DracoFunction::Verifier => {
            let verifier = verifier::Verifier::new(cloud, environment)?;
            on_heap(|| verifier.handle(payload, deadline)).await
        }
        #[cfg(feature = "verify")]
        DracoFunction::Checker => check(process, payload, deadline - cloud.now(), sleep).await,
    }
}

/// Makes a future outside of its caller's frame. Without optimization, the frames of all the futures of a function do not fit on the stack of a
/// test.
fn on_heap<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

/// Runs the checker. No name server knows the hosts of simulated databases.
#[cfg(feature = "verify")]
async fn check(
    process: &Process,
    payload: Value,
    time: TimeDelta,
    sleep: Option<SharedAsyncSleep>,
) -> anyhow::Result<Value> {
    let task = serde_json::from_value::<checks::Task>(payload);
    let mut task = task.map_err(|_| anyhow::anyhow!("the payload is no task of the verifier"))?;
    let address = process.servers.resolve(&task.server.host);
    let answer = match process.scripted.filter(|_| address.is_none()) {
        Some(scripted) => {
            let (answer, takes) = scripted(&task, time);
            if let Some(sleep) = sleep {
                sleep.sleep(takes.to_std()?).await;
            }
            answer
        }
        None => {
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
            task.server.address = address.or(Some(nowhere));
            sim::servers::hold_clock(checker::run(task, time.to_std()?)).await
        }
    };
    Ok(serde_json::to_value(answer)?)
}
