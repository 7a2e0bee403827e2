//! The values of tags as a spec. The tags may be of a newer version, damaged, or forged: they never panic.

use super::encode::{Missing, VERSION};
use super::setting::{Given, Setting, Target};
use super::text::{read_list, read_name, read_number, read_value, tokens, unescape};
use super::{Group, MAX_MEMBERS, Member, Settings, Spec};
use crate::quote::quoted;
use crate::tags::{SPEC, Tags, is_of_user};
use crate::{Engine, Kind};

/// A spec that was read from tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The spec.
    pub spec: Spec,
    /// What did not fit into the tags.
    pub missing: Missing,
    /// The number of settings that this version does not know.
    pub unknown: usize,
}

/// Tags that are no spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Another version of the text form.
    #[error("the spec has version {}, this program reads version {VERSION}", quoted(.0))]
    Version(String),
    /// A tag is missing, or is not of this spec.
    #[error("the spec has {expected} tags, and there are {found}")]
    Tags {
        /// The number that it states.
        expected: usize,
        /// The number that there is.
        found: usize,
    },
    /// It is the spec of another database than that of its snapshot.
    #[error("the spec is of {} {}, and the snapshot is not", .kind.database_type(), quoted(.engine))]
    OtherDatabase {
        /// The kind in the spec.
        kind: Kind,
        /// The engine in the spec.
        engine: String,
    },
    /// A token is missing, is there twice, or has a value that is none.
    #[error("the spec has no valid value of {key}: {}", quoted(.text))]
    Value {
        /// The key, shortened.
        key: String,
        /// The token, or all of them.
        text: String,
    },
}

impl Recorded {
    /// The spec that the tags of a copy record. `None` if they record none.
    ///
    /// [`Spec::tags`] are the copy's other tags, under the keys that they have on the copy. [`Tags::at_origin`] has those of the database.
    ///
    /// # Errors
    /// If the tags are no spec.
    pub fn from_tags(tags: &Tags) -> Result<Option<Self>, SpecError> {
        let pieces: Vec<&str> = SPEC.iter().map_while(|key| tags.get(key)).collect();
        let found = SPEC.iter().filter(|key| tags.get(key).is_some()).count();
        if found == 0 {
            return Ok(None);
        }
        let tokens = tokens(&pieces);
        let mut reader = Reader { tokens: tokens.iter().map(String::as_str).peekable() };
        let version = reader.value("v")?;
        if version != VERSION {
            return Err(SpecError::Version(version.to_owned()));
        }
        let expected = reader.number("n")?;
        if expected != found || found != pieces.len() {
            return Err(SpecError::Tags { expected, found });
        }
        let mut recorded = reader.spec()?;
        recorded.spec.tags = user_tags(tags);
        Ok(Some(recorded))
    }

    /// Whether the spec can be that of a database with such snapshots.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check(&self, kind: Kind, engine: Engine) -> Result<(), SpecError> {
        let Spec { kind: stated, engine: name, .. } = &self.spec;
        if (*stated, Engine::parse(name)) == (kind, engine) {
            return Ok(());
        }
        Err(SpecError::OtherDatabase { kind: *stated, engine: name.clone() })
    }
}

/// The tags of the user among those of a copy. Their keys stay: `SOURCE_TAGS` may have put them under a prefix because policies of DR act
/// on tags, and they act on those of a database, too.
fn user_tags(tags: &Tags) -> Tags {
    tags.iter().filter(|(key, _)| is_of_user(key)).collect()
}

struct Reader<'t, I: Iterator<Item = &'t str>> {
    tokens: std::iter::Peekable<I>,
}

fn invalid(key: &str, text: &str) -> SpecError {
    SpecError::Value { key: key.chars().take(32).collect(), text: text.to_owned() }
}

