//! The storage of databases: types, sizes, and provisioned performance.

use std::ops::RangeInclusive;

use super::engines::{Engine, Product};
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
    check_iops(settings, engine, storage_type, gib)?;
    if storage_type == "gp3" && !is_of_multi_az_cluster(settings.text("DBInstanceClass").unwrap_or_default()) {
        gp3(engine.product, gib).check(settings, engine)?;
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

/// The performance of gp3 storage of one size: the table in the RDS User Guide, "gp3 storage".
pub(super) struct Gp3 {
    /// The IOPS, and the MiB/s, that storage has without a request.
    pub(super) iops: u32,
    pub(super) throughput: u32,
    /// What can be requested, or the size from which on something can.
    choice: Result<[RangeInclusive<u32>; 2], u32>,
}

pub(super) fn gp3(product: Product, gib: u32) -> Gp3 {
    let (iops, throughput) = (3000, 125);
    let from = match product {
        Product::SqlServer | Product::CustomSqlServer => {
            return Gp3 { iops, throughput, choice: Ok([3000..=16_000, 125..=1000]) };
        }
        Product::Oracle | Product::CustomOracle => 200,
        _ => 400,
    };
    if gib < from {
        return Gp3 { iops, throughput, choice: Err(from) };
    }
    Gp3 { iops: 12_000, throughput: 500, choice: Ok([12_000..=64_000, 500..=4000]) }
}

impl Gp3 {
    /// Users report the first message, with its code (github.com/cloudtools/troposphere/pull/2153): CloudFormation and the API refuse
    /// even the values that the storage has.
    fn check(&self, settings: &Settings, engine: &Engine) -> Result<(), Error> {
        let wanted = ["Iops", "StorageThroughput"].map(|parameter| (parameter, settings.number(parameter)));
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
        for ((parameter, wanted), range) in wanted.into_iter().zip(ranges) {
            if let Some(wanted) = wanted.filter(|wanted| !range.contains(wanted)) {
                let (least, most) = (range.start(), range.end());
                let message = format!("Invalid {parameter} for gp3: {wanted}; it must be from {least} to {most}.");
                return Err(invalid_combination(message));
            }
        }
        Ok(())
    }
}

/// The performance of gp3 storage that was not requested: users report 3000 or 12000 IOPS in responses (the same).
pub(super) fn unrequested(settings: &Settings, engine: &Engine, gib: u32) -> [(&'static str, Option<u32>); 2] {
    let class = settings.text("DBInstanceClass").unwrap_or_default();
    let is_gp3 = settings.text("StorageType") == Some("gp3") && !is_of_multi_az_cluster(class);
    let base = is_gp3.then(|| gp3(engine.product, gib));
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
/// `io1` and `io2`: `gp3` is the default without IOPS.
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
        // Its IOPS do not depend on its size.
        ("gp3", _) if matches!(engine.product, Product::SqlServer | Product::CustomSqlServer) => Ok(()),
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
