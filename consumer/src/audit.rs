//! The audit: a source account lists the sources that it believes are copied, and DR answers which copies are missing.

use std::collections::{BTreeMap, BTreeSet};

use archive::Archive;
use cloud::log::step;
use protocol::audit::Sources;
use protocol::{DatabaseArn, Message, Origin, SnapshotRole, Status};
use tracing::error;

use crate::Consumer;

impl Consumer {
    /// Compares the sources with the copies. The work is limited: a message has at most 100 sources, and each of their databases is
    /// listed once.
    pub(crate) async fn answer_audit(&self, sources: Sources) -> anyhow::Result<()> {
        let origins = sources.origins();
        origins.iter().try_for_each(|origin| self.ensure_served(origin))?;
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
        let found = self.cloud.list_all(database.kind, Some(database.id())).await?;
        let archive = Archive::of(self.cloud.here().clone(), &found);
        let in_progress = |status| matches!(status, Status::Creating | Status::Copying | Status::Available);
        let held: BTreeSet<String> = found
            .iter()
            .filter(|found| in_progress(found.status))
            .filter_map(|found| match SnapshotRole::of(found) {
                SnapshotRole::Copy(origin) => Some(key(&origin)),
                _ => None,
            })
            .collect();
        let history = archive.database(database);
        let missing =
            archive::missing(&history, sources, |origin| held.contains(&key(origin)), &self.settings.lifecycles);
        for Origin { snapshot, .. } in &missing {
            error!(%account, %snapshot, step = step::COPY_MISSING, failed = 1,
                "DR has no copy of this snapshot any more, and a lifecycle in force would keep it; the source account is informed");
        }
        Ok(missing.into_iter().cloned().collect())
    }
}

/// An origin as text: a source and when it was taken.
fn key(origin: &Origin) -> String {
    format!("{} {}", origin.snapshot, origin.taken)
}
