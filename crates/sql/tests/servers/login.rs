//! From an address to a session.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use sql::{Connection, Error, Login, Password, Product, Roots, Step, TlsFault, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{HOST, LONG, PASSWORD, ample, both, error, login, other_roots, server};

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn the_right_login_reads() {
    for server in both() {
        let mut connection = server.connect().await;
        let rows = connection.query("select id, name from items where id = 7", ample()).await.unwrap();
        assert_eq!(rows.columns, ["id", "name"]);
        assert_eq!(rows.rows, [[Value::Int(7), Value::Text("item 7".to_owned())]]);
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn the_session_is_encrypted() {
    let mut connection = server(Product::Postgres).connect().await;
    let rows = connection.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()", ample()).await.unwrap();
    assert_eq!(rows.rows, [[Value::Bool(true)]]);
    let mut connection = server(Product::Mysql).connect().await;
    let rows = connection
        .query(
            "select variable_value <> '' from information_schema.session_status where \
                                 variable_name = 'ssl_cipher'",
            ample(),
        )
        .await
        .unwrap();
    assert_eq!(rows.rows, [[Value::Int(1)]]);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_wrong_login_has_its_reason() {
    for server in both() {
        let wrong = Login { password: Password::new("wrong"), ..server.login() };
        assert_eq!(error(server.open(&wrong).await), Error::Credentials);
        let unknown = Login { user: "unknown".to_owned(), ..server.login() };
        assert_eq!(error(server.open(&unknown).await), Error::Credentials);
        let missing = Login { database: "missing".to_owned(), ..server.login() };
        assert_eq!(error(server.open(&missing).await), Error::NoSuchDatabase);
    }
    let server = server(Product::Mysql);
    let forbidden = Login { database: "mysql".to_owned(), ..server.reader() };
    assert_eq!(error(server.open(&forbidden).await), Error::NoSuchDatabase);
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn only_the_named_server_with_a_trusted_certificate_is_spoken_to() {
    for server in both() {
        let other = Login { host: HOST.replace("orders", "other"), ..server.login() };
        assert_eq!(error(server.open(&other).await), Error::Tls(TlsFault::WrongName));
        let address = Login { host: server.address.ip().to_string(), ..server.login() };
        assert_eq!(error(server.open(&address).await), Error::Tls(TlsFault::WrongName));
        let untrusted = Connection::open(&server.login(), &other_roots(), LONG).await;
        assert_eq!(error(untrusted), Error::Tls(TlsFault::Untrusted));
        let invalid = Login { host: "not a host".to_owned(), ..server.login() };
        assert_eq!(error(server.open(&invalid).await), Error::Tls(TlsFault::InvalidName));
    }
}

/// The error of a login at an address, with any roots.
async fn refused(login: &Login, limit: Duration) -> Error {
    let pem = other_roots();
    error(Connection::open(login, &pem, limit).await)
}

const PRODUCTS: [Product; 2] = [Product::Postgres, Product::Mysql];

#[tokio::test]
async fn nothing_listens() {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    for product in PRODUCTS {
        let error = refused(&login(product, address), LONG).await;
        assert_eq!(error.to_string(), "the server cannot be reached: connection refused");
        // The label of a host name is too long, so no name server is asked.
        let unknown = Login { address: None, host: format!("{}.invalid", "a".repeat(70)), ..login(product, address) };
        let error = refused(&unknown, LONG).await;
        assert!(matches!(error, Error::Unreachable { step: Step::Resolve, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_and_its_connection_is_closed() {
    for product in PRODUCTS {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let login = login(product, listener.local_addr().unwrap());
        let limit = Duration::from_millis(200);
        let client = tokio::spawn(async move { refused(&login, limit).await });
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_eq!(client.await.unwrap(), Error::TimedOut(limit));
        let mut received = Vec::new();
        tokio::time::timeout(LONG, stream.read_to_end(&mut received)).await.expect("closed").unwrap();
    }
}

/// A server that greets, answers the first message, and then takes what comes. All that it was sent.
async fn plain_server(product: Product, greeting: Vec<u8>, answer: Vec<u8>) -> (Error, Vec<u8>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let login = login(product, listener.local_addr().unwrap());
    let client = tokio::spawn(async move { refused(&login, LONG).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(&greeting).await.unwrap();
    let mut received = vec![0; 8];
    let read = stream.read(&mut received).await.unwrap_or(0);
    received.truncate(read);
    let _ = stream.write_all(&answer).await;
    let _ = stream.read_to_end(&mut received).await;
    (client.await.unwrap(), received)
}

#[tokio::test]
async fn a_server_without_tls_is_sent_neither_user_nor_password() {
    // The greeting of MySQL ("Protocol::HandshakeV10"), whose capabilities do not include CLIENT_SSL (bit 11).
    let salt = b"12345678";
    let mut contents = [&b"\x0a8.0.36\0\x01\0\0\0"[..], salt, b"\0\xff\xf7\x2d\x02\0\xff\x81\x15"].concat();
    contents.extend_from_slice(&[0; 10]);
    contents.extend_from_slice(b"123456789012\0mysql_native_password\0");
    let mut greeting = u32::try_from(contents.len()).unwrap().to_le_bytes().to_vec();
    greeting.extend_from_slice(&contents);
    for (product, greeting, answer) in [(Product::Postgres, vec![], b"N".to_vec()), (Product::Mysql, greeting, vec![])]
    {
        let (error, received) = plain_server(product, greeting, answer).await;
        assert_eq!(error, Error::Tls(TlsFault::NotOffered), "{product:?}");
        let received = String::from_utf8_lossy(&received).into_owned();
        assert!(!received.contains("boss") && !received.contains(PASSWORD), "{received}");
    }
}

#[tokio::test]
async fn something_that_is_no_database_is_an_error() {
    for product in PRODUCTS {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let login = login(product, listener.local_addr().unwrap());
        let client = tokio::spawn(async move { refused(&login, LONG).await });
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        let error = client.await.unwrap();
        assert!(matches!(error, Error::Tls(TlsFault::NotOffered) | Error::Lost), "{product:?}: {error}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let shown = format!("{:?}", login(Product::Mysql, SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
    assert!(shown.contains("Password(…)") && !shown.contains(PASSWORD), "{shown}");
    assert!(Roots::from_pem(b"").is_err());
}
