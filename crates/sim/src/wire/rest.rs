//! The REST protocol of S3: the operation is in the method and the path, and most parameters are headers.
//!
//! A member of a call's input has the name of its header, or of its parameter in the URL after a question mark. `Body` is in
//! base64.

use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

use super::params::decode_percent;
use super::{Request, headers, xml};
use crate::call::{Error, Input, Service};

/// Headers that are members of an input, besides those that begin with `x-amz-`. All others have no effect on what is stored or returned
/// here.
const MEMBERS: [&str; 12] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "range",
    "content-type",
];

/// Headers of the transfer of a body, which are not members.
const OF_TRANSFERS: [&str; 3] = ["x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm", "x-amz-trailer"];

const METADATA: &str = "x-amz-meta-";

/// Reads a request: its operation and its input.
pub(super) fn read(request: &Request<'_>) -> Result<(String, Input), Error> {
    let (bucket, key) = place(request)?;
    let mut query = query(request.query.unwrap_or_default())?;
    let operation = operation(request, &bucket, key.as_deref(), &query)?;
    // The SDK for Rust adds the name of the operation. Parameters that select an operation are not members either.
    if query.get("?x-id").is_some_and(|id| id.as_str() == Some(operation)) {
        query.remove("?x-id");
    }
    if operation == "ListObjectsV2" {
        query.remove("?list-type");
    }
    let mut members = header_members(request, operation)?;
    let body = body(request, &mut members)?;
    if !body.is_empty() {
        let text = match operation {
            "PutObject" => base64::encode(&body),
            "CreateBucket" => String::from_utf8_lossy(&body).into_owned(),
            _ => return Err(Error::not_simulated(format!("a request with a body of s3:{operation}"))),
        };
        members.insert("Body".to_owned(), text.into());
    }
    members.extend(query);
    members.insert("Bucket".to_owned(), bucket.into());
    members.extend(key.map(|key| ("Key".to_owned(), key.into())));
    Ok((operation.to_owned(), Input::Json(members.into())))
}

/// The bucket and the key. "A virtual-hosted–style request": the bucket is in the host, `bucket.s3.eu-west-1.amazonaws.com`. "A
/// path-style request": it is the first part of the path (user guide).
fn place(request: &Request<'_>) -> Result<(String, Option<String>), Error> {
    let path = request.path.strip_prefix('/').unwrap_or(request.path);
    let host = request.host.rsplit_once(':').map_or(request.host, |(host, _)| host);
    let aws = host.strip_suffix(".amazonaws.com").and_then(|host| host.rsplit_once(".s3")).map(|(bucket, _)| bucket);
    let (bucket, key) = match aws.or_else(|| host.strip_suffix(".localhost")) {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let decode = |text: &str| {
        let decoded = decode_percent(text.as_bytes(), false);
        decoded.ok_or_else(|| Error::not_simulated(format!("a path that is not percent-encoded UTF-8: {text}")))
    };
    Ok((decode(bucket)?, if key.is_empty() { None } else { Some(decode(key)?) }))
}

/// The parameters in the URL, each after a question mark.
fn query(query: &str) -> Result<Map<String, Value>, Error> {
    let mut members = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [name, value] = [name, value].map(|text| decode_percent(text.as_bytes(), true));
        let (Some(name), Some(value)) = (name, value) else {
            return Err(Error::not_simulated(format!("a parameter that is not percent-encoded UTF-8: {pair}")));
        };
        if members.insert(format!("?{name}"), value.into()).is_some() {
            return Err(Error::not_simulated(format!("the parameter {name} twice")));
        }
    }
    Ok(members)
}

fn operation(
    request: &Request<'_>,
    bucket: &str,
    key: Option<&str>,
    query: &Map<String, Value>,
) -> Result<&'static str, Error> {
    let is_copy = (request.header)("x-amz-copy-source").is_some();
    let is_list = query.get("?list-type").and_then(Value::as_str) == Some("2");
    match (request.method, key) {
        ("PUT", Some(_)) if !is_copy => Ok("PutObject"),
        ("GET", Some(_)) => Ok("GetObject"),
        ("HEAD", Some(_)) => Ok("HeadObject"),
        ("DELETE", Some(_)) => Ok("DeleteObject"),
        ("GET", None) if is_list && !bucket.is_empty() => Ok("ListObjectsV2"),
        ("PUT", None) if !bucket.is_empty() => Ok("CreateBucket"),
        ("HEAD", None) if !bucket.is_empty() => Ok("HeadBucket"),
        (method, key) => {
            let (path, query) = (key.map_or(bucket.to_owned(), |key| format!("{bucket}/{key}")), request.query);
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            Err(Error::not_simulated(format!("the request {method} /{path}{query} of {}", Service::S3)))
        }
    }
}

