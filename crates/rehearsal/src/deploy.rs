//! Deploying: both templates, as a person with two accounts would deploy them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cloud::{Cloud, Function};
use protocol::Place;
use serde_json::Value;
use sim::World;
use sim::lambda::Invocation;
use sim::stack::{Bucket, Error, Stack, Template};
use tracing::instrument::WithSubscriber;

use crate::{Cast, Logs, Rehearsal};

static PRODUCER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("producer.yaml", include_str!("../../../cfn/producer.yaml")));
static CONSUMER: LazyLock<Result<Template, Error>> =
    LazyLock::new(|| Template::parse("consumer.yaml", include_str!("../../../cfn/consumer.yaml")));

/// The timer's definition, where the templates look for it.
const TIMER: (&str, &str) = ("draco/wait4copy.asl.json", include_str!("../../../cfn/wait4copy.asl.json"));
/// The bucket that it is in, with the functions' code.
const BUCKET: &str = "draco-code";

/// Which of the two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Producer,
    Consumer,
}

impl Part {
    /// What the function is called, and its stack.
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

impl Rehearsal {
    /// Deploys Draco for this cast.
    ///
    /// # Errors
    /// If the templates do not allow it.
    pub fn deploy(world: World, cast: Cast) -> anyhow::Result<Self> {
        let rehearsal = Self { world, cast, logs: Logs::default() };
        let Self { cast, .. } = &rehearsal;
        let accounts: Vec<_> = cast.sources.iter().map(ToString::to_string).collect();
        let parameters = with(&cast.consumer, "SourceAccounts", &accounts.join(","));
        rehearsal.create_stack(Part::Consumer, &cast.dr(), parameters)?;
        for source in cast.sources() {
            let parameters = with(&cast.producer, "DrAccount", cast.dr.as_str());
            rehearsal.create_stack(Part::Producer, &source, parameters)?;
        }
        Ok(rehearsal)
    }

    fn create_stack(&self, part: Part, place: &Place, parameters: BTreeMap<String, String>) -> anyhow::Result<()> {
        let name = part.name();
        let bucket = Bucket::new(BUCKET)
            .code(&format!("draco/{}-arm64.zip", name.trim_start_matches("draco-")), self.code(part, place))
            .text(TIMER.0, TIMER.1);
        let parameters = with(&parameters, "CodeBucket", BUCKET);
        let stack = Stack { name, template: part.template()?, parameters: &parameters, bucket: &bucket };
        self.world.create_stack(place.account.as_str(), place.region.as_str(), &stack)?;
        Ok(())
    }

    /// The function's code: what its program does with an event.
    fn code(
        &self,
        part: Part,
        place: &Place,
    ) -> impl Fn(Invocation) -> std::pin::Pin<Box<dyn Future<Output = Result<Value, String>> + Send>> + Send + Sync + use<>
    {
        let (place, logs) = (place.clone(), self.logs.of(place.account.as_str()));
        move |invocation| {
            let cloud = Cloud::new(&invocation.config, place.clone());
            let clock = cloud.clone();
            let subscriber = cloud::log::subscriber(part.name(), logs.clone(), move || clock.now());
            let handled = async move {
                let handled =
                    handle(part, cloud, &invocation.environment, invocation.payload, invocation.deadline).await;
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
    part: Part,
    cloud: Cloud,
    environment: &BTreeMap<String, String>,
    payload: Value,
    deadline: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<Value> {
    match part {
        Part::Producer => producer::Producer::new(cloud, environment)?.handle(payload, deadline).await,
        Part::Consumer => consumer::Consumer::new(cloud, environment)?.handle(payload, deadline).await,
    }
}
