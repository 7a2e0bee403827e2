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
    let is_of_multi_az_cluster = class.starts_with("db.m6gd") || class.starts_with("db.r6gd");
    match (engine.has_fixed_storage(), engine.product) {
        (true, _) if is_of_multi_az_cluster => &["gp3", "io1", "io2"],
        (true, Product::Db2) => &["gp3", "io1", "io2"],
        (true, _) => &["gp2", "gp3", "io1", "io2", "standard"],
        (false, Product::DocumentDb | Product::Neptune) => &["iopt1", "standard"],
        (false, _) => &["aurora", "aurora-iopt1"],
    }
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
