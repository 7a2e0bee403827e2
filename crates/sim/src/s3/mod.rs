//! S3: buckets with small objects.
//!
//! ```text
//!   buckets (create, head)   objects (put, get, head, delete)   listing
//!   checksums, encryption: of an object        permissions
//! ```
//!
//! The names of an input's members are those of the request: a header (`x-amz-server-side-encryption`), or a parameter of the URL
//! after a question mark (`?prefix`). `wire::rest` reads and writes the requests. A header or parameter that an operation does not
//! read is refused, as any other parameter.
//!
//! Not simulated: versions, policies and settings of buckets, access control lists, parts, ranges, copies, lifecycles. So a bucket
//! can only be used by its own account.

mod buckets;
mod checksums;
mod encryption;
mod listing;
mod objects;
mod permissions;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::call::{Call, CallResult, Error, RestOutput, Service, run};
use crate::context::CallContext;
use crate::world::State;
use checksums::Checksum;
use encryption::Encryption;
pub(crate) use permissions::required_permissions;

/// The buckets of all accounts and regions: their names are unique in the world.
#[derive(Default)]
pub(crate) struct S3 {
    buckets: BTreeMap<String, Bucket>,
}

struct Bucket {
    account: String,
    region: String,
    /// By key, in the order of lists: "List results are always returned in UTF-8 binary order" (user guide).
    objects: BTreeMap<String, Object>,
}

#[derive(Clone)]
struct Object {
    body: Vec<u8>,
    /// With its quotation marks.
    etag: String,
    checksum: Checksum,
    content_type: String,
    metadata: BTreeMap<String, String>,
    encryption: Encryption,
    modified: DateTime<Utc>,
}

pub(crate) fn serve(state: &mut State, call: Call) -> CallResult {
    let ctx = &CallContext::of(&call);
    match call.operation.as_str() {
        "CreateBucket" => run(call, |input| buckets::create(state, ctx, &input)),
        "HeadBucket" => run(call, |input| buckets::head(state, ctx, &input)),
        "PutObject" => run(call, |input| objects::put(state, ctx, input)),
        "GetObject" | "HeadObject" => {
            let with_body = call.operation == "GetObject";
            run(call, |input| objects::get(state, ctx, &input, with_body))
        }
        "DeleteObject" => run(call, |input| objects::delete(state, ctx, &input)),
        "ListObjectsV2" => run(call, |input| listing::list(state, ctx, &input)),
        operation => Err(Error::unknown_operation(Service::S3, operation)),
    }
}

/// An error with the status of the table in the API reference, "Error responses".
fn error(status: u16, code: &'static str, message: impl Into<String>) -> Error {
    Error::new(code, message).status(status)
}

fn invalid_argument(message: impl Into<String>) -> Error {
    error(400, "InvalidArgument", message)
}

/// A response without a body.
fn empty(status: u16) -> RestOutput {
    RestOutput { status, headers: Vec::new(), body: Vec::new() }
}
