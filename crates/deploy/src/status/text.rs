//! The text of `status`, for people.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::DatabaseArn;

use super::{AccountStatus, ErrorMessage, QuotaStatus, SourceStack, StackState, StackStatus};
use crate::Role;
use crate::code::shortened;
use crate::deployed::verification::Verification;
use crate::deployed::{Function, KEEPER, LastCopy, Queue, Rpo, Specs};
use crate::terminal::{BAD, CAUTION, FAINT, GOOD, TITLE};

/// How many databases a line names.
const NAMED: usize = 3;

impl AccountStatus {
    /// The lines for people.
    #[must_use]
    pub fn lines(&self, role: Role, now: DateTime<Utc>) -> Vec<String> {
        if let Some(ErrorMessage { message }) = &self.error {
            let region = self.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
            let title = format!("{TITLE}{role}{TITLE:#}, {}{region}", role.account());
            return vec![title, line("unknown", &format!("{CAUTION}{message}{CAUTION:#}"))];
        }
        let place = [&self.account, &self.region].map(|text| text.as_deref().unwrap_or_default()).join(" in ");
        let mut lines = vec![format!("{TITLE}{role}{TITLE:#}, {} {place}", role.account())];
        lines.push(line("stack", &self.stack_text(role, now)));
        // `update` needs a stack.
        let next = format!("{} {role}", if self.stack.is_some() { "update" } else { "create" });
        for source in self.source_stacks.iter().flatten() {
            lines.push(line("source", &source.text(&next, now)));
        }
        lines.extend(self.function.as_ref().map(|function| line("code", &self.code_text(function, now))));
        if let Some(function) = self.keeper.as_ref().and_then(|keeper| keeper.function.as_ref()) {
            lines.push(line("keeper", &self.code_text(function, now)));
        }
        match self.deletion_enabled {
            Some(false) => lines.push(line("deletion", &format!("{CAUTION}dry run{CAUTION:#}: no copy is deleted"))),
            Some(true) => lines.push(line("deletion", "enabled: expired copies are deleted")),
            None => {}
        }
        // The second region sends no reports to source accounts.
        if role == Role::Consumer {
            let last = self.last_copy.as_ref().map_or_else(|| "none yet".to_owned(), |last| last.text(now));
            lines.push(line("last copy", &last));
        }
        if role.keeps_copies() {
            let none =
                if self.last_copy.is_some() { "all databases are retired" } else { "no database has a copy yet" };
            let rpo = self.rpo.as_ref().map_or_else(|| none.to_owned(), |rpo| rpo.text(now));
            lines.push(line("RPO", &rpo));
            lines.extend(self.specs.as_ref().map(|specs| line("settings", &specs.text())));
            lines.extend(self.queue.as_ref().map(|queue| line("queue", &queue.text(now))));
        }
        for QuotaStatus { usage, description } in self.quotas.iter().flatten() {
            lines.push(line("quota", &format!("{}: {description}", usage.name())));
        }
        if let Some(ErrorMessage { message }) = &self.quotas_error {
            lines.push(line("quota", &format!("{CAUTION}unknown{CAUTION:#}: {message}")));
        }
        lines.extend(self.verification.as_ref().map(|verification| line("verified", &verification.text(now))));
        if let Some(ErrorMessage { message }) = &self.verification_error {
            lines.push(line("verified", &format!("{CAUTION}unknown{CAUTION:#}: {message}")));
        }
        let keeper = self.keeper.as_ref().map(|keeper| (KEEPER, keeper.dead_letters));
        for (function, letters) in [(role.stack(), self.dead_letters)].into_iter().chain(keeper) {
            let letters = match letters {
                None => format!("{FAINT}the queue {function}-dead-letters does not exist{FAINT:#}"),
                Some(0) => format!("none of {function}"),
                Some(count) => format!("{BAD}{count}{BAD:#} in {function}-dead-letters; see doc/operations.md"),
            };
            lines.push(line("dead letters", &letters));
        }
        lines
    }

    /// The version, and how the code compares with what was uploaded and built.
    fn code_text(&self, Function { sha256, updated, .. }: &Function, now: DateTime<Utc>) -> String {
        let version = self.stack.as_ref().and_then(|stack| stack.code_version.as_deref());
        let version = version.map(|version| format!("version {version}, ")).unwrap_or_default();
        let compared = |what: &str, hash: &Option<String>| match hash {
            Some(hash) if hash == sha256 => format!(", {GOOD}as {what}{GOOD:#}"),
            Some(hash) => format!(", {CAUTION}not as {what}{CAUTION:#} ({})", shortened(hash)),
            None => String::new(),
        };
        let (uploaded, built) =
            (compared("uploaded", &self.uploaded_sha256), compared("built here", &self.built_sha256));
        format!("{version}sha256 {}{}{uploaded}{built}", shortened(sha256), since(*updated, now))
    }

