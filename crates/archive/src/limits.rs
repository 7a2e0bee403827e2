//! How much one run may delete (invariant 17).
//!
//! Expired copies are normally few: about one a day and database. Many at once mean that something has changed: a lifecycle, the
//! configuration, the clock, an attack, or a mistake. Then nothing is deleted and a person decides.

/// The limits of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of copies that a run deletes at most.
    pub per_run: usize,
    /// The share of one database's copies that a run deletes at most, in percent.
    pub share: u8,
}

/// So many copies of a database may be deleted although they are a greater share.
const ALWAYS_ALLOWED: usize = 2;

/// What a run does with expired copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<D, E> {
    /// Delete these copies; hold those of the databases over the limit.
    Delete {
        /// The copies, by database.
        expired: Vec<(D, Vec<E>)>,
        /// The databases of which no copy is deleted.
        held: Vec<Held<D>>,
    },
    /// Delete no copy: all together are more than a run may delete.
    HoldAll {
        /// The number of expired copies, without those of the databases over the limit.
        expired: usize,
        /// The databases that are over the limit by themselves.
        held: Vec<Held<D>>,
    },
}

/// A database of which no copy is deleted, because too many have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<D> {
    /// The database.
    pub database: D,
    /// The number of expired copies.
    pub expired: usize,
    /// The number of copies that may be deleted.
    pub limit: usize,
}

/// The expired copies of a database.
pub struct Candidates<D, E> {
    /// The database.
    pub database: D,
    /// The number of its copies.
    pub copies: usize,
    /// Those that have expired.
    pub expired: Vec<E>,
}

impl Limits {
    /// The number of copies of a database that a run may delete, of so many.
    #[must_use]
    pub fn of_database(self, copies: usize) -> usize {
        (copies * usize::from(self.share) / 100).max(ALWAYS_ALLOWED)
    }

    /// Decides what a run deletes. `accepted` is the number of deletions that a person has accepted for this run; it replaces
    /// both limits.
    pub fn decide<D, E>(
        self,
        candidates: impl IntoIterator<Item = Candidates<D, E>>,
        accepted: Option<usize>,
    ) -> Decision<D, E> {
        let (mut allowed, mut held) = (Vec::new(), Vec::new());
        for Candidates { database, copies, expired } in candidates {
            let limit = self.of_database(copies);
            if accepted.is_none() && expired.len() > limit {
                held.push(Held { database, expired: expired.len(), limit });
            } else if !expired.is_empty() {
                allowed.push((database, expired));
            }
        }
        let expired = allowed.iter().map(|(_, expired)| expired.len()).sum();
        if expired > accepted.unwrap_or(self.per_run) {
            return Decision::HoldAll { expired, held };
        }
        Decision::Delete { expired: allowed, held }
    }
}
