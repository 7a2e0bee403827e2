//! Who may use a bucket.

use serde_json::{Value, json};

use super::*;

fn allow(world: &World, action: &str, resource: &str, condition: &Value) {
    let resource = format!("arn:aws:s3:::{resource}");
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    world.add_role(PROD, "app", &[&policy]).expect("a policy");
}

#[tokio::test(start_paused = true)]
async fn only_the_account_of_a_bucket_uses_it_and_a_client_may_name_the_owner_that_it_expects() {
    let world = world();
    let s3 = with_bucket(&world).await;
    put(&s3, "a", "x").await.expect("an object");
    assert_eq!(get(&client(&world, DR), "a").await, Err("AccessDenied".to_owned()));
    let expecting = |owner: &str| s3.get_object().bucket(BUCKET).key("a").expected_bucket_owner(owner).send();
    expecting(PROD).await.expect("an object");
    assert_eq!(code(expecting(DR).await).err(), Some("AccessDenied".to_owned()));
    let writing = s3.put_object().bucket(BUCKET).key("a").expected_bucket_owner(DR).send().await;
    assert_eq!(code(writing).err(), Some("AccessDenied".to_owned()));
    assert_eq!(get(&s3, "a").await, Ok("x".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn each_operation_needs_its_action_on_the_object_or_the_bucket() {
    let world = world();
    let s3 = with_bucket(&world).await;
    put(&s3, "in/a", "x").await.expect("an object");
    let app = Client::new(&world.sdk_config_for_role(PROD, REGION, "app"));
    let none = json!({});
    for (action, resource) in [
        ("s3:GetObject", "draco-tests/in/*"),
        ("s3:PutObject", "draco-tests/in/*"),
        ("s3:DeleteObject", "draco-tests/in/*"),
        ("s3:ListBucket", "draco-tests"),
        ("s3:GetObject", "draco-tests/out/*"),
    ] {
        allow(&world, action, resource, &none);
        let allowed = [
            ("s3:GetObject", get(&app, "in/a").await.map(|_| ())),
            ("s3:PutObject", put(&app, "in/a", "x").await.map(|_| ())),
            ("s3:DeleteObject", code(app.delete_object().bucket(BUCKET).key("in/b").send().await).map(|_| ())),
            ("s3:ListBucket", code(app.list_objects_v2().bucket(BUCKET).send().await).map(|_| ())),
        ];
        for (needed, found) in allowed {
            let is_allowed = needed == action && !resource.contains("out");
            let expected = if is_allowed { Ok(()) } else { Err("AccessDenied".to_owned()) };
            assert_eq!(found, expected, "{needed} with {action} on {resource}");
        }
    }
    allow(&world, "s3:ListBucket", BUCKET, &json!({ "StringLike": { "s3:prefix": "in/*" } }));
    app.list_objects_v2().bucket(BUCKET).prefix("in/").send().await.expect("a list");
    assert!(app.list_objects_v2().bucket(BUCKET).send().await.is_err());
    allow(&world, "s3:*", "*", &json!({ "StringEquals": { "aws:ResourceAccount": DR } }));
    assert_eq!(get(&app, "in/a").await, Err("AccessDenied".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_may_not_list_is_not_told_that_an_object_is_missing() {
    let world = world();
    with_bucket(&world).await;
    let app = Client::new(&world.sdk_config_for_role(PROD, REGION, "app"));
    allow(&world, "s3:GetObject", "draco-tests/*", &json!({}));
    assert_eq!(get(&app, "nosuch").await, Err("AccessDenied".to_owned()));
    allow(&world, "s3:*", "draco-tests*", &json!({}));
    assert_eq!(get(&app, "nosuch").await, Err("NoSuchKey".to_owned()));
}
