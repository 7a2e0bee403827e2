//! Whether what must always hold did, as the two accounts and the journal tell at the end.
//!
//! The numbers are those of `doc/architecture.md`. Invariants 8 to 11 are about how things come about, and have tests of
//! their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::TimeDelta;
use protocol::{DatabaseArn, Kind, Origin, Snapshot, Tags, tags};
use retention::{Lifecycle, Lifecycles};
use sim::journal::Event;

use crate::ledger::{Ledger, Taken};
use crate::{Line, Rehearsal};

/// Something that must always hold, and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which invariant.
    pub invariant: u8,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {} does not hold: {}", self.invariant, self.what)
    }
}

/// Those that are checked here, by number.
pub const CHECKED: [(u8, &str); 8] = [
    (1, "nothing is lost"),
    (2, "nothing in the clear"),
    (3, "nothing is forgotten"),
    (4, "nothing is left behind"),
    (5, "only its own"),
    (6, "dry by default"),
    (7, "the newest stays"),
    (12, "no echo"),
];

/// How old a snapshot is by when it is decided what has become of it.
pub const SETTLED: TimeDelta = TimeDelta::hours(3);

/// Everything that does not hold.
#[must_use]
pub fn check(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<Broken> {
    let checks: [(u8, Vec<String>); 8] = [
        (1, lost(rehearsal, ledger)),
        (2, in_the_clear(rehearsal, ledger)),
        (3, forgotten(rehearsal, ledger)),
        (4, left_behind(rehearsal, ledger)),
        (5, not_its_own(rehearsal)),
        (6, not_dry(rehearsal, ledger)),
        (7, not_kept(rehearsal, ledger)),
        (12, echoes(rehearsal, ledger)),
    ];
    checks
        .into_iter()
        .flat_map(|(invariant, found)| found.into_iter().map(move |what| Broken { invariant, what }))
        .collect()
}

/// Those that were to be copied and were not, without an alarm.
pub(crate) fn lost(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    let (now, dr) = (rehearsal.world().now(), rehearsal.cast().dr());
    let thinned = calls(rehearsal, "draco-consumer", is_delete);
    let has_no_copy = |taken: &&Taken| {
        taken.is_eligible()
            && now - taken.origin.taken > SETTLED
            && ledger.copy_of(taken, &dr).is_none()
            && !thinned.contains(&(dr.account.to_string(), taken.origin.copy(&dr).id().to_owned()))
    };
    let names = ledger.sources.values().filter(has_no_copy).map(|taken| taken.snapshot.arn.to_string());
    rehearsal.logs().read(|lines| {
        let is_lost = |name: &String| !lines.iter().any(|line: &Line| line.is_alarm_about(name));
        names.filter(is_lost).map(|name| format!("{name} is lost")).collect()
    })
}

fn in_the_clear(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    let dr = &rehearsal.cast().dr;
    let may_be_plain =
        |copy: &Snapshot| copy.arn.kind == Kind::Cluster && rehearsal.cast().consumer_has("AllowPlaintextClusters");
    let is_dr_key = |key: &String| key.contains(&format!(":{dr}:key/"));
    let wrong = ledger.copies.values().filter(|(_, copy)| match &copy.key {
        Some(key) => !is_dr_key(key),
        None => !may_be_plain(copy),
    });
    wrong.map(|(_, copy)| format!("{} is under {:?}", copy.arn, copy.key)).collect()
}

fn forgotten(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    let dr = rehearsal.cast().dr();
    let copied = ledger.sources.values().filter_map(|taken| Some((taken, ledger.copy_of(taken, &dr)?)));
    copied
        .filter(|(taken, copy)| !remembers(&copy.tags, taken))
        .map(|(taken, copy)| {
            format!(
                "{} has the tags {:?}, and {} has {:?}",
                copy.arn, copy.tags, taken.snapshot.arn, taken.snapshot.tags
            )
        })
        .collect()
}

/// Whether a copy's tags tell all that the source's do, and when it was taken.
fn remembers(copy: &Tags, taken: &Taken) -> bool {
    let of_source = taken.snapshot.tags.iter().filter(|(key, _)| ![tags::COPIED, tags::NOT_COPIED].contains(key));
    let mut all = of_source.map(|(key, value)| match key.strip_prefix("aws:") {
        Some(_) => (format!("origin:{key}"), value),
        None => (key.to_owned(), value),
    });
    let has_all = all.all(|(key, value)| copy.get(&key) == Some(value)) || copy.len() == tags::MAX_TAGS;
    has_all && Origin::from_tags(copy).is_some_and(|origin| origin == taken.origin)
}

fn left_behind(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    // A sweep comes every hour, and may itself take a while.
    let (now, dr) = (rehearsal.world().now(), rehearsal.cast().dr());
    let is_old = |origin: &Origin| {
        let copy = ledger.copies.get(&origin.copy(&dr)).and_then(|(_, copy)| copy.created);
        copy.is_some_and(|created| now - created > SETTLED)
    };
    let left =
        ledger.transits.iter().filter(|(_, (origin, since))| is_old(origin) || now - *since > TimeDelta::days(1));
    left.map(|(transit, _)| format!("{transit} is left")).collect()
}

fn not_its_own(rehearsal: &Rehearsal) -> Vec<String> {
    ["draco-producer", "draco-consumer"]
        .into_iter()
        .flat_map(|role| {
            let made = calls(rehearsal, role, |operation| operation.starts_with("CopyDB"));
            calls(rehearsal, role, is_delete)
                .into_iter()
                .filter(move |deleted| !made.contains(deleted))
                .map(move |(account, id)| format!("{role} deleted {id} in {account}, which it had not made"))
        })
        .collect()
}

/// A copy that has failed is none, and its remains may go.
fn not_dry(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    if !rehearsal.cast().is_dry() {
        return Vec::new();
    }
    let deleted = calls(rehearsal, "draco-consumer", is_delete);
    let was_whole = |id: &str| ledger.copies.keys().any(|copy| copy.id() == id);
    let is_there = |id: &str| ledger.present.keys().any(|copy| copy.id() == id);
    let wrong = deleted.into_iter().filter(|(_, id)| was_whole(id) && !is_there(id));
    wrong.map(|(_, id)| format!("{id} was deleted, though NoDryRun is not true")).collect()
}

fn not_kept(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    let known =
        rehearsal.cast().consumer.get("Lifecycles").and_then(|json| serde_json::from_str::<Lifecycles>(json).ok());
    let known = known.unwrap_or_else(Lifecycles::built_in);
    let present: BTreeSet<String> = ledger.present.keys().map(ToString::to_string).collect();
    let mut broken = Vec::new();
    for copies in by_database(ledger).into_values() {
        let newest = copies.iter().max_by_key(|(origin, _)| origin.taken);
        let name = newest.and_then(|(_, copy)| copy.lifecycle());
        let lifecycle = name.map_or(Lifecycle::None, |name| known.named(name));
        let times: Vec<_> = copies.iter().map(|(origin, copy)| (copy.arn.to_string(), origin.taken)).collect();
        let refs: Vec<_> = times.iter().map(|(name, taken)| (name.as_str(), *taken)).collect();
        let plan = retention::plan(&lifecycle, &refs);
        let missing = plan.verdicts().filter(|verdict| verdict.keep && !present.contains(verdict.snapshot.0));
        broken.extend(missing.map(|verdict| format!("{} is gone, and the plan says {verdict}", verdict.snapshot.0)));
    }
    broken
}

fn echoes(rehearsal: &Rehearsal, ledger: &Ledger) -> Vec<String> {
    let made = calls(rehearsal, "draco-producer", |operation| operation.starts_with("CopyDB"));
    let is_echo =
        |origin: &&Origin| made.contains(&(origin.snapshot.place.account.to_string(), origin.snapshot.id().to_owned()));
    let origins = ledger.copies.values().map(|(origin, _)| origin).filter(is_echo);
    origins.map(|origin| format!("{} was copied, and is itself a transit copy", origin.snapshot)).collect()
}

/// Every copy that ever was, by database.
pub(crate) fn by_database(ledger: &Ledger) -> BTreeMap<&DatabaseArn, Vec<&(Origin, Snapshot)>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for copy in ledger.copies.values() {
        all.entry(&copy.0.database).or_default().push(copy);
    }
    all
}

pub(crate) fn is_delete(operation: &str) -> bool {
    matches!(operation, "DeleteDBSnapshot" | "DeleteDBClusterSnapshot")
}

/// What a caller is told when AWS fails on its side: whether the call was done, nobody knows.
const NOBODY_KNOWS: &str = "InternalFailure";

/// Of the calls that a function made and that were done, or may have been: in which account, and what they named.
pub(crate) fn calls(rehearsal: &Rehearsal, by: &str, is_one: impl Fn(&str) -> bool) -> BTreeSet<(String, String)> {
    let by = rehearsal.cast().role(by);
    rehearsal.world().journal(|journal| {
        let entries = journal.entries().iter();
        entries
            .filter_map(|entry| match &entry.event {
                Event::Call { account, role: Some(role), operation, resource: Some(resource), error, .. }
                    if *role == by
                        && is_one(operation)
                        && error.as_deref().is_none_or(|error| error == NOBODY_KNOWS) =>
                {
                    Some((account.clone(), resource.clone()))
                }
                _ => None,
            })
            .collect()
    })
}
