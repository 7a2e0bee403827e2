//! What stands behind the functions: the simulation's RDS and KMS, which know the roles and keys of the stacks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, anyhow};
use aws_sdk_rds::types::{DbSnapshot, Tag};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sim::{Settings, World};
use tokio::net::TcpListener;

use crate::Place;
use crate::ministack::CommandLine;
use crate::templates::Subscription;

/// How many seconds pass there in one here.
pub(crate) const SPEED: u32 = 600;

/// The simulation, on an address.
pub(crate) struct Behind {
    pub(crate) world: World,
    pub(crate) url: String,
}

impl Behind {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        // The functions' clocks are this machine's, and time passes faster there: it begins early enough not to overtake.
        let epoch = DateTime::<Utc>::from(std::time::SystemTime::now()) - TimeDelta::days(7);
        let world = World::with_settings(Settings { epoch, speed: SPEED, ..Settings::default() });
        let serving = world.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        Ok(Self { world, url })
    }

    /// Tells it what the stack has made: the functions' roles, what that may do, whose access key the function has, and the
    /// key with its policy.
    pub(crate) async fn learn(&self, aws: &CommandLine, place: Place, role: &str) -> anyhow::Result<()> {
        self.learn_role(aws, place, role).await?;
        if role == "consumer" {
            self.learn_role(aws, place, "keeper").await?;
        }
        let key = output(&aws.run(place, &stack(role)).await?, "KeyArn")?;
        let of_key = ["kms", "get-key-policy", "--key-id", &key, "--policy-name", "default"];
        let policy = aws.run(place, &of_key).await?;
        let policy = policy["Policy"].as_str().context("no policy")?;
        self.world.add_key(&key, policy).map_err(|why| anyhow!("{key}: {why}"))
    }

    /// Tells it the current role of a function.
    pub(crate) async fn learn_role(&self, aws: &CommandLine, place: Place, function: &str) -> anyhow::Result<()> {
        let name = format!("draco-{function}-{}", place.region);
        let names = aws.run(place, &["iam", "list-role-policies", "--role-name", &name]).await?;
        let mut policies = Vec::new();
        for policy in names["PolicyNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let of_role = ["iam", "get-role-policy", "--role-name", &name, "--policy-name", policy];
            policies.push(aws.run(place, &of_role).await?["PolicyDocument"].to_string());
        }
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        self.world.add_role(place.account, &name, &policies).map_err(|why| anyhow!("{name}: {why}"))?;
        self.world.add_access_key(&access_key(place, function), place.account, &name);
        Ok(())
    }

    pub(crate) fn rds(&self, place: Place) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::new(&self.world.sdk_config(place.account, place.region))
    }

    /// Creates a database that has something to be replicated.
    pub(crate) async fn create_database(&self, place: Place, name: &str, lifecycle: &str) -> anyhow::Result<()> {
        let tag = Tag::builder().key("Draco_Lifecycle").value(lifecycle).build();
        let create = self.rds(place).create_db_instance().db_instance_identifier(name);
        let create = create.engine("postgres").db_instance_class("db.t3.micro").allocated_storage(20);
        let create = create
            .master_username("draco")
            .master_user_password("simulated")
            .storage_encrypted(true)
            .copy_tags_to_snapshot(true)
            .backup_retention_period(0);
        create.tags(tag).send().await?;
        Ok(())
    }

    /// Takes a snapshot, once the database is there.
    pub(crate) async fn take_snapshot(&self, place: Place, database: &str, name: &str) -> anyhow::Result<()> {
        let rds = self.rds(place);
        crate::until(&format!("{database} is available"), async || {
            let databases = rds.describe_db_instances().db_instance_identifier(database).send().await?;
            Ok(databases.db_instances().iter().any(|one| one.db_instance_status() == Some("available")).then_some(()))
        })
        .await?;
        rds.create_db_snapshot().db_instance_identifier(database).db_snapshot_identifier(name).send().await?;
        Ok(())
    }

    /// The snapshots of an account in a region, by identifier.
    pub(crate) async fn snapshots(&self, place: Place) -> anyhow::Result<BTreeMap<String, DbSnapshot>> {
        let all = self.rds(place).describe_db_snapshots().send().await?.db_snapshots.unwrap_or_default();
        Ok(all.into_iter().filter_map(|one| Some((one.db_snapshot_identifier.clone()?, one))).collect())
    }

    /// Publishes to the role's topic, from now on, what RDS sends there in the simulation: what the event subscriptions ask
    /// for that were left out.
    pub(crate) async fn notify(
        &self,
        aws: &CommandLine,
        place: Place,
        role: &str,
        subscriptions: &[Subscription],
    ) -> anyhow::Result<()> {
        let Place { account, region } = place;
        let config = self.world.sdk_config(account, region);
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        let topic = sns.create_topic().name("notifications").send().await?.topic_arn.context("no topic")?;
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "events.rds.amazonaws.com" }, "Action": "sns:Publish", "Resource": topic,
        }] });
        let set = sns.set_topic_attributes().topic_arn(&topic).attribute_name("Policy");
        set.attribute_value(policy.to_string()).send().await?;
        let queue = sqs.create_queue().queue_name("notifications").send().await?.queue_url.context("no queue")?;
        let endpoint = format!("arn:aws:sqs:{region}:{account}:notifications");
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(endpoint).send().await?;
        for Subscription { source_type, categories } in subscriptions {
            let subscribe = self.rds(place).create_event_subscription().subscription_name(source_type);
            let subscribe = subscribe.sns_topic_arn(&topic).source_type(source_type);
            subscribe.set_event_categories(Some(categories.clone())).send().await?;
        }
        let to = output(&aws.run(place, &stack(role)).await?, "TopicArn")?;
        let aws = aws.clone();
        tokio::spawn(async move {
            if let Err(why) = forward(&aws, place, &sqs, &queue, &to).await {
                println!("notifications of {place} end here: {why:#}");
            }
        });
        Ok(())
    }
}

