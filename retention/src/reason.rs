//! A reason: why a snapshot is kept, or why a rule does not keep it.

use std::fmt;

use crate::rule::{Counted, Span};

/// Why a snapshot is kept or deleted. `Display` writes a short phrase: `daily 3 of 7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
    /// Kept by a counted rule.
    Nth {
        /// The rule that keeps it.
        rule: Counted,
        /// The number of its period, counted from the newest: 1 is the most recent period that has a snapshot.
        nth: u32,
        /// How many periods the rule keeps.
        of: u32,
    },
    /// Kept by `within`: it is younger than the span.
    Within(Span),
    /// Kept by no rule, but no plan deletes the newest snapshot (invariant 7).
    Newest,
    /// Kept: the lifecycle `Ignore` keeps every snapshot.
    Ignore,
    /// Kept: the lifecycle is unknown, so every snapshot is kept. The value is its name.
    Unknown(&'a str),
    /// Kept: the database has no lifecycle, so every snapshot is kept.
    NoLifecycle,
    /// Not kept by a counted rule: its period is too old, or it is not the newest snapshot of its period.
    Needs {
        /// The rule that does not keep it.
        rule: Counted,
        /// How many periods the rule keeps.
        of: u32,
        /// The number of its period, counted from the newest.
        nth: u32,
        /// Whether only the age of its period rules it out: the rule would keep it if it kept more periods.
        newest: bool,
    },
    /// Not kept by `within`: it is not younger than the span.
    NeedsWithin(Span),
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nth { rule, nth, of } => write!(f, "{} {nth} of {of}", rule.name()),
            Self::Within(span) => write!(f, "within {span}"),
            Self::Newest => f.write_str("the newest snapshot is always kept"),
            Self::Ignore => f.write_str("Ignore keeps every snapshot"),
            Self::Unknown(name) => write!(f, "unknown lifecycle `{name}`: every snapshot is kept"),
            Self::NoLifecycle => f.write_str("no lifecycle: every snapshot is kept"),
            Self::Needs { rule, of, nth, newest } => {
                let (name, unit) = (rule.name(), rule.unit());
                let s = if of == 1 { "" } else { "s" };
                match (nth <= of, newest) {
                    (true, _) => write!(f, "{name} keeps only the newest of a {unit}"),
                    (false, true) => write!(f, "{name} keeps {of} {unit}{s}, this is the {}", Ordinal(nth)),
                    (false, false) => {
                        write!(f, "{name} keeps the newest of {of} {unit}{s}, this is of the {}", Ordinal(nth))
                    }
                }
            }
            Self::NeedsWithin(span) => write!(f, "within keeps less than {span} before the newest"),
        }
    }
}

/// 1st, 2nd, 3rd, 4th, 11th, 21st.
struct Ordinal(u32);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 % 10, self.0 % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}
