//! CloudFormation: stacks made from templates.
//!
//! ```text
//!   yaml ─► template ─► scope (parameters, conditions, functions) ─► properties of each resource ─► resources (made)
//! ```
//!
//! Everything up to the properties is a pure function of the template, what it is given, and what was made before. A
//! resource is then made by the calls by which CloudFormation makes it, in the name of the account, and they are in the
//! journal. What is not simulated is refused: sections, functions, types of resources, and each property.
//!
//! A stack is made at once, and not changed or deleted; one that fails leaves what was made so far.

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

use crate::lambda::{Code, Invocation};
use crate::world::World;
use path_error::PathError;
use properties::Properties;
use resources::Deployment;
use scope::Scope;
pub use template::Template;

/// A stack that is to be made.
#[derive(Clone, Copy)]
pub struct Stack<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is made from.
    pub template: &'a Template,
    /// What the template is given.
    pub parameters: &'a BTreeMap<String, String>,
    /// Where code and definitions come from.
    pub bucket: &'a Bucket,
}

/// What is wrong with a template, or with what it was given: `consumer.yaml: Sweep.Target.Arn: it is missing`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// A bucket of S3 with code and definitions in it, which only templates can read.
#[derive(Clone, Default)]
pub struct Bucket {
    name: String,
    code: BTreeMap<String, Arc<Code>>,
    texts: BTreeMap<String, String>,
}

impl Bucket {
    /// An empty one.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// With this code under this key: what a zip there would be.
    #[must_use]
    pub fn code<F, R>(mut self, key: &str, code: F) -> Self
    where
        F: Fn(Invocation) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, String>> + Send + 'static,
    {
        self.code.insert(key.to_owned(), Arc::new(move |invocation| Box::pin(code(invocation))));
        self
    }

    /// With this text under this key.
    #[must_use]
    pub fn text(mut self, key: &str, text: &str) -> Self {
        self.texts.insert(key.to_owned(), text.to_owned());
        self
    }
}

impl World {
    /// Makes a stack in a region of an account; its outputs.
    ///
    /// # Errors
    /// If the template needs something that is not simulated, was given what it does not allow, or AWS would refuse what
    /// it makes.
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

fn create_stack(deployment: &mut Deployment<'_>, stack: &Stack<'_>) -> Result<BTreeMap<String, String>, PathError> {
    let id = deployment.state.new_uuid();
    let (account, region) = (deployment.account.to_owned(), deployment.region.to_owned());
    let pseudo = [
        ("AWS::StackId", format!("arn:aws:cloudformation:{region}:{account}:stack/{}/{id}", stack.name)),
        ("AWS::AccountId", account),
        ("AWS::Partition", "aws".to_owned()),
        ("AWS::Region", region),
        ("AWS::StackName", stack.name.to_owned()),
        ("AWS::URLSuffix", "amazonaws.com".to_owned()),
    ];
    let mut scope = Scope::new(stack.template, stack.parameters, pseudo)?;
    for id in scope.order()? {
        let made = create_resource(deployment, &scope, stack.template, &id).map_err(|error| error.within(&id))?;
        scope.add_created(&id, made);
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
) -> Result<scope::CreatedResource, PathError> {
    let resource = template.resources.get(id).ok_or_else(|| PathError::new("there is no such resource"))?;
    let properties = scope.resolve(&resource.properties)?.unwrap_or_default();
    Properties::read_all(properties, |properties| deployment.create_resource(&resource.kind, properties))
}
