//! The consumer's settings, from environment variables.

use std::collections::{BTreeMap, BTreeSet};

use archive::onward::Backfill;
use cloud::wait::WaitPolicy;
use protocol::settings::{
    SettingsError, SettingsReader, parse_accounts, parse_arn_of, parse_number, parse_regions, parse_tag_value,
    parse_time,
};
use protocol::{AccountId, Place, Region, SourceTags, Tags};
use retention::{Lifecycle, Lifecycles};

use crate::limits::Limits;

/// The consumer's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The source accounts that it serves.
    pub(crate) sources: BTreeSet<AccountId>,
    /// The regions of their snapshots that it serves: its own, unless `SOURCE_REGIONS` names others.
    pub(crate) regions: BTreeSet<Region>,
    /// DR's first region: its copies are copied to this region.
    pub(crate) first: Option<First>,
    /// DR's second region: finished copies are announced to it.
    pub(crate) second: Option<Region>,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    /// Which tags of a source its copy gets.
    pub(crate) source_tags: SourceTags,
    /// Whether unencrypted cluster snapshots are copied without encryption.
    pub(crate) plaintext_clusters: Plaintext,
    pub(crate) lifecycles: Lifecycles,
    pub(crate) wait_policy: WaitPolicy,
    /// The user's own tag for everything that Draco creates, if there is one.
    pub(crate) tag: Tags,
}

/// DR's first region, if this is the second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct First {
    /// The DR account there.
    pub(crate) place: Place,
    /// The lifecycle of the copies in this region, if it is not that of the copies in the first region.
    pub(crate) lifecycle: Option<String>,
    /// What this region gets of the copies that were there before it.
    pub(crate) backfill: Backfill,
}

/// The keys under which copies are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The ARN of one key for all copies.
    One(String),
    /// A key for each database, created when it is first needed.
    PerDatabase,
    /// AWS's managed key of the account for RDS. It cannot be deleted, and copies under it cannot be shared.
    AwsManaged,
}

/// Whether snapshots that cannot be encrypted are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plaintext {
    Forbidden,
    Allowed,
}

impl Settings {
    pub(crate) fn read(environment: &BTreeMap<String, String>, here: &Place) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(environment);
        let sources = reader.required("SOURCE_ACCTS", "the IDs of the source accounts", parse_accounts);
        let regions = reader.optional("SOURCE_REGIONS", parse_regions);
        let (first, second) = (First::read(&mut reader, here), other_region(&mut reader, "SECOND_REGION", here));
        let keys = match (reader.switch("KEY_PER_DATABASE"), reader.switch("AWS_MANAGED_KEY")) {
            (true, true) => {
                reader.error("KEY_PER_DATABASE and AWS_MANAGED_KEY exclude each other: AWS has one managed key for all databases");
                None
            }
            (true, false) => Some(Keys::PerDatabase),
            (false, true) => Some(Keys::AwsManaged),
            (false, false) => reader
                .required(
                    "DR_KEY_ARN",
                    "the ARN of the key for copies, unless KEY_PER_DATABASE or AWS_MANAGED_KEY is set",
                    parse_arn_of("kms"),
                )
                .map(Keys::One),
        };
        let limits = Limits::read(&mut reader);
        let source_tags = reader.optional("SOURCE_TAGS", SourceTags::parse);
        let plaintext_clusters =
            if reader.switch("ALLOW_PLAINTEXT_CLUSTERS") { Plaintext::Allowed } else { Plaintext::Forbidden };
        let lifecycles = reader.optional("LIFECYCLES", |text| serde_json::from_str::<Lifecycles>(text));
        let known = lifecycles.clone().unwrap_or_else(Lifecycles::built_in);
        if let Some(name) = first.as_ref().and_then(|first| first.lifecycle.as_deref())
            && matches!(known.named(name), Lifecycle::Unknown(_))
        {
            reader.error(format!("SECOND_LIFECYCLE: {name} is not a lifecycle: add it to LIFECYCLES"));
        }
        let (wait_policy, tag) = (WaitPolicy::read(&mut reader, here), reader.own_tag());
        let settings = sources.zip(keys).map(|(sources, keys)| Self {
            sources,
            regions: regions.unwrap_or_else(|| BTreeSet::from([here.region.clone()])),
            first,
            second,
            keys,
            limits,
            source_tags: source_tags.unwrap_or_default(),
            plaintext_clusters,
            lifecycles: lifecycles.unwrap_or_else(Lifecycles::built_in),
            wait_policy,
            tag,
        });
        reader.finish(settings)
    }
}

impl First {
    fn read(reader: &mut SettingsReader<'_>, here: &Place) -> Option<Self> {
        let region = other_region(reader, "FIRST_REGION", here)?;
        let since = reader.required("SINCE", "when this region was added, in RFC 3339", parse_time);
        let gib = reader.optional("BACKFILL_GIB", |text| parse_number(text, 0..=u32::MAX)).unwrap_or_default();
        let lifecycle = reader.optional("SECOND_LIFECYCLE", parse_tag_value);
        let place = Place { region, account: here.account.clone() };
        since.map(|since| Self { place, lifecycle, backfill: Backfill { since, gib: gib.into() } })
    }
}

/// A region in a variable, which cannot be the function's own.
fn other_region(reader: &mut SettingsReader<'_>, name: &str, here: &Place) -> Option<Region> {
    let region = reader.optional(name, str::parse::<Region>)?;
    if region == here.region {
        reader.error(format!("{name} is {region}, which is the region of this stack"));
    }
    Some(region)
}
