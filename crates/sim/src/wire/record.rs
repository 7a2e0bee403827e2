//! Answers kept for AWS's own models to judge (`cli/tests/clients/models.py`): a line of JSON each, at the end of the file
//! that the environment variable `SIM_ANSWERS` names. Nobody sets it but who runs all tests.

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
    let Response { status, body, .. } = response;
    let line = json!({ "service": service, "operation": operation, "status": status, "body": body });
    // In one piece, so that the lines of several processes do not mix. A line that is cut short makes the judge fail.
    let _ = file.write_all(format!("{line}\n").as_bytes());
}
