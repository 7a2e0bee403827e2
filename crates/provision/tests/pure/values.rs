//! What of a plan gives way to AWS's rules for values: of storage, of windows, of names.

use protocol::spec::Setting;
use provision::check::Facts;

use super::checks::facts;
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
