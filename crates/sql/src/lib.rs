//! Queries to PostgreSQL and MySQL over TLS. It knows no AWS.
//!
//! ```text
//! Login ──► Connection::open ──► Connection::read_only ──► ReadOnly::query    a few rows
//!           TLS, verified        the server refuses        ReadOnly::stream   many rows, one at a time
//!                                writes                    ReadOnly::measure  rows and bytes, and no values
//!                           └──► Connection::execute       a statement that changes the server
//! ```
//!
//! - **TLS always.** The certificate of the server and its host name are verified against the given [`Roots`]. A server
//!   without TLS is an error, and the password is not sent to it.
//! - **Limits always.** Each query has a limit of time, which the server enforces. A server that does not do so is not
//!   waited for. A caller decides how many rows and bytes it takes.
//! - **Errors are for decisions.** [`Error`] has one variant for each thing that a caller can do. Its text contains no
//!   password, no message of the server and no value: the messages of servers quote data.
//! - **One type of value** for both products: [`Value`]. A type that is not known arrives as text or bytes.
//!
//! Reading order: [`login`], [`connection`] (what callers use), [`session`] (what the products have in common),
//! [`postgres`] and [`mysql`] (in what they differ), [`network`] and [`tls`] (up to the login).
//!
//! **Absent on purpose:** transactions of several statements. They come with the first caller that needs them. Pools, retries, parameters of statements.

mod connection;
mod error;
mod login;
mod mysql;
mod network;
mod postgres;
mod session;
mod sink;
mod tls;
mod value;

pub use connection::{Connection, ReadOnly, RowStream};
pub use error::{Error, Excess, Refusal, Step, TlsFault};
pub use login::{Login, Password, Product};
pub use sink::{Limits, Total};
pub use tls::{InvalidRoots, Roots};
pub use value::{Row, Rows, Value};
