"""S3: buckets and objects."""

from asking import ACCEPTED, REFUSED, question, refusal, shared
from references import Api, Page

TABLE = Page(
    "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
    "NoSuchKey The specified key does not exist. 404 Not Found; NoSuchBucket The specified bucket does not exist. 404 Not Found",
)
ABSENT = Api("s3", "PutObject", "Uploads the object only if the object key name does not already exist in the bucket")
MATCHES = Api("s3", "PutObject", "matches the ETag of the object in S3. If the ETag values do not match, the operation")
PREFIXES = Api("s3", "ListObjectsV2", "All of the keys that roll up into a common prefix count as a single return")
OWNER = Api("s3", "PutObject", "does not match the actual owner of the bucket, the request fails with the HTTP status")
OWNED = Api("s3", "BucketAlreadyOwnedByYou", "The bucket you tried to create already exists, and you own it.")
NAMES = Page(
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    "Bucket names must be between 3 (min) and 63 (max) characters long. Bucket names can consist only of lowercase letters, "
    "numbers, periods (.), and hyphens (-).",
)


def bucket(aws):
    name = aws.new(f"draco-{aws.account}")
    aws.s3.CreateBucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.credentials[1]})
    return name


@shared
def common(aws):
    """A bucket whose objects no other question uses."""
    return bucket(aws)


def put(aws, key, body=b"hello", **params):
    return aws.s3.PutObject(Bucket=common(aws), Key=key, Body=body, **params)


def new(aws, **params):
    """The key of a new object."""
    key = aws.new("object")
    put(aws, key, **params)
    return key


def get(aws, key, **params):
    return aws.s3.GetObject(Bucket=common(aws), Key=key, **params)


@question(b"hello", Api("s3", "GetObject", "Object data."))
def the_body_of_an_object(aws):
    return get(aws, new(aws))["Body"].read()


@question(
    '"5d41402abc4b2a76b9719d911017c592"',
    Api("s3", "Object", "have ETags that are an MD5 digest of their object data."),
)
def the_etag_of_an_object(aws):
    return put(aws, aws.new("object"))["ETag"]


@question("AES256", Api("s3", "PutObject", "Amazon S3 encrypts data with server-side encryption by using Amazon S3 managed keys"))
def the_encryption_of_an_object(aws):
    return put(aws, aws.new("object"))["ServerSideEncryption"]


@question("y/Q5Jg==", Api("s3", "PutObject", "This header specifies the Base64 encoded, 32-bit CRC32 checksum of the object."))
def the_checksum_of_an_object(aws):
    key = new(aws, body=b"123456789", ChecksumAlgorithm="CRC32")
    return get(aws, key, ChecksumMode="ENABLED")["ChecksumCRC32"]


@question(
    "BadDigest",
    Page(
        "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        "BadDigest The Content-MD5 or checksum value that you specified did not match what the server received. 400 Bad Request",
    ),
)
def an_object_with_the_checksum_of_another(aws):
    return refusal(put, aws=aws, key=aws.new("object"), ChecksumCRC32="AAAAAA==")


@question({"team": "shop"}, Api("s3", "GetObject", "A map of metadata to store with the object in S3."))
def the_metadata_of_an_object(aws):
    return get(aws, new(aws, Metadata={"team": "shop"}))["Metadata"]


@question("text/plain", Api("s3", "GetObject", "A standard MIME type describing the format of the object data."))
def the_type_of_an_object(aws):
    return get(aws, new(aws, ContentType="text/plain"))["ContentType"]


@question(5, Api("s3", "HeadObject", "Size of the body in bytes."))
def the_length_of_an_object(aws):
    return aws.s3.HeadObject(Bucket=common(aws), Key=new(aws))["ContentLength"]


@question("NoSuchKey", TABLE)
def reading_an_object_that_does_not_exist(aws):
    return refusal(get, aws=aws, key=aws.new("nosuch"))


@question("404", TABLE)
def looking_for_an_object_that_does_not_exist(aws):
    return refusal(aws.s3.HeadObject, Bucket=common(aws), Key=aws.new("nosuch"))


@question("NoSuchBucket", TABLE)
def reading_from_a_bucket_that_does_not_exist(aws):
    return refusal(aws.s3.GetObject, Bucket=aws.new("draco-nosuch"), Key="a")


@question("NoSuchBucket", TABLE)
def writing_to_a_bucket_that_does_not_exist(aws):
    return refusal(aws.s3.PutObject, Bucket=aws.new("draco-nosuch"), Key="a", Body=b"")


@question("404", Api("s3", "HeadBucket", "404 Not Found"))
def looking_for_a_bucket_that_does_not_exist(aws):
    return refusal(aws.s3.HeadBucket, Bucket=aws.new("draco-nosuch"))


@question(ACCEPTED, Api("s3", "HeadBucket", "The action returns a 200 OK HTTP status code if the bucket exists"))
def looking_for_a_bucket(aws):
    return refusal(aws.s3.HeadBucket, Bucket=common(aws))


@question(
    ACCEPTED,
    Api("s3", "DeleteObject", "Removes an object from a bucket."),
    Page(
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html",
        "To remove a specific version, you must use the versionId subresource. … HTTP/1.1 204",
    ),
)
def deleting_an_object_that_does_not_exist(aws):
    return refusal(aws.s3.DeleteObject, Bucket=common(aws), Key=aws.new("nosuch"))


@question("NoSuchKey", TABLE)
def reading_an_object_that_was_deleted(aws):
    key = new(aws)
    aws.s3.DeleteObject(Bucket=common(aws), Key=key)
    return refusal(get, aws=aws, key=key)


@question("PreconditionFailed", ABSENT, TABLE)
def writing_an_object_that_exists_if_it_must_not(aws):
    return refusal(put, aws=aws, key=new(aws), IfNoneMatch="*")


