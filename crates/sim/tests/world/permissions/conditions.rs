//! Policies with conditions on tags of resources and of requests.

use super::*;

fn allow_if(action: &str, condition: Value) -> Value {
    let mut statement = allow(action, "*");
    statement["Condition"] = condition;
    statement
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_deleted_only_if_it_has_the_tag() {
    for key in ["aws:ResourceTag/Keeper", "rds:snapshot-tag/Keeper", "AWS:resourcetag/keeper"] {
        for (tag, expected) in
            [(("Keeper", "us"), "done"), (("Keeper", "them"), "AccessDenied"), (("A", "us"), "AccessDenied")]
        {
            let world = world();
            snapshot(&world, ACCOUNT, &[tag]).await;
            let condition = json!({ "StringEquals": { key: "us" } });
            allow_worker(&world, ACCOUNT, &json!([allow_if("rds:DeleteDBSnapshot", condition)]));
            let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
            let deleted = outcome(rds.delete_db_snapshot().db_snapshot_identifier("s").send().await);
            assert_eq!(code(deleted), expected, "{key} {tag:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rds_tag_condition_keys_depend_on_the_resource_type() {
    let world = world();
    let root = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let tags = || Some(rds_tags(&[("team", "shop")]));
    let made = root
        .create_db_cluster()
        .db_cluster_identifier("d")
        .engine("aurora-mysql")
        .master_username("draco")
        .master_user_password("simulated")
        .set_tags(tags());
    made.send().await.expect("a cluster");
    let made =
        root.create_db_instance().db_instance_identifier("d").db_instance_class("db.t4g.micro").engine("postgres");
    made.allocated_storage(20)
        .master_username("draco")
        .master_user_password("simulated")
        .set_tags(tags())
        .send()
        .await
        .expect("an instance");
    world.sleep(Duration::from_secs(3600)).await;
    let taken = root.create_db_cluster_snapshot().db_cluster_identifier("d").db_cluster_snapshot_identifier("s");
    taken.set_tags(tags()).send().await.expect("a snapshot");
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    for (of, name) in
        [("db", "db"), ("cluster", "cluster"), ("cluster-snapshot", "cluster-snapshot"), ("db", "cluster")]
    {
        let condition = json!({ "StringEquals": { format!("rds:{name}-tag/team"): "shop" } });
        allow_worker(&world, ACCOUNT, &json!([allow_if("rds:ListTagsForResource", condition)]));
        let id = if of == "cluster-snapshot" { "s" } else { "d" };
        let list = rds.list_tags_for_resource().resource_name(format!("arn:aws:rds:eu-west-1:111111111111:{of}:{id}"));
        let expected = if of == name { "done" } else { "AccessDenied" };
        assert_eq!(code(outcome(list.send().await)), expected, "{of} {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_do_not_match_tags_of_another_accounts_shared_snapshot() {
    let world = world();
    snapshot(&world, OTHER_ACCOUNT, &[("team", "shop")]).await;
    let owner = aws_sdk_rds::Client::new(&world.sdk_config(OTHER_ACCOUNT, REGION));
    let share = owner.modify_db_snapshot_attribute().db_snapshot_identifier("s").attribute_name("restore");
    share.values_to_add(ACCOUNT).send().await.expect("shared");
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let source = "arn:aws:rds:eu-west-1:222222222222:snapshot:s";
    let copy = |to: &str| {
        rds.copy_db_snapshot().source_db_snapshot_identifier(source).target_db_snapshot_identifier(to).send()
    };
    let own = allow("rds:CopyDBSnapshot", "arn:aws:rds:*:111111111111:snapshot:*");
    let tagged = allow_if("rds:CopyDBSnapshot", json!({ "StringEquals": { "aws:ResourceTag/team": "shop" } }));
    allow_worker(&world, ACCOUNT, &json!([own.clone(), tagged]));
    let refused = outcome(copy("t").await).expect_err("a refusal");
    assert!(refused.contains(source), "{refused}");
    allow_worker(&world, ACCOUNT, &json!([own, allow("rds:CopyDBSnapshot", source)]));
    assert_eq!(outcome(copy("t").await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_require_tags_in_a_copy_request() {
    let table = [
        (json!({ "StringEquals": { "aws:RequestTag/team": "shop" } }), ["done", "AccessDenied", "AccessDenied"]),
        (json!({ "StringLike": { "rds:req-tag/team": "sh*" } }), ["done", "AccessDenied", "AccessDenied"]),
        (json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "team" } }), ["done", "done", "AccessDenied"]),
        // The values of a multivalued key are compared exactly.
        (json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "Team" } }), ["AccessDenied"; 3]),
        (
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["other"] } }),
            ["AccessDenied", "AccessDenied", "done"],
        ),
    ];
    for (condition, expected) in table {
        let world = world();
        snapshot(&world, ACCOUNT, &[]).await;
        allow_worker(&world, ACCOUNT, &json!([allow_if("rds:*", condition.clone())]));
        let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
        let mut codes = Vec::new();
        for (to, tag) in [("a", ("team", "shop")), ("b", ("team", "bank")), ("c", ("other", "shop"))] {
            let copy = rds.copy_db_snapshot().source_db_snapshot_identifier("s").target_db_snapshot_identifier(to);
            codes.push(code(outcome(copy.set_tags(Some(rds_tags(&[tag]))).send().await)));
        }
        assert_eq!(codes, expected, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_limit_which_tags_are_removed() {
    let world = world();
    snapshot(&world, ACCOUNT, &[("a", "1"), ("b", "2")]).await;
    let condition = json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } });
    allow_worker(&world, ACCOUNT, &json!([allow_if("rds:RemoveTagsFromResource", condition)]));
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let remove = async |key: &str| {
        let remove = rds.remove_tags_from_resource().resource_name("arn:aws:rds:eu-west-1:111111111111:snapshot:s");
        code(outcome(remove.tag_keys(key).send().await))
    };
    assert_eq!([remove("b").await, remove("a").await], ["AccessDenied", "done"]);
}

