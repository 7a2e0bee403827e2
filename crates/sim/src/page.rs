//! Pages of a list. A marker names the last item of its page and not a place in the list, so whatever comes and goes in
//! between, each item that stays is on exactly one page.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

/// What a map by name has after the last item seen.
pub(crate) fn after<'m, T>(last: Option<&String>, all: &'m BTreeMap<String, T>) -> Range<'m, String, T> {
    all.range::<String, _>((last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
}

/// The first so many of these named items, and the name of the last of them if there are more.
pub(crate) fn cut<N, T>(items: impl IntoIterator<Item = (N, T)>, size: usize) -> (Vec<T>, Option<N>) {
    let mut items = items.into_iter();
    let (mut page, mut last) = (Vec::new(), None);
    for (name, item) in items.by_ref().take(size) {
        page.push(item);
        last = Some(name);
    }
    (page, last.filter(|_| items.next().is_some()))
}
