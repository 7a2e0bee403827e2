//! `config.yaml`: what a user has decided, and where each value came from.
//!
//! Flat keys are named like the environment variables that win over them; [`keys`] is the table of all of them, and a new
//! one is a new row there. Beside them stands the block `lifecycles:`. What is wrong is told in one line that begins with
//! the place at which it stands. [`report`] tells what is in force.
//!
//! There are no secrets here, and no key for any: credentials are the AWS profiles' business. This crate does not know AWS.

mod document;
pub mod keys;
mod near;
pub mod report;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use protocol::{AccountId, Region};
use retention::{Lifecycles, Rules};

use crate::keys::{KEYS, Key, LIFECYCLES};

/// Where the configuration is, unless another file is named.
pub const USUAL: &str = "config.yaml";

/// What lifecycles, floor and accounts may take together. AWS Lambda has room for 4096 bytes in all environment variables
/// of a function, and no parameter of a CloudFormation template is longer; the rest is for the variables that do not
/// grow: switches, the tag, the ARNs of key and state machine. The template has the same limit.
const ROOM: usize = 3000;

/// What a user has decided. `config.yaml.sample` tells what each key is.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the table of keys says what each is")]
pub struct Config {
    pub aws_region: Option<Region>,
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
    pub allow_plaintext_clusters: bool,
    pub floor: Rules,
    pub alarm_email: Option<String>,
    pub alarm_topic_arn: Option<String>,
    pub no_copy_hours: u32,
    pub log_days: u32,
    pub concurrency: Option<u32>,
    pub lifecycles: Lifecycles,
    /// Where the keys that are set were set.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// The processor that the functions run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// AWS's own, which costs less.
    #[default]
    Arm64,
    /// Intel's and AMD's.
    X86_64,
}

impl Architecture {
    /// Those that Lambda has.
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// As AWS Lambda spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// As Rust does.
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

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// Which.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: u64,
    },
    /// By a variable in the environment.
    Environment,
}

impl Origin {
    /// How what is wrong there begins: `config.yaml:3:10`, `environment`.
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
            allow_plaintext_clusters: false,
            floor: Rules::default_floor(),
            alarm_email: None,
            alarm_topic_arn: None,
            // A day, and two hours more for a copy that takes longer than that of yesterday.
            no_copy_hours: 26,
            log_days: 365,
            concurrency: None,
            lifecycles: Lifecycles::built_in(),
            origins: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the file named, which must be there, or else `config.yaml` in this folder, which may be. Variables of the
    /// environment win.
    ///
    /// # Errors
    /// What is wrong, in one line that begins with its place.
    pub fn read(named: Option<&Path>, environment: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(USUAL));
        let text = match std::fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("reading the configuration {}", path.display())),
        };
        Self::of(path, text.as_deref().unwrap_or_default(), environment)
    }

    /// What the file that is called so and says this, and the environment, say together.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn of(path: &Path, text: &[u8], environment: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut config = Self::default();
        let given = document::read(text)
            .map_err(|wrong| anyhow!("{}:{}:{}: {}", path.display(), wrong.line, wrong.column, wrong.what))?;
        for given in given {
            let origin = Origin::File { path: path.to_owned(), line: given.line, column: given.column };
            let key = given.key;
            given.put(&mut config).map_err(|why| anyhow!("{}: {key}: {why}", origin.place()))?;
            config.origins.insert(key, origin);
        }
        if let Some((name, meant)) = environment.keys().find_map(|name| Some((name, near::slip(name)?))) {
            return Err(anyhow!("environment: {name}: there is no such key; did you mean {meant}?"));
        }
        for key in KEYS {
            let Some(text) = environment.get(key.name).filter(|text| !text.trim().is_empty()) else { continue };
            key.put(text, &mut config).map_err(|why| anyhow!("environment: {}: {why}", key.name))?;
            config.origins.insert(key.name, Origin::Environment);
        }
        match config.contradiction() {
            Some((key, why)) => {
                let place = config.origins.get(key).map(|origin| format!("{}: ", origin.place())).unwrap_or_default();
                Err(anyhow!("{place}{key}: {why}"))
            }
            None => Ok(config),
        }
    }

    /// What several keys say together and cannot be: the key that is best mended, and why.
    fn contradiction(&self) -> Option<(&'static str, String)> {
        if let Some(dr) = self.dr_acct.as_ref().filter(|dr| self.source_accts.contains(dr)) {
            return Some(("DR_ACCT", format!("{dr} is among SOURCE_ACCTS; copies are safe in another account only")));
        }
        if self.tag_value.is_some() && self.tag_key.is_none() {
            return Some(("TAG_VALUE", "TAG_KEY is not set, and a tag needs a key".to_owned()));
        }
        let long: usize =
            [self.lifecycles_json(), self.floor_json(), self.source_accounts()].map(|text| text.len()).iter().sum();
        (long > ROOM).then(|| {
            let (key, room) = (LIFECYCLES, ROOM);
            (key, format!("with FLOOR and SOURCE_ACCTS they take {long} bytes as JSON, and AWS Lambda's environment has room for {room}; have fewer, or shorter names"))
        })
    }

    /// A value without which there is no going on.
    ///
    /// # Errors
    /// That it is not set, what it is, and where to set it.
    pub fn need<'a, T>(&self, value: &'a Option<T>, key: &str) -> anyhow::Result<&'a T> {
        value.as_ref().ok_or_else(|| missing(key))
    }

    /// The source accounts, of which there has to be one at least.
    ///
    /// # Errors
    /// As [`Config::need`].
    pub fn need_sources(&self) -> anyhow::Result<&[AccountId]> {
        if self.source_accts.is_empty() { Err(missing("SOURCE_ACCTS")) } else { Ok(&self.source_accts) }
    }

    /// Where a key was set; of what is not set, nothing.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// The user's own lifecycles, as the templates' parameter and the function's environment have them.
    #[must_use]
    pub fn lifecycles_json(&self) -> String {
        json(&self.lifecycles)
    }

    /// The floor, likewise.
    #[must_use]
    pub fn floor_json(&self) -> String {
        json(&self.floor)
    }

    /// The source accounts, likewise: separated by commas.
    #[must_use]
    pub fn source_accounts(&self) -> String {
        self.source_accts.iter().map(AccountId::as_str).collect::<Vec<_>>().join(",")
    }
}

/// The variables of this process. What is no text cannot be the value of any key.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Names and numbers: nothing that JSON could refuse.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn missing(key: &str) -> anyhow::Error {
    let what = Key::named(key).map_or("", |key| key.what);
    anyhow!("{key} is not set: {what}; set it in {USUAL} (config.yaml.sample shows how) or in the environment")
}
