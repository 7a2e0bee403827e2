//! Small objects in a bucket of this account.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

use crate::error::Failure;

pub(crate) async fn read(client: &Client, bucket: &str, key: &str) -> Result<Vec<u8>, Failure> {
    let found = client.get_object().bucket(bucket).key(key).send().await?;
    let body = found.body.collect().await.map_err(Failure::without_connection)?;
    Ok(body.to_vec())
}

pub(crate) async fn write(client: &Client, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), Failure> {
    let call = client.put_object().bucket(bucket).key(key).content_type("application/json");
    call.body(ByteStream::from(body)).send().await?;
    Ok(())
}
