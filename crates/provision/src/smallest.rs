//! The smallest class and storage for data, of what a region offers. A temporary database has these, and not those of a recorded spec:
//! a source account writes that, and must not be able to buy a large database in DR.

use cloud::Offer;
use protocol::spec::{Setting, Settings, Spec, Value};

use crate::plan::{GP3_LEAST, gp3_minimum, is_late_storage};

/// "Don't use db.t2 or db.t3 instance classes for larger Aurora clusters of size greater than 40 TB" (user guide of Aurora).
const BURSTABLE_GIB: u32 = 40 * 1024;
/// Storage types, the cheapest first. Provisioned IOPS cost more than the storage.
const TYPES: [&str; 5] = ["gp3", "gp2", "standard", "io1", "io2"];

/// What a database needs.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'n> {
    /// What the class is for.
    pub purpose: Purpose,
    /// The size of the data.
    pub gib: Option<u32>,
    /// Whether the data may be encrypted, which the class has to support.
    pub is_encrypted: bool,
    /// The licence, if it is known.
    pub license: Option<&'n str>,
    /// The type of the storage that the data have. A change of it takes time.
    pub storage_type: Option<&'n str>,
    /// Whether the restore has the storage of the data, so that the class must have that.
    pub is_storage_kept: bool,
}

/// What a class is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An instance with storage of its own.
    Instance,
    /// An instance in an Aurora cluster.
    Member,
    /// The instances of a Multi-AZ cluster.
    MultiAzCluster,
}

/// The offer with the smallest class, and of its storage types the best.
#[must_use]
pub fn offer<'o>(offers: &'o [Offer], needs: &Needs<'_>) -> Option<&'o Offer> {
    offers.iter().filter(|offer| fits(offer, needs)).min_by_key(|offer| (rank(&offer.class), preference(offer, needs)))
}

fn fits(offer: &Offer, needs: &Needs<'_>) -> bool {
    let has_license = needs.license.is_none_or(|wanted| offer.license.as_deref().is_none_or(|of| of == wanted));
    // Serverless members have a range of capacity instead, and stand in a cluster that has one.
    let is_provisioned = offer.class != "db.serverless";
    let has_room = needs.gib.is_none_or(|gib| match needs.purpose {
        Purpose::Member => gib <= BURSTABLE_GIB || !offer.class.starts_with("db.t"),
        Purpose::Instance | Purpose::MultiAzCluster => offer.max_gib.is_none_or(|most| gib <= most),
    });
    let has_purpose = needs.purpose != Purpose::MultiAzCluster || offer.supports_clusters;
    // "Indicates whether a DB instance supports encrypted storage" (`SupportsStorageEncryption`).
    let can_encrypt = !needs.is_encrypted || offer.supports_encryption;
    let has_storage = |kept: &str| offer.storage_type.as_deref().is_none_or(|of| of == kept);
    let has_storage = !needs.is_storage_kept || needs.storage_type.is_none_or(has_storage);
    has_storage && has_license && is_provisioned && has_room && has_purpose && can_encrypt
}

/// Smaller is cheaper. Of classes of one size: burstable ones, then those with less memory, and newer ones before older ones.
fn rank(class: &str) -> (u32, usize, std::cmp::Reverse<u32>, &str) {
    const FAMILIES: [&str; 4] = ["t", "c", "m", "r"];
    let mut parts = class.strip_prefix("db.").unwrap_or(class).split('.');
    let (family, size) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let letters: String = family.chars().take_while(char::is_ascii_alphabetic).collect();
    let digits: String =
        family.chars().skip_while(char::is_ascii_alphabetic).take_while(char::is_ascii_digit).collect();
    let nth = FAMILIES.iter().position(|known| *known == letters).unwrap_or(FAMILIES.len());
    (units(size), nth, std::cmp::Reverse(digits.parse().unwrap_or_default()), class)
}

/// The price of a class, in that of a medium one, about: AWS's prices in a family follow its units of normalisation. A class of which the
/// size is unknown counts as medium.
#[must_use]
pub fn price(class: &str) -> f64 {
    // `db.r5.4xlarge.tpc2.mem4x`
    match units(class.split('.').nth(2).unwrap_or_default()) {
        u32::MAX => 1.0,
        units => f64::from(units) / 8.0,
    }
}

