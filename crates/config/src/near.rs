//! What was meant by a name that nobody knows.

use crate::keys::{KEYS, LIFECYCLES};

/// The key that a name is closest to, if it is close to one.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let names = KEYS.iter().map(|key| key.name).chain([LIFECYCLES]);
    let folded = name.to_uppercase().replace(['-', ' '], "_");
    let (away, meant) = names.map(|known| (distance(&folded, &known.to_uppercase()), known)).min()?;
    (away <= 1 + meant.len() / 5).then_some(meant)
}

/// The key that a variable's name misses by one letter. Those of other programs are many, so what is further away is not
/// suspected, and neither are short names.
pub(crate) fn slip(name: &str) -> Option<&'static str> {
    let keys = KEYS.iter().map(|key| key.name).filter(|known| known.len() > 6);
    keys.filter(|_| !KEYS.iter().any(|key| key.name == name)).find(|known| distance(name, known) == 1)
}

/// How many letters have to be put in, left out or changed to get from one to the other (Levenshtein's distance).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in to.iter().enumerate() {
            let changed = before + usize::from(letter != *other);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, meant, slip};

    #[test]
    fn what_was_meant_is_what_is_closest() {
        assert_eq!(meant("SOURCE_ACCT"), Some("SOURCE_ACCTS"));
        assert_eq!(meant("dr-acct"), Some("DR_ACCT"));
        assert_eq!(meant("lifecycle"), Some("lifecycles"));
        assert_eq!(meant("LIFECYCLES"), Some("lifecycles"));
        assert_eq!(meant("PASSWORD"), None);
    }

    #[test]
    fn variables_of_other_programs_are_not_suspected() {
        assert_eq!(slip("SOURCE_ACCT"), Some("SOURCE_ACCTS"));
        for other in ["AWS_PROFILE", "AWS_DEFAULT_REGION", "FLOORS", "DR_PROFILE", "PATH"] {
            assert_eq!(slip(other), None, "{other}");
        }
    }

    #[test]
    fn a_distance_counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("tag", "tag"), 0);
    }
}