impl<'t, I: Iterator<Item = &'t str>> Reader<'t, I> {
    /// The value of the next token, which must have this key.
    fn value(&mut self, key: &str) -> Result<&'t str, SpecError> {
        self.optional(key).ok_or_else(|| invalid(key, self.tokens.peek().copied().unwrap_or_default()))
    }

    fn number(&mut self, key: &str) -> Result<usize, SpecError> {
        let text = self.value(key)?;
        read_number(text).ok_or_else(|| invalid(key, text))
    }

    /// The value of the next token, if it has this key.
    fn optional(&mut self, key: &str) -> Option<&'t str> {
        let value = self.tokens.peek()?.strip_prefix(key)?.strip_prefix('=')?;
        self.tokens.next();
        Some(value)
    }

    /// The next token, unless it begins a section.
    fn in_section(&mut self) -> Option<&'t str> {
        self.tokens.next_if(|token| !token.starts_with('/'))
    }

    fn spec(mut self) -> Result<Recorded, SpecError> {
        let kind = match self.value("kind")? {
            "instance" => Kind::Instance,
            "cluster" => Kind::Cluster,
            other => return Err(invalid("kind", other)),
        };
        let [engine, version] = ["engine", "version"].map(|key| {
            let text = self.value(key)?;
            unescape(text).ok_or_else(|| invalid(key, text))
        });
        let mut recorded =
            Recorded { spec: Spec::new(kind, &engine?, &version?), missing: Missing::default(), unknown: 0 };
        let Recorded { spec, missing, unknown } = &mut recorded;
        for key in self.optional("lost").into_iter().flat_map(read_list) {
            match Setting::with_key(key) {
                Some(setting) => drop(missing.settings.insert(setting)),
                None => *unknown += 1,
            }
        }
        for (key, number) in [("lostm", &mut missing.members), ("lostg", &mut missing.groups)] {
            if let Some(text) = self.optional(key) {
                *number = read_number::<u32>(text).ok_or_else(|| invalid(key, text))? as usize;
            }
        }
        spec.settings = self.settings(spec.target(), Settings::new(), unknown)?;
        while let Some(token) = self.tokens.next() {
            let (section, value) = token.split_once('=').ok_or_else(|| invalid("/", token))?;
            match section {
                "/w" | "/r" if kind == Kind::Cluster => {
                    let is_writer = section == "/w";
                    let is_possible = |name: &String| {
                        spec.members.len() < MAX_MEMBERS
                            && spec.members.iter().all(|other| other.name != *name && !(is_writer && other.is_writer))
                    };
                    let name = read_name(value).filter(is_possible).ok_or_else(|| invalid(section, value))?;
                    let previous = spec.members.last().map(|member| member.settings.clone()).unwrap_or_default();
                    let settings = self.settings(Target::Member, previous, unknown)?;
                    spec.members.push(Member { name, is_writer, settings });
                }
                "/ig" => missing.parameters += self.group(spec, Kind::Instance, value)?,
                "/cg" => missing.parameters += self.group(spec, Kind::Cluster, value)?,
                _ => {
                    *unknown += 1;
                    while self.in_section().is_some() {
                        *unknown += 1;
                    }
                }
            }
        }
        Ok(recorded)
    }

    /// The settings of this section, on top of those of the previous member.
    fn settings(&mut self, target: Target, previous: Settings, unknown: &mut usize) -> Result<Settings, SpecError> {
        let (mut settings, mut seen) = (previous, Vec::new());
        while let Some(token) = self.in_section() {
            let (key, value) = match (token.strip_prefix('-'), token.split_once('=')) {
                (Some(key), _) => (key, None),
                (None, Some((key, value))) => (key, Some(value)),
                (None, None) => return Err(invalid(token, token)),
            };
            let Some(setting) = Setting::with_key(key).filter(|setting| setting.row().given(target) != Given::No)
            else {
                *unknown += 1;
                continue;
            };
            if seen.contains(&setting) {
                return Err(invalid(key, token));
            }
            seen.push(setting);
            match value {
                Some(text) => {
                    let value = read_value(setting.row().value, text).ok_or_else(|| invalid(key, text))?;
                    settings.insert(setting, value);
                }
                None => drop(settings.remove(&setting)),
            }
        }
        Ok(settings)
    }

    /// Adds the group of this section. The number of its parameters that are missing.
    fn group(&mut self, spec: &mut Spec, kind: Kind, header: &str) -> Result<usize, SpecError> {
        let parsed =
            header.split_once('=').and_then(|(name, total)| Some((read_name(name)?, read_number::<u32>(total)?)));
        let (name, total) = parsed.ok_or_else(|| invalid("/", header))?;
        let group = Group { kind, name };
        if spec.groups.contains_key(&group) {
            return Err(invalid("/", header));
        }
        let parameters = spec.groups.entry(group).or_default();
        while let Some(token) = self.in_section() {
            let pair = token.split_once('=').and_then(|(name, value)| Some((read_name(name)?, unescape(value)?)));
            let (name, value) = pair.ok_or_else(|| invalid("/", token))?;
            if parameters.insert(name, value).is_some() {
                return Err(invalid("/", token));
            }
        }
        Ok((total as usize).saturating_sub(parameters.len()))
    }
}
