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

    let (status, body) = client.ask(&signed("111111111111/20261121/eu-west-1/ec2", "", "")).await;
    assert!(status == 501 && body.contains("This simulation does not support the service ec2."), "{body}");
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

/// Parameters of the REST protocols are headers.
#[tokio::test]
async fn a_header_that_cannot_be_read_is_refused_and_not_dropped() {
    let (_, address) = world().await;
    let mut client = Client::new(address).await;
    for (service, request, name) in [
        ("lambda", "POST /2015-03-31/functions/f/invocations", "x-amz-tenant-id"),
        ("s3", "PUT /bucket/key", "x-amz-meta-owner"),
    ] {
        let scope = format!("111111111111/20261121/eu-west-1/{service}");
        for (headers, why) in [
            (format!("{name}: shop\r\n{name}: till\r\n"), format!("the header {name} twice")),
            (format!("{name}: café\r\n"), format!("the header {name} with a value that is not ASCII")),
        ] {
            let request = signed(&scope, &headers, "").replacen("POST /", request, 1);
            let (status, answer) = client.ask(&request).await;
            assert!(status == 501 && answer.contains(&format!("does not support {why}.")), "{answer}");
        }
    }
}

#[tokio::test]
async fn parameters_that_no_client_sends_are_refused() {
    let (world, address) = world().await;
    let mut client = Client::new(address).await;
    let rds = "Action=DescribeDBInstances&Version=2014-10-31";
    for (params, why) in [
        ("Filters=engine", "the parameter Filters with a text instead of a list"),
        ("Filters.Foo=engine", "the parameter Filters.Foo: the items are named Filters.Filter.1 and so on"),
        ("Filters.Filter=engine", "the parameter Filters.Filter with a text instead of numbered items"),
        ("Filters.Filter.2.Name=a", "the parameter Filters.Filter.2: items are numbered from 1 without a gap"),
        ("Filters.Filter.1=a", "the parameter Filters.0 with a text instead of members"),
        ("Marker.Foo=a", "the parameter Marker with members instead of a text"),
        ("Marker=a&Marker.Foo=b", "the parameter Marker.Foo twice, or in two forms"),
        ("Marker=a&Marker=b", "the parameter Marker twice, or in two forms"),
        ("Marker=%zz", "a parameter that is not percent-encoded UTF-8: Marker=%zz"),
        ("DBClusterIdentifier=a", "the parameter DBClusterIdentifier of rds:DescribeDBInstances"),
    ] {
        let body = format!("{rds}&{params}");
        let (status, body) = client.ask(&signed("111111111111/20261121/eu-west-1/rds", "", &body)).await;
        let expected = format!("<Message>This simulation does not support {why}.</Message>");
        assert!(status == 501 && body.contains(&expected), "{params}: {body}");
    }
    for (request, expected) in [
        (rds.replace("2014-10-31", "1999-01-01"), "the version 1999-01-01 of rds."),
        (rds.replace("Version", "Version.Zzz"), "the parameter Version with members."),
        (rds.replace("&Version=2014-10-31", ""), "The request must contain the parameter Version"),
    ] {
        let (status, body) = client.ask(&signed("111111111111/20261121/eu-west-1/rds", "", &request)).await;
        assert!(status >= 400 && body.contains(expected), "{request}: {body}");
    }
    let in_url = signed("111111111111/20261121/eu-west-1/rds", "", rds).replacen("/ ", "/?DBInstanceIdentifier=a ", 1);
    let (status, body) = client.ask(&in_url).await;
    assert!(status == 501 && body.contains("parameters in the URL: DBInstanceIdentifier=a"), "{body}");
    assert_eq!(world.journal(|journal| journal.count_calls("DescribeDBInstances")), 7);
}

