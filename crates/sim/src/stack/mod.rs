//! CloudFormation: stacks made from templates.
//!
//! ```text
//!   yaml ─► template ─► scope (parameters, conditions, functions) ─► properties of each resource ─► resources (created)
//! ```
//!
//! Up to the properties, the result depends only on the template, the parameters and the resources created before. A
//! resource is then created by the calls that CloudFormation makes, on behalf of the account's root, and the calls are
//! in the journal. What is not simulated is refused: sections, functions, resource types, and single properties.
//!
//! A stack is created immediately, and cannot be updated or deleted. A stack that fails leaves the resources created so
//! far.

mod parameter;
mod path_error;
mod properties;
mod resources;
mod scope;
mod template;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::lambda::{Handler, Invocation};
use crate::world::World;
use path_error::PathError;
use properties::Properties;
use resources::Deployment;
use scope::{CreatedResource, Scope};
pub use template::Template;

/// The input of [`World::create_stack`].
#[derive(Clone, Copy)]
pub struct Stack<'a> {
    /// The name of the stack.
    pub name: &'a str,
    /// The template.
    pub template: &'a Template,
    /// The values of the template's parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// The S3 bucket with the code and the state machine definitions.
    pub bucket: &'a Bucket,
}

/// An error in a template or its parameters: `consumer.yaml: Sweep.Target.Arn: missing`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// An S3 bucket with code and definitions. Only templates can read it.
#[derive(Clone, Default)]
pub struct Bucket {
    name: String,
    code: BTreeMap<String, Arc<Handler>>,
    texts: BTreeMap<String, String>,
}

impl Bucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds code under this key, in place of a zip file.
    #[must_use]
    pub fn code<F, R>(mut self, key: &str, code: F) -> Self
    where
        F: Fn(Invocation) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, String>> + Send + 'static,
    {
        self.code.insert(key.to_owned(), Arc::new(move |invocation| Box::pin(code(invocation))));
        self
    }

    /// Adds a text under this key.
    #[must_use]
    pub fn text(mut self, key: &str, text: &str) -> Self {
        self.texts.insert(key.to_owned(), text.to_owned());
        self
    }
}

impl World {
    /// Creates a stack in a region of an account and returns its outputs.
    ///
    /// # Errors
    /// If the template uses an element that is not simulated, a parameter is invalid, or a call fails.
    pub fn create_stack(
        &self,
        account: &str,
        region: &str,
        stack: &Stack<'_>,
    ) -> Result<BTreeMap<String, String>, Error> {
        self.change(|state| {
            let mut deployment = Deployment { state, account, region, bucket: stack.bucket };
            create_stack(&mut deployment, stack).map_err(|error| error.in_template(&stack.template.name))
        })
    }
}

impl Template {
    /// The resources that a stack with these parameters would have: the type and the properties of each, with references to
    /// other resources as their names. Nothing is created, so that two templates can be compared.
    ///
    /// # Errors
    /// If a parameter is invalid, or the template uses an element that is not simulated.
    pub fn resources(
        &self,
        account: &str,
        region: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, (String, Value)>, Error> {
        let resolve = || {
            let mut scope = Scope::new(self, parameters, pseudo_parameters(account, region, "stack", "id"))?;
            for id in self.resources.keys() {
                let attributes = ["Arn", "QueueName", "TopicName"].map(|name| (name, format!("{id}.{name}")));
                scope.add_created(id, CreatedResource { reference: id.clone(), attributes: attributes.into() });
            }
            let mut resources = BTreeMap::new();
            for (id, resource) in &self.resources {
                if scope.is_included(resource.condition.as_ref())? {
                    let properties = scope.resolve(&resource.properties).map_err(|error| error.within(id))?;
                    resources.insert(id.clone(), (resource.kind.clone(), properties.unwrap_or_default()));
                }
            }
            Ok(resources)
        };
        resolve().map_err(|error: PathError| error.in_template(&self.name))
    }
}

fn pseudo_parameters(account: &str, region: &str, stack: &str, id: &str) -> [(&'static str, String); 6] {
    [
        ("AWS::StackId", format!("arn:aws:cloudformation:{region}:{account}:stack/{stack}/{id}")),
        ("AWS::AccountId", account.to_owned()),
        ("AWS::Partition", "aws".to_owned()),
        ("AWS::Region", region.to_owned()),
        ("AWS::StackName", stack.to_owned()),
        ("AWS::URLSuffix", "amazonaws.com".to_owned()),
    ]
}

fn create_stack(deployment: &mut Deployment<'_>, stack: &Stack<'_>) -> Result<BTreeMap<String, String>, PathError> {
    let id = deployment.state.new_uuid();
    let pseudo = pseudo_parameters(deployment.account, deployment.region, stack.name, &id.to_string());
    let mut scope = Scope::new(stack.template, stack.parameters, pseudo)?;
    for id in scope.order()? {
        let created = create_resource(deployment, &scope, stack.template, &id).map_err(|error| error.within(&id))?;
        scope.add_created(&id, created);
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in &stack.template.outputs {
        let at = |error: PathError| error.within(name).within("Outputs");
        if scope.is_included(output.condition.as_ref()).map_err(at)? {
            outputs.insert(name.clone(), scope.text(&output.value).map_err(at)?);
        }
    }
    Ok(outputs)
}

fn create_resource(
    deployment: &mut Deployment<'_>,
    scope: &Scope<'_>,
    template: &Template,
    id: &str,
) -> Result<CreatedResource, PathError> {
    let resource = template.resources.get(id).ok_or_else(|| PathError::new("unknown resource"))?;
    let properties = scope.resolve(&resource.properties)?.unwrap_or_default();
    Properties::read_all(properties, |properties| deployment.create_resource(&resource.kind, properties))
}
