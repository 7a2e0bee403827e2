//! Reading the bucket with the code.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use config::Architecture;
use deploy::code::{Artifact, Uploaded};
use deploy::{Account, Role};
use tests::{DR, SOURCE};

use crate::config;

/// Answers one request with 404, and returns its lines in lower case.
fn one_request(listener: TcpListener) -> thread::JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let lines = BufReader::new(connection.try_clone().unwrap()).lines().map(Result::unwrap);
        let lines = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
        connection.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
        lines
    })
}

/// A bucket that was deleted can be created again by any other account, with other code.
#[tokio::test]
async fn code_is_read_only_from_a_bucket_of_dr() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let credentials = Credentials::new(SOURCE, "of no account", None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(format!("http://{}", listener.local_addr()?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let request = one_request(listener);
    let place = protocol::Place { region: "eu-west-1".parse()?, account: SOURCE.parse()? };
    let source = Account::unchecked(Role::Producer, place, sdk);
    let zip = Artifact::Functions(Architecture::Arm64);
    assert_eq!(Uploaded::look(&source, &config("CODE_BUCKET: code\n"), zip).await?, None);
    let lines = request.join().unwrap();
    assert!(lines.contains(&format!("x-amz-expected-bucket-owner: {DR}")), "{lines:?}");
    Ok(())
}
