//! The values of PostgreSQL, which arrive in their binary form: what the function `typsend` of each type writes.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::Value;

/// A value as it arrived.
struct Raw<'a>(Type, &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(kind.clone(), bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The value of a column.
pub(super) fn decode(row: &Row, at: usize) -> Value {
    match row.try_get::<_, Option<Raw<'_>>>(at) {
        Ok(Some(Raw(kind, bytes))) => value(&kind, bytes),
        _ => Value::Null,
    }
}

/// The value with these bytes. What does not fit its type stays bytes.
fn value(kind: &Type, bytes: &[u8]) -> Value {
    known(kind, bytes).unwrap_or_else(|| Value::Bytes(bytes.to_vec()))
}

fn known(kind: &Type, bytes: &[u8]) -> Option<Value> {
    match kind.kind() {
        Kind::Domain(of) => return known(of, bytes),
        Kind::Enum(_) => return text(bytes),
        _ => {}
    }
    Some(match *kind {
        Type::BOOL => Value::Bool(*bytes.first()? != 0),
        Type::INT2 => Value::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT4 => Value::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT8 => Value::Int(i64::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::OID | Type::XID | Type::CID => Value::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT4 => Value::Float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::NUMERIC => Value::Decimal(numeric(bytes)?),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::JSON
        | Type::XML
        | Type::UNKNOWN => text(bytes)?,
        // A version comes first.
        Type::JSONB => text(bytes.strip_prefix(&[1])?)?,
        Type::UUID => Value::Text(uuid(bytes.try_into().ok()?)),
        Type::DATE => date(i32::from_be_bytes(bytes.try_into().ok()?)),
        Type::TIMESTAMP => timestamp(i64::from_be_bytes(bytes.try_into().ok()?), Value::DateTime),
        Type::TIMESTAMPTZ => {
            timestamp(i64::from_be_bytes(bytes.try_into().ok()?), |time| Value::Instant(time.and_utc()))
        }
        Type::TIME => Value::Text(time_of_day(i64::from_be_bytes(bytes.try_into().ok()?))?),
        Type::INTERVAL => Value::Text(interval(bytes)?),
        _ if kind.name() == "citext" => text(bytes)?,
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> Option<Value> {
    String::from_utf8(bytes.to_vec()).ok().map(Value::Text)
}

/// PostgreSQL counts from the beginning of this year.
fn epoch() -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::days(10_957)
}

/// The ends of the range are infinite.
fn infinite(negative: bool) -> Value {
    Value::Text(if negative { "-infinity" } else { "infinity" }.to_owned())
}

fn date(days: i32) -> Value {
    match days {
        i32::MIN | i32::MAX => infinite(days < 0),
        _ => match epoch().date().checked_add_signed(TimeDelta::days(days.into())) {
            Some(date) => Value::Date(date),
            None => Value::Text(format!("{days} days after {}", epoch().date())),
        },
    }
}

fn timestamp(micros: i64, value: impl Fn(NaiveDateTime) -> Value) -> Value {
    match micros {
        i64::MIN | i64::MAX => infinite(micros < 0),
        _ => match epoch().checked_add_signed(TimeDelta::microseconds(micros)) {
            Some(time) => value(time),
            None => Value::Text(format!("{micros} µs after {}", epoch().date())),
        },
    }
}

fn time_of_day(micros: i64) -> Option<String> {
    // 24:00:00 is a time of day too.
    if micros == 86_400_000_000 {
        return Some("24:00:00".to_owned());
    }
    let seconds = u32::try_from(micros / 1_000_000).ok()?;
    let nanos = u32::try_from(micros % 1_000_000).ok()? * 1000;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos).map(|time| time.to_string())
}

/// As in ISO 8601.
fn interval(bytes: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(bytes.get(12..16)?.try_into().ok()?);
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    Some(format!("P{months}M{days}DT{sign}{seconds}.{fraction:06}S"))
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default());
    parts.join("-")
}

/// Digits to the base of 10,000, of which the first has the weight `10000^weight`, and the number of decimal places.
fn numeric(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, scale) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    let digits: Vec<u16> = words.take(count.into()).collect();
    match sign {
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let digit = |power: i32| {
        let at = usize::try_from(i32::from(weight) - power).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let mut text = String::from(if sign == 0x4000 { "-" } else { "" });
    text.push_str(&digit(i32::from(weight).max(0)).to_string());
    for power in (0..i32::from(weight)).rev() {
        text.push_str(&format!("{:04}", digit(power)));
    }
    if scale > 0 {
        let places: String = (1..=i32::from(scale.div_ceil(4))).map(|power| format!("{:04}", digit(-power))).collect();
        text.push('.');
        text.push_str(places.get(..scale.into())?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn times_count_from_2000() {
        assert_eq!(date(0), Value::Date(day(2000, 1, 1)));
        assert_eq!(date(-1), Value::Date(day(1999, 12, 31)));
        assert_eq!(date(i32::MAX), Value::Text("infinity".to_owned()));
        assert_eq!(date(i32::MAX - 1), Value::Text("2147483646 days after 2000-01-01".to_owned()));
        assert_eq!(timestamp(1, Value::DateTime), Value::DateTime(epoch() + TimeDelta::microseconds(1)));
        assert_eq!(timestamp(i64::MIN, Value::DateTime), Value::Text("-infinity".to_owned()));
    }

    #[test]
    fn bytes_that_do_not_fit_their_type_stay_bytes() {
        for kind in [Type::BOOL, Type::INT8, Type::NUMERIC, Type::UUID, Type::DATE, Type::INTERVAL, Type::JSONB] {
            assert_eq!(value(&kind, &[]), Value::Bytes(vec![]), "{kind}");
        }
        assert_eq!(value(&Type::TEXT, &[0xff]), Value::Bytes(vec![0xff]));
        assert_eq!(value(&Type::POINT, &[1, 2]), Value::Bytes(vec![1, 2]));
    }
}
