//! What the consumer is told by its environment.

use std::collections::{BTreeMap, BTreeSet};

use cloud::patience::Patience;
use protocol::settings::{Problems, Settings as Environment, accounts, arn_of};
use protocol::{AccountId, Place, Tags};
use retention::{Lifecycle, Lifecycles, Rules};

/// How the consumer is set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The accounts that it serves.
    pub(crate) sources: BTreeSet<AccountId>,
    pub(crate) keys: Keys,
    /// Whether unencrypted cluster snapshots are copied as they are.
    pub(crate) plaintext_clusters: Plaintext,
    /// What becomes of copies that no rule holds.
    pub(crate) deletion: Deletion,
    pub(crate) lifecycles: Lifecycles,
    /// What is kept whatever a lifecycle says.
    pub(crate) floor: Lifecycle,
    /// How copies are waited for.
    pub(crate) patience: Patience,
    /// The user's own tag for what Draco makes, if there is one.
    pub(crate) tag: Tags,
}

/// Which keys copies are under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// All under this one.
    One(String),
    /// Those of each database under its own, which is made when it is needed.
    PerDatabase,
}

/// What becomes of snapshots that cannot be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plaintext {
    Forbidden,
    Allowed,
}

/// What becomes of copies that no rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// The log says that they would be deleted.
    Dry,
    /// They are deleted.
    Real,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>, here: &Place) -> Result<Self, Problems> {
        let mut read = Environment::new(environment);
        let sources = read.required("SOURCE_ACCTS", "the accounts whose snapshots are kept here", accounts);
        let keys = match read.switch("KEY_PER_DATABASE") {
            true => Some(Keys::PerDatabase),
            false => read
                .required("DR_KEY_ARN", "the key for copies, unless KEY_PER_DATABASE is set", arn_of("kms"))
                .map(Keys::One),
        };
        let plaintext_clusters =
            if read.switch("ALLOW_PLAINTEXT_CLUSTERS") { Plaintext::Allowed } else { Plaintext::Forbidden };
        let deletion = if read.switch("NO_DRY_RUN") { Deletion::Real } else { Deletion::Dry };
        let lifecycles = read.optional("LIFECYCLES", |text| serde_json::from_str::<Lifecycles>(text));
        let floor = read.optional("FLOOR", |text| serde_json::from_str::<Rules>(text));
        let (patience, tag) = (Patience::read(&mut read, here), read.own_tag());
        let settings = sources.zip(keys).map(|(sources, keys)| Self {
            sources,
            keys,
            plaintext_clusters,
            deletion,
            lifecycles: lifecycles.unwrap_or_else(Lifecycles::built_in),
            floor: floor.unwrap_or_else(Rules::default_floor).named(FLOOR),
            patience,
            tag,
        });
        read.done(settings)
    }
}

const FLOOR: &str = "Floor";
