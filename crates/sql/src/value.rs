//! Rows, with one type of value for both products.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// PostgreSQL's `boolean`. MySQL's are numbers.
    Bool(bool),
    /// Any whole number.
    Int(i128),
    /// A number with binary places.
    Float(f64),
    /// `numeric` and `decimal`, with all their digits. PostgreSQL also has `NaN`, `Infinity` and `-Infinity`.
    Decimal(String),
    /// Text, JSON, UUIDs, times of day, intervals, and dates that `chrono` cannot represent.
    Text(String),
    /// Bytes, and values of types that are not known, as the server sends them.
    Bytes(Vec<u8>),
    /// A date.
    Date(NaiveDate),
    /// Date and time without a zone: PostgreSQL's `timestamp`, MySQL's `datetime`.
    DateTime(NaiveDateTime),
    /// A moment: PostgreSQL's `timestamptz`, MySQL's `timestamp`.
    Instant(DateTime<Utc>),
}

/// The values of a row, in the order of the columns.
pub type Row = Vec<Value>;

/// The result of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}
