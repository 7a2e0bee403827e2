//! Transit copies that DR has copied: they are deleted, or kept as the base of the next one (`KEEP_NEWEST_TRANSIT`).
//!
//! "Whether a snapshot copy is incremental is determined by the most recently completed snapshot copy. If the most recent
//! snapshot copy was deleted, the next copy is a full copy" (RDS User Guide, "Incremental snapshot copying"). So the transit
//! copy of an instance that was started last stays until DR has the next one. Its tag `Draco_Copied` marks it as confirmed:
//! DR has the copy, also when the source is gone.

use chrono::TimeDelta;
use cloud::log::step;
use cloud::{Effect, Error};
use protocol::{Kind, Origin, Snapshot, SnapshotRole, Status, tags};
use tracing::{info, warn};

use crate::Producer;
use crate::act::log_deleted;
use crate::decide::is_confirmed;

/// How long a transit copy is kept at most: a weekly snapshot still finds the one before. After that, so much has changed that
/// an incremental copy saves little, or the database is gone.
const MAX_KEPT: TimeDelta = TimeDelta::days(8);

impl Producer {
    /// Whether a transit copy stays for the next one.
    pub(crate) fn is_kept(&self, transit: &Snapshot) -> bool {
        is_confirmed(transit) && self.may_keep(transit)
    }

    /// "Aurora DB cluster snapshot copies are always stored as full copies" (Aurora User Guide, "Copying a DB cluster
    /// snapshot"), so only those of instances are kept.
    fn may_keep(&self, transit: &Snapshot) -> bool {
        let is_new = transit.created.is_some_and(|created| self.cloud.now() - created < MAX_KEPT);
        self.settings.keep_newest_transit
            && transit.arn.kind == Kind::Instance
            && transit.status == Status::Available
            && is_new
    }

    /// Deletes the transit copy of a source whose copy DR has, or keeps it in place of the one that was kept before. Returns
    /// whether it was deleted.
    ///
    /// The one before is deleted first: after a crash, the next look finds a transit copy that is not confirmed.
    pub(crate) async fn release(&self, origin: &Origin, copy: &str, transit: &Snapshot) -> Result<bool, Error> {
        if self.is_kept(transit) {
            return Ok(false);
        }
        if is_confirmed(transit) || !self.may_keep(transit) {
            return self.cloud.delete(&transit.arn).await.map(|_| true);
        }
        let mut kept = self.kept(transit.arn.kind, Some(&transit.database)).await?;
        kept.retain(|(_, other)| other.resource_id == transit.resource_id && other.arn != transit.arn);
        if kept.iter().any(|(_, other)| other.created > transit.created) {
            return self.cloud.delete(&transit.arn).await.map(|_| true);
        }
        for (older, other) in kept {
            self.cloud.delete(&other.arn).await?;
            log_deleted(&older, &other);
        }
        self.cloud.tag(&transit.arn, tags::COPIED, copy).await?;
        info!(snapshot = %origin.snapshot, step = step::TRANSIT_KEPT_FOR_NEXT, transit = %transit.arn,
            "keeping the transit copy, so that the next one can be incremental");
        Ok(false)
    }

    /// Replaces the mark of a kept transit copy whose copy in DR is missing. It is announced again, also when the source is gone.
    pub(crate) async fn unconfirm(&self, origin: &Origin, mark: &str) -> Result<Effect, Error> {
        if !self.settings.keep_newest_transit {
            return Ok(Effect::NotFound);
        }
        match self.cloud.find(&origin.transit()).await? {
            Some(found)
                if is_confirmed(&found) && SnapshotRole::of(&found) == SnapshotRole::Transit(origin.clone()) =>
            {
                self.cloud.tag(&found.arn, tags::COPIED, mark).await
            }
            _ => Ok(Effect::NotFound),
        }
    }

    /// Deletes the oldest transit copy that is kept, so that another snapshot can be copied. Returns whether there was one.
    pub(crate) async fn make_room(&self, kind: Kind) -> Result<bool, Error> {
        if !self.settings.keep_newest_transit {
            return Ok(false);
        }
        let oldest = self.kept(kind, None).await?.into_iter().min_by_key(|(_, transit)| transit.created);
        let Some((origin, transit)) = oldest else { return Ok(false) };
        warn!(snapshot = %origin.snapshot, step = step::TRANSIT_DELETED, reason = "quota-exceeded", transit = %transit.arn,
            "deleting the transit copy, which was kept for the next one: the account has as many manual snapshots as AWS allows");
        self.cloud.delete(&transit.arn).await?;
        Ok(true)
    }

    /// The transit copies of a database, or of all, that are kept.
    async fn kept(&self, kind: Kind, database: Option<&str>) -> Result<Vec<(Origin, Snapshot)>, Error> {
        let mut kept = Vec::new();
        let add = |snapshot: Snapshot| {
            if let SnapshotRole::Transit(origin) = SnapshotRole::of(&snapshot)
                && is_confirmed(&snapshot)
                && snapshot.status == Status::Available
            {
                kept.push((origin, snapshot));
            }
            Ok(())
        };
        self.cloud.try_for_each(kind, database, add).await?;
        Ok(kept)
    }
}
