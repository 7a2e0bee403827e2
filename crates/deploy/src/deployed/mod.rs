//! What an account contains: stacks, functions, dead-letter queues, the newest copy.

pub mod verification;

use std::collections::BTreeMap;

use anyhow::Context;
use archive::Archive;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_types::base64;
use chrono::{DateTime, Utc};
use cloud::queue::Tickets;
use config::Config;
use deploy_args::DatabaseName;
use protocol::settings::SettingsReader;
use protocol::spec::SpecState;
use protocol::{AccountId, DatabaseArn, Kind, Origin, Snapshot, SnapshotArn, SnapshotRole, Status, tags};
use serde::Serialize;

use crate::aws_error::{Explain, error_code};
use crate::code::{Artifact, Local, Uploaded};
use crate::files::Files;
use crate::stack::{Stack, StackName};
use crate::{Account, Role};

/// The name of the function in DR that deletes expired copies.
pub const KEEPER: &str = "draco-keeper";

/// The name of the function in DR that queries restored databases.
pub const CHECKER: &str = "draco-checker";

/// The functions in the stack of a role.
#[must_use]
pub fn functions(role: Role) -> &'static [&'static str] {
    match role {
        Role::Producer => &["draco-producer"],
        Role::Consumer | Role::Second => &["draco-consumer", KEEPER],
        Role::Verifier => &["draco-verifier", CHECKER],
    }
}

/// A function of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The SHA-256 of its code, in hex.
    pub sha256: String,
    /// When its code or configuration last changed.
    pub updated: Option<DateTime<Utc>>,
    /// Its environment variables.
    #[serde(skip)]
    pub environment: BTreeMap<String, String>,
}

/// What AWS has of an account's deployment.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The main stack.
    pub stack: Option<Stack>,
    /// The function with the name of the stack.
    pub function: Option<Function>,
    /// In DR: the keeper.
    pub keeper: Option<Function>,
    /// In DR: the stacks of the source accounts that exist.
    pub source_stacks: BTreeMap<AccountId, Stack>,
    /// The SHA-256 of the newest zip in the bucket.
    pub uploaded: Option<String>,
    /// The SHA-256 of the zip that was built on this machine.
    pub built: Option<String>,
}

/// The copy that was reported last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastCopy {
    /// Its source.
    #[serde(flatten)]
    pub origin: Origin,
    /// The identifier of the copy.
    pub copy: String,
    /// When the copy was reported to the source account.
    pub reported: DateTime<Utc>,
}

impl Deployment {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account, config: &Config) -> anyhow::Result<Self> {
        let zip = Artifact::Functions(config.architecture);
        // Without the bucket, or without access to it, the rest is still worth showing. `doctor` reports the reason.
        let uploaded = Uploaded::look(account, config, zip).await.ok().flatten();
        let mut deployment = Self {
            stack: Stack::look(account, &StackName::of(account.role)).await?,
            function: Function::look(account, account.role.stack()).await?,
            uploaded: uploaded.and_then(|uploaded| uploaded.hash),
            built: Local::read(zip, &Files::of_workspace()?)?.map(|local| local.hash),
            ..Self::default()
        };
        if account.role.keeps_copies() {
            deployment.keeper = Function::look(account, KEEPER).await?;
            for source in Stack::sources(account).await? {
                let stack = Stack::look(account, &StackName::Source(source.clone())).await?;
                deployment.source_stacks.extend(stack.map(|stack| (source, stack)));
            }
        }
        Ok(deployment)
    }
}

impl Function {
    /// Reads the function. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account, name: &str) -> anyhow::Result<Option<Self>> {
        let call = aws_sdk_lambda::Client::new(account.sdk()).get_function_configuration().function_name(name);
        let found = match call.send().await {
            Err(error) if error_code(&error) == Some("ResourceNotFoundException") => return Ok(None),
            result => result.explain(account.credentials(), format_args!("reading function {name}"))?,
        };
        // `2026-11-21T03:05:00.000+0000`, which is not RFC 3339.
        let updated =
            found.last_modified().and_then(|text| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok());
        Ok(Some(Self {
            // Lambda returns it in Base64, S3 in hex.
            sha256: base64::decode(found.code_sha256().unwrap_or_default())
                .unwrap_or_default()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            updated: updated.map(|time| time.to_utc()),
            environment: found
                .environment()
                .and_then(|environment| environment.variables())
                .map(|all| all.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
                .unwrap_or_default(),
        }))
    }

    /// Whether it deletes no copies. It reads the variable as the keeper does.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        !SettingsReader::new(&self.environment).switch("NO_DRY_RUN")
    }
}

/// The number of messages in the dead-letter queue of a function. `None` if the queue does not exist.
///
/// # Errors
///
/// If AWS returns an error.
pub async fn dead_letters(account: &Account, function: &str) -> anyhow::Result<Option<u32>> {
    let name = format!("{function}-dead-letters");
    let sqs = aws_sdk_sqs::Client::new(account.sdk());
    let action = format!("reading queue {name}");
    let url = match sqs.get_queue_url().queue_name(&name).send().await {
        // SQS has two codes, for its two protocols.
        Err(error)
            if matches!(error_code(&error), Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue")) =>
        {
            return Ok(None);
        }
        result => result.explain(account.credentials(), &action)?,
    };
    let call = sqs.get_queue_attributes().set_queue_url(url.queue_url);
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let response = call.attribute_names(count.clone()).send().await.explain(account.credentials(), &action)?;
    let messages = response.attributes().and_then(|all| all.get(&count)).and_then(|count| count.parse().ok());
    Ok(Some(messages.with_context(|| format!("{action}: the response has no {}", count.as_str()))?))
}

/// All snapshots of an account, of both kinds.
///
/// # Errors
///
/// If AWS returns an error.
pub async fn snapshots(account: &Account) -> anyhow::Result<Vec<Snapshot>> {
    let (cloud, mut all) = (account.cloud(), Vec::new());
    for kind in Kind::ALL {
        all.extend(cloud.list_all(kind, None).await?);
    }
    Ok(all)
}

/// The snapshots that wait until AWS starts more copies from another region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// How many wait.
    pub waiting: usize,
    /// Since when the one waits that waits longest.
    pub since: Option<DateTime<Utc>>,
}

