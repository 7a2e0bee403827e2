//! The logging and tracing of state machines. They are stored and returned; nothing is logged or traced.

use serde::{Deserialize, Serialize};

use crate::call::Error;

/// Which events of executions are logged, and where to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Logging {
    level: String,
    include_execution_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<Destination>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

/// "By default, the level is set to OFF." (API reference, CreateStateMachine)
impl Default for Logging {
    fn default() -> Self {
        Self { level: "OFF".to_owned(), include_execution_data: false, destinations: None }
    }
}

impl Logging {
    /// "Limited to size 1. Required, if your log level is not set to OFF." "The ARN must end with :*" (API reference,
    /// LoggingConfiguration) The first message is one that LocalStack's tests recorded from AWS. Log groups are not
    /// simulated, so every log group exists.
    pub(super) fn check(&self) -> Result<(), Error> {
        let levels = ["ALL", "ERROR", "FATAL", "OFF"];
        if !levels.contains(&self.level.as_str()) {
            let must = format!("satisfy enum value set: [{}]", levels.join(", "));
            return Err(Error::invalid_member(&self.level, "loggingConfiguration.level", &must));
        }
        let destinations = self.destinations.as_deref().unwrap_or_default();
        if destinations.len() > 1 || (destinations.is_empty() && self.level != "OFF") {
            return Err(invalid("Must specify exactly one Log Destination."));
        }
        let arn = |to: &Destination| to.cloud_watch_logs_log_group.as_ref()?.log_group_arn.clone();
        let is_valid = |arn: String| arn.starts_with("arn:aws:logs:") && arn.ends_with(":*");
        if !destinations.iter().all(|to| arn(to).is_some_and(is_valid)) {
            return Err(invalid("The ARN of a log group must end with :*"));
        }
        Ok(())
    }
}

fn invalid(reason: &str) -> Error {
    Error::new("InvalidLoggingConfiguration", format!("Invalid Logging Configuration: {reason}"))
}

/// Whether X-Ray traces the executions. "Default is false" (API reference, TracingConfiguration)
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Tracing {
    enabled: bool,
}
