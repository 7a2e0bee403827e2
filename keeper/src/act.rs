//! What a run reports and deletes. Each deletion is safe to repeat, and one that fails does not prevent the others.

use std::collections::BTreeMap;

use anyhow::ensure;
use archive::limits::{Candidates, Held};
use archive::onward::late;
use archive::{Archive, Decision, Expired, Failed, History, Silence};
use chrono::{DateTime, TimeDelta, Utc};
use cloud::Effect;
use cloud::log::step;
use protocol::{AccountId, DatabaseArn, Origin, Snapshot, SnapshotArn, SnapshotRole, Status, tags};
use tracing::{error, info, warn};

use crate::Keeper;
use crate::settings::Deletion;

/// A failed copy is deleted this long after its creation: until then it shows a person what failed. Its name is free again then,
/// so it must also be longer than any function runs.
const FAILED_COPIES_STAY: TimeDelta = TimeDelta::days(3);

/// The time after which no further deletion is started: a look and a deletion take a few seconds.
const RESERVE: TimeDelta = TimeDelta::seconds(20);

/// The expired copies of a database.
type Candidate<'a> = Candidates<&'a DatabaseArn, Expired<'a>>;

/// A copy from another region that is stalled: when it was started, its source, and its ARN.
type Stalled = (DateTime<Utc>, Origin, SnapshotArn);

impl Keeper {
    /// Reports and deletes. `limit` is the number of deletions that a person has accepted for this run.
    ///
    /// # Errors
    /// All deletions that failed, after the others.
    pub(crate) async fn keep(
        &self,
        archive: &Archive,
        snapshots: usize,
        limit: Option<u32>,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let now = self.cloud.now();
        let served = || archive.databases().filter(|(database, _)| self.settings.serves(database));
        for (database, history) in served() {
            self.report_silence(archive, database, history, now);
            report_damage(archive, database, history);
            report_late(archive, database, history, now);
        }
        let candidates = served().map(|(database, history)| self.candidate(database, history, now));
        let failures = match self.settings.deletion {
            Deletion::DryRun => {
                candidates.for_each(|candidate| report_expired(archive, &candidate));
                self.stalled(archive, now).iter().for_each(report_stalled);
                Vec::new()
            }
            Deletion::Enabled => {
                let mut failures = self.thin(archive, candidates, limit, deadline).await?;
                for (database, history) in served() {
                    failures.extend(self.clear(archive, database, history, now).await);
                }
                failures.extend(self.cancel(archive, now).await);
                failures
            }
        };
        info!(step = step::KEPT, snapshots, swept = 1, "looked at all copies");
        ensure!(failures.is_empty(), "deleting copies failed: {}", failures.join("; "));
        Ok(())
    }

    fn candidate<'a>(&self, database: &'a DatabaseArn, history: &'a History, now: DateTime<Utc>) -> Candidate<'a> {
        Candidates { database, copies: history.copies.len(), expired: self.settings.expired(history, now) }
    }

    /// Reports a database whose copies have stopped (invariant 15).
    fn report_silence(&self, archive: &Archive, database: &DatabaseArn, history: &History, now: DateTime<Utc>) {
        let Some(Silence { newest, age, usual }) = self.settings.silence.check(history, now) else { return };
        if self.settings.is_retired(database) {
            return;
        }
        let account = &database.place.account;
        let usual = usual.map_or_else(String::new, |usual| format!(", usually every {} hours", usual.num_hours()));
        let Some(copy) = newest.arn(database, archive.dr()) else { return };
        error!(%account, %database, step = step::DATABASE_SILENT, %copy, silent = 1,
            "no copy of this database is newer than {} days{usual}; find out why, or retire it", age.num_days());
    }

