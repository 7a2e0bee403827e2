//! `config.yaml`: the user's settings, and the origin of each.
//!
//! A key is named like the environment variable that overrides it. [`keys`] is the table of all keys; a new key is a new
//! row there. The blocks `lifecycles:`, `checks:` and `thresholds:` are apart. All errors are reported at once, one a line, each with its place and its
//! key. [`report`] prints the configuration in force.
//!
//! A configuration has no secrets: credentials come from AWS profiles or the environment. This crate does not call AWS.

mod document;
pub mod keys;
mod parse;
mod regions;
pub mod report;
mod suggest;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use checks::{Check, Thresholds};
use protocol::{AccountId, Region, SourceTags};
use retention::{Lifecycles, Rules};

use crate::keys::{KEYS, Key, LIFECYCLES};

/// The default path of the file.
pub const DEFAULT_PATH: &str = "config.yaml";

/// The limit for lifecycles, floor, accounts and retired databases together, in bytes. AWS Lambda allows 4096 bytes for all environment
/// variables of a function, and CloudFormation as many for a parameter. The rest is for the variables that do not grow:
/// switches, the tag, the ARNs of key and state machine. The template has the same limit.
const MAX_JSON_BYTES: usize = 3000;

/// The user's settings. `config.yaml.sample` describes each key.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the table of keys has the descriptions")]
pub struct Config {
    pub aws_region: Option<Region>,
    pub dr_region: Option<Region>,
    pub source_regions: Vec<Region>,
    pub second_region: Option<Region>,
    pub second_lifecycle: Option<String>,
    pub second_floor: Option<Rules>,
    pub backfill_gib: u32,
    pub source_accts: Vec<AccountId>,
    pub dr_acct: Option<AccountId>,
    pub source_profile: Option<String>,
    pub dr_profile: Option<String>,
    pub code_bucket: Option<String>,
    pub architecture: Architecture,
    pub tag_key: Option<String>,
    pub tag_value: Option<String>,
    pub wait_limit_hours: Option<u32>,
    pub key_per_database: bool,
    pub aws_managed_key: bool,
    pub allow_plaintext_clusters: bool,
    pub keep_newest_transit: bool,
    pub source_tags: SourceTags,
    pub max_copies: u32,
    pub max_databases: u32,
    pub max_pending: u32,
    pub max_daily_copies: u32,
    pub quota_share: u32,
    pub floor: Rules,
    pub alarm_email: Option<String>,
    pub alarm_topic_arn: Option<String>,
    pub no_copy_hours: u32,
    pub log_days: u32,
    pub concurrency: Option<u32>,
    pub code_signing: Option<String>,
    pub max_deletions: u32,
    pub max_deletion_share: u32,
    pub unusual_deletions: u32,
    pub max_age_days: u32,
    pub retired: Vec<String>,
    pub verify_every_days: u32,
    pub verify_at_once: u32,
    pub verify_dollars: u32,
    pub verify_hours: u32,
    pub verify_class: Option<String>,
    pub verify_free_percent: u32,
    pub keep_failed_hours: u32,
    pub unverified_days: u32,
    pub verify_network: Option<String>,
    pub rds_roots: Option<PathBuf>,
    pub lifecycles: Lifecycles,
    pub checks: BTreeMap<String, Vec<Check>>,
    pub thresholds: Thresholds,
    /// The file that was read. `None` if there is no file.
    pub file: Option<PathBuf>,
    /// The origins of the keys that are set.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// The processor architecture of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// AWS Graviton, which costs less.
    #[default]
    Arm64,
    /// Intel and AMD.
    X86_64,
}

impl Architecture {
    /// The architectures of AWS Lambda.
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// AWS Lambda's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Rust's target triple.
    #[must_use]
    pub const fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File {
        /// The path.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
    },
    /// An environment variable.
    Environment,
}

