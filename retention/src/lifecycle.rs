//! Lifecycles: named policies, the built-in ones and those of a configuration.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::reason::Reason;
use crate::rule::{Counted, Rule};

/// The policy that a database's tag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Keeps every snapshot that at least one of these rules keeps.
    Rules {
        /// The name of the policy.
        name: String,
        /// The rules.
        rules: Vec<Rule>,
    },
    /// The database is never copied. Existing copies are kept.
    Ignore,
    /// The name is unknown, so every snapshot is kept.
    Unknown(String),
    /// The database has no lifecycle, so every snapshot is kept.
    None,
}

impl Lifecycle {
    /// A lifecycle with this name and these rules.
    #[must_use]
    pub fn new(name: &str, rules: &[Rule]) -> Self {
        Self::Rules { name: name.to_owned(), rules: rules.to_owned() }
    }

    /// The rules. Empty if every snapshot is kept.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::Rules { rules, .. } => rules,
            Self::Ignore | Self::Unknown(_) | Self::None => &[],
        }
    }

    /// The name; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rules { name, .. } | Self::Unknown(name) => name,
            Self::Ignore => "Ignore",
            Self::None => "",
        }
    }

    /// Why a snapshot is kept although no rule keeps it, if it is.
    pub(crate) fn floor(&self, newest: bool) -> Option<Reason<'_>> {
        match self {
            Self::Rules { .. } => newest.then_some(Reason::Newest), // invariant 7
            Self::Ignore => Some(Reason::Ignore),
            Self::Unknown(name) => Some(Reason::Unknown(name)),
            Self::None => Some(Reason::NoLifecycle),
        }
    }
}

/// `Standard (daily 7, weekly 5)`.
impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules { name, rules } => {
                let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
                write!(f, "{name} ({})", rules.join(", "))
            }
            Self::Ignore | Self::Unknown(_) | Self::None => self.floor(true).iter().try_for_each(|why| why.fmt(f)),
        }
    }
}

/// All known lifecycles: the built-in ones and the custom ones of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycles {
    /// The key is the name in lower case.
    by_name: BTreeMap<String, Lifecycle>,
}

impl Lifecycles {
    /// `Test`, `Standard` and `Ignore`.
    #[must_use]
    pub fn built_in() -> Self {
        let test = Lifecycle::new("Test", &[Counted::WholeDays.keep(5)]);
        // Five weeklies, because a month touches up to five ISO weeks.
        let standard = Lifecycle::new(
            "Standard",
            &[Counted::Daily.keep(7), Counted::Weekly.keep(5), Counted::Monthly.keep(12), Counted::Yearly.keep(7)],
        );
        Self {
            by_name: [("test", test), ("standard", standard), ("ignore", Lifecycle::Ignore)]
                .map(|(name, lifecycle)| (name.to_owned(), lifecycle))
                .into(),
        }
    }

    /// The lifecycle with this name; case does not matter. An unknown name returns [`Lifecycle::Unknown`], which keeps
    /// every snapshot.
    #[must_use]
    pub fn named(&self, name: &str) -> Lifecycle {
        self.by_name.get(&name.to_lowercase()).cloned().unwrap_or_else(|| Lifecycle::Unknown(name.to_owned()))
    }

    /// The known names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().map(Lifecycle::name)
    }

    /// The custom lifecycles, sorted by name.
    pub fn custom(&self) -> impl Iterator<Item = &Lifecycle> {
        let built_in = Self::built_in();
        let is_custom = move |(name, _): &(&String, &Lifecycle)| !built_in.by_name.contains_key(name.as_str());
        self.by_name.iter().filter(is_custom).map(|(_, lifecycle)| lifecycle)
    }
}

/// The same form as [`Deserialize`] reads: only the custom lifecycles, because the built-in ones are always present.
impl Serialize for Lifecycles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.custom().map(|custom| (custom.name(), Rules(custom.rules().to_owned()))))
    }
}

/// Custom lifecycles, added to the built-in ones: `{"Fortnight": {"daily": 14}, "Recent": {"within": "36h"}}`.
impl<'de> Deserialize<'de> for Lifecycles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LifecyclesVisitor)
    }
}

struct LifecyclesVisitor;

