//! Restoring databases from snapshots and to a time.

mod backups;
mod laws;
mod outcomes;
mod snapshots;
mod times;

use aws_sdk_rds::types::{DbCluster, DbInstance};
use sim::World;

use super::support::*;

/// The longest time of a restore and of the backup after it.
pub(crate) const RESTORED: std::time::Duration = std::time::Duration::from_mins(30);

impl Rds {
    /// Restores a snapshot as a database with all defaults.
    pub(crate) async fn restore(&self, snapshot: &str, id: &str) -> Result<(), String> {
        match self.kind {
            Kind::Instance => {
                let call = self.client.restore_db_instance_from_db_snapshot().db_instance_identifier(id);
                code(call.db_snapshot_identifier(snapshot).send().await).map(drop)
            }
            Kind::Cluster => {
                let call = self.client.restore_db_cluster_from_snapshot().db_cluster_identifier(id);
                let call = call.snapshot_identifier(snapshot).engine("aurora-postgresql");
                code(call.send().await).map(drop)
            }
        }
    }

    async fn instance(&self, id: &str) -> DbInstance {
        let answer = code(self.client.describe_db_instances().db_instance_identifier(id).send().await);
        answer.expect("an instance").db_instances()[0].clone()
    }

    async fn cluster(&self, id: &str) -> DbCluster {
        let answer = code(self.client.describe_db_clusters().db_cluster_identifier(id).send().await);
        answer.expect("a cluster").db_clusters()[0].clone()
    }
}

fn error(code: &str) -> Result<(), String> {
    Err(code.to_owned())
}
