//! How errors tell what was seen: in one line, and not at any length.

use std::borrow::Cow;

/// More characters than any ARN has.
const MOST: usize = 320;

/// A word, in quotes, with line ends and the like escaped.
pub(crate) fn quoted(word: &str) -> String {
    let (cut, rest) = cut(word);
    format!("{cut:?}{rest}")
}

/// JSON, or what should be: it has quotes of its own.
pub(crate) fn json(text: &str) -> String {
    let (cut, rest) = cut(text);
    format!("`{}`{rest}", said(cut))
}

/// What somebody else says is wrong, who may repeat what was seen as it is.
pub(crate) fn said(why: impl ToString) -> String {
    let why = why.to_string();
    let (cut, rest) = cut(&why);
    cut.chars().map(|c| if c.is_control() { ' ' } else { c }).chain(rest.chars()).collect()
}

/// As much as is told, and how much there is if that is more.
fn cut(text: &str) -> (&str, Cow<'static, str>) {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => (&text[..end], Cow::Owned(format!("… ({} bytes)", text.len()))),
        None => (text, Cow::Borrowed("")),
    }
}
