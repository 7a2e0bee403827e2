//! Creates the stacks of the templates.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cloud::{Cloud, Function};
use protocol::{AccountId, Place};
use serde_json::Value;
use sim::World;
use sim::lambda::Invocation;
use sim::stack::{Bucket, Error, Stack, Template};
use tracing::instrument::WithSubscriber;

use crate::{Logs, Rehearsal, Setup};

static PRODUCER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("producer.yaml", include_str!("../../../cfn/producer.yaml")));
static CONSUMER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("consumer.yaml", include_str!("../../../cfn/consumer.yaml")));
static SOURCE: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("source.yaml", include_str!("../../../cfn/source.yaml")));

/// The key of the timer's definition in the bucket, and its text.
const TIMER: (&str, &str) = ("draco/wait4copy.asl.json", include_str!("../../../cfn/wait4copy.asl.json"));
/// The name of the bucket with the code and the definition.
const BUCKET: &str = "draco-code";

/// The stacks with functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FunctionStack {
    Producer,
    Consumer,
}

impl FunctionStack {
    fn name(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
        }
    }

    fn template(self) -> Result<&'static Template, Error> {
        let template = match self {
            Self::Producer => &*PRODUCER,
            Self::Consumer => &*CONSUMER,
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
}

impl DracoFunction {
    fn of_handler(handler: &str) -> Option<Self> {
        match handler {
            "producer" => Some(Self::Producer),
            "consumer" => Some(Self::Consumer),
            "keeper" => Some(Self::Keeper),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
            Self::Keeper => "draco-keeper",
        }
    }
}

impl Rehearsal {
    /// Creates the stacks in all accounts.
    ///
    /// # Errors
    /// If a stack cannot be created.
    pub fn deploy(world: World, setup: Setup) -> anyhow::Result<Self> {
        let rehearsal = Self { world, setup, logs: Logs::default() };
        let Self { setup, .. } = &rehearsal;
        let accounts: Vec<_> = setup.sources.iter().map(ToString::to_string).collect();
        let parameters = with(&setup.consumer_parameters, "SourceAccounts", &accounts.join(","));
        rehearsal.create_stack(FunctionStack::Consumer, &setup.dr(), parameters)?;
        for source in &setup.sources {
            rehearsal.create_source_stack(source)?;
        }
        for source in setup.sources() {
            let parameters = with(&setup.producer_parameters, "DrAccount", setup.dr.as_str());
            rehearsal.create_stack(FunctionStack::Producer, &source, parameters)?;
        }
        Ok(rehearsal)
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

    /// Creates the stack in DR for a source account.
    fn create_source_stack(&self, source: &AccountId) -> anyhow::Result<()> {
        let (setup, bucket) = (&self.setup, Bucket::new(BUCKET));
        let parameters = with(&setup.source_parameters, "SourceAccount", source.as_str());
        let name = format!("draco-source-{source}");
        let template = SOURCE.as_ref().map_err(Clone::clone)?;
        let stack = Stack { name: &name, template, parameters: &parameters, bucket: &bucket };
        self.world.create_stack(setup.dr.as_str(), setup.region.as_str(), &stack)?;
        Ok(())
    }

    /// The code of all functions, as a closure from an event to its response. The handler name chooses the function.
    fn code(
        &self,
        place: &Place,
    ) -> impl Fn(Invocation) -> std::pin::Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> + Send + Sync + use<>
    {
        let (place, logs) = (place.clone(), self.logs.writer(place.account.as_str()));
        move |invocation| {
            let handler = invocation.environment.get("_HANDLER").map(String::as_str).unwrap_or_default();
            let Some(function) = DracoFunction::of_handler(handler) else {
                let why = format!("{handler:?} is not a handler of Draco");
                return Box::pin(async { Err(why) });
            };
            let cloud = Cloud::new(&invocation.config, place.clone());
            let clock = cloud.clone();
            // Lines have the name of the handler, as in the deployed program; alarms depend on it.
            let handler = function.name().trim_start_matches("draco-");
            let subscriber = cloud::log::subscriber(handler, logs.clone(), move || clock.now());
            let handled = async move {
                let handled =
                    handle(function, cloud, &invocation.environment, invocation.payload, invocation.deadline).await;
                handled.map_err(|why| cloud::log::event_failed(&why))
            };
            Box::pin(handled.with_subscriber(subscriber))
        }
    }
}

fn with(parameters: &BTreeMap<String, String>, name: &str, value: &str) -> BTreeMap<String, String> {
    let mut parameters = parameters.clone();
    parameters.insert(name.to_owned(), value.to_owned());
    parameters
}

async fn handle(
    function: DracoFunction,
    cloud: Cloud,
    environment: &BTreeMap<String, String>,
    payload: Value,
    deadline: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<Value> {
    match function {
        DracoFunction::Producer => producer::Producer::new(cloud, environment)?.handle(payload, deadline).await,
        DracoFunction::Consumer => consumer::Consumer::new(cloud, environment)?.handle(payload, deadline).await,
        DracoFunction::Keeper => keeper::Keeper::new(cloud, environment)?.handle(payload, deadline).await,
    }
}
