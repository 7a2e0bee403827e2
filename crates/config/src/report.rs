//! What is in force, and where each value came from: for people in columns, for programs as JSON.

use std::fmt::Write;

use retention::{Lifecycle, Lifecycles};
use serde_json::{Value, json};

use crate::keys::{KEYS, LIFECYCLES};
use crate::{Config, Origin};

/// One line of it.
struct Row {
    key: &'static str,
    /// `None` if it has no value.
    value: Option<String>,
    from: String,
}

const BUILT_IN: &str = "built in";

/// In columns: the key, its value, where that came from.
#[must_use]
pub fn text(config: &Config) -> String {
    let rows: Vec<Row> = rows(config).collect();
    let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or_default();
    let (keys, values) = (widest(|row| row.key), widest(shown));
    let mut text = String::new();
    let mut before = "";
    for row in &rows {
        let key = if row.key == before { "" } else { row.key };
        // Writing into a string does not fail.
        let _ = writeln!(text, "{key:keys$}  {:values$}  {}", shown(row), row.from);
        before = row.key;
    }
    text
}

fn shown(row: &Row) -> &str {
    row.value.as_deref().unwrap_or("–")
}

/// As one object: by key, the value as text (`null` if there is none) and where it came from.
#[must_use]
pub fn as_json(config: &Config) -> Value {
    let flat = KEYS
        .iter()
        .map(|key| (key.name.to_owned(), json!({ "value": key.value(config), "from": from(config.origin(key.name)) })));
    let lifecycles = json!({ "value": config.lifecycles, "from": from(config.origin(LIFECYCLES)) });
    Value::Object(flat.chain([(LIFECYCLES.to_owned(), lifecycles)]).collect())
}

fn rows(config: &Config) -> impl Iterator<Item = Row> {
    let flat = KEYS.iter().map(|key| {
        let value = key.value(config);
        let from = match config.origin(key.name) {
            None if value.is_none() => "not set".to_owned(),
            origin => from(origin),
        };
        Row { key: key.name, value, from }
    });
    let lifecycle = |lifecycle: Lifecycle, from| Row { key: LIFECYCLES, value: Some(lifecycle.to_string()), from };
    let built_in = Lifecycles::built_in();
    let built_in: Vec<Row> =
        built_in.names().map(|name| lifecycle(built_in.named(name), BUILT_IN.to_owned())).collect();
    let own = config.lifecycles.custom().map(move |own| lifecycle(own.clone(), from(config.origin(LIFECYCLES))));
    flat.chain(own).chain(built_in)
}

/// `config.yaml:3`, `environment`, `default`.
fn from(origin: Option<&Origin>) -> String {
    match origin {
        Some(Origin::File { path, line, .. }) => format!("{}:{line}", path.display()),
        Some(Origin::Environment) => "environment".to_owned(),
        None => "default".to_owned(),
    }
}
