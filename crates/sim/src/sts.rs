//! Security Token Service: only `GetCallerIdentity`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, CallResult, Caller, Error, Service, run};

pub(crate) fn serve(call: Call) -> CallResult {
    let caller = call.caller.clone();
    match call.operation.as_str() {
        "GetCallerIdentity" => run(call, |_: Nothing| Ok(get_caller_identity(&caller))),
        operation => Err(Error::unknown_operation(Service::Sts, operation)),
    }
}

#[derive(Deserialize)]
struct Nothing {}

fn get_caller_identity(caller: &Caller) -> Value {
    let user_id = match &caller.role {
        None => caller.account.clone(),
        Some(role) => format!("AROASIMULATEDROLE:{}", role.session),
    };
    json!({ "Account": caller.account, "Arn": caller.arn(), "UserId": user_id })
}
