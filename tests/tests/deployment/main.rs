//! Draco deployed as its users deploy it, into two emulated accounts. The commands of `cargo xtask` deploy the templates and
//! the real program, in a debug build, into [MiniStack](https://github.com/ministackorg/ministack), an independent emulator, and the functions
//! run there under the templates' roles and policies. RDS and KMS are those of the simulation, because MiniStack can neither
//! copy nor share a snapshot.
//!
//! [`templates`] lists the differences from `cfn/`, and `launch.py` the places where MiniStack is changed to behave like AWS.
//! The hourly schedule is created but never due; `cargo xtask event sweep` does what it would do.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod behind;
mod commands;
mod ministack;
mod regions;
mod templates;
mod verification;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use behind::Behind;
use commands::{Commands, Ran};
use ministack::MiniStack;

/// The region of the databases.
pub(crate) const REGION: &str = "eu-west-1";

/// An account in a region.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
}

pub(crate) const SOURCE: Place = Place { account: "111111111111", region: REGION };
pub(crate) const OTHER: Place = Place { account: "333333333333", region: REGION };
pub(crate) const DR: Place = Place { account: "222222222222", region: REGION };
/// Where DR moves to.
pub(crate) const MOVED: Place = Place { region: "eu-central-1", ..DR };
/// The second region of DR.
pub(crate) const SECOND: Place = Place { region: "eu-north-1", ..DR };

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.account, self.region)
    }
}

/// The functions run on this machine, so they are built for its processor.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// The folder of the zip.
pub(crate) const BUILT: &str = "built";

/// The folder of the templates from before there were several regions.
const BEFORE: &str = "before";

/// The time limit for each asynchronous step. Each takes seconds.
const TIME_LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
#[ignore = "slow, and needs Python"]
async fn a_new_user_deploys_copies_enables_deletion_and_deletes_the_stacks() {
    let stage = Stage::start().await.unwrap_or_else(|error| panic!("{error:#}"));
    if let Err(error) = run_all_steps(&stage).await {
        let lines = stage.log_lines().await.unwrap_or_else(|error| vec![format!("{error:#}")]);
        let log = fs::read_to_string(&stage.ministack.log).unwrap_or_default();
        panic!("{error:#}\n\nLog lines of the functions:\n{}\nLog of MiniStack:\n{log}", lines.join("\n"));
    }
}

struct Stage {
    folder: PathBuf,
    ministack: MiniStack,
    behind: Behind,
    commands: Commands,
    left_out: [Vec<templates::Subscription>; 2],
}

impl Stage {
    async fn start() -> anyhow::Result<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("no target folder")?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deployment");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let ministack = MiniStack::start(&folder.join("ministack"), target.join("python/bin"))?;
        let behind = Behind::start().await?;
        let left_out = templates::copy(&templates::NOW, &folder.join("cfn"), &behind.url)?;
        templates::copy(&templates::ONE_REGION, &folder.join(BEFORE), &behind.url)?;
        let commands = Commands::new(&folder, &ministack.aws.url, &behind.url, ARCHITECTURE)?;
        Ok(Self { folder, ministack, behind, commands, left_out })
    }

    /// Creates or updates the stacks of a role, with these commands and the templates in this folder.
    async fn deploy(&self, commands: &Commands, what: &str, templates: &str) -> anyhow::Result<Ran> {
        commands.run(&format!("{what} --yes --templates {}", self.folder.join(templates).display())).await
    }

    /// As [`Stage::deploy`], with the current templates. It must succeed.
    async fn deployed(&self, commands: &Commands, what: &str) -> anyhow::Result<String> {
        let Ran { succeeded, output } = self.deploy(commands, what, "cfn").await?;
        ensure!(succeeded, "`{what}` failed");
        Ok(output)
    }
}

