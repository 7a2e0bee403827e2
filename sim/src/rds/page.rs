//! Pages of a list: 20 to 100 records, and a marker that says where the next one begins.

use crate::call::Error;

/// How many records fit on a page, by `MaxRecords`.
pub(super) fn size(max_records: Option<i64>) -> Result<usize, Error> {
    let wanted = max_records.unwrap_or(100);
    usize::try_from(wanted).ok().filter(|size| (20..=100).contains(size)).ok_or_else(|| {
        let why = format!("Invalid value {wanted} for MaxRecords. Must be between 20 and 100");
        Error::new("InvalidParameterValue", why)
    })
}

/// The marker is not one that was given out.
pub(super) fn no_marker(marker: &str) -> Error {
    Error::new("InvalidParameterValue", format!("The marker {marker} is not valid."))
}

/// Cuts what was found after the marker to a page. A marker names the last record of its page and not a place in the
/// list, so whatever comes and goes in between, each record that stays is on exactly one page.
pub(super) fn cut<K: ToString, T>(mut found: Vec<(K, T)>, size: usize) -> (Vec<T>, Option<String>) {
    let more = found.len() > size;
    found.truncate(size);
    let marker = found.last().filter(|_| more).map(|(key, _)| key.to_string());
    (found.into_iter().map(|(_, record)| record).collect(), marker)
}
