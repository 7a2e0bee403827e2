//! Wildcards: `*` is any text, `?` any character.

/// Whether an action is meant. Actions are spelt in any case.
pub(super) fn action(pattern: &str, action: &str) -> bool {
    glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether an ARN is meant. Each of its six parts is compared by itself, so that a wildcard in the region's place does
/// not reach into the account's; parts that a pattern leaves out at its end may be anything.
pub(super) fn arn(pattern: &str, arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if pattern == "*" || parts.len() < 6 {
        return glob(pattern, arn);
    }
    let patterns = pattern.splitn(6, ':').chain(std::iter::repeat("*"));
    patterns.zip(parts).all(|(pattern, part)| glob(pattern, part))
}

pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let [pattern, text] = [pattern, text].map(|text| text.chars().collect::<Vec<_>>());
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` is, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(wanted), _) if *wanted == '?' || *wanted == text[seen] => {
                at += 1;
                seen += 1;
            }
            (_, Some((place, taken))) => {
                star = Some((place, taken + 1));
                at = place + 1;
                seen = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}