async fn forward(
    aws: &CommandLine,
    place: Place,
    sqs: &aws_sdk_sqs::Client,
    queue: &str,
    to: &str,
) -> anyhow::Result<()> {
    loop {
        let received = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await?;
        for message in received.messages() {
            let sent: Value = serde_json::from_str(message.body().context("no body")?)?;
            let text = |member: &str| sent[member].as_str().unwrap_or_default().to_owned();
            let (subject, said) = (text("Subject"), text("Message"));
            let publish = ["sns", "publish", "--topic-arn", to, "--subject", &subject, "--message", &said];
            aws.run(place, &publish).await?;
            let handle = message.receipt_handle().context("no handle")?;
            sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await?;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// The access key that MiniStack gives a function: `ASIA`, and what its name and its role's come to
/// (`core/lambda_runtime.py`, `execution_credentials`). Lambda makes them up.
fn access_key(Place { account, region }: Place, role: &str) -> String {
    let function = format!("arn:aws:lambda:{region}:{account}:function:draco-{role}");
    let digest = Sha256::digest(format!("{function}:arn:aws:iam::{account}:role/draco-{role}-{region}"));
    let mut key = "ASIA".to_owned();
    for byte in digest.iter().take(8) {
        let _ = write!(key, "{byte:02X}");
    }
    key
}

fn stack(role: &str) -> [&str; 4] {
    let name = if role == "producer" { "draco-producer" } else { "draco-consumer" };
    ["cloudformation", "describe-stacks", "--stack-name", name]
}

fn output(stacks: &Value, name: &str) -> anyhow::Result<String> {
    let outputs = stacks["Stacks"][0]["Outputs"].as_array().context("no outputs")?;
    let output =
        outputs.iter().find(|output| output["OutputKey"] == name).with_context(|| format!("no output {name}"))?;
    Ok(output["OutputValue"].as_str().context("no text")?.to_owned())
}
