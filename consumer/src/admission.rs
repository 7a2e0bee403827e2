//! The limits of a source account at the start of a copy, and the failures to start one.

use cloud::Class;
use protocol::{Kind, Origin, RefusalReason, Snapshot, SnapshotArn};

use crate::Consumer;
use crate::act::Refused;
use crate::limits::{DatabaseUse, DrUse, Exceeded};

impl Consumer {
    /// The limit that one more copy would exceed. Copies that start at the same time can exceed it together: a count and the start
    /// of a copy are two calls.
    pub(crate) async fn exceeded(
        &self,
        origin: &Origin,
        of_database: DatabaseUse,
    ) -> Result<Option<Exceeded>, cloud::Error> {
        let (limits, sources, kind) = (&self.settings.limits, self.settings.sources.len(), origin.snapshot.kind);
        let (daily, is_new) = (limits.daily(origin, of_database), of_database.copies == 0);
        if daily.is_some() || !is_new && sources == 1 {
            return Ok(daily);
        }
        let quota = self.cloud.snapshot_quota(kind).await?;
        if !limits.needs_count(is_new, sources, quota) {
            return Ok(None);
        }
        Ok(limits.account(origin, &self.count(kind).await?, sources, quota))
    }

    /// In the second region: the part of the quota that one more copy would exceed. The other limits were applied in the first
    /// region, but its quota can be greater.
    pub(crate) async fn exceeded_share(&self, origin: &Origin) -> Result<Option<Exceeded>, cloud::Error> {
        let (limits, sources, kind) = (&self.settings.limits, self.settings.sources.len(), origin.snapshot.kind);
        if sources == 1 {
            return Ok(None);
        }
        let quota = self.cloud.snapshot_quota(kind).await?;
        if !limits.needs_count(false, sources, quota) {
            return Ok(None);
        }
        Ok(limits.share(origin, &self.count(kind).await?, sources, quota))
    }

    /// Counts the snapshots of DR page by page, and keeps only the numbers.
    async fn count(&self, kind: Kind) -> Result<DrUse, cloud::Error> {
        let now = self.cloud.now();
        if let Some(recent) = self.memory.counts.recent(kind, now) {
            return Ok(recent);
        }
        let mut dr = DrUse::default();
        let add = |snapshot: Snapshot| {
            dr.add(&snapshot);
            Ok::<_, cloud::Error>(())
        };
        self.cloud.try_for_each(kind, None, add).await?;
        self.memory.counts.keep(kind, now, &dr);
        Ok(dr)
    }

    /// The refusal of a copy that AWS does not start. A retry of the event would fail as well, and events of one account could
    /// fill the dead-letter queue. The source account announces the snapshot again.
    pub(crate) async fn not_started(
        &self,
        origin: &Origin,
        transit: &SnapshotArn,
        error: cloud::Error,
    ) -> anyhow::Error {
        let reason = match error.class() {
            Class::Quota => RefusalReason::QuotaExceeded,
            Class::KeyRefused => RefusalReason::KeyRefused,
            Class::WrongState | Class::Gone => RefusalReason::TransitUnavailable,
            // AWS's documentation names snapshots that other accounts cannot copy, but not the error.
            Class::Other | Class::Invalid | Class::Missing => RefusalReason::CannotBeCopied,
            // The source account may have stopped sharing it in the meantime, or this role lacks a permission.
            Class::Denied => match self.cloud.find(transit).await {
                Ok(None) => RefusalReason::TransitUnavailable,
                _ => return error.into(),
            },
            _ => return error.into(),
        };
        let mut why = error.to_string();
        if reason == RefusalReason::QuotaExceeded {
            match self.count(origin.snapshot.kind).await {
                Ok(dr) => why = format!("{why}; {dr}"),
                Err(error) => return error.into(),
            }
        }
        Refused { reason, why }.into()
    }
}
