//! Database Insights and Enhanced Monitoring of clusters.

use serde_json::Value;

use super::engines::Engine;
use super::given::Given;
use super::kind::Kind;
use super::rules::invalid_combination;
use super::settings::Settings;
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

/// "If you change the value from standard to advanced, you must set the PerformanceInsightsEnabled parameter to true and the
/// PerformanceInsightsRetentionPeriod parameter to 465" (`DatabaseInsightsMode` of `ModifyDBCluster`; `CreateDBCluster` has the same of a new
/// one). Users report the message, also for a cluster that has both already
/// (github.com/hashicorp/terraform-provider-aws/pull/43919). The references of instances do not have the sentence.
pub(super) fn check_mode(given: &Given, now: &Settings, kind: Kind) -> Result<(), Error> {
    const ADVANCED: &str = "advanced";
    const LEAST_DAYS: i64 = 465;
    let is_changed = given.0.get("DatabaseInsightsMode").is_some_and(|mode| mode == ADVANCED)
        && now.text("DatabaseInsightsMode") != Some(ADVANCED);
    let has_insights = given.0.get("EnablePerformanceInsights").is_some_and(|on| on == true);
    let days = given.0.get("PerformanceInsightsRetentionPeriod").and_then(Value::as_i64);
    if kind == Kind::Instance || !is_changed || (has_insights && days >= Some(LEAST_DAYS)) {
        return Ok(());
    }
    Err(invalid_combination(format!(
        "To enable the Advanced mode of Database Insights, modify your cluster to enable Performance Insights and set the retention period for \
         Performance Insights to at least {LEAST_DAYS} days."
    )))
}