fn header_members(request: &Request<'_>, operation: &str) -> Result<Map<String, Value>, Error> {
    let (mut members, mut metadata) = (Map::new(), Map::new());
    for (name, value) in headers::members(request, &MEMBERS)? {
        // Clients give a type to requests of all kinds.
        let is_ignored = OF_TRANSFERS.contains(&name.as_str()) || name == "content-type" && operation != "PutObject";
        if let Some(key) = name.strip_prefix(METADATA) {
            metadata.insert(key.to_owned(), value.into());
        } else if !is_ignored {
            members.insert(name, value.into());
        }
    }
    if !metadata.is_empty() {
        members.insert("x-amz-meta".to_owned(), metadata.into());
    }
    Ok(members)
}

/// The body, without the encoding for its transfer. Checksums that follow the body become members.
fn body(request: &Request<'_>, members: &mut Map<String, Value>) -> Result<Vec<u8>, Error> {
    let is_streaming = (request.header)("x-amz-content-sha256").is_some_and(|sha256| sha256.starts_with("STREAMING-"));
    let encoding = members.get("content-encoding").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut encodings: Vec<_> = encoding.split(',').map(str::trim).filter(|encoding| !encoding.is_empty()).collect();
    let is_chunked = encodings.contains(&"aws-chunked");
    encodings.retain(|encoding| *encoding != "aws-chunked");
    // "Amazon S3 stores the resulting object without the aws-chunked value in the content-encoding header." (API reference)
    match encodings.join(",") {
        none if none.is_empty() => members.remove("content-encoding"),
        rest => members.insert("content-encoding".to_owned(), rest.into()),
    };
    if !is_streaming && !is_chunked {
        return Ok(request.body.to_vec());
    }
    let incomplete = || Error::new("IncompleteBody", "The request body terminated unexpectedly");
    let (body, trailers) = chunks(request.body).ok_or_else(incomplete)?;
    let expected = (request.header)("x-amz-decoded-content-length").and_then(|length| length.parse().ok());
    if expected.is_some_and(|expected: usize| expected != body.len()) {
        return Err(incomplete());
    }
    members.extend(trailers.into_iter().map(|(name, value)| (name, json!(value))));
    Ok(body)
}

/// A decoded body, and the headers after it.
type Decoded = (Vec<u8>, Vec<(String, String)>);

/// Decodes `aws-chunked`: chunks with their sizes in hexadecimal, the last of which is empty, and trailing headers (API reference,
/// "Signature calculations for trailing headers"). Signatures are not verified.
fn chunks(mut rest: &[u8]) -> Option<Decoded> {
    let mut body = Vec::new();
    loop {
        let (line, after) = line(rest)?;
        let size = usize::from_str_radix(line.split(';').next()?, 16).ok()?;
        if size == 0 {
            rest = after;
            break;
        }
        body.extend_from_slice(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut trailers = Vec::new();
    while let Some((line, after)) = line(rest) {
        rest = after;
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if name != "x-amz-trailer-signature" {
            trailers.push((name, value.trim().to_owned()));
        }
    }
    Some((body, trailers))
}

fn line(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = text.windows(2).position(|pair| pair == b"\r\n")?;
    Some((str::from_utf8(&text[..end]).ok()?, &text[end + 2..]))
}

/// Encodes all but unreserved characters and those given.
pub(crate) fn uri_encode(text: &str, keep: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || c.is_ascii() && keep.contains(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The body of an error response. A response to a `HEAD` request has none.
pub(super) fn error(operation: &str, error: &Error, request_id: &str) -> String {
    if operation.starts_with("Head") { String::new() } else { xml::rest_error(error, request_id) }
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn a_chunked_body_has_chunks_and_trailing_headers() {
        let sent = b"5\r\nhello\r\n6;chunk-signature=ab\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        let trailers = vec![("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())];
        assert_eq!(chunks(sent), Some((b"hello world".to_vec(), trailers)));
        for cut in [1, 5, 12, 30, 40] {
            assert_eq!(chunks(&sent[..cut]), None, "{cut}");
        }
    }
}
