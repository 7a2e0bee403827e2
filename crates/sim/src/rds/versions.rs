//! The versions of engines: which exist, to which family of parameter groups they belong, and which are gone.
//!
//! The table has a few versions of each engine, not all of AWS's. [`World::retire_engine_version`] makes one unavailable, as
//! AWS does at the end of a version's support.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::databases::Facts;
use super::engines::{Engine, Product};
use super::filters::{self, Filter, Property};
use super::kind::Kind;
use super::rules::{invalid, invalid_combination};
use super::{RdsContext, paging};
use crate::call::Error;
use crate::page;
use crate::world::{State, World};

/// The versions of each engine, besides its default. RDS Custom has versions that its users make.
const VERSIONS: [(&str, &[&str]); 10] = [
    ("aurora-mysql", &["5.7.mysql_aurora.2.12.4", "8.0.mysql_aurora.3.08.0"]),
    ("aurora-postgresql", &["12.20", "13.16", "14.13", "15.8", "17.4"]),
    ("docdb", &["4.0.0"]),
    ("mariadb", &["10.6.19", "11.4.3"]),
    ("mysql", &["5.7.44", "8.0.35", "8.0.40", "8.4.3"]),
    ("neptune", &["1.2.1.2"]),
    ("oracle-ee", &["21.0.0.0.ru-2024-07.rur-2024-07.r1"]),
    ("oracle-se2", &["21.0.0.0.ru-2024-07.rur-2024-07.r1"]),
    ("postgres", &["11.22", "12.20", "13.16", "14.13", "15.8", "16.3", "17.2"]),
    ("sqlserver-se", &["16.00.4140.3.v1"]),
];
/// Those that AWS no longer offers: no database can be created or restored with them.
const GONE: [(&str, &str); 2] = [("mysql", "5.7.44"), ("postgres", "11.22")];

/// The engine versions that became unavailable, in all accounts and regions.
pub(crate) type RetiredVersions = BTreeSet<(String, String)>;

impl World {
    /// Makes a version of an engine unavailable. Databases keep it, and no other database can be created or restored
    /// with it.
    pub fn retire_engine_version(&self, engine: &str, version: &str) {
        self.change(|state| state.retired_versions.insert((engine.to_owned(), version.to_owned())));
    }
}

/// The versions of an engine, in order.
fn of(engine: &Engine) -> Vec<&'static str> {
    let others = VERSIONS.iter().find(|(name, _)| *name == engine.name).map_or(&[][..], |(_, versions)| versions);
    let default = Some(engine.version).filter(|version| !version.is_empty());
    let mut versions: Vec<_> = others.iter().copied().chain(default).collect();
    versions.sort_by_key(|version| numbers(version));
    versions
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// The versions that a database can be created or restored with.
pub(super) fn available(state: &State, engine: &Engine) -> Vec<&'static str> {
    let all = of(engine).into_iter();
    all.filter(|version| is_available(state, engine.name, version)).collect()
}

fn is_available(state: &State, engine: &str, version: &str) -> bool {
    !GONE.contains(&(engine, version)) && !state.retired_versions.contains(&(engine.to_owned(), version.to_owned()))
}

/// Checks that a database can be created or restored with a version. Users report the message.
pub(super) fn check_available(state: &State, engine: &Engine, version: &str) -> Result<(), Error> {
    // A custom engine version is a resource of its account.
    if engine.product.is_custom() || (of(engine).contains(&version) && is_available(state, engine.name, version)) {
        return Ok(());
    }
    Err(invalid_combination(format!("Cannot find version {version} for {}", engine.name)))
}

/// Checks that a restore does not downgrade the engine: "Must be compatible with the engine of the source" (`Engine`).
pub(super) fn check_not_older(source: &Facts, version: &str) -> Result<(), Error> {
    let own = source.settings.text("EngineVersion").unwrap_or_default();
    if numbers(version) >= numbers(own) {
        return Ok(());
    }
    Err(invalid_combination(format!("The engine version {version} is older than that of the source, {own}.")))
}

/// The major version, as option groups have it: `16`, `8.0`.
pub(super) fn major(engine: &Engine, version: &str) -> String {
    let mut parts = version.split('.');
    let first = parts.next().unwrap_or_default();
    let two = parts.next().map_or_else(|| first.to_owned(), |second| format!("{first}.{second}"));
    match engine.product {
        Product::AuroraPostgreSql | Product::PostgreSql if first != "9" => first.to_owned(),
        Product::Oracle | Product::CustomOracle => first.to_owned(),
        _ => two,
    }
}

/// The family of parameter groups: `postgres16`, `oracle-ee-19`, `sqlserver-se-15.0`.
pub(super) fn family(engine: &Engine, version: &str) -> String {
    let major = major(engine, version);
    match engine.product {
        Product::SqlServer | Product::CustomSqlServer => {
            format!("{}-{}", engine.name, major.strip_suffix('0').unwrap_or(&major))
        }
        Product::Oracle | Product::CustomOracle | Product::Db2 => format!("{}-{major}", engine.name),
        _ => format!("{}{major}", engine.name),
    }
}

