//! Changes of databases: modifications, renames, tags, reboots, starts, deletions.

use protocol::spec::Settings;
use protocol::{DatabaseArn, Kind, Tags};

use super::{Rds, settings, tag};
use crate::databases::Deletion;
use crate::error::Failure;

impl Rds {
    /// All changes in one call, at once and not in the maintenance window. `current` has the settings that are in effect.
    pub(crate) async fn modify(
        &self,
        database: &DatabaseArn,
        changes: &Settings,
        current: &Settings,
    ) -> Result<(), Failure> {
        match database.kind {
            Kind::Instance => {
                let call = self.client.modify_db_instance().db_instance_identifier(database.id());
                let call = call.apply_immediately(true);
                let call = call.set_cloudwatch_logs_export_configuration(settings::log_exports(changes, current)?);
                settings::modify_instance(call, changes)?.send().await?;
            }
            Kind::Cluster => {
                let call = self.client.modify_db_cluster().db_cluster_identifier(database.id());
                let call = call.apply_immediately(true);
                let call = call.set_cloudwatch_logs_export_configuration(settings::log_exports(changes, current)?);
                let call = call.set_serverless_v2_scaling_configuration(settings::serverless(changes)?);
                settings::modify_cluster(call, changes)?.send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn rename(&self, database: &DatabaseArn, to: &str) -> Result<(), Failure> {
        match database.kind {
            Kind::Instance => {
                let call = self.client.modify_db_instance().db_instance_identifier(database.id());
                call.new_db_instance_identifier(to).apply_immediately(true).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.modify_db_cluster().db_cluster_identifier(database.id());
                call.new_db_cluster_identifier(to).apply_immediately(true).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn unprotect(&self, database: &DatabaseArn) -> Result<(), Failure> {
        match database.kind {
            Kind::Instance => {
                let call = self.client.modify_db_instance().db_instance_identifier(database.id());
                call.deletion_protection(false).apply_immediately(true).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.modify_db_cluster().db_cluster_identifier(database.id());
                call.deletion_protection(false).apply_immediately(true).send().await?;
            }
        }
        Ok(())
    }

    /// Starts a stopped database. The members of a cluster start with it.
    pub(crate) async fn start(&self, database: &DatabaseArn) -> Result<(), Failure> {
        match database.kind {
            Kind::Instance => {
                self.client.start_db_instance().db_instance_identifier(database.id()).send().await?;
            }
            Kind::Cluster => {
                self.client.start_db_cluster().db_cluster_identifier(database.id()).send().await?;
            }
        }
        Ok(())
    }

    /// RDS has one operation for all kinds.
    pub(crate) async fn tag_database(&self, database: &DatabaseArn, key: &str, value: &str) -> Result<(), Failure> {
        let call = self.client.add_tags_to_resource().resource_name(database.to_string());
        call.tags(tag(key, value)).send().await?;
        Ok(())
    }

    /// All tags in one call.
    pub(crate) async fn tag_database_with(&self, database: &DatabaseArn, tags: &Tags) -> Result<(), Failure> {
        let call = self.client.add_tags_to_resource().resource_name(database.to_string());
        call.set_tags(Some(tags.iter().map(|(key, value)| tag(key, value)).collect())).send().await?;
        Ok(())
    }

    pub(crate) async fn untag_database(&self, database: &DatabaseArn, keys: &[&str]) -> Result<(), Failure> {
        let call = self.client.remove_tags_from_resource().resource_name(database.to_string());
        call.set_tag_keys(Some(keys.iter().map(|key| (*key).to_owned()).collect())).send().await?;
        Ok(())
    }

    /// A cluster is not rebooted: its members are. A Multi-AZ cluster is, as a whole.
    pub(crate) async fn reboot(&self, database: &DatabaseArn) -> Result<(), Failure> {
        match database.kind {
            Kind::Instance => {
                self.client.reboot_db_instance().db_instance_identifier(database.id()).send().await?;
            }
            Kind::Cluster => {
                self.client.reboot_db_cluster().db_cluster_identifier(database.id()).send().await?;
            }
        }
        Ok(())
    }

    /// "You must specify" either `SkipFinalSnapshot` or the identifier of a final snapshot. `DeleteAutomatedBackups` is always given: "The
    /// default is to remove automated backups immediately after the DB instance is deleted", with all times to which it could be
    /// restored.
    pub(crate) async fn delete_database(&self, database: &DatabaseArn, deletion: Deletion<'_>) -> Result<(), Failure> {
        let (skips, snapshot, deletes_backups) = match deletion {
            Deletion::Everything => (true, None, true),
            Deletion::Keep { snapshot } => (false, Some(snapshot.to_owned()), false),
        };
        match database.kind {
            Kind::Instance => {
                let call = self.client.delete_db_instance().db_instance_identifier(database.id());
                let call = call.skip_final_snapshot(skips).set_final_db_snapshot_identifier(snapshot);
                call.delete_automated_backups(deletes_backups).send().await?;
            }
            Kind::Cluster => {
                let call = self.client.delete_db_cluster().db_cluster_identifier(database.id());
                let call = call.skip_final_snapshot(skips).set_final_db_snapshot_identifier(snapshot);
                call.delete_automated_backups(deletes_backups).send().await?;
            }
        }
        Ok(())
    }

    /// A member has no data of its own, so no final snapshot either. `DeleteDBInstance` refuses one: "not supported" in clusters.
    pub(crate) async fn delete_member(&self, member: &DatabaseArn) -> Result<(), Failure> {
        let call = self.client.delete_db_instance().db_instance_identifier(member.id());
        call.skip_final_snapshot(true).send().await?;
        Ok(())
    }
}
