//! The lifecycle of a source's database, for sources that have none of their own.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cloud::log::step;
use cloud::{Class, Cloud, Effect, Error};
use protocol::job::names::{self, Provisioning};
use protocol::{Database, Kind, Origin, Snapshot, SnapshotArn, SnapshotRole, Status, tags};
use tracing::{error, info, warn};

use crate::act::log_once;
use crate::decide::{DatabaseStep, IgnoreReason, NoActionReason, Outcome, Source, Wanted, decide_by_database};
use crate::{Cause, Producer};

/// The databases whose snapshots are to be copied. Each kind is listed when it is needed first, so that unprotected databases cost a
/// sweep one list and not a call for each of their snapshots.
#[derive(Default)]
pub struct Protected {
    instances: OnceLock<Databases>,
    clusters: OnceLock<Databases>,
}

/// By resource ID: the job that provisions or provisioned the database, if there is one. Snapshots from that time are not copied.
type Databases = BTreeMap<Box<str>, Option<Provisioning>>;

impl Protected {
    /// Whether the database of this snapshot is protected.
    async fn has(&self, snapshot: &Snapshot, cloud: &Cloud) -> Result<bool, Error> {
        let Some(resource_id) = &snapshot.resource_id else { return Ok(false) };
        let kind = snapshot.arn.kind;
        let known = match kind {
            Kind::Instance => &self.instances,
            Kind::Cluster => &self.clusters,
        };
        if known.get().is_none() {
            let mut protected = Databases::new();
            let mut add = |database: Database| {
                if database.protecting_lifecycle().is_some() {
                    let job = names::provisioning(&database.name, &database.tags);
                    protected.insert(database.resource_id.into(), job);
                }
            };
            cloud.for_each_database(kind, &mut add).await?;
            // Another look may have listed them meanwhile.
            known.get_or_init(|| protected);
        }
        let at = snapshot.taken().unwrap_or_else(|| cloud.now());
        let is_copied = |job: &Option<Provisioning>| job.as_ref().is_none_or(|job| !job.time.contains(&at));
        Ok(known.get().and_then(|known| known.get(&**resource_id)).is_some_and(is_copied))
    }
}

impl Producer {
    /// Whether a copy of the source is wanted and not there yet, by the source or by its database.
    pub(crate) async fn is_pending(&self, source: &Source, protected: &Protected) -> Result<bool, Error> {
        match source {
            Source::Available { wanted: Wanted::Copy, outcome: Outcome::Pending, .. } => Ok(true),
            Source::Available { wanted: Wanted::ByDatabase, outcome: Outcome::Pending, snapshot } => {
                protected.has(snapshot, &self.cloud).await
            }
            _ => Ok(false),
        }
    }

    /// Decides by the database of a source that has no lifecycle of its own, and makes the calls.
    pub(crate) async fn act_by_database(
        &self,
        origin: &Origin,
        mut source: Snapshot,
        cause: Cause,
    ) -> anyhow::Result<()> {
        let database = self.find_database(&source).await?;
        match decide_by_database(&source, database.as_ref(), self.cloud.now()) {
            DatabaseStep::Ignore(gone @ IgnoreReason::DatabaseGone) if matches!(cause, Cause::Notification) => {
                let (reason, message) = gone.texts();
                warn!(snapshot = %origin.snapshot, step = step::IGNORED, reason, ignored = 1, "{message}");
            }
            DatabaseStep::Ignore(reason) => log_once(origin, step::IGNORED, reason.texts(), cause),
            DatabaseStep::ReportFull => report_full(&origin.snapshot),
            DatabaseStep::TakeLifecycle(lifecycle) => match self.tag_lifecycle(&source.arn, &lifecycle).await? {
                Effect::NotFound => log_once(origin, step::NO_ACTION, NoActionReason::Gone.texts(), cause),
                Effect::Applied => {
                    source.tags.set(tags::LIFECYCLE, &lifecycle);
                    self.start_copy(origin, &source, database).await?;
                }
            },
        }
        Ok(())
    }

    /// AWS returns the resource ID with each snapshot. Without one, the database cannot be known.
    pub(crate) async fn find_database(&self, source: &Snapshot) -> Result<Option<Database>, Error> {
        match &source.resource_id {
            Some(resource_id) => self.cloud.find_database(source.arn.kind, resource_id).await,
            None => Ok(None),
        }
    }

    /// Looks at a manual snapshot whose creation has started. Its database may be gone when the snapshot is available, most
    /// likely if it is the final one. So the snapshot takes the lifecycle now.
    pub(crate) async fn look_at_unfinished(&self, arn: &SnapshotArn) -> anyhow::Result<()> {
        let Some(source) = self.cloud.find(arn).await? else { return Ok(()) };
        let is_new = source.status == Status::Creating && SnapshotRole::of(&source) == SnapshotRole::Source;
        if !is_new || source.lifecycle().is_some() {
            return Ok(());
        }
        let database = self.find_database(&source).await?;
        match decide_by_database(&source, database.as_ref(), self.cloud.now()) {
            DatabaseStep::TakeLifecycle(lifecycle) => match self.tag_lifecycle(&source.arn, &lifecycle).await {
                // AWS does not document whether an unfinished snapshot can be tagged. The look at the finished one tries again.
                Err(error) if error.class() == Class::WrongState => {
                    warn!(snapshot = %arn, step = step::LIFECYCLE_NOT_TAKEN, reason = %error,
                        "the snapshot cannot take the lifecycle of its database before it is complete");
                }
                tagged => drop(tagged?),
            },
            DatabaseStep::ReportFull => report_full(arn),
            // The look at the finished snapshot logs the reason.
            DatabaseStep::Ignore(_) => {}
        }
        Ok(())
    }

    async fn tag_lifecycle(&self, source: &SnapshotArn, lifecycle: &str) -> Result<Effect, Error> {
        let effect = self.cloud.tag(source, tags::LIFECYCLE, lifecycle).await?;
        if effect == Effect::Applied {
            info!(snapshot = %source, step = step::LIFECYCLE_TAKEN,
                "the snapshot had no lifecycle and took that of its database: {lifecycle}");
        }
        Ok(effect)
    }
}

/// Raises the alarm about a source that can have neither a lifecycle nor a mark that it was copied.
fn report_full(source: &SnapshotArn) {
    error!(snapshot = %source, step = step::TAGS_FULL, failed = 1,
        "not copied: the snapshot has 50 tags, so it cannot take the lifecycle of its database; remove a tag from it");
}
