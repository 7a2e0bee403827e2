//! Converts YAML to JSON, and CloudFormation's short forms (`!Ref`) to the long ones (`{"Ref": …}`).

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value, json};

/// The short forms of CloudFormation, each with its long form.
const SHORT_FORMS: [(&str, &str); 15] = [
    ("And", "Fn::And"),
    ("Cidr", "Fn::Cidr"),
    ("Condition", "Condition"),
    ("Equals", "Fn::Equals"),
    ("FindInMap", "Fn::FindInMap"),
    ("GetAZs", "Fn::GetAZs"),
    ("GetAtt", "Fn::GetAtt"),
    ("If", "Fn::If"),
    ("Join", "Fn::Join"),
    ("Not", "Fn::Not"),
    ("Or", "Fn::Or"),
    ("Ref", "Ref"),
    ("Select", "Fn::Select"),
    ("Split", "Fn::Split"),
    ("Sub", "Fn::Sub"),
];

/// Reads one document. Errors begin with line and column.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader(Parser::new_from_str(text));
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (Event::StreamEnd | Event::DocumentEnd, _) => return Err("the document is empty".to_owned()),
            (event, span) => {
                let value = reader.value(event, &span)?;
                return match (reader.next()?, reader.next()?) {
                    ((Event::DocumentEnd, _), (Event::StreamEnd, _)) => Ok(value),
                    (_, (_, span)) => Err(at(&span, "more than one document")),
                };
            }
        }
    }
}

struct Reader<'a>(Parser<'a, granit_parser::StrInput<'a>>);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), String> {
        match self.0.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("unexpected end of the document".to_owned()),
        }
    }

    fn value(&mut self, event: Event<'a>, span: &Span) -> Result<Value, String> {
        let tag = event.tag().cloned();
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => plain_scalar(&text),
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::Array(list),
                        (event, span) => list.push(self.value(event, &span)?),
                    }
                }
            }
            Event::MappingStart(..) => self.mapping()?,
            // "CloudFormation doesn't support … aliases" (user guide, *Template format*).
            _ => return Err(at(span, "CloudFormation does not support aliases")),
        };
        match tag {
            None => Ok(value),
            Some(tag) => expand_tag(&tag, value).map_err(|message| at(span, &message)),
        }
    }

    fn mapping(&mut self) -> Result<Value, String> {
        let mut map = Map::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Object(map)),
                (Event::Scalar(key, _, _, None), span) => (key.into_owned(), span),
                (_, span) => return Err(at(&span, "a key must be a text")),
            };
            let (event, span) = self.next()?;
            let value = self.value(event, &span)?;
            if map.insert(key.0.clone(), value).is_some() {
                return Err(at(&key.1, &format!("duplicate key {}", key.0)));
            }
        }
    }
}

fn expand_tag(tag: &Tag, value: Value) -> Result<Value, String> {
    let written = tag.to_string();
    let short = written.strip_prefix('!').unwrap_or_default();
    let (_, name) = SHORT_FORMS
        .into_iter()
        .find(|(known, _)| *known == short)
        .ok_or_else(|| format!("the tag {written} is not simulated"))?;
    let value = match (name, value) {
        // `!GetAtt logicalNameOfResource.attributeName`
        ("Fn::GetAtt", Value::String(text)) => match text.split_once('.') {
            Some((id, attribute)) => json!([id, attribute]),
            None => return Err(format!("!GetAtt {text} has no attribute")),
        },
        (_, value) => value,
    };
    Ok(json!({ name: value }))
}

/// The value of a scalar without quotation marks by YAML 1.1, which CloudFormation uses. Dates stay texts.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return true.into(),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return false.into(),
        _ => {}
    }
    if let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        return number.into();
    }
    let is_decimal = text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if is_decimal => number.into(),
        _ => text.into(),
    }
}

fn at(span: &Span, message: &str) -> String {
    format!("line {} column {}: {message}", span.start.line(), span.start.col() + 1)
}