async fn run_all_steps(stage: &Stage) -> anyhow::Result<()> {
    let Stage { ministack: MiniStack { aws, .. }, behind, commands, .. } = stage;

    heading("The buckets of all regions, the code, and the stacks in one region: DR first.");
    let regions = commands.with("DR_REGION", MOVED.region).with("SECOND_REGION", SECOND.region);
    regions.xtask("setup-bucket --yes").await?;
    ensure_contains(&commands.xtask("setup-bucket --yes").await?, "all settings are right")?;
    commands.xtask("build --dev").await?;
    regions.xtask("upload").await?;
    ensure!(!regions.xtask("upload").await?.contains("uploaded"), "unchanged code was uploaded again");
    let refused = stage.deploy(commands, "create consumer", BEFORE).await?;
    ensure!(!refused.succeeded, "the consumer was created without a recipient of alarms");
    ensure_contains(&refused.output, "alarms have no recipient")?;
    let other = commands.with("SOURCE_PROFILE", "other");
    // The first two are updated to the current templates later.
    for (commands, what, templates, place) in [
        (commands, "consumer --no-alarms", BEFORE, DR),
        (commands, "producer", BEFORE, SOURCE),
        (&other, "producer", "cfn", OTHER),
    ] {
        let created = stage.deploy(commands, &format!("create {what}"), templates).await?;
        ensure!(created.succeeded, "creating the {what} of {place} failed");
        stage.connect(place).await?;
    }
    let status = commands.xtask("status").await?;
    for source in [SOURCE, OTHER] {
        ensure_contains(&status, &format!("draco-source-{} CREATE_COMPLETE", source.account))?;
    }
    let again = stage.commands.run("create producer --yes").await?;
    ensure!(!again.succeeded, "an existing stack was created again");

    heading("A snapshot of each source account is copied to DR.");
    behind.create_database(SOURCE, "orders", "Newest").await?;
    behind.take_snapshot(SOURCE, "orders", "first").await?;
    let first = stage.copied(SOURCE, "first").await?;
    behind.create_database(OTHER, "ledger", "Newest").await?;
    behind.take_snapshot(OTHER, "ledger", "first").await?;
    let ledger = stage.copied(OTHER, "first").await?;

    heading("A second snapshot: the first copy expires, and is kept in the dry run.");
    behind.take_snapshot(SOURCE, "orders", "second").await?;
    let second = stage.copied(SOURCE, "second").await?;
    commands.xtask("event keep").await?;
    stage.logged(&["would_delete", &first]).await?;
    stage.wait_for_copies(DR, [&first, &second, &ledger]).await?;

    heading("Deletion is enabled with today's templates: the keeper deletes the first two of three copies.");
    let before = stage.lasting(DR, "draco-consumer").await?;
    ensure_contains(&stage.deployed(commands, "update consumer --no-dry-run").await?, &first)?;
    stage.ensure_same(DR, "draco-consumer", &before).await?;
    // The keeper's role may delete from now on.
    behind.learn_role(aws, DR, "keeper").await?;
    behind.take_snapshot(SOURCE, "orders", "third").await?;
    let third = stage.copied(SOURCE, "third").await?;
    commands.xtask("event keep").await?;
    stage.wait_for_copies(DR, [&third, &ledger]).await?;

    heading("An update changes the code, and the templates to today's.");
    let before = stage.lasting(SOURCE, "draco-producer").await?;
    let old = stage.function("producer").await?;
    let changed = OtherZip::make(stage)?;
    commands.xtask("upload").await?;
    stage.deployed(commands, "update producer").await?;
    stage.ensure_same(SOURCE, "draco-producer", &before).await?;
    let new = stage.function("producer").await?;
    ensure!(old["CodeSha256"] != new["CodeSha256"], "the function's code did not change");
    drop(changed);

    heading("An update that fails is rolled back.");
    stage.break_template()?;
    let Ran { succeeded, output } = stage.deploy(commands, "update producer", "broken").await?;
    ensure!(!succeeded, "an update with a broken template succeeded");
    let last = output.lines().last().unwrap_or_default();
    ensure_contains(last, "wait4copy.asl.json.gone")?;
    ensure!(stage.function("producer").await? == new, "the function was changed by the failed update");

    let second = commands.with("SECOND_REGION", SECOND.region);
    let in_second = regions::add_second(stage, &second, [&third, &ledger]).await?;

    heading("Copying continues, to both regions: the keeper deletes the copy before the next one.");
    behind.take_snapshot(SOURCE, "orders", "fourth").await?;
    let fourth = stage.copied(SOURCE, "fourth").await?;
    commands.xtask("event keep").await?;
    stage.wait_for_copies(DR, [&fourth, &ledger]).await?;
    let in_second = [in_second, vec![onward(&fourth)]].concat();
    stage.wait_for_copies(SECOND, &in_second).await?;
    ensure_contains(&commands.xtask("status").await?, "enabled: expired copies are deleted")?;
    // The event subscriptions were left out, and no alarm recipient is configured.
    ensure_contains(&commands.run("doctor").await?.output, "DracoProducer: no RDS event subscription")?;
    for role in ["producer", "consumer"] {
        ensure_contains(&commands.xtask(&format!("event sweep {role}")).await?, "looked at every snapshot")?;
    }

    heading("An event that fails is retried, and ends in the dead-letter queue.");
    let nonsense = ["--invocation-type", "Event", "--payload", "{}", "/dev/null"];
    aws.run(SOURCE, &[&["lambda", "invoke", "--function-name", "draco-producer"], &nonsense[..]].concat()).await?;
    stage.wait_for_dead_letter("producer").await?;

    let moved = regions::move_dr(stage, &regions, &in_second).await?;
    regions::delete(stage, &regions, &moved).await?;

    verification::verify(stage, [&fourth, &ledger]).await?;

    heading("A source account is removed. Its stack is deleted, its copies stay.");
    let fewer = commands.with("SOURCE_ACCTS", SOURCE.account);
    let update = stage.deployed(&fewer, "update consumer").await?;
    ensure_contains(&update, &format!("draco-source-{} is deleted", OTHER.account))?;
    ensure_contains(&fewer.xtask("status").await?, &format!("draco-source-{} ", SOURCE.account))?;
    stage.wait_for_copies(DR, [&fourth, &ledger]).await?;
    other.xtask("delete producer --confirm draco-producer").await?;

    heading("All stacks are deleted. The copies and their keys stay.");
    for role in ["producer", "consumer"] {
        commands.xtask(&format!("delete {role} --confirm draco-{role}")).await?;
    }
    stage.ensure_kept(DR, [&fourth, &ledger]).await?;
    stage.ensure_kept(MOVED, &moved.first).await?;
    stage.ensure_kept(SECOND, &moved.second).await
}

