//! The permissions that each operation requires, by the table in AWS's *Service Authorization Reference*.

use serde_json::Value;

use super::find::find;
use crate::call::{Call, Error, Input, Service};
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::world::State;

/// The permission of the operation's name on the secret. Permissions are checked first, so the secret need not exist.
pub(crate) fn required_permissions(state: &mut State, call: &Call) -> Result<Vec<RequiredPermission>, Error> {
    let ctx = &CallContext::of(call);
    let action = format!("secretsmanager:{}", call.operation);
    match call.operation.as_str() {
        "ListSecrets" => Ok(vec![RequiredPermission::new(action, "*")]),
        "CreateSecret" => {
            let name = call.input.text("Name").unwrap_or_default();
            // A policy has the ARN with six question marks or a star for the random characters.
            let arn = ctx.arn("secretsmanager", &format!("secret:{name}-??????"));
            let mut required = vec![of_request(RequiredPermission::new(action, &arn), call)];
            required.iter_mut().for_each(|permission| {
                permission.context.push(("secretsmanager:Name".to_owned(), name.to_owned()));
            });
            // "If you include tags in the secret, you also need secretsmanager:TagResource." (API reference)
            if tags(call).next().is_some() {
                required.push(of_request(RequiredPermission::new("secretsmanager:TagResource", arn), call));
            }
            Ok(required)
        }
        "DeleteSecret" | "RestoreSecret" | "GetSecretValue" | "PutSecretValue" | "DescribeSecret" | "TagResource"
        | "UntagResource" => {
            let named = call.input.text("SecretId").unwrap_or_default();
            let found = find(state, ctx, named, &action).ok().map(|secret| (secret.arn.clone(), secret.tags.clone()));
            let (arn, resource_tags) = found.unwrap_or_else(|| match named.starts_with("arn:") {
                true => (named.to_owned(), Default::default()),
                false => (ctx.arn("secretsmanager", &format!("secret:{named}")), Default::default()),
            });
            let mut permission = of_request(RequiredPermission::new(action, arn), call);
            permission.context.push(("secretsmanager:SecretId".to_owned(), named.to_owned()));
            for (member, key) in
                [("VersionId", "secretsmanager:VersionId"), ("VersionStage", "secretsmanager:VersionStage")]
            {
                let value = call.input.text(member).map(str::to_owned);
                // "By default, AWSCURRENT" for the reading operation.
                permission.context.extend(value.map(|value| (key.to_owned(), value)));
            }
            for (key, value) in resource_tags {
                permission.context.push((format!("aws:ResourceTag/{key}"), value.clone()));
                permission.context.push((format!("secretsmanager:ResourceTag/{key}"), value));
            }
            Ok(vec![permission])
        }
        operation => Err(Error::unknown_operation(Service::Secrets, operation)),
    }
}

/// Adds the tags of the request.
fn of_request(mut permission: RequiredPermission, call: &Call) -> RequiredPermission {
    for (key, value) in tags(call) {
        permission.context.push((format!("aws:RequestTag/{key}"), value));
        permission.context.push(("aws:TagKeys".to_owned(), key));
    }
    if let Input::Json(json) = &call.input {
        let keys = json["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str);
        permission.context.extend(keys.map(|key| ("aws:TagKeys".to_owned(), key.to_owned())));
    }
    permission
}

fn tags(call: &Call) -> impl Iterator<Item = (String, String)> {
    let list = match &call.input {
        Input::Json(json) => json["Tags"].as_array().cloned().unwrap_or_default(),
        Input::Params(_) => Vec::new(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.into_iter().map(move |tag| (text(&tag["Key"]), text(&tag["Value"])))
}
