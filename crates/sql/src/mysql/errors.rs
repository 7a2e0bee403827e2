//! What the numbers of MySQL's errors mean. See "MySQL Error Message Reference" and "MariaDB Error Code Reference".

use std::io;
use std::time::Duration;

use mysql_async::{DriverError, IoError, TlsError};

use crate::session::MAX_ROW_BYTES;
use crate::{Error, Excess, Refusal, Step, TlsFault, network, tls};

/// "This command is not supported in the prepared statement protocol yet".
pub(super) const CANNOT_BE_PREPARED: u16 = 1295;

/// The reason why a login failed.
pub(super) fn of_login(error: &mysql_async::Error) -> Error {
    match error {
        mysql_async::Error::Server(error) => match error.code {
            // Wrong password or unknown user; the same without a password; the account is locked.
            1045 | 1698 | 3118 | 4151 => Error::Credentials,
            // No database of this name, or no access to it.
            1049 | 1044 => Error::NoSuchDatabase,
            // Too many connections: of the server, of this user, of this host. A shutdown.
            code @ (1040 | 1203 | 1226 | 1129 | 1053) => {
                Error::Unreachable { step: Step::Accept, reason: format!("error {code}") }
            }
            code => refused(code),
        },
        // Nothing was read yet, so it is the TCP connection.
        mysql_async::Error::Io(IoError::Io(error)) if is_connect(error.kind()) => network::unreachable(error),
        _ => of_transport(error),
    }
}

/// The reason why a statement failed.
pub(super) fn of_statement(error: &mysql_async::Error, time: Duration) -> Error {
    match error {
        mysql_async::Error::Server(error) => match error.code {
            // MySQL's and MariaDB's limit of time; interrupted, which nothing else does.
            3024 | 1969 | 1317 => Error::TimedOut(time),
            // A shutdown; the connection was killed, for being idle or for another reason.
            1053 | 1927 | 4031 => Error::Lost,
            code => refused(code),
        },
        _ => of_transport(error),
    }
}

fn refused(code: u16) -> Error {
    Error::Refused { class: class(code), code: format!("error {code}"), position: None }
}

/// The class of an error's number.
fn class(code: u16) -> Refusal {
    match code {
        // Parsing; columns that do not fit: ambiguous, their number, grouping; no database; arguments.
        1064 | 1149 | 1052 | 1058 | 1222 | 1241 | 1055 | 1056 | 1111 | 1140 | 1046 | 1066 | 1210 | 1248 | 1582
        | CANNOT_BE_PREPARED => Refusal::Syntax,
        // Database, table, column, function, view, user variable.
        1049 | 1146 | 1051 | 1054 | 1109 | 1305 | 1128 | 1193 => Refusal::MissingObject,
        // Database, table, column, one more privilege, routine.
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 1419 => Refusal::Privilege,
        // The transaction, the server.
        1792 | 1290 | 1836 => Refusal::ReadOnly,
        // Truncated, incorrect, out of range, division by zero, collations, types of operands.
        1264 | 1265 | 1292 | 1365 | 1366 | 1367 | 1411 | 1267 | 1270 | 1271 | 1690 | 1525 | 4078 | 4079 => {
            Refusal::Type
        }
        // A key file, a crashed table, an index, a table space that cannot be read; MariaDB's and MySQL's.
        1034 | 1035 | 1194 | 1195 | 1712 | 1814 | 1815 | 1877 | 1932 | 3167 => Refusal::Damaged,
        _ => Refusal::Other,
    }
}

/// An error without an answer of the server.
fn of_transport(error: &mysql_async::Error) -> Error {
    match error {
        mysql_async::Error::Io(IoError::Io(error)) => tls::io_error(error),
        mysql_async::Error::Io(IoError::Tls(TlsError::Tls(error))) => tls::tls_error(error),
        mysql_async::Error::Io(IoError::Tls(_)) => Error::Tls(TlsFault::Handshake),
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => Error::Tls(TlsFault::NotOffered),
        mysql_async::Error::Driver(DriverError::ConnectionClosed) => Error::Lost,
        mysql_async::Error::Driver(DriverError::PacketTooLarge) => Error::TooMuch(Excess::Row(MAX_ROW_BYTES)),
        mysql_async::Error::Driver(
            DriverError::UnknownAuthPlugin { .. }
            | DriverError::MysqlOldPasswordDisabled
            | DriverError::CleartextPluginDisabled,
        ) => Error::Protocol("the user's authentication plugin is not supported"),
        _ => Error::Protocol("a message of MySQL that does not belong here"),
    }
}

/// Whether an error is one of connecting, and not of a connection.
fn is_connect(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    matches!(kind, AddrNotAvailable | ConnectionRefused | HostUnreachable | NetworkUnreachable | TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_classes() {
        for (code, expected) in [
            (1064, Refusal::Syntax),
            (1146, Refusal::MissingObject),
            (1142, Refusal::Privilege),
            (1292, Refusal::Type),
            (1792, Refusal::ReadOnly),
            (1194, Refusal::Damaged),
            (1, Refusal::Other),
        ] {
            assert_eq!(class(code), expected, "{code}");
        }
    }

    #[test]
    fn an_error_has_no_text_of_the_server() {
        let error = mysql_async::ServerError { code: 1292, message: "secret".to_owned(), state: "HY000".to_owned() };
        let error = of_statement(&mysql_async::Error::Server(error), Duration::ZERO);
        assert_eq!(error.to_string(), "the server refused the statement: wrong type of a value (error 1292)");
    }
}
