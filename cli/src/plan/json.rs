//! A plan for scripts: one array, a line for each snapshot.

use std::io::{self, Write};

use chrono::SecondsFormat;
use retention::{Snapshot, Verdict};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Planned;
use super::list::Entry;

pub(super) fn write(out: &mut impl Write, sources: &[Planned<'_>]) -> io::Result<()> {
    let rows =
        sources.iter().flat_map(|source| source.plan.verdicts().map(|verdict| Row { source: source.name, verdict }));
    let mut before = "[\n";
    for row in rows {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut *out, &row)?;
        before = ",\n";
    }
    out.write_all(if before == "[\n" { b"[]\n" } else { b"\n]\n" })
}

struct Row<'a> {
    source: Option<&'a str>,
    verdict: Verdict<'a, Entry>,
}

/// Scripts depend on these names: add, but never rename or remove.
impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Verdict { snapshot, keep, .. } = &self.verdict;
        let reasons: Vec<String> = self.verdict.reasons().map(|reason| reason.to_string()).collect();
        let mut row = serializer.serialize_struct("Row", 5)?;
        row.serialize_field("source", &self.source)?;
        row.serialize_field("id", snapshot.id())?;
        row.serialize_field("taken", &snapshot.taken().to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        row.serialize_field("keep", keep)?;
        row.serialize_field("reasons", &reasons)?;
        row.end()
    }
}
