//! Wildcard matching: `*` matches any text, `?` any character. Matching does not allocate: every call of a role is
//! matched against all of the role's patterns.

/// Whether a pattern matches an action, regardless of case.
pub(super) fn action(pattern: &str, action: &str) -> bool {
    matches(pattern.as_bytes(), action.as_bytes(), |left, right| left.eq_ignore_ascii_case(&right))
}

/// Whether a pattern matches an ARN. The six parts are compared one by one, so that a wildcard in the region does not
/// extend into the account. Parts missing at the end of a pattern match any text.
pub(super) fn arn(pattern: &str, arn: &str) -> bool {
    let parts = arn.splitn(6, ':');
    if pattern == "*" || parts.clone().count() < 6 {
        return glob(pattern, arn);
    }
    let patterns = pattern.splitn(6, ':').chain(std::iter::repeat("*"));
    patterns.zip(parts).all(|(pattern, part)| glob(pattern, part))
}

pub(super) fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), |left, right| left == right)
}

fn matches(pattern: &[u8], text: &[u8], same: fn(u8, u8) -> bool) -> bool {
    let (mut index, mut position) = (0, 0);
    // The position of the last `*`, and how much of the text it has matched so far.
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        match (pattern.get(index), star) {
            (Some(b'*'), _) => {
                star = Some((index, position));
                index += 1;
            }
            (Some(b'?'), _) if starts_character(text[position]) => {
                index += 1;
                position += 1 + text[position + 1..].iter().take_while(|byte| !starts_character(**byte)).count();
            }
            (Some(expected), _) if same(*expected, text[position]) => {
                index += 1;
                position += 1;
            }
            (_, Some((place, taken))) => {
                star = Some((place, taken + 1));
                index = place + 1;
                position = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[index..].iter().all(|left| *left == b'*')
}

/// In UTF-8, the continuation bytes of a character begin with the bits 10.
fn starts_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}
