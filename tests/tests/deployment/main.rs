//! Draco deployed as its users deploy it, into two accounts that are not AWS's: the commands of `cargo xtask` put the
//! templates and the real programs into [MiniStack](https://github.com/ministackorg/ministack), which is an emulator that
//! nobody here wrote, and the functions run there under the templates' roles and policies. Behind them stand the
//! simulation's RDS and KMS, because MiniStack can neither copy nor share a snapshot.
//!
//! [`templates`] says what is not as in `cfn/`, and `launch.py` where MiniStack is made to do as AWS does. The hourly
//! schedule is made and never due; what it would do, `cargo xtask event sweep` does.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod behind;
mod commands;
mod ministack;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use behind::Behind;
use commands::{Commands, Ran};
use ministack::MiniStack;

pub(crate) const SOURCE: &str = "111111111111";
pub(crate) const DR: &str = "222222222222";
pub(crate) const REGION: &str = "eu-west-1";

/// Functions are run by this machine, so they are built for it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// How long anything may take that goes on by itself. It takes seconds.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
#[ignore = "slow, and needs Python, cargo-lambda and zig"]
async fn a_newcomer_gets_from_nothing_to_deletion_in_earnest_and_back() {
    let stage = Stage::set().await.unwrap_or_else(|why| panic!("{why:#}"));
    if let Err(why) = play(&stage).await {
        let said = stage.said().await.unwrap_or_else(|why| vec![format!("{why:#}")]);
        let log = fs::read_to_string(&stage.ministack.log).unwrap_or_default();
        panic!("{why:#}\n\nThe functions say:\n{}\nMiniStack says:\n{log}", said.join("\n"));
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
    async fn set() -> anyhow::Result<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("no target folder")?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deployment");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let ministack = MiniStack::start(&folder.join("ministack"), target.join("python/bin"))?;
        let behind = Behind::start().await?;
        let left_out = templates::copy(&folder.join("cfn"), &behind.url)?;
        let commands = Commands::new(&folder, &ministack.aws.url, &behind.url, ARCHITECTURE)?;
        Ok(Self { folder, ministack, behind, commands, left_out })
    }

    async fn create(&self, role: &str) -> anyhow::Result<String> {
        self.commands.xtask(&format!("create {role} --yes --templates {}", self.folder.join("cfn").display())).await
    }

    async fn update(&self, what: &str, templates: &str) -> anyhow::Result<Ran> {
        self.commands.run(&format!("update {what} --yes --templates {}", self.folder.join(templates).display())).await
    }
}

