//! Permissions that a role never used.

use super::*;

fn unused(world: &World) -> Vec<String> {
    world.unused_permissions(ACCOUNT, "worker").expect("a role")
}

#[tokio::test(start_paused = true)]
async fn unused_permissions_are_listed_by_statement_and_pattern() {
    let world = world();
    snapshot(&world, ACCOUNT, &[]).await;
    let first = json!({ "Statement": [
        { "Sid": "Read", "Effect": "Allow", "Action": ["rds:Describe*", "rds:ListTagsForResource"], "Resource": "*" },
        { "Sid": "Never", "Effect": "Deny", "Action": "rds:DeleteDBInstance", "Resource": "*" },
    ] });
    let second = json!({ "Statement": [
        allow("rds:DeleteDBSnapshot", "*"),
        { "Effect": "Allow", "NotAction": ["rds:*", "kms:*"], "Resource": "*" },
    ] });
    world.add_role(ACCOUNT, "worker", &[&first.to_string(), &second.to_string()]).expect("policies");
    let all = [
        "Read: rds:Describe*",
        "Read: rds:ListTagsForResource",
        "Read: on *",
        "statement 3: rds:DeleteDBSnapshot",
        "statement 3: on *",
        "statement 4: all but rds:*, kms:*",
        "statement 4: on *",
    ];
    assert_eq!(unused(&world), all);
    let config = worker(&world, ACCOUNT);
    let rds = aws_sdk_rds::Client::new(&config);
    rds.describe_db_snapshots().send().await.expect("a list");
    let without =
        |used: &[usize]| -> Vec<_> { (0..all.len()).filter(|it| !used.contains(it)).map(|it| all[it]).collect() };
    assert_eq!(unused(&world), without(&[0, 2]));
    aws_sdk_sns::Client::new(&config).list_topics().send().await.expect("a list");
    rds.delete_db_snapshot().db_snapshot_identifier("s").send().await.expect("a deletion");
    assert_eq!(unused(&world), all[1..2]);
    // New policies start with all permissions unused.
    allow_worker(&world, ACCOUNT, &json!([allow("rds:Describe*", "*")]));
    assert_eq!(unused(&world), ["statement 1: rds:Describe*", "statement 1: on *"]);
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_does_not_count_as_use_but_a_not_found_error_does() {
    let world = world();
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let delete = || rds.delete_db_snapshot().db_snapshot_identifier("s").send();
    let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
    allow_worker(&world, ACCOUNT, &json!([allow("rds:DeleteDBSnapshot", "*"), deny]));
    let refused = outcome(delete().await).expect_err("a refusal");
    assert!(refused.ends_with("with an explicit deny in an identity-based policy"), "{refused}");
    assert_eq!(unused(&world), ["statement 1: rds:DeleteDBSnapshot", "statement 1: on *"]);
    let elsewhere = allow("rds:DeleteDBSnapshot", "arn:aws:rds:*:*:snapshot:t");
    allow_worker(&world, ACCOUNT, &json!([elsewhere, allow("rds:DeleteDBSnapshot", "arn:aws:rds:*:*:snapshot:s")]));
    assert_eq!(code(outcome(delete().await)), "DBSnapshotNotFound");
    let all = ["statement 1: rds:DeleteDBSnapshot", "statement 1: on arn:aws:rds:*:*:snapshot:t"];
    assert_eq!(unused(&world), all);
}

#[tokio::test(start_paused = true)]
async fn redundant_statements_count_as_unused() {
    let world = world();
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let events = allow("rds:DescribeEvents", "*");
    allow_worker(&world, ACCOUNT, &json!([allow("rds:Describe*", "*"), events]));
    rds.describe_events().send().await.expect("events");
    let all =
        ["statement 1: rds:Describe*", "statement 1: on *", "statement 2: rds:DescribeEvents", "statement 2: on *"];
    assert_eq!(unused(&world), all);
    rds.describe_db_snapshots().send().await.expect("a list");
    assert_eq!(unused(&world), all[2..]);
    // The same holds for two patterns of one statement that both match.
    let twice =
        json!({ "Effect": "Allow", "Action": ["rds:*", "rds:DescribeEvents"], "Resource": ["*", "arn:aws:sns:*"] });
    allow_worker(&world, ACCOUNT, &json!([twice]));
    rds.describe_events().send().await.expect("events");
    let all = ["statement 1: rds:*", "statement 1: rds:DescribeEvents", "statement 1: on arn:aws:sns:*"];
    assert_eq!(unused(&world), all);
}

#[tokio::test(start_paused = true)]
async fn permissions_on_keys_and_topics_count_as_used_too() {
    let world = world();
    let root = world.sdk_config(ACCOUNT, REGION);
    let key = aws_sdk_kms::Client::new(&root).create_key().send().await.expect("a key");
    let key = key.key_metadata().and_then(|key| key.arn()).expect("its ARN").to_owned();
    aws_sdk_sns::Client::new(&root).create_topic().name("t").send().await.expect("a topic");
    snapshot(&world, ACCOUNT, &[]).await;
    let through = json!({ "StringEquals": { "kms:ViaService": "rds.eu-west-1.amazonaws.com" } });
    let keys = ["DescribeKey", "CreateGrant", "Decrypt", "GenerateDataKey*", "ReEncrypt*", "Encrypt"];
    allow_worker(
        &world,
        ACCOUNT,
        &json!([
            allow("rds:CopyDBSnapshot", "*"),
            { "Effect": "Allow", "Action": keys.map(|name| format!("kms:{name}")), "Resource": key, "Condition": through },
            allow("sns:Publish", "*"),
        ]),
    );
    let config = worker(&world, ACCOUNT);
    let copy = aws_sdk_rds::Client::new(&config).copy_db_snapshot().source_db_snapshot_identifier("s");
    copy.target_db_snapshot_identifier("t").kms_key_id(&key).send().await.expect("a copy");
    let publish = aws_sdk_sns::Client::new(&config).publish().topic_arn("arn:aws:sns:eu-west-1:111111111111:t");
    publish.message("a").send().await.expect("published");
    assert_eq!(unused(&world), ["statement 2: kms:Encrypt"]);
}

#[tokio::test(start_paused = true)]
async fn unused_permissions_of_a_role_without_policies_is_an_error() {
    let message = "the role worker of 111111111111 has no policies".to_owned();
    assert_eq!(world().unused_permissions(ACCOUNT, "worker"), Err(message));
}
