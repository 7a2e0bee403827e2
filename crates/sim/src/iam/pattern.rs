//! Wildcards: `*` is any text, `?` any character. Nothing is copied, as every call of a role with policies is held against
//! all of their patterns.

/// Whether an action is meant. Actions are spelt in any case.
pub(super) fn action(pattern: &str, action: &str) -> bool {
    matches(pattern.as_bytes(), action.as_bytes(), |one, other| one.eq_ignore_ascii_case(&other))
}

/// Whether an ARN is meant. Each of its six parts is compared by itself, so that a wildcard in the region's place does
/// not reach into the account's; parts that a pattern leaves out at its end may be anything.
pub(super) fn arn(pattern: &str, arn: &str) -> bool {
    let parts = arn.splitn(6, ':');
    if pattern == "*" || parts.clone().count() < 6 {
        return glob(pattern, arn);
    }
    let patterns = pattern.splitn(6, ':').chain(std::iter::repeat("*"));
    patterns.zip(parts).all(|(pattern, part)| glob(pattern, part))
}

pub(super) fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), |one, other| one == other)
}

fn matches(pattern: &[u8], text: &[u8], same: fn(u8, u8) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` is, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(b'?'), _) if begins_character(text[seen]) => {
                at += 1;
                seen += 1 + text[seen + 1..].iter().take_while(|byte| !begins_character(**byte)).count();
            }
            (Some(wanted), _) if same(*wanted, text[seen]) => {
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
    pattern[at..].iter().all(|left| *left == b'*')
}

/// In UTF-8, the other bytes of a character begin with the bits 10.
fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}
