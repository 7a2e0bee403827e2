//! The text form: tokens `key=value`, separated by spaces, in the characters that a tag's value may have: "The string can only contain
//! only the set of Unicode letters, digits, white-space, '_', '.', ':', '/', '=', '+', '-', '@'" (`Tag` of RDS).
//!
//! Letters, digits and `_.:/-` are themselves. `=` separates a key from its value, `+` the elements of a list. Every other byte of
//! UTF-8 is `@` with two hexadecimal digits. So a token contains no space, and a piece neither begins nor ends with one.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{HalfUnits, Type, Value};
use super::{Setting, Settings};
use crate::tags::MAX_VALUE_CHARS;

/// The end of a piece whose last token continues in the next one. No token ends with it: the elements of a list are not empty.
const CONTINUED: char = '+';

/// Text without the characters that have a meaning.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'_' | b'.' | b':' | b'/' | b'-' => escaped.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("@{byte:02X}")),
        }
    }
    escaped
}

/// The same for the first text of a token, which does not begin like that of a section.
pub(crate) fn escape_first(text: &str) -> String {
    match text.strip_prefix('/') {
        Some(rest) => format!("@2F{}", escape(rest)),
        None => escape(text),
    }
}

/// The text that was escaped. `None` if it is not [`escape`]'s.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'@' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'_' | b'.' | b':' | b'/' | b'-' => byte,
            byte if byte.is_ascii_alphanumeric() => byte,
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A value as text.
pub(super) fn write_value(value: &Value) -> String {
    match value {
        Value::Flag(on) => u8::from(*on).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Capacity(halves) => halves.units().to_string(),
        Value::Name(name) => escape(name),
        Value::Names(names) => list(names.iter().filter(|name| !name.is_empty()).map(|name| escape(name))),
        Value::Pairs(pairs) => list(pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)))),
    }
}

/// A value of this type. `None` if the text is none.
pub(super) fn read_value(value_type: Type, text: &str) -> Option<Value> {
    Some(match value_type {
        Type::Flag => Value::Flag(match text {
            "0" => false,
            "1" => true,
            _ => return None,
        }),
        Type::Number => Value::Number(read_number(text)?),
        Type::Capacity => Value::Capacity(HalfUnits::from_units(text.parse().ok()?)?),
        Type::Name => Value::Name(read_name(text)?),
        Type::Names => Value::Names(read_list(text).map(read_name).collect::<Option<BTreeSet<_>>>()?),
        Type::Pairs => {
            let pair = |pair: &str| {
                let (name, value) = pair.split_once('=')?;
                Some((unescape(name)?, unescape(value)?))
            };
            Value::Pairs(read_list(text).map(pair).collect::<Option<BTreeMap<_, _>>>()?)
        }
    })
}

/// Digits, without a sign.
pub(crate) fn read_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A name: not empty, and on one line.
pub(crate) fn read_name(text: &str) -> Option<String> {
    unescape(text).filter(|name| !name.is_empty() && !name.chars().any(char::is_control))
}

fn list(elements: impl Iterator<Item = String>) -> String {
    elements.collect::<Vec<_>>().join("+")
}

pub(super) fn read_list(text: &str) -> impl Iterator<Item = &str> {
    text.split('+').filter(|_| !text.is_empty())
}

/// The tokens in pieces that fit into tags. A token is cut only if it is longer than a piece, and never within an escaped byte.
pub(crate) fn pieces(tokens: &[String]) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for token in tokens {
        let mut rest = token.as_str();
        loop {
            let last = pieces.len() - 1;
            let piece = &mut pieces[last];
            let gap = usize::from(!piece.is_empty());
            if piece.len() + gap + rest.len() <= MAX_VALUE_CHARS {
                piece.push_str(&" "[..gap]);
                piece.push_str(rest);
                break;
            }
            let room = MAX_VALUE_CHARS.saturating_sub(piece.len() + gap + CONTINUED.len_utf8());
            let cut = cut(rest, room);
            if rest.len() > MAX_VALUE_CHARS && cut > 0 {
                piece.push_str(&" "[..gap]);
                piece.push_str(&rest[..cut]);
                piece.push(CONTINUED);
                rest = &rest[cut..];
            }
            pieces.push(String::new());
        }
    }
    pieces
}

/// Where a token is cut that has more than this number of characters.
fn cut(token: &str, most: usize) -> usize {
    let end = most.min(token.len());
    let escape = token[..end].rfind('@').filter(|start| start + 3 > end);
    escape.unwrap_or(end)
}

/// The tokens of these pieces.
pub(crate) fn tokens(pieces: &[&str]) -> Vec<String> {
    let mut all = String::new();
    for piece in pieces {
        match piece.strip_suffix(CONTINUED) {
            Some(start) => all.push_str(start),
            None => {
                all.push_str(piece);
                all.push(' ');
            }
        }
    }
    all.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

/// Settings without a spec, in pieces that fit into tags: the overrides of a job.
pub(crate) fn write_settings(settings: &Settings) -> Vec<String> {
    let token = |(setting, value): (&Setting, &Value)| format!("{}={}", setting.row().key, write_value(value));
    pieces(&settings.iter().map(token).collect::<Vec<_>>())
}

/// The settings of these pieces. `None` if a token is no setting, or is there twice.
pub(crate) fn read_settings(texts: &[&str]) -> Option<Settings> {
    let mut settings = Settings::new();
    for token in tokens(texts) {
        let (key, value) = token.split_once('=')?;
        let setting = Setting::with_key(key)?;
        let is_new = settings.insert(setting, read_value(setting.row().value, value)?).is_none();
        is_new.then_some(())?;
    }
    Some(settings)
}