    /// Deletes expired copies within the limits, or holds them (invariant 17).
    async fn thin<'a>(
        &self,
        archive: &Archive,
        candidates: impl Iterator<Item = Candidate<'a>>,
        limit: Option<u32>,
        deadline: DateTime<Utc>,
    ) -> anyhow::Result<Vec<String>> {
        let (mut failures, mut deleted) = (Vec::new(), 0);
        for (database, expired) in self.within_limits(candidates.collect(), limit.map(|limit| limit as usize)) {
            for Expired { copy, why } in expired {
                ensure!(
                    self.cloud.now() + RESERVE < deadline,
                    "time is up after {deleted} deletions; run the keeper again"
                );
                let Some((origin, arn)) = copy.origin(database).zip(copy.arn(database, archive.dr())) else { continue };
                match self.delete_expired(&origin, &arn, &why).await {
                    Ok(()) => deleted += 1,
                    Err(error) => failures.push(error.to_string()),
                }
            }
        }
        Ok(failures)
    }

    /// The expired copies that this run may delete, by database. The others are reported. `accepted` is the number that a person
    /// has accepted.
    fn within_limits<'a>(
        &self,
        candidates: Vec<Candidate<'a>>,
        accepted: Option<usize>,
    ) -> Vec<(&'a DatabaseArn, Vec<Expired<'a>>)> {
        let all: usize = candidates.iter().map(|candidate| candidate.expired.len()).sum();
        let command = self.settings.command(all);
        // Each account has a limit of its own, so that none can hold the deletions of another (invariant 14). A person accepts one
        // number for all.
        let mut groups: BTreeMap<Option<&AccountId>, Vec<Candidate<'a>>> = BTreeMap::new();
        for candidate in candidates {
            let account = accepted.is_none().then_some(&candidate.database.place.account);
            groups.entry(account).or_default().push(candidate);
        }
        let (mut allowed, mut held) = (Vec::new(), Vec::new());
        for (account, candidates) in groups {
            match self.settings.limits.decide(candidates, accepted) {
                Decision::Delete { expired, held: over } => {
                    allowed.extend(expired);
                    held.extend(over);
                }
                Decision::HoldAll { expired, held: over } => {
                    let limit = accepted.unwrap_or(self.settings.limits.per_run);
                    error!(
                        account = account.map(AccountId::as_str),
                        step = step::DELETIONS_HELD,
                        held = expired,
                        "{expired} copies have expired, and a run deletes at most {limit}: none of these is deleted; check why, \
                         then run: {command}"
                    );
                    held.extend(over);
                }
            }
        }
        for Held { database, expired, limit } in held {
            let account = &database.place.account;
            error!(%account, %database, step = step::DELETIONS_HELD, held = expired,
                "{expired} copies of this database have expired, and a run deletes at most {limit} of it: none is deleted; \
                 check why, then run: {command}");
        }
        allowed
    }

    async fn delete_expired(&self, origin: &Origin, arn: &SnapshotArn, why: &str) -> Result<(), cloud::Error> {
        let now = self.cloud.now();
        let is_complete = |found: &Snapshot| {
            found.status == Status::Available
                && found.tags.get(tags::REPORTED).is_some()
                && !is_being_verified(found, now)
        };
        if self.delete_if(origin, arn, is_complete).await? {
            let (account, snapshot) = (&origin.snapshot.place.account, &origin.snapshot);
            info!(%account, %snapshot, step = step::DELETED, copy = %arn, reason = why, deleted = 1, "deleted the expired copy");
        }
        Ok(())
    }

    /// Looks at a copy again, and deletes it if it is still the same and in the state in which it may be deleted: the list from which
    /// the deletion was decided can be minutes old. Whether it was deleted.
    async fn delete_if(
        &self,
        origin: &Origin,
        arn: &SnapshotArn,
        may_be_deleted: impl Fn(&Snapshot) -> bool,
    ) -> Result<bool, cloud::Error> {
        match self.cloud.find(arn).await? {
            Some(found) if SnapshotRole::of(&found) == SnapshotRole::Copy(origin.clone()) && may_be_deleted(&found) => {
                Ok(self.cloud.delete(arn).await? == Effect::Applied)
            }
            _ => Ok(false),
        }
    }

    /// Deletes old copies that failed before they were complete.
    async fn clear(
        &self,
        archive: &Archive,
        database: &DatabaseArn,
        history: &History,
        now: DateTime<Utc>,
    ) -> Vec<String> {
        let is_old = |failed: &&Failed| failed.created.is_some_and(|created| now - created > FAILED_COPIES_STAY);
        let mut failures = Vec::new();
        for failed in history.failed.iter().filter(|failed| !failed.was_reported).filter(is_old) {
            let Some((origin, arn)) = failed.origin(database).zip(failed.arn(database, archive.dr())) else { continue };
            failures.extend(self.delete_failed(&origin, &arn).await.err().map(|error| error.to_string()));
        }
        failures
    }

    /// The copies from another region that have been in progress for too long, oldest first, and since when. Also those from a region
    /// that is not served any more: it was removed from the settings because it is lost.
    fn stalled(&self, archive: &Archive, now: DateTime<Utc>) -> Vec<Stalled> {
        let served = archive.databases().filter(|(database, _)| self.settings.serves_account(database));
        let copies = served.flat_map(|(database, history)| history.copying.iter().map(move |copy| (database, copy)));
        let stalled = copies.filter(|(_, copy)| now - copy.started > self.settings.stalled_after);
        let mut stalled: Vec<_> = stalled
            .filter_map(|(database, copy)| {
                Some((copy.started, copy.origin(database)?, copy.arn(database, archive.dr())?))
            })
            .collect();
        stalled.sort_by(|(one, _, a), (other, _, b)| (one, a).cmp(&(other, b)));
        stalled
    }

    /// Cancels stalled copies by deleting them, so that snapshots of other regions are copied. AWS limits the copies in progress.
    async fn cancel(&self, archive: &Archive, now: DateTime<Utc>) -> Vec<String> {
        let mut failures = Vec::new();
        for (started, origin, arn) in self.stalled(archive, now).iter().take(self.settings.limits.per_run) {
            failures.extend(self.delete_stalled(*started, origin, arn).await.err().map(|error| error.to_string()));
        }
        failures
    }

    async fn delete_stalled(
        &self,
        started: DateTime<Utc>,
        origin: &Origin,
        arn: &SnapshotArn,
    ) -> Result<(), cloud::Error> {
        let is_stalled = |found: &Snapshot| {
            let since = found.tags.get(tags::STARTED).and_then(|time| DateTime::parse_from_rfc3339(time).ok());
            let is_in_progress = matches!(found.status, Status::Creating | Status::Copying);
            is_in_progress && found.tags.get(tags::REPORTED).is_none() && since.is_some_and(|since| since == started)
        };
        if self.delete_if(origin, arn, is_stalled).await? {
            let (account, snapshot) = (&origin.snapshot.place.account, &origin.snapshot);
            warn!(%account, %snapshot, step = step::STALLED_COPY_DELETED, copy = %arn,
                "cancelled the copy from another region, which was started on {started}");
        }
        Ok(())
    }

    async fn delete_failed(&self, origin: &Origin, arn: &SnapshotArn) -> Result<(), cloud::Error> {
        let is_failed = |found: &Snapshot| found.status == Status::Failed && found.tags.get(tags::REPORTED).is_none();
        if self.delete_if(origin, arn, is_failed).await? {
            let (account, snapshot) = (&origin.snapshot.place.account, &origin.snapshot);
            info!(%account, %snapshot, step = step::FAILED_COPY_DELETED, copy = %arn, "deleted the failed copy");
        }
        Ok(())
    }
}

