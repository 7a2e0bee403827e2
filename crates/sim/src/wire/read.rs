//! Reading the members of a request into the input structure of an operation, the same for both protocols.
//!
//! A member has the form that its type declares: a text is not a list, a list is not a structure. serde's derived
//! structures would also accept lists, and a parameter in another form would be dropped or mean something else than on AWS.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// The reason why a request cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    Missing(&'static str),
    /// A member that has another form than its type, or a form that no client sends. Which error AWS returns is not documented.
    Form(String),
    Invalid(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the parameter {name} is missing"),
            Self::Form(reason) | Self::Invalid(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Invalid(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

/// A member of a request, with its path in the request.
pub(crate) struct Member<T> {
    path: String,
    value: T,
}

/// The value of a member, in one of the protocols.
pub(crate) trait MemberValue: Sized {
    /// `a text`, for error messages.
    fn form(&self) -> &'static str;
    fn is_null(&self) -> bool;
    /// The text of a scalar, if a number or a truth value may have this form.
    fn text(self) -> Result<String, Self>;
    fn flag(&self) -> Option<bool>;
    fn number(&self) -> Option<Number>;
    /// The items of the list with this path. The error is the path of a member that is not an item.
    fn items(self, path: &str) -> Result<Vec<Self>, String>;
    fn members(self) -> Result<Vec<(String, Self)>, Self>;
}

#[derive(Clone, Copy)]
pub(crate) enum Number {
    Signed(i64),
    Unsigned(u64),
    Fraction(f64),
}

/// Reads a request. Members that the structure does not have are passed to `unread`, by their path.
pub(crate) fn read<I: DeserializeOwned>(
    request: impl MemberValue,
    mut unread: impl FnMut(String),
) -> Result<I, ReadError> {
    let root = Member { path: String::new(), value: request };
    serde_ignored::deserialize(root, |path| unread(path.to_string()))
}

impl<T: MemberValue> Member<T> {
    fn wrong_form(&self, expected: &str) -> ReadError {
        let found = self.value.form();
        ReadError::Form(match self.path.as_str() {
            "" => format!("a request that is {found} instead of {expected}"),
            path => format!("the parameter {path} with {found} instead of {expected}"),
        })
    }

    fn at(path: &str, name: &str, value: T) -> Self {
        Self { path: if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }, value }
    }
}

impl<T: MemberValue> IntoDeserializer<'_, ReadError> for Member<T> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A value that its member cannot have, with the form that it must have.
fn invalid(path: &str, value: &str, expected: &str) -> ReadError {
    ReadError::Invalid(format!("Invalid value {value} for the parameter {path}: {expected}."))
}

/// Numbers: texts of the query protocol were parsed before.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.value.number() {
                Some(Number::Signed(number)) => visitor.visit_i64(number),
                Some(Number::Unsigned(number)) => visitor.visit_u64(number),
                Some(Number::Fraction(number)) => visitor.visit_f64(number),
                None => match self.value.text() {
                    Ok(text) => Err(invalid(&self.path, &text, "it must be a whole number")),
                    Err(value) => Err(Self { path: self.path, value }.wrong_form("a number")),
                },
            }
        }
    )*};
}

impl<'de, T: MemberValue> Deserializer<'de> for Member<T> {
    type Error = ReadError;

    /// Only for members that no structure has.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value.flag() {
            Some(flag) => visitor.visit_bool(flag),
            None => match self.value.text() {
                Ok(text) => Err(invalid(&self.path, &text, "it must be true or false")),
                Err(value) => Err(Self { path: self.path, value }.wrong_form("a truth value")),
            },
        }
    }

    numbers! { deserialize_i32 deserialize_i64 deserialize_u32 deserialize_u64 }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value.text() {
            Ok(text) => visitor.visit_str(&text).map_err(|error| match error {
                ReadError::Invalid(reason) => invalid(&self.path, &text, &reason),
                other => other,
            }),
            Err(value) => Err(Self { path: self.path, value }.wrong_form("a text")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Self { path, value } = self;
        let items = value.items(&path).map_err(ReadError::Form)?;
        let items = items.into_iter().zip(0..).map(|(item, nth)| Self::at(&path, &format!("{nth}"), item));
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Self { path, value } = self;
        let members = value.members().map_err(|value| Self { path: path.clone(), value }.wrong_form("members"))?;
        let members = members.into_iter().map(|(name, value)| {
            let member = Self::at(&path, &name, value);
            (name, member)
        });
        visitor.visit_map(MapDeserializer::new(members))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier ignored_any
    }
}
