//! What a message may contain, and its digests.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue as Attribute;

use super::*;

fn text(data_type: &str, value: &str) -> Attribute {
    Attribute::builder().data_type(data_type).string_value(value).build().expect("an attribute")
}

async fn send(sqs: &aws_sdk_sqs::Client, url: &str, name: &str, attribute: Attribute) -> Result<String, String> {
    let request = sqs.send_message().queue_url(url).message_body("test").message_attributes(name, attribute);
    Ok(code(request.send().await)?.md5_of_message_attributes.expect("a digest"))
}

#[tokio::test(start_paused = true)]
async fn a_body_has_at_most_one_mebibyte_with_its_attributes() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let send = async |bytes: usize| {
        let request = sqs.send_message().queue_url(&url).message_body("x".repeat(bytes));
        code(request.message_attributes("k", text("String", "x")).send().await).map(|_| ())
    };
    // The attribute has 1 + 6 + 1 bytes.
    send((1 << 20) - 8).await.expect("one mebibyte");
    assert_eq!(send((1 << 20) - 7).await, Err("InvalidParameterValue".to_owned()));
    let limit = aws_sdk_sqs::types::QueueAttributeName::MaximumMessageSize;
    sqs.set_queue_attributes().queue_url(&url).attributes(limit, "1024").send().await.expect("set");
    send(1024 - 8).await.expect("the queue's limit");
    assert_eq!(send(1024 - 7).await, Err("InvalidParameterValue".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_has_only_characters_of_xml() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let send = async |body: &str| code(sqs.send_message().queue_url(&url).message_body(body).send().await).map(|_| ());
    send("\t\n\r ä \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}").await.expect("sent");
    for body in ["\0", "\u{8}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
        assert_eq!(send(body).await, Err("InvalidMessageContents".to_owned()), "{body:?}");
    }
    assert_eq!(send("").await, Err("MissingParameter".to_owned()));
}

/// The digests are those that LocalStack's tests recorded from AWS.
#[tokio::test(start_paused = true)]
async fn message_attributes_have_the_digest_of_aws() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let digest = async |name: &str, attribute| send(&sqs, &url, name, attribute).await.expect("sent");
    assert_eq!(digest("k", text("String", "x")).await, "a45daa70926828a2f0a1db3418e6feb4");
    assert_eq!(digest("attr1", text("Number", "19.12")).await, "1f07082409022a373fa2a2601f82b3cb");
    let bytes = Blob::new("traceparent\u{1e}00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01");
    let binary = Attribute::builder().data_type("Binary").binary_value(bytes).build().expect("an attribute");
    assert_eq!(digest("attr1", binary).await, "8cbe4db156db8a94db8b801b7addb984");
}

#[tokio::test(start_paused = true)]
async fn a_receive_has_the_requested_message_attributes() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let request = sqs.send_message().queue_url(&url).message_body("msg");
    let request = request.message_attributes("Hello", text("String", "There"));
    let request = request.message_attributes("General", text("String", "Kenobi"));
    request.message_attributes("Help.Me", text("String", "Me")).send().await.expect("sent");
    let receive = async |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let request = sqs.receive_message().queue_url(&url).visibility_timeout(0);
        let received = request.set_message_attribute_names(Some(names)).send().await.expect("an answer");
        received.messages()[0].md5_of_message_attributes().map(str::to_owned)
    };
    // LocalStack's test_receive_message_message_attribute_names_filters recorded these.
    let [all, two, one] =
        ["4c360f3fdafd970e05fae2f149d997f5", "fca026605781cb4126a1e9044df24232", "a311262e065454b75da111d535b8dacd"];
    let of = |digest: &str| Some(digest.to_owned());
    for name in ["All", ".*", "*"] {
        assert_eq!(receive(&[name]).await, of(all), "{name}");
    }
    assert_eq!(receive(&["Hello", "General"]).await, of(two));
    assert_eq!(receive(&["Hello", "Absent"]).await, of(one));
    assert_eq!(receive(&["Hel.*"]).await, of("83fee93c1bcd8b9a5a923ffacdc636c7"));
    assert_eq!([receive(&[]).await, receive(&["Absent"]).await], [None, None]);
}

#[tokio::test(start_paused = true)]
async fn invalid_message_attributes_are_refused() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let refused = Err("InvalidParameterValue".to_owned());
    for name in ["aWs.a", "AMAZON.a", ".a", "a.", "a..b", "a!b", "a b", "ä", &"a".repeat(257)] {
        assert_eq!(send(&sqs, &url, name, text("String", "valid")).await, refused, "{name}");
    }
    let long = format!("Number.{}", "a".repeat(250));
    for (kind, value) in [("Text", "a"), ("String", ""), ("String", "\u{8}"), ("Number", "Hello"), (&long, "1")] {
        assert_eq!(send(&sqs, &url, "a", text(kind, value)).await, refused, "{kind} {value}");
    }
    let binary = Attribute::builder().data_type("Binary").string_value("a").build().expect("an attribute");
    assert_eq!(send(&sqs, &url, "a", binary).await, refused);
    let mut request = sqs.send_message().queue_url(&url).message_body("test");
    for number in 0..11 {
        request = request.message_attributes(number.to_string(), text("String", "a"));
    }
    assert_eq!(code(request.send().await).err().as_deref(), Some("InvalidParameterValue"));
    for (name, kind) in [(&*"a".repeat(256), "String"), ("a.b-c_1", "String.label")] {
        send(&sqs, &url, name, text(kind, "valid")).await.expect("sent");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_has_38_digits_between_ten_to_the_minus_128_and_to_the_126() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    for number in
        ["0", "-1", "+1.50", ".5", "5.", "1e126", "1E-128", &"9".repeat(38), &format!("0.0{}", "9".repeat(38))]
    {
        send(&sqs, &url, "n", text("Number", number)).await.expect("a number");
    }
    for number in [".", "1,5", "1e127", "1e-129", "1e", "0x1", "NaN", "inf", &"9".repeat(39)] {
        assert_eq!(
            send(&sqs, &url, "n", text("Number", number)).await,
            Err("InvalidParameterValue".to_owned()),
            "{number}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_keeps_its_group() {
    let sqs = sqs(&world(), PROD);
    let url = queue(&sqs, "q").await;
    let send = async |group: &str| {
        code(sqs.send_message().queue_url(&url).message_body("a").message_group_id(group).send().await).map(|_| ())
    };
    for group in ["", "group 123", &"a".repeat(129)] {
        assert_eq!(send(group).await, Err("InvalidParameterValue".to_owned()), "{group}");
    }
    send("tenant").await.expect("sent");
    let name = MessageSystemAttributeName::MessageGroupId;
    let received = sqs.receive_message().queue_url(&url).message_system_attribute_names(name.clone()).send().await;
    let received = received.expect("an answer");
    assert_eq!(received.messages()[0].attributes().map(|all| all[&name].as_str()), Some("tenant"));
}
