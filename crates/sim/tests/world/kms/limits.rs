//! The limits of the API model.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_description_has_at_most_8192_characters() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    for (length, expected) in [(8192, "done"), (8193, "ValidationException")] {
        let description = "ü".repeat(length);
        let created = kms.create_key().description(&description).send().await.map(drop);
        let updated = kms.update_key_description().key_id(&key).description(&description).send().await.map(drop);
        let codes = [
            created.map_or_else(|refused| refused.code().unwrap_or_default().to_owned(), |()| "done".to_owned()),
            updated.map_or_else(|refused| refused.code().unwrap_or_default().to_owned(), |()| "done".to_owned()),
        ];
        assert_eq!(codes, [expected; 2]);
    }
    let described = kms.describe_key().key_id(&key).send().await.expect("the key").key_metadata.expect("its metadata");
    assert_eq!(described.description().map(|text| text.chars().count()), Some(8192));
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_the_characters_of_latin_1() {
    let kms = client(&world(), OWNER);
    let with = |sid: &str| {
        let mut statement = opening(OWNER, "kms:*");
        statement["Sid"] = json!(sid);
        kms.create_key().policy(policy(&[statement])).send()
    };
    with("größe").await.expect("a key");
    assert_eq!(error_of(with("日本").await).0, "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn a_tag_key_has_1_to_128_characters() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    kms.untag_resource().key_id(&key).tag_keys("a".repeat(128)).send().await.expect("no tags");
    for wrong in [String::new(), "a".repeat(129)] {
        assert_eq!(error_of(kms.untag_resource().key_id(&key).tag_keys(&wrong).send().await).0, "ValidationException");
        let tagged = kms.tag_resource().key_id(&key).tags(tag(&wrong, "b")).send().await;
        assert_eq!(error_of(tagged).0, "ValidationException");
    }
}
