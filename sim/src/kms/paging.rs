//! Pages of a list. A marker holds the name of the last item seen, not a number, so that a walk sees each item once
//! while others come and go.

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::within;
use crate::call::Error;

/// Which page is wanted.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    limit: Option<i64>,
    marker: Option<String>,
}

impl Page {
    /// From where on to read a map by name.
    pub(super) fn range(&self) -> Result<(Bound<String>, Bound<String>), Error> {
        let after = match &self.marker {
            None => Bound::Unbounded,
            Some(marker) => Bound::Excluded(
                from_hex(marker).ok_or_else(|| Error::new("InvalidMarkerException", "The marker is not valid."))?,
            ),
        };
        Ok((after, Bound::Unbounded))
    }

    /// So many of these named items as are wanted, as a list of this name; and where to go on.
    pub(super) fn cut<'n>(
        &self,
        list: &str,
        usual: i64,
        items: impl Iterator<Item = (&'n String, Value)>,
    ) -> Result<Value, Error> {
        let limit = within(1..=1000, "limit", self.limit.unwrap_or(usual))?;
        let mut items = items.peekable();
        let (mut page, mut last) = (Vec::new(), None);
        for _ in 0..limit {
            let Some((name, item)) = items.next() else { break };
            page.push(item);
            last = Some(name);
        }
        let truncated = items.peek().is_some();
        let mut answer = json!({ list: page, "Truncated": truncated });
        if let Some(name) = last.filter(|_| truncated) {
            answer["NextMarker"] = json!(to_hex(name));
        }
        Ok(answer)
    }
}

/// A tag's key may be any text, and a marker may not.
fn to_hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(hex: &str) -> Option<String> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?.map(|digit| char::from(digit).to_digit(16));
        u8::try_from(high? * 16 + low?).ok()
    });
    String::from_utf8(pairs.collect::<Option<_>>()?).ok()
}