async fn play(stage: &Stage) -> anyhow::Result<()> {
    let Stage { ministack: MiniStack { aws, .. }, behind, commands, .. } = stage;

    tell("A bucket, the code in it, and the two stacks, that of DR first.");
    commands.xtask("setup-bucket --yes").await?;
    says(&commands.xtask("setup-bucket --yes").await?, "all settings are right")?;
    commands.xtask("build").await?;
    commands.xtask("upload").await?;
    ensure!(!commands.xtask("upload").await?.contains("uploaded"), "what is there was uploaded again");
    for (role, account, left_out) in [("consumer", DR, &stage.left_out[1]), ("producer", SOURCE, &stage.left_out[0])] {
        stage.create(role).await?;
        behind.learn(aws, account, role).await?;
        behind.notify(aws, account, role, left_out).await?;
    }
    let held = stage.commands.run("create producer --yes").await?;
    ensure!(!held.held, "a stack was made twice");

    tell("A snapshot comes to DR by itself.");
    behind.create_database("orders", "Newest").await?;
    behind.take_snapshot("orders", "first").await?;
    let first = stage.copied("first").await?;

    tell("Another one: the lifecycle would let the first go, but it stays.");
    behind.take_snapshot("orders", "second").await?;
    let second = stage.copied("second").await?;
    stage.logged(&["would_delete", &first]).await?;
    stage.stand([&first, &second]).await?;

    tell("In earnest: the next copy brings the lifecycle about, and the first two go.");
    let told = stage.update("consumer --no-dry-run", "cfn").await?;
    says(&told.said, &first)?;
    ensure!(told.held, "the update failed");
    behind.take_snapshot("orders", "third").await?;
    let third = stage.copied("third").await?;
    stage.stand([&third]).await?;

    tell("An update that changes the code.");
    let old = stage.function("producer").await?;
    let other = OtherZip::make(stage)?;
    commands.xtask("upload").await?;
    ensure!(stage.update("producer", "cfn").await?.held, "the update failed");
    let new = stage.function("producer").await?;
    ensure!(old["CodeSha256"] != new["CodeSha256"], "the function's code is what it was");
    drop(other);

    tell("An update that fails is taken back.");
    stage.break_template()?;
    let Ran { held, said } = stage.update("producer", "broken").await?;
    ensure!(!held, "an update to what cannot be was no failure");
    let last = said.lines().last().unwrap_or_default();
    says(last, "wait4copy.asl.json.gone")?;
    ensure!(stage.function("producer").await? == new, "the function is not as it was before");

    tell("And all is well still: the next snapshot comes, and the one before it goes.");
    behind.take_snapshot("orders", "fourth").await?;
    let fourth = stage.copied("fourth").await?;
    stage.stand([&fourth]).await?;
    says(&commands.xtask("status").await?, "enabled: expired copies are deleted")?;
    // It has something to say: of the subscriptions, which were left out, and that nobody hears of alarms.
    says(&commands.run("doctor").await?.said, "DracoProducer: no RDS event subscription")?;
    for role in ["producer", "consumer"] {
        says(&commands.xtask(&format!("event sweep {role}")).await?, "looked at every snapshot")?;
    }

    tell("An event that fails is tried again, and ends where a person finds it.");
    let nonsense = ["--invocation-type", "Event", "--payload", "{}", "/dev/null"];
    aws.run(SOURCE, &[&["lambda", "invoke", "--function-name", "draco-producer"], &nonsense[..]].concat()).await?;
    stage.lettered("producer").await?;

    tell("Both stacks go. The copies stay, and so does the key that they are under.");
    let key = behind.snapshots(DR).await?.remove(&fourth).and_then(|copy| copy.kms_key_id).context("no key")?;
    for role in ["producer", "consumer"] {
        commands.xtask(&format!("delete {role} --confirm draco-{role}")).await?;
    }
    stage.stand([&fourth]).await?;
    let key = aws.run(DR, &["kms", "describe-key", "--key-id", &key]).await?;
    ensure!(key["KeyMetadata"]["KeyState"] == "Enabled", "the key of DR's copies is not as it was: {key}");
    Ok(())
}

impl Stage {
    /// Waits until this snapshot of the source account is safe in DR, and nothing is left on the way; the copy's name.
    async fn copied(&self, name: &str) -> anyhow::Result<String> {
        until(&format!("{name} is safe in DR"), async || {
            let snapshots = self.behind.snapshots(SOURCE).await?;
            let source = snapshots.get(name).with_context(|| format!("no snapshot {name}"))?;
            let tags = source.tag_list().iter();
            let copied = tags.filter(|tag| tag.key() == Some("Draco_Copied")).find_map(|tag| tag.value());
            let is_left = snapshots.keys().any(|one| one.starts_with("draco-"));
            Ok(copied.filter(|_| !is_left).and_then(|arn| arn.rsplit(':').next()).map(str::to_owned))
        })
        .await
    }

    /// Waits until these are the snapshots of DR, and all are whole.
    async fn stand<const N: usize>(&self, copies: [&String; N]) -> anyhow::Result<()> {
        until(&format!("{copies:?} are the copies in DR"), async || {
            let snapshots = self.behind.snapshots(DR).await?;
            let whole =
                snapshots.values().all(|one| one.status() == Some("available") && one.encrypted() == Some(true));
            Ok((whole && snapshots.keys().eq(copies)).then_some(()))
        })
        .await
    }

