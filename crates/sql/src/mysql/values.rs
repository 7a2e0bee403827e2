//! The values of MySQL: typed after a prepared statement, all as text after one that was not.

use chrono::{NaiveDate, NaiveDateTime};
use mysql_async::consts::ColumnType;
use mysql_async::{Column, Value as MysqlValue};

use crate::Value;

/// The character set of what is no text.
const BINARY: u16 = 63;

/// The bytes of a value, as the server sends it.
pub(super) fn bytes(value: &MysqlValue) -> u64 {
    match value {
        MysqlValue::NULL => 0,
        MysqlValue::Bytes(bytes) => bytes.len() as u64,
        MysqlValue::Float(_) => 4,
        MysqlValue::Int(_) | MysqlValue::UInt(_) | MysqlValue::Double(_) => 8,
        MysqlValue::Date(..) | MysqlValue::Time(..) => 12,
    }
}

/// The value of a column.
pub(super) fn decode(column: &Column, value: &MysqlValue) -> Value {
    match value {
        MysqlValue::NULL => Value::Null,
        MysqlValue::Int(number) => Value::Int((*number).into()),
        MysqlValue::UInt(number) => Value::Int((*number).into()),
        MysqlValue::Float(number) => Value::Float((*number).into()),
        MysqlValue::Double(number) => Value::Float(*number),
        MysqlValue::Date(year, month, day, hour, minute, second, micros) => {
            let parts = [*month, *day, *hour, *minute, *second].map(u32::from);
            date(column.column_type(), *year, parts, *micros)
        }
        MysqlValue::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let hours = days * 24 + u32::from(*hours);
            let sign = if *is_negative { "-" } else { "" };
            Value::Text(fraction(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"), *micros))
        }
        MysqlValue::Bytes(bytes) => from_bytes(column.column_type(), column.character_set(), bytes),
    }
}

/// Numbers are text where no statement was prepared. Dates are then left as text.
fn from_bytes(kind: ColumnType, character_set: u16, bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).ok();
    let value = match kind {
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
            text.map(|text| Value::Decimal(text.to_owned()))
        }
        ColumnType::MYSQL_TYPE_TINY
        | ColumnType::MYSQL_TYPE_SHORT
        | ColumnType::MYSQL_TYPE_INT24
        | ColumnType::MYSQL_TYPE_LONG
        | ColumnType::MYSQL_TYPE_LONGLONG
        | ColumnType::MYSQL_TYPE_YEAR => text.and_then(|text| text.parse().ok()).map(Value::Int),
        ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE => {
            text.and_then(|text| text.parse().ok()).map(Value::Float)
        }
        ColumnType::MYSQL_TYPE_BIT | ColumnType::MYSQL_TYPE_GEOMETRY => None,
        // These have the binary character set, and are text all the same.
        ColumnType::MYSQL_TYPE_JSON
        | ColumnType::MYSQL_TYPE_DATE
        | ColumnType::MYSQL_TYPE_TIME
        | ColumnType::MYSQL_TYPE_DATETIME
        | ColumnType::MYSQL_TYPE_TIMESTAMP => text.map(|text| Value::Text(text.to_owned())),
        _ if character_set == BINARY => None,
        _ => text.map(|text| Value::Text(text.to_owned())),
    };
    value.unwrap_or_else(|| Value::Bytes(bytes.to_vec()))
}

/// A date or a time. `0000-00-00` and others that do not exist are text.
fn date(kind: ColumnType, year: u16, parts: [u32; 5], micros: u32) -> Value {
    let [month, day, hour, minute, second] = parts;
    let date = NaiveDate::from_ymd_opt(year.into(), month, day);
    let time = date.and_then(|date| date.and_hms_micro_opt(hour, minute, second, micros));
    let written = || fraction(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"), micros);
    match kind {
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => {
            date.map_or_else(|| Value::Text(format!("{year:04}-{month:02}-{day:02}")), Value::Date)
        }
        // The session's time zone is UTC.
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            time.map_or_else(|| Value::Text(written()), |time: NaiveDateTime| Value::Instant(time.and_utc()))
        }
        _ => time.map_or_else(|| Value::Text(written()), Value::DateTime),
    }
}

fn fraction(text: String, micros: u32) -> String {
    if micros == 0 { text } else { format!("{text}.{micros:06}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_by_its_type() {
        let value = |kind, text: &str| from_bytes(kind, 45, text.as_bytes());
        assert_eq!(value(ColumnType::MYSQL_TYPE_LONGLONG, "18446744073709551615"), Value::Int(u64::MAX.into()));
        assert_eq!(value(ColumnType::MYSQL_TYPE_DOUBLE, "1.5"), Value::Float(1.5));
        assert_eq!(value(ColumnType::MYSQL_TYPE_NEWDECIMAL, "1.50"), Value::Decimal("1.50".to_owned()));
        assert_eq!(value(ColumnType::MYSQL_TYPE_VAR_STRING, "a"), Value::Text("a".to_owned()));
        assert_eq!(value(ColumnType::MYSQL_TYPE_LONG, "a"), Value::Bytes(b"a".to_vec()));
        assert_eq!(from_bytes(ColumnType::MYSQL_TYPE_BLOB, BINARY, b"a"), Value::Bytes(b"a".to_vec()));
        assert_eq!(from_bytes(ColumnType::MYSQL_TYPE_JSON, BINARY, b"1"), Value::Text("1".to_owned()));
        assert_eq!(from_bytes(ColumnType::MYSQL_TYPE_VAR_STRING, 45, &[0xff]), Value::Bytes(vec![0xff]));
    }

    #[test]
    fn dates_that_do_not_exist_are_text() {
        let zero = |kind| date(kind, 0, [0; 5], 0);
        assert_eq!(zero(ColumnType::MYSQL_TYPE_DATE), Value::Text("0000-00-00".to_owned()));
        assert_eq!(zero(ColumnType::MYSQL_TYPE_DATETIME), Value::Text("0000-00-00 00:00:00".to_owned()));
        assert_eq!(zero(ColumnType::MYSQL_TYPE_TIMESTAMP), Value::Text("0000-00-00 00:00:00".to_owned()));
    }
}