/// The name in the second region of a copy that came from one region.
fn onward(copy: &str) -> String {
    copy.replacen("draco-", &format!("draco-{REGION}-"), 1)
}

impl Stage {
    /// Tells the simulation what the stack of a role has made, and connects it to the simulation's notifications.
    async fn connect(&self, place: Place) -> anyhow::Result<()> {
        let (role, left_out) = match place.account == DR.account {
            true => ("consumer", &self.left_out[1]),
            false => ("producer", &self.left_out[0]),
        };
        self.behind.learn(&self.ministack.aws, place, role).await?;
        self.behind.notify(&self.ministack.aws, place, role, left_out).await
    }

    /// Waits until this snapshot is copied to DR and its transit copy is deleted. Returns the copy's identifier.
    async fn copied(&self, place: Place, name: &str) -> anyhow::Result<String> {
        until(&format!("{name} of {place} is copied to DR"), async || {
            let snapshots = self.behind.snapshots(place).await?;
            let source = snapshots.get(name).with_context(|| format!("no snapshot {name}"))?;
            let tags = source.tag_list().iter();
            let copied = tags.filter(|tag| tag.key() == Some("Draco_Copied")).find_map(|tag| tag.value());
            let is_left = snapshots.keys().any(|one| one.starts_with("draco-"));
            Ok(copied.filter(|_| !is_left).and_then(|arn| arn.rsplit(':').next()).map(str::to_owned))
        })
        .await
    }

