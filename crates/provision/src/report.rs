//! What a new database does not get of its recorded settings: one line each. All of it follows from the database and its tags, so a
//! look in another week has the same lines.

use protocol::Observed;
use protocol::spec::{Given, Recorded, Setting, Settings, Target, Value};

/// The lines.
#[must_use]
pub fn lines(recorded: &Recorded, observed: &Observed) -> Vec<String> {
    let mut lines = Vec::new();
    if !recorded.missing.is_empty() {
        lines.push(format!("not restored, because the tags of the database have no room for it: {}", recorded.missing));
    }
    if recorded.unknown > 0 {
        lines.push(format!("{} settings of a newer version of Draco were ignored", recorded.unknown));
    }
    lines.extend(by_hand(recorded.spec.target(), &recorded.spec.settings, &observed.spec.settings));
    lines
}

/// The settings that no request of Draco's has, and that the database does not have.
fn by_hand(target: Target, wanted: &Settings, actual: &Settings) -> Vec<String> {
    let is_missing = |(setting, value): &(&Setting, &Value)| {
        setting.row().given(target) == Given::Report && actual.get(setting) != Some(*value) && !is_nothing(value)
    };
    wanted
        .iter()
        .filter(is_missing)
        .map(|(setting, value)| format!("{} is not restored, set it by hand: {}", setting.row().parameter, value))
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Flag(on) => !on,
        Value::Names(names) => names.is_empty(),
        Value::Pairs(pairs) => pairs.is_empty(),
        Value::Number(_) | Value::Capacity(_) | Value::Name(_) => false,
    }
}
