//! Pages of a list. A marker is the name of the last item of its page and not an index. So an item that exists during
//! the whole listing is on exactly one page, even if other items are added or removed in between.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

/// The entries of a map after the last item of the previous page.
pub(crate) fn after<'m, T>(last: Option<&String>, all: &'m BTreeMap<String, T>) -> Range<'m, String, T> {
    all.range::<String, _>((last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
}

/// The first `size` items, and the name of the last one if more items follow.
pub(crate) fn cut<N, T>(items: impl IntoIterator<Item = (N, T)>, size: usize) -> (Vec<T>, Option<N>) {
    let mut items = items.into_iter();
    let (mut page, mut last) = (Vec::new(), None);
    for (name, item) in items.by_ref().take(size) {
        page.push(item);
        last = Some(name);
    }
    (page, last.filter(|_| items.next().is_some()))
}