    fn stack_text(&self, role: Role, now: DateTime<Utc>) -> String {
        match &self.stack {
            Some(stack) => stack.text(now),
            None => format!("{} {CAUTION}does not exist{CAUTION:#}; run `cargo xtask create {role}`", role.stack()),
        }
    }
}

impl SourceStack {
    fn text(&self, next: &str, now: DateTime<Utc>) -> String {
        let Self { account, configured, stack } = self;
        match stack {
            None => format!("{account}: its stack {CAUTION}does not exist{CAUTION:#}; run `cargo xtask {next}`"),
            Some(stack) if *configured => stack.text(now),
            Some(stack) => format!("{}, {CAUTION}no longer in SOURCE_ACCTS{CAUTION:#}", stack.text(now)),
        }
    }
}

impl StackStatus {
    fn text(&self, now: DateTime<Utc>) -> String {
        let Self { name, status, state, updated, .. } = self;
        let style = match state {
            StackState::Ready => GOOD,
            StackState::InProgress => CAUTION,
            StackState::Failed => BAD,
        };
        format!("{name} {style}{status}{style:#}{}", since(*updated, now))
    }
}

impl Queue {
    /// For a line of `status` and `doctor`.
    pub(crate) fn text(&self, now: DateTime<Utc>) -> String {
        let Self { waiting, since } = self;
        let what = match waiting {
            0 => return "no snapshot waits for its copy from another region".to_owned(),
            1 => "1 snapshot waits for its copy from another region".to_owned(),
            many => format!("{many} snapshots wait for their copies from another region"),
        };
        let longest = since.map(|since| format!("; the longest for {}", span(now - since)));
        what + &longest.unwrap_or_default()
    }
}

impl Rpo {
    fn text(&self, now: DateTime<Utc>) -> String {
        let Self { database, taken, databases } = self;
        let of = if *databases == 1 { "1 database" } else { &format!("{databases} databases") };
        let of = format!("the oldest newest copy of {of} is of {}", database.id());
        format!("{}: {of}{}", span(now - *taken), since(Some(*taken), now))
    }
}

impl Specs {
    fn text(&self) -> String {
        let Self { complete, incomplete, missing } = self;
        let all = complete + incomplete.len() + missing.len();
        if *complete == all {
            return "recorded with the newest copy of each database".to_owned();
        }
        let databases = if all == 1 { "database" } else { "databases" };
        let mut text = format!("recorded with the newest copies of {complete} of {all} {databases}");
        for (what, databases) in [("a part of", incomplete), ("nothing of", missing)] {
            if !databases.is_empty() {
                text += &format!("; {CAUTION}{what}{CAUTION:#} {}", names(databases));
            }
        }
        text
    }
}

impl Verification {
    fn text(&self, now: DateTime<Utc>) -> String {
        let Self { databases, verified, failed, unverified, last, longest_restore_seconds } = self;
        if *databases == 0 {
            return "no database has a copy yet".to_owned();
        }
        let of = if *databases == 1 { "1 database" } else { &format!("{databases} databases") };
        let mut text = format!("{verified} of {of}{}", since(*last, now));
        if !failed.is_empty() {
            text += &format!("; {BAD}a copy is not good{BAD:#}: {}", names(failed));
        }
        if !unverified.is_empty() {
            text += &format!("; {CAUTION}not verified{CAUTION:#}: {}", names(unverified));
        }
        if let Some(seconds) = longest_restore_seconds {
            text += &format!("; the longest restore took {}", span(TimeDelta::seconds(*seconds)));
        }
        text
    }
}

/// The first names, and the number of the others.
fn names(databases: &[DatabaseArn]) -> String {
    let named: Vec<&str> = databases.iter().take(NAMED).map(DatabaseArn::id).collect();
    match databases.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        others => format!("{} and {others} more", named.join(", ")),
    }
}

impl LastCopy {
    fn text(&self, now: DateTime<Utc>) -> String {
        let Self { origin, reported, .. } = self;
        let (id, database) = (origin.snapshot.id(), origin.database.id());
        let delay = span(*reported - origin.taken);
        format!("{id} of {database}, {delay} after it was taken{}", since(Some(*reported), now))
    }
}

fn line(name: &str, text: &str) -> String {
    format!("  {FAINT}{name:<13}{FAINT:#} {text}")
}

fn since(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let Some(time) = time else { return String::new() };
    format!(", {} {FAINT}({} ago){FAINT:#}", time.format("%Y-%m-%d %H:%M UTC"), span(now - time))
}

/// A duration in its largest unit of which it has at least two.
pub(crate) fn span(duration: TimeDelta) -> String {
    let duration = duration.max(TimeDelta::zero());
    let units = [(duration.num_days(), "days"), (duration.num_hours(), "hours"), (duration.num_minutes(), "minutes")];
    let (count, unit) = units.into_iter().find(|(count, _)| *count >= 2).unwrap_or((duration.num_seconds(), "seconds"));
    format!("{count} {}", if count == 1 { "second" } else { unit })
}
