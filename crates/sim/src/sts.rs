//! Security Token Service: only `GetCallerIdentity`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, CallResult, Caller, Error, run};

pub(crate) fn serve(call: Call) -> CallResult {
    let Call { caller, input, operation, .. } = call;
    match operation.as_str() {
        "GetCallerIdentity" => run(input, |_: Nothing| Ok(get_caller_identity(&caller))),
        _ => Err(Error::unknown_query_operation(&operation)),
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