/// The size in quarters of AWS's units of normalisation, of which a small class has one. Sizes with another name count as the largest.
fn units(size: &str) -> u32 {
    const SIZES: [(&str, u32); 6] =
        [("nano", 1), ("micro", 2), ("small", 4), ("medium", 8), ("large", 16), ("xlarge", 32)];
    let named = SIZES.iter().find(|(name, _)| *name == size).map(|(_, units)| *units);
    let times = || size.strip_suffix("xlarge")?.parse::<u32>().ok()?.checked_mul(32);
    named.or_else(times).unwrap_or(u32::MAX)
}

fn preference(offer: &Offer, needs: &Needs<'_>) -> usize {
    let storage = offer.storage_type.as_deref().unwrap_or_default();
    let keeps = needs.storage_type == Some(storage) && ["gp2", "gp3"].contains(&storage);
    if keeps { 0 } else { TYPES.iter().position(|known| *known == storage).unwrap_or(TYPES.len()) + 1 }
}

/// The settings of the smallest storage of an offer. `data` has those of the data.
#[must_use]
pub fn storage(offer: &Offer, purpose: Purpose, gib: Option<u32>, spec: &Spec, data: &Settings) -> Settings {
    let mut settings = Settings::new();
    // A restore of SQL Server has the storage of the data. Another one would be a change that takes hours.
    let is_chosen = purpose != Purpose::Member && !is_late_storage(Setting::StorageType, &spec.engine);
    let Some(storage) = offer.storage_type.as_deref().filter(|_| is_chosen) else { return settings };
    settings.insert(Setting::StorageType, Value::Name(storage.to_owned()));
    let number = |setting| match data.get(&setting) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let least = offer.min_gib.filter(|least| gib.is_some_and(|gib| gib < *least));
    // The storage of a cluster comes with the snapshot.
    if let Some(least) = least.filter(|_| purpose == Purpose::Instance) {
        settings.insert(Setting::AllocatedStorage, Value::Number(least));
    }
    let gib = gib.unwrap_or_default().max(least.unwrap_or_default());
    // "Must be a multiple between .5 and 50 of the storage amount for the DB instance" (`Iops`).
    let minimum = |least: u32| Value::Number(least.max(offer.min_iops.unwrap_or_default()).max(gib.div_ceil(2)));
    let (iops, mibps) = baseline(&spec.engine, gib);
    let is_above = number(Setting::Iops) > Some(iops) || number(Setting::StorageThroughput) > Some(mibps);
    match storage {
        "io1" | "io2" => drop(settings.insert(Setting::Iops, minimum(1000))),
        // "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType`).
        "gp3" if purpose == Purpose::MultiAzCluster => drop(settings.insert(Setting::Iops, minimum(iops))),
        // "If this parameter isn't specified, the IOPS value is taken from the backup" (`Iops`).
        "gp3" if gib >= gp3_minimum(&spec.engine) && is_above => {
            settings.insert(Setting::Iops, minimum(iops));
            settings.insert(Setting::StorageThroughput, Value::Number(mibps));
        }
        _ => {}
    }
    settings
}

/// The IOPS and the throughput that gp3 has without a charge: more where RDS stripes over four volumes ("Storage for Amazon RDS").
fn baseline(engine: &str, gib: u32) -> (u32, u32) {
    if gib >= gp3_minimum(engine) { (GP3_LEAST[0].1, GP3_LEAST[1].1) } else { (3000, 125) }
}

/// A class that is offered, in place of one that is not: of the same size and letters, and as new as possible.
#[must_use]
pub fn similar<'o>(offers: &'o [Offer], class: &str) -> Option<&'o str> {
    let (size, family, _, _) = rank(class);
    let letters =
        |class: &str| class.trim_start_matches("db.").chars().take_while(char::is_ascii_alphabetic).collect::<String>();
    let is_similar = |offer: &&Offer| {
        let (of_size, of_family, _, _) = rank(&offer.class);
        (of_size, of_family) == (size, family) && letters(&offer.class) == letters(class) && size < u32::MAX
    };
    offers.iter().filter(is_similar).map(|offer| offer.class.as_str()).min_by_key(|class| rank(class))
}
