//! What references and intrinsic functions of a template mean, once it is known what was given and what has been made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::path_error::{PathError, text_of};
use super::template::Template;

/// All that a template's expressions can name.
pub(super) struct Scope<'a> {
    template: &'a Template,
    /// Parameters and pseudo parameters.
    given: BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
    made: BTreeMap<String, CreatedResource>,
}

/// What is known of a resource that has been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CreatedResource {
    /// What `Ref` gives.
    pub(super) reference: String,
    /// What `Fn::GetAtt` gives.
    pub(super) attributes: BTreeMap<&'static str, String>,
}

const NO_VALUE: &str = "AWS::NoValue";

impl<'a> Scope<'a> {
    pub(super) fn new(
        template: &'a Template,
        given: &BTreeMap<String, String>,
        pseudo: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, PathError> {
        if let Some(unknown) = given.keys().find(|name| !template.parameters.contains_key(*name)) {
            return Err(PathError::new("there is no such parameter").within(unknown).within("Parameters"));
        }
        let mut values: BTreeMap<_, _> =
            pseudo.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        for (name, parameter) in &template.parameters {
            let value = parameter.value(given.get(name)).map_err(|error| error.within(name).within("Parameters"))?;
            values.insert(name.clone(), value);
        }
        let mut scope = Self { template, given: values, conditions: BTreeMap::new(), made: BTreeMap::new() };
        for name in template.conditions.keys() {
            let holds = scope.decide(name, &mut Vec::new()).map_err(|error| error.within(name).within("Conditions"))?;
            scope.conditions.insert(name.clone(), holds);
        }
        Ok(scope)
    }

    pub(super) fn add_created(&mut self, id: &str, made: CreatedResource) {
        self.made.insert(id.to_owned(), made);
    }

    /// Whether what has this condition is there.
    pub(super) fn is_included(&self, condition: Option<&String>) -> Result<bool, PathError> {
        condition.map_or(Ok(true), |name| self.condition(name))
    }

    /// The value of an expression; none if it is `AWS::NoValue`.
    pub(super) fn resolve(&self, written: &Value) -> Result<Option<Value>, PathError> {
        match written {
            Value::Object(map) => match Function::of(map)? {
                Some(function) => self.call(&function),
                None => {
                    let mut resolved = Map::new();
                    for (key, value) in map {
                        if let Some(value) = self.resolve(value).map_err(|error| error.within(key))? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(resolved.into()))
                }
            },
            Value::Array(list) => {
                let mut resolved = Vec::new();
                for (nth, value) in list.iter().enumerate() {
                    resolved.extend(self.resolve(value).map_err(|error| error.within(nth))?);
                }
                Ok(Some(resolved.into()))
            }
            other => Ok(Some(other.clone())),
        }
    }

    /// The resources that there are under these parameters, each after those that it needs.
    pub(super) fn order(&self) -> Result<Vec<String>, PathError> {
        let mut needs = BTreeMap::new();
        for (id, resource) in &self.template.resources {
            if self.is_included(resource.condition.as_ref()).map_err(|error| error.within(id))? {
                let mut named = self.named(&resource.properties).map_err(|error| error.within(id))?;
                named.extend(resource.depends_on.iter().cloned());
                needs.insert(id.clone(), named);
            }
        }
        for (id, named) in &needs {
            if let Some(missing) = named.iter().find(|named| !needs.contains_key(*named)) {
                self.resource(missing).map_err(|error| error.within(id))?;
            }
        }
        let mut order: Vec<String> = Vec::new();
        while !needs.is_empty() {
            let ready = needs.iter().find(|(_, named)| named.iter().all(|named| order.contains(named)));
            let Some(id) = ready.map(|(id, _)| id.clone()) else {
                let circle: Vec<_> = needs.into_keys().collect();
                return Err(PathError::new(format!("there is a circle among {}", circle.join(", "))));
            };
            needs.remove(&id);
            order.push(id);
        }
        Ok(order)
    }

    /// The resources that an expression names, as far as its conditions come to them.
    fn named(&self, written: &Value) -> Result<BTreeSet<String>, PathError> {
        let mut names = BTreeSet::new();
        self.collect(written, &mut names)?;
        Ok(names)
    }

    fn collect(&self, written: &Value, names: &mut BTreeSet<String>) -> Result<(), PathError> {
        match written {
            Value::Object(map) => match Function::of(map)? {
                Some(Function { name: "Ref", argument }) => {
                    let name = text_of(argument).unwrap_or_default();
                    if !self.given.contains_key(&name) && name != NO_VALUE {
                        names.insert(name);
                    }
                }
                Some(Function { name: "Fn::GetAtt", argument }) => {
                    names.insert(attribute(argument)?.0);
                }
                Some(Function { name: "Fn::If", argument }) => self.collect(self.branch(argument)?, names)?,
                Some(Function { name: "Fn::Sub", argument }) => {
                    let (text, own) = substitution(argument)?;
                    own.values().try_for_each(|value| self.collect(value, names))?;
                    for place in pieces(&text)?.into_iter().filter_map(|piece| piece.place()) {
                        let id = place.split('.').next().unwrap_or_default();
                        if !own.contains_key(place) && !self.given.contains_key(place) {
                            names.insert(id.to_owned());
                        }
                    }
                }
                Some(Function { argument, .. }) => self.collect(argument, names)?,
                None => map.values().try_for_each(|value| self.collect(value, names))?,
            },
            Value::Array(list) => list.iter().try_for_each(|value| self.collect(value, names))?,
            _ => {}
        }
        Ok(())
    }

    fn call(&self, function: &Function<'_>) -> Result<Option<Value>, PathError> {
        let Function { name, argument } = *function;
        let value = match name {
            "Ref" => {
                let name = text_of(argument).ok_or_else(|| PathError::new("Ref names something"))?;
                if name == NO_VALUE {
                    return Ok(None);
                }
                self.reference(&name)?
            }
            "Fn::GetAtt" => {
                let (id, attribute) = attribute(argument)?;
                self.attribute(&id, &attribute)?.into()
            }
            "Fn::If" => return self.resolve(self.branch(argument)?),
            "Fn::Sub" => self.substitute(argument)?.into(),
            "Fn::Join" => {
                let [separator, list] = arguments(name, argument)?;
                let separator = self.text(separator)?;
                self.texts(list)?.join(&separator).into()
            }
            "Fn::Split" => {
                let [separator, text] = arguments(name, argument)?;
                let (separator, text) = (self.text(separator)?, self.text(text)?);
                text.split(separator.as_str()).collect::<Vec<_>>().into()
            }
            "Fn::Select" => {
                let [nth, list] = arguments(name, argument)?;
                let (nth, list) = (self.text(nth)?, self.texts(list)?);
                let chosen = nth.parse::<usize>().ok().and_then(|nth| list.get(nth).cloned());
                chosen
                    .ok_or_else(|| PathError::new(format!("Fn::Select cannot select {nth} of {}", list.len())))?
                    .into()
            }
            "Fn::FindInMap" => {
                let [mapping, first, second] = arguments(name, argument)?;
                let path = [self.text(mapping)?, self.text(first)?, self.text(second)?];
                let found =
                    path[1..].iter().try_fold(self.template.mappings.get(&path[0]), |map, key| Some(map?.get(key)));
                let found =
                    found.flatten().ok_or_else(|| PathError::new(format!("Mappings have no {}", path.join("."))))?;
                found.clone()
            }
            other => return Err(PathError::new(format!("{other} stands only in conditions"))),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Value, PathError> {
        if let Some(value) = self.given.get(name) {
            return Ok(value.clone());
        }
        self.resource(name).map(|made| made.reference.clone().into())
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<String, PathError> {
        let found = self.resource(id)?.attributes.get(attribute);
        found.cloned().ok_or_else(|| PathError::new(format!("the attribute {attribute} of {id} is not simulated")))
    }

    fn resource(&self, id: &str) -> Result<&CreatedResource, PathError> {
        self.made.get(id).ok_or_else(|| match self.template.resources.contains_key(id) {
            true => PathError::new(format!("{id} is not made under these parameters")),
            false => PathError::new(format!("there is neither a parameter nor a resource {id}")),
        })
    }

    fn substitute(&self, argument: &Value) -> Result<String, PathError> {
        let (text, own) = substitution(argument)?;
        let mut whole = String::new();
        for piece in pieces(&text)? {
            let place = match piece {
                Piece::Text(text) => {
                    whole.push_str(text);
                    continue;
                }
                Piece::Placeholder(place) => place,
            };
            let value = match (own.get(place), place.split_once('.')) {
                (Some(value), _) => self.text(value)?,
                (None, Some((id, attribute))) => self.attribute(id, attribute)?,
                (None, None) => {
                    let value = self.reference(place)?;
                    text_of(&value).ok_or_else(|| PathError::new(format!("{place} is no text to substitute")))?
                }
            };
            whole.push_str(&value);
        }
        Ok(whole)
    }

    pub(super) fn text(&self, written: &Value) -> Result<String, PathError> {
        let value = self.resolve(written)?.unwrap_or_default();
        text_of(&value).ok_or_else(|| PathError::new(format!("{value} is no text")))
    }

    fn texts(&self, written: &Value) -> Result<Vec<String>, PathError> {
        let value = self.resolve(written)?.unwrap_or_default();
        let texts = value.as_array().and_then(|list| list.iter().map(text_of).collect());
        texts.ok_or_else(|| PathError::new(format!("{value} is no list of texts")))
    }

    fn branch<'v>(&self, argument: &'v Value) -> Result<&'v Value, PathError> {
        let [condition, yes, no] = arguments("Fn::If", argument)?;
        let name = text_of(condition).ok_or_else(|| PathError::new("Fn::If names a condition"))?;
        Ok(if self.condition(&name)? { yes } else { no })
    }

    fn condition(&self, name: &str) -> Result<bool, PathError> {
        self.conditions.get(name).copied().ok_or_else(|| PathError::new(format!("there is no condition {name}")))
    }

    /// Whether a condition holds, before all are known. `asked` are those that are being decided.
    fn decide(&self, name: &str, asked: &mut Vec<String>) -> Result<bool, PathError> {
        if asked.iter().any(|asked| asked == name) {
            return Err(PathError::new(format!("the condition {name} needs itself")));
        }
        let written = self.template.conditions.get(name);
        let written = written.ok_or_else(|| PathError::new(format!("there is no condition {name}")))?;
        asked.push(name.to_owned());
        let holds = self.holds(written, asked)?;
        asked.pop();
        Ok(holds)
    }

    fn holds(&self, written: &Value, asked: &mut Vec<String>) -> Result<bool, PathError> {
        let function = written.as_object().map(Function::of).transpose()?.flatten();
        let Some(Function { name, argument }) = function else {
            return Err(PathError::new(format!("{written} is no condition")));
        };
        let several = |least: usize| {
            let list = argument.as_array().filter(|list| (least..=10).contains(&list.len()));
            list.ok_or_else(|| PathError::new(format!("{name} takes {least} to 10 conditions")))
        };
        match name {
            "Fn::Equals" => {
                let [one, other] = arguments(name, argument)?;
                Ok(self.text(one)? == self.text(other)?)
            }
            "Fn::Not" => {
                let [condition] = arguments(name, argument)?;
                Ok(!self.holds(condition, asked)?)
            }
            // All are looked at, so that what is wrong is told whatever the parameters are.
            "Fn::And" => several(2)?.iter().try_fold(true, |all, one| Ok(self.holds(one, asked)? && all)),
            "Fn::Or" => several(2)?.iter().try_fold(false, |any, one| Ok(self.holds(one, asked)? || any)),
            "Condition" => self.decide(&text_of(argument).unwrap_or_default(), asked),
            other => Err(PathError::new(format!("{other} is no condition"))),
        }
    }
}

/// A call of an intrinsic function: an object with one member.
struct Function<'a> {
    name: &'a str,
    argument: &'a Value,
}

impl<'a> Function<'a> {
    fn of(map: &'a Map<String, Value>) -> Result<Option<Self>, PathError> {
        let mut members = map.iter();
        let (Some((name, argument)), None) = (members.next(), members.next()) else { return Ok(None) };
        // `Condition` is a function among conditions, and elsewhere a member of policies; there its value is no text.
        let is_function = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
        let known = [
            "Condition",
            "Fn::And",
            "Fn::Equals",
            "Fn::FindInMap",
            "Fn::GetAtt",
            "Fn::If",
            "Fn::Join",
            "Fn::Not",
            "Fn::Or",
            "Fn::Select",
            "Fn::Split",
            "Fn::Sub",
            "Ref",
        ];
        match is_function {
            false => Ok(None),
            true if known.contains(&name.as_str()) => Ok(Some(Self { name, argument })),
            true => Err(PathError::new(format!("the function {name} is not simulated"))),
        }
    }
}

fn arguments<'v, const N: usize>(name: &str, argument: &'v Value) -> Result<&'v [Value; N], PathError> {
    let list = argument.as_array().and_then(|list| list.as_slice().try_into().ok());
    list.ok_or_else(|| PathError::new(format!("{name} takes a list of {N}")))
}

