//! The REST protocol of Lambda: the operation and the function are in the path, other parameters in headers, and the body is JSON.

use serde_json::{Map, json};

use super::params::decode_percent;
use super::{Request, headers};
use crate::call::{Error, Input, Service};

/// Reads a request: its operation and its input.
pub(super) fn read(request: &Request<'_>) -> Result<(String, Input), Error> {
    let unknown =
        || Error::not_simulated(format!("the request {} {} of {}", request.method, request.path, Service::Lambda));
    let parts: Vec<&str> = request.path.split('/').skip(1).collect();
    let (operation, function) = match (request.method, &parts[..]) {
        ("POST", ["2015-03-31", "functions", function, "invocations"]) => ("Invoke", function),
        ("GET", ["2015-03-31", "functions", function, "configuration"]) => ("GetFunctionConfiguration", function),
        _ => return Err(unknown()),
    };
    if let Some(query) = request.query.filter(|query| !query.is_empty()) {
        return Err(Error::not_simulated(format!("the parameters {query} of lambda:{operation}")));
    }
    let body = str::from_utf8(request.body).map_err(|_| {
        Error::new("InvalidRequestContentException", "Could not parse request body into json: invalid UTF-8")
    })?;
    let function = decode_percent(function.as_bytes(), false).ok_or_else(unknown)?;
    let mut members = Map::from_iter([("FunctionName".to_owned(), function.into())]);
    if operation == "Invoke" {
        members.insert("Payload".to_owned(), body.into());
    }
    members.extend(headers::members(request, &[])?.into_iter().map(|(name, value)| (name, value.into())));
    Ok((operation.to_owned(), Input::Json(members.into())))
}

/// The body of an error response. Its code is in a header.
pub(super) fn error(error: &Error) -> String {
    let fault = if error.status < 500 { "User" } else { "Service" };
    // Lambda's model has both spellings of the name.
    let name = if error.code == "TooManyRequestsException" { "message" } else { "Message" };
    json!({ "Type": fault, name: error.message }).to_string()
}
