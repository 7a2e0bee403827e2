//! What a new database does not get of its recorded settings, as tags on it: the source may be gone when it is reported.
//!
//! ```text
//! Draco_JobReport   elsewhere home=mon home=sg lostm=2 refused=bwin=25:00 group=pg=orders=3 p=work_mem=64MB
//! ```
//!
//! Tokens in the form of a spec. A person can change them, so each is read by itself, and one that cannot be read is ignored.

use crate::spec::text::{escape, escape_first, pieces, read_name, read_number, tokens, unescape};
use crate::spec::{Missing, Parameters, Setting};
use crate::tags::{JOB_REPORT, Tags};

/// One fact for the report of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// No settings were recorded with the data.
    NothingRecorded,
    /// The recorded settings cannot be read.
    Unreadable,
    /// The settings were recorded in another account or region.
    Elsewhere,
    /// The settings are those that a job of Draco's gave the database, of which the data are a snapshot.
    OfJob,
    /// No class was recorded for the members.
    DefaultClass,
    /// A setting that was not recorded, because the tags of the copy had no room.
    NotRecorded(Setting),
    /// The number of members that were not recorded, for the same reason.
    MembersNotRecorded(u32),
    /// A recorded setting that is a resource of another account or region, or opens a database to its network.
    Home(Setting),
    /// A recorded value that AWS does not take.
    Refused(Setting, String),
    /// A recorded group that does not exist here, or does not fit: its kind, its name, and its parameters that differ from AWS's defaults.
    Group {
        /// The setting that names it.
        setting: Setting,
        /// The name.
        name: String,
        /// How many parameters differ.
        total: u32,
        /// Those that were recorded and have room.
        parameters: Parameters,
    },
    /// The number of the user's tags for which there is no room.
    Tags(u32),
    /// The number of facts for which there is no room here.
    More(u32),
}

/// The tags for these facts, the first ones first.
#[must_use]
pub fn to_tags(notes: &[Note]) -> Tags {
    let all: Vec<(usize, String)> =
        notes.iter().enumerate().flat_map(|(nth, note)| write(note).into_iter().map(move |it| (nth, it))).collect();
    let (mut kept, mut left_out) = (Vec::<String>::new(), Vec::new());
    for (nth, token) in all {
        // A parameter needs its group.
        let fits = |kept: &[String]| {
            pieces(&[kept, &[token.clone(), write_more(u32::MAX)]].concat()).len() <= JOB_REPORT.len()
        };
        if !left_out.contains(&nth) && fits(&kept) {
            kept.push(token);
        } else if !token.starts_with(PARAMETER) {
            left_out.push(nth);
        }
    }
    if !left_out.is_empty() {
        kept.push(write_more(u32::try_from(left_out.len()).unwrap_or(u32::MAX)));
    }
    match kept.is_empty() {
        true => Tags::default(),
        false => JOB_REPORT.into_iter().zip(pieces(&kept)).collect(),
    }
}

/// The facts in these tags.
#[must_use]
pub fn from_tags(tags: &Tags) -> Vec<Note> {
    let pieces: Vec<&str> = JOB_REPORT.iter().map_while(|key| tags.get(key)).collect();
    let mut notes = Vec::new();
    for token in tokens(&pieces) {
        match (read_parameter(&token), notes.last_mut()) {
            (Some((name, value)), Some(Note::Group { parameters, .. })) => drop(parameters.insert(name, value)),
            _ => notes.extend(read(&token)),
        }
    }
    notes
}

/// The facts about what a spec in tags lacks. Parameters are of interest only if their group is missing.
#[must_use]
pub fn of_missing(missing: &Missing) -> Vec<Note> {
    let members = u32::try_from(missing.members).ok().filter(|number| *number > 0);
    let settings = missing.settings.iter().map(|setting| Note::NotRecorded(*setting));
    settings.chain(members.map(Note::MembersNotRecorded)).collect()
}

/// The beginning of a token that belongs to the group before it.
const PARAMETER: &str = "p=";

fn write(note: &Note) -> Vec<String> {
    let token = match note {
        Note::NothingRecorded => "nothing".to_owned(),
        Note::Unreadable => "unreadable".to_owned(),
        Note::Elsewhere => "elsewhere".to_owned(),
        Note::OfJob => "job".to_owned(),
        Note::DefaultClass => "class".to_owned(),
        Note::NotRecorded(setting) => format!("lost={}", setting.row().key),
        Note::MembersNotRecorded(number) => format!("lostm={number}"),
        Note::Home(setting) => format!("home={}", setting.row().key),
        Note::Refused(setting, value) => format!("refused={}={}", setting.row().key, escape(value)),
        Note::Group { setting, name, total, parameters } => {
            let group = format!("group={}={}={total}", setting.row().key, escape(name));
            let parameter =
                |(name, value): (&String, &String)| format!("{PARAMETER}{}={}", escape_first(name), escape(value));
            return std::iter::once(group).chain(parameters.iter().map(parameter)).collect();
        }
        Note::Tags(number) => format!("tags={number}"),
        Note::More(number) => write_more(*number),
    };
    vec![token]
}

fn write_more(number: u32) -> String {
    format!("more={number}")
}

fn read_parameter(token: &str) -> Option<(String, String)> {
    let (name, value) = token.strip_prefix(PARAMETER)?.split_once('=')?;
    Some((read_name(name)?, unescape(value)?))
}

fn read(token: &str) -> Option<Note> {
    let (name, value) = token.split_once('=').unwrap_or((token, ""));
    Some(match name {
        "nothing" => Note::NothingRecorded,
        "unreadable" => Note::Unreadable,
        "elsewhere" => Note::Elsewhere,
        "job" => Note::OfJob,
        "class" => Note::DefaultClass,
        "lost" => Note::NotRecorded(Setting::with_key(value)?),
        "lostm" => Note::MembersNotRecorded(read_number(value)?),
        "home" => Note::Home(Setting::with_key(value)?),
        "refused" => {
            let (key, value) = value.split_once('=')?;
            Note::Refused(Setting::with_key(key)?, unescape(value)?)
        }
        "group" => {
            let [key, name, total] = value.split('=').collect::<Vec<_>>()[..] else { return None };
            let (setting, name) = (Setting::with_key(key)?, read_name(name)?);
            Note::Group { setting, name, total: read_number(total)?, parameters: Parameters::new() }
        }
        "tags" => Note::Tags(read_number(value)?),
        "more" => Note::More(read_number(value)?),
        _ => return None,
    })
}