impl Origin {
    /// The line, if it is a file.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::File { line, .. } => Some(*line),
            Self::Environment => None,
        }
    }

    /// The start of an error message: `config.yaml:3:10`, `environment`.
    fn place(&self) -> String {
        match self {
            Self::File { path, line, column } => format!("{}:{line}:{column}", path.display()),
            Self::Environment => "environment".to_owned(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            aws_region: None,
            dr_region: None,
            source_regions: Vec::new(),
            second_region: None,
            second_lifecycle: None,
            second_floor: None,
            backfill_gib: 0,
            source_accts: Vec::new(),
            dr_acct: None,
            source_profile: None,
            dr_profile: None,
            code_bucket: None,
            architecture: Architecture::default(),
            tag_key: None,
            tag_value: None,
            wait_limit_hours: None,
            key_per_database: false,
            aws_managed_key: false,
            allow_plaintext_clusters: false,
            keep_newest_transit: false,
            source_tags: SourceTags::Keep,
            max_copies: 10_000,
            max_databases: 200,
            max_pending: 200,
            max_daily_copies: 30,
            quota_share: 80,
            floor: Rules::default_floor(),
            alarm_email: None,
            alarm_topic_arn: None,
            // A day, and two hours for a copy that takes longer than the one of the day before.
            no_copy_hours: 26,
            log_days: 365,
            concurrency: None,
            code_signing: None,
            max_deletions: 100,
            max_deletion_share: 50,
            unusual_deletions: 50,
            max_age_days: 3,
            retired: Vec::new(),
            verify_every_days: 7,
            verify_at_once: 2,
            verify_dollars: 100,
            verify_hours: 12,
            verify_class: None,
            verify_free_percent: 10,
            keep_failed_hours: 0,
            unverified_days: 14,
            verify_network: None,
            rds_roots: None,
            lifecycles: Lifecycles::built_in(),
            checks: BTreeMap::new(),
            thresholds: Thresholds::default(),
            file: None,
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the file at `path`, or else `config.yaml` in the current folder if it exists. Environment variables override
    /// the file.
    ///
    /// # Errors
    /// All errors, one a line, each with its place.
    pub fn read(path: Option<&Path>, environment: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let file = path.unwrap_or(Path::new(DEFAULT_PATH));
        match std::fs::read(file) {
            Ok(bytes) => Self::of(file, &bytes, environment),
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { file: None, ..Self::of(file, b"", environment)? })
            }
            Err(error) => Err(error).with_context(|| format!("reading the configuration {}", file.display())),
        }
    }

    /// The configuration of a file with this path and content, and of these environment variables.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn of(path: &Path, text: &[u8], environment: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut config = Self { file: Some(path.to_owned()), ..Self::default() };
        let document = document::read(text);
        let mut in_file: Vec<(u64, u64, String)> =
            document.problems.into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect();
        for entry in document.entries {
            let (key, line, column) = (entry.key, entry.line, entry.column);
            match entry.set(&mut config) {
                Ok(()) => drop(config.origins.insert(key, Origin::File { path: path.to_owned(), line, column })),
                Err(why) => in_file.push((line, column, format!("{key}: {why}"))),
            }
        }
        in_file.sort();
        let place = |(line, column, message)| format!("{}:{line}:{column}: {message}", path.display());
        let mut errors: Vec<String> = in_file.into_iter().map(place).collect();
        errors.extend(config.add_environment(environment));
        if errors.is_empty() {
            // A value that could not be read would look like one that is not set.
            errors.extend(config.contradictions());
        }
        if errors.is_empty() { Ok(config) } else { Err(anyhow!(errors.join("\n"))) }
    }

    /// Sets the values of the environment, and returns the errors.
    fn add_environment(&mut self, environment: &BTreeMap<String, String>) -> Vec<String> {
        let misspelled = environment.keys().filter_map(|name| Some((name, suggest::misspelled_key(name)?)));
        let mut errors: Vec<String> =
            misspelled.map(|(name, key)| format!("environment: {name}: unknown key; did you mean {key}?")).collect();
        for key in KEYS {
            let Some(text) = environment.get(key.name).filter(|text| !text.trim().is_empty()) else { continue };
            match key.set(text, self) {
                Ok(()) => drop(self.origins.insert(key.name, Origin::Environment)),
                Err(why) => errors.push(format!("environment: {}: {why}", key.name)),
            }
        }
        errors
    }

    /// Errors of several keys together, each reported at the key that is best changed.
    fn contradictions(&self) -> Vec<String> {
        let mut found = self.contradicting_regions();
        if let Some(dr) = self.dr_acct.as_ref().filter(|dr| self.source_accts.contains(dr)) {
            found.push(("DR_ACCT", format!("{dr} is also in SOURCE_ACCTS; copies must be in another account")));
        }
        if self.tag_value.is_some() && self.tag_key.is_none() {
            found.push(("TAG_VALUE", "TAG_KEY is not set, and a tag needs a key".to_owned()));
        }
        if self.aws_managed_key && self.key_per_database {
            let message =
                "KEY_PER_DATABASE is set, too; AWS has one managed key for all databases, so set only one of them";
            found.push(("AWS_MANAGED_KEY", message.to_owned()));
        }
        let texts = [self.lifecycles_json(), self.floor_json(), self.source_accounts(), self.retired.join(",")];
        let bytes: usize = texts.iter().map(String::len).sum();
        if bytes > MAX_JSON_BYTES {
            let message = format!(
                "with FLOOR, SOURCE_ACCTS and RETIRED they take {bytes} bytes as JSON, and the environment of the functions has \
                 space for {MAX_JSON_BYTES}; use fewer lifecycles or shorter names"
            );
            found.push((LIFECYCLES, message));
        }
        let place = |key| self.origins.get(key).map(|origin| format!("{}: ", origin.place())).unwrap_or_default();
        found.into_iter().map(|(key, why)| format!("{}{key}: {why}", place(key))).collect()
    }

    /// A value that the command needs.
    ///
    /// # Errors
    /// If it is not set: its description, and where to set it.
    pub fn need<'a, T>(&self, value: &'a Option<T>, key: &str) -> anyhow::Result<&'a T> {
        value.as_ref().ok_or_else(|| missing(key))
    }

    /// The source accounts, at least one.
    ///
    /// # Errors
    /// As [`Config::need`].
    pub fn need_sources(&self) -> anyhow::Result<&[AccountId]> {
        if self.source_accts.is_empty() { Err(missing("SOURCE_ACCTS")) } else { Ok(&self.source_accts) }
    }

    /// The required keys that are not set.
    pub fn missing_keys(&self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(|key| key.is_required && key.value(self).is_none())
    }

    /// The origin of a key. `None` if it is not set.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// The custom lifecycles, as JSON for the templates' parameter and the function's environment.
    #[must_use]
    pub fn lifecycles_json(&self) -> String {
        json(&self.lifecycles)
    }

    /// The floor, as JSON for the same.
    #[must_use]
    pub fn floor_json(&self) -> String {
        json(&self.floor)
    }

    /// The checks of restored databases, as JSON for the verifier's bucket.
    #[must_use]
    pub fn checks_json(&self) -> String {
        serde_json::to_string_pretty(&self.checks).unwrap_or_default() + "\n"
    }

    /// How much the data of a restored database may change, as JSON for the same.
    #[must_use]
    pub fn thresholds_json(&self) -> String {
        serde_json::to_string_pretty(&self.thresholds).unwrap_or_default() + "\n"
    }

    /// The source accounts, separated by commas, for the templates' parameter.
    #[must_use]
    pub fn source_accounts(&self) -> String {
        self.source_accts.iter().map(AccountId::as_str).collect::<Vec<_>>().join(",")
    }
}

/// The variables of this process. One that is not UTF-8 cannot be the value of a key.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Names and numbers can always be written as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn missing(key: &str) -> anyhow::Error {
    let description = Key::named(key).map_or("", |key| key.description);
    anyhow!("{key} is not set: {description}; set it in {DEFAULT_PATH} (see config.yaml.sample) or in the environment")
}
