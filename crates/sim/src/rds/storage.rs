//! The storage of databases: types, sizes, and provisioned performance.

use std::ops::RangeInclusive;

use super::engines::{Engine, Product};
use super::given::Given;
use super::kind::Kind;
use super::rules::{invalid, invalid_combination};
use super::settings::Settings;
use crate::call::Error;

/// Chooses the default storage type, and checks size and performance.
pub(super) fn complete(settings: &mut Settings, kind: Kind, engine: &Engine) -> Result<(), Error> {
    match (engine.has_fixed_storage(), kind) {
        (false, _) => complete_growing(settings, engine),
        (true, Kind::Instance) => complete_instance(settings, engine),
        (true, Kind::Cluster) => complete_multi_az_cluster(settings, engine),
    }
}

/// "Default: io1, if the Iops parameter is specified. Otherwise, gp3" (`CreateDBInstance`).
fn complete_instance(settings: &mut Settings, engine: &Engine) -> Result<(), Error> {
    let default = if settings.number("Iops").is_some() { "io1" } else { "gp3" };
    settings.set_default("StorageType", default);
    check(settings, engine, &["gp2", "gp3", "io1", "io2", "standard"])
}

/// "Valid Values: io1, io2, gp3. Default: io1." Size and IOPS are "required to create a Multi-AZ DB cluster"
/// (`CreateDBCluster`).
fn complete_multi_az_cluster(settings: &mut Settings, engine: &Engine) -> Result<(), Error> {
    settings.set_default("StorageType", "io1");
    if settings.number("Iops").is_none() {
        return Err(Error::missing_parameter("Iops"));
    }
    check(settings, engine, &["gp3", "io1", "io2"])
}

/// "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType` of both restores of clusters and of
/// `ModifyDBCluster`).
pub(super) fn check_given(given: &Given, kind: Kind, engine: &Engine) -> Result<(), Error> {
    let has = |parameter: &str| given.0.contains_key(parameter);
    let is_multi_az = kind == Kind::Cluster && engine.has_fixed_storage();
    if is_multi_az && has("StorageType") && !has("Iops") { Err(Error::missing_parameter("Iops")) } else { Ok(()) }
}

/// Checks the storage in the request that restores an instance: "This setting isn't valid for RDS for SQL Server" (`AllocatedStorage` of both
/// restores). "This setting doesn't apply to SQL Server" (`Iops` of the one to a time) does not say whether AWS refuses it.
pub(super) fn check_restored(given: &Given, engine: &Engine, is_to_time: bool) -> Result<(), Error> {
    if engine.product != Product::SqlServer {
        return Ok(());
    }
    if given.0.contains_key("AllocatedStorage") {
        return Err(invalid_combination(format!("AllocatedStorage isn't valid for engine {}.", engine.name)));
    }
    if is_to_time && given.0.contains_key("Iops") {
        return Err(Error::not_simulated(format!("Iops in a restore to a time for engine {}", engine.name)));
    }
    Ok(())
}

/// The storage of Aurora, DocumentDB and Neptune grows. "The storage type isn't returned when you set it to aurora"
/// (`CreateDBCluster`). The API references of DocumentDB and Neptune have the same sentence for `standard`.
fn complete_growing(settings: &mut Settings, engine: &Engine) -> Result<(), Error> {
    let types = match engine.product {
        Product::DocumentDb | Product::Neptune => ["standard", "iopt1"],
        _ => ["aurora", "aurora-iopt1"],
    };
    settings.set_default("StorageType", types[0]);
    check_type(settings, engine, &types)?;
    for parameter in ["AllocatedStorage", "Iops"] {
        if settings.number(parameter).is_some() {
            return Err(invalid_combination(format!("{parameter} isn't valid for engine {}.", engine.name)));
        }
    }
    Ok(())
}

fn check(settings: &Settings, engine: &Engine, types: &[&str]) -> Result<(), Error> {
    let storage_type = check_type(settings, engine, types)?;
    let Some(gib) = settings.number("AllocatedStorage") else {
        return Err(Error::missing_parameter("AllocatedStorage"));
    };
    if !bounds(engine.product, storage_type).is_some_and(|bounds| bounds.contains(&gib)) {
        let message =
            format!("Invalid storage size for engine name {} and storage type {storage_type}: {gib}", engine.name);
        return Err(invalid(message));
    }
    if is_gp3_of_instance(settings) {
        gp3(engine.product, gib, settings.number("Iops")).check(settings, engine, gib)?;
    } else {
        check_iops(settings, engine, storage_type, gib)?;
    }
    if settings.number("StorageThroughput").is_some() && storage_type != "gp3" {
        // "This setting applies only to the gp3 storage type."
        return Err(invalid_combination("StorageThroughput can only be specified for the storage type gp3."));
    }
    match settings.number("MaxAllocatedStorage") {
        Some(most) if most <= gib => {
            let message = "Max storage size must be greater than storage size";
            Err(invalid_combination(message))
        }
        _ => Ok(()),
    }
}

