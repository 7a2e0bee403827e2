//! Transit copies that may cost their database an automated backup.
//!
//! "Automated backups don't occur while a DB snapshot copy is running in the same AWS Region for the same database" (RDS User
//! Guide, "Introduction to backups"). The guide does not state whether such a backup is taken later.

use chrono::{DateTime, TimeDelta, Utc};
use cloud::Error;
use cloud::log::step;
use protocol::{Origin, Snapshot, wait};
use tracing::warn;

use crate::Producer;

/// The time from which a copy counts as long. Only for such copies is the database looked up.
const LONG: TimeDelta = TimeDelta::hours(1);

impl Producer {
    /// Reports a transit copy in progress that will probably not be finished before the next backup window of its database.
    pub(crate) async fn report_delayed_backup(
        &self,
        origin: &Origin,
        transit: &Snapshot,
        since: DateTime<Utc>,
    ) -> Result<(), Error> {
        let now = self.cloud.now();
        let Some(resource_id) = transit.resource_id.as_deref().filter(|_| now - since >= LONG) else { return Ok(()) };
        let database = self.cloud.find_database(transit.arn.kind, resource_id).await?;
        let Some(window) = database.and_then(|database| database.backup_window) else { return Ok(()) };
        let (begins, ends) = (window.next_start(now), wait::estimated_end(transit, since, now));
        if begins < ends {
            let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC");
            warn!(snapshot = %origin.snapshot, step = step::BACKUP_DELAYED, transit = %transit.arn,
                database = %origin.database, backups_delayed = 1,
                "RDS may take no automated backup of a database while its snapshot is copied: the next backup window begins at \
                 {}, and this copy runs until about {}; move the backup window or take fewer snapshots (for instances, \
                 KEEP_NEWEST_TRANSIT may help too)",
                time(begins), time(ends));
        }
        Ok(())
    }
}
