//! Pages of RDS's lists: 20 to 100 records.

use crate::call::Error;
use crate::page;

/// The page size for a value of `MaxRecords`.
pub(super) fn size(max_records: Option<i64>) -> Result<usize, Error> {
    size_up_to(max_records, 100)
}

/// The same for a list with another maximum.
pub(super) fn size_up_to(max_records: Option<i64>, most: usize) -> Result<usize, Error> {
    let wanted = max_records.unwrap_or(100);
    usize::try_from(wanted).ok().filter(|size| (20..=most).contains(size)).ok_or_else(|| {
        let message = format!("Invalid value {wanted} for MaxRecords. Must be between 20 and {most}");
        Error::new("InvalidParameterValue", message)
    })
}

/// The name of the last item before a page of this list. A marker that no response contained is refused.
pub(super) fn last(list: &str, marker: Option<&String>) -> Result<Option<String>, Error> {
    let invalid = |marker| Error::new("InvalidParameterValue", format!("The marker {marker} is not valid."));
    marker.map(|marker| page::read_marker(list, marker).ok_or_else(|| invalid(marker))).transpose()
}

/// A page of results. Each lookup may fail.
pub(super) fn cut<N, T>(
    found: impl Iterator<Item = Result<Option<(N, T)>, Error>>,
    size: usize,
) -> Result<(Vec<T>, Option<N>), Error> {
    let found: Vec<_> = found.filter_map(Result::transpose).take(size + 1).collect::<Result<_, _>>()?;
    Ok(page::cut(found, size))
}
