//! Security Token Service: who am I?

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call, Caller, Error, run};

pub(crate) fn serve(call: Call) -> Answer {
    let Call { caller, input, operation, .. } = call;
    match operation.as_str() {
        "GetCallerIdentity" => run(input, |_: Nothing| Ok(get_caller_identity(&caller))),
        _ => Err(Error::no_such_operation(&operation)),
    }
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    account: String,
    arn: String,
    user_id: String,
}

fn get_caller_identity(caller: &Caller) -> Identity {
    let account = caller.account.clone();
    match &caller.role {
        None => Identity { arn: format!("arn:aws:iam::{account}:root"), user_id: account.clone(), account },
        Some(role) => Identity {
            arn: format!("arn:aws:sts::{account}:assumed-role/{}/{}", role.name, role.session),
            user_id: format!("AROASIMULATEDROLE:{}", role.session),
            account,
        },
    }
}