/// All families that an engine has a version of, with that engine.
pub(super) fn families() -> BTreeMap<String, &'static Engine> {
    let all = Engine::all().flat_map(|engine| of(engine).into_iter().map(move |version| (engine, version)));
    all.map(|(engine, version)| (family(engine, version), engine)).collect()
}

/// The major versions of an engine.
pub(super) fn majors(engine: &Engine) -> BTreeSet<String> {
    of(engine).into_iter().map(|version| major(engine, version)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    engine: Option<String>,
    engine_version: Option<String>,
    #[serde(rename = "DBParameterGroupFamily")]
    family: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    default_only: bool,
    #[serde(default)]
    include_all: bool,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "DBEngineVersions";

pub(super) fn describe(state: &State, wanted: &DescribeRequest) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    let known = ["db-parameter-group-family", "engine", "engine-mode", "engine-version", "status"];
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &known)?;
    let mut found = BTreeMap::new();
    for (engine, version) in Engine::all().flat_map(|engine| of(engine).into_iter().map(move |of| (engine, of))) {
        if wanted.includes(state, engine, version)? {
            found.insert(format!("{} {version}", engine.name), view(state, engine, version));
        }
    }
    let (found, last) = page::cut(page::after(last.as_ref(), &found), size);
    Ok(json!({ LIST: found, "Marker": last.map(|last| page::marker(LIST, last)) }))
}

impl DescribeRequest {
    /// "The default is to list only available engine versions" (`IncludeAll`).
    fn includes(&self, state: &State, engine: &Engine, version: &str) -> Result<bool, Error> {
        let status = status(state, engine, version);
        let family = family(engine, version);
        let passes = filters::passes(&self.filters, |filter| {
            Some(match filter {
                "db-parameter-group-family" => Property::text(family.clone()),
                "engine" => Property::text(engine.name),
                "engine-mode" => Property::text("provisioned"),
                "engine-version" => Property::text(version.to_owned()),
                "status" => Property::text(status),
                _ => return None,
            })
        })?;
        let is_named = |version: &str, named: &str| version == named || version.starts_with(&format!("{named}."));
        let is_all = self.include_all || self.filters.iter().any(|filter| filter.name == "status");
        Ok(passes
            && (is_all || status == "available")
            && (!self.default_only || engine.version == version)
            && self.engine.as_ref().is_none_or(|named| *named == engine.name)
            && self.engine_version.as_ref().is_none_or(|named| is_named(version, named))
            && self.family.as_ref().is_none_or(|named| *named == family))
    }
}

/// "The status of the DB engine version, either available or deprecated" (`DBEngineVersion`).
fn status(state: &State, engine: &Engine, version: &str) -> &'static str {
    if is_available(state, engine.name, version) { "available" } else { "deprecated" }
}

fn view(state: &State, engine: &Engine, version: &str) -> Value {
    let logs = engine.product.logs(Kind::Instance);
    json!({
        "Engine": engine.name,
        "EngineVersion": version,
        "MajorEngineVersion": major(engine, version),
        "DBParameterGroupFamily": family(engine, version),
        "DBEngineDescription": engine.name,
        "DBEngineVersionDescription": format!("{} {version}", engine.name),
        "ExportableLogTypes": logs,
        "SupportsLogExportsToCloudwatchLogs": !logs.is_empty(),
        "SupportedEngineModes": if engine.has_fixed_storage() { json!([]) } else { json!(["provisioned"]) },
        "Status": status(state, engine, version),
    })
}

impl RdsContext {
    /// The engine of a family of parameter groups.
    pub(super) fn engine_of_family(&self, family: &str) -> Result<&'static Engine, Error> {
        let found = families().get(family).copied().filter(|engine| engine.has_parameter_groups(self.kind));
        found.ok_or_else(|| invalid(format!("ParameterGroupFamily {family} is not a valid parameter group family.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_aws_s_family_and_major_version() {
        let found = |name: &str, version: &str| {
            let engine = Engine::all().find(|engine| engine.name == name).expect("an engine");
            (family(engine, version), major(engine, version))
        };
        let pair = |family: &str, major: &str| (family.to_owned(), major.to_owned());
        assert_eq!(found("postgres", "16.4"), pair("postgres16", "16"));
        assert_eq!(found("mysql", "8.0.39"), pair("mysql8.0", "8.0"));
        assert_eq!(found("aurora-mysql", "8.0.mysql_aurora.3.07.1"), pair("aurora-mysql8.0", "8.0"));
        assert_eq!(found("aurora-postgresql", "15.8"), pair("aurora-postgresql15", "15"));
        assert_eq!(found("oracle-ee", "19.0.0.0.ru-2024-07.rur-2024-07.r1"), pair("oracle-ee-19", "19"));
        assert_eq!(found("sqlserver-se", "15.00.4385.2.v1"), pair("sqlserver-se-15.0", "15.00"));
        assert_eq!(found("db2-se", "11.5.9.0.sb00000000.r1"), pair("db2-se-11.5", "11.5"));
        assert_eq!(found("docdb", "5.0.0"), pair("docdb5.0", "5.0"));
        assert_eq!(found("neptune", "1.3.2.1"), pair("neptune1.3", "1.3"));
    }
}
