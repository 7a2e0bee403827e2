//! Lists of objects.

use std::ops::Bound;

use serde::Deserialize;

use super::buckets::find;
use super::{Object, empty, invalid_argument};
use crate::call::{Error, RestOutput};
use crate::clock;
use crate::context::CallContext;
use crate::page;
use crate::wire::rest::uri_encode;
use crate::wire::xml::Xml;
use crate::world::State;

#[derive(Deserialize)]
pub(super) struct ListObjectsV2 {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "?prefix", default)]
    prefix: String,
    #[serde(rename = "?delimiter")]
    delimiter: Option<String>,
    #[serde(rename = "?max-keys")]
    max_keys: Option<String>,
    #[serde(rename = "?continuation-token")]
    token: Option<String>,
    #[serde(rename = "?start-after")]
    start_after: Option<String>,
    #[serde(rename = "?encoding-type")]
    encoding: Option<String>,
    #[serde(rename = "?fetch-owner")]
    fetch_owner: Option<String>,
    #[serde(rename = "x-amz-expected-bucket-owner")]
    owner: Option<String>,
}

/// An entry of a list: an object, or all objects whose keys begin with a prefix.
enum Entry<'a> {
    Object(&'a str, &'a Object),
    Prefix(String),
}

impl Entry<'_> {
    fn name(&self) -> String {
        match self {
            Self::Object(key, _) => (*key).to_owned(),
            Self::Prefix(prefix) => prefix.clone(),
        }
    }
}

const LIST: &str = "ListObjectsV2";

pub(super) fn list(state: &mut State, ctx: &CallContext, wanted: &ListObjectsV2) -> Result<RestOutput, Error> {
    if wanted.fetch_owner.as_deref().is_some_and(|wanted| wanted != "false") {
        return Err(Error::not_simulated("owners in lists of s3:ListObjectsV2".to_owned()));
    }
    let encode = match wanted.encoding.as_deref() {
        None => str::to_owned,
        Some("url") => |text: &str| uri_encode(text, "/"),
        Some(_) => return Err(invalid_argument("Invalid Encoding Method specified in Request")),
    };
    // "By default, the action returns up to 1,000 key names. The response might contain fewer keys but will never contain more."
    let max_keys: usize = match wanted.max_keys.as_deref().map(str::parse::<i32>) {
        None => 1000,
        Some(Ok(number)) => usize::try_from(number)
            .map_err(|_| invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647"))?,
        Some(Err(_)) => return Err(invalid_argument("Provided max-keys not an integer or within integer range")),
    };
    let invalid_token = || invalid_argument("The continuation token provided is incorrect");
    let last =
        wanted.token.as_deref().map(|token| page::read_marker(LIST, token).ok_or_else(invalid_token)).transpose()?;
    let bucket = find(state, ctx, "s3:ListBucket", &wanted.bucket, wanted.owner.as_deref())?;
    let delimiter = wanted.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    // "StartAfter is where you want Amazon S3 to start listing from." A token continues a list that has begun.
    let start_after = wanted.start_after.as_deref().unwrap_or_default();
    let after = last.clone().unwrap_or_else(|| start_after.to_owned());
    let keys = bucket.objects.range::<str, _>((Bound::Excluded(after.as_str()), Bound::Unbounded));
    let mut last_prefix = last.filter(|last| delimiter.is_some_and(|delimiter| last.ends_with(delimiter)));
    let entries = keys.filter(|(key, _)| key.starts_with(&wanted.prefix)).filter_map(|(key, object)| {
        let rest = &key[wanted.prefix.len()..];
        let Some((end, delimiter)) = delimiter.and_then(|delimiter| Some((rest.find(delimiter)?, delimiter))) else {
            return Some(Entry::Object(key, object));
        };
        // "All of the keys that roll up into a common prefix count as a single return when calculating the number of returns."
        let prefix = key[..wanted.prefix.len() + end + delimiter.len()].to_owned();
        // "CommonPrefixes is filtered out from results if it is not lexicographically greater than the StartAfter value."
        if last_prefix.as_ref() == Some(&prefix) || prefix.as_str() <= start_after {
            return None;
        }
        last_prefix = Some(prefix.clone());
        Some(Entry::Prefix(prefix))
    });
    let (found, next) = page::cut(entries.map(|entry| (entry.name(), entry)), max_keys.min(1000));
    let mut body = Xml::default();
    body.nested("ListBucketResult", |list| {
        list.text("Name", &wanted.bucket);
        list.text("Prefix", &encode(&wanted.prefix));
        list.optional("Delimiter", delimiter.map(encode).as_deref());
        list.scalar("MaxKeys", max_keys.min(1000));
        list.scalar("KeyCount", found.len());
        list.optional("EncodingType", wanted.encoding.as_deref());
        list.optional("ContinuationToken", wanted.token.as_deref());
        list.optional("StartAfter", wanted.start_after.as_deref().map(encode).as_deref());
        list.scalar("IsTruncated", next.is_some());
        list.optional("NextContinuationToken", next.as_ref().map(|name| page::marker(LIST, name)).as_deref());
        for entry in &found {
            match entry {
                Entry::Object(key, object) => list.nested("Contents", |item| object.write(item, &encode(key))),
                Entry::Prefix(prefix) => list.nested("CommonPrefixes", |item| item.text("Prefix", &encode(prefix))),
            }
        }
    });
    let mut response = empty(200);
    response.header("content-type", "application/xml".to_owned());
    response.body = body.as_str().as_bytes().to_vec();
    Ok(response)
}

impl Object {
    fn write(&self, item: &mut Xml, key: &str) {
        item.text("Key", key);
        item.text("LastModified", &clock::text(self.modified));
        item.text("ETag", &self.etag);
        item.text("ChecksumAlgorithm", self.checksum.name());
        item.text("ChecksumType", "FULL_OBJECT");
        item.scalar("Size", self.body.len());
        item.text("StorageClass", "STANDARD");
    }
}
