//! Databases, as far as their snapshots need them.

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use protocol::{BackupWindow, Database, Kind};

use super::{PAGE_SIZE, Rds, tags};
use crate::DatabasePage;
use crate::error::Failure;

impl Rds {
    /// A page of the databases of a kind, or of those with this resource ID. Not the identifier: a database can be renamed, and
    /// another one can have its identifier then.
    pub(crate) async fn list_databases(
        &self,
        kind: Kind,
        resource_id: Option<&str>,
        marker: Option<&str>,
    ) -> Result<DatabasePage, Failure> {
        let filter = |name: &str, id: &str| vec![Filter::builder().name(name).values(id).build()];
        let marker = marker.map(str::to_owned);
        match kind {
            Kind::Instance => {
                let filters = resource_id.map(|id| filter("dbi-resource-id", id));
                let call = self.client.describe_db_instances().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(DatabasePage {
                    databases: page.db_instances().iter().map(db_instance).collect(),
                    marker: page.marker,
                })
            }
            Kind::Cluster => {
                let filters = resource_id.map(|id| filter("db-cluster-resource-id", id));
                let call = self.client.describe_db_clusters().max_records(PAGE_SIZE);
                let page = call.set_filters(filters).set_marker(marker).send().await?;
                Ok(DatabasePage { databases: page.db_clusters().iter().map(db_cluster).collect(), marker: page.marker })
            }
        }
    }
}

fn db_instance(described: &DbInstance) -> Database {
    Database {
        resource_id: described.dbi_resource_id().unwrap_or_default().to_owned(),
        backup_window: backup_window(described.backup_retention_period(), described.preferred_backup_window()),
        tags: tags(described.tag_list()),
    }
}

fn db_cluster(described: &DbCluster) -> Database {
    Database {
        resource_id: described.db_cluster_resource_id().unwrap_or_default().to_owned(),
        backup_window: backup_window(described.backup_retention_period(), described.preferred_backup_window()),
        tags: tags(described.tag_list()),
    }
}

/// "Setting this parameter to 0 disables automated backups" (`BackupRetentionPeriod`).
fn backup_window(retention_days: Option<i32>, window: Option<&str>) -> Option<BackupWindow> {
    window.filter(|_| retention_days.is_some_and(|days| days > 0)).and_then(BackupWindow::parse)
}
