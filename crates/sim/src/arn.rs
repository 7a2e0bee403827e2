//! Amazon resource names (ARNs): `arn:aws:sns:eu-west-1:111111111111:orders`.

/// The parts of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// The rest after the account. It may contain colons.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let ("arn", "aws") = (parts.next()?, parts.next()?) else { return None };
        Some(Self { service: parts.next()?, region: parts.next()?, account: parts.next()?, resource: parts.next()? })
    }

    /// Parses an ARN of this service.
    pub(crate) fn of(service: &str, text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|arn| arn.service == service)
    }
}

/// Whether the text is an account ID: 12 digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
