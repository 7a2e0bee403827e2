//! A template in fewer bytes, because CloudFormation limits its size: without comments and empty lines, with the least
//! indentation, and with folded text on one line. It makes the same stack: besides, only the groups and labels of parameters
//! are left out, which CloudFormation's console shows when a person creates a stack from the file.
//!
//! It reads the style of YAML in which `cfn/` is written: blocks that are indented with spaces, and texts that begin with `|`
//! or `>-`.

use std::borrow::Cow;

/// The section with the groups and labels of parameters.
const LEFT_OUT: &str = "Metadata:";

/// The template in fewer bytes.
pub(super) fn compact(template: &str) -> String {
    let mut compact = String::with_capacity(template.len());
    let mut levels = Levels::default();
    let mut text: Option<Text> = None;
    let mut section = "";
    for line in template.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let is_blank = content.trim().is_empty();
        text = text.filter(|text| is_blank || indent > text.parent);
        if indent == 0 && !is_blank {
            section = content.trim_end();
        }
        if section == LEFT_OUT {
            continue;
        }
        match &mut text {
            Some(text) => text.add(&mut compact, indent, content),
            None if is_blank || content.starts_with('#') => {}
            None => {
                let level = levels.of(indent, content);
                compact.push_str(&" ".repeat(level));
                compact.push_str(&flow(content));
                text = Text::after(indent, level, content);
            }
        }
    }
    compact
}

/// The line without the spaces of a list or map that is written in it, if it has no quoted text.
fn flow(content: &str) -> Cow<'_, str> {
    let value = content.split_once(": ").map_or(content, |(_, value)| value);
    match value.starts_with(['[', '{', '!']) && !content.contains(['"', '\'']) {
        true => Cow::Owned(content.replace("{ ", "{").replace(" }", "}").replace(", ", ",")),
        false => Cow::Borrowed(content),
    }
}

/// The blocks around a line, from the outermost.
#[derive(Default)]
struct Levels(Vec<Level>);

struct Level {
    /// The indentation in the template, and that in the result.
    from: usize,
    to: usize,
    /// Whether the last line at this level is an item of a list: `- Sid: Name`.
    is_item: bool,
}

impl Levels {
    /// The new indentation of a line.
    fn of(&mut self, indent: usize, content: &str) -> usize {
        let is_item = content.starts_with("- ");
        while self.0.last().is_some_and(|level| level.from > indent) {
            self.0.pop();
        }
        let to = match self.0.last() {
            None => 0,
            Some(level) if level.from == indent => level.to,
            // Further keys of an item are below its first one, after the dash.
            Some(level) if level.is_item => level.to + 2,
            Some(level) => level.to + 1,
        };
        match self.0.last_mut().filter(|level| level.from == indent) {
            Some(level) => level.is_item = is_item,
            None => self.0.push(Level { from: indent, to, is_item }),
        }
        to
    }
}

/// A text of several lines.
struct Text {
    /// The indentation of the line that begins it.
    parent: usize,
    /// The new indentation of its lines.
    level: usize,
    /// The indentation of its first line. That of the others counts relative to it.
    first: Option<usize>,
    style: Style,
}

#[derive(PartialEq)]
enum Style {
    Literal,
    /// Its lines are joined with spaces.
    Folded,
}

impl Text {
    fn after(parent: usize, level: usize, content: &str) -> Option<Self> {
        let style = match content.split_whitespace().last() {
            Some("|") => Style::Literal,
            Some(">-") => Style::Folded,
            _ => return None,
        };
        Some(Self { parent, level: level + 1, first: None, style })
    }

    fn add(&mut self, compact: &mut String, indent: usize, content: &str) {
        let is_first = self.first.is_none();
        let first = *self.first.get_or_insert(indent);
        match self.style {
            Style::Folded if content.trim().is_empty() => {}
            Style::Folded if !is_first => {
                compact.pop();
                compact.push(' ');
                compact.push_str(content);
            }
            _ => {
                compact.push_str(&" ".repeat(self.level + indent.saturating_sub(first)));
                compact.push_str(content);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_are_left_out() {
        let template = "\
# A comment.
Metadata:
  AWS::CloudFormation::Interface:
    ParameterLabels:

      Team: { default: Your team }

Resources:

  Topic:
    # Another.
    Description: >-
      Some
      words.

    List:
      - Sid: One
        Deep:
          Key: { a: b }
      - - b
        - c
    Body: !Sub
      - |
        {
          # no comment
        }
      - Name: d
";
        insta::assert_snapshot!(compact(template), @"
        Resources:
         Topic:
          Description: >-
           Some words.
          List:
           - Sid: One
             Deep:
              Key: {a: b}
           - - b
             - c
          Body: !Sub
           - |
            {
              # no comment
            }
           - Name: d
        ");
    }
}
