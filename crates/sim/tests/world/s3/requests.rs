//! Bodies and addresses in all forms in which clients send them.

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::types::ChecksumAlgorithm;
use tokio::net::TcpListener;

use super::*;

#[tokio::test(start_paused = true)]
async fn wrong_checksums_are_refused_and_right_ones_returned() {
    let s3 = with_bucket(&world()).await;
    let new = || s3.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"123456789"));
    let default = new().send().await.expect("an object");
    assert_eq!(default.checksum_crc32(), Some("y/Q5Jg=="));
    for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32C, ChecksumAlgorithm::Crc64Nvme] {
        new().checksum_algorithm(algorithm).send().await.expect("an object");
        assert_eq!(get(&s3, "a").await, Ok("123456789".to_owned()));
    }
    let refused = |code: &str| Some(code.to_owned());
    assert_eq!(code(new().checksum_crc32("AAAAAA==").send().await).err(), refused("BadDigest"));
    assert_eq!(code(new().content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send().await).err(), refused("BadDigest"));
    assert_eq!(code(new().content_md5("no").send().await).err(), refused("InvalidDigest"));
    assert_eq!(code(new().checksum_algorithm(ChecksumAlgorithm::Sha256).send().await).err(), refused("NotSimulated"));
}

#[tokio::test]
async fn a_body_that_is_read_from_a_file_is_sent_in_chunks() {
    let world = world();
    let s3 = with_bucket(&world).await;
    let folder = std::env::temp_dir().join(format!("draco-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("body");
    let text = "0123456789".repeat(20_000);
    std::fs::write(&file, &text).expect("a file");
    let body = ByteStream::from_path(&file).await.expect("a body");
    let put = s3.put_object().bucket(BUCKET).key("file").body(body).send().await.expect("an object");
    assert!(put.checksum_crc32().is_some());
    assert_eq!(get(&s3, "file").await, Ok(text));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_in_the_path_or_in_the_host() {
    let world = world();
    let s3 = with_bucket(&world).await;
    put(&s3, "a", "in the host").await.expect("an object");
    let config = Builder::from(&world.sdk_config(PROD, REGION)).force_path_style(true).build();
    assert_eq!(get(&Client::from_conf(config), "a").await, Ok("in the host".to_owned()));
}

#[tokio::test]
async fn a_real_client_reads_and_writes_over_http() {
    let world = World::with_settings(sim::Settings { epoch: epoch(), speed: 1000, ..sim::Settings::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = world.clone();
    tokio::spawn(async move { served.serve(listener).await });
    with_bucket(&world).await;
    let head = format!(
        "host: {address}\r\nauthorization: AWS4-HMAC-SHA256 Credential={PROD}/20261121/{REGION}/s3/aws4_request, \
         Signature=0\r\nconnection: close\r\n"
    );
    let ask = async |request: String| {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("a response");
        answer
    };
    let sent = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let streaming = "content-encoding: aws-chunked\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
                     x-amz-decoded-content-length: 5\r\nx-amz-trailer: x-amz-checksum-crc32\r\n";
    let length = sent.len();
    let put =
        ask(format!("PUT /{BUCKET}/a%20b HTTP/1.1\r\n{head}{streaming}content-length: {length}\r\n\r\n{sent}")).await;
    assert!(put.starts_with("HTTP/1.1 200"), "{put}");
    let short = ask(format!(
        "PUT /{BUCKET}/c HTTP/1.1\r\n{head}{}content-length: {length}\r\n\r\n{sent}",
        streaming.replace("length: 5", "length: 6")
    ));
    assert!(short.await.contains("IncompleteBody"));
    let get = ask(format!("GET /{BUCKET}/a%20b HTTP/1.1\r\n{head}\r\n")).await;
    assert!(get.ends_with("\r\n\r\nhello"), "{get}");
    let heads = ask(format!("HEAD /{BUCKET}/a%20b HTTP/1.1\r\n{head}\r\n")).await;
    assert!(heads.contains("content-length: 5\r\n") && heads.ends_with("\r\n\r\n"), "{heads}");
    let gone = ask(format!("HEAD /{BUCKET}/nosuch HTTP/1.1\r\n{head}\r\n")).await;
    assert!(gone.starts_with("HTTP/1.1 404") && gone.ends_with("\r\n\r\n"), "{gone}");
    let gone = ask(format!("GET /{BUCKET}/nosuch HTTP/1.1\r\n{head}\r\n")).await;
    assert!(gone.contains("<Error><Code>NoSuchKey</Code>"), "{gone}");
}
