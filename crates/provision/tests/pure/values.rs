//! What of a plan gives way to AWS's rules for values: of storage, of windows, of names.

use cloud::Offer;
use protocol::spec::Setting;
use provision::check::Facts;
use provision::plan::{self, Base, Origin};
use provision::settle::settle;

use super::checks::{facts, offer};
use super::plans::text;
use super::settled::{number, offers, settled};
use super::*;

// Its restore has the storage of the data, so the class must have that.
#[test]
fn a_temporary_sql_server_has_a_class_with_the_storage_type_of_its_data() {
    let all = offers(&[("db.t3.small", "gp3"), ("db.m5.large", "gp3"), ("db.m5.large", "io2")]);
    let facts = Facts { gib: Some(100), of_version: Some(all), ..facts() };
    let class = |of_data: &str| {
        let spec = Spec::new(Kind::Instance, "sqlserver-se", "16.00.4140.3.v1");
        let plan = settled(Verb::Verify, spec, &[(Setting::StorageType, text(of_data))], &[], &facts);
        let storage = plan.spec.settings.get(&Setting::StorageType).cloned();
        (plan.spec.settings.get(&Setting::Class).cloned(), storage)
    };
    assert_eq!(class("gp3"), (Some(text("db.t3.small")), None));
    assert_eq!(class("io2"), (Some(text("db.m5.large")), None));
}

// The IOPS are at least half of the size. A snapshot states it; of a database, its description does.
#[test]
fn a_temporary_multi_az_cluster_has_the_iops_that_its_size_needs() {
    let all = vec![Offer { supports_clusters: true, max_gib: Some(65_536), ..offer("db.m6gd.large", "io1") }];
    let facts = Facts { of_version: Some(all), ..facts() };
    let job = job(Kind::Cluster, Verb::Rewind);
    let mut live = Spec::new(Kind::Cluster, "postgres", "16.3");
    live.settings = [(Setting::AllocatedStorage, number(4000)), (Setting::Iops, number(20_000))].into();
    let content = Spec::new(Kind::Cluster, "postgres", "16.3");
    let base = Base { content, recorded: Some(live), origin: Origin::Here, notes: Vec::new() };
    let plan = settle(&job, &base, plan::wanted(&job, &base), &facts);
    assert_eq!(plan.spec.settings.get(&Setting::Iops), Some(&number(2000)));
}

// AWS has it for Aurora MySQL only.
#[test]
fn a_recorded_backtrack_window_of_another_engine_is_left_out() {
    let has = |engine: &str| {
        let value = number(3600);
        let spec =
            Spec { settings: [(Setting::BacktrackWindow, value)].into(), ..Spec::new(Kind::Cluster, engine, "8.0.36") };
        settled(Verb::Restore, spec, &[], &[], &facts()).spec.settings.contains_key(&Setting::BacktrackWindow)
    };
    assert_eq!(["aurora-mysql", "aurora-postgresql"].map(has), [true, false]);
}
