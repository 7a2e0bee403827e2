//! The spec of the database that an announcement records in its tags.
//!
//! A source account writes it, so it is not trusted: it is kept on the copy only if it can be read, and only a restore reads it
//! there, which applies nothing but settings that are valid in every account (`protocol::spec::Reach`).

use cloud::log::step;
use protocol::spec::{Recorded, SpecState};
use protocol::{Announcement, Snapshot, Tags};
use tracing::warn;

/// The spec tags of the copy, and their state for the log: `complete`, `incomplete`, `none` or `rejected`.
pub(crate) fn spec_tags(announcement: &Announcement, shared: &Snapshot) -> (Tags, &'static str) {
    let snapshot = &announcement.origin.snapshot;
    let read = Recorded::from_tags(&announcement.tags).and_then(|recorded| {
        recorded.as_ref().map(|recorded| recorded.check(snapshot.kind, shared.engine)).transpose()?;
        Ok(recorded)
    });
    let (tags, state) = match &read {
        Ok(None) => (Tags::default(), "none"),
        Ok(Some(_)) => (announcement.tags.of_spec(), SpecState::of(&announcement.tags).as_str()),
        Err(_) => (Tags::default(), "rejected"),
    };
    if let Err(why) = read {
        warn!(%snapshot, step = step::SPEC_REJECTED, reason = %why, specs_incomplete = 1,
            "the announced settings of the database cannot be read; the copy does not have them, and a restore needs them from elsewhere");
    }
    (tags, state)
}
