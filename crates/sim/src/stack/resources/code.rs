//! Functions, state machines and schedules.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::path_error::PathError;
use super::super::properties::Properties;
use super::super::scope::CreatedResource;
use super::{Deployment, created};
use crate::call::Service;
use crate::lambda::{self, Function};
use crate::schedule::{self, Schedule};

/// "Total size of all environment variables: 4 KB" (Lambda's quotas).
const LARGEST_ENVIRONMENT: usize = 4 * 1024;

/// The location of an object in S3.
struct S3Object {
    bucket: String,
    key: String,
}

impl Deployment<'_> {
    pub(super) fn function(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("FunctionName")?;
        let arn = self.arn("lambda", &format!("function:{name}"));
        let zip = properties.nested("Code", |code| S3Object::read(code, ["S3Bucket", "S3Key", "S3ObjectVersion"]))?;
        let code =
            zip.and_then(|zip| self.bucket.code.get(&zip.key).filter(|_| zip.bucket == self.bucket.name).cloned());
        let code = code.ok_or_else(|| PathError::new("no code with this bucket and key").within("Code"))?;
        let role = properties.text("Role")?;
        let role = self.assumable_role(&role, "lambda.amazonaws.com", &arn).map_err(|error| error.within("Role"))?;
        let mut function = Function::new(&role, move |invocation| code(invocation)).require_permission();
        if let Some(seconds) = properties.optional("Timeout")? {
            function = function.timeout(Duration::from_secs(seconds));
        }
        if let Some(memory) = properties.optional("MemorySize")? {
            function = function.memory(memory);
        }
        if let Some(most) = properties.optional("ReservedConcurrentExecutions")? {
            function = function.reserved_concurrency(most);
        }
        let variables = properties.nested("Environment", |it| it.text_map("Variables"))?.unwrap_or_default();
        let size: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > LARGEST_ENVIRONMENT {
            let message = format!("{size} bytes exceed Lambda's limit of {LARGEST_ENVIRONMENT}");
            return Err(PathError::new(message).within("Environment"));
        }
        for (name, value) in variables {
            function = function.environment(&name, &value);
        }
        // One program can be several functions ("_HANDLER – The handler location configured on the function", *Defined runtime
        // environment variables*).
        if let Some(handler) = properties.optional_text("Handler")? {
            function = function.environment("_HANDLER", &handler);
        }
        // Properties of the zip file, and the description.
        properties.ignore(&["Architectures", "CodeSigningConfigArn", "Description", "Runtime"]);
        // Nothing here sends packets.
        properties.ignore(&["VpcConfig"]);
        lambda::add(self.state, self.account, self.region, &name, function);
        Ok(created(&name, [("Arn", &arn)]))
    }

    /// The ARN of a function, which may be given by its name or its ARN.
    fn named_function(&self, properties: &mut Properties) -> Result<String, PathError> {
        let named = properties.text("FunctionName")?;
        let is_arn = named.starts_with("arn:");
        Ok(if is_arn { named } else { self.arn("lambda", &format!("function:{named}")) })
    }

    pub(super) fn permission(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let function = self.named_function(properties)?;
        let action = properties.text("Action")?;
        if action != "lambda:InvokeFunction" {
            return Err(PathError::new(format!("{action} is not simulated")).within("Action"));
        }
        let (service, source) = (properties.text("Principal")?, properties.text("SourceArn")?);
        lambda::allow(self.state, &function, &service, &source).map_err(PathError::new)?;
        Ok(created("", []))
    }

    pub(super) fn event_invoke_config(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let function = self.named_function(properties)?;
        if properties.text("Qualifier")? != "$LATEST" {
            return Err(PathError::new("only $LATEST is simulated").within("Qualifier"));
        }
        if properties.optional("MaximumRetryAttempts")?.is_some_and(|attempts: u32| attempts != 2) {
            return Err(PathError::new("only 2 retry attempts are simulated").within("MaximumRetryAttempts"));
        }
        let destination =
            properties.nested("DestinationConfig", |it| it.nested("OnFailure", |it| it.text("Destination")))?;
        if let Some(destination) = destination.flatten() {
            lambda::set_on_failure(self.state, &function, &destination).map_err(PathError::new)?;
        }
        Ok(created("", []))
    }

    pub(super) fn state_machine(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("StateMachineName")?;
        let of = ["Bucket", "Key", "Version"];
        let stored = properties.nested("DefinitionS3Location", |it| S3Object::read(it, of))?;
        let text = stored.and_then(|at| self.bucket.texts.get(&at.key).filter(|_| at.bucket == self.bucket.name));
        let mut definition = match (text.cloned(), properties.optional_text("DefinitionString")?) {
            (Some(text), None) | (None, Some(text)) => text,
            _ => return Err(PathError::new("no definition with this bucket and key").within("DefinitionS3Location")),
        };
        for (place, value) in properties.text_map("DefinitionSubstitutions")? {
            definition = definition.replace(&format!("${{{place}}}"), &value);
        }
        let role = properties.text("RoleArn")?;
        let arn = self.arn("states", &format!("stateMachine:{name}"));
        self.assumable_role(&role, "states.amazonaws.com", &arn).map_err(|error| error.within("RoleArn"))?;
        let kind = properties.optional_text("StateMachineType")?;
        let input = json!({ "name": name, "definition": definition, "roleArn": role, "type": kind });
        let arn = self.call_for_text(Service::States, "CreateStateMachine", input, "/stateMachineArn")?;
        Ok(created(&arn, [("Arn", &arn), ("Name", &name)]))
    }

    pub(super) fn schedule(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("Name")?;
        let every =
            rate(&properties.text("ScheduleExpression")?).map_err(|error| error.within("ScheduleExpression"))?;
        let window = properties.nested("FlexibleTimeWindow", |it| it.text("Mode"))?;
        if window.as_deref() != Some("OFF") {
            return Err(PathError::new("only the mode OFF is simulated").within("FlexibleTimeWindow"));
        }
        let target = properties.nested("Target", |target| {
            let input = target.optional_text("Input")?.unwrap_or_else(|| "{}".to_owned());
            let input: Value =
                serde_json::from_str(&input).map_err(|error| PathError::new(error.to_string()).within("Input"))?;
            Ok((target.text("Arn")?, target.text("RoleArn")?, input))
        })?;
        let (function_arn, role, payload) = target.ok_or_else(|| PathError::new("missing").within("Target"))?;
        properties.ignore(&["Description"]);
        // "aws:SourceArn … the ARN of the schedule group" (EventBridge Scheduler's guide, *Confused deputy prevention*).
        let group = self.arn("scheduler", "schedule-group/default");
        let role = self.assumable_role(&role, "scheduler.amazonaws.com", &group);
        let role = role.map_err(|error| error.within("RoleArn").within("Target"))?;
        let schedule = Schedule { name: name.clone(), every, function_arn, payload, role: Some(role) };
        schedule::add(self.state, self.account, self.region, schedule);
        Ok(created(&name, [("Arn", &self.arn("scheduler", &format!("schedule/default/{name}")))]))
    }
}

impl S3Object {
    /// The version is ignored.
    fn read(properties: &mut Properties, [bucket, key, version]: [&str; 3]) -> Result<Self, PathError> {
        properties.ignore(&[version]);
        Ok(Self { bucket: properties.text(bucket)?, key: properties.text(key)? })
    }
}

/// `rate(1 hour)`.
fn rate(expression: &str) -> Result<Duration, PathError> {
    let inside = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let (number, unit) = inside.and_then(|inside| inside.split_once(' ')).unwrap_or_default();
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => 0,
    };
    let number = number.parse::<u64>().unwrap_or_default();
    match number * seconds {
        0 => Err(PathError::new(format!("only rate expressions are simulated, not {expression}"))),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}
