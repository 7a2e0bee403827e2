//! Payload templates: JSON in which a member whose name ends in `.$` is computed by a path or an intrinsic function.
//! Functions that are not simulated are an error when the definition is parsed.

use serde_json::{Map, Value};

use super::language::Failure;
use super::path::{Path, Scope};

/// The maximum nesting of intrinsic functions.
const DEPTH: usize = 10;

/// A JSON value with computed members.
#[derive(Clone, Debug)]
pub(super) enum Template {
    Fixed(Value),
    /// The member's name with `.$`, and the expression.
    Computed(String, Expression),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
}

impl Template {
    /// Parses a template. The error is the reason.
    pub(super) fn parse(json: &Value) -> Result<Self, String> {
        match json {
            Value::Object(members) => {
                let mut read = Vec::with_capacity(members.len());
                for (name, value) in members {
                    let (name, template) = match name.strip_suffix(".$") {
                        None => (name.as_str(), Self::parse(value)?),
                        Some(plain) => {
                            let expression =
                                value.as_str().ok_or("not a string".to_owned()).and_then(Expression::parse);
                            let expression = expression.map_err(|error| {
                                format!(
                                    "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic \
                                     function call ({error})"
                                )
                            })?;
                            (plain, Self::Computed(name.clone(), expression))
                        }
                    };
                    if read.iter().any(|(other, _)| other == name) {
                        return Err(format!("The field '{name}' is given twice, once with '.$'"));
                    }
                    read.push((name.to_owned(), template));
                }
                Ok(Self::Object(read))
            }
            Value::Array(elements) => Ok(Self::Array(elements.iter().map(Self::parse).collect::<Result<_, _>>()?)),
            fixed => Ok(Self::Fixed(fixed.clone())),
        }
    }

    /// The names of the members, without `.$`.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let members = if let Self::Object(members) = self { members.as_slice() } else { &[] };
        members.iter().map(|(name, _)| name.as_str())
    }

    pub(super) fn fill(&self, scope: Scope<'_>) -> Result<Value, Failure> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Computed(field, expression) => expression.evaluate(field, scope)?,
            Self::Array(elements) => elements.iter().map(|element| element.fill(scope)).collect::<Result<_, _>>()?,
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| Ok((name.clone(), member.fill(scope)?)))
                .collect::<Result<Map<_, _>, Failure>>()?
                .into(),
        })
    }
}

/// An expression: a path or a call of an intrinsic function.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Path(Path),
    Call(Function, Vec<Argument>, String),
}

/// The simulated intrinsic functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Format,
    JsonToString,
    StringToJson,
}

#[derive(Clone, Debug)]
pub(super) enum Argument {
    Fixed(Value),
    Computed(Expression),
}

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match expression(text, DEPTH)? {
            (expression, "") => Ok(expression),
            (_, rest) => Err(format!("unexpected text '{rest}'")),
        }
    }

    pub(super) fn evaluate(&self, field: &str, scope: Scope<'_>) -> Result<Value, Failure> {
        match self {
            Self::Path(path) => path.find(scope).cloned().ok_or_else(|| {
                let input = scope.input;
                Failure::runtime(format!(
                    "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
                ))
            }),
            Self::Call(function, arguments, text) => {
                let arguments =
                    arguments.iter().map(|argument| argument.evaluate(field, scope)).collect::<Result<Vec<_>, _>>()?;
                function.apply(&arguments).map_err(|error| {
                    Failure::new(
                        "States.IntrinsicFailure",
                        format!("The function '{text}' had the following error: {error}"),
                    )
                })
            }
        }
    }
}

impl Argument {
    fn evaluate(&self, field: &str, scope: Scope<'_>) -> Result<Value, Failure> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Computed(expression) => expression.evaluate(field, scope),
        }
    }
}

impl Function {
    fn apply(self, arguments: &[Value]) -> Result<Value, String> {
        match (self, arguments) {
            (Self::Format, [Value::String(template), values @ ..]) => format(template, values).map(Value::from),
            (Self::Format, _) => Err("the first argument must be a string".to_owned()),
            (Self::JsonToString, [value]) => Ok(value.to_string().into()),
            (Self::StringToJson, [Value::String(text)]) if text.trim().is_empty() => Ok(Value::Null),
            (Self::StringToJson, [Value::String(text)]) => {
                serde_json::from_str(text).map_err(|error| error.to_string())
            }
            (Self::StringToJson, [_]) => Err("the argument must be a string".to_owned()),
            (Self::JsonToString | Self::StringToJson, _) => Err("one argument is expected".to_owned()),
        }
    }
}

