//! The ledger: what an observer saw of both accounts over time.
//!
//! Automated snapshots expire and copies are thinned, so the end alone does not tell whether anything was lost. The ledger
//! looks now and then with the owners' eyes, and remembers. It reads no log: what the functions say of themselves is not
//! evidence.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cloud::Cloud;
use protocol::{Kind, Origin, Place, Snapshot, SnapshotArn, SnapshotRole, Status};

use crate::Rehearsal;

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Every snapshot that somebody else than Draco took, as it was seen last, by name and time.
    pub sources: BTreeMap<(SnapshotArn, DateTime<Utc>), Taken>,
    /// Every copy in DR, as it was seen last.
    pub copies: BTreeMap<SnapshotArn, (Origin, Snapshot)>,
    /// What is in the accounts now, of Draco's: transit copies and when they were seen first.
    pub transits: BTreeMap<SnapshotArn, (Origin, DateTime<Utc>)>,
    /// The copies that are in DR now.
    pub present: BTreeMap<SnapshotArn, Snapshot>,
}

/// A source that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// As it was seen last.
    pub snapshot: Snapshot,
    /// As its copies tell of it.
    pub origin: Origin,
}

impl Taken {
    /// Whether Draco is to copy it.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        self.snapshot.lifecycle().is_some_and(|lifecycle| !lifecycle.eq_ignore_ascii_case("Ignore"))
    }
}

impl Ledger {
    /// Looks at everything that is in both accounts now.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn observe(&mut self, rehearsal: &Rehearsal) -> anyhow::Result<()> {
        let before = std::mem::take(&mut self.transits);
        let now = rehearsal.world.now();
        for place in rehearsal.cast.sources() {
            for snapshot in rehearsal.snapshots(&place).await? {
                match SnapshotRole::of(&snapshot) {
                    SnapshotRole::Transit(origin) => {
                        let since = before.get(&snapshot.arn).map_or(now, |(_, since)| *since);
                        self.transits.insert(snapshot.arn.clone(), (origin, since));
                    }
                    SnapshotRole::Copy(_) => {}
                    SnapshotRole::Source if snapshot.status == Status::Available => {
                        if let Some(origin) = snapshot.origin()? {
                            self.sources.insert((snapshot.arn.clone(), origin.taken), Taken { snapshot, origin });
                        }
                    }
                    SnapshotRole::Source => {}
                }
            }
        }
        self.present.clear();
        for snapshot in rehearsal.snapshots(&rehearsal.cast.dr()).await? {
            if let SnapshotRole::Copy(origin) = SnapshotRole::of(&snapshot) {
                self.present.insert(snapshot.arn.clone(), snapshot.clone());
                if snapshot.status == Status::Available {
                    self.copies.insert(snapshot.arn.clone(), (origin, snapshot));
                }
            }
        }
        Ok(())
    }

    /// The copy of a source, if there ever was one that was whole.
    #[must_use]
    pub fn copy_of(&self, source: &Taken, dr: &Place) -> Option<&Snapshot> {
        self.copies.get(&source.origin.copy(dr)).map(|(_, copy)| copy)
    }
}

impl Rehearsal {
    /// All snapshots of an account, as its owner sees them.
    ///
    /// # Errors
    /// If the world refuses.
    pub async fn snapshots(&self, place: &Place) -> anyhow::Result<Vec<Snapshot>> {
        let cloud = Cloud::new(&self.owner(place), place.clone());
        let mut all = Vec::new();
        for kind in Kind::ALL {
            all.extend(cloud.list_all(kind, None).await?);
        }
        Ok(all)
    }
}
