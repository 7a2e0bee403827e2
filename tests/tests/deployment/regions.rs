//! Regions: an installation in one region that was deployed before there were several, the second region that is added to it,
//! and DR that moves to another region.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::commands::Commands;
use crate::{DR, MOVED, OTHER, Place, SECOND, SOURCE, Stage, ensure_contains, heading, onward};

/// The types of resources that an update must not replace: other accounts, events, or copies refer to them.
const LASTING: [&str; 6] = [
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
];

impl Stage {
    /// The physical ids of these resources in a stack, by logical id.
    pub(crate) async fn lasting(&self, place: Place, stack: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let of = ["cloudformation", "describe-stack-resources", "--stack-name", stack];
        let resources = self.ministack.aws.run(place, &of).await?;
        let resources = resources["StackResources"].as_array().context("no resources")?.iter();
        let text = |resource: &Value, member: &str| resource[member].as_str().map(str::to_owned);
        let lasting = resources.filter(|resource| LASTING.iter().any(|kind| resource["ResourceType"] == *kind));
        lasting
            .map(|one| text(one, "LogicalResourceId").zip(text(one, "PhysicalResourceId")).context("no id"))
            .collect()
    }

    /// Checks that an update has replaced none of them.
    pub(crate) async fn ensure_same(
        &self,
        place: Place,
        stack: &str,
        before: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let now = self.lasting(place, stack).await?;
        ensure!(before.len() > 4, "the stack had few resources: {before:?}");
        ensure!(now == *before, "{stack} of {place} has other resources: {now:?}, before {before:?}");
        Ok(())
    }
}

/// Creates the second region, which gets the newest copy of each database. Returns the copies there.
pub(crate) async fn add_second(
    stage: &Stage,
    commands: &Commands,
    newest: [&String; 2],
) -> anyhow::Result<Vec<String>> {
    let aws = &stage.ministack.aws;
    heading("A second region is added. It gets the newest copy of each database.");
    let created = stage.deployed(commands, "create second --no-alarms").await?;
    ensure_contains(&created, "2 copies of 2 databases, 40 GiB at most")?;
    stage.connect(SECOND).await?;
    commands.xtask("event sweep second").await?;
    let copies: Vec<String> = newest.into_iter().map(|copy| onward(copy)).collect();
    stage.wait_for_copies(SECOND, &copies).await?;
    let before = stage.lasting(DR, "draco-consumer").await?;
    stage.deployed(commands, "update consumer").await?;
    stage.ensure_same(DR, "draco-consumer", &before).await?;
    // The consumer may publish to the second region from now on, and its key may be used from there.
    stage.behind.learn(aws, DR, "consumer").await?;
    Ok(copies)
}

/// The copies in each region after DR has moved.
pub(crate) struct Moved {
    pub(crate) first: Vec<String>,
    pub(crate) second: Vec<String>,
}

/// Creates the consumer in another region, from which copies go on to the same second region. The other source account is
/// moved to it.
pub(crate) async fn move_dr(stage: &Stage, commands: &Commands, in_second: &[String]) -> anyhow::Result<Moved> {
    let aws = &stage.ministack.aws;
    heading("DR moves to another region: a copy crosses account and region, and goes on to the second region.");
    stage.deployed(commands, "create consumer --no-alarms").await?;
    stage.connect(MOVED).await?;
    let before = stage.lasting(SECOND, "draco-consumer").await?;
    stage.deployed(commands, "update second").await?;
    stage.ensure_same(SECOND, "draco-consumer", &before).await?;
    stage.behind.learn(aws, SECOND, "consumer").await?;
    stage.deployed(&commands.with("SOURCE_PROFILE", "other"), "update producer").await?;
    stage.behind.learn(aws, OTHER, "producer").await?;
    stage.behind.take_snapshot(OTHER, "ledger", "second").await?;
    let copy = stage.copied(OTHER, "second").await?;
    ensure_contains(&copy, &format!("draco-{}-{}-", OTHER.region, OTHER.account))?;
    stage.wait_for_copies(MOVED, [&copy]).await?;
    let second = [in_second, std::slice::from_ref(&copy)].concat();
    stage.wait_for_copies(SECOND, &second).await?;
    let status = commands.xtask("status").await?;
    let doctor = commands.run("doctor").await?.output;
    for place in [SOURCE, MOVED, SECOND] {
        ensure_contains(&status, place.region)?;
        ensure_contains(&doctor, place.region)?;
    }
    Ok(Moved { first: vec![copy], second })
}

/// Deletes the stacks of the second region and of the region to which DR was moved. Their copies and keys stay.
pub(crate) async fn delete(stage: &Stage, commands: &Commands, moved: &Moved) -> anyhow::Result<()> {
    heading("The stacks of the other regions are deleted.");
    for role in ["second", "consumer"] {
        commands.xtask(&format!("delete {role} --confirm draco-consumer")).await?;
    }
    stage.ensure_kept(MOVED, &moved.first).await?;
    stage.ensure_kept(SECOND, &moved.second).await
}
