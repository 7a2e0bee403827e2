//! Reference paths: the part of JSONPath that names one node, `$.snapshot.tags[0]` or `$$.Execution.Name`.
//!
//! Segments that select several nodes (`..`, `*`, filters, slices) are an error when the definition is parsed.

use std::fmt;

use serde_json::{Map, Value};

/// The maximum number of segments of a path and of nested levels of a state's output. `serde_json` parses at most this
/// many levels; AWS allows more.
pub(super) const MAX_DEPTH: usize = 128;

/// The values in which paths are looked up.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// `$`
    pub(super) input: &'a Value,
    /// `$$`
    pub(super) context: &'a Value,
}

/// A reference path.
#[derive(Clone, Debug)]
pub(super) struct Path {
    text: String,
    in_context: bool,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
enum Segment {
    Member(String),
    Element(usize),
}

impl Path {
    /// Parses a path. The error is the reason.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let message = |what: &str| format!("'{text}' is not a reference path: {what}");
        let in_context = text.starts_with("$$");
        let mut rest = text
            .strip_prefix("$$")
            .or_else(|| text.strip_prefix('$'))
            .ok_or_else(|| message("it must begin with $"))?;
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = if let Some(after) = rest.strip_prefix('.') { member(after) } else { bracket(rest) }
                .ok_or_else(|| message(&format!("'{rest}' is neither .member, ['member'] nor [0]")))?;
            segments.push(segment);
            rest = after;
        }
        if segments.len() > MAX_DEPTH {
            return Err(message(&format!("it has more than {MAX_DEPTH} segments")));
        }
        Ok(Self { text: text.to_owned(), in_context, segments })
    }

    /// Whether this is `$`.
    pub(super) fn is_root(&self) -> bool {
        self.segments.is_empty() && !self.in_context
    }

    pub(super) fn is_in_context(&self) -> bool {
        self.in_context
    }

    pub(super) fn find<'a>(&self, scope: Scope<'a>) -> Option<&'a Value> {
        self.walk(scope).ok()
    }

    /// The value at this path. The error is AWS's message.
    pub(super) fn get<'a>(&self, scope: Scope<'a>) -> Result<&'a Value, String> {
        self.walk(scope).map_err(|found| {
            let (known, last) = (found + 1, self.segments.len());
            let shown: String = self.segments.iter().take(known).map(Segment::to_string).collect();
            match known == last {
                true => format!("Invalid path '{self}' : No results for path: ${shown}"),
                false => format!("Invalid path '{self}' : Missing property in path ${shown}"),
            }
        })
    }

    /// Follows the path. The error is the number of segments that were found.
    fn walk<'a>(&self, scope: Scope<'a>) -> Result<&'a Value, usize> {
        let mut node = if self.in_context { scope.context } else { scope.input };
        for (followed, segment) in self.segments.iter().enumerate() {
            node = match segment {
                Segment::Member(name) => node.get(name),
                Segment::Element(index) => node.get(index),
            }
            .ok_or(followed)?;
        }
        Ok(node)
    }

    /// Returns `into` with `value` at this path. Missing objects on the way are created; missing list elements are not.
    pub(super) fn put(&self, mut into: Value, value: Value) -> Result<Value, String> {
        let message = format!("Unable to apply ReferencePath {self} to input {into}");
        let (mut node, mut made) = (&mut into, false);
        for segment in &self.segments {
            if made && matches!(segment, Segment::Member(_)) {
                *node = Value::Object(Map::new());
            }
            node = match (segment, node) {
                (Segment::Member(name), Value::Object(members)) => {
                    made = !members.contains_key(name);
                    members.entry(name).or_insert(Value::Null)
                }
                (Segment::Element(index), Value::Array(elements)) => {
                    elements.get_mut(*index).ok_or_else(|| message.clone())?
                }
                _ => return Err(message),
            };
        }
        *node = value;
        Ok(into)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The format in AWS's messages.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "['{name}']"),
            Self::Element(index) => write!(f, "[{index}]"),
        }
    }
}

/// Parses `name`. Returns the rest.
fn member(text: &str) -> Option<(Segment, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-' || !c.is_ascii());
    (plain && !name.is_empty()).then(|| (Segment::Member(name.to_owned()), rest))
}

/// Parses `['name']`, `["name"]` or `[0]`. Returns the rest.
fn bracket(text: &str) -> Option<(Segment, &str)> {
    let inside = text.strip_prefix('[')?;
    let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        let (index, rest) = inside.split_once(']')?;
        let plain = index.bytes().all(|byte| byte.is_ascii_digit());
        return plain.then(|| index.parse().ok()).flatten().map(|index| (Segment::Element(index), rest));
    };
    let mut name = String::new();
    let mut chars = inside.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            c if c == quote => {
                let rest = inside.get(at + 1..)?.strip_prefix(']')?;
                return Some((Segment::Member(name), rest));
            }
            c => name.push(c),
        }
    }
    None
}
