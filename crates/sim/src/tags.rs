//! The rules for tags that most services share.

/// The rule that a tag violates, in words. `None` if it is valid.
///
/// "Maximum key length – 128 Unicode characters in UTF-8. Maximum value length – 256 Unicode characters in UTF-8. …
/// aws: prefix is reserved for Amazon use" (*Tagging AWS Resources*)
pub(crate) fn violated_rule(key: &str, value: &str) -> Option<&'static str> {
    // "letters, numbers, and spaces representable in UTF-8, and the following characters: . : + = @ _ / - (hyphen)."
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || ".:+=@_/-".contains(c);
    match (key.chars().count(), value.chars().count()) {
        (0, _) => Some("A tag key must not be empty"),
        (129.., _) => Some("A tag key must have at most 128 characters"),
        (_, 257..) => Some("A tag value must have at most 256 characters"),
        _ if key.to_lowercase().starts_with("aws:") => Some("Tags beginning with aws: are reserved"),
        _ if !key.chars().chain(value.chars()).all(allowed) => Some("A tag contains a character that is not allowed"),
        _ => None,
    }
}

/// "Maximum number of tags per resource – 50"
pub(crate) const MAX_TAGS: usize = 50;
