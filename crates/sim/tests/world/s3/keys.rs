//! Objects under keys of KMS.

use aws_sdk_kms::Client as Kms;
use aws_sdk_s3::types::ServerSideEncryption;
use serde_json::json;

use super::*;

async fn put_under(
    s3: &Client,
    key: Option<&str>,
) -> Result<aws_sdk_s3::operation::put_object::PutObjectOutput, String> {
    let new = s3.put_object().bucket(BUCKET).key("sealed").body(ByteStream::from_static(b"hello"));
    let new = new.server_side_encryption(ServerSideEncryption::AwsKms).set_ssekms_key_id(key.map(str::to_owned));
    code(new.send().await)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_encrypted_with_keys_of_s3_unless_a_key_is_named() {
    let world = world();
    let s3 = with_bucket(&world).await;
    let plain = s3.put_object().bucket(BUCKET).key("plain").body(ByteStream::from_static(b"hello")).send().await;
    let plain = plain.expect("an object");
    assert_eq!(plain.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    let managed = put_under(&s3, None).await.expect("an object");
    let kms = Kms::new(&world.sdk_config(PROD, REGION));
    let described = kms.describe_key().key_id("alias/aws/s3").send().await.expect("it was created with the object");
    assert_eq!(managed.ssekms_key_id(), described.key_metadata().and_then(|key| key.arn()));
    // "are encrypted by SSE-KMS, have ETags that are not an MD5 digest"
    assert_ne!(managed.e_tag(), plain.e_tag());
}

#[tokio::test(start_paused = true)]
async fn the_key_must_be_enabled_and_allowed_through_s3_to_write_and_to_read() {
    let world = world();
    let s3 = with_bucket(&world).await;
    let kms = Kms::new(&world.sdk_config(PROD, REGION));
    let key = kms.create_key().send().await.expect("a key").key_metadata.expect("its metadata").arn.expect("an ARN");
    put_under(&s3, Some(&key)).await.expect("an object");
    assert_eq!(get(&s3, "sealed").await, Ok("hello".to_owned()));
    kms.disable_key().key_id(&key).send().await.expect("an answer");
    assert_eq!(get(&s3, "sealed").await, Err("KMS.DisabledException".to_owned()));
    assert_eq!(put_under(&s3, Some(&key)).await.err(), Some("KMS.DisabledException".to_owned()));
    kms.enable_key().key_id(&key).send().await.expect("an answer");
    let unknown = format!("{}0000", &key[..key.len() - 4]);
    assert_eq!(put_under(&s3, Some(&unknown)).await.err(), Some("KMS.NotFoundException".to_owned()));

    let as_role = Client::new(&world.sdk_config_for_role(PROD, REGION, "app"));
    for (action, via, reads) in
        [("kms:GenerateDataKey", "s3", false), ("kms:Decrypt", "s3", true), ("kms:Decrypt", "rds", false)]
    {
        let via = json!({ "StringEquals": { "kms:ViaService": format!("{via}.{REGION}.amazonaws.com") } });
        let statements = [
            json!({ "Effect": "Allow", "Action": ["s3:*"], "Resource": "*" }),
            json!({ "Effect": "Allow", "Action": action, "Resource": key, "Condition": via }),
        ];
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        world.add_role(PROD, "app", &[&policy]).expect("a policy");
        let denied = "AccessDenied".to_owned();
        let expected = if reads { Ok("hello".to_owned()) } else { Err(denied.clone()) };
        assert_eq!(get(&as_role, "sealed").await, expected, "{policy}");
        let written = put_under(&as_role, Some(&key)).await.map(|_| ());
        assert_eq!(written, if action == "kms:GenerateDataKey" { Ok(()) } else { Err(denied) }, "{policy}");
    }
}
