//! Whether the regions of DR offer the engine versions of the databases. Draco restores a copy with the version of its database, and
//! regions differ in the versions that they offer.
//!
//! Classes are not checked: a restore can choose another one.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{DatabaseArn, Region};

use super::Coverage;
use super::databases::Database;
use super::finding::{Finding, Id};
use crate::Account;
use crate::aws_error::Explain;

/// How many databases a line names.
const NAMED: usize = 3;

/// The databases that are copied to another region, by engine and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet(BTreeMap<(String, String), BTreeSet<DatabaseArn>>);

impl Fleet {
    /// Adds a database. Versions of RDS Custom are resources of their account, and their snapshots are not shared.
    pub fn add(&mut self, database: &Database) {
        if !database.engine.starts_with("custom-") {
            let version = (database.engine.clone(), database.version.clone());
            self.0.entry(version).or_default().insert(database.arn.clone());
        }
    }

    /// The findings about a region of DR. `coverage` is whether these are all databases. One call for each engine, and page of its versions.
    pub async fn examine(&self, dr: &Account, coverage: Coverage) -> Vec<Finding> {
        let engines: BTreeSet<&str> = self.0.keys().map(|(engine, _)| engine.as_str()).collect();
        let mut offered = BTreeSet::new();
        for engine in engines {
            match versions(dr, engine).await {
                Ok(versions) => offered.extend(versions.into_iter().map(|version| (engine.to_owned(), version))),
                Err(error) => return vec![Finding::failed(Id::CheckFailed, &error)],
            }
        }
        self.judge(&dr.place.region, &offered, coverage)
    }

    /// A line for each version that the region lacks.
    fn judge(&self, region: &Region, offered: &BTreeSet<(String, String)>, coverage: Coverage) -> Vec<Finding> {
        let lacking: Vec<_> = self.0.iter().filter(|(version, _)| !offered.contains(version)).collect();
        if lacking.is_empty() && !self.0.is_empty() {
            let databases = match self.0.values().map(BTreeSet::len).sum() {
                1 => "1 database".to_owned(),
                count => format!("{count} databases"),
            };
            let description = format!(
                "the region offers the engine versions of {databases} that are copied there{}",
                coverage.text()
            );
            return vec![Finding::new(Id::EngineVersionsOffered, coverage.severity(), region.as_str(), description)];
        }
        let finding = |((engine, version), databases): (&(String, String), &BTreeSet<DatabaseArn>)| {
            let description = format!(
                "{region} does not offer this version, so copies of {} cannot be restored there with it",
                names(databases)
            );
            Finding::warning(Id::EngineVersionMissing, &format!("{engine} {version}"), description).next(format!(
                "upgrade to a version of `aws rds describe-db-engine-versions --engine {engine} --region {region}`"
            ))
        };
        lacking.into_iter().map(finding).collect()
    }
}

/// "The default is to list only available engine versions" (`DescribeDBEngineVersions`).
async fn versions(dr: &Account, engine: &str) -> anyhow::Result<Vec<String>> {
    let rds = aws_sdk_rds::Client::new(dr.sdk());
    let (mut versions, mut pages) =
        (Vec::new(), rds.describe_db_engine_versions().engine(engine).into_paginator().send());
    while let Some(page) = pages.next().await {
        let page = page.explain(dr.credentials(), format_args!("listing the versions of {engine}"))?;
        versions.extend(page.db_engine_versions().iter().filter_map(|found| found.engine_version()).map(str::to_owned));
    }
    Ok(versions)
}

fn names(databases: &BTreeSet<DatabaseArn>) -> String {
    let named: Vec<&str> = databases.iter().take(NAMED).map(DatabaseArn::id).collect();
    match databases.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        others => format!("{} and {others} more", named.join(", ")),
    }
}