fn check_type<'s>(settings: &'s Settings, engine: &Engine, types: &[&str]) -> Result<&'s str, Error> {
    let storage_type = settings.text("StorageType").unwrap_or_default();
    if types.contains(&storage_type) {
        return Ok(storage_type);
    }
    let message = format!("Invalid storage type {storage_type} for engine {}: {}.", engine.name, types.join(", "));
    Err(invalid(message))
}

/// The storage types of an engine. The classes of Multi-AZ clusters have provisioned IOPS.
pub(super) fn types(engine: &Engine, class: &str) -> &'static [&'static str] {
    match (engine.has_fixed_storage(), engine.product) {
        (true, _) if is_of_multi_az_cluster(class) => &["gp3", "io1", "io2"],
        (true, Product::Db2) => &["gp3", "io1", "io2"],
        (true, _) => &["gp2", "gp3", "io1", "io2", "standard"],
        (false, Product::DocumentDb | Product::Neptune) => &["iopt1", "standard"],
        (false, _) => &["aurora", "aurora-iopt1"],
    }
}

/// The classes of Multi-AZ clusters. Their IOPS are always given.
fn is_of_multi_az_cluster(class: &str) -> bool {
    class.starts_with("db.m6gd") || class.starts_with("db.r6gd")
}

/// Whether the table of gp3 holds: "For Multi-AZ DB clusters, Amazon RDS automatically sets the throughput value based on the IOPS that you
/// provision" (RDS User Guide, "gp3 storage").
fn is_gp3_of_instance(settings: &Settings) -> bool {
    let class = settings.text("DBInstanceClass");
    settings.text("StorageType") == Some("gp3") && class.is_some_and(|class| !is_of_multi_az_cluster(class))
}

/// The performance of gp3 storage of one size: the table in the RDS User Guide, "Amazon RDS DB instance storage", "gp3 storage".
///
/// | engine | size in GiB | baseline | IOPS | MiB/s |
/// |---|---|---|---|---|
/// | Db2, MariaDB, MySQL, and PostgreSQL | 20–399 | 3,000 IOPS/125 MiB/s | N/A | N/A |
/// | Db2, MariaDB, MySQL, and PostgreSQL | 400–65,536 | 12,000 IOPS/500 MiB/s | 12,000–64,000 | 500–4,000 |
/// | Oracle | 20–199 | 3,000 IOPS/125 MiB/s | N/A | N/A |
/// | Oracle | 200–65,536 | 12,000 IOPS/500 MiB/s | 12,000–64,000 | 500–4,000 |
/// | SQL Server | 20–16,384 | 3,000 IOPS/125 MiB/s | 3,000–16,000 | 125–1,000 |
///
/// The baseline follows the size: "when the storage size for gp3 volumes reaches a certain threshold, the baseline storage performance
/// increases".
pub(super) struct Gp3 {
    /// The IOPS, and the MiB/s, that storage has without a request.
    pub(super) iops: u32,
    pub(super) throughput: u32,
    /// The ranges for requests, or the size in GiB from which on requests are allowed.
    choice: Result<[RangeInclusive<u32>; 2], u32>,
}

fn is_sql_server(product: Product) -> bool {
    matches!(product, Product::SqlServer | Product::CustomSqlServer)
}

/// The performance of storage whose IOPS are these, if they were requested.
pub(super) fn gp3(product: Product, gib: u32, iops: Option<u32>) -> Gp3 {
    let from = match product {
        product if is_sql_server(product) => {
            return Gp3 { iops: 3000, throughput: 125, choice: Ok([3000..=16_000, 125..=1000]) };
        }
        Product::Oracle | Product::CustomOracle => 200,
        _ => 400,
    };
    if gib < from {
        return Gp3 { iops: 3000, throughput: 125, choice: Err(from) };
    }
    // "When you raise the IOPS above 32,000 for MariaDB and MySQL, the storage throughput value automatically increases from 500 MiBps. For
    // example, when you set the IOPS to 40,000 on RDS for MySQL, the storage throughput must be at least 625 MiBps". That is a 64th; the guide has no
    // other example.
    let throughput = match (product, iops) {
        (Product::MariaDb | Product::MySql, Some(iops)) => iops.div_ceil(64).max(500),
        _ => 500,
    };
    Gp3 { iops: 12_000, throughput, choice: Ok([12_000..=64_000, throughput..=4000]) }
}

