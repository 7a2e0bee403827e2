//! Suggestions for unknown names.

use crate::keys::{BLOCKS, KEYS};

/// The error message for an unknown key.
pub(crate) fn unknown_key(name: &str) -> String {
    let suggestion = match nearest_key(name) {
        Some(key) => format!("did you mean {key}?"),
        None => "config.yaml.sample lists all keys".to_owned(),
    };
    format!("unknown key {name:?}; {suggestion}")
}

fn nearest_key(name: &str) -> Option<&'static str> {
    let keys = KEYS.iter().map(|key| key.name).chain(BLOCKS);
    let upper = name.to_uppercase().replace(['-', ' '], "_");
    let (distance, key) = keys.map(|key| (strsim::damerau_levenshtein(&upper, &key.to_uppercase()), key)).min()?;
    (distance <= 1 + key.len() / 5).then_some(key)
}

/// The key that the name of an environment variable misses by one letter. The environment has many variables of other
/// programs, so names that differ more, and short names, are not reported.
pub(crate) fn misspelled_key(variable: &str) -> Option<&'static str> {
    let keys = KEYS.iter().map(|key| key.name).filter(|key| key.len() > 6);
    keys.filter(|_| !KEYS.iter().any(|key| key.name == variable))
        .find(|key| strsim::damerau_levenshtein(variable, key) == 1)
}

#[cfg(test)]
mod tests {
    use super::{misspelled_key, nearest_key};

    #[test]
    fn nearest_key_is_suggested() {
        assert_eq!(nearest_key("SOURCE_ACCT"), Some("SOURCE_ACCTS"));
        assert_eq!(nearest_key("dr-acct"), Some("DR_ACCT"));
        assert_eq!(nearest_key("lifecycle"), Some("lifecycles"));
        assert_eq!(nearest_key("LIFECYCLES"), Some("lifecycles"));
        assert_eq!(nearest_key("PASSWORD"), None);
    }

    #[test]
    fn variables_of_other_programs_are_not_reported() {
        assert_eq!(misspelled_key("SOURCE_ACCT"), Some("SOURCE_ACCTS"));
        for other in ["AWS_PROFILE", "AWS_DEFAULT_REGION", "FLOORS", "DR_PROFILE", "PATH"] {
            assert_eq!(misspelled_key(other), None, "{other}");
        }
    }
}
