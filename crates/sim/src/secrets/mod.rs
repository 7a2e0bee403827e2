//! Secrets Manager: secrets with versions.
//!
//! ```text
//!   lifecycle (create, delete, restore) ──► find (by name or ARN)
//!   versions (get, put, staging labels) ──► keys (the KMS key of a secret)
//!   describe (one, list)   tags   permissions
//!   managed: secrets that another service owns, such as RDS
//! ```
//!
//! Not simulated: policies of secrets, replicas, rotation by functions, and managed external secrets. So a secret can only
//! be used by its own account.

mod describe;
mod find;
mod keys;
mod lifecycle;
pub(crate) mod managed;
mod permissions;
mod tags;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::call::{Call, CallResult, Error, Service, run};
use crate::context::CallContext;
use crate::world::State;
pub(crate) use permissions::required_permissions;

/// The secrets of one region of one account, by name.
#[derive(Default)]
pub(crate) struct Secrets {
    secrets: BTreeMap<String, Secret>,
}

struct Secret {
    arn: String,
    name: String,
    description: Option<String>,
    /// The KMS key, as the request named it. `None`: the AWS managed key `aws/secretsmanager`.
    key: Option<String>,
    tags: BTreeMap<String, String>,
    /// By their identifiers.
    versions: BTreeMap<String, Version>,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    accessed: Option<DateTime<Utc>>,
    /// When it will be deleted, if that is scheduled.
    deletion: Option<DateTime<Utc>>,
    managed: Option<managed::Managed>,
}

/// A value of a secret. It never changes.
struct Version {
    value: SecretValue,
    created: DateTime<Utc>,
    /// Its staging labels: `AWSCURRENT`, `AWSPENDING`, `AWSPREVIOUS`, or others. Each label is on at most one version. A version
    /// without labels is deprecated.
    stages: BTreeSet<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum SecretValue {
    Text(String),
    /// In base64, as requests and responses have it.
    Binary(String),
}

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateSecret" => run(call, |input| lifecycle::create(state, ctx, input)),
        "DeleteSecret" => run(call, |input| lifecycle::delete(state, ctx, &input)),
        "RestoreSecret" => run(call, |input| lifecycle::restore(state, ctx, &input)),
        "GetSecretValue" => run(call, |input| versions::get(state, ctx, &input)),
        "PutSecretValue" => run(call, |input| versions::put(state, ctx, input)),
        "DescribeSecret" => run(call, |input| describe::describe(state, ctx, &input)),
        "ListSecrets" => run(call, |input| describe::list(state, ctx, &input)),
        "TagResource" => run(call, |input| tags::add(state, ctx, input)),
        "UntagResource" => run(call, |input| tags::remove(state, ctx, &input)),
        operation => Err(Error::unknown_operation(Service::Secrets, operation)),
    }
}

impl Secret {
    /// The response of most operations.
    fn identity(&self) -> serde_json::Value {
        serde_json::json!({ "ARN": self.arn, "Name": self.name })
    }

    /// "A parameter value is not valid for the current state of the resource. Possible causes: The secret is scheduled for
    /// deletion." (API reference, `InvalidRequestException`)
    fn check_not_deleted(&self) -> Result<(), Error> {
        if self.deletion.is_none() {
            return Ok(());
        }
        Err(invalid_request("You can't perform this operation on the secret because it was marked for deletion."))
    }

    /// "The secret is managed by another service, and you must use that service to update it." (API reference,
    /// `InvalidRequestException`)
    fn check_not_managed(&self) -> Result<(), Error> {
        let Some(managed) = &self.managed else { return Ok(()) };
        Err(invalid_request(format!(
            "The secret {} is managed by {}, and you must use that service to update it.",
            self.name, managed.owner
        )))
    }
}

fn invalid_request(message: impl Into<String>) -> Error {
    Error::new("InvalidRequestException", message)
}

fn invalid_parameter(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterException", message)
}
