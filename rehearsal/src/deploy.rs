//! The wiring: what the templates will make in each account.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use cloud::Cloud;
use protocol::Place;
use serde_json::{Value, json};
use sim::World;
use sim::lambda::{Function, Invocation};
use tracing::instrument::WithSubscriber;

use crate::{Cast, Logs, Rehearsal};

/// The timer's definition, as it is deployed.
const WAIT4COPY: &str = include_str!("../../cfn/wait4copy.asl.json");

/// What the key of transit copies lets the DR account do: just what copying needs.
const COPYING: [&str; 5] =
    ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

/// Which of the two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Producer,
    Consumer,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Part {
    /// How often everything is looked at. What the source account has not heard to be safe it announces again every
    /// hour, so DR's own sweep is for what nobody asks about any more.
    fn sweeps(self) -> Duration {
        match self {
            Self::Producer => HOUR,
            Self::Consumer => 24 * HOUR,
        }
    }

    fn function(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
        }
    }

    fn topic(self) -> &'static str {
        match self {
            Self::Producer => "DracoProducer",
            Self::Consumer => "DracoConsumer",
        }
    }
}

impl Rehearsal {
    /// Deploys Draco for this cast.
    ///
    /// # Errors
    /// If the world refuses something that has to be there.
    pub async fn deploy(world: World, cast: Cast) -> anyhow::Result<Self> {
        let rehearsal = Self { world, cast, logs: Logs::default() };
        let Self { cast, .. } = &rehearsal;
        let dr = cast.dr();
        let dr_key = rehearsal.make_key(&dr, "Draco: copies", "alias/draco", None).await?;
        let accounts: Vec<_> = cast.sources.iter().map(ToString::to_string).collect();
        let environment = [("SOURCE_ACCTS", accounts.join(",")), ("DR_KEY_ARN", dr_key)];
        rehearsal.deploy_part(Part::Consumer, &dr, &cast.sources().collect::<Vec<_>>(), &environment).await?;
        for source in cast.sources() {
            let key = rehearsal.make_key(&source, "Draco: transit copies", "alias/draco-transit", Some(&dr)).await?;
            let environment = [("DR_ACCT", dr.account.to_string()), ("TRANSIT_KEY_ARN", key)];
            rehearsal.deploy_part(Part::Producer, &source, std::slice::from_ref(&dr), &environment).await?;
        }
        Ok(rehearsal)
    }

    /// A key, which another account may use for copying if it is named.
    async fn make_key(&self, place: &Place, what: &str, alias: &str, guest: Option<&Place>) -> anyhow::Result<String> {
        let root = |account| json!({ "AWS": format!("arn:aws:iam::{account}:root") });
        let mut statements =
            vec![json!({ "Effect": "Allow", "Principal": root(&place.account), "Action": "kms:*", "Resource": "*" })];
        statements.extend(guest.map(
            |guest| json!({ "Effect": "Allow", "Principal": root(&guest.account), "Action": COPYING, "Resource": "*" }),
        ));
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let kms = aws_sdk_kms::Client::new(&self.owner(place));
        let made = kms.create_key().description(what).policy(policy).send().await.context(what.to_owned())?;
        let arn = made.key_metadata().and_then(|key| key.arn()).context("a key without ARN")?.to_owned();
        kms.enable_key_rotation().key_id(&arn).send().await?;
        kms.create_alias().alias_name(alias).target_key_id(&arn).send().await?;
        Ok(arn)
    }

    async fn deploy_part(
        &self,
        part: Part,
        place: &Place,
        partners: &[Place],
        environment: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let (name, owner) = (part.function(), self.owner(place));
        let (account, region) = (place.account.as_str(), place.region.as_str());

        let sqs = aws_sdk_sqs::Client::new(&owner);
        let dead_letters = format!("{name}-dead-letters");
        sqs.create_queue().queue_name(&dead_letters).send().await?;

        let more = match part {
            Part::Producer => &self.cast.producer,
            Part::Consumer => &self.cast.consumer,
        };
        let mut function = Function::new(name, self.code(part, place))
            .timeout(Duration::from_secs(5 * 60))
            .on_failure(&place.arn("sqs", &dead_letters));
        for (key, value) in
            environment.iter().map(|(key, value)| (*key, value)).chain(more.iter().map(|(k, v)| (k.as_str(), v)))
        {
            function = function.environment(key, value);
        }
        let function_arn = self.world.add_function(account, region, name, function);

        let sfn = aws_sdk_sfn::Client::new(&owner);
        sfn.create_state_machine()
            .name("draco-wait4copy")
            .role_arn(format!("arn:aws:iam::{account}:role/draco-wait4copy"))
            .definition(WAIT4COPY.replace("${FunctionArn}", &function_arn))
            .send()
            .await?;

        let topic = self.make_topic(part, place, partners).await?;
        let sns = aws_sdk_sns::Client::new(&owner);
        sns.subscribe().topic_arn(&topic).protocol("lambda").endpoint(&function_arn).send().await?;

        let rds = aws_sdk_rds::Client::new(&owner);
        let wanted = [("db-snapshot", vec!["creation", "notification"]), ("db-cluster-snapshot", vec!["backup"])];
        for (source_type, categories) in wanted {
            rds.create_event_subscription()
                .subscription_name(format!("{name}-{source_type}"))
                .sns_topic_arn(&topic)
                .source_type(source_type)
                .set_event_categories(Some(categories.into_iter().map(str::to_owned).collect()))
                .send()
                .await?;
        }
        self.world.add_schedule(account, region, "draco-sweep", part.sweeps(), &function_arn, json!({ "sweep": {} }));
        Ok(())
    }

    /// Open to RDS in this account, and to the partners' functions.
    async fn make_topic(&self, part: Part, place: &Place, partners: &[Place]) -> anyhow::Result<String> {
        let arn = place.arn("sns", part.topic());
        let other = match part {
            Part::Producer => Part::Consumer,
            Part::Consumer => Part::Producer,
        };
        let roles: Vec<_> = partners
            .iter()
            .map(|partner| format!("arn:aws:iam::{}:role/{}*", partner.account, other.function()))
            .collect();
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": { "Service": "events.rds.amazonaws.com" },
                    "Action": "sns:Publish",
                    "Resource": arn,
                    "Condition": { "StringEquals": { "aws:SourceAccount": place.account } }
                },
                {
                    "Effect": "Allow",
                    "Principal": { "AWS": "*" },
                    "Action": "sns:Publish",
                    "Resource": arn,
                    "Condition": { "ArnLike": { "aws:PrincipalArn": roles } }
                }
            ]
        });
        let sns = aws_sdk_sns::Client::new(&self.owner(place));
        let made = sns.create_topic().name(part.topic()).attributes("Policy", policy.to_string()).send().await?;
        made.topic_arn().map(str::to_owned).context("a topic without ARN")
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
            let subscriber = cloud::log::subscriber(part.function(), logs.clone(), move || clock.now());
            let handled = async move {
                let handled =
                    handle(part, cloud, &invocation.environment, invocation.payload, invocation.deadline).await;
                handled.map_err(|why| cloud::log::failure(&why))
            };
            Box::pin(handled.with_subscriber(subscriber))
        }
    }
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