/// Logs a stalled copy that would be cancelled (invariant 6).
fn report_stalled((started, origin, copy): &Stalled) {
    let (account, snapshot) = (&origin.snapshot.place.account, &origin.snapshot);
    warn!(%account, %snapshot, step = step::COPY_STALLED, %copy, would_delete = 1,
        "in progress from another region since {started}, and not cancelled because NO_DRY_RUN is not set; delete it, or other \
         snapshots wait");
}

/// Reports complete copies that AWS now shows as failed. They are never deleted.
fn report_damage(archive: &Archive, database: &DatabaseArn, history: &History) {
    let account = &database.place.account;
    for failed in history.failed.iter().filter(|failed| failed.was_reported) {
        let Some((origin, copy)) = failed.origin(database).zip(failed.arn(database, archive.dr())) else { continue };
        error!(%account, snapshot = %origin.snapshot, step = step::STORED_COPY_FAILED, %copy, failed = 1,
            "this copy was complete, and AWS no longer shows it as available; check its key and its status, then ask AWS");
    }
}

/// Reports a database whose copies do not reach the second region (invariant 15). If that region is gone, its own alarms are, too.
fn report_late(archive: &Archive, database: &DatabaseArn, history: &History, now: DateTime<Utc>) {
    let account = &database.place.account;
    let Some(copy) = late(history, now).and_then(|late| late.arn(database, archive.dr())) else { return };
    error!(%account, %database, step = step::SECOND_SILENT, %copy, silent = 1,
        "this copy arrived more than two days ago, and neither it nor a later one is in the second region; check the stack there");
}

/// Logs what would be deleted (invariant 6).
fn report_expired(archive: &Archive, Candidates { database, expired, .. }: &Candidate<'_>) {
    let account = &database.place.account;
    for Expired { copy, why } in expired {
        let Some((origin, arn)) = copy.origin(database).zip(copy.arn(database, archive.dr())) else { continue };
        info!(%account, snapshot = %origin.snapshot, step = step::WOULD_DELETE, copy = %arn, reason = why, would_delete = 1,
            "kept because NO_DRY_RUN is not set");
    }
}

/// Whether a verification of a copy is running. It ends at the time in the tag at the latest.
fn is_being_verified(copy: &Snapshot, now: DateTime<Utc>) -> bool {
    let until = copy.tags.get(tags::VERIFYING).and_then(|until| DateTime::parse_from_rfc3339(until).ok());
    until.is_some_and(|until| now < until)
}
