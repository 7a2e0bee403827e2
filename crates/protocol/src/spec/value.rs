//! The values of settings, and their types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The type of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// On or off.
    Flag,
    /// A whole number.
    Number,
    /// A number of Aurora capacity units.
    Capacity,
    /// A name, or other text.
    Name,
    /// Several names, in any order.
    Names,
    /// Several names, each with a value.
    Pairs,
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// On or off.
    Flag(bool),
    /// A whole number.
    Number(u32),
    /// A number of Aurora capacity units.
    Capacity(HalfUnits),
    /// A name, or other text. Not empty.
    Name(String),
    /// Several names.
    Names(BTreeSet<String>),
    /// Several names, each with a value.
    Pairs(BTreeMap<String, String>),
}

/// Halves of an Aurora capacity unit: "You can specify ACU values in half-step increments, such as 8, 8.5, 9, and so on"
/// (`ServerlessV2ScalingConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HalfUnits(pub u16);

impl HalfUnits {
    /// From AWS's number. `None` if it is none of its steps.
    #[must_use]
    pub fn from_units(units: f64) -> Option<Self> {
        let halves = units * 2.0;
        let fits = halves.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&halves);
        // The conditions above make the conversion exact.
        fits.then_some(Self(halves as u16))
    }

    /// AWS's number.
    #[must_use]
    pub fn units(self) -> f64 {
        f64::from(self.0) / 2.0
    }
}

impl Value {
    /// Its type.
    #[must_use]
    pub fn value_type(&self) -> Type {
        match self {
            Self::Flag(_) => Type::Flag,
            Self::Number(_) => Type::Number,
            Self::Capacity(_) => Type::Capacity,
            Self::Name(_) => Type::Name,
            Self::Names(_) => Type::Names,
            Self::Pairs(_) => Type::Pairs,
        }
    }
}

/// For reports: `on`, `16`, `a, b`, `a: 1`. Control characters do not appear as themselves: a spec may be forged.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Flag(on) => (if *on { "on" } else { "off" }).to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Capacity(halves) => halves.units().to_string(),
            Self::Name(name) => name.clone(),
            Self::Names(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            Self::Pairs(pairs) => {
                pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
            }
        };
        f.write_str(&crate::quote::one_line(&text))
    }
}