/// `template` with each `{}` replaced by the next value.
fn format(template: &str, values: &[Value]) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let (mut chars, mut values) = (template.chars(), values.iter());
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '{' if chars.as_str().starts_with('}') => {
                chars.next();
                let value = values.next().ok_or("there are more placeholders than arguments")?;
                text.push_str(&shown(value));
            }
            '{' | '}' => return Err("a brace that is not a placeholder must be escaped".to_owned()),
            c => text.push(c),
        }
    }
    match values.next() {
        None => Ok(text),
        Some(_) => Err("there are more arguments than placeholders".to_owned()),
    }
}

/// A value in the format of `States.Format`: objects and lists as in Java, `{Id=arn:…, Name=timer}`.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Parses a path or a call at the start of the text. Returns the rest.
fn expression(text: &str, depth: usize) -> Result<(Expression, &str), String> {
    if text.starts_with('$') {
        // Within a call, a path ends where the next argument begins. A quoted member may contain anything.
        let mut quote = None;
        let end = text.find(|c| match quote {
            Some(open) => {
                quote = (c != open).then_some(open);
                false
            }
            None => {
                quote = matches!(c, '\'' | '"').then_some(c);
                depth < DEPTH && matches!(c, ',' | ')' | ' ')
            }
        });
        let (path, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
        return Ok((Expression::Path(Path::parse(path)?), rest));
    }
    let (name, rest) = text.split_once('(').ok_or_else(|| format!("'{text}' is neither a path nor a call"))?;
    let function = match name {
        "States.Format" => Function::Format,
        "States.JsonToString" => Function::JsonToString,
        "States.StringToJson" => Function::StringToJson,
        _ => return Err(format!("this simulation has no function {name}")),
    };
    let depth = depth.checked_sub(1).ok_or("functions are nested too deeply")?;
    let (mut arguments, mut rest) = (Vec::new(), rest.trim_start());
    while !rest.starts_with(')') {
        if !arguments.is_empty() {
            rest = rest.strip_prefix(',').ok_or("a comma or a parenthesis is missing")?.trim_start();
        }
        // `Format` distinguishes `\{` from `{` in its template, so it processes the escapes itself.
        let keep_escapes = function == Function::Format && arguments.is_empty();
        let (argument, after) = match rest.strip_prefix('\'') {
            Some(quoted) => text_argument(quoted, keep_escapes)?,
            None => argument(rest, depth)?,
        };
        arguments.push(argument);
        rest = after.trim_start();
    }
    let rest = rest.strip_prefix(')').unwrap_or_default();
    let call = text.strip_suffix(rest).unwrap_or(text).to_owned();
    Ok((Expression::Call(function, arguments, call), rest))
}

/// Parses a string after its opening quote. Returns the rest.
fn text_argument(quoted: &str, keep_escapes: bool) -> Result<(Argument, &str), String> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => return Ok((Argument::Fixed(text.into()), chars.as_str())),
            '\\' => {
                let escaped = chars.next().filter(|c| matches!(c, '\'' | '{' | '}' | '\\'));
                let escaped = escaped.ok_or("a backslash must be followed by ', {, } or \\")?;
                text.extend(keep_escapes.then_some(c));
                text.push(escaped);
            }
            c => text.push(c),
        }
    }
    Err("a quote is missing".to_owned())
}

/// Parses a number, literal, path or call. Returns the rest.
fn argument(text: &str, depth: usize) -> Result<(Argument, &str), String> {
    if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) || text.starts_with(['t', 'f', 'n']) {
        let end = text.find([',', ')', ' ']).unwrap_or(text.len());
        let (fixed, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let value = serde_json::from_str(fixed).map_err(|error| format!("'{fixed}': {error}"))?;
        return Ok((Argument::Fixed(value), rest));
    }
    expression(text, depth).map(|(expression, rest)| (Argument::Computed(expression), rest))
}
