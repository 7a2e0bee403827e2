//! The HTTP server.

use std::net::SocketAddr;
use std::time::Duration;

use sim::{Settings, World};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::epoch;

/// A world at high speed with an HTTP server, and the server's address.
async fn world() -> (World, SocketAddr) {
    let world = World::with_settings(Settings { epoch: epoch(), speed: 1000, ..Settings::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = world.clone();
    tokio::spawn(async move { served.serve(listener).await });
    (world, address)
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.expect("a connection")))
    }

    /// Sends a request. Returns the status and body of the response.
    async fn ask(&mut self, request: &str) -> (u16, String) {
        self.0.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("a line");
            if line.trim_end().is_empty() {
                break;
            }
            head.push(line.trim_end().to_ascii_lowercase());
        }
        let value = |name: &str| head.iter().find_map(|line| line.strip_prefix(name)).expect(name);
        assert_eq!(value("x-amzn-requestid: ").len(), 36);
        let mut body = vec![0; value("content-length: ").parse().expect("a length")];
        self.0.read_exact(&mut body).await.expect("a body");
        let status = head[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, String::from_utf8(body).expect("UTF-8"))
    }
}

/// A request with this credential scope.
fn signed(scope: &str, more: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: sim\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}/aws4_request, Signature=0\r\n\
         {more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn who_am_i(account: &str) -> String {
    signed(&format!("{account}/20261121/eu-west-1/sts"), "", "Action=GetCallerIdentity&Version=2011-06-15")
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let (world, address) = world().await;
    let mut client = Client::new(address).await;
    for account in ["111111111111", "222222222222", "111111111111"] {
        let (status, body) = client.ask(&who_am_i(account)).await;
        assert!(status == 200 && body.contains(&format!("<Account>{account}</Account>")), "{body}");
    }
    assert_eq!(world.journal(|journal| journal.count_calls("GetCallerIdentity")), 3);
}

#[tokio::test]
async fn connections_are_served_concurrently() {
    let (_, address) = world().await;
    // Two connections without a request.
    let (mut first, mut second) = (Client::new(address).await, Client::new(address).await);
    assert_eq!(second.ask(&who_am_i("111111111111")).await.0, 200);
    assert_eq!(first.ask(&who_am_i("111111111111")).await.0, 200);
}

#[tokio::test]
async fn unreadable_requests_get_an_error_in_the_protocol_of_the_service() {
    let (world, address) = world().await;
    let mut client = Client::new(address).await;

    let (status, body) = client.ask("GET / HTTP/1.1\r\nhost: sim\r\n\r\n").await;
    assert!(status == 403 && body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");

    let (status, body) = client.ask(&signed("AKIATEST/20261121/eu-west-1/sts", "", "Action=GetCallerIdentity")).await;
    let why = "The access key AKIATEST is not an account: 12 digits are expected.";
    assert!(status == 403 && body.contains(&format!("<Code>InvalidClientTokenId</Code><Message>{why}")), "{body}");

    let target = "x-amz-target: TrentService.ListKeys\r\n";
    let refused = client.ask(&signed("AKIATEST/20261121/eu-west-1/kms", target, "{}")).await;
    assert_eq!(refused, (403, format!(r#"{{"__type":"InvalidClientTokenId","message":"{why}"}}"#)));

    let refused = client.ask(&signed("111111111111/20261121/eu-west-1/kms", target, "{")).await;
    assert!(refused.0 == 400 && refused.1.contains("SerializationException"), "{}", refused.1);

    let (status, body) = client.ask(&signed("111111111111/20261121/eu-west-1/s3", "", "")).await;
    assert!(status == 400 && body.contains("This simulation has no service s3."), "{body}");
    assert_eq!(world.journal(|journal| journal.entries().len()), 0);
}

#[tokio::test]
async fn a_parameter_that_is_not_simulated_is_refused_with_service_operation_and_name() {
    let (_, address) = world().await;
    let mut client = Client::new(address).await;

    let body = "Action=DescribeEvents&Version=2014-10-31&Shape.Corner.1.Angle=90";
    let (status, body) = client.ask(&signed("111111111111/20261121/eu-west-1/rds", "", body)).await;
    let why = "This simulation does not support the parameter Shape of rds:DescribeEvents.";
    assert!(status == 501 && body.contains(&format!("<Code>NotSimulated</Code><Message>{why}")), "{body}");

    let target = "x-amz-target: TrentService.CreateKey\r\n";
    let body = r#"{"Tags":[{"TagKey":"a","TagValue":"b","TagColor":"c"}]}"#;
    let refused = client.ask(&signed("111111111111/20261121/eu-west-1/kms", target, body)).await;
    let why = "This simulation does not support the parameter Tags.0.TagColor of kms:CreateKey.";
    assert_eq!(refused, (501, format!(r#"{{"__type":"NotSimulated","message":"{why}"}}"#)));
}

#[tokio::test]
async fn a_body_over_eight_mebibytes_is_refused() {
    let (_, address) = world().await;
    let sized = |size: usize| signed("111111111111/20261121/eu-west-1/sts", "", &"A".repeat(size));
    assert_eq!(Client::new(address).await.ask(&sized(8 << 20)).await.0, 400);
    assert_eq!(Client::new(address).await.ask(&sized((8 << 20) + 1)).await.0, 413);
}

#[tokio::test]
async fn a_follower_receives_past_and_new_entries() {
    let (world, address) = world().await;
    let mut client = Client::new(address).await;
    client.ask(&who_am_i("111111111111")).await;
    let mut journal = world.follow_journal();
    assert_eq!(journal.next().await.len(), 1);
    assert_eq!(journal.drain(), []);

    let more = tokio::time::timeout(Duration::from_millis(50), journal.next()).await;
    assert!(more.is_err(), "unexpected entries: {more:?}");
    client.ask(&who_am_i("222222222222")).await;
    let new = journal.next().await;
    assert_eq!(new, world.journal(|journal| journal.entries()[1..].to_vec()));
    assert_eq!(new.len(), 1);
}