impl<'de> Visitor<'de> for LifecyclesVisitor {
    type Value = Lifecycles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lifecycles by name, each with its rules, like `Fortnight: { daily: 14 }`")
    }

    /// A block whose lines are all commented out is `null` in YAML.
    fn visit_unit<E>(self) -> Result<Lifecycles, E> {
        Ok(Lifecycles::built_in())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lifecycles, A::Error> {
        let mut lifecycles = Lifecycles::built_in();
        while let Some(name) = map.next_key_seed(Text(|name: &str| lifecycles.new_name(name)))? {
            let Rules(rules) = map.next_value()?;
            lifecycles.by_name.insert(name.to_lowercase(), Lifecycle::Rules { name, rules });
        }
        Ok(lifecycles)
    }
}

impl Lifecycles {
    /// Checks the name of a further lifecycle.
    fn new_name(&self, name: &str) -> Result<String, String> {
        if name.trim().is_empty() {
            return Err("a lifecycle needs a name".to_owned());
        }
        if name.contains(char::is_control) {
            return Err(format!("{name:?} has a control character"));
        }
        match (Self::built_in().named(name), self.named(name)) {
            (_, Lifecycle::Unknown(name)) => Ok(name),
            (Lifecycle::Unknown(name), taken) => {
                Err(format!("`{name}` and `{}` are the same name, because case does not matter", taken.name()))
            }
            (built_in, _) => {
                Err(format!("`{}` is built in and cannot be changed; choose another name", built_in.name()))
            }
        }
    }
}

/// At least one rule, each at most once: `{"daily": 7, "within": "36h"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The floor that DR keeps under every lifecycle, unless the configuration sets another. It guarantees 28 days
    /// ([`guarantee_days`](Self::guarantee_days)): the time to notice that a source account sends worthless snapshots.
    #[must_use]
    pub fn default_floor() -> Self {
        Self(vec![Counted::Daily.keep(7), Counted::Weekly.keep(6)])
    }

    /// The rules.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }

    /// A lifecycle with this name and these rules.
    #[must_use]
    pub fn named(self, name: &str) -> Lifecycle {
        Lifecycle::Rules { name: name.to_owned(), rules: self.0 }
    }
}

/// The same form as [`Deserialize`] reads.
impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for rule in &self.0 {
            match rule {
                Rule::Counted(counted, count) => map.serialize_entry(counted.name(), count)?,
                Rule::Within(span) => map.serialize_entry(rule.name(), &span.to_string())?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RulesVisitor)
    }
}

struct RulesVisitor;

impl<'de> Visitor<'de> for RulesVisitor {
    type Value = Rules;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rules, like `{ daily: 7, weekly: 5 }`")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Rules, E> {
        Err(no_rules())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
        let mut rules: Vec<Rule> = Vec::new();
        while let Some(name) = map.next_key_seed(Text(rule_name))? {
            let rule = match Counted::named(name) {
                Some(rule) => rule.keep(map.next_value::<Count>()?.0),
                None => Rule::Within(map.next_value_seed(Text(str::parse))?),
            };
            if rules.iter().any(|other| other.name() == name) {
                return Err(de::Error::custom(format_args!("rule `{name}` appears twice")));
            }
            rules.push(rule);
        }
        if rules.is_empty() {
            return Err(no_rules());
        }
        Ok(Rules(rules))
    }
}

fn no_rules<E: de::Error>() -> E {
    E::custom("a lifecycle needs at least one rule, like `daily: 7`")
}

fn rule_name(text: &str) -> Result<&'static str, String> {
    Rule::names().find(|name| *name == text).ok_or_else(|| {
        let wanted = text.to_lowercase().replace(['-', ' '], "_");
        let nearest = Rule::names().map(|name| (strsim::damerau_levenshtein(&wanted, name), name)).min();
        let suggestion = match nearest {
            Some((distance, name)) if distance <= 1 + name.len() / 5 => format!("did you mean {name}? "),
            _ => String::new(),
        };
        let rules = Rule::names().collect::<Vec<_>>().join(", ");
        format!("unknown rule `{text}`; {suggestion}known rules: {rules}")
    })
}

/// The number of periods that a rule keeps, at least 1. To keep none, leave the rule out.
struct Count(u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self(0))
    }
}

impl Visitor<'_> for Count {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number to keep, from 1 to {}", u32::MAX)
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Self, E> {
        match u32::try_from(count) {
            Ok(count @ 1..) => Ok(Self(count)),
            _ => Err(E::invalid_value(de::Unexpected::Unsigned(count), &self)),
        }
    }
}

/// Deserializes a string with this function.
struct Text<F>(F);

impl<'de, T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> DeserializeSeed<'de> for Text<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<D: de::Error>(self, text: &str) -> Result<T, D> {
        (self.0)(text).map_err(D::custom)
    }
}
