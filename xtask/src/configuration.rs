//! `cargo xtask config`: the configuration in force, and the origin of each value.

use std::io::Write;
use std::path::{self, PathBuf};

use clap::Args;
use config::{Config, DEFAULT_PATH, report};

/// Print the configuration in force, and where each value comes from
///
/// Each key has its value and its origin: the line of the file, `environment` or `default`. An environment variable with
/// the name of a key overrides the file. config.yaml.sample describes each key, doc/json.md the keys of --json.
#[derive(Args)]
pub(crate) struct Show {
    /// The configuration file [default: config.yaml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let config = Config::read(self.config.as_deref(), &config::environment())?;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", report::as_json(&config))?;
        } else {
            write!(out, "{}", report::text(&config))?;
        }
        out.flush()?;
        for note in notes(&config) {
            eprintln!("note: {note}");
        }
        Ok(())
    }
}

/// The missing file and the missing keys, with the next step.
fn notes(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    if config.file.is_none() {
        let path = path::absolute(DEFAULT_PATH).unwrap_or_else(|_| DEFAULT_PATH.into());
        notes.push(format!("no configuration file: {} does not exist", path.display()));
    }
    let missing: Vec<&str> = config.missing_keys().map(|key| key.name).collect();
    if !missing.is_empty() {
        notes.push(format!("required keys that are not set: {}", missing.join(", ")));
    }
    notes.extend(costs(config));
    if config.file.is_none() {
        notes.push("to begin: cp config.yaml.sample config.yaml".to_owned());
    }
    notes
}

/// What AWS charges for copies that cross regions.
fn costs(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    let doctor = "`cargo xtask doctor` shows how much that is";
    if let (false, Some(copies)) = (config.is_one_region(), config.copies_region()) {
        let from = config.database_regions().into_iter().filter(|region| region != copies);
        let from: Vec<String> = from.map(|region| region.to_string()).collect();
        notes.push(format!(
            "snapshots are copied from {} to {copies}: AWS charges the transfer, from most regions 0.02 dollars a GiB; {doctor}",
            from.join(", ")
        ));
    }
    if let Some(second) = &config.second_region {
        notes.push(format!(
            "copies are copied onward to {second}: AWS charges the transfer, from most regions 0.02 dollars a GiB, and the storage \
             there too, about 0.095 dollars a GiB-month; {doctor}"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn copies_that_cross_regions_have_a_price() {
        let of = |text: &str| Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        assert_eq!(costs(&of("AWS_REGION: eu-west-1")), Vec::<String>::new());
        let both = costs(&of("AWS_REGION: eu-west-1\nDR_REGION: us-east-1\nSECOND_REGION: eu-central-1"));
        assert!(
            both[0].starts_with("snapshots are copied from eu-west-1 to us-east-1: AWS charges the transfer"),
            "{both:?}"
        );
        assert!(both[1].starts_with("copies are copied onward to eu-central-1: AWS charges"), "{both:?}");
        assert_eq!(both.len(), 2);
    }

    #[test]
    fn missing_file_and_keys_are_noted_with_the_next_step() {
        let config = Config { aws_region: "eu-west-1".parse().ok(), ..Config::default() };
        let path = path::absolute("config.yaml").unwrap();
        assert_eq!(
            notes(&config),
            [
                format!("no configuration file: {} does not exist", path.display()),
                "required keys that are not set: SOURCE_ACCTS, DR_ACCT, CODE_BUCKET".to_owned(),
                "to begin: cp config.yaml.sample config.yaml".to_owned(),
            ]
        );
        let sample = include_bytes!("../../config.yaml.sample");
        let config = Config::of(Path::new("config.yaml.sample"), sample, &BTreeMap::new()).unwrap();
        assert_eq!(notes(&config), Vec::<String>::new());
    }
}
