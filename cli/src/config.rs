//! `config.yaml`: what a user has decided.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, anyhow};
use retention::Lifecycles;
use serde::Deserialize;
use serde_yaml::UserMessageFormatter;

/// Where the configuration is, unless another file is named.
const USUAL: &str = "config.yaml";

/// What stands in `config.yaml`. `config.yaml.sample` shows all of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) lifecycles: Lifecycles,
}

impl Default for Config {
    fn default() -> Self {
        Self { lifecycles: Lifecycles::built_in() }
    }
}

impl Config {
    /// Reads the file named, which must be there, or else `config.yaml` in this folder, which may be.
    pub(crate) fn read(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(USUAL));
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|why| anyhow!("{}:{why}", path.display())),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading the configuration {}", path.display())),
        }
    }

    /// Of what is wrong, says line, column and what was expected.
    fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str::<Option<Self>>(text).map(Option::unwrap_or_default).map_err(|error| {
            let what = error.without_snippet().render_with_formatter(&UserMessageFormatter);
            match error.location().map(|place| (place.line(), place.column())) {
                Some((line, column)) => {
                    let place = format!(" at line {line}, column {column}");
                    format!("{line}:{column}: {}", what.strip_suffix(&place).unwrap_or(&what))
                }
                None => format!(" {what}"),
            }
        })
    }
}