/// `[Topic, TopicArn]`, or in the long form also `Topic.TopicArn`.
fn attribute(argument: &Value) -> Result<(String, String), PathError> {
    let read = match argument {
        Value::String(text) => text.split_once('.').map(|(id, attribute)| (id.to_owned(), attribute.to_owned())),
        Value::Array(list) => match &list[..] {
            [Value::String(id), Value::String(attribute)] => Some((id.clone(), attribute.clone())),
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| PathError::new("Fn::GetAtt names a resource and an attribute"))
}

/// The text of `Fn::Sub`, and its own values if it has some.
fn substitution(argument: &Value) -> Result<(String, Map<String, Value>), PathError> {
    match argument {
        Value::String(text) => Ok((text.clone(), Map::new())),
        Value::Array(list) => match &list[..] {
            [Value::String(text), Value::Object(own)] => Ok((text.clone(), own.clone())),
            _ => Err(PathError::new("Fn::Sub takes a text, or a text and its values")),
        },
        _ => Err(PathError::new("Fn::Sub takes a text")),
    }
}

enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

impl<'a> Piece<'a> {
    fn place(&self) -> Option<&'a str> {
        if let Self::Placeholder(place) = self { Some(place) } else { None }
    }
}

/// A text with `${places}`. `${!Literal}` stands for `${Literal}`, as it is.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, PathError> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (place, left) =
            after.split_once('}').ok_or_else(|| PathError::new(format!("in {text} a place has no end")))?;
        pieces.push(Piece::Text(before));
        match place.strip_prefix('!') {
            Some(literal) => pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]),
            None => pieces.push(Piece::Placeholder(place.trim())),
        }
        rest = left;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}
