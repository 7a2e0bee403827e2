//! Resolves references and intrinsic functions of a template, given its parameters and the resources created so far.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::path_error::{PathError, text_of};
use super::template::Template;

/// The values that the expressions of a template can refer to.
pub(super) struct Scope<'a> {
    template: &'a Template,
    /// Parameters and pseudo parameters.
    given: BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
    created: BTreeMap<String, CreatedResource>,
}

/// The known values of a created resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CreatedResource {
    /// The value of `Ref`.
    pub(super) reference: String,
    /// The values of `Fn::GetAtt`.
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
            return Err(PathError::new("unknown parameter").within(unknown).within("Parameters"));
        }
        let mut values: BTreeMap<_, _> =
            pseudo.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        for (name, parameter) in &template.parameters {
            let value = parameter.value(given.get(name)).map_err(|error| error.within(name).within("Parameters"))?;
            values.insert(name.clone(), value);
        }
        let mut scope = Self { template, given: values, conditions: BTreeMap::new(), created: BTreeMap::new() };
        for name in template.conditions.keys() {
            let holds = scope.decide(name, &mut Vec::new()).map_err(|error| error.within(name).within("Conditions"))?;
            scope.conditions.insert(name.clone(), holds);
        }
        Ok(scope)
    }

    pub(super) fn add_created(&mut self, id: &str, created: CreatedResource) {
        self.created.insert(id.to_owned(), created);
    }

    /// Whether a resource or output with this condition is part of the stack.
    pub(super) fn is_included(&self, condition: Option<&String>) -> Result<bool, PathError> {
        condition.map_or(Ok(true), |name| self.condition(name))
    }

    /// The value of an expression, or `None` for `AWS::NoValue`.
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

    /// The resources of the stack under these parameters, each after the resources that it depends on.
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
                return Err(PathError::new(format!("circular dependency among {}", circle.join(", "))));
            };
            needs.remove(&id);
            order.push(id);
        }
        Ok(order)
    }

    /// The resources that an expression refers to, except in branches of `Fn::If` that are not taken.
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
                let name = text_of(argument).ok_or_else(|| PathError::new("Ref takes a name"))?;
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
                    .ok_or_else(|| PathError::new(format!("Fn::Select: no element {nth} in a list of {}", list.len())))?
                    .into()
            }
            "Fn::Cidr" => {
                let [block, count, bits] = arguments(name, argument)?;
                let [block, count, bits] = [self.text(block)?, self.text(count)?, self.text(bits)?];
                let blocks = cidr(&block, &count, &bits);
                blocks
                    .ok_or_else(|| PathError::new(format!("Fn::Cidr: {block} has no {count} blocks of {bits} bits")))?
                    .into()
            }
            // "the intrinsic function returns an array that lists Availability Zones for a specified Region"; an empty text is the
            // region of the stack.
            "Fn::GetAZs" => {
                let region = match self.text(argument)?.as_str() {
                    "" => self.text(&json!({ "Ref": "AWS::Region" }))?,
                    region => region.to_owned(),
                };
                ["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec().into()
            }
            "Fn::FindInMap" => {
                let [mapping, first, second] = arguments(name, argument)?;
                let path = [self.text(mapping)?, self.text(first)?, self.text(second)?];
                let found =
                    path[1..].iter().try_fold(self.template.mappings.get(&path[0]), |map, key| Some(map?.get(key)));
                let found = found.flatten().ok_or_else(|| PathError::new(format!("no mapping {}", path.join("."))))?;
                found.clone()
            }
            other => return Err(PathError::new(format!("{other} is only allowed in conditions"))),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Value, PathError> {
        if let Some(value) = self.given.get(name) {
            return Ok(value.clone());
        }
        self.resource(name).map(|created| created.reference.clone().into())
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<String, PathError> {
        let found = self.resource(id)?.attributes.get(attribute);
        found.cloned().ok_or_else(|| PathError::new(format!("the attribute {attribute} of {id} is not simulated")))
    }

    fn resource(&self, id: &str) -> Result<&CreatedResource, PathError> {
        self.created.get(id).ok_or_else(|| match self.template.resources.contains_key(id) {
            true => PathError::new(format!("resource {id} is not created under these parameters")),
            false => PathError::new(format!("no parameter or resource is named {id}")),
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
                    text_of(&value).ok_or_else(|| PathError::new(format!("{place} is not a text")))?
                }
            };
            whole.push_str(&value);
        }
        Ok(whole)
    }

    pub(super) fn text(&self, written: &Value) -> Result<String, PathError> {
        let value = self.resolve(written)?.unwrap_or_default();
        text_of(&value).ok_or_else(|| PathError::new(format!("expected a text, got {value}")))
    }

    fn texts(&self, written: &Value) -> Result<Vec<String>, PathError> {
        let value = self.resolve(written)?.unwrap_or_default();
        let texts = value.as_array().and_then(|list| list.iter().map(text_of).collect());
        texts.ok_or_else(|| PathError::new(format!("expected a list of texts, got {value}")))
    }

    fn branch<'v>(&self, argument: &'v Value) -> Result<&'v Value, PathError> {
        let [condition, yes, no] = arguments("Fn::If", argument)?;
        let name = text_of(condition).ok_or_else(|| PathError::new("Fn::If takes the name of a condition"))?;
        Ok(if self.condition(&name)? { yes } else { no })
    }

    fn condition(&self, name: &str) -> Result<bool, PathError> {
        self.conditions.get(name).copied().ok_or_else(|| PathError::new(format!("no condition is named {name}")))
    }

    /// Evaluates a condition before all conditions are known. `in_progress` lists those under evaluation.
    fn decide(&self, name: &str, in_progress: &mut Vec<String>) -> Result<bool, PathError> {
        if in_progress.iter().any(|in_progress| in_progress == name) {
            return Err(PathError::new(format!("condition {name} refers to itself")));
        }
        let written = self.template.conditions.get(name);
        let written = written.ok_or_else(|| PathError::new(format!("no condition is named {name}")))?;
        in_progress.push(name.to_owned());
        let holds = self.holds(written, in_progress)?;
        in_progress.pop();
        Ok(holds)
    }

    fn holds(&self, written: &Value, in_progress: &mut Vec<String>) -> Result<bool, PathError> {
        let function = written.as_object().map(Function::of).transpose()?.flatten();
        let Some(Function { name, argument }) = function else {
            return Err(PathError::new(format!("expected a condition function, got {written}")));
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
                Ok(!self.holds(condition, in_progress)?)
            }
            // All operands are evaluated, so that errors are reported for any parameters.
            "Fn::And" => several(2)?.iter().try_fold(true, |all, one| Ok(self.holds(one, in_progress)? && all)),
            "Fn::Or" => several(2)?.iter().try_fold(false, |any, one| Ok(self.holds(one, in_progress)? || any)),
            "Condition" => self.decide(&text_of(argument).unwrap_or_default(), in_progress),
            other => Err(PathError::new(format!("{other} is not a condition function"))),
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
        // `Condition` is a function inside conditions. Elsewhere it is an element of a policy, whose value is not a
        // text.
        let is_function = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
        let known = [
            "Condition",
            "Fn::And",
            "Fn::Cidr",
            "Fn::Equals",
            "Fn::FindInMap",
            "Fn::GetAZs",
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

/// The first blocks of addresses of a block. `bits` is "the inverse of the subnet mask".
fn cidr(block: &str, count: &str, bits: &str) -> Option<Vec<String>> {
    let (first, length) = block.split_once('/')?;
    let first = u32::from(first.parse::<std::net::Ipv4Addr>().ok()?);
    let (length, count, bits) = (length.parse::<u32>().ok()?, count.parse::<u32>().ok()?, bits.parse::<u32>().ok()?);
    let most = 1_u64.checked_shl(32_u32.checked_sub(length)?.checked_sub(bits)?)?;
    let is_valid = (1..=256).contains(&count) && u64::from(count) <= most;
    let nth = |nth: u32| format!("{}/{}", std::net::Ipv4Addr::from(first + (nth << bits)), 32 - bits);
    is_valid.then(|| (0..count).map(nth).collect())
}

fn arguments<'v, const N: usize>(name: &str, argument: &'v Value) -> Result<&'v [Value; N], PathError> {
    let list = argument.as_array().and_then(|list| list.as_slice().try_into().ok());
    list.ok_or_else(|| PathError::new(format!("{name} takes a list of {N} elements")))
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
    read.ok_or_else(|| PathError::new("Fn::GetAtt takes a resource and an attribute"))
}

/// The text of `Fn::Sub`, and its own variables if it has any.
fn substitution(argument: &Value) -> Result<(String, Map<String, Value>), PathError> {
    match argument {
        Value::String(text) => Ok((text.clone(), Map::new())),
        Value::Array(list) => match &list[..] {
            [Value::String(text), Value::Object(own)] => Ok((text.clone(), own.clone())),
            _ => Err(PathError::new("Fn::Sub takes a text, or a text and its variables")),
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

/// Splits a text at its `${placeholders}`. `${!Literal}` means the text `${Literal}`.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, PathError> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (place, left) =
            after.split_once('}').ok_or_else(|| PathError::new(format!("unclosed placeholder in {text}")))?;
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
