//! The classes of instances that can be ordered: one table, with the engines of each class. AWS has hundreds of classes and adds
//! some each month. These are enough to choose from, from the smallest to a large one.
//!
//! [`World::withhold_class`] makes a class unavailable in a region.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::engines::{Engine, Product};
use super::filters::{self, Filter};
use super::kind::Kind;
use super::rules::{ZONES, invalid_combination};
use super::{RdsContext, paging, storage, versions};
use crate::call::Error;
use crate::page;
use crate::world::{State, World};

/// A class, and the engines that have it.
struct Class {
    name: &'static str,
    engines: Engines,
}

/// The engines that have a class.
#[derive(Clone, Copy)]
enum Engines {
    /// Burstable classes with Graviton processors, which Oracle, SQL Server and Db2 do not have.
    Graviton,
    /// The same from the size that Aurora, DocumentDB and Neptune have.
    GravitonAndClusters,
    /// Classes with x86 processors: instances of all engines but DocumentDB and Neptune.
    Intel,
    /// The same, not of Aurora.
    IntelInstances,
    /// Classes with local disks, which the instances of Multi-AZ clusters need.
    LocalDisks,
    /// Aurora Serverless.
    Serverless,
}

use Engines::{Graviton, GravitonAndClusters, Intel, IntelInstances, LocalDisks, Serverless};

#[rustfmt::skip]
const CLASSES: [Class; 25] = [
    class("db.m5.large", IntelInstances),
    class("db.m5.xlarge", IntelInstances),
    class("db.m6g.large", Graviton),
    class("db.m6g.xlarge", Graviton),
    class("db.m6gd.large", LocalDisks),
    class("db.m6gd.xlarge", LocalDisks),
    class("db.m6i.large", IntelInstances),
    class("db.m7g.large", Graviton),
    class("db.r5.large", Intel),
    class("db.r5.xlarge", Intel),
    class("db.r6g.large", GravitonAndClusters),
    class("db.r6g.xlarge", GravitonAndClusters),
    class("db.r6g.2xlarge", GravitonAndClusters),
    class("db.r6gd.large", LocalDisks),
    class("db.r6i.large", Intel),
    class("db.r6i.4xlarge", Intel),
    class("db.r7g.large", GravitonAndClusters),
    class("db.serverless", Serverless),
    class("db.t3.micro", IntelInstances),
    class("db.t3.small", IntelInstances),
    class("db.t3.medium", Intel),
    class("db.t4g.micro", Graviton),
    class("db.t4g.small", Graviton),
    class("db.t4g.medium", GravitonAndClusters),
    class("db.t4g.large", GravitonAndClusters),
];

const fn class(name: &'static str, engines: Engines) -> Class {
    Class { name, engines }
}

impl Class {
    fn has(&self, engine: &Engine) -> bool {
        use Product::{AuroraMySql, AuroraPostgreSql, DocumentDb, MariaDb, MySql, Neptune, PostgreSql};
        let is_open = matches!(engine.product, MariaDb | MySql | PostgreSql);
        let is_aurora = matches!(engine.product, AuroraMySql | AuroraPostgreSql);
        match self.engines {
            Graviton => is_open,
            GravitonAndClusters => is_open || is_aurora || matches!(engine.product, DocumentDb | Neptune),
            Intel => !matches!(engine.product, DocumentDb | Neptune),
            IntelInstances => !is_aurora && !matches!(engine.product, DocumentDb | Neptune),
            LocalDisks => matches!(engine.product, MySql | PostgreSql),
            Serverless => is_aurora,
        }
    }
}

/// The classes that regions lack.
pub(crate) type WithheldClasses = BTreeSet<(String, String)>;

impl World {
    /// Makes a class unavailable in a region. Databases keep it, and no other database can be created or restored with it.
    pub fn withhold_class(&self, region: &str, class: &str) {
        self.change(|state| state.withheld_classes.insert((region.to_owned(), class.to_owned())));
    }
}

fn is_in_region(state: &State, region: &str, class: &str) -> bool {
    !state.withheld_classes.contains(&(region.to_owned(), class.to_owned()))
}

