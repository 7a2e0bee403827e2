//! The audit: a source account lists the sources that it believes are copied, and DR answers which copies are missing.

use std::collections::{BTreeMap, BTreeSet};

use archive::Archive;
use cloud::log::step;
use protocol::audit::Sources;
use protocol::{DatabaseArn, Message, Origin, Snapshot, SnapshotRole, Status};
use tracing::error;

use crate::Consumer;
use crate::decide::Existing;
use crate::onward::Upstream;

impl Consumer {
    /// Compares the sources with the copies. The work is limited: a message has at most 100 sources of 20 databases, and each
    /// database is listed once.
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
        let (mut archive, mut held) = (Archive::new(self.cloud.here().clone()), BTreeSet::new());
        let add = |found: Snapshot| {
            archive.add(&found);
            if let (true, SnapshotRole::Copy(origin)) = (is_held(&found), SnapshotRole::of(&found)) {
                held.insert(key(&origin));
            }
            Ok::<_, cloud::Error>(())
        };
        self.cloud.try_for_each(database.kind, Some(database.id()), add).await?;
        let history = archive.database(database);
        let (mut missing, known) = (Vec::new(), &self.settings.lifecycles);
        for origin in archive::missing(&history, sources, |origin| held.contains(&key(origin)), known) {
            if !self.is_held(origin).await? {
                error!(%account, snapshot = %origin.snapshot, step = step::COPY_MISSING, failed = 1,
                    "DR has no copy of this snapshot, and a lifecycle in force would keep it; the source account is informed");
                missing.push(origin.clone());
            }
        }
        Ok(missing)
    }

    /// Whether there is a copy, also if AWS states another database for it: the database may have been renamed since.
    async fn is_held(&self, origin: &Origin) -> Result<bool, cloud::Error> {
        let copies = self.copies_by_name(origin).await?;
        Ok(matches!(Existing::of(copies, origin), Existing::Copy { snapshot, .. } if is_held(&snapshot)))
    }
}

/// Whether a copy is complete, or may become so.
fn is_held(copy: &Snapshot) -> bool {
    matches!(copy.status, Status::Creating | Status::Copying | Status::Available)
}

/// An origin as text: a source and when it was taken.
fn key(origin: &Origin) -> String {
    format!("{} {}", origin.snapshot, origin.taken)
}
