//! The databases: which of them are copied, and which settings prevent it.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, Tag};
use chrono::{DateTime, SecondsFormat, Utc};
use config::Config;
use protocol::job::names::{self, Provisioning};
use protocol::{DatabaseArn, Engine, Kind, tags};
use retention::{Lifecycle, Lifecycles};

use super::finding::{Finding, Id};
use crate::Account;
use crate::aws_error::Explain;

/// The settings of a database that matter for copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The ARN.
    pub arn: DatabaseArn,
    /// The value of its tag `Draco_Lifecycle`.
    pub lifecycle: Option<String>,
    /// Whether its snapshots get its tags (`CopyTagsToSnapshot`).
    pub copies_tags: bool,
    /// The retention of its automated snapshots in days. If it is 0, none are taken.
    pub backup_days: i32,
    /// AWS's name of its engine.
    pub engine: String,
    /// The version of its engine.
    pub version: String,
    /// The job that provisions it now, if one does.
    pub job: Option<Provisioning>,
    /// The options of its option group that bind its snapshots, like `TDE`.
    pub binding_options: Vec<String>,
}

/// The databases of a source account.
#[derive(Clone, Debug, Default)]
pub struct Databases(pub Vec<Database>);

impl Databases {
    /// Reads all instances and clusters. The instances of an Aurora cluster have no snapshots of their own.
    ///
    /// # Errors
    ///
    /// If AWS returns an error.
    pub async fn look(source: &Account, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let (rds, credentials) = (aws_sdk_rds::Client::new(source.sdk()), source.credentials());
        let (mut all, mut binding) = (Vec::new(), OptionGroups::default());
        let mut pages = rds.describe_db_instances().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.explain(credentials, "listing the database instances")?;
            for instance in page.db_instances().iter().filter(|instance| instance.db_cluster_identifier().is_none()) {
                all.push(Database {
                    arn: DatabaseArn::new(
                        Kind::Instance,
                        source.place.clone(),
                        instance.db_instance_identifier().unwrap_or_default(),
                    )?,
                    lifecycle: lifecycle(instance.tag_list()),
                    copies_tags: instance.copy_tags_to_snapshot().unwrap_or_default(),
                    backup_days: instance.backup_retention_period().unwrap_or_default(),
                    engine: instance.engine().unwrap_or_default().to_owned(),
                    version: instance.engine_version().unwrap_or_default().to_owned(),
                    job: job(instance.db_instance_identifier(), instance.tag_list(), now),
                    binding_options: binding.of(&rds, source, instance).await?,
                });
            }
        }
        let mut pages = rds.describe_db_clusters().into_paginator().send();
        while let Some(page) = pages.next().await {
            for cluster in page.explain(credentials, "listing the database clusters")?.db_clusters() {
                all.push(Database {
                    arn: DatabaseArn::new(
                        Kind::Cluster,
                        source.place.clone(),
                        cluster.db_cluster_identifier().unwrap_or_default(),
                    )?,
                    lifecycle: lifecycle(cluster.tag_list()),
                    copies_tags: cluster.copy_tags_to_snapshot().unwrap_or_default(),
                    backup_days: cluster.backup_retention_period().unwrap_or_default(),
                    engine: cluster.engine().unwrap_or_default().to_owned(),
                    version: cluster.engine_version().unwrap_or_default().to_owned(),
                    job: job(cluster.db_cluster_identifier(), cluster.tag_list(), now),
                    binding_options: Vec::new(),
                });
            }
        }
        Ok(Self(all))
    }

    /// The databases that are copied, each with its lifecycle.
    pub fn copied<'a>(&'a self, known: &'a Lifecycles) -> impl Iterator<Item = (&'a Database, Lifecycle)> {
        let named = |database: &'a Database| Some((database, known.named(database.lifecycle.as_deref()?)));
        let is_copied =
            |(database, lifecycle): &(&Database, Lifecycle)| database.job.is_none() && *lifecycle != Lifecycle::Ignore;
        self.0.iter().filter_map(named).filter(is_copied)
    }

    /// The findings about all databases.
    #[must_use]
    pub fn judge(&self, config: &Config) -> Vec<Finding> {
        let known = &config.lifecycles;
        if self.0.is_empty() {
            return vec![Finding::pending(Id::DatabaseMissing, "", "the account has no databases").without_resource()];
        }
        let mut protected = Vec::new();
        let mut findings = Vec::new();
        for (database, lifecycle) in self.copied(known) {
            let id = database.arn.id();
            match &lifecycle {
                Lifecycle::Unknown(name) => {
                    let names: Vec<&str> = known.names().collect();
                    let next = format!(
                        "define it in config.yaml, or set the tag {} to one of {}",
                        tags::LIFECYCLE,
                        names.join(", ")
                    );
                    let description = format!("unknown lifecycle {name:?}, so all copies are kept");
                    findings.push(Finding::error(Id::LifecycleUnknown, id, description).next(next));
                }
                _ => protected.push(Finding::ok(Id::DatabaseProtected, id, format!("lifecycle {lifecycle}"))),
            }
            findings.extend(database.defects());
            findings.extend(database.limits(config));
        }
        // Databases with the same lifecycle are one line.
        protected.sort_by_key(Finding::sort_key);
        findings.extend(self.0.iter().filter_map(Database::of_job));
        let without = self.0.iter().filter(|database| database.lifecycle.is_none() && database.job.is_none());
        let without: Vec<&Database> = without.collect();
        let is_new = without.len() == self.0.len();
        let finding = if is_new { Finding::pending } else { Finding::warning };
        let next = format!("set the tag {} to a lifecycle, or to Ignore", tags::LIFECYCLE);
        let description = format!("not copied (no {} tag)", tags::LIFECYCLE);
        let without = without.into_iter().map(|database| {
            finding(Id::DatabaseWithoutLifecycle, database.arn.id(), description.clone()).next(next.clone())
        });
        protected.into_iter().chain(findings).chain(without).collect()
    }
}

