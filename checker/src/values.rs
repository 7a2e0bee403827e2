//! Values of `sql` as those that checks judge.

use sql::Value;

/// The result of a check's query.
pub(crate) fn rows(rows: sql::Rows) -> checks::Rows {
    let columns = rows.columns.len();
    let rows = rows.rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
    checks::Rows { columns, rows }
}

fn value(value: Value) -> checks::Value {
    match value {
        Value::Null => checks::Value::Null,
        Value::Bool(value) => checks::Value::Bool(value),
        Value::Int(number) => checks::Value::number(&number.to_string()),
        Value::Float(number) => checks::Value::float(number),
        Value::Decimal(digits) => checks::Value::number(&digits),
        Value::Text(text) => checks::Value::Text(text),
        Value::Bytes(bytes) => checks::Value::Bytes(bytes.len()),
        Value::Date(date) => checks::Value::Date(date),
        Value::DateTime(time) => checks::Value::Time(time.and_utc()),
        Value::Instant(time) => checks::Value::Time(time),
    }
}

/// A text in a row of the catalog. Empty if it is missing.
pub(crate) fn text(row: &[Value], at: usize) -> String {
    match row.get(at) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(Value::Int(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A text that may be NULL.
pub(crate) fn optional(row: &[Value], at: usize) -> Option<String> {
    row.get(at).filter(|value| **value != Value::Null).map(|_| text(row, at))
}

/// A whole number in a row of the catalog. It is 0 if it is missing.
pub(crate) fn number(row: &[Value], at: usize) -> i128 {
    match row.get(at) {
        Some(Value::Int(number)) => *number,
        Some(Value::Decimal(digits)) => digits.parse().unwrap_or(0),
        _ => 0,
    }
}

/// A boolean. MySQL's are numbers.
pub(crate) fn is_true(row: &[Value], at: usize) -> bool {
    matches!(row.get(at), Some(Value::Bool(true))) || number(row, at) != 0
}
