//! A reason: why a snapshot is kept, or what it would have needed.

use std::fmt;

use crate::rule::{Counted, Span};

/// Why a snapshot is kept or goes. Written, it is a few words that stand alone: `daily 3 of 7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
    /// Held: its period is the nth of so many.
    Nth {
        /// The rule that holds it.
        rule: Counted,
        /// As which.
        nth: u32,
        /// Of how many.
        of: u32,
    },
    /// Held: it is younger than the span.
    Within(Span),
    /// Held by no rule, but no plan deletes the newest snapshot (invariant 7).
    Newest,
    /// Kept with everything else: the lifecycle is `Ignore`.
    Ignore,
    /// Kept with everything else: nobody knows a lifecycle of this name.
    Unknown(&'a str),
    /// Kept with everything else: no lifecycle was named.
    NoLifecycle,
    /// Not held: its period is not one of the most recent, or it is not the newest of it.
    Needs {
        /// The rule that does not hold it.
        rule: Counted,
        /// How many periods count.
        of: u32,
        /// Its period is the nth.
        nth: u32,
        /// It would be held if its period counted.
        newest: bool,
    },
    /// Not held: it is not younger than the span.
    NeedsWithin(Span),
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nth { rule, nth, of } => write!(f, "{} {nth} of {of}", rule.name()),
            Self::Within(span) => write!(f, "within {span}"),
            Self::Newest => f.write_str("the newest is always kept"),
            Self::Ignore => f.write_str("Ignore keeps everything"),
            Self::Unknown(name) => write!(f, "lifecycle `{name}` is not known, so everything is kept"),
            Self::NoLifecycle => f.write_str("no lifecycle, so everything is kept"),
            Self::Needs { rule, of, nth, newest } => {
                let (name, unit) = (rule.name(), rule.unit());
                if nth <= of {
                    return write!(f, "{name} needs the newest of its {unit}");
                }
                let newest_of = if newest { "" } else { "the newest of " };
                let counts =
                    if of == 1 { format!("the newest {unit}") } else { format!("one of the {of} newest {unit}s") };
                write!(f, "{name} needs {newest_of}{counts}, this is the {}", Ordinal(nth))
            }
            Self::NeedsWithin(span) => write!(f, "within needs less than {span} before the newest"),
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
