//! Carries out the steps of experiments.

use crate::backups;
use crate::existing;
use crate::experiment::{Action, Copy, Key, Kind, Scope, Side, Snapshot, Tags};
use crate::journal::What;
use crate::lab::{Lab, Wait, failure};
use crate::rds::{self, CopyOf, Response};
use crate::trace::{Outcome, Refusal, Settled, View};

/// The status of a snapshot that is not found.
const GONE: &str = "gone";

impl Lab {
    /// Carries out a step.
    pub(crate) async fn perform(&mut self, action: Action) -> Response<Outcome> {
        match action {
            Action::Take(snapshot, tags) => {
                let database = self.database(snapshot.kind);
                self.take(snapshot, tags, &database).await.map(Outcome::Snapshot)
            }
            Action::Copy(copy) => self.copy(copy).await.map(Outcome::Snapshot),
            Action::Time(from, to) => existing::time(self, from, to).await.map(Outcome::Took),
            Action::TimeFull(from, to) => existing::time_full(self, from, to).await.map(Outcome::Took),
            Action::Start(from, to) => existing::start(self, from, to).await.map(|()| Outcome::Done),
            Action::Now => self.time().await.map(|now| Outcome::Took(now.timestamp())),
            Action::Undisturbed(side) => existing::undisturbed(self, side).await.map(|()| Outcome::Done),
            Action::RevokeGrants => self.revoke_grants().await,
            Action::Describe(by, snapshot, scope) => self.describe(by, snapshot, scope).await.map(Outcome::Snapshot),
            Action::ListInDr => {
                let database = self.database(Kind::Instance);
                rds::first_of(&self.dr.rds, &database).await?.map(Outcome::Snapshot).ok_or_else(empty)
            }
            Action::Share(snapshot) => {
                let id = self.name(snapshot.name);
                rds::share(&self.account(snapshot.side).rds, snapshot.kind, &id, &self.dr.id).await?;
                Ok(Outcome::Done)
            }
            Action::Tag(snapshot, tags) => {
                let tags = self.tags(Tags::Own(tags)).unwrap_or_default();
                rds::tag(&self.account(snapshot.side).rds, self.arn(snapshot)?, tags).await?;
                Ok(Outcome::Done)
            }
            Action::Delete(snapshot) => {
                let id = self.name(snapshot.name);
                rds::delete(&self.account(snapshot.side).rds, snapshot.kind, &id).await?;
                Ok(Outcome::Done)
            }
            Action::Settle(snapshots) => self.settle(snapshots).await.map(Outcome::Settled),
            Action::Appear(snapshot) => self.appear(snapshot).await.map(Outcome::Snapshot),
            Action::FirstBackup => backups::first(self).await.map(Outcome::Backups),
            Action::ShareAutomated => backups::share_automated(self).await,
            Action::CopyAutomated(to) => backups::copy_automated(self, to).await.map(Outcome::Snapshot),
            Action::DescribeAutomated => backups::describe_automated(self).await.map(Outcome::Snapshot),
            Action::BackUpDuringCopies(by) => backups::during_copies(self, by).await.map(Outcome::Backups),
            Action::DescribeFiltered => self.describe_filtered(&["mysql"]).await,
            Action::DescribeWithoutValues => self.describe_filtered(&[]).await,
            Action::ListOfDeleted => self.list_of_deleted().await,
            Action::CopyPlaintextCluster => self.copy_plaintext_cluster().await.map(Outcome::Snapshot),
            Action::SubscribeToClusters => {
                self.subscribe("cluster-events", "db-cluster-snapshot").await.map(|()| Outcome::Done)
            }
            Action::TakeOfDocumentDb(snapshot) => self.take_of_document_db(snapshot).await.map(Outcome::Snapshot),
            Action::Accept(publisher) => self.accept(publisher).await.map(|()| Outcome::Done),
            Action::Notified(snapshot, number) => self.notified(snapshot, number).await.map(Outcome::Notifications),
            Action::TagKey => self.tag_key().await.map(Outcome::Took),
        }
    }

    /// Takes a snapshot of a database.
    pub(crate) async fn take(&mut self, snapshot: Snapshot, tags: Tags, database: &str) -> Response<View> {
        self.announce(snapshot.side, What::Snapshot(snapshot.kind), snapshot.name)?;
        let (id, tags) = (self.name(snapshot.name), self.tags(tags));
        let mut wait = Wait::new(self.pace);
        let taken = loop {
            let request = rds::take(&self.account(snapshot.side).rds, snapshot.kind, &id, database, tags.clone());
            match request.await {
                // A database that is being backed up accepts no snapshot.
                Err(refused) if is_busy(&refused.code) => wait.pause(&refused.to_string()).await?,
                taken => break taken?,
            }
        };
        self.note(snapshot, taken)
    }