#[tokio::test]
async fn json_in_another_form_is_refused() {
    let (_, address) = world().await;
    let mut client = Client::new(address).await;
    for (service, target, body, why) in [
        ("sqs", "AmazonSQS.CreateQueue", r#"["arr"]"#, "a request that is a list instead of members"),
        (
            "sqs",
            "AmazonSQS.CreateQueue",
            r#"{"QueueName":"a","QueueName":"b"}"#,
            "a request with the member QueueName twice",
        ),
        ("sqs", "Banana.ListQueues", "{}", r#"the target "Banana.ListQueues" of sqs"#),
        ("sqs", "AmazonSQS.ListBananas", "{}", "the operation ListBananas of sqs"),
        (
            "sqs",
            "AmazonSQS.SendMessage",
            r#"{"QueueUrl":"a","MessageBody":"b","MessageAttributes":{"a":["String","v",null]}}"#,
            "the parameter MessageAttributes.a with a list instead of members",
        ),
        (
            "kms",
            "TrentService.TagResource",
            r#"{"KeyId":"a","Tags":[["a","b"]]}"#,
            "the parameter Tags.0 with a list instead of members",
        ),
        (
            "states",
            "AWSStepFunctions.CreateStateMachine",
            r#"{"name":"a","definition":"{}","roleArn":"a","loggingConfiguration":["OFF",true,null]}"#,
            "the parameter loggingConfiguration with a list instead of members",
        ),
    ] {
        let target = format!("x-amz-target: {target}\r\n");
        let scope = format!("111111111111/20261121/eu-west-1/{service}");
        let (status, answer) = client.ask(&signed(&scope, &target, body)).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let expected = format!("This simulation does not support {why}.");
        assert_eq!((status, answer["message"].as_str()), (501, Some(expected.as_str())), "{body}");
    }
}

/// A value that no text of AWS's decides.
#[tokio::test]
async fn values_with_an_unknown_effect_are_refused() {
    let (_, address) = world().await;
    let mut client = Client::new(address).await;
    let topic = "arn:aws:sns:eu-west-1:111111111111:a";
    for (service, version, body, why) in [
        (
            "sns",
            "2010-03-31",
            format!("Publish&TopicArn={topic}&TargetArn={topic}&Message=a"),
            "TopicArn and TargetArn in one request",
        ),
        (
            "sns",
            "2010-03-31",
            "CreateTopic&Name=a&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=banana".to_owned(),
            "FifoTopic with the value banana",
        ),
        (
            "sns",
            "2010-03-31",
            "CreateTopic&Name=a&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=a\
             &Attributes.entry.2.key=DisplayName&Attributes.entry.2.value=b"
                .to_owned(),
            "a map with a key twice",
        ),
        (
            "rds",
            "2014-10-31",
            "ModifyDBInstance&DBInstanceIdentifier=a&CertificateRotationRestart=banana".to_owned(),
            "this value of the parameter CertificateRotationRestart of rds:ModifyDBInstance",
        ),
        (
            "rds",
            "2014-10-31",
            "DescribeEvents&EventCategories.EventCategory.1=banana".to_owned(),
            "events of the category banana",
        ),
        (
            "rds",
            "2014-10-31",
            "DescribeEvents&StartTime=2020-01-01T00:00:00Z".to_owned(),
            "events of more than 14 days ago",
        ),
        (
            "rds",
            "2014-10-31",
            "CreateEventSubscription&SubscriptionName=a&SnsTopicArn=a&SourceType=db-proxy&SourceIds.SourceId.1=a"
                .to_owned(),
            "sources of the type db-proxy",
        ),
    ] {
        let scope = format!("111111111111/20261121/eu-west-1/{service}");
        let (status, answer) = client.ask(&signed(&scope, "", &format!("Version={version}&Action={body}"))).await;
        assert!(status == 501 && answer.contains(&format!("does not support {why}.")), "{body}: {answer}");
    }
    for (service, target, body, code) in [
        (
            "sqs",
            "AmazonSQS.ReceiveMessage",
            r#"{"QueueUrl":"a","MessageSystemAttributeNames":["VisibilityTimeout"]}"#,
            "NotSimulated",
        ),
        ("kms", "TrentService.CreateKey", r#"{"Tags":[{"TagKey":"a!#","TagValue":"b"}]}"#, "TagException"),
        ("kms", "TrentService.CreateKey", r#"{"Tags":[{"TagKey":"AWS:x","TagValue":"b"}]}"#, "TagException"),
        ("states", "AWSStepFunctions.ListExecutions", "{}", "NotSimulated"),
    ] {
        let scope = format!("111111111111/20261121/eu-west-1/{service}");
        let (_, answer) = client.ask(&signed(&scope, &format!("x-amz-target: {target}\r\n"), body)).await;
        assert!(answer.contains(&format!(r#""__type":"{code}""#)), "{body}: {answer}");
    }
}

#[tokio::test]
async fn an_invalid_value_is_refused_with_its_parameter_and_the_form_that_it_must_have() {
    let (_, address) = world().await;
    let mut client = Client::new(address).await;
    let to_time = "RestoreDBInstanceToPointInTime&TargetDBInstanceIdentifier=a&SourceDBInstanceIdentifier=b";
    let of_cluster = "RestoreDBClusterToPointInTime&DBClusterIdentifier=a&SourceDBClusterIdentifier=b";
    let utc = "it must be a time in UTC, such as 2026-11-27T03:00:00Z";
    for (body, expected) in [
        (
            format!("{to_time}&RestoreTime=2026-11-27T03:00:00"),
            format!("2026-11-27T03:00:00 for the parameter RestoreTime: {utc}."),
        ),
        (format!("{of_cluster}&RestoreToTime=noon"), format!("noon for the parameter RestoreToTime: {utc}.")),
        ("DescribeEvents&StartTime=noon".to_owned(), format!("noon for the parameter StartTime: {utc}.")),
        (
            "ModifyDBInstance&DBInstanceIdentifier=a&ApplyImmediately=banana".to_owned(),
            "banana for the parameter ApplyImmediately: it must be true or false.".to_owned(),
        ),
        (
            "ModifyDBInstance&DBInstanceIdentifier=a&MultiAZ=maybe".to_owned(),
            "maybe for the parameter MultiAZ: it must be true or false.".to_owned(),
        ),
        (
            "DescribeDBInstances&MaxRecords=many".to_owned(),
            "many for the parameter MaxRecords: it must be a whole number.".to_owned(),
        ),
    ] {
        let request = signed("111111111111/20261121/eu-west-1/rds", "", &format!("Version=2014-10-31&Action={body}"));
        let (status, answer) = client.ask(&request).await;
        let is_expected =
            answer.contains("InvalidParameterValue") && answer.contains(&format!("Invalid value {expected}"));
        assert!(status == 400 && is_expected, "{body}: {answer}");
    }
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
