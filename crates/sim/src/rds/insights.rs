//! Enhanced Monitoring of clusters.

use super::engines::Engine;
use super::given::Given;
use super::kind::Kind;
use super::rules::invalid_combination;
use crate::call::Error;

/// "Valid for Cluster Type: Multi-AZ DB clusters only" (`MonitoringInterval` and `MonitoringRoleArn` of `ModifyDBCluster`).
pub(super) fn check_monitoring(given: &Given, kind: Kind, engine: &Engine) -> Result<(), Error> {
    let monitoring = ["MonitoringInterval", "MonitoringRoleArn"];
    match monitoring.iter().find(|parameter| given.0.contains_key(*parameter)) {
        Some(parameter) if kind == Kind::Cluster && !engine.has_fixed_storage() => {
            Err(invalid_combination(format!("{parameter} isn't valid for engine {}.", engine.name)))
        }
        _ => Ok(()),
    }
}
