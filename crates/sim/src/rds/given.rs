//! Reading the settings of a request. `#[serde(flatten)]` would accept parameters that no structure has.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

use super::scaling;
use super::settings::{Setting, Values};

/// An input structure, and the settings that the request has besides.
pub(super) struct WithSettings<R> {
    pub(super) request: R,
    pub(super) given: Given,
}

/// The settings of a request, by parameter.
#[derive(Default)]
pub(super) struct Given(pub(super) BTreeMap<&'static str, Value>);

impl<'de, R: Deserialize<'de>> Deserialize<'de> for WithSettings<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SettingsVisitor(PhantomData))
    }
}

struct SettingsVisitor<R>(PhantomData<R>);

impl<'de, R: Deserialize<'de>> Visitor<'de> for SettingsVisitor<R> {
    type Value = WithSettings<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let mut given = Given::default();
        let request = R::deserialize(MapAccessDeserializer::new(WithoutSettings { members, given: &mut given }))?;
        Ok(WithSettings { request, given })
    }
}

/// The members that are not settings. The settings among them are moved to `given`.
struct WithoutSettings<'g, A> {
    members: A,
    given: &'g mut Given,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutSettings<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<String>()? {
            let Some(setting) = Setting::named(&name) else {
                return seed.deserialize(name.into_deserializer()).map(Some);
            };
            let value = self.members.next_value_seed(&setting.values)?;
            self.given.0.insert(setting.parameter, value);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}

impl<'de> DeserializeSeed<'de> for &Values {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Values::Flag => bool::deserialize(deserializer).map(Value::from),
            Values::Number(_) | Values::OneNumberOf(_) => i64::deserialize(deserializer).map(Value::from),
            Values::Texts => Vec::<String>::deserialize(deserializer).map(Value::from),
            Values::Scaling => scaling::Capacities::deserialize(deserializer).map(scaling::Capacities::value),
            Values::Text | Values::OneOf(_) | Values::Form(..) | Values::DailyWindow | Values::WeeklyWindow => {
                String::deserialize(deserializer).map(Value::from)
            }
        }
    }
}