@question(ACCEPTED, ABSENT)
def writing_an_object_that_does_not_exist_if_it_must_not(aws):
    return refusal(put, aws=aws, key=aws.new("object"), IfNoneMatch="*")


@question("PreconditionFailed", MATCHES)
def writing_an_object_that_has_changed(aws):
    return refusal(put, aws=aws, key=new(aws), IfMatch='"00000000000000000000000000000000"')


@question(ACCEPTED, MATCHES)
def writing_an_object_that_has_not_changed(aws):
    key = aws.new("object")
    etag = put(aws, key)["ETag"]
    return refusal(put, aws=aws, key=key, IfMatch=etag)


@question(
    "PreconditionFailed",
    Api("s3", "GetObject", "Return the object only if its entity tag (ETag) is the same as the one specified in this header;"),
)
def reading_an_object_that_has_changed(aws):
    return refusal(get, aws=aws, key=new(aws), IfMatch='"00000000000000000000000000000000"')


@question(
    "304",
    Api("s3", "GetObject", "Return the object only if its entity tag (ETag) is different from the one specified in this header;"),
)
def reading_an_object_that_has_not_changed(aws):
    key = aws.new("object")
    etag = put(aws, key)["ETag"]
    return refusal(get, aws=aws, key=key, IfNoneMatch=etag)


@question(REFUSED, OWNER)
def a_bucket_of_another_account_than_expected(aws):
    return refusal(put, aws=aws, key=aws.new("object"), ExpectedBucketOwner="999999999999")


@question(ACCEPTED, OWNER)
def a_bucket_of_the_account_that_is_expected(aws):
    return refusal(put, aws=aws, key=aws.new("object"), ExpectedBucketOwner=aws.account)


def create(aws, name, region):
    place = {"LocationConstraint": region}
    return refusal(aws.s3.CreateBucket, Bucket=name, CreateBucketConfiguration=place)


@question("BucketAlreadyOwnedByYou", OWNED)
def creating_a_bucket_twice(aws):
    return create(aws, common(aws), aws.credentials[1])


@question(ACCEPTED, Api("s3", "BucketAlreadyOwnedByYou", "that you already own in the North Virginia Region, Amazon S3 returns 200"))
def creating_a_bucket_twice_in_virginia(aws):
    virginia, name = aws.in_region("us-east-1"), aws.new(f"draco-{aws.account}-virginia")
    virginia.s3.CreateBucket(Bucket=name)
    return refusal(virginia.s3.CreateBucket, Bucket=name)


@question("BucketAlreadyExists", Api("s3", "BucketAlreadyExists", "The bucket namespace is shared by all users of the system."))
def creating_the_bucket_of_another_account(aws):
    return create(aws.other, common(aws), aws.credentials[1])


@question(REFUSED, NAMES)
def a_bucket_with_an_underscore(aws):
    return create(aws, aws.new("draco_bucket"), aws.credentials[1])


@question(REFUSED, NAMES)
def a_bucket_with_two_characters(aws):
    return create(aws, "ab", aws.credentials[1])


def filled(aws):
    """A bucket with some objects."""
    name = bucket(aws)
    for key in ("b/2", "a", "b/1", "B", "c"):
        aws.s3.PutObject(Bucket=name, Key=key, Body=b"x")
    return name


@shared
def listed(aws):
    return filled(aws)


def keys(aws, **params):
    found = aws.s3.ListObjectsV2(Bucket=listed(aws), **params)
    return [item["Key"] for item in found.get("Contents", [])], [item["Prefix"] for item in found.get("CommonPrefixes", [])]


@question(
    (["B", "a", "b/1", "b/2", "c"], []),
    Page(
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html",
        "List results are always returned in UTF-8 binary order.",
    ),
)
def a_list_of_objects(aws):
    return keys(aws)


@question((["B", "a", "c"], ["b/"]), PREFIXES)
def a_list_with_a_delimiter(aws):
    return keys(aws, Delimiter="/")


@question((["b/1", "b/2"], []), Api("s3", "ListObjectsV2", "Limits the response to keys that begin with the specified prefix."))
def a_list_with_a_prefix(aws):
    return keys(aws, Prefix="b/")


@question((["c"], []), Api("s3", "ListObjectsV2", "Amazon S3 starts listing after this specified key."))
def a_list_after_a_key(aws):
    return keys(aws, StartAfter="b/2")


@question(
    (["c"], []),
    Api("s3", "ListObjectsV2", "CommonPrefixes is filtered out from results if it is not lexicographically greater than the"),
)
def a_list_with_a_delimiter_after_a_key(aws):
    return keys(aws, Delimiter="/", StartAfter="b/1")


@question([3, 1], PREFIXES, Api("s3", "ListObjectsV2", "The response might contain fewer keys but will never contain more."))
def the_lengths_of_pages_with_common_prefixes(aws):
    pages = aws.client.client("s3", *aws.credentials).get_paginator("list_objects_v2")
    pages = pages.paginate(Bucket=listed(aws), Delimiter="/", PaginationConfig={"PageSize": 3})
    return [len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) for page in pages]


@question((3, True), Api("s3", "ListObjectsV2", "Set to true if more keys are available to return."))
def a_list_with_fewer_keys_than_there_are(aws):
    found = aws.s3.ListObjectsV2(Bucket=listed(aws), MaxKeys=3)
    return found["KeyCount"], found["IsTruncated"]


@question("NoSuchBucket", Api("s3", "NoSuchBucket", "The specified bucket does not exist."))
def a_list_of_a_bucket_that_does_not_exist(aws):
    return refusal(aws.s3.ListObjectsV2, Bucket=aws.new("draco-nosuch"))
