//! Metric alarms.

use chrono::TimeDelta;

use super::super::path_error::PathError;
use super::super::properties::Properties;
use super::super::scope::CreatedResource;
use super::{Deployment, created};
use crate::alarms::{Alarm, Comparison, Statistic};

impl Deployment<'_> {
    pub(super) fn alarm(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("AlarmName")?;
        let need = |name: &str, value: Option<usize>| value.ok_or_else(|| PathError::new("missing").within(name));
        let evaluation_periods = need("EvaluationPeriods", properties.optional("EvaluationPeriods")?)?;
        let seconds: Option<i64> = properties.optional("Period")?;
        let dimensions = properties.nested_list("Dimensions", |it| Ok((it.text("Name")?, it.text("Value")?)))?;
        let unknown = |name: &str, value: &str| Err(PathError::new(format!("{value} is not simulated")).within(name));
        let alarm = Alarm {
            name: name.clone(),
            namespace: properties.text("Namespace")?,
            metric: properties.text("MetricName")?,
            dimensions: dimensions.into_iter().collect(),
            statistic: match properties.text("Statistic")?.as_str() {
                "Sum" => Statistic::Sum,
                "Maximum" => Statistic::Maximum,
                other => return unknown("Statistic", other),
            },
            period: TimeDelta::seconds(seconds.ok_or_else(|| PathError::new("missing").within("Period"))?),
            evaluation_periods,
            datapoints_to_alarm: properties.optional("DatapointsToAlarm")?.unwrap_or(evaluation_periods),
            threshold: properties
                .optional("Threshold")?
                .ok_or_else(|| PathError::new("missing").within("Threshold"))?,
            comparison: match properties.text("ComparisonOperator")?.as_str() {
                "GreaterThanOrEqualToThreshold" => Comparison::AtLeast,
                "LessThanThreshold" => Comparison::Below,
                other => return unknown("ComparisonOperator", other),
            },
            missing_breaches: match properties.text("TreatMissingData")?.as_str() {
                "breaching" => true,
                "notBreaching" => false,
                other => return unknown("TreatMissingData", other),
            },
            actions: properties.texts("AlarmActions")?,
        };
        properties.ignore(&["AlarmDescription", "OKActions"]);
        let (account, region) = (self.account.to_owned(), self.region.to_owned());
        let alarms = &mut self.state.region_state(&account, &region).alarms;
        if alarms.iter().any(|alarm| alarm.name == name) {
            return Err(PathError::new(format!("alarm {name} already exists")).within("AlarmName"));
        }
        alarms.push(alarm);
        Ok(created(&name, [("Arn", &self.arn("cloudwatch", &format!("alarm:{name}")))]))
    }
}
