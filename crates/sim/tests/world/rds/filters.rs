//! Filters of the operations that describe databases and snapshots.

use aws_sdk_rds::types::Filter;
use sim::questions::FilteredOut;

use super::support::*;

/// The error code, or the number of databases found.
async fn databases(rds: &Rds, name: &str, values: &[&str]) -> Result<usize, String> {
    let filter =
        Filter::builder().name(name).set_values(Some(values.iter().map(|value| (*value).to_owned()).collect()));
    let filter = filter.build();
    match rds.kind {
        Kind::Instance => code(rds.client.describe_db_instances().filters(filter).send().await)
            .map(|answer| answer.db_instances().len()),
        Kind::Cluster => code(rds.client.describe_db_clusters().filters(filter).send().await)
            .map(|answer| answer.db_clusters().len()),
    }
}

#[tokio::test(start_paused = true)]
async fn databases_are_filtered_by_identifier_arn_and_engine() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        rds.database(&world, "orders").await;
        rds.database(&world, "shop").await;
        let name = kind.pick("db-instance-id", "db-cluster-id");
        assert_eq!(databases(&rds, &name, &["orders", "none"]).await, Ok(1));
        assert_eq!(databases(&rds, &name, &[&kind.database_arn(PROD, REGION, "orders")]).await, Ok(1));
        assert_eq!(databases(&rds, &name, &[&kind.database_arn(DR, REGION, "orders")]).await, Ok(0));
        assert_eq!(databases(&rds, "engine", &[&kind.pick("postgres", "aurora-postgresql")]).await, Ok(2));
        assert_eq!(databases(&rds, "engine", &["oracle-ee"]).await, Ok(0));
        assert_eq!(databases(&rds, "domain", &["d-1234567890"]).await, Ok(0));
    }
}

/// Each operation has its own filters, and refuses others even if it has nothing to return.
#[tokio::test(start_paused = true)]
async fn filters_of_other_operations_are_refused() {
    let world = world();
    for kind in BOTH {
        let rds = Rds::new(&world, PROD, REGION, kind);
        let other = kind.pick("db-cluster-resource-id", "dbi-resource-id");
        for unknown in [other.as_str(), "snapshot-type", "Engine", "none"] {
            assert_eq!(databases(&rds, unknown, &["x"]).await, Err("InvalidParameterValue".to_owned()), "{unknown}");
        }
        for unknown in ["domain", "db-cluster-resource-id", "none"] {
            let answer = rds.ids(Query { filters: &[(unknown, "x")], ..Query::default() }).await;
            assert_eq!(answer, Err("InvalidParameterValue".to_owned()), "{unknown}");
        }
    }
    let clusters = Rds::new(&world, PROD, REGION, Kind::Cluster);
    let answer = clusters.ids(Query { filters: &[("dbi-resource-id", "x")], ..Query::default() }).await;
    assert_eq!(answer, Err("InvalidParameterValue".to_owned()));
}

/// "If this parameter is specified, information from only the specific DB instance is returned." What is returned if it does
/// not pass the filter is an open question.
#[tokio::test(start_paused = true)]
async fn a_filter_only_narrows_the_database_or_snapshot_that_is_named() {
    for &filtered_out in FilteredOut::ALL {
        let world = world_where(|answers| answers.filtered_out = filtered_out);
        let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
        rds.snapshot(&world, "s").await;
        rds.snapshot(&world, "t").await;
        let database = async |id: &str, value: &str| {
            let filter = Filter::builder().name("db-instance-id").values(value).build();
            let call = rds.client.describe_db_instances().db_instance_identifier(id).filters(filter);
            code(call.send().await).map(|answer| answer.db_instances().len())
        };
        let snapshot = async |id: &str, value: &str| {
            let filters = &[("db-snapshot-id", value)];
            rds.ids(Query { id: Some(id), filters, ..Query::default() }).await.map(|found| found.len())
        };
        let excluded = |error: String| match filtered_out {
            FilteredOut::NotFound => Err(error),
            FilteredOut::Empty => Ok(0),
        };
        assert_eq!(database("of-s", "of-s").await, Ok(1));
        assert_eq!(database("of-s", "of-t").await, excluded(rds.kind.database_not_found()));
        assert_eq!(database("none", "of-t").await, Err(rds.kind.database_not_found()));
        assert_eq!(snapshot("s", "s").await, Ok(1));
        assert_eq!(snapshot("s", "t").await, excluded(rds.kind.snapshot_not_found()));
        assert_eq!(snapshot("none", "t").await, Err(rds.kind.snapshot_not_found()));
    }
}