    /// Starts a copy.
    pub(crate) async fn copy(&mut self, copy: Copy) -> Response<View> {
        let Copy { from, to, key, tags, carries_tags } = copy;
        let from = if from.side == to.side { self.name(from.name) } else { self.arn(from)?.to_owned() };
        let customer = |side| self.keys.get(&side).cloned().ok_or_else(|| failure("there is no key".to_owned()));
        let key = match key {
            Key::Unset => None,
            Key::Managed => Some("alias/aws/rds".to_owned()),
            Key::Customer => Some(customer(to.side)?),
            Key::Forbidden => Some(customer(Side::Dr)?),
        };
        self.announce(to.side, What::Snapshot(to.kind), to.name)?;
        let (id, tags) = (self.name(to.name), self.tags(tags));
        let wanted = CopyOf { from: &from, to: &id, key, carries_tags, tags };
        let copied = rds::copy(&self.account(to.side).rds, to.kind, wanted).await?;
        self.note(to, copied)
    }

    /// Notes the ARN of a new snapshot.
    pub(crate) fn note(&mut self, snapshot: Snapshot, view: Option<View>) -> Response<View> {
        let view = view.ok_or_else(|| failure("the response has no snapshot".to_owned()))?;
        self.arns.insert(snapshot, view.arn.clone());
        Ok(view)
    }

    pub(crate) fn arn(&self, snapshot: Snapshot) -> Response<&str> {
        let arn = self.arns.get(&snapshot).map(String::as_str);
        arn.ok_or_else(|| failure(format!("there is no snapshot {}", snapshot.name)))
    }

    async fn describe(&self, by: Side, snapshot: Snapshot, scope: Scope) -> Response<View> {
        let id = if by == snapshot.side { self.name(snapshot.name) } else { self.arn(snapshot)?.to_owned() };
        let include_shared = (scope == Scope::IncludeShared).then_some(true);
        let found = rds::describe(&self.account(by).rds, snapshot.kind, &id, include_shared).await?;
        found.ok_or_else(empty)
    }

    /// The snapshot as its owner sees it, unless it is gone.
    async fn find(&self, snapshot: Snapshot) -> Response<Option<View>> {
        match self.describe(snapshot.side, snapshot, Scope::Plain).await {
            Ok(view) => Ok(Some(view)),
            Err(refused) if is_missing(&refused.code) => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    async fn settle(&self, snapshots: &[Snapshot]) -> Response<Vec<Settled>> {
        let new = |snapshot: &Snapshot| Settled { name: snapshot.name.to_owned(), statuses: Vec::new(), last: None };
        let mut all: Vec<Settled> = snapshots.iter().map(new).collect();
        let mut wait = Wait::new(self.pace);
        loop {
            let mut running = 0;
            for (settled, snapshot) in all.iter_mut().zip(snapshots) {
                if is_final(settled.statuses.last().map(|(_, status)| status.as_str())) {
                    continue;
                }
                let found = self.find(*snapshot).await?;
                let status = found.as_ref().map_or(GONE, |view| view.status.as_str()).to_owned();
                running += usize::from(!is_final(Some(&status)));
                if settled.statuses.last().is_none_or(|(_, last)| *last != status) {
                    settled.statuses.push((wait.seconds(), status));
                }
                settled.last = found;
            }
            if running == 0 {
                return Ok(all);
            }
            wait.pause("snapshots").await?;
        }
    }

    /// Waits until a snapshot is available.
    pub(crate) async fn await_available(&self, snapshot: Snapshot) -> Response<()> {
        match self.settle(&[snapshot]).await?.as_slice() {
            [settled] if settled.end() == "available" => Ok(()),
            all => {
                let end = all.first().map_or(GONE, Settled::end);
                Err(failure(format!("the snapshot {} is {end}", snapshot.name)))
            }
        }
    }

    /// Sharing takes a moment to be seen.
    async fn appear(&self, snapshot: Snapshot) -> Response<View> {
        let mut wait = Wait::new(self.pace);
        loop {
            match self.describe(Side::Dr, snapshot, Scope::IncludeShared).await {
                Err(refused) if is_missing(&refused.code) => wait.pause("the shared snapshot").await?,
                answer => return answer,
            }
        }
    }
}

/// In place of an error code, if a list is empty where AWS documents an error.
pub(crate) const EMPTY: &str = "EmptyList";

/// The same as an error.
pub(crate) fn empty() -> Refusal {
    Refusal { code: EMPTY.to_owned(), message: "The list is empty.".to_owned() }
}

/// Whether an error code says that something does not exist.
pub(crate) fn is_missing(code: &str) -> bool {
    code == EMPTY || ["NotFound", "NonExistent", "DoesNotExist"].iter().any(|part| code.contains(part))
}

/// Whether an error code says that a database is not available now.
fn is_busy(code: &str) -> bool {
    code.starts_with("InvalidDBInstanceState") || code.starts_with("InvalidDBClusterState")
}

fn is_final(status: Option<&str>) -> bool {
    status.is_some_and(|status| {
        [GONE, "available", "failed", "canceled"].contains(&status) || status.starts_with("incompatible")
    })
}
