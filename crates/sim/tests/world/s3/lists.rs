//! Lists of objects.

use super::*;

/// The keys and prefixes on each page.
async fn pages(s3: &Client, prefix: &str, delimiter: Option<&str>, size: i32) -> Vec<Vec<String>> {
    let list = s3.list_objects_v2().bucket(BUCKET).prefix(prefix).set_delimiter(delimiter.map(str::to_owned));
    let mut pages = list.max_keys(size).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        let keys = page.contents().iter().filter_map(|object| object.key());
        let prefixes = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
        let mut names: Vec<_> = keys.chain(prefixes).map(str::to_owned).collect();
        assert_eq!(page.key_count(), i32::try_from(names.len()).ok());
        names.sort();
        all.push(names);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn keys_are_listed_in_binary_order_with_common_prefixes_and_in_pages() {
    let s3 = with_bucket(&world()).await;
    for key in ["b/2", "a", "b/1", "c & d/é", "B", "b/3/x", "b/3/y"] {
        put(&s3, key, "x").await.expect("an object");
    }
    let all = ["B", "a", "b/1", "b/2", "b/3/x", "b/3/y", "c & d/é"];
    assert_eq!(pages(&s3, "", None, 1000).await, [all.to_vec()]);
    assert_eq!(pages(&s3, "", None, 3).await, [all[..3].to_vec(), all[3..6].to_vec(), all[6..].to_vec()]);
    assert_eq!(pages(&s3, "", Some("/"), 1000).await, [vec!["B", "a", "b/", "c & d/"]]);
    assert_eq!(pages(&s3, "", Some("/"), 1).await, [vec!["B"], vec!["a"], vec!["b/"], vec!["c & d/"]]);
    assert_eq!(pages(&s3, "b/", Some("/"), 2).await, [vec!["b/1", "b/2"], vec!["b/3/"]]);
    assert_eq!(pages(&s3, "b/3", None, 1000).await, [vec!["b/3/x", "b/3/y"]]);
    assert_eq!(pages(&s3, "none", None, 1000).await, [Vec::<String>::new()]);
    let after = s3.list_objects_v2().bucket(BUCKET).start_after("b/2").send().await.expect("a list");
    assert_eq!(after.contents()[0].key(), Some("b/3/x"));
    assert_eq!((after.contents()[0].size(), after.is_truncated()), (Some(1), Some(false)));
    let grouped = s3.list_objects_v2().bucket(BUCKET).start_after("b/2").delimiter("/").send().await.expect("a list");
    assert_eq!(grouped.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).collect::<Vec<_>>(), ["c & d/"]);
    let wrong = s3.list_objects_v2().bucket(BUCKET).continuation_token("7a7a").send().await;
    assert_eq!(code(wrong).err(), Some("InvalidArgument".to_owned()));
}