    /// Waits until these are the snapshots there, and all are available.
    async fn wait_for_copies<'a>(
        &self,
        place: Place,
        copies: impl IntoIterator<Item = &'a String>,
    ) -> anyhow::Result<()> {
        let copies: BTreeSet<&String> = copies.into_iter().collect();
        until(&format!("{copies:?} are the copies of {place}"), async || {
            let snapshots = self.behind.snapshots(place).await?;
            let available =
                snapshots.values().all(|one| one.status() == Some("available") && one.encrypted() == Some(true));
            Ok((available && snapshots.keys().eq(copies.iter().copied())).then_some(()))
        })
        .await
    }

    /// Checks that exactly these copies are there without a stack, and that their keys can be used.
    async fn ensure_kept<'a>(&self, place: Place, copies: impl IntoIterator<Item = &'a String>) -> anyhow::Result<()> {
        self.wait_for_copies(place, copies).await?;
        let snapshots = self.behind.snapshots(place).await?.into_values();
        for key in snapshots.filter_map(|copy| copy.kms_key_id).collect::<BTreeSet<_>>() {
            let key = self.ministack.aws.run(place, &["kms", "describe-key", "--key-id", &key]).await?;
            ensure!(key["KeyMetadata"]["KeyState"] == "Enabled", "the key of the copies was changed: {key}");
        }
        Ok(())
    }

    /// Waits until a function has logged a line that contains all of these parts.
    async fn logged(&self, parts: &[&str]) -> anyhow::Result<()> {
        until(&format!("a function logs {}", parts.join(" … ")), async || {
            let lines = self.log_lines().await?;
            Ok(lines.iter().find(|line| parts.iter().all(|part| line.contains(part))).map(drop))
        })
        .await
    }

    /// The log lines of the functions so far, without those of Lambda itself.
    async fn log_lines(&self) -> anyhow::Result<Vec<String>> {
        let mut all = Vec::new();
        for (role, place) in [("producer", SOURCE), ("consumer", DR), ("keeper", DR)] {
            let of = ["logs", "filter-log-events", "--log-group-name", &format!("/aws/lambda/draco-{role}")];
            let answer = self.ministack.aws.run(place, &of).await?;
            let events = answer["events"].as_array().into_iter().flatten();
            let lines = events.filter_map(|event| event["message"].as_str()).filter(|line| line.starts_with('{'));
            all.extend(lines.map(str::to_owned));
        }
        Ok(all)
    }

    /// Waits until a function's dead-letter queue has one message.
    async fn wait_for_dead_letter(&self, role: &str) -> anyhow::Result<()> {
        let place = if role == "producer" { SOURCE } else { DR };
        let name = format!("draco-{role}-dead-letters");
        let queue = self.ministack.aws.run(place, &["sqs", "get-queue-url", "--queue-name", &name]).await?;
        let queue = queue["QueueUrl"].as_str().context("no queue")?;
        let of = ["sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "All"];
        until(&format!("the {role} has one dead letter"), async || {
            let queue = self.ministack.aws.run(place, &of).await?;
            Ok((queue["Attributes"]["ApproximateNumberOfMessages"] == "1").then_some(()))
        })
        .await
    }

    async fn function(&self, role: &str) -> anyhow::Result<Value> {
        let place = if role == "producer" { SOURCE } else { DR };
        let name = format!("draco-{role}");
        let of = ["lambda", "get-function-configuration", "--function-name", &name];
        let function = self.ministack.aws.run(place, &of).await?;
        Ok(["CodeSha256", "Description", "Environment"]
            .map(|member| (member.to_owned(), function[member].clone()))
            .into_iter()
            .collect())
    }

    /// A template that changes the function's description and names a timer definition that does not exist.
    fn break_template(&self) -> anyhow::Result<()> {
        let (from, to) = (self.folder.join("cfn"), self.folder.join("broken"));
        fs::create_dir_all(&to)?;
        fs::copy(from.join("wait4copy.asl.json"), to.join("wait4copy.asl.json"))?;
        let mut template = fs::read_to_string(from.join("producer.yaml"))?;
        for (now, then) in [
            ("Key: !Ref TimerKey", "Key: !Sub '${TimerKey}.gone'"),
            ("Description: \"Draco: copies", "Description: \"It copies"),
        ] {
            ensure!(
                template.matches(now).count() == 1,
                "{now:?} does not occur exactly once in the producer's template"
            );
            template = template.replace(now, then);
        }
        Ok(fs::write(to.join("producer.yaml"), template)?)
    }
}

/// The functions' zip with other bytes, as if their source had changed. Dropping it restores the built zip.
struct OtherZip {
    path: PathBuf,
    built: Vec<u8>,
}

impl OtherZip {
    /// A zip ends with the length of a comment, and the comment.
    fn make(stage: &Stage) -> anyhow::Result<Self> {
        let path = stage.folder.join(format!("{BUILT}/functions-{ARCHITECTURE}.zip"));
        let built = fs::read(&path)?;
        let end = built.len().checked_sub(2).context("no zip")?;
        ensure!(built[end..] == [0, 0], "the zip has a comment already");
        fs::write(&path, [&built[..end], &[7, 0], b"another"].concat())?;
        Ok(Self { path, built })
    }
}

impl Drop for OtherZip {
    fn drop(&mut self) {
        let _ = fs::write(&self.path, &self.built);
    }
}

/// Polls until there is a result.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await? {
            println!("{what}, after {:.1} s", start.elapsed().as_secs_f64());
            return Ok(found);
        }
        if start.elapsed() > TIME_LIMIT {
            bail!("timed out after {} s waiting until {what}", TIME_LIMIT.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn ensure_contains(output: &str, part: &str) -> anyhow::Result<()> {
    ensure!(output.contains(part), "the output does not contain {part:?}");
    Ok(())
}

fn heading(text: &str) {
    println!("\n── {text}");
}
