//! The databases: which of them say that they want copies, and whether their snapshots will say so too.

use std::collections::BTreeMap;

use aws_sdk_rds::types::Tag;
use protocol::{DatabaseArn, Kind, tags};
use retention::{Lifecycle, Lifecycles};

use super::finding::Finding;
use crate::Account;
use crate::aws_error::Explain;

/// A database, as far as copies of its snapshots are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which.
    pub arn: DatabaseArn,
    /// The lifecycle that its tag names.
    pub lifecycle: Option<String>,
    /// Whether its snapshots get its tags (`CopyTagsToSnapshot`).
    pub passes_on: bool,
    /// For how many days its automated snapshots are kept; none are taken if that is 0.
    pub backup_days: i32,
}

/// The databases of a source account.
#[derive(Clone, Debug, Default)]
pub struct Databases(pub Vec<Database>);

impl Databases {
    /// Looks at all instances and clusters. The instances of an Aurora cluster have no snapshots of their own.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn look(source: &Account) -> anyhow::Result<Self> {
        let (rds, who) = (aws_sdk_rds::Client::new(source.sdk()), source.credentials());
        let mut all = Vec::new();
        let mut pages = rds.describe_db_instances().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.explain(who, "looking at the database instances")?;
            for seen in page.db_instances().iter().filter(|seen| seen.db_cluster_identifier().is_none()) {
                all.push(Database {
                    arn: DatabaseArn::new(
                        Kind::Instance,
                        source.place.clone(),
                        seen.db_instance_identifier().unwrap_or_default(),
                    )?,
                    lifecycle: lifecycle(seen.tag_list()),
                    passes_on: seen.copy_tags_to_snapshot().unwrap_or_default(),
                    backup_days: seen.backup_retention_period().unwrap_or_default(),
                });
            }
        }
        let mut pages = rds.describe_db_clusters().into_paginator().send();
        while let Some(page) = pages.next().await {
            for seen in page.explain(who, "looking at the database clusters")?.db_clusters() {
                all.push(Database {
                    arn: DatabaseArn::new(
                        Kind::Cluster,
                        source.place.clone(),
                        seen.db_cluster_identifier().unwrap_or_default(),
                    )?,
                    lifecycle: lifecycle(seen.tag_list()),
                    passes_on: seen.copy_tags_to_snapshot().unwrap_or_default(),
                    backup_days: seen.backup_retention_period().unwrap_or_default(),
                });
            }
        }
        Ok(Self(all))
    }

    /// Those that want copies, and by which lifecycle.
    pub fn kept<'a>(&'a self, known: &'a Lifecycles) -> impl Iterator<Item = (&'a Database, Lifecycle)> {
        let named = |database: &'a Database| Some((database, known.named(database.lifecycle.as_deref()?)));
        self.0.iter().filter_map(named).filter(|(_, lifecycle)| *lifecycle != Lifecycle::Ignore)
    }

    /// What is to be said of them.
    #[must_use]
    pub fn judge(&self, known: &Lifecycles) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut by_lifecycle: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (database, lifecycle) in self.kept(known) {
            match &lifecycle {
                Lifecycle::Unknown(name) => findings.push(Finding::wrong(
                    format!("{}: nobody knows a lifecycle {name:?}, so all of its copies are kept", database.arn.id()),
                    format!(
                        "define it in config.yaml, or set the tag to one of {}",
                        known.names().collect::<Vec<_>>().join(", ")
                    ),
                )),
                _ => by_lifecycle.entry(lifecycle.to_string()).or_default().push(database.arn.id()),
            }
            findings.extend(database.defects());
        }
        let copied =
            by_lifecycle.iter().map(|(lifecycle, ids)| Finding::good(format!("{lifecycle}: {}", ids.join(", "))));
        let mut findings: Vec<Finding> = copied.chain(findings).collect();
        let without: Vec<&str> = self.0.iter().filter(|one| one.lifecycle.is_none()).map(|one| one.arn.id()).collect();
        let mend = format!("set their tag {} to a lifecycle, or to Ignore if that is meant", tags::LIFECYCLE);
        match (self.0.len(), without.len()) {
            (0, _) => findings.push(Finding::not_yet("there is no database", "nothing is copied until there is one")),
            (all, none) if all == none => {
                findings
                    .push(Finding::not_yet(format!("no database has a lifecycle yet: {}", without.join(", ")), mend));
            }
            (_, 0) => {}
            _ => findings
                .push(Finding::caution(format!("not copied, for want of a lifecycle: {}", without.join(", ")), mend)),
        }
        findings
    }
}

impl Database {
    fn defects(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let id = self.arn.id();
        let command = match self.arn.kind {
            Kind::Instance => format!("aws rds modify-db-instance --db-instance-identifier {id}"),
            Kind::Cluster => format!("aws rds modify-db-cluster --db-cluster-identifier {id}"),
        };
        if !self.passes_on {
            findings.push(Finding::wrong(
                format!("{id} does not pass its tags on to its snapshots, so they are not copied"),
                format!("`{command} --copy-tags-to-snapshot --apply-immediately`"),
            ));
        }
        if self.backup_days == 0 {
            findings.push(Finding::caution(
                format!("{id} has no automated backups, so only snapshots taken by hand are copied"),
                format!("`{command} --backup-retention-period 7 --apply-immediately`"),
            ));
        }
        findings
    }
}

fn lifecycle(seen: &[Tag]) -> Option<String> {
    let found = seen.iter().find(|tag| tag.key() == Some(tags::LIFECYCLE))?;
    found.value().map(str::to_owned)
}
