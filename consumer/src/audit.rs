//! The audit: a source account lists the sources that it believes are copied, and DR answers which copies are missing.

use std::collections::{BTreeMap, BTreeSet};

use archive::{Archive, History};
use cloud::log::step;
use protocol::audit::Sources;
use protocol::{DatabaseArn, Message, Origin, Snapshot, SnapshotRole, Status};
use tracing::error;

use crate::Consumer;
use crate::onward::Upstream;

/// A database was renamed a few times at most while its snapshots exist.
const MAX_FORMER_NAMES: usize = 3;

impl Consumer {
    /// Compares the sources with the copies. The work is limited: a message has at most 100 sources of 20 databases. Each database is
    /// listed once, and once more for each former name that it is found to have had.
    pub(crate) async fn answer_audit(&self, sources: Sources) -> anyhow::Result<()> {
        let origins = sources.origins();
        origins.iter().try_for_each(|origin| self.ensure_served(origin, &Upstream::Source))?;
        let mut databases: BTreeMap<&DatabaseArn, Vec<Origin>> = BTreeMap::new();
        for origin in origins {
            databases.entry(&origin.database).or_default().push(origin.clone());
        }
        let mut missing = Vec::new();
        for (database, sources) in databases {
            missing.extend(self.missing(database, &sources).await?);
        }
        // There are none, or as many as in the message at most.
        match Sources::try_from(missing) {
            Ok(sources) => self.reply(&Message::Missing { sources }).await,
            Err(_) => Ok(()),
        }
    }

    /// The sources of a database without a copy that a lifecycle in force would keep.
    async fn missing(&self, database: &DatabaseArn, sources: &[Origin]) -> anyhow::Result<Vec<Origin>> {
        let account = &database.place.account;
        let (mut history, mut held) = (History::default(), BTreeSet::new());
        let mut names = vec![database.clone()];
        history.copies.extend(self.held_copies(database, &mut held).await?.copies);
        while names.len() <= MAX_FORMER_NAMES
            && let Some(former) = self.former_name(&history, sources, &held).await?
            && !names.contains(&former)
        {
            history.copies.extend(self.held_copies(&former, &mut held).await?.copies);
            names.push(former);
        }
        let known = &self.settings.lifecycles;
        let missing = archive::missing(&history, sources, |origin| held.contains(&key(origin)), known);
        for Origin { snapshot, .. } in &missing {
            error!(%account, %snapshot, step = step::COPY_MISSING, failed = 1,
                "DR has no copy of this snapshot, and a lifecycle in force would keep it; the source account is informed");
        }
        Ok(missing.into_iter().cloned().collect())
    }

    /// The copies of a database. Those in any state in which they are or become complete are added to `held`.
    async fn held_copies(&self, database: &DatabaseArn, held: &mut BTreeSet<String>) -> Result<History, cloud::Error> {
        let mut archive = Archive::new(self.cloud.here().clone());
        let add = |found: Snapshot| {
            archive.add(&found);
            if let (Status::Creating | Status::Copying | Status::Available, SnapshotRole::Copy(origin)) =
                (found.status, SnapshotRole::of(&found))
            {
                held.insert(key(&origin));
            }
            Ok::<_, cloud::Error>(())
        };
        self.cloud.try_for_each(database.kind, Some(database.id()), add).await?;
        Ok(archive.database(database))
    }

    /// The name that a renamed database had before, if AWS states the new one for its earlier snapshots: their copies record the former
    /// one. The newest snapshot from before the oldest copy tells, because its copy was the last one of that name, and is kept. So one look
    /// is enough.
    async fn former_name(
        &self,
        history: &History,
        sources: &[Origin],
        held: &BTreeSet<String>,
    ) -> Result<Option<DatabaseArn>, cloud::Error> {
        let oldest = history.copies.iter().map(|copy| copy.taken).min();
        let earlier = |source: &&Origin| oldest.is_none_or(|oldest| source.taken < oldest);
        let newest = sources.iter().filter(earlier).max_by_key(|source| source.taken);
        let Some(newest) = newest.filter(|newest| !held.contains(&key(newest))) else { return Ok(None) };
        let copies = self.copies_by_name(newest).await?;
        Ok(copies.last().and_then(|copy| match SnapshotRole::of(copy) {
            SnapshotRole::Copy(own) if own == *newest => Some(own.database),
            _ => None,
        }))
    }
}

/// An origin as text: a source and when it was taken.
fn key(origin: &Origin) -> String {
    format!("{} {}", origin.snapshot, origin.taken)
}
