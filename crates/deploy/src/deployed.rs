//! What stands in an account besides its stack: the function, the queue of what failed, the newest copy.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_types::base64;
use chrono::{DateTime, Utc};
use protocol::settings::SettingsReader;
use protocol::{Kind, Origin, Snapshot, SnapshotRole, Status, tags};
use serde::Serialize;

use crate::Account;
use crate::aws_error::{Explain, error_code};

/// A function, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The hash of its code, in hex.
    pub sha256: String,
    /// When code or configuration last changed.
    pub updated: Option<DateTime<Utc>>,
    /// Its environment.
    #[serde(skip)]
    pub environment: BTreeMap<String, String>,
}

/// The copy that arrived last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Last {
    /// Of what.
    #[serde(flatten)]
    pub origin: Origin,
    /// The copy's identifier.
    pub copy: String,
    /// When the source account was told that it is safe.
    pub safe: DateTime<Utc>,
}

impl Function {
    /// Nothing, if there is none.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn look(account: &Account) -> anyhow::Result<Option<Self>> {
        let name = account.role.stack();
        let call = aws_sdk_lambda::Client::new(account.sdk()).get_function_configuration().function_name(name);
        let found = match call.send().await {
            Err(error) if error_code(&error) == Some("ResourceNotFoundException") => return Ok(None),
            answer => answer.explain(account.credentials(), format_args!("looking at function {name}"))?,
        };
        // `2026-11-21T03:05:00.000+0000`, which is not RFC 3339.
        let updated =
            found.last_modified().and_then(|text| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok());
        Ok(Some(Self {
            // Lambda tells it in Base64; the bucket, and everybody else, in hex.
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

    /// Whether nothing is deleted, as the consumer reads it.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        !SettingsReader::new(&self.environment).switch("NO_DRY_RUN")
    }
}

/// How many events wait for a person. Nothing, if there is no queue.
///
/// # Errors
///
/// If AWS refuses.
pub async fn dead_letters(account: &Account) -> anyhow::Result<Option<u32>> {
    let name = format!("{}-dead-letters", account.role.stack());
    let sqs = aws_sdk_sqs::Client::new(account.sdk());
    let doing = format!("looking at queue {name}");
    let url = match sqs.get_queue_url().queue_name(&name).send().await {
        Err(error)
            if error_code(&error)
                .is_some_and(|code| code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist")) =>
        {
            return Ok(None);
        }
        answer => answer.explain(account.credentials(), &doing)?,
    };
    let call = sqs.get_queue_attributes().set_queue_url(url.queue_url);
    let waiting = QueueAttributeName::ApproximateNumberOfMessages;
    let answer = call.attribute_names(waiting.clone()).send().await.explain(account.credentials(), &doing)?;
    let count = answer.attributes().and_then(|all| all.get(&waiting)).and_then(|count| count.parse().ok());
    Ok(Some(count.with_context(|| format!("{doing}: AWS does not say how many events wait there"))?))
}

/// All snapshots of an account, of both kinds.
///
/// # Errors
///
/// If AWS refuses.
pub async fn snapshots(account: &Account) -> anyhow::Result<Vec<Snapshot>> {
    let (cloud, mut all) = (account.cloud(), Vec::new());
    for kind in Kind::ALL {
        all.extend(cloud.list_all(kind, None).await?);
    }
    Ok(all)
}

/// Of these snapshots in DR, the copy that was safe last.
#[must_use]
pub fn last(snapshots: &[Snapshot]) -> Option<Last> {
    let copies = snapshots.iter().filter(|snapshot| snapshot.status == Status::Available).filter_map(|snapshot| {
        let SnapshotRole::Copy(origin) = SnapshotRole::of(snapshot) else { return None };
        let safe = DateTime::parse_from_rfc3339(snapshot.tags.get(tags::REPORTED)?).ok()?.to_utc();
        Some(Last { origin, copy: snapshot.arn.id().to_owned(), safe })
    });
    copies.max_by(|one, other| (one.safe, &one.copy).cmp(&(other.safe, &other.copy)))
}
