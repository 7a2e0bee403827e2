//! The audit: what this account believes is copied, compared with what DR has.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cloud::Effect;
use cloud::log::step;
use protocol::audit::{MAX_DATABASES, MAX_SOURCES, Sources, missing_mark};
use protocol::{DatabaseArn, Kind, Message, Origin, Snapshot, SnapshotArn, SnapshotRole, tags};
use tracing::{error, info, warn};

use crate::Producer;
use crate::act::Delivery;
use crate::decide::{Outcome, Source, Wanted};

/// The sources that are marked as copied, by database: the identifier, and when it was taken. Tags would need too much memory.
type Copied = BTreeMap<DatabaseArn, Vec<(Box<str>, DateTime<Utc>)>>;

impl Producer {
    /// Lists all sources that are marked as copied, and asks DR which copies are missing.
    pub(crate) async fn send_audit(&self) -> anyhow::Result<()> {
        let mut copied = Copied::new();
        for kind in Kind::ALL {
            self.cloud.try_for_each(kind, None, |snapshot| self.add_copied(snapshot, &mut copied)).await?;
        }
        let snapshots: usize = copied.values().map(Vec::len).sum();
        for sources in messages(copied) {
            match self.send_to_dr(&Message::Audit { sources }).await? {
                Delivery::Sent => {}
                Delivery::Unreachable => {
                    warn!(step = step::DR_UNREACHABLE, "DR's region cannot be reached; the next audit asks it");
                    return Ok(());
                }
                // The next snapshot raises the alarm, and says what to do.
                Delivery::RegionDisabled(error) => {
                    warn!(
                        step = step::DR_REGION_DISABLED,
                        reason = error.code(),
                        "DR's region is not enabled; the next audit asks it"
                    );
                    return Ok(());
                }
            }
        }
        info!(step = step::AUDIT_SENT, snapshots, "asked DR which copies are missing");
        Ok(())
    }

    /// Asks DR whether it has a copy of one source. If it has none, its answer raises the alarm.
    pub(crate) async fn ask_about(&self, origin: &Origin) -> anyhow::Result<()> {
        let sources = Sources::try_from(vec![origin.clone()])?;
        // An error of the timer, also if DR's region cannot be reached: nothing looks at this snapshot again.
        self.cloud.publish(&self.settings.consumer_topic, &Message::Audit { sources }).await?;
        info!(snapshot = %origin.snapshot, step = step::AUDIT_SENT, snapshots = 1,
            "the snapshot and its transit copy are gone; asked DR whether it has a copy");
        Ok(())
    }

    /// Adds a source that is marked as copied and still has a lifecycle.
    fn add_copied(&self, snapshot: Snapshot, copied: &mut Copied) -> anyhow::Result<()> {
        if SnapshotRole::of(&snapshot) != SnapshotRole::Source {
            return Ok(());
        }
        let Some(origin) = snapshot.origin()? else { return Ok(()) };
        if let Source::Available { wanted: Wanted::Copy, outcome: Outcome::Copied, .. } =
            self.evaluate(snapshot, &origin)
        {
            copied.entry(origin.database).or_default().push((origin.snapshot.id().into(), origin.taken));
        }
        Ok(())
    }

    /// Marks a source whose copy is missing, so that the next sweep copies it again.
    pub(crate) async fn copy_missing_again(&self, origin: &Origin) -> anyhow::Result<()> {
        let snapshot = &origin.snapshot;
        self.ensure_here(snapshot)?;
        let mark = missing_mark(self.cloud.now());
        let kept = self.unconfirm(origin, &mark).await?;
        let effect = match self.find_source(origin).await? {
            Source::Available { outcome: Outcome::Copied, .. } => self.cloud.tag(snapshot, tags::COPIED, &mark).await?,
            // The sweep announces the transit copy.
            Source::Gone | Source::NotObserved => kept,
            // It is copied again already.
            Source::NotReady | Source::Available { .. } => return Ok(()),
        };
        match effect {
            Effect::Applied => warn!(%snapshot, step = step::MARKED_MISSING,
                "DR no longer has the copy of this snapshot; the next sweep copies it again"),
            Effect::NotFound => error!(%snapshot, step = step::COPY_LOST, failed = 1,
                "DR has no copy of this snapshot, and the snapshot is gone"),
        }
        Ok(())
    }
}

/// The messages: the sources of one database are together, as far as one message has space for them.
fn messages(copied: Copied) -> Vec<Sources> {
    let (mut full, mut open, mut databases) = (Vec::new(), Vec::new(), 0);
    for (database, sources) in copied {
        let sources: Vec<Origin> =
            sources.into_iter().filter_map(|(id, taken)| origin(&database, &id, taken)).collect();
        for chunk in sources.chunks(MAX_SOURCES) {
            if open.len() + chunk.len() > MAX_SOURCES || databases == MAX_DATABASES {
                full.push(std::mem::take(&mut open));
                databases = 0;
            }
            open.extend_from_slice(chunk);
            databases += 1;
        }
    }
    full.push(open);
    // Empty lists are left out.
    full.into_iter().filter_map(|sources| Sources::try_from(sources).ok()).collect()
}

fn origin(database: &DatabaseArn, id: &str, taken: DateTime<Utc>) -> Option<Origin> {
    let snapshot = SnapshotArn::new(database.kind, database.place.clone(), id).ok()?;
    Some(Origin { snapshot, database: database.clone(), taken })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of sources in the messages for databases with these numbers of sources.
    fn numbers(databases: &[usize]) -> Vec<usize> {
        let copied = databases.iter().enumerate().map(|(nth, sources)| {
            let database = format!("arn:aws:rds:eu-west-1:111111111111:db:db-{nth:03}").parse().unwrap();
            (database, (0..*sources).map(|nth| (format!("s-{nth}").into(), DateTime::UNIX_EPOCH)).collect())
        });
        messages(copied.collect()).iter().map(|sources| sources.origins().len()).collect()
    }

    #[test]
    fn databases_are_kept_together_in_messages_of_at_most_a_hundred() {
        assert_eq!(numbers(&[]), [0; 0]);
        assert_eq!(numbers(&[1, 2, 3]), [6]);
        assert_eq!(numbers(&[60, 60, 40]), [60, 100]);
        assert_eq!(numbers(&[30, 250, 10]), [30, 100, 100, 60]);
        assert_eq!(numbers(&[100, 100]), [100, 100]);
        assert_eq!(numbers(&[1; 50]), [20, 20, 10], "at most twenty databases");
    }
}
