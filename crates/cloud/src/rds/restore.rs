//! Restores, and the members of restored clusters.

use aws_sdk_rds::types::Tag;
use aws_smithy_types::DateTime as AwsTime;
use protocol::job::{Moment, Source};
use protocol::{Kind, Tags};

use super::{Rds, settings, tag};
use crate::databases::{NewMember, Restore};
use crate::error::Failure;

/// "The new DB cluster is restored as a clone of the source DB cluster" (`RestoreType`).
const CLONE: &str = "copy-on-write";

impl Rds {
    /// The request has the tags: without any, the database would get those of its source.
    pub(crate) async fn restore(&self, restore: &Restore<'_>) -> Result<(), Failure> {
        let Restore { from, to, engine, version, settings, tags } = *restore;
        let (id, tags) = (to.id(), list(tags));
        match (to.kind, from) {
            (Kind::Instance, Source::Snapshot(snapshot)) => {
                let call = self.client.restore_db_instance_from_db_snapshot().db_instance_identifier(id);
                let call = call.db_snapshot_identifier(self.name(snapshot)).set_tags(tags);
                settings::restore_instance(call, settings)?.send().await?;
            }
            (Kind::Instance, Source::PointInTime { resource_id, moment }) => {
                let call = self.client.restore_db_instance_to_point_in_time().target_db_instance_identifier(id);
                let call = call.source_dbi_resource_id(resource_id).set_tags(tags);
                let (time, is_latest) = moment_of(*moment);
                let call = call.set_restore_time(time).set_use_latest_restorable_time(is_latest);
                settings::rewind_instance(call, settings)?.send().await?;
            }
            (Kind::Instance, Source::Clone { .. }) => {
                return Err(Failure::not_sent("AWS clones clusters only"));
            }
            (Kind::Cluster, Source::Snapshot(snapshot)) => {
                let call = self.client.restore_db_cluster_from_snapshot().db_cluster_identifier(id);
                let call = call.snapshot_identifier(self.name(snapshot)).set_tags(tags);
                // "The version of the database engine to use for the new DB cluster. If you don't specify an engine version, the
                // default version" of the region is used.
                let call = call.engine(engine).engine_version(version);
                let call = call.set_serverless_v2_scaling_configuration(settings::serverless(settings)?);
                settings::restore_cluster(call, settings)?.send().await?;
            }
            (Kind::Cluster, Source::PointInTime { resource_id, moment }) => {
                let call = self.client.restore_db_cluster_to_point_in_time().db_cluster_identifier(id);
                let call = call.source_db_cluster_resource_id(resource_id).set_tags(tags);
                let (time, is_latest) = moment_of(*moment);
                let call = call.set_restore_to_time(time).set_use_latest_restorable_time(is_latest);
                let call = call.set_serverless_v2_scaling_configuration(settings::serverless(settings)?);
                settings::rewind_cluster(call, settings)?.send().await?;
            }
            (Kind::Cluster, Source::Clone { resource_id }) => {
                let call = self.client.restore_db_cluster_to_point_in_time().db_cluster_identifier(id);
                let call = call.source_db_cluster_resource_id(resource_id).set_tags(tags);
                // A clone is one of the cluster as it is now: "Can't be specified if the RestoreType parameter is copy-on-write"
                // (`RestoreToTime`).
                let call = call.restore_type(CLONE).use_latest_restorable_time(true);
                let call = call.set_serverless_v2_scaling_configuration(settings::serverless(settings)?);
                settings::rewind_cluster(call, settings)?.send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn create_member(&self, new: &NewMember<'_>) -> Result<(), Failure> {
        let call = self.client.create_db_instance().db_instance_identifier(new.member.id());
        let call = call.db_cluster_identifier(new.cluster.id()).engine(new.engine).set_tags(list(new.tags));
        settings::create_member(call, new.settings)?.send().await?;
        Ok(())
    }
}

fn list(tags: &Tags) -> Option<Vec<Tag>> {
    Some(tags.iter().map(|(key, value)| tag(key, value)).collect())
}

/// The parameters for a moment, of which AWS allows one.
fn moment_of(moment: Moment) -> (Option<AwsTime>, Option<bool>) {
    match moment {
        Moment::Latest => (None, Some(true)),
        Moment::At(time) => (Some(AwsTime::from_secs(time.timestamp())), None),
    }
}