impl Database {
    /// Anyone who may rename and tag a database can keep it from being copied, until the deadline in the tag.
    fn of_job(&self) -> Option<Finding> {
        let (id, Provisioning { job, time }) = (self.arn.id(), self.job.as_ref()?);
        let deadline = time.end.to_rfc3339_opts(SecondsFormat::Secs, true);
        let description = format!(
            "not copied before {deadline}, the deadline of job {job}, which provisions it from a copy or a backup"
        );
        let next =
            format!("if no such job runs, delete the database, or remove its tag {} to have it copied", tags::JOB);
        Some(Finding::warning(Id::DatabaseOfJob, id, description).next(next))
    }

    /// What AWS does not copy.
    fn limits(&self, config: &Config) -> Vec<Finding> {
        let mut findings = Vec::new();
        let id = self.arn.id();
        // "You cannot share a DB snapshot that uses an option group with permanent or persistent options, except for Oracle DB
        // instances that have the Timezone or OLS option (or both)", whose copies need an option group (RDS User Guide).
        if !self.binding_options.is_empty() {
            let description = format!(
                "its option group has {}, so AWS does not copy its snapshots to another account without such a group",
                self.binding_options.join(", ")
            );
            let next = "Draco cannot copy them; back the database up by other means, and set its lifecycle to Ignore";
            findings.push(Finding::error(Id::OptionGroupBinds, id, description).next(next));
        }
        let crosses = config.copies_region().is_some_and(|copies| *copies != self.arn.place.region);
        if crosses && Engine::parse(&self.engine) == Engine::DocumentDb {
            let description =
                "AWS's guides contradict each other on copies of DocumentDB to another account and region";
            let next = "look at its first snapshot: if AWS refuses to copy it, an alarm names it";
            findings.push(Finding::warning(Id::EngineMayNotCross, id, description).next(next));
        }
        findings
    }

    fn defects(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let id = self.arn.id();
        let command = match self.arn.kind {
            Kind::Instance => format!("aws rds modify-db-instance --db-instance-identifier {id}"),
            Kind::Cluster => format!("aws rds modify-db-cluster --db-cluster-identifier {id}"),
        };
        if !self.copies_tags {
            let description =
                "does not copy its tags to its snapshots: copies in DR lack them, and its final snapshot can be missed";
            let next = format!("run `{command} --copy-tags-to-snapshot --apply-immediately`");
            findings.push(Finding::warning(Id::TagsNotCopied, id, description).next(next));
        }
        if self.backup_days == 0 {
            let description = "has no automated backups, so only manual snapshots are copied";
            let next = format!("run `{command} --backup-retention-period 7 --apply-immediately`");
            findings.push(Finding::warning(Id::AutomatedBackupsDisabled, id, description).next(next));
        }
        findings
    }
}

/// The option groups that were read, with their options that bind snapshots.
#[derive(Default)]
struct OptionGroups(BTreeMap<String, Vec<String>>);

impl OptionGroups {
    /// The binding options of an instance. AWS's default groups have none.
    async fn of(&mut self, rds: &Client, source: &Account, instance: &DbInstance) -> anyhow::Result<Vec<String>> {
        let mut all = Vec::new();
        for name in instance.option_group_memberships().iter().filter_map(|group| group.option_group_name()) {
            if name.starts_with("default:") {
                continue;
            }
            if !self.0.contains_key(name) {
                let call = rds.describe_option_groups().option_group_name(name).send().await;
                let found = call.explain(source.credentials(), format_args!("reading option group {name}"))?;
                let options = found.option_groups_list().iter().flat_map(|group| group.options());
                let binds =
                    options.filter(|option| option.persistent() == Some(true) || option.permanent() == Some(true));
                let names = binds.filter_map(|option| option.option_name()).map(str::to_owned);
                self.0.insert(name.to_owned(), names.collect());
            }
            all.extend(self.0.get(name).into_iter().flatten().cloned());
        }
        Ok(all)
    }
}

fn lifecycle(tags: &[Tag]) -> Option<String> {
    let tag = tags.iter().find(|tag| tag.key() == Some(protocol::tags::LIFECYCLE))?;
    tag.value().map(str::to_owned)
}

/// The producer decides by the same function.
fn job(id: Option<&str>, tags: &[Tag], now: DateTime<Utc>) -> Option<Provisioning> {
    let tags = tags.iter().filter_map(|tag| Some((tag.key()?, tag.value()?))).collect();
    names::provisioning(id?, &tags).filter(|job| job.time.contains(&now))
}