impl Queue {
    /// Reads the tickets of this region of DR. `None` if its state machine does not exist.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(account: &Account) -> anyhow::Result<Option<Self>> {
        let machine = account.place.arn("states", "stateMachine:draco-wait4copy");
        let timers = match account.cloud().running_timers(&machine).await {
            Err(error) if error.class() == cloud::Class::Gone => return Ok(None),
            timers => timers?,
        };
        let tickets = Tickets::of(&timers);
        Ok(Some(Self { waiting: tickets.len(), since: tickets.since() }))
    }
}

/// How much is lost if everything but these copies is lost: the database whose newest copy is the oldest. Retired databases do not
/// count: no new copies of them are expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rpo {
    /// The database.
    pub database: DatabaseArn,
    /// When the source of its newest complete copy was taken.
    pub taken: DateTime<Utc>,
    /// How many databases have copies and are not retired.
    pub databases: usize,
}

/// The database among these snapshots in DR whose newest complete copy is the oldest.
#[must_use]
pub fn rpo(snapshots: &[Snapshot], config: &Config) -> Option<Rpo> {
    let newest = not_retired(snapshots, config);
    let databases = newest.len();
    let oldest = newest.into_iter().min_by_key(|(_, copy)| copy.taken);
    oldest.map(|(database, copy)| Rpo { database, taken: copy.taken, databases })
}

/// The newest complete copies of the databases that are not retired.
fn not_retired<'s>(snapshots: &'s [Snapshot], config: &Config) -> BTreeMap<DatabaseArn, NewestCopy<'s>> {
    let mut newest = newest_copies(snapshots);
    let retired: Vec<DatabaseName> = config.retired.iter().filter_map(|name| name.parse().ok()).collect();
    // Those of accounts and regions that were removed from the configuration stay, and no new ones are expected.
    let regions = config.database_regions();
    newest.retain(|DatabaseArn { place, .. }, _| {
        config.source_accts.contains(&place.account) && regions.contains(&place.region)
    });
    newest.retain(|database, copy| !copy.is_retired && !retired.iter().any(|retired| retired.is(database)));
    newest
}

/// Whether a restore of the newest copies finds the settings of their databases: the spec that the copies record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Specs {
    /// The number of databases whose newest copy has a complete spec.
    pub complete: usize,
    /// The databases whose newest copy has a part of a spec.
    pub incomplete: Vec<DatabaseArn>,
    /// The databases whose newest copy has no spec, or one that cannot be read.
    pub missing: Vec<DatabaseArn>,
}

/// The specs of the newest complete copies among these snapshots in DR. `None` if there are no copies but those of retired databases.
#[must_use]
pub fn specs(snapshots: &[Snapshot], config: &Config) -> Option<Specs> {
    let newest = not_retired(snapshots, config);
    if newest.is_empty() {
        return None;
    }
    let mut specs = Specs::default();
    for (database, copy) in newest {
        match SpecState::of(&copy.snapshot.tags) {
            SpecState::Complete => specs.complete += 1,
            SpecState::Incomplete => specs.incomplete.push(database),
            SpecState::None | SpecState::Unreadable => specs.missing.push(database),
        }
    }
    Some(specs)
}

/// The newest complete copy of a database.
pub(crate) struct NewestCopy<'s> {
    /// When its source was taken.
    pub(crate) taken: DateTime<Utc>,
    /// The copy.
    pub(crate) snapshot: &'s Snapshot,
    /// Whether the database is retired, by the mark on the copy that arrived last. That may be another one.
    is_retired: bool,
}

/// The newest complete copy of each database among these snapshots in DR. The archive decides which are copies, as for the keeper.
pub(crate) fn newest_copies(snapshots: &[Snapshot]) -> BTreeMap<DatabaseArn, NewestCopy<'_>> {
    let Some(dr) = snapshots.first().map(|snapshot| &snapshot.arn.place) else { return BTreeMap::new() };
    let by_arn: BTreeMap<&SnapshotArn, &Snapshot> =
        snapshots.iter().map(|snapshot| (&snapshot.arn, snapshot)).collect();
    let archive = Archive::of(dr.clone(), snapshots);
    let newest = archive.databases().filter_map(|(database, history)| {
        let is_retired = history.newest()?.mark.is_retired;
        let copy = history.copies.iter().max_by_key(|copy| (copy.taken, copy.arrived))?;
        let snapshot = by_arn.get(&copy.arn(database, dr)?)?;
        Some((database.clone(), NewestCopy { taken: copy.taken, snapshot, is_retired }))
    });
    newest.collect()
}

/// The copy among these snapshots in DR that was reported last.
#[must_use]
pub fn last_copy(snapshots: &[Snapshot]) -> Option<LastCopy> {
    let copies = snapshots.iter().filter(|snapshot| snapshot.status == Status::Available).filter_map(|snapshot| {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
        let reported = DateTime::parse_from_rfc3339(snapshot.tags.get(tags::REPORTED)?).ok()?.to_utc();
        Some(LastCopy { origin, copy: snapshot.arn.id().to_owned(), reported })
    });
    copies.max_by(|one, other| (one.reported, &one.copy).cmp(&(other.reported, &other.copy)))
}
