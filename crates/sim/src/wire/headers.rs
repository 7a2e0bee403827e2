//! Headers that are members of an input, in the two REST protocols.

use super::Request;
use crate::call::Error;

/// Headers of signatures and of clients, which are members of no input.
const OF_CLIENTS: [&str; 4] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent"];

/// The headers that are members of an input: those whose names begin with `x-amz-`, and these others. An operation refuses members that
/// it does not read, so a header of a newer version of the API is never dropped.
pub(super) fn members(request: &Request<'_>, others: &[&str]) -> Result<Vec<(String, String)>, Error> {
    let mut members = Vec::<(String, String)>::new();
    for name in (request.header_names)() {
        let is_amz = name.starts_with("x-amz-") && !OF_CLIENTS.contains(&name.as_str());
        if !is_amz && !others.contains(&name.as_str()) {
            continue;
        }
        if is_amz && members.iter().any(|(known, _)| *known == name) {
            return Err(Error::not_simulated(format!("the header {name} twice")));
        }
        let value = (request.header)(&name);
        let value =
            value.ok_or_else(|| Error::not_simulated(format!("the header {name} with a value that is not ASCII")))?;
        members.push((name, value));
    }
    Ok(members)
}
