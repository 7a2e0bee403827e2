//! YAML as a tree that keeps lines and tags: comments are found by line, and `!Sub` is a tag.

use anyhow::{Context, bail};
use granit_parser::{Event, Parser, Span, StrInput};

/// A value in a template.
pub(super) struct Node {
    /// The line on which it starts, counted from 1.
    pub(super) line: usize,
    /// The short form of a function, such as `Sub`.
    pub(super) tag: Option<String>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads one document.
pub(super) fn read(text: &str) -> anyhow::Result<Node> {
    let mut events = Events(Parser::new_from_str(text));
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (event, span) => return events.node(event, &span),
        }
    }
}

struct Events<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> anyhow::Result<(Event<'a>, Span)> {
        Ok(self.0.next().context("the document ends too early")??)
    }

    fn node(&mut self, event: Event<'a>, span: &Span) -> anyhow::Result<Node> {
        let line = span.start.line();
        let tag = event.tag().map(|tag| tag.to_string().trim_start_matches('!').to_owned());
        let value = match event {
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::List(list),
                        (event, span) => list.push(self.node(event, &span)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break Value::Map(map),
                        (Event::Scalar(key, ..), _) => {
                            let (event, span) = self.next()?;
                            map.push((key.into_owned(), self.node(event, &span)?));
                        }
                        (_, span) => bail!("line {}: a key is not text", span.start.line()),
                    }
                }
            }
            _ => bail!("line {line}: unexpected YAML"),
        };
        Ok(Node { line, tag, value })
    }
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find_map(|(name, node)| (name == key).then_some(node))
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> anyhow::Result<&Self> {
        self.get(key).with_context(|| format!("line {}: {key} is missing", self.line))
    }

    /// The entries of a map; empty for other values.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Text(_) | Value::List(_) => &[],
        }
    }

    /// The elements of a list, or the one value that takes its place.
    pub(super) fn items(&self) -> Vec<&Self> {
        match (&self.value, &self.tag) {
            (Value::List(list), None) => list.iter().collect(),
            _ => vec![self],
        }
    }

    pub(super) fn text(&self) -> anyhow::Result<&str> {
        match &self.value {
            Value::Text(text) => Ok(text),
            Value::List(_) | Value::Map(_) => bail!("line {}: text is expected", self.line),
        }
    }
}