impl Gp3 {
    /// Users report the messages: the first with its code (github.com/crossplane-contrib/provider-aws/issues/1630), for all IOPS, even those
    /// that the storage has; that of a value out of the range with its code for IOPS that are too few
    /// (github.com/hashicorp/terraform-provider-aws/issues/28382).
    fn check(&self, settings: &Settings, engine: &Engine, gib: u32) -> Result<(), Error> {
        let wanted = [("Iops", "iops"), ("StorageThroughput", "storage throughput")]
            .map(|(parameter, name)| (name, settings.number(parameter)));
        let ranges = match &self.choice {
            Ok(ranges) => ranges,
            Err(_) if wanted.iter().all(|(_, wanted)| wanted.is_none()) => return Ok(()),
            Err(from) => {
                return Err(invalid_combination(format!(
                    "You can't specify IOPS or storage throughput for engine {} and a storage size less than {from}.",
                    engine.name
                )));
            }
        };
        for ((name, wanted), range) in wanted.iter().zip(ranges) {
            if let Some(wanted) = wanted.filter(|wanted| !range.contains(wanted)) {
                let engine = engine.name;
                let message = format!("Invalid {name} value for engine name {engine} and storage type gp3: {wanted}");
                return Err(invalid_combination(message));
            }
        }
        let [(_, iops), (_, throughput)] = wanted;
        let ratios = [
            // "The maximum ratio of storage throughput to IOPS is 0.25 for all supported DB engines."
            (throughput.unwrap_or(self.throughput) * 4 > iops.unwrap_or(self.iops), "storage throughput to iops"),
            // "The maximum ratio of IOPS to allocated storage is 500 for all supported DB engines."
            (iops.is_some_and(|iops| iops > gib * 500), "iops to storage (GB)"),
            // "The minimum ratio of IOPS to allocated storage (in GiB) is 0.5 on RDS for SQL Server. There is no minimum ratio for the other
            // supported DB engines."
            (is_sql_server(engine.product) && iops.is_some_and(|iops| iops < gib.div_ceil(2)), "iops to storage (GB)"),
        ];
        match ratios.into_iter().find(|(is_invalid, _)| *is_invalid) {
            Some((_, ratio)) => {
                let message = format!("Invalid {ratio} ratio for engine name {} and storage type gp3", engine.name);
                Err(invalid_combination(message))
            }
            None => Ok(()),
        }
    }
}

/// The performance of gp3 storage that was not requested: users report 3000 or 12000 IOPS in responses (the same).
pub(super) fn unrequested(settings: &Settings, engine: &Engine, gib: u32) -> [(&'static str, Option<u32>); 2] {
    let base = is_gp3_of_instance(settings).then(|| gp3(engine.product, gib, settings.number("Iops")));
    let otherwise = |parameter, value: Option<u32>| (parameter, value.filter(|_| settings.number(parameter).is_none()));
    [
        otherwise("Iops", base.as_ref().map(|base| base.iops)),
        otherwise("StorageThroughput", base.as_ref().map(|base| base.throughput)),
    ]
}

/// The sizes of `AllocatedStorage` in the API reference.
pub(super) fn bounds(product: Product, storage_type: &str) -> Option<RangeInclusive<u32>> {
    Some(match (product, storage_type) {
        (Product::CustomOracle, "gp2" | "gp3" | "io1" | "io2") => 40..=65536,
        (Product::CustomSqlServer, "gp2" | "gp3" | "io1" | "io2") => 40..=16384,
        (Product::Db2, "gp2" | "standard") | (Product::CustomOracle | Product::CustomSqlServer, _) => return None,
        (Product::SqlServer, "gp2" | "gp3") => 20..=16384,
        (Product::SqlServer, "io1" | "io2") => 100..=16384,
        (Product::SqlServer, _) => 20..=1024,
        (_, "gp2" | "gp3") => 20..=65536,
        (_, "io1" | "io2") => 100..=65536,
        (Product::Oracle, _) => 10..=3072,
        (_, _) => 5..=3072,
    })
}

/// "If you specify io1, io2, or gp3, you must also include a value for the Iops parameter" (`CreateDBInstance`) holds for
/// `io1` and `io2`: `gp3` is the default without IOPS. For `gp3` of instances, the user guide has other bounds ([`gp3`]).
///
/// "Must be a multiple between .5 and 50 of the storage amount for the DB instance", for SQL Server "between 1 and 50".
fn check_iops(settings: &Settings, engine: &Engine, storage_type: &str, gib: u32) -> Result<(), Error> {
    match (storage_type, settings.number("Iops")) {
        ("io1" | "io2", None) => {
            let message = format!("The storage type {storage_type} requires a value for Iops.");
            Err(invalid_combination(message))
        }
        ("gp2" | "standard", Some(_)) => {
            let message = format!("Iops cannot be specified for the storage type {storage_type}.");
            Err(invalid_combination(message))
        }
        (_, None) => Ok(()),
        (_, Some(iops)) => {
            let least = if engine.product == Product::SqlServer { gib } else { gib.div_ceil(2) };
            if (least..=gib.saturating_mul(50)).contains(&iops) {
                return Ok(());
            }
            let message = format!("Invalid IOPS for {gib} GiB: {iops}; it must be from {least} to {}.", gib * 50);
            Err(invalid_combination(message))
        }
    }
}
