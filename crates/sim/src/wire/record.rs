//! Records responses, which `cli/tests/clients/models.py` checks against AWS's service models. Each response is
//! appended as a line of JSON to the file in the environment variable `SIM_ANSWERS`. Only the run of all tests sets it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::LazyLock;

use serde_json::json;

use super::Response;
use crate::call::Service;

static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("SIM_ANSWERS")?;
    File::options().create(true).append(true).open(path).ok()
});

pub(crate) fn record(service: Service, operation: &str, response: &Response) {
    let Some(mut file) = FILE.as_ref() else { return };
    let Response { status, headers, body } = response;
    let body = String::from_utf8_lossy(body);
    let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| (name, value)).collect();
    let line =
        json!({ "service": service, "operation": operation, "status": status, "headers": headers, "body": body });
    // One write, so that the lines of several processes do not mix. An incomplete line makes the check fail.
    let _ = file.write_all(format!("{line}\n").as_bytes());
}
