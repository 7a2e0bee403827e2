//! Pages of a list. A marker has the name of the last item of its page and not an index. So an item that exists during
//! the whole listing is on exactly one page, even if other items are added or removed in between.
//!
//! A marker begins with a checksum of its list and name, so that a text that no response contained is recognized. All of it
//! is in hexadecimal: a name may contain any character, a marker of KMS may not.

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

/// The marker after the item of this name, in a list of this kind.
pub(crate) fn marker(list: &str, last: &str) -> String {
    let name: String = last.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{:016x}{name}", checksum(list, last))
}

/// The name in a marker, if [`marker`] made it for this list.
pub(crate) fn read_marker(list: &str, marker: &str) -> Option<String> {
    let (sum, name) = marker.split_at_checked(16)?;
    let pairs = name.as_bytes().chunks(2).map(|pair| {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?.map(|digit| char::from(digit).to_digit(16));
        u8::try_from(high? * 16 + low?).ok()
    });
    let name = String::from_utf8(pairs.collect::<Option<_>>()?).ok()?;
    (sum == format!("{:016x}", checksum(list, &name))).then_some(name)
}

/// FNV-1a.
fn checksum(list: &str, name: &str) -> u64 {
    let bytes = list.bytes().chain([0]).chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