    /// Waits until a function has said a line that has all of this.
    async fn logged(&self, parts: &[&str]) -> anyhow::Result<()> {
        until(&format!("a function says {}", parts.join(" … ")), async || {
            let said = self.said().await?;
            Ok(said.iter().find(|line| parts.iter().all(|part| line.contains(part))).map(drop))
        })
        .await
    }

    /// What both functions have said so far: not what Lambda says of them.
    async fn said(&self) -> anyhow::Result<Vec<String>> {
        let mut said = Vec::new();
        for (role, account) in [("producer", SOURCE), ("consumer", DR)] {
            let of = ["logs", "filter-log-events", "--log-group-name", &format!("/aws/lambda/draco-{role}")];
            let answer = self.ministack.aws.run(account, &of).await?;
            let events = answer["events"].as_array().into_iter().flatten();
            let lines = events.filter_map(|event| event["message"].as_str()).filter(|line| line.starts_with('{'));
            said.extend(lines.map(str::to_owned));
        }
        Ok(said)
    }

    /// Waits until a function has one dead letter.
    async fn lettered(&self, role: &str) -> anyhow::Result<()> {
        let account = if role == "producer" { SOURCE } else { DR };
        let name = format!("draco-{role}-dead-letters");
        let queue = self.ministack.aws.run(account, &["sqs", "get-queue-url", "--queue-name", &name]).await?;
        let queue = queue["QueueUrl"].as_str().context("no queue")?;
        let of = ["sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "All"];
        until(&format!("the {role} has one dead letter"), async || {
            let seen = self.ministack.aws.run(account, &of).await?;
            Ok((seen["Attributes"]["ApproximateNumberOfMessages"] == "1").then_some(()))
        })
        .await
    }

    async fn function(&self, role: &str) -> anyhow::Result<Value> {
        let account = if role == "producer" { SOURCE } else { DR };
        let name = format!("draco-{role}");
        let of = ["lambda", "get-function-configuration", "--function-name", &name];
        let seen = self.ministack.aws.run(account, &of).await?;
        Ok(["CodeSha256", "Description", "Environment"]
            .map(|member| (member.to_owned(), seen[member].clone()))
            .into_iter()
            .collect())
    }

    /// A template that asks for a definition that is not there, and for another thing before.
    fn break_template(&self) -> anyhow::Result<()> {
        let (from, to) = (self.folder.join("cfn"), self.folder.join("broken"));
        fs::create_dir_all(&to)?;
        fs::copy(from.join("wait4copy.asl.json"), to.join("wait4copy.asl.json"))?;
        let mut template = fs::read_to_string(from.join("producer.yaml"))?;
        for (now, then) in [
            ("Key: !Ref TimerKey", "Key: !Sub '${TimerKey}.gone'"),
            ("Description: \"Draco: copies", "Description: \"It copies"),
        ] {
            ensure!(template.matches(now).count() == 1, "{now:?} stands not once in the producer's template");
            template = template.replace(now, then);
        }
        Ok(fs::write(to.join("producer.yaml"), template)?)
    }
}

/// The producer's zip with other bytes, as if its source had changed, and as it was built when this is dropped.
struct OtherZip {
    path: PathBuf,
    built: Vec<u8>,
}

impl OtherZip {
    /// A zip ends with the length of a comment, and the comment.
    fn make(stage: &Stage) -> anyhow::Result<Self> {
        let path = stage.folder.ancestors().nth(2).context("no target folder")?;
        let path = path.join(format!("draco/producer-{ARCHITECTURE}.zip"));
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

/// Looks again and again until there is what is looked for.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            println!("{what}, after {:.1} s", begun.elapsed().as_secs_f64());
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            bail!("it does not come about in {} s that {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn says(said: &str, part: &str) -> anyhow::Result<()> {
    ensure!(said.contains(part), "{part:?} is not said");
    Ok(())
}

fn tell(what: &str) {
    println!("\n── {what}");
}
