//! Values that AWS does not take, or not together, and that the job chose: recorded ones have given way ([`crate::settle`]).

use protocol::Job;
use protocol::spec::{Given, Setting, Settings, Spec, Target, Value};

use crate::check::{Facts, name, number};
use crate::plan::{self, SERVERLESS};
use crate::rules;

/// A mode of Database Insights.
pub(crate) const ADVANCED: &str = "advanced";
/// For how many days that mode keeps its data at least.
const LEAST_OF_ADVANCED: u32 = 465;

/// Values of the job that AWS would refuse when the restore is complete, after hours. It checks those of the restore itself before it creates
/// anything, and may take more than is known here.
pub(crate) fn values(job: &Job, wanted: &Spec) -> Vec<String> {
    let is_late = |setting: Setting| {
        let given = |part: &_| matches!(setting.row().given(*part), Given::Modify | Given::Create);
        // A restore begins without backups, and one of SQL Server with the storage of the data.
        let is_after_restore = setting == Setting::BackupRetention || plan::is_late_storage(setting, &wanted.engine);
        is_after_restore || wanted.target().parts().iter().any(given)
    };
    // What the job turned off is not wanted any more.
    let is_wanted = |setting: &Setting| parts(wanted).any(|settings| settings.contains_key(setting));
    let late = job.request().overrides.iter().filter(|(setting, _)| is_late(**setting) && is_wanted(setting));
    late.filter_map(|(setting, value)| {
        let taken = rules::taken(*setting, value, wanted)?;
        Some(format!("{} {value} was requested, and AWS takes {taken}: correct it", setting.row().parameter))
    })
    .collect()
}

/// Settings that contradict each other.
pub(crate) fn of(wanted: &Spec, facts: &Facts) -> Vec<String> {
    let settings = &wanted.settings;
    let number = |setting| number(settings, setting);
    let storage = name(settings, Setting::StorageType);
    let (iops, throughput) = (number(Setting::Iops), number(Setting::StorageThroughput));
    let mut problems = Vec::new();
    match (storage, iops, throughput) {
        (Some(storage @ ("gp2" | "standard")), Some(iops), _) => problems.push(format!(
            "{iops} IOPS were requested for {storage}, which has none: choose gp3, io1 or io2, or leave them out"
        )),
        // "When specified for a Multi-AZ DB cluster, a value for the Iops parameter is required" (`StorageType`).
        (Some(storage), None, _) if wanted.target() == Target::MultiAzCluster => problems.push(format!(
            "no IOPS were requested for {storage}, which needs them in a Multi-AZ cluster: request some"
        )),
        (Some(storage @ ("io1" | "io2")), None, _) => problems.push(format!(
            "no IOPS were requested for {storage}, which needs them: request some, or choose gp3"
        )),
        (Some(storage), _, Some(throughput)) if storage != "gp3" => problems.push(format!(
            "a throughput of {throughput} MiB/s was requested for {storage}, which has none: choose gp3, or leave it out"
        )),
        _ => {}
    }
    if let (Some(most), Some(gib)) = (number(Setting::MaxAllocatedStorage), size(wanted, facts))
        && most <= gib
    {
        problems.push(format!(
            "the highest storage of {most} GiB is not more than the storage of {gib} GiB: request more, or leave it out"
        ));
    }
    if let (Some(Value::Capacity(least)), Some(Value::Capacity(most))) =
        (settings.get(&Setting::ServerlessMin), settings.get(&Setting::ServerlessMax))
        && least > most
    {
        problems.push(format!(
            "the lowest capacity of {} ACUs is above the highest of {}: exchange them",
            least.units(),
            most.units()
        ));
    }
    let is_serverless = wanted.members.iter().any(|member| name(&member.settings, Setting::Class) == Some(SERVERLESS));
    if is_serverless && !settings.contains_key(&Setting::ServerlessMax) {
        problems.push(format!(
            "a member of class {SERVERLESS} needs the lowest and the highest capacity of the cluster: give both"
        ));
    }
    if settings.get(&Setting::MultiAz) == Some(&Value::Flag(true))
        && let Some(zone) = name(settings, Setting::AvailabilityZone)
    {
        problems.push(format!(
            "the zone {zone} was requested for a database with a standby, whose zones AWS chooses: leave one of the two out"
        ));
    }
    let lacks_role = |settings: &Settings| {
        let is_on = crate::check::number(settings, Setting::MonitoringInterval).is_some_and(|seconds| seconds > 0);
        is_on && !settings.contains_key(&Setting::MonitoringRole)
    };
    if parts(wanted).any(lacks_role) {
        problems
            .push("Enhanced Monitoring was requested without its role: give the role, or an interval of 0".to_owned());
    }
    let has_retention = parts(wanted).any(|settings| settings.contains_key(&Setting::InsightsRetention));
    if has_retention && !parts(wanted).any(is_insights_on) {
        problems.push(
            "a retention was requested for Performance Insights, which is off: turn it on, or leave it out".to_owned(),
        );
    }
    if name(settings, Setting::InsightsMode) == Some(ADVANCED) && !can_be_advanced(wanted) {
        problems.push(format!(
            "the {ADVANCED} mode of Database Insights was requested, which needs Performance Insights with a retention of {LEAST_OF_ADVANCED} days at least: give both, or leave it out"
        ));
    }
    if let (Some(backup), Some(maintenance)) =
        (name(settings, Setting::BackupWindow), name(settings, Setting::MaintenanceWindow))
        && rules::windows_overlap(backup, maintenance)
    {
        problems.push(format!(
            "the backup window {backup} and the maintenance window {maintenance} overlap: give windows that do not"
        ));
    }
    problems
}

/// The storage that the database has at least: that of its settings, or that of the data.
pub(crate) fn size(wanted: &Spec, facts: &Facts) -> Option<u32> {
    number(&wanted.settings, Setting::AllocatedStorage).max(facts.gib)
}

/// "If you set this value to advanced, you must also set the PerformanceInsightsEnabled parameter to true and the
/// PerformanceInsightsRetentionPeriod parameter to 465" (`DatabaseInsightsMode`): those of the cluster, and not of its members.
pub(crate) fn can_be_advanced(spec: &Spec) -> bool {
    let is_long = |settings: &Settings| {
        number(settings, Setting::InsightsRetention).is_some_and(|days| days >= LEAST_OF_ADVANCED)
    };
    is_insights_on(&spec.settings) && is_long(&spec.settings)
}

fn is_insights_on(settings: &Settings) -> bool {
    settings.get(&Setting::PerformanceInsights) == Some(&Value::Flag(true))
}

/// The settings of the database and of its members.
fn parts(spec: &Spec) -> impl Iterator<Item = &Settings> {
    [&spec.settings].into_iter().chain(spec.members.iter().map(|member| &member.settings))
}
