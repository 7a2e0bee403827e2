//! What one source account may use of DR (invariant 14).

use std::num::NonZeroUsize;

use protocol::settings::SettingsReader;

/// The limits of each source account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The number of databases, and of their keys with `KEY_PER_DATABASE`.
    pub(crate) databases: usize,
    /// The number of announced transit copies that are awaited at a time, because DR cannot see them yet.
    pub(crate) pending: usize,
}

/// Five times RDS's default quota for databases of an account in a region.
const DEFAULT_DATABASES: usize = 200;
/// As many snapshots as a large account takes in ten minutes.
const DEFAULT_PENDING: usize = 200;

impl Limits {
    pub(crate) fn read(reader: &mut SettingsReader<'_>) -> Self {
        let mut limit =
            |name, default| reader.optional(name, str::parse::<NonZeroUsize>).map_or(default, NonZeroUsize::get);
        Self { databases: limit("MAX_DATABASES", DEFAULT_DATABASES), pending: limit("MAX_PENDING", DEFAULT_PENDING) }
    }
}