/// Checks that a database of this engine, version and class can be ordered in the region. Users report the message.
pub(super) fn check(
    state: &State,
    region: &str,
    (engine, version): (&Engine, &str),
    class: &str,
    license: &str,
) -> Result<(), Error> {
    // RDS Custom has classes of its own. Classes that the table does not have are new ones of AWS's, so no engine lacks them.
    let found = CLASSES.iter().find(|known| known.name == class);
    let has_class = found.is_none_or(|known| known.has(engine)) || engine.product.is_custom();
    if has_class && is_in_region(state, region, class) {
        return Ok(());
    }
    let engine = engine.name;
    Err(invalid_combination(format!(
        "RDS does not support creating a DB instance with the following combination: DBInstanceClass={class}, \
         Engine={engine}, EngineVersion={version}, LicenseModel={license}. For supported combinations of instance class and \
         database engine version, see the documentation."
    )))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    engine: String,
    engine_version: Option<String>,
    #[serde(rename = "DBInstanceClass")]
    class: Option<String>,
    license_model: Option<String>,
    vpc: Option<bool>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "OrderableDBInstanceOptions";
/// "Constraints: Minimum 20, maximum 1000" (`MaxRecords`).
const MAX_RECORDS: usize = 1000;

pub(super) fn describe(state: &State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let size = paging::size_up_to(wanted.max_records, MAX_RECORDS)?;
    let last = paging::last(LIST, wanted.marker.as_ref())?;
    // "This parameter isn't currently supported."
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &[])?;
    let engine = Engine::named(&wanted.engine)?;
    let mut found = BTreeMap::new();
    for version in versions::available(state, engine) {
        for class in CLASSES.iter().filter(|class| class.has(engine)) {
            let is_wanted = wanted.engine_version.as_ref().is_none_or(|named| named == version)
                && wanted.class.as_ref().is_none_or(|named| named == class.name)
                && wanted.license_model.as_ref().is_none_or(|named| named == engine.license)
                && wanted.vpc != Some(false);
            if is_wanted && is_in_region(state, &ctx.region, class.name) {
                for storage_type in storage::types(engine, class.name) {
                    let name = format!("{} {version} {storage_type}", class.name);
                    found.insert(name, view(ctx, engine, version, class, storage_type));
                }
            }
        }
    }
    let (found, last) = page::cut(page::after(last.as_ref(), &found), size);
    Ok(json!({ LIST: found, "Marker": last.map(|last| page::marker(LIST, last)) }))
}

fn view(ctx: &RdsContext, engine: &Engine, version: &str, class: &Class, storage_type: &str) -> Value {
    let sizes = storage::bounds(engine.product, storage_type).filter(|_| engine.has_fixed_storage());
    let has_iops = ["gp3", "io1", "io2"].contains(&storage_type);
    let is_growing = !engine.has_fixed_storage();
    let zones = ZONES.map(|zone| json!({ "Name": format!("{}{zone}", ctx.region) }));
    json!({
        "Engine": engine.name,
        "EngineVersion": version,
        "DBInstanceClass": class.name,
        "LicenseModel": engine.license,
        "AvailabilityZones": zones,
        "MultiAZCapable": !is_growing,
        "ReadReplicaCapable": !is_growing,
        "Vpc": true,
        "SupportsStorageEncryption": true,
        "StorageType": storage_type,
        "SupportsIops": has_iops,
        "SupportsStorageThroughput": storage_type == "gp3",
        "SupportsEnhancedMonitoring": true,
        "SupportsIAMDatabaseAuthentication": engine.product.has_iam_authentication(),
        "SupportsPerformanceInsights": true,
        "MinStorageSize": sizes.as_ref().map(|sizes| *sizes.start()),
        "MaxStorageSize": sizes.as_ref().map(|sizes| *sizes.end()),
        "SupportedEngineModes": if is_growing { json!(["provisioned"]) } else { json!([]) },
        "SupportsStorageAutoscaling": !is_growing && storage_type != "standard",
        "OutpostCapable": false,
        "SupportedNetworkTypes": ["IPV4"],
        "SupportsClusters": matches!(class.engines, LocalDisks) || engine.supports(Kind::Cluster) && is_growing,
    })
}