#[tokio::test(start_paused = true)]
async fn pass_role_is_limited_to_the_service_in_the_policy() {
    let world = world();
    let states = aws_sdk_sfn::Client::new(&worker(&world, ACCOUNT));
    for (service, expected) in
        [("states.amazonaws.com", "InvalidDefinition"), ("lambda.amazonaws.com", "AccessDeniedException")]
    {
        let pass = allow_if("iam:PassRole", json!({ "StringEquals": { "iam:PassedToService": service } }));
        allow_worker(&world, ACCOUNT, &json!([allow("states:*", "*"), pass]));
        let create = states.create_state_machine().name("m").definition("{}");
        let create = create.role_arn("arn:aws:iam::111111111111:role/timer").send().await;
        assert_eq!(code(outcome(create)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn creating_a_key_requires_that_the_creator_can_change_its_policy() {
    let world = world();
    let kms = aws_sdk_kms::Client::new(&worker(&world, ACCOUNT));
    let policy = json!({ "Statement": {
        "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "kms:*", "Resource": "*",
    } });
    let create = || kms.create_key().policy(policy.to_string());
    allow_worker(&world, ACCOUNT, &json!([allow("kms:CreateKey", "*")]));
    assert_eq!(code(outcome(create().send().await)), "MalformedPolicyDocumentException");
    assert_eq!(outcome(create().bypass_policy_lockout_safety_check(true).send().await), Ok(()));
    allow_worker(&world, ACCOUNT, &json!([allow("kms:CreateKey", "*"), allow("kms:PutKeyPolicy", "*")]));
    assert_eq!(outcome(create().send().await), Ok(()));
    assert_eq!(world.unused_permissions(ACCOUNT, "worker"), Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_limit_the_tags_of_keys() {
    let world = world();
    let kms = aws_sdk_kms::Client::new(&worker(&world, ACCOUNT));
    let only = |key: &str| json!({ "ForAllValues:StringEquals": { "aws:TagKeys": key } });
    allow_worker(&world, ACCOUNT, &json!([allow_if("kms:*", only("team"))]));
    let tag = |key: &str| aws_sdk_kms::types::Tag::builder().tag_key(key).tag_value("shop").build().expect("a tag");
    assert_eq!(code(outcome(kms.create_key().tags(tag("other")).send().await)), "AccessDeniedException");
    let made = kms.create_key().tags(tag("team")).send().await.expect("a key");
    let id = made.key_metadata().expect("a key").key_id();
    for (key, expected) in [("other", "AccessDeniedException"), ("team", "done")] {
        let tagged = kms.tag_resource().key_id(id).tags(tag(key)).send().await;
        let untagged = kms.untag_resource().key_id(id).tag_keys(key).send().await;
        assert_eq!([code(outcome(tagged)), code(outcome(untagged))], [expected; 2]);
    }
    let condition = json!({ "StringEquals": { "aws:RequestTag/team": "shop" } });
    allow_worker(&world, ACCOUNT, &json!([allow_if("kms:TagResource", condition)]));
    assert_eq!(code(outcome(kms.tag_resource().key_id(id).tags(tag("other")).send().await)), "AccessDeniedException");
    assert_eq!(outcome(kms.tag_resource().key_id(id).tags(tag("team")).send().await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn tags_and_aliases_of_keys_count_in_policies_after_a_while() {
    let minute = Duration::from_secs(60);
    for (delay, until) in [(KeyTagDelay::AtOnce, Duration::ZERO), (KeyTagDelay::FiveMinutes, 5 * minute)] {
        let answers = Answers { key_tag_delay: delay, ..Answers::default() };
        let world = World::with_settings(Settings { answers, ..settings() });
        let root = aws_sdk_kms::Client::new(&world.sdk_config(ACCOUNT, REGION));
        let kms = aws_sdk_kms::Client::new(&worker(&world, ACCOUNT));
        let conditions = [
            json!({ "StringEquals": { "aws:ResourceTag/team": "shop" } }),
            json!({ "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/shop*" } }),
        ];
        for condition in conditions {
            allow_worker(&world, ACCOUNT, &json!([allow_if("kms:DescribeKey", condition.clone())]));
            let tag = aws_sdk_kms::types::Tag::builder().tag_key("team").tag_value("shop").build().expect("a tag");
            let key = root.create_key().tags(tag).send().await.expect("a key").key_metadata.expect("a key").key_id;
            root.create_alias().alias_name("alias/shop").target_key_id(&key).send().await.expect("an alias");
            let allowed = async || code(outcome(kms.describe_key().key_id(&key).send().await)) == "done";
            for change in ["given", "taken"] {
                let is_given = change == "given";
                if !is_given {
                    root.untag_resource().key_id(&key).tag_keys("team").send().await.expect("no tag");
                    root.delete_alias().alias_name("alias/shop").send().await.expect("no alias");
                }
                if !until.is_zero() {
                    world.sleep(until.saturating_sub(Duration::from_secs(1))).await;
                    assert_eq!(allowed().await, !is_given, "{condition} {change} a moment before");
                    world.sleep(Duration::from_secs(1)).await;
                }
                assert_eq!(allowed().await, is_given, "{condition} {change}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_may_need_permission_for_the_tags_of_its_source() {
    for (answer, tagged, expected) in [
        (CopiedTagsPermission::NotRequired, true, "done"),
        (CopiedTagsPermission::Required, true, "AccessDenied"),
        (CopiedTagsPermission::Required, false, "done"),
    ] {
        let answers = Answers { copied_tags_permission: answer, ..Answers::default() };
        let world = World::with_settings(Settings { answers, ..settings() });
        snapshot(&world, ACCOUNT, if tagged { &[("team", "shop")] } else { &[] }).await;
        allow_worker(&world, ACCOUNT, &json!([allow("rds:CopyDBSnapshot", "*")]));
        let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
        let copy = rds.copy_db_snapshot().source_db_snapshot_identifier("s").target_db_snapshot_identifier("t");
        assert_eq!(code(outcome(copy.copy_tags(true).send().await)), expected, "{answer:?} {tagged}");
    }
}
