//! What PostgreSQL's errors mean. Its documentation lists the codes in the appendix "PostgreSQL Error Codes".

use std::time::Duration;

use tokio_postgres::error::{DbError, ErrorPosition};

use crate::{Error, Refusal, Step, tls};

/// The reason why a login failed.
pub(super) fn of_login(error: &tokio_postgres::Error) -> Error {
    let Some(error) = error.as_db_error() else { return of_transport(error) };
    match error.code().code() {
        // A wrong password, or a user or network that is not in `pg_hba.conf`.
        "28P01" | "28000" => Error::Credentials,
        // No database of this name, or no right to connect to it.
        "3D000" | "42501" => Error::NoSuchDatabase,
        code => ended(code).unwrap_or_else(|| refused(error)),
    }
}

/// The reason why a statement failed.
pub(super) fn of_statement(error: &tokio_postgres::Error, time: Duration) -> Error {
    let Some(error) = error.as_db_error() else { return of_transport(error) };
    match error.code().code() {
        // Canceled, which nothing but the limit of time does.
        "57014" => Error::TimedOut(time),
        code => match ended(code) {
            Some(_) => Error::Lost,
            None => refused(error),
        },
    }
}

/// A server that ends connections, or does not take them now.
fn ended(code: &str) -> Option<Error> {
    // Operator intervention, as a shutdown; too many connections.
    let ended = code.starts_with("57P") || code.starts_with("08") || code == "53300";
    ended.then(|| Error::Unreachable { step: Step::Accept, reason: format!("SQLSTATE {code}") })
}

fn refused(error: &DbError) -> Error {
    let position = match error.position() {
        Some(ErrorPosition::Original(position)) => Some(*position),
        _ => None,
    };
    let code = error.code().code();
    Error::Refused { class: class(code), code: format!("SQLSTATE {code}"), position }
}

/// The class of an SQLSTATE.
fn class(code: &str) -> Refusal {
    match code {
        "42P01" | "42703" | "42883" | "42704" | "3F000" | "3D000" => Refusal::MissingObject,
        "42501" => Refusal::Privilege,
        "25006" => Refusal::ReadOnly,
        // Mismatch, no cast, undetermined type, collation.
        "42804" | "42846" | "42P18" | "42P21" | "42P22" => Refusal::Type,
        // A damaged page or index, a file that cannot be read.
        "XX001" | "XX002" | "58030" | "58P01" => Refusal::Damaged,
        // A value that has the wrong form or does not fit.
        _ if code.starts_with("22") => Refusal::Type,
        _ if code.starts_with("42") => Refusal::Syntax,
        _ => Refusal::Other,
    }
}

/// An error without an answer of the server.
fn of_transport(error: &tokio_postgres::Error) -> Error {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    match source {
        Some(error) => tls::io_error(error),
        None if error.is_closed() => Error::Lost,
        None => Error::Protocol("a message of PostgreSQL that does not belong here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_classes() {
        for (code, expected) in [
            ("42601", Refusal::Syntax),
            ("42803", Refusal::Syntax),
            ("42P01", Refusal::MissingObject),
            ("42501", Refusal::Privilege),
            ("42804", Refusal::Type),
            ("22P02", Refusal::Type),
            ("25006", Refusal::ReadOnly),
            ("XX001", Refusal::Damaged),
            ("XX000", Refusal::Other),
        ] {
            assert_eq!(class(code), expected, "{code}");
        }
        assert_eq!(ended("57P03").unwrap().to_string(), "the server takes no connections now: SQLSTATE 57P03");
        assert_eq!(ended("42601"), None);
    }
}
