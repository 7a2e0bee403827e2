//! S3 through the AWS SDK.

mod keys;
mod lists;
mod permissions;
mod requests;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, ChecksumMode, CreateBucketConfiguration};
use sim::World;

use crate::support::{DR, PROD, REGION, code, epoch};

const BUCKET: &str = "draco-tests";

/// Objects have the times of their writing in seconds.
fn world() -> World {
    World::new(epoch())
}

fn client(world: &World, account: &str) -> Client {
    Client::new(&world.sdk_config(account, REGION))
}

async fn create(s3: &Client, bucket: &str, region: &str) -> Result<(), String> {
    let place =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build();
    code(s3.create_bucket().bucket(bucket).create_bucket_configuration(place).send().await).map(|_| ())
}

/// A client of an account that has a bucket.
async fn with_bucket(world: &World) -> Client {
    let s3 = client(world, PROD);
    create(&s3, BUCKET, REGION).await.expect("a bucket");
    s3
}

async fn put(s3: &Client, key: &str, body: &str) -> Result<String, String> {
    let put = s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(body.as_bytes().to_vec()));
    Ok(code(put.send().await)?.e_tag.unwrap_or_default())
}

async fn get(s3: &Client, key: &str) -> Result<String, String> {
    let found = code(s3.get_object().bucket(BUCKET).key(key).checksum_mode(ChecksumMode::Enabled).send().await)?;
    let body = found.body.collect().await.expect("a body whose checksum is right").into_bytes();
    Ok(String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test(start_paused = true)]
async fn an_object_is_stored_read_replaced_and_deleted() {
    let s3 = with_bucket(&world()).await;
    let key = "a folder/größe+1 %41?.txt";
    assert_eq!(get(&s3, key).await, Err("NoSuchKey".to_owned()));
    // The MD5 digest of the text.
    assert_eq!(put(&s3, key, "hello").await, Ok("\"5d41402abc4b2a76b9719d911017c592\"".to_owned()));
    assert_eq!(get(&s3, key).await, Ok("hello".to_owned()));
    put(&s3, key, "").await.expect("an empty object");
    assert_eq!(get(&s3, key).await, Ok(String::new()));
    for _ in 0..2 {
        s3.delete_object().bucket(BUCKET).key(key).send().await.expect("an answer, whether it exists or not");
        assert_eq!(get(&s3, key).await, Err("NoSuchKey".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_has_a_type_metadata_and_a_time() {
    let world = world();
    let s3 = with_bucket(&world).await;
    let new = s3.put_object().bucket(BUCKET).key("typed").content_type("text/plain").metadata("team", "shop");
    new.body(ByteStream::from_static(b"hello")).send().await.expect("an object");
    let head = s3.head_object().bucket(BUCKET).key("typed").send().await.expect("an object");
    assert_eq!((head.content_type(), head.content_length()), (Some("text/plain"), Some(5)));
    assert_eq!(head.metadata().and_then(|all| all.get("team")).map(String::as_str), Some("shop"));
    assert_eq!(head.last_modified().map(|at| at.secs()), Some(epoch().timestamp()));
    put(&s3, "untyped", "hello").await.expect("an object");
    let head = s3.head_object().bucket(BUCKET).key("untyped").send().await.expect("an object");
    assert_eq!(head.content_type(), Some("application/octet-stream"), "the SDK sends this type");
    let gone = s3.head_object().bucket(BUCKET).key("nosuch").send().await.expect_err("an error");
    assert!(gone.into_service_error().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_created_once_in_its_region() {
    let world = world();
    let s3 = client(&world, PROD);
    let head = async |s3: &Client| code(s3.head_bucket().bucket(BUCKET).send().await);
    assert!(head(&s3).await.is_err());
    for region in ["eu-central-1", "us-west-2"] {
        let refused = create(&s3, BUCKET, region).await;
        assert_eq!(refused, Err("IllegalLocationConstraintException".to_owned()), "{region}");
    }
    let without = s3.create_bucket().bucket(BUCKET).send().await;
    assert_eq!(code(without).err(), Some("IllegalLocationConstraintException".to_owned()));
    create(&s3, BUCKET, REGION).await.expect("a bucket");
    assert_eq!(head(&s3).await.expect("it").bucket_region(), Some(REGION));
    assert_eq!(create(&s3, BUCKET, REGION).await, Err("BucketAlreadyOwnedByYou".to_owned()));
    assert_eq!(create(&client(&world, DR), BUCKET, REGION).await, Err("BucketAlreadyExists".to_owned()));

    let virginia = Client::new(&world.sdk_config(PROD, "us-east-1"));
    for _ in 0..2 {
        virginia.create_bucket().bucket("draco-virginia").send().await.expect("a bucket, also the second time");
    }
    let elsewhere = virginia.get_object().bucket(BUCKET).key("a").send().await;
    assert_eq!(code(elsewhere).err(), Some("PermanentRedirect".to_owned()));
    for name in ["ab", "Draco", "draco_1", "-draco", "draco..1", "192.168.5.4", "xn--draco", "draco--x-s3x--ol-s3"] {
        assert_eq!(create(&s3, name, REGION).await, Err("InvalidBucketName".to_owned()), "{name}");
    }
    let gone = s3.get_object().bucket("draco-nosuch").key("a").send().await;
    assert_eq!(code(gone).err(), Some("NoSuchBucket".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_write_may_require_that_the_object_does_not_exist_or_is_unchanged() {
    let s3 = with_bucket(&world()).await;
    let new = |body: &'static [u8]| s3.put_object().bucket(BUCKET).key("lock").body(ByteStream::from_static(body));
    let absent = new(b"no").if_match("\"0\"").send().await;
    assert_eq!(code(absent).err(), Some("NoSuchKey".to_owned()));
    let first = new(b"one").if_none_match("*").send().await.expect("the first").e_tag.expect("an ETag");
    let failed = Some("PreconditionFailed".to_owned());
    assert_eq!(code(new(b"two").if_none_match("*").send().await).err(), failed);
    assert_eq!(get(&s3, "lock").await, Ok("one".to_owned()));
    let second = new(b"two").if_match(&first).send().await.expect("unchanged").e_tag.expect("an ETag");
    assert_eq!(code(new(b"three").if_match(&first).send().await).err(), failed);
    assert_eq!(code(new(b"three").if_none_match(&second).send().await).err(), Some("NotImplemented".to_owned()));

    let wanted = || s3.get_object().bucket(BUCKET).key("lock");
    assert_eq!(code(wanted().if_match(&first).send().await).err(), failed);
    wanted().if_match(&second).send().await.expect("unchanged");
    let unmodified = wanted().if_none_match(&second).send().await.expect_err("it is not modified");
    assert_eq!(unmodified.raw_response().map(|response| response.status().as_u16()), Some(304));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_simulated_is_refused() {
    let s3 = with_bucket(&world()).await;
    let put = || s3.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"a"));
    for refused in [
        code(put().tagging("a=b").send().await).err(),
        code(put().acl(aws_sdk_s3::types::ObjectCannedAcl::PublicRead).send().await).err(),
        code(put().cache_control("no-store").send().await).err(),
        code(put().content_encoding("gzip").send().await).err(),
        code(put().body(ByteStream::from(vec![0; (4 << 20) + 1])).send().await).err(),
        code(s3.get_object().bucket(BUCKET).key("a").range("bytes=0-1").send().await).err(),
        code(s3.get_object().bucket(BUCKET).key("a").version_id("v").send().await).err(),
        code(s3.list_objects().bucket(BUCKET).send().await).err(),
        code(s3.get_bucket_versioning().bucket(BUCKET).send().await).err(),
        code(s3.copy_object().bucket(BUCKET).key("b").copy_source("draco-tests/a").send().await).err(),
        code(s3.list_buckets().send().await).err(),
    ] {
        assert_eq!(refused, Some("NotSimulated".to_owned()));
    }
}
