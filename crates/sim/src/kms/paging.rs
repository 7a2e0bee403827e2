//! Pages of KMS's lists.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::check_range;
use crate::call::Error;
use crate::page;

/// The paging parameters of a request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    pub(super) limit: Option<i64>,
    pub(super) marker: Option<String>,
}

impl Page {
    /// A page of the items of a map for which `view` returns a value, as a list with this name. The model allows a limit of
    /// 1,000 everywhere; the API reference says less for some operations.
    pub(super) fn list<T>(
        &self,
        list: &str,
        usual: usize,
        most: i64,
        all: &BTreeMap<String, T>,
        view: impl Fn(&str, &T) -> Option<Value>,
    ) -> Result<Value, Error> {
        let no_marker = || Error::new("InvalidMarkerException", "The marker is not valid.");
        let last =
            self.marker.as_deref().map(|marker| page::read_marker(list, marker).ok_or_else(no_marker)).transpose()?;
        let limit = self.limit.map_or(Ok(usual), |limit| check_range(1..=most, "limit", limit))?;
        let left = page::after(last.as_ref(), all).filter_map(|(name, item)| Some((name, view(name, item)?)));
        let (page, last) = page::cut(left, limit);
        Ok(json!({ list: page, "Truncated": last.is_some(), "NextMarker": last.map(|name| page::marker(list, name)) }))
    }
}
