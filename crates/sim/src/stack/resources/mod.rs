//! The resource types that are simulated, and how their resources are created.

mod access;
mod alarms;
mod code;
mod messages;
mod network;

use serde_json::Value;

use super::Bucket;
use super::path_error::PathError;
use super::properties::Properties;
use super::scope::CreatedResource;
use crate::call::{Call, Caller, Input, Output, Service};
use crate::journal::Event;
use crate::world::State;

/// The account and region of a stack, and the state to change.
pub(super) struct Deployment<'a> {
    pub(super) state: &'a mut State,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) bucket: &'a Bucket,
}

/// Resource types without an effect in the simulation: the property with the name, and the ARN if the resource has one.
/// Other properties are resolved but not checked.
const WITHOUT_EFFECT: [WithoutEffect; 3] = [
    ("AWS::CloudWatch::Dashboard", "DashboardName", None),
    ("AWS::Logs::LogGroup", "LogGroupName", Some(("logs", "log-group:{}:*"))),
    ("AWS::Logs::MetricFilter", "FilterName", None),
];

type WithoutEffect = (&'static str, &'static str, Option<(&'static str, &'static str)>);

impl Deployment<'_> {
    pub(super) fn create_resource(
        &mut self,
        kind: &str,
        properties: &mut Properties,
    ) -> Result<CreatedResource, PathError> {
        match kind {
            "AWS::CloudWatch::Alarm" => self.alarm(properties),
            "AWS::EC2::SecurityGroup" => self.security_group(properties),
            "AWS::EC2::Subnet" => self.subnet(properties),
            "AWS::EC2::VPC" => self.vpc(properties),
            "AWS::IAM::Role" => self.role(properties),
            "AWS::KMS::Alias" => self.alias(properties),
            "AWS::KMS::Key" => self.key(properties),
            "AWS::Lambda::EventInvokeConfig" => self.event_invoke_config(properties),
            "AWS::Lambda::Function" => self.function(properties),
            "AWS::Lambda::Permission" => self.permission(properties),
            "AWS::RDS::DBSubnetGroup" => self.subnet_group(properties),
            "AWS::RDS::EventSubscription" => self.event_subscription(properties),
            "AWS::S3::Bucket" => self.bucket(properties),
            "AWS::SNS::Subscription" => self.subscription(properties),
            "AWS::SNS::Topic" => self.topic(properties),
            "AWS::SNS::TopicPolicy" => self.topic_policy(properties),
            "AWS::SQS::Queue" => self.queue(properties),
            "AWS::Scheduler::Schedule" => self.schedule(properties),
            "AWS::StepFunctions::StateMachine" => self.state_machine(properties),
            other => self.without_effect(other, properties),
        }
    }

    fn without_effect(&self, kind: &str, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let known = WITHOUT_EFFECT.into_iter().find(|(known, ..)| *known == kind);
        let (_, naming, arn) = known.ok_or_else(|| PathError::new(format!("the type {kind} is not simulated")))?;
        let name = properties.text(naming)?;
        properties.ignore_all();
        let arn = arn.map(|(service, resource)| ("Arn", self.arn(service, &resource.replace("{}", &name))));
        Ok(CreatedResource { reference: name, attributes: arn.into_iter().collect() })
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// "CloudFormation makes calls on your behalf": here, as the root of the account.
    fn owner(&self) -> Caller {
        Caller { account: self.account.to_owned(), role: None }
    }

    /// Makes a call and writes it to the journal, like the call of a client.
    fn answer(&mut self, service: Service, operation: &str, input: Value) -> Result<Output, PathError> {
        let (caller, region) = (self.owner(), self.region.to_owned());
        let call = Call { caller, region, service, operation: operation.to_owned(), input: Input::Json(input) };
        let mut entry = Event::of(&call);
        let answer = self.state.serve(call);
        entry.set_response(answer.as_ref().err(), 0);
        self.state.write(entry);
        answer.map_err(|error| PathError::new(format!("{service} {operation}: {error}")))
    }

    /// A call whose response is JSON.
    fn call(&mut self, service: Service, operation: &str, input: Value) -> Result<Value, PathError> {
        match self.answer(service, operation, input)? {
            Output::Members(members) => Ok(members),
            Output::Xml(_) | Output::Rest(_) | Output::Running(_) => {
                Err(PathError::new(format!("{service} {operation} returns no JSON")))
            }
        }
    }

    /// The same; returns the text at this JSON pointer.
    fn call_for_text(
        &mut self,
        service: Service,
        operation: &str,
        input: Value,
        member: &str,
    ) -> Result<String, PathError> {
        let answer = self.call(service, operation, input)?;
        let text = answer.pointer(member).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| PathError::new(format!("the response of {service} {operation} has no {member}")))
    }
}

/// A created resource, with the values of `Ref` and `Fn::GetAtt`.
fn created<const N: usize>(reference: &str, attributes: [(&'static str, &str); N]) -> CreatedResource {
    let attributes = attributes.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    CreatedResource { reference: reference.to_owned(), attributes }
}
