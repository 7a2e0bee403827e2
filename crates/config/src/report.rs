//! The configuration in force, with the origin of each value: in columns for people, as JSON for scripts.
//!
//! `doc/json.md` documents the keys of the JSON.

use std::fmt::Write;

use retention::{Lifecycle, Lifecycles, Rule};
use serde_json::{Map, Value, json};

use crate::json;
use crate::keys::{CHECKS, KEYS, Key, LIFECYCLES, Setting, THRESHOLDS};
use crate::{Config, Origin};

struct Row {
    key: &'static str,
    value: Option<String>,
    origin: String,
}

/// The columns key, value and origin.
#[must_use]
pub fn text(config: &Config) -> String {
    let rows: Vec<Row> = rows(config).collect();
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or_default();
    let (keys, values) = (width(|row| row.key), width(value_text));
    let mut text = String::new();
    let mut previous = "";
    for row in &rows {
        let key = if row.key == previous { "" } else { row.key };
        // Writing into a string does not fail.
        let _ = writeln!(text, "{key:keys$}  {:values$}  {}", value_text(row), row.origin);
        previous = row.key;
    }
    text
}

fn value_text(row: &Row) -> &str {
    row.value.as_deref().unwrap_or("–")
}

fn rows(config: &Config) -> impl Iterator<Item = Row> {
    let settings = KEYS.iter().map(|key| {
        let value = key.value(config).map(|value| match &value {
            Setting::Rules(floor) => format!("{value} (guarantees {} days)", floor.guarantee_days()),
            _ => value.to_string(),
        });
        let origin = match (config.origin(key.name), &value) {
            (Some(origin), _) => origin_text(origin),
            (None, Some(_)) => "default".to_owned(),
            (None, None) if key.is_required => "not set (required)".to_owned(),
            (None, None) => "not set".to_owned(),
        };
        Row { key: key.name, value, origin }
    });
    let lifecycles = lifecycles(config).map(|(lifecycle, origin)| Row {
        key: LIFECYCLES,
        value: Some(lifecycle.to_string()),
        origin: origin.map_or_else(|| "built in".to_owned(), |origin| origin_text(&origin)),
    });
    let checks = config.checks.iter().map(|(database, checks)| Row {
        key: CHECKS,
        value: Some(format!("{database}: {} {}", checks.len(), if checks.len() == 1 { "check" } else { "checks" })),
        origin: config.origin(CHECKS).map(origin_text).unwrap_or_default(),
    });
    let thresholds = config.origin(THRESHOLDS).map(|origin| Row {
        key: THRESHOLDS,
        value: Some(json(&config.thresholds)),
        origin: origin_text(origin),
    });
    settings.chain(lifecycles).chain(checks).chain(thresholds)
}

/// `config.yaml:3`, `environment`.
fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line, .. } => format!("{}:{line}", path.display()),
        Origin::Environment => "environment".to_owned(),
    }
}

/// The custom lifecycles, then the built-in ones, which have no origin.
fn lifecycles(config: &Config) -> impl Iterator<Item = (Lifecycle, Option<Origin>)> {
    let origin = config.origin(LIFECYCLES).cloned();
    let built_in = Lifecycles::built_in();
    let built_in: Vec<_> = built_in.names().map(|name| (built_in.named(name), None)).collect();
    config.lifecycles.custom().map(move |custom| (custom.clone(), origin.clone())).chain(built_in)
}

/// One object: the file, the settings by key, the lifecycles, the checks by database, and the thresholds.
#[must_use]
pub fn as_json(config: &Config) -> Value {
    let settings: Map<String, Value> =
        KEYS.iter().map(|key| (key.name.to_owned(), setting_json(key, config))).collect();
    let lifecycles: Vec<Value> =
        lifecycles(config).map(|(lifecycle, origin)| lifecycle_json(&lifecycle, origin.as_ref())).collect();
    json!({
        "file": config.file,
        "settings": settings,
        "lifecycles": lifecycles,
        "checks": config.checks,
        "thresholds": config.thresholds,
    })
}

fn setting_json(key: &Key, config: &Config) -> Value {
    let value = key.value(config);
    let origin = config.origin(key.name);
    let origin_kind = origin.map(origin_kind).or(value.is_some().then_some("default"));
    json!({ "value": value, "required": key.is_required, "origin": origin_kind, "line": origin.and_then(Origin::line) })
}

fn lifecycle_json(lifecycle: &Lifecycle, origin: Option<&Origin>) -> Value {
    let rules: Map<String, Value> = lifecycle.rules().iter().map(rule_json).collect();
    let rules = (!rules.is_empty()).then_some(rules);
    json!({
        "name": lifecycle.name(),
        "rules": rules,
        "origin": origin.map_or("built_in", origin_kind),
        "line": origin.and_then(Origin::line),
    })
}

fn rule_json(rule: &Rule) -> (String, Value) {
    let value = match rule {
        Rule::Counted(_, count) => json!(count),
        Rule::Within(span) => json!(span.to_string()),
    };
    (rule.name().to_owned(), value)
}

fn origin_kind(origin: &Origin) -> &'static str {
    match origin {
        Origin::File { .. } => "file",
        Origin::Environment => "environment",
    }
}
