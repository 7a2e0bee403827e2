//! Numbers with all their digits. A sum of money is compared exactly.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most digits of a number, before and after the point together.
const MOST_DIGITS: u32 = 38;

/// A decimal number of at most 38 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: i128,
    /// How many of the digits are after the point. The last one is not zero, so equal numbers are equal values.
    places: u32,
}

/// The text is not a decimal number, or has too many digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDecimal {
    /// It is no number.
    #[error("expected a number, as 1000 or 0.5")]
    NotANumber,
    /// It has more than 38 digits.
    #[error("a number has at most 38 digits")]
    TooLong,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { digits: 0, places: 0 };

    fn new(digits: i128, places: u32) -> Option<Self> {
        let (mut digits, mut places) = (digits, places);
        while places > 0 && digits % 10 == 0 {
            (digits, places) = (digits / 10, places - 1);
        }
        (places <= MOST_DIGITS && digits.unsigned_abs() < 10_u128.pow(MOST_DIGITS)).then_some(Self { digits, places })
    }

    /// The number that a float is shown as: the shortest one that is read as the same float.
    pub fn from_float(number: f64) -> Result<Self, InvalidDecimal> {
        if number.is_finite() { number.to_string().parse() } else { Err(InvalidDecimal::NotANumber) }
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { digits: self.digits.abs(), ..self }
    }

    /// The difference, if it has at most 38 digits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let digits = |number: Self| number.digits.checked_mul(10_i128.pow(places - number.places));
        Self::new(digits(self)?.checked_sub(digits(other)?)?, places)
    }

    /// The product, if it has at most 38 digits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        Self::new(self.digits.checked_mul(other.digits)?, self.places + other.places)
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self { digits: number.into(), places: 0 }
    }
}

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    fn from_str(text: &str) -> Result<Self, InvalidDecimal> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || unsigned.ends_with('.') || !is_number(whole) || !is_number(places) {
            return Err(InvalidDecimal::NotANumber);
        }
        let places = places.trim_end_matches('0');
        let digits = format!("{whole}{places}");
        let digits = digits.trim_start_matches('0');
        if digits.len() > MOST_DIGITS as usize || places.len() > MOST_DIGITS as usize {
            return Err(InvalidDecimal::TooLong);
        }
        let number: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| InvalidDecimal::TooLong)? };
        let number = if text.starts_with('-') { -number } else { number };
        Self::new(number, u32::try_from(places.len()).unwrap_or(u32::MAX)).ok_or(InvalidDecimal::TooLong)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = self.places.max(other.places);
        // The part before the point, and what is after it with the same number of places. Neither overflows.
        let parts = |number: &Self| {
            let unit = 10_i128.pow(number.places);
            let rest = number.digits.rem_euclid(unit) * 10_i128.pow(places - number.places);
            (number.digits.div_euclid(unit), rest)
        };
        parts(self).cmp(&parts(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(self.places);
        let sign = if self.digits < 0 { "-" } else { "" };
        write!(out, "{sign}{}", self.digits.unsigned_abs() / unit)?;
        match self.places {
            0 => Ok(()),
            places => write!(out, ".{:0width$}", self.digits.unsigned_abs() % unit, width = places as usize),
        }
    }
}

/// A whole number is a number in JSON. Others are text, because many readers of JSON would round them.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.digits) {
            Ok(number) if self.places == 0 => to.serialize_i64(number),
            _ => to.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Decimal;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number, as 1000 or 0.5")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(Decimal { digits: number.into(), places: 0 })
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<Decimal, E> {
        Decimal::new(number, 0).ok_or_else(|| E::custom(InvalidDecimal::TooLong))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Decimal, E> {
        Decimal::from_float(number).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }
}
