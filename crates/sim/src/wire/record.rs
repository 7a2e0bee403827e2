//! Records responses, which `cli/tests/clients/models.py` checks against AWS's service models. Each response is
//! appended as a line of JSON to the file in the environment variable `SIM_ANSWERS`. Only the run of all tests sets it.
//! Nine of ten responses repeat an earlier one in all but their request ID. Those are recorded once.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::json;

use super::Response;
use crate::call::Service;

static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("SIM_ANSWERS")?;
    File::options().create(true).append(true).open(path).ok()
});

static RECORDED: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);

pub(crate) fn record(service: Service, operation: &str, response: &Response) {
    let Some(mut file) = FILE.as_ref() else { return };
    let Response { status, headers, body } = response;
    let body = String::from_utf8_lossy(body);
    let mut hasher = DefaultHasher::new();
    (service, operation, status, headers, without_request_id(&body)).hash(&mut hasher);
    if !RECORDED.lock().unwrap_or_else(PoisonError::into_inner).insert(hasher.finish()) {
        return;
    }
    let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| (name, value)).collect();
    let line =
        json!({ "service": service, "operation": operation, "status": status, "headers": headers, "body": body });
    // One write, so that the lines of several processes do not mix. An incomplete line makes the check fail.
    let _ = file.write_all(format!("{line}\n").as_bytes());
}

/// What is before the request ID of XML, and what is after it.
fn without_request_id(body: &str) -> (&str, &str) {
    let parts = body.split_once("<RequestId>").and_then(|(before, rest)| Some((before, rest.split_once('<')?.1)));
    parts.unwrap_or((body, ""))
}
