//! Quotes untrusted text in error messages: on one line and at a limited length.

use std::borrow::Cow;

/// Longer than any ARN.
const MAX_CHARS: usize = 320;

/// A value in quotes, with control characters escaped.
pub(crate) fn quoted(value: &str) -> String {
    let (kept, rest) = truncate(value);
    format!("{kept:?}{rest}")
}

/// Text that should be JSON, in backquotes because JSON has quotes of its own.
pub(crate) fn json(text: &str) -> String {
    let (kept, rest) = truncate(text);
    format!("`{}`{rest}", one_line(kept))
}

/// Another library's error message, which may repeat its input verbatim.
pub(crate) fn one_line(message: impl ToString) -> String {
    let message = message.to_string();
    let (kept, rest) = truncate(&message);
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).chain(rest.chars()).collect()
}

/// The beginning of the text, and a note of its full length if it was cut.
fn truncate(text: &str) -> (&str, Cow<'static, str>) {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => (&text[..end], Cow::Owned(format!("… ({} bytes)", text.len()))),
        None => (text, Cow::Borrowed("")),
    }
}
